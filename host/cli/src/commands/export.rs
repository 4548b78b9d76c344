//! `headcount export`: collections as JSON Lines, CSV or Parquet, into files or to standard output.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use headcount::exporting::Aside;
use headcount::{Collection, ConnectionId, ExportOptions, Exported, Format, Tenant, Timestamp};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::table::Grid;
use crate::words::{number, time};

/// What to export, and whither.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// users, groups, roles, applications, licenses, assets, grants, people, links, accounts, connections, sessions, decisions,
    /// actions, notices, changes, software; or all
    #[arg(value_parser = wanted)]
    pub collection: Wanted,
    /// jsonl, csv or parquet
    #[arg(long, default_value = "jsonl")]
    pub format: Format,
    /// A file, or a folder for files named after their collections; - is standard output
    #[arg(long, short, value_name = "PATH")]
    pub output: PathBuf,
    /// Of one connection only
    #[arg(long, value_name = "ID")]
    pub connection: Option<ConnectionId>,
    /// Records that are gone, too; people, links and accounts (what mappings made) of users who are gone are always in an export of all
    #[arg(long)]
    pub gone: bool,
    /// CSV cells exactly as they are; without this, those that a spreadsheet would take for formulas get a leading quote
    #[arg(long)]
    pub raw: bool,
}

/// One collection, or all.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    /// This one.
    One(Collection),
    /// All.
    All,
}

fn wanted(word: &str) -> Result<Wanted, String> {
    if word == "all" {
        return Ok(Wanted::All);
    }
    word.parse().map(Wanted::One).map_err(|error: headcount::UnknownCollection| format!("{error}, or all"))
}

/// Exports.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    if let Some(id) = &args.connection {
        tenant.connection(id).await?;
    }
    let options = ExportOptions { format: args.format, connection: args.connection.clone(), gone: args.gone, raw: args.raw };
    let to_stdout = args.output.as_os_str() == "-";
    match args.collection {
        Wanted::One(collection) if to_stdout => {
            if args.format == Format::Parquet && std::io::stdout().is_terminal() {
                return Err(Complaint::usage("Parquet is not for terminals").next("--output FILE").into());
            }
            tenant.export(collection, &options, std::io::BufWriter::new(std::io::stdout())).await?;
        }
        Wanted::One(collection) => {
            let path = if args.output.is_dir() { args.output.join(file_name(collection, &options)) } else { args.output.clone() };
            let exported = tenant.export_file(collection, &options, &path).await?;
            tell(&[(collection, path, exported)], exported.cursor, context)?;
        }
        Wanted::All if to_stdout => {
            return Err(Complaint::usage("all collections at once need a folder").next("--output DIR").into());
        }
        Wanted::All => all(&tenant, &options, &args.output, context).await?,
    }
    Ok(Exit::Done)
}

fn file_name(collection: Collection, options: &ExportOptions) -> String {
    format!("{collection}.{}", options.format)
}

/// Every collection, then a file that says what there is: without it, the files are not of one export.
async fn all(tenant: &Tenant, options: &ExportOptions, folder: &Path, context: &Context) -> anyhow::Result<()> {
    tokio::fs::create_dir_all(folder).await.map_err(|error| Complaint::file(folder, &error))?;
    // What an earlier export wrote says nothing of the files that come now.
    let about = folder.join("export.json");
    match tokio::fs::remove_file(&about).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Complaint::file(&about, &error).into()),
        _ => {}
    }
    let begun = Timestamp::now();
    let mut done: Vec<(Collection, PathBuf, Exported)> = Vec::new();
    for collection in Collection::ALL {
        let path = folder.join(file_name(collection, options));
        // These stay while a user is gone, and no change tells them when it returns: who goes on from here has to know them.
        let lasting = matches!(collection, Collection::People | Collection::Links | Collection::Accounts);
        let options = ExportOptions { gone: options.gone || lasting, ..options.clone() };
        let exported = tenant.export_file(collection, &options, &path).await?;
        done.push((collection, path, exported));
    }
    // What changed since the first of them began.
    let cursor = done.iter().map(|(_, _, exported)| exported.cursor).min().unwrap_or(0);
    let files: Map<String, Value> = done
        .iter()
        .map(|(collection, _, exported)| {
            let about = json!({ "file": file_name(*collection, options), "rows": exported.rows });
            (collection.as_str().to_owned(), about)
        })
        .collect();
    let whole = json!({ "tenant": tenant.id(), "begun": time(begun), "cursor": cursor, "collections": files });
    tokio::task::spawn_blocking(move || {
        let mut file = Aside::new(&about)?;
        std::io::Write::write_all(&mut file, format!("{whole:#}\n").as_bytes())?;
        file.place()
    })
    .await?
    .map_err(headcount::Error::from)?;
    tell(&done, cursor, context)
}

fn tell(done: &[(Collection, PathBuf, Exported)], cursor: u64, context: &Context) -> anyhow::Result<()> {
    let out = context.out;
    if out.json {
        for (collection, path, exported) in done {
            let collection = collection.as_str();
            out.value(&json!({ "collection": collection, "file": path, "rows": exported.rows, "cursor": exported.cursor }))?;
        }
        return Ok(());
    }
    let mut grid = Grid::new(["COLLECTION", "ROWS", "FILE"]);
    for (collection, path, exported) in done {
        grid.row([collection.to_string(), number(exported.rows), path.display().to_string()]);
    }
    out.grid(&mut grid)?;
    out.remark(format!("\nto follow what changes from here on: headcount changes --after {cursor} --follow"));
    Ok(())
}
