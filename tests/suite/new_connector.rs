//! What `headcount connector new` writes, built as its author builds it, and run as its author runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use headcount_tests::{Receiver, program, target};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The host that a new connector's manifest names.
const HOST: &str = "api.my-app.example";

/// The packed component of a new project, built once.
fn component() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build().unwrap_or_else(|problem| panic!("{problem}"))).clone()
}

fn build() -> Result<PathBuf, String> {
    let (root, target) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), target().unwrap());
    let project = target.join("tmp").join("new-connector");
    let _ = std::fs::remove_dir_all(&project);
    let sdk = root.join("connectors/sdk");
    done(
        Command::new(program().unwrap())
            .args(["connector", "new", "my-app"])
            .args(["--path".as_ref(), project.as_os_str()])
            .args(["--sdk".as_ref(), sdk.as_os_str()]),
    )?;
    // The versions that are here already: the network may not be.
    std::fs::copy(root.join("Cargo.lock"), project.join("Cargo.lock")).map_err(|error| error.to_string())?;
    done(Command::new(root.join("connectors/build")).arg("--project").arg(&project).env("CARGO_TARGET_DIR", &target))?;
    let module = target.join("project/wasm32-unknown-unknown/release/headcount_my_app.wasm");
    let packed = project.join("my-app.wasm");
    let manifest = project.join("manifest.toml");
    done(Command::new(program().unwrap()).args(["connector", "pack"]).args([&module, &manifest]).arg("-o").arg(&packed))?;
    Ok(packed)
}

fn done(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", told(&output))) }
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A vendor that has what a new connector asks for.
struct Vendor {
    server: Receiver,
    folder: TempDir,
}

impl Vendor {
    async fn start() -> Self {
        let server = Receiver::start(HOST).await.unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("ca.pem"), &server.authority).unwrap();
        std::fs::write(folder.path().join("key"), "a-key-of-the-author").unwrap();
        for list in ["users", "groups"] {
            server.page(&format!("/v1/{list}?limit=1"), &page(list, json!([]), None));
        }
        Vendor { server, folder }
    }

    /// `headcount connector run`, which takes the server for the vendor.
    fn run(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program().unwrap());
        command.current_dir(self.folder.path()).args(["connector", "run"]).arg(component()).args(arguments);
        command.args(["--secret-file", "api-key=key", "--ca", "ca.pem", "--resolve", &format!("{HOST}={}", self.server.address)]);
        command
    }

    /// How often a path was asked for, whatever its query.
    fn asked(&self, path: &str) -> usize {
        let queries = self.server.requests().into_iter();
        queries.filter(|request| request.path.starts_with(path) && !request.path.ends_with("limit=1")).count()
    }
}

fn page(list: &str, rows: Value, next: Option<&str>) -> Value {
    json!({ list: rows, "next": next })
}

fn user(id: &str) -> Value {
    json!({ "id": id, "email": format!("{id}@my-app.example"), "name": id, "state": "active" })
}

#[tokio::test(flavor = "multi_thread")]
async fn it_builds_as_a_component_and_reads_its_vendor() {
    let vendor = Vendor::start().await;
    vendor.server.page("/v1/users?limit=100", &page("users", json!([user("ada")]), Some("c2")));
    vendor.server.page("/v1/users?cursor=c2&limit=100", &page("users", json!([user("ben")]), None));
    let member = json!([{ "user_id": "ada" }]);
    vendor.server.page("/v1/groups/staff/members?limit=100", &page("members", member, None));
    let output = vendor.run(&["--feed", "users"]).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    for words in ["ada@my-app.example", "ben@my-app.example", "the end would count as complete"] {
        assert!(told(&output).contains(words), "{words}: {}", told(&output));
    }
    let output = vendor.run(&["--json", "--feed", "members", "--parent", "staff"]).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let lines = String::from_utf8(output.stdout).unwrap();
    let records: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let grant = records.iter().find(|line| line["event"] == "record").unwrap().to_string();
    assert!(grant.contains("ada") && grant.contains("staff"), "{grant}");
    // The key went along with each request.
    let keys: Vec<_> = vendor.server.requests().into_iter().map(|request| request.headers["authorization"].clone()).collect();
    assert!(keys.len() > 5 && keys.iter().all(|key| key == "Bearer a-key-of-the-author"), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_stops_where_a_cursor_comes_again() {
    let vendor = Vendor::start().await;
    for (query, id, next) in [("limit=100", "ada", "a"), ("cursor=a&limit=100", "ben", "b"), ("cursor=b&limit=100", "cyd", "a")] {
        vendor.server.page(&format!("/v1/users?{query}"), &page("users", json!([user(id)]), Some(next)));
    }
    let output = vendor.run(&["--feed", "users", "--pages", "50"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", told(&output));
    assert!(told(&output).contains("the same cursor came twice"), "{}", told(&output));
    assert_eq!(vendor.asked("/v1/users"), 3);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_its_vendor_ends_when_it_is_told_to() {
    let vendor = Vendor::start().await;
    // Both lists of the check are answered, and the first page never is.
    vendor.server.answer(0);
    let mut run = vendor.run(&["--feed", "users"]);
    let child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    vendor.server.until(3).await;
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", told(&output));
    assert!(told(&output).contains("stopping cleanly"), "{}", told(&output));
    assert_eq!(vendor.asked("/v1/users"), 1);
}
