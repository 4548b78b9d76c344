//! `headcount connector run`: the author's loop. One feed of a component, without accepting it: its requests, records, log, and what
//! the host would make of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use headcount::model::{Decision, Page, Progress, RequestEvent, printable};
use headcount::sandbox::egress::Egress;
use headcount::sandbox::vault::Credentials;
use headcount::sandbox::{CallError, LogLevel, OpenOptions, Run, Runtime, RuntimeOptions};
use headcount::{FailureCode, Kind, Package};
use serde_json::{Map, Value, json};

use super::examine::Examiner;
use super::{author, component};
use crate::compiler::compiler;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::interrupt;
use crate::output::{Format, Sheet};
use crate::pairs::Pair;
use crate::records;
use crate::scope;
use crate::secrets::SecretArgs;
use crate::words::{bytes, counted, number};

/// How many records of each kind a table shows.
const SHOWN: usize = 20;

/// What to run.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The packed component
    pub file: PathBuf,
    /// The feed to read
    #[arg(long, value_name = "NAME")]
    pub feed: String,
    /// The record that the feed is read for, where it has a parent feed
    #[arg(long, value_name = "ID")]
    pub parent: Option<String>,
    /// A setting; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Pair>,
    #[command(flatten)]
    pub secrets: SecretArgs,
    /// Read at most so many pages
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub pages: u32,
    /// Send requests to this origin and path instead of the manifest's
    #[arg(long, value_name = "URL")]
    pub base: Option<String>,
}

/// Runs one feed.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let package = component::package(&args.file).await?;
    let feed = package.manifest.feed(&args.feed).ok_or_else(|| {
        let known: Vec<&str> = package.manifest.feeds.iter().map(|feed| feed.name.as_str()).collect();
        Complaint::not_found(format!("the manifest has no feed {}; it has: {}", args.feed, known.join(", ")))
    })?;
    match (&feed.parent, &args.parent) {
        (Some(parent), None) => {
            let message = format!("{} is read for each record of {parent}", feed.name);
            return Err(Complaint::usage(message).next("name one with --parent ID").into());
        }
        (None, Some(_)) => return Err(Complaint::usage(format!("{} has no parent feed: leave --parent out", feed.name)).into()),
        _ => {}
    }
    let run = open(&args, &package, context).await?;
    let mut teller = Teller { run: &run, context, events: Vec::new(), lines: 0 };
    let stop = tokio_util::sync::CancellationToken::new();
    interrupt::cancels(stop.clone());
    let work = async {
        let scope = teller.call(run.check().await)?;
        teller.scope(&scope)?;
        if let Some(broken) = headcount::sync::broken_scope(&scope, &package.manifest) {
            return Err(Complaint::failed(broken).next("correct `check`, or the manifest's feeds").into());
        }
        let mut examiner = Examiner::new(&package.manifest, feed, &context.config.budget);
        let mut kept: BTreeMap<Kind, Vec<Map<String, Value>>> = BTreeMap::new();
        let mut cursor: Option<String> = None;
        for page_number in 1..=args.pages {
            let page = teller.call(run.read(&feed.name, args.parent.as_deref(), cursor.as_deref()).await)?;
            examiner.page(&page);
            teller.page(page_number, &page, &mut kept)?;
            match page.progress {
                Progress::More(next) => cursor = Some(next),
                Progress::Complete | Progress::Partial(_) => break,
            }
            if examiner.has_ended() {
                break;
            }
        }
        teller.verdict(&examiner, kept)
    };
    tokio::select! {
        () = stop.cancelled() => Ok(Exit::Cancelled),
        done = work => done,
    }
}

