//! The first steps of a connector's author and of a new user: what they are given, and what mistakes tell them.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use headcount_tests::{Lab, component, program, target};
use headcount_vendors::Vendor;
use tempfile::TempDir;

fn headcount(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(program().unwrap()).args(arguments).current_dir(folder).output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_new_connector_is_a_project_of_its_own_that_packs() {
    let folder = TempDir::new().unwrap();
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../connectors/sdk").display().to_string();
    let begin = ["connector", "new", "my-app", "--sdk", &sdk];
    let made = headcount(folder.path(), &begin);
    assert!(made.status.success() && told(&made).contains("headcount connector pack"), "{}", told(&made));
    let read = |file: &str| std::fs::read_to_string(folder.path().join("my-app").join(file)).unwrap();
    let cargo = read("Cargo.toml");
    assert!(
        cargo.contains("[workspace]\n") && !cargo.contains("workspace = true") && cargo.contains("connectors/sdk'"),
        "{cargo}"
    );
    for file in ["Cargo.toml", "manifest.toml", "src/lib.rs", "src/tests.rs"] {
        assert!(!read(file).to_lowercase().contains("acme"), "{file} still has the template's name");
    }
    assert_eq!(read(".gitignore").lines().next(), Some("/target"));
    // Its manifest is good; any component takes it.
    let hello = target().unwrap().join("connectors/hello.wasm").display().to_string();
    let packed = headcount(folder.path(), &["connector", "pack", &hello, "my-app/manifest.toml", "-o", "my-app.wasm"]);
    assert!(packed.status.success(), "{}", told(&packed));

    std::fs::write(folder.path().join("my-app/src/lib.rs"), "mine").unwrap();
    let again = headcount(folder.path(), &begin);
    assert_eq!(again.status.code(), Some(2), "{}", told(&again));
    assert_eq!(read("src/lib.rs"), "mine");
    let lost = headcount(folder.path(), &["connector", "new", "other", "--sdk", "nowhere"]);
    assert!(lost.status.code() == Some(2) && told(&lost).contains("--sdk PATH"), "{}", told(&lost));
    assert!(!folder.path().join("other").exists());
}

#[test]
fn a_question_about_a_folder_that_is_not_there_makes_none() {
    let folder = TempDir::new().unwrap();
    for question in [&["users"][..], &["connection", "list"], &["connector", "list"], &["sync"], &["licenses", "--unused", "90"]]
    {
        let refused = headcount(folder.path(), &[&["--data", "mispelt"], question].concat());
        assert_eq!(refused.status.code(), Some(5), "{question:?}: {}", told(&refused));
        assert!(told(&refused).contains("no data folder mispelt") && told(&refused).contains("--data"), "{}", told(&refused));
    }
    assert!(!folder.path().join("mispelt").exists());
    // Nor is a folder with other things in it taken for one.
    std::fs::create_dir(folder.path().join("reports")).unwrap();
    for command in [
        &["users"][..],
        &["budget", "show"],
        &["catalogue", "list"],
        &["credential", "list"],
        &["notices", "list"],
        &["key", "rotate"],
        &["action", "stop"],
        &["shared", "remove", "sector"],
    ] {
        let refused = headcount(folder.path(), &[&["--data", "reports"], command].concat());
        assert_eq!(refused.status.code(), Some(5), "{command:?}: {}", told(&refused));
        assert!(told(&refused).contains("no data folder reports"), "{}", told(&refused));
    }
    assert_eq!(std::fs::read_dir(folder.path().join("reports")).unwrap().count(), 0);
    let hello = folder.path().join("hello.wasm");
    std::fs::write(&hello, component("hello").unwrap()).unwrap();
    let added = headcount(folder.path(), &["--data", "new", "connector", "add", "hello.wasm"]);
    assert!(added.status.success(), "{}", told(&added));
    let nobody = headcount(folder.path(), &["--data", "new", "--tenant", "other", "users"]);
    assert!(nobody.status.success() && told(&nobody).contains("the tenant other has no connections"), "{}", told(&nobody));
    // A sync of nothing would pass for one that was done.
    let misspelt = headcount(folder.path(), &["--data", "new", "--tenant", "other", "sync"]);
    assert_eq!(misspelt.status.code(), Some(5), "{}", told(&misspelt));
    assert!(told(&misspelt).contains("the tenant other has no connections"), "{}", told(&misspelt));
    assert!(headcount(folder.path(), &["--data", "new", "sync"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_is_told_why_a_vendor_is_not_reached() {
    let lab = Lab::new(20).await.unwrap();
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("tines.wasm"), component("tines").unwrap()).unwrap();
    std::fs::write(folder.path().join("key"), lab.servers.secret(Vendor::Tines)).unwrap();
    let run = ["connector", "run", "tines.wasm", "--feed", "users", "--set", "tenant-domain=acme.tines.com", "--secret-file"];
    let address = format!("acme.tines.com={}", lab.servers.addr(Vendor::Tines));
    let untrusted = headcount(folder.path(), &[&run[..], &["api-key=key", "--resolve", &address]].concat());
    assert_eq!(untrusted.status.code(), Some(1), "{}", told(&untrusted));
    assert!(told(&untrusted).contains("isn't trusted here") && told(&untrusted).contains("--ca FILE"), "{}", told(&untrusted));
    assert!(!told(&untrusted).contains("wait until"), "{}", told(&untrusted));
    let local = headcount(folder.path(), &[&run[..], &["api-key=key", "--base", "https://localhost:8443/v1"]].concat());
    assert!(local.status.code() == Some(2) && told(&local).contains("--resolve vendor.test="), "{}", told(&local));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_vendor_refuses_is_kept_and_both_messages_say_so() {
    let lab = Lab::new(20).await.unwrap();
    let file = lab.data.path().join("tines.wasm");
    std::fs::write(&file, component("tines").unwrap()).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(program().unwrap());
        command.args(lab.flags().unwrap()).args(arguments);
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"wrong").unwrap();
        child.wait_with_output().unwrap()
    };
    run(&["connector", "add", file.to_str().unwrap()]);
    let add = ["connection", "add", "tines", "--set", "tenant-domain=acme.tines.com", "--secret-stdin", "api-key"];
    let refused = run(&add);
    assert_eq!(refused.status.code(), Some(4), "{}", told(&refused));
    for words in ["connection tines was kept", "headcount connection credential tines;", "headcount connection launch tines"] {
        assert!(told(&refused).contains(words), "{words}: {}", told(&refused));
    }
    let again = run(&add);
    assert_eq!(again.status.code(), Some(2), "{}", told(&again));
    for words in ["already has a connection", "headcount connection credential tines", "headcount connection launch tines"] {
        assert!(told(&again).contains(words), "{words}: {}", told(&again));
    }
}

/// `headcount serve 2>&1 | tee log`: Ctrl-C ends `tee`, too, so nobody reads what the program says of it.
#[cfg(unix)]
#[test]
fn ctrl_c_stops_the_program_when_nobody_reads_it_any_more() {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(program().unwrap());
    command.arg("--data").arg(folder.path()).arg("serve");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut said).unwrap();
    assert!(said.contains("Z serving "), "{said}");
    drop((stdout, child.stderr.take()));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let begun = Instant::now();
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("it goes on");
        }
        std::thread::yield_now();
    };
    assert_eq!(ended.code(), Some(0), "{ended:?}");
}
