//! `headcount connector inspect`: what a component says of itself, read without running it.

use std::path::Path;

use headcount::model::manifest::{Asks, Feed, FieldType};
use headcount::model::printable;
use headcount::sandbox::inspect;
use headcount::{Kind, Manifest};
use serde_json::json;

use super::component;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::Out;
use crate::table::Grid;
use crate::words::{bytes, counted};

/// Shows what can be said of a component; one that can't be used, too.
pub async fn run(file: &Path, context: &Context) -> anyhow::Result<Exit> {
    let read = component::bytes(file).await?;
    let found = tokio::task::spawn_blocking(move || inspect(&read)).await?;
    let asks = match &found.manifest {
        // Without a store there is nothing to compare with, and looking makes none.
        Some(manifest) if tokio::fs::try_exists(context.config.data().join("headcount.db")).await.unwrap_or(false) => {
            context.host().await?.asks_beyond_installed(manifest).await?
        }
        _ => None,
    };
    let out = context.out;
    let exit = if found.problem.is_some() { Exit::Failed } else { Exit::Done };
    if out.json {
        let names = |names: &[(String, bool)]| {
            names.iter().map(|(name, good)| json!({ "name": name, "accepted": good })).collect::<Vec<_>>()
        };
        out.value(&json!({
            "digest": found.digest,
            "bytes": found.size,
            "imports": names(&found.imports),
            "exports": names(&found.exports),
            "manifest": found.manifest,
            "asks": asks.as_ref().map(asks_value),
            "problem": found.problem.map(|problem| problem.to_string()),
        }))?;
        return Ok(exit);
    }
    if let Some(manifest) = &found.manifest {
        out.line(format!("{} {} ({})", printable(&manifest.name), printable(&manifest.version), manifest.id))?;
    }
    out.line(format!("{}, {}", found.digest, bytes(found.size)))?;
    if let Some(manifest) = &found.manifest {
        if !manifest.description.is_empty() {
            out.line(printable(&manifest.description))?;
        }
        if let Some(found) = &asks {
            self::asks(found, out)?;
        }
        reach(manifest, out)?;
        settings(manifest, out)?;
        feeds(manifest, out)?;
        actions(manifest, out)?;
        not_supported(manifest, out)?;
        setup(manifest, out)?;
    }
    interfaces("it imports", &found.imports, out)?;
    interfaces("it exports", &found.exports, out)?;
    if let Some(problem) = &found.problem {
        out.line("\nit can't be used")?;
        problem.to_string().lines().try_for_each(|line| out.line(format!("  {}", printable(line))))?;
    }
    Ok(exit)
}

fn interfaces(title: &str, names: &[(String, bool)], out: Out) -> std::io::Result<()> {
    if !names.is_empty() {
        out.line(format!("\n{title}"))?;
    }
    // A language's runtime may export more than the contract; only imports can be refused.
    let refused = |good: bool| if good || title != "it imports" { "" } else { "  (not offered to connectors)" };
    names.iter().try_for_each(|(name, good)| out.line(format!("  {}{}", printable(name), refused(*good))))
}

/// What it asks for beyond the component that is installed under its id.
pub fn asks(asks: &Asks, out: Out) -> std::io::Result<()> {
    out.line("\nbeyond what is installed")?;
    asks.to_string().lines().try_for_each(|line| out.line(format!("  {line}")))
}

/// The same, as JSON.
pub fn asks_value(asks: &Asks) -> serde_json::Value {
    let news: Vec<String> = asks.news.iter().map(ToString::to_string).collect();
    json!({ "news": news, "enter-again": asks.enter_again })
}

