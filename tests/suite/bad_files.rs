//! What bad files and bad settings get: one clear message, an exit code that means something, and nothing changed.

use std::path::Path;
use std::process::{Command, Output};

use headcount_tests::{component, program};
use tempfile::TempDir;

fn headcount(data: &Path, arguments: &[&str]) -> Output {
    Command::new(program().unwrap()).arg("--data").arg(data).args(arguments).output().unwrap()
}

/// Runs the program, which must refuse with this code and these words, in a message of a few lines without Rust's own prose.
fn refused(data: &Path, arguments: &[&str], code: i32, words: &[&str]) {
    let output = headcount(data, arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{arguments:?} does not say {word:?}: {message}");
    }
    assert!(!message.contains("panicked") && !message.contains("Error {"), "{message}");
}

fn file(data: &Path, name: &str, bytes: &[u8]) -> String {
    let path = data.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

/// A component that exports and imports what is said, with or without the manifest of `hello`.
fn strange(text: &str, with_manifest: bool) -> Vec<u8> {
    let bytes = wat::parse_str(text).unwrap();
    if !with_manifest {
        return bytes;
    }
    let hello = headcount::Package::read(component("hello").unwrap()).unwrap();
    let json = hello.manifest.to_json();
    let name = b"headcount:manifest";
    let mut section = leb(name.len());
    section.extend_from_slice(name);
    section.extend_from_slice(json.as_bytes());
    let mut packed = bytes;
    packed.push(0);
    packed.extend(leb(section.len()));
    packed.extend(section);
    packed
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

#[test]
fn files_that_are_no_connectors_are_refused() {
    let data = TempDir::new().unwrap();
    let data = data.path();
    let add = |path: &str, words: &[&str]| refused(data, &["connector", "add", path], 1, words);
    add(&file(data, "text.wasm", b"hello"), &["not a WebAssembly component"]);
    add(&file(data, "empty.wasm", b""), &["not a WebAssembly component"]);
    add(&file(data, "module.wasm", &wat::parse_str("(module)").unwrap()), &["component"]);
    add(&file(data, "bare.wasm", &strange("(component)", false)), &["no manifest", "headcount connector pack"]);
    add(&file(data, "old.wasm", &strange("(component)", true)), &["headcount:connector/api"]);
    let future = r#"(component (instance $api) (export "headcount:connector/api@9.0.0" (instance $api)))"#;
    add(&file(data, "future.wasm", &strange(future, true)), &["9.0.0", "this host speaks"]);
    let greedy = r#"(component (import "acme:gpu/render@1.0.0" (instance)) (instance $api)
        (export "headcount:connector/api@0.1.0" (instance $api)))"#;
    add(&file(data, "greedy.wasm", &strange(greedy, true)), &["acme:gpu/render@1.0.0"]);
    let listed = headcount(data, &["--json", "connector", "list"]);
    assert_eq!(String::from_utf8_lossy(&listed.stdout).trim().trim_matches(['[', ']']), "");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let data = TempDir::new().unwrap();
    refused(data.path(), &["connector", "add", "nowhere.wasm"], 5, &["nowhere.wasm"]);
}

#[test]
fn a_manifest_with_a_mistake_is_refused_with_its_line_and_field() {
    let data = TempDir::new().unwrap();
    let data = data.path();
    let hello = file(data, "hello.wasm", &component("hello").unwrap());
    let good = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../connectors/hello/manifest.toml")).unwrap();
    let out = data.join("out.wasm").display().to_string();
    let pack = |name: &str, text: &str, words: &[&str]| {
        let manifest = file(data, name, text.as_bytes());
        refused(data, &["connector", "pack", &hello, &manifest, "-o", &out], 2, words);
        assert!(!Path::new(&out).exists());
    };
    pack("syntax.toml", &good.replacen("name = ", "name ", 1), &["line 2"]);
    pack("unknown.toml", &good.replacen("name = ", "nmae = ", 1), &["line 2", "nmae"]);
    pack(
        "parent.toml",
        &format!("{good}\n[[feeds]]\nname = \"more\"\nproves = [\"group\"]\nparent = \"grups\"\n"),
        &["feeds[1].parent", "grups"],
    );
    pack("secret.toml", &good.replace("auth = [{ type = \"bearer\", secret = \"api-key\" }]", ""), &["api-key"]);
}

#[test]
fn settings_that_are_missing_or_malformed_are_refused_by_name() {
    let data = TempDir::new().unwrap();
    let data = data.path();
    for connector in ["kandji", "jetbrains"] {
        let path = file(data, &format!("{connector}.wasm"), &component(connector).unwrap());
        assert!(headcount(data, &["connector", "add", &path]).status.success());
    }
    let key = file(data, "key", b"0123456789abcdef");
    let secret = format!("token={key}");
    let add = |url: &str, words: &[&str]| {
        let set = format!("api-url={url}");
        refused(data, &["connection", "add", "kandji", "--no-check", "--set", &set, "--secret-file", &secret], 2, words);
    };
    add("https://acme.kandji.io/", &["api-url", "acme.api.kandji.io"]);
    add("https://10.0.0.1/", &["api-url"]);
    add("http://acme.api.kandji.io", &["api-url", "https"]);
    refused(
        data,
        &["connection", "add", "jetbrains", "--no-check", "--secret-file", &format!("api-key={key}")],
        2,
        &["customer-code"],
    );
    refused(data, &["connection", "add", "nosuch"], 5, &["nosuch", "connector add"]);
    refused(data, &["sync", "nosuch"], 5, &["nosuch"]);
}

#[test]
fn another_digest_is_refused_until_it_is_accepted() {
    let data = TempDir::new().unwrap();
    let data = data.path();
    let path = file(data, "hello.wasm", &component("hello").unwrap());
    assert!(headcount(data, &["connector", "add", &path]).status.success());
    let mut manifest = headcount::Package::read(component("hello").unwrap()).unwrap().manifest.as_ref().clone();
    manifest.version = "0.1.1".to_owned();
    let other = headcount::sandbox::pack(&component("hello").unwrap(), &manifest).unwrap();
    let other = file(data, "other.wasm", &other);
    refused(data, &["connector", "add", &other], 1, &["sha256:", "--accept", "it asks for nothing new"]);
    assert!(headcount(data, &["connector", "add", &other, "--accept"]).status.success());
}

#[test]
fn what_another_digest_newly_asks_for_is_told_before_and_after_it_is_accepted() {
    let data = TempDir::new().unwrap();
    let data = data.path();
    let path = file(data, "hello.wasm", &component("hello").unwrap());
    let shown = |arguments: &[&str]| {
        let output = headcount(data, arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!shown(&["connector", "inspect", &path]).contains("beyond what is installed"), "nothing is installed yet");
    shown(&["connector", "add", &path]);
    assert!(shown(&["connector", "inspect", &path]).contains("it asks for nothing new"));
    let mut manifest = headcount::Package::read(component("hello").unwrap()).unwrap().manifest.as_ref().clone();
    manifest.hosts.push("https://collector.example".parse().unwrap());
    manifest.read_requests.push("DELETE /people".parse().unwrap());
    let greedy = headcount::sandbox::pack(&component("hello").unwrap(), &manifest).unwrap();
    let greedy = file(data, "greedy.wasm", &greedy);
    let lines = ["it may reach https://collector.example", "it may send DELETE /people", "enter again: api-key"];
    refused(data, &["connector", "add", &greedy], 1, &lines);
    for arguments in [&["connector", "inspect", &greedy][..], &["connector", "add", &greedy, "--accept"]] {
        let text = shown(arguments);
        assert!(lines.iter().all(|line| text.contains(line)), "{text}");
    }
    assert!(shown(&["connector", "inspect", &greedy]).contains("it asks for nothing new"));
}

#[test]
fn a_damaged_store_is_refused_and_left_alone() {
    let data = TempDir::new().unwrap();
    let data = data.path();
    let path = file(data, "headcount.db", &[b'x'; 8192]);
    refused(data, &["users"], 1, &["headcount.db"]);
    assert_eq!(std::fs::read(path).unwrap(), [b'x'; 8192]);
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_left_alone() {
    let data = TempDir::new().unwrap();
    let data = data.path();
    assert!(headcount(data, &["shared", "set", "sector", "blue"]).status.success());
    let path = data.join("headcount.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    let version: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert!(version > 0, "the schema's version stands in user_version");
    database.pragma_update(None, "user_version", version + 1).unwrap();
    drop(database);
    refused(data, &["users"], 1, &["newer"]);
}