async fn open(args: &Args, package: &Package, context: &Context) -> anyhow::Result<Run> {
    let manifest = &package.manifest;
    let given: BTreeMap<String, Value> =
        args.set.iter().map(|pair| (pair.key.clone(), Value::String(pair.value.clone()))).collect();
    let mut settings = manifest.settings(&given, |host| context.allows_host(host)).map_err(headcount::Error::Settings)?;
    if let Some(base) = &args.base {
        settings.base_url = base.trim_end_matches('/').to_owned();
    }
    let mut credentials = Credentials::default();
    for (field, secret) in args.secrets.gather(manifest, context).await? {
        credentials.insert(field, secret);
    }
    let sandbox = |error: &dyn std::fmt::Display| headcount::Error::Sandbox(error.to_string());
    let egress = Egress::new(context.egress().await?).map_err(|error| sandbox(&error))?;
    let mut options = RuntimeOptions::new(egress);
    options.compiler = compiler()?;
    let runtime = Runtime::new(options).map_err(|error| sandbox(&error))?;
    let connector = runtime.load(package).await.map_err(headcount::Error::from)?;
    let options = OpenOptions {
        tenant: context.config.tenant.clone(),
        connection: "try".parse()?,
        settings,
        credentials,
        budget: context.config.budget.clone(),
    };
    runtime
        .open(&connector, options)
        .map_err(|error| author::unusable_base(&error.to_string()).unwrap_or_else(|| sandbox(&error).into()))
}

/// Tells what a run did, as it does it.
struct Teller<'a> {
    run: &'a Run,
    context: &'a Context,
    events: Vec<RequestEvent>,
    lines: usize,
}

/// The events that came after those that were known. The sandbox remembers the newest ones only, so the known ones may be gone.
fn fresh<'a>(known: &[RequestEvent], events: &'a [RequestEvent]) -> &'a [RequestEvent] {
    let overlap = (0..=known.len()).find_map(|from| known.get(from..).filter(|tail| events.starts_with(tail)));
    overlap.and_then(|tail| events.get(tail.len()..)).unwrap_or(events)
}

