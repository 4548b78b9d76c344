//! `headcount connector new`: a small cargo project to begin a connector with. Its files stand beside this one; the SDK's tests build
//! and run them.

use std::io::Write;
use std::path::{Path, PathBuf};

use headcount::ConnectorId;
use serde_json::json;

use crate::context::Context;
use crate::exit::{Complaint, Exit};

/// The files of a project, with the names that stand for the author's own: `acme` and `Acme`.
const FILES: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("new/Cargo.toml.in")),
    ("manifest.toml", include_str!("new/manifest.toml")),
    ("src/lib.rs", include_str!("new/lib.rs")),
    ("src/tests.rs", include_str!("new/tests.rs")),
    (".gitignore", include_str!("new/gitignore")),
];

/// What to begin.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connector's id: lower-case letters, digits and hyphens
    pub name: ConnectorId,
    /// The folder to make [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    pub path: Option<PathBuf>,
    /// The folder of headcount-connector's sources [default: those of the checkout one is in, else the published version]
    #[arg(long, value_name = "PATH")]
    pub sdk: Option<PathBuf>,
}

/// Writes the project.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let name = args.name.as_str();
    let folder = args.path.clone().unwrap_or_else(|| PathBuf::from(name));
    if folder.symlink_metadata().is_ok() {
        let taken = Complaint::usage(format!("{} is there already", folder.display()));
        return Err(taken.next("name a new folder with --path DIR").into());
    }
    let sdk = sdk(args.sdk.as_deref())?;
    let title = title(name);
    for (file, text) in FILES {
        let path = folder.join(file);
        let text = match file {
            "Cargo.toml" => text.replace("SDK", &sdk).replace("acme", name),
            _ => text.replace("acme", name).replace("Acme", &title),
        };
        write(&path, &text).map_err(|error| Complaint::file(&path, &error))?;
    }
    let out = context.out;
    if out.json {
        out.value(&json!({ "folder": folder, "files": FILES.map(|(file, _)| file) }))?;
        return Ok(Exit::Done);
    }
    out.line(format!("wrote {}: {}", folder.display(), FILES.map(|(file, _)| file).join(", ")))?;
    if sdk.starts_with('"') {
        out.remark("the SDK is taken from the registry, by version; --sdk PATH takes a checkout's connectors/sdk");
    }
    let module = format!("target/wasm32-unknown-unknown/release/headcount_{}.wasm", name.replace('-', "_"));
    out.remark(format!(
        "\nnext, there:\n  cargo test\n  cargo build --release --target wasm32-unknown-unknown\n  headcount connector pack {module} \
         manifest.toml -o {name}.wasm\n  headcount connector run {name}.wasm --feed users"
    ));
    Ok(Exit::Done)
}

/// The SDK as a dependency: where it is here, else by version.
fn sdk(named: Option<&Path>) -> anyhow::Result<String> {
    let is_sdk = |folder: &Path| folder.join("Cargo.toml").is_file() && folder.join("src/paging.rs").is_file();
    let found = match named {
        Some(folder) if is_sdk(folder) => Some(folder.to_owned()),
        Some(folder) => {
            let message = format!("{} does not hold the sources of headcount-connector", folder.display());
            return Err(Complaint::usage(message).next("name the folder connectors/sdk of a checkout with --sdk PATH").into());
        }
        None => {
            let here = std::env::current_dir()?;
            here.ancestors().map(|folder| folder.join("connectors/sdk")).find(|folder| is_sdk(folder))
        }
    };
    let Some(folder) = found else { return Ok(format!("\"{}\"", env!("CARGO_PKG_VERSION"))) };
    let folder = folder.canonicalize().map_err(|error| Complaint::file(&folder, &error))?;
    // A TOML string in which no backslash means anything, unless the path has a quote.
    let text = folder.display().to_string();
    if text.contains(['\'', '\n']) {
        return Err(Complaint::usage(format!("{text} can't stand in a Cargo.toml: it has a quote or a line break")).into());
    }
    Ok(format!("{{ path = '{text}' }}"))
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Never over what somebody put there in the meantime.
    std::fs::File::create_new(path)?.write_all(text.as_bytes())
}

/// `my-app` as `MyApp`.
fn title(name: &str) -> String {
    let word = |word: &str| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect::<String>();
    let title: String = name.split(|c: char| !c.is_ascii_alphanumeric()).map(word).collect();
    // No name of a type begins with a digit.
    if title.starts_with(|c: char| c.is_ascii_digit()) { format!("The{title}") } else { title }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_names_of_types() {
        assert_eq!((title("my-app").as_str(), title("8x8").as_str(), title("acme").as_str()), ("MyApp", "The8x8", "Acme"));
    }

    #[test]
    fn the_manifest_of_a_new_connector_is_good_whatever_its_name() {
        let (_, text) = FILES[1];
        for name in ["acme", "my-app", "8x8"] {
            let text = text.replace("acme", name).replace("Acme", &title(name));
            headcount::Manifest::from_toml(&text).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        }
    }
}