/// Which hosts it may reach, and with what beside GET and HEAD.
pub fn reach(manifest: &Manifest, out: Out) -> std::io::Result<()> {
    out.line("\nit may reach")?;
    out.line(format!("  {}", printable(manifest.base_url.as_str())))?;
    for host in &manifest.hosts {
        out.line(format!("  {}", printable(host.as_str())))?;
    }
    for rule in &manifest.read_requests {
        out.line(format!("  while reading, besides GET and HEAD: {} {}", printable(&rule.method), printable(&rule.path)))?;
    }
    Ok(())
}

fn settings(manifest: &Manifest, out: Out) -> std::io::Result<()> {
    let mut grid = Grid::new(["FIELD", "TYPE", "NEEDED", "WHAT"]).indented(2);
    for field in &manifest.config {
        let kind = match field.r#type {
            FieldType::Text => "text",
            FieldType::Secret => "secret",
            FieldType::Number => "number",
            FieldType::Boolean => "yes or no",
            FieldType::Choice => "choice",
            FieldType::Host => "host",
        };
        let needed = if field.required && field.default.is_none() { "yes" } else { "no" };
        let what = if field.help.is_empty() { field.label.clone() } else { format!("{}: {}", field.label, field.help) };
        grid.row([field.name.clone(), kind.to_owned(), needed.to_owned(), what]);
    }
    section("it asks for", &mut grid, out)
}

fn feeds(manifest: &Manifest, out: Out) -> std::io::Result<()> {
    let mut grid = Grid::new(["FEED", "FOR EACH", "GIVES", "PROVES", "NEEDED"]).indented(2);
    let words = |kinds: &mut dyn Iterator<Item = Kind>| kinds.map(Kind::as_str).collect::<Vec<_>>().join(", ");
    for feed in &manifest.feeds {
        let Feed { name, parent, proves, required, .. } = feed;
        grid.row([
            name.clone(),
            parent.clone().unwrap_or_default(),
            words(&mut feed.kinds()),
            words(&mut proves.iter().copied()),
            if *required { "yes" } else { "no" }.to_owned(),
        ]);
    }
    section("it reads", &mut grid, out)
}

fn actions(manifest: &Manifest, out: Out) -> std::io::Result<()> {
    let mut grid = Grid::new(["ACTION", "WHAT", "REQUESTS"]).indented(2);
    for action in &manifest.actions {
        let what = if action.destructive { format!("{} (takes something away)", action.label) } else { action.label.clone() };
        let requests: Vec<String> = action.requests.iter().map(|rule| format!("{} {}", rule.method, rule.path)).collect();
        grid.row([action.name.clone(), what, requests.join(", ")]);
    }
    section("it can change", &mut grid, out)
}

fn not_supported(manifest: &Manifest, out: Out) -> std::io::Result<()> {
    if !manifest.not_supported.is_empty() {
        out.line("\nit does not")?;
    }
    for left_out in &manifest.not_supported {
        out.line(format!("  {}: {}", printable(&left_out.what), printable(&left_out.why)))?;
    }
    if !manifest.never_kept.is_empty() {
        out.line(format!("\nnever kept: {}", printable(&manifest.never_kept.join(", "))))?;
    }
    Ok(())
}

/// How an administrator gets a credential, and which permissions it needs.
pub fn setup(manifest: &Manifest, out: Out) -> std::io::Result<()> {
    if !manifest.setup.steps.is_empty() {
        out.line(format!("\nto connect ({})", counted(manifest.setup.steps.len() as u64, "step")))?;
    }
    for (at, step) in manifest.setup.steps.iter().enumerate() {
        out.line(format!("  {}. {}", at + 1, printable(step)))?;
    }
    if !manifest.setup.permissions.is_empty() {
        out.line("\npermissions to ask the vendor for")?;
    }
    for permission in &manifest.setup.permissions {
        out.line(format!("  - {}", printable(permission)))?;
    }
    Ok(())
}

fn section(title: &str, grid: &mut Grid, out: Out) -> std::io::Result<()> {
    if grid.is_empty() {
        return Ok(());
    }
    out.line(format!("\n{title}"))?;
    out.grid(grid)
}