fn level(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

impl Teller<'_> {
    /// Shows the requests and log lines of a call, and passes its result on.
    fn call<T>(&mut self, result: Result<T, CallError>) -> anyhow::Result<T> {
        let out = self.context.out;
        let events = self.run.events();
        for event in fresh(&self.events, &events) {
            if out.json {
                out.value(&json!({
                    "event": "request", "method": event.method, "host": event.host, "path": event.path, "status": event.status,
                    "millis": event.millis, "received": event.received, "attempts": event.attempts, "refused": event.refused,
                    "decision": event.decision, "rule": event.rule, "allow": event.allow,
                }))?;
                continue;
            }
            let result = match (&event.refused, event.status) {
                (Some(why), Some(status)) if event.decision == Decision::Counted => {
                    format!("{status} without credentials, would be denied: {}", printable(why))
                }
                (Some(why), _) => format!("refused: {}", printable(why)),
                (None, Some(status)) => status.to_string(),
                (None, None) => "no answer".to_owned(),
            };
            let repeats = if event.attempts > 1 { format!(", {} attempts", event.attempts) } else { String::new() };
            let (method, path) = (printable(&event.method), printable(&event.path));
            let (host, size) = (printable(&event.host), bytes(event.received));
            out.line(format!("  {method} {host}{path}  {result}, {} ms, {size}{repeats}", event.millis))?;
        }
        self.events = events;
        let lines = self.run.log();
        for line in lines.iter().skip(self.lines) {
            if out.json {
                out.value(&json!({ "event": "log", "level": level(line.level), "message": line.message }))?;
            } else {
                let text: Vec<_> = line.message.lines().map(printable).collect();
                out.line(format!("  log {}: {}", level(line.level), text.join("\n    ")))?;
            }
        }
        self.lines = lines.len();
        match result {
            Err(CallError::Failure(failure)) if failure.code == FailureCode::Unauthenticated => {
                let next = "give another secret with --secret-file or --secret-stdin".to_owned();
                Err(Complaint::refused(Exit::Reconnect, &failure, next).into())
            }
            Err(error) => {
                let refused = self.events.last().and_then(|event| event.refused.as_deref());
                Err(author::complaint(error, refused, self.lines > 0))
            }
            Ok(done) => Ok(done),
        }
    }

    fn scope(&self, seen: &headcount::Scope) -> std::io::Result<()> {
        let out = self.context.out;
        if out.json {
            return out.value(&json!({ "event": "scope", "scope": scope::value(seen) }));
        }
        out.line("check passed")?;
        scope::lines(seen).into_iter().try_for_each(|line| out.line(format!("  {line}")))
    }

    fn page(&self, number: u32, page: &Page, kept: &mut BTreeMap<Kind, Vec<Map<String, Value>>>) -> std::io::Result<()> {
        let out = self.context.out;
        let what = match &page.progress {
            Progress::More(cursor) => {
                format!("more follows (cursor {})", printable(&cursor.chars().take(60).collect::<String>()))
            }
            Progress::Complete => "the end".to_owned(),
            Progress::Partial(failure) => format!("the end, with rows missing: {failure}"),
        };
        let found = records::of_page(&page.records);
        if out.json {
            for (_, mut record) in found {
                record.insert("event".to_owned(), json!("record"));
                out.value(&record.into())?;
            }
            return out.value(
                &json!({ "event": "page", "page": number, "rows": page.rows, "total": page.total, "progress": page.progress }),
            );
        }
        let total = page.total.map(|total| format!(" of {total}")).unwrap_or_default();
        let records = counted(found.len() as u64, "record");
        out.line(format!("page {number}: {}{total}, {records}, {what}", counted(u64::from(page.rows), "row")))?;
        for (kind, record) in found {
            let few = kept.entry(kind).or_default();
            if few.len() < SHOWN {
                few.push(record);
            }
        }
        Ok(())
    }

    fn verdict(&self, examiner: &Examiner<'_>, kept: BTreeMap<Kind, Vec<Map<String, Value>>>) -> anyhow::Result<Exit> {
        let out = self.context.out;
        let (findings, more) = examiner.findings();
        let incomplete = examiner.incomplete();
        let complete = examiner.has_ended() && incomplete.is_none();
        let exit = match (findings.is_empty(), examiner.has_ended(), complete) {
            (true, true, true) | (true, false, _) => Exit::Done,
            _ => Exit::Partial,
        };
        if out.json {
            out.value(&json!({
                "event": "end", "ended": examiner.has_ended(), "complete": complete, "incomplete": incomplete,
                "findings": findings, "more-findings": more,
            }))?;
            return Ok(exit);
        }
        for (kind, few) in kept {
            let count = examiner.counts().get(&kind).copied().unwrap_or_default();
            let note =
                if count > few.len() as u64 { format!(" (the first {} of {})", few.len(), number(count)) } else { String::new() };
            out.line(format!("\n{}{note}", records::plural(kind)))?;
            Sheet::new(records::columns(kind).iter().copied(), Format::Table, out).rows(&few)?;
        }
        if !findings.is_empty() {
            out.line("\nwhat the host would say")?;
        }
        for finding in findings {
            out.line(format!("  - {finding}"))?;
        }
        if more > 0 {
            out.line(format!("  - and {} more", number(more)))?;
        }
        out.line(match (examiner.has_ended(), incomplete) {
            (false, _) => "\nthere is more to read: --pages N reads further; only the end can count as complete".to_owned(),
            (true, Some(reason)) => format!("\nthe end would not count as complete: {reason}"),
            (true, None) => "\nthe end would count as complete".to_owned(),
        })?;
        Ok(exit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(path: &str) -> RequestEvent {
        RequestEvent { path: path.to_owned(), ..RequestEvent::default() }
    }

    #[test]
    fn each_request_is_told_once_even_when_old_ones_are_forgotten() {
        let paths = |paths: &[&str]| paths.iter().map(|path| event(path)).collect::<Vec<_>>();
        assert_eq!(fresh(&[], &paths(&["a"])), paths(&["a"]));
        assert_eq!(fresh(&paths(&["a", "b"]), &paths(&["a", "b", "c"])), paths(&["c"]));
        assert_eq!(fresh(&paths(&["a", "b"]), &paths(&["b", "c"])), paths(&["c"]));
        assert_eq!(fresh(&paths(&["a", "b"]), &paths(&["x", "y"])), paths(&["x", "y"]));
    }
}
