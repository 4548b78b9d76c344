//! Who asked for what, why, and what became of it.

use headcount::model::printable;
use headcount::{ActionFilter, ActionRun, ActionRunId, ActionState, ConnectionId, Tenant, unknown_advice};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::output::text;
use crate::table::Grid;
use crate::words::{counted, maybe_time, time};

/// A state from its word.
pub fn state(word: &str) -> Result<ActionState, String> {
    let words = || ActionState::ALL.map(ActionState::as_str).join(", ");
    ActionState::ALL.into_iter().find(|state| state.as_str() == word).ok_or_else(|| format!("expected one of {}", words()))
}

/// Lists actions, the newest first.
pub async fn list(filter: &ActionFilter, tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    if let Some(connection) = &filter.connection {
        tenant.connection(connection).await?;
    }
    let runs = tenant.action_runs(filter).await?;
    if context.out.json {
        runs.iter().try_for_each(|run| context.out.value(&value(run)))?;
        return Ok(Exit::Done);
    }
    let mut grid = Grid::new(["ACTION", "AT", "CONNECTION", "WHAT", "BY", "WHY", "RESULT", "SUMMARY"]);
    for run in &runs {
        let asked = &run.asked;
        grid.row([
            run.id.to_string(),
            time(asked.requested_at),
            asked.connection.to_string(),
            asked.action.clone(),
            asked.requested_by.clone(),
            asked.why.clone().unwrap_or_default(),
            run.state.as_str().to_owned(),
            sentence(run),
        ]);
    }
    if grid.is_empty() {
        context.out.remark("no actions yet: headcount action CONNECTION lists what there is");
    }
    context.out.grid(&mut grid)?;
    Ok(Exit::Done)
}

/// Explains one action.
pub async fn show(action: ActionRunId, tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    let run = tenant.action_run(action).await?;
    if context.out.json {
        context.out.value(&value(&run))?;
        return Ok(Exit::Done);
    }
    let (out, asked) = (context.out, &run.asked);
    out.line(format!("action {action}: {} in {}: {}", printable(&asked.label), asked.connection, run.state.as_str()))?;
    out.line(format!("  {}", meaning(run.state)))?;
    let through = asked.through.as_ref().map(|through| format!(" ({through})")).unwrap_or_default();
    out.line(printable(&format!("  asked for by {}{through} on {}", asked.requested_by, time(asked.requested_at))))?;
    out.line(printable(&format!("  why: {}", asked.why.as_deref().unwrap_or("nobody said"))))?;
    if let Some(key) = &asked.key {
        out.line(printable(&format!("  key: {key}")))?;
    }
    out.line("\ninput")?;
    for (name, value) in asked.input.as_object().into_iter().flatten() {
        out.line(printable(&format!("  {name}: {}", text(value))))?;
    }
    let concerns = asked.preview.get("concerns").and_then(Value::as_array).cloned().unwrap_or_default();
    if !concerns.is_empty() {
        out.line("\nwhat it concerned, as the store had it")?;
        for concern in &concerns {
            let of = |name: &str| concern.get(name).map(text).unwrap_or_default();
            out.line(printable(&format!("  {} {}: {}", of("field"), of("value"), of("says"))))?;
        }
    }
    out.line("\nresult")?;
    tell_lines(&run, context)?;
    if run.state == ActionState::Unknown {
        out.line(format!("\nwhat to do\n  {}", unknown_advice(&run)))?;
    }
    Ok(Exit::Done)
}

/// Tells what an action did that was just asked for.
pub fn tell(run: &ActionRun, repeated: bool, context: &Context) -> std::io::Result<()> {
    if context.out.json {
        let mut value = value(run);
        value["repeated"] = json!(repeated);
        return context.out.value(&value);
    }
    tell_lines(run, context)
}

fn tell_lines(run: &ActionRun, context: &Context) -> std::io::Result<()> {
    let out = context.out;
    for line in run.summary.iter().chain(&run.failure.as_ref().map(ToString::to_string)) {
        out.line(format!("  {}", printable(line)))?;
    }
    for effect in &run.effects {
        let name = effect.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        out.line(printable(&format!("  {:<14} {}{name}", effect.what, effect.record)))?;
    }
    if let Some(output) = &run.output {
        out.line(format!("  answer: {}", printable(&output.to_string())))?;
    }
    for note in &run.notes {
        out.line(format!("  note: {}", printable(note)))?;
    }
    let ended = maybe_time(run.ended_at);
    out.line(format!(
        "  action {}, {}{}{ended}",
        run.id,
        counted(run.requests, "request"),
        if ended.is_empty() { "" } else { ", " }
    ))
}

/// What actions answered about accounts.
pub async fn answers(
    connection: &ConnectionId,
    account: Option<&str>,
    tenant: &Tenant,
    context: &Context,
) -> anyhow::Result<Exit> {
    let answers = tenant.action_answers(connection, account).await?;
    if context.out.json {
        for answer in &answers {
            let mut value = json!(answer);
            value["at"] = json!(time(answer.at));
            context.out.value(&value)?;
        }
        return Ok(Exit::Done);
    }
    let mut grid = Grid::new(["ACCOUNT", "ACTION", "AT", "STALE", "ANSWER"]);
    for answer in &answers {
        let stale = if answer.stale { "yes" } else { "no" };
        let cells = [answer.account.clone(), answer.action.clone(), time(answer.at), stale.to_owned(), answer.answer.to_string()];
        grid.row(cells);
    }
    if grid.is_empty() {
        context.out.remark("no action has answered about an account here yet");
    }
    context.out.grid(&mut grid)?;
    Ok(Exit::Done)
}

fn sentence(run: &ActionRun) -> String {
    let failure = || run.failure.as_ref().map(|failure| failure.message.clone());
    run.summary.clone().or_else(failure).or_else(|| run.notes.last().cloned()).unwrap_or_default()
}

fn meaning(state: ActionState) -> &'static str {
    match state {
        ActionState::Started => "the vendor is being asked",
        ActionState::Done => "it was done",
        ActionState::Refused => "the vendor or the connector said no: nothing was changed",
        ActionState::Failed => "the vendor could not be asked: nothing was changed",
        ActionState::Forbidden => "it was not permitted: the vendor was not asked",
        ActionState::Unknown => "nobody knows whether it was done",
    }
}

fn value(run: &ActionRun) -> Value {
    let asked = &run.asked;
    json!({
        "event": "action",
        "id": run.id,
        "connection": asked.connection,
        "connector": asked.connector,
        "digest": asked.digest,
        "action": asked.action,
        "state": run.state,
        "requested-at": time(asked.requested_at),
        "requested-by": asked.requested_by,
        "through": asked.through,
        "why": asked.why,
        "key": asked.key,
        "input": asked.input,
        "preview": asked.preview,
        "ended-at": run.ended_at.map(time),
        "summary": run.summary,
        "effects": run.effects,
        "output": run.output,
        "failure": run.failure,
        "notes": run.notes,
        "session": run.session,
        "requests": run.requests,
        "advice": (run.state == ActionState::Unknown).then(|| unknown_advice(run)),
    })
}
