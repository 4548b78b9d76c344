//! Doing an action: looked at first, then confirmed, then done once.

use headcount::model::printable;
use headcount::sandbox::CallError;
use headcount::{Acted, ActionRequest, ConnectionId, Preview, Tenant};

use super::{RunArgs, Who, fill, history};
use crate::advice::{self, Whose};
use crate::ask;
use crate::context::Context;
use crate::exit::{Complaint, Exit};

/// Does an action, or only shows what it would do.
pub async fn run(
    args: RunArgs,
    connection: &ConnectionId,
    name: &str,
    tenant: &Tenant,
    context: &Context,
) -> anyhow::Result<Exit> {
    let (now, manifest) = tenant.connection_and_manifest(connection).await?;
    let Some(action) = manifest.action(name) else {
        return Err(Complaint::not_found(format!("{} has no action {}", manifest.name, printable(name)))
            .next(format!("headcount action {connection} lists what there is"))
            .into());
    };
    let input = fill::input(action, &args, context).await?;
    let (preview, permission) = tenant.preview(connection, name, &input).await?;
    if args.preview {
        if context.out.json {
            let mut value = serde_json::json!(preview);
            value["permitted"] = serde_json::json!(permission.is_given());
            value["permission"] = serde_json::json!(permission.to_string());
            context.out.value(&value)?;
        } else {
            lines(&preview).into_iter().try_for_each(|line| context.out.line(line))?;
            let word = if permission.is_given() { "" } else { "not permitted: " };
            context.out.line(format!("  {word}{}", printable(&permission.to_string())))?;
        }
        return Ok(Exit::Done);
    }
    if !preview.read_only && !args.yes && permission.is_given() {
        if !context.can_ask() {
            return Err(Complaint::usage(format!("{name} changes something at the vendor, and nobody can be asked"))
                .next("look at it with --preview, then add --yes")
                .into());
        }
        for line in lines(&preview) {
            context.out.remark(line);
        }
        let question = if preview.destructive { "This takes something away at the vendor. Do it?" } else { "Do it?" };
        if !ask::yes(question).await? {
            context.out.remark("nothing was done");
            return Ok(Exit::Cancelled);
        }
    }
    let mut request =
        ActionRequest::new(name, input, args.who.name()).through(Who::through()).guard(context.config.guard.clone());
    if let Some(reason) = &args.who.reason {
        request = request.because(reason.clone());
    }
    if let Some(key) = &args.key {
        request = request.key(key.clone());
    }
    let acted = tenant.act(connection, &request).await;
    let Acted { run, repeated } = acted.map_err(|error| refused(error, (&now).into()))?;
    if repeated {
        context.out.remark(format!(
            "this was done before, under the same key (action {}): nothing was asked of the vendor this time",
            run.id
        ));
    }
    history::tell(&run, repeated, context)?;
    Ok(Exit::Done)
}

/// A vendor's refusal, with what to do about it for this connection.
fn refused(error: headcount::Error, whose: Whose<'_>) -> anyhow::Error {
    match &error {
        headcount::Error::ActionNotDone { error: CallError::Failure(failure), .. } => {
            let next = advice::for_failure(failure, Some(whose));
            Complaint::of(Exit::of_host(&error), error.to_string()).next(next).into()
        }
        _ => error.into(),
    }
}

/// What an action would do, in lines.
fn lines(preview: &Preview) -> Vec<String> {
    let mut lines = vec![printable(&preview.label).into_owned()];
    if !preview.description.is_empty() {
        lines.push(format!("  {}", printable(&preview.description)));
    }
    for (name, value) in preview.input.as_object().into_iter().flatten() {
        lines.push(format!("  {}: {}", printable(name), printable(&crate::output::text(value))));
    }
    for concern in &preview.concerns {
        let record = concern.record.as_ref().map(ToString::to_string).unwrap_or_else(|| concern.value.clone());
        lines.push(format!("  concerns {}: {}", printable(&record), printable(&concern.says)));
    }
    for request in &preview.requests {
        lines.push(format!("  may ask the vendor for: {}", printable(request)));
    }
    if preview.read_only {
        lines.push("  only reads".to_owned());
    }
    lines
}
