//! Actions as a person at a terminal has them.

use std::process::{Command, Output, Stdio};

use headcount_tests::{Lab, program};
use headcount_vendors::Vendor;
use serde_json::Value;

use super::{permitted, writes};

fn headcount(lab: &Lab, arguments: &[&str]) -> Output {
    let mut command = Command::new(program().unwrap());
    command.args(lab.flags().unwrap()).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn json(lab: &Lab, arguments: &[&str]) -> Vec<Value> {
    let output = headcount(lab, &[&["--json"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_list_to_the_history() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let truth = lab.servers.truth(Vendor::Tines);
    let user = truth.users.iter().find(|user| user.status == "active" && user.administrator != Some(true)).unwrap();
    let set = format!("user-id={}", user.id);

    let listed = said(&headcount(&lab, &["action", "tines"]));
    for words in ["deactivate", "User id", "takes something away", "headcount action permit tines deactivate"] {
        assert!(listed.contains(words), "{words} is not in: {listed}");
    }
    let forbidden = headcount(&lab, &["action", "tines", "deactivate", "--set", &set, "--yes"]);
    assert_eq!(forbidden.status.code(), Some(2), "{}", said(&forbidden));
    assert!(said(&headcount(&lab, &["action", "permit", "tines", "--reason", "offboarding"])).contains("deactivate, reactivate"));
    // A misspelt action would stay permitted, and pass for forbidden.
    let misspelt = headcount(&lab, &["action", "forbid", "tines", "deactivat"]);
    assert_eq!(misspelt.status.code(), Some(5), "{}", said(&misspelt));
    assert!(said(&misspelt).contains("has no action deactivat; it has: "), "{}", said(&misspelt));

    let preview = said(&headcount(&lab, &["action", "tines", "deactivate", "--set", &set, "--preview"]));
    let name = user.display_name.as_deref().unwrap();
    for words in [name, "PUT https://acme.tines.com/api/v1/admin/users", "offboarding"] {
        assert!(preview.contains(words), "{words} is not in: {preview}");
    }
    let unasked = headcount(&lab, &["action", "tines", "deactivate", "--set", &set]);
    assert_eq!(unasked.status.code(), Some(2), "nobody can be asked: {}", said(&unasked));
    assert_eq!(writes(&lab, Vendor::Tines), 0);

    let arguments = ["action", "tines", "deactivate", "--set", &set, "--yes", "--as", "ana", "--reason", "left", "--key", "k1"];
    let done = json(&lab, &arguments).remove(0);
    assert_eq!((&done["state"], &done["requested-by"], &done["why"]), (&"done".into(), &"ana".into(), &"left".into()));
    assert!(done["through"].as_str().unwrap().starts_with("command line of "), "{done}");
    assert_eq!(json(&lab, &arguments)[0]["repeated"], true);
    assert_eq!(writes(&lab, Vendor::Tines), 1);

    let history = json(&lab, &["action", "history", "--connection", "tines"]);
    assert_eq!(history.iter().map(|run| run["state"].as_str().unwrap()).collect::<Vec<_>>(), ["done", "forbidden"]);
    let shown = said(&headcount(&lab, &["action", "show", &done["id"].to_string()]));
    for words in ["asked for by ana", "why: left", name, "it was done", "is inactive now"] {
        assert!(shown.contains(words), "{words} is not in: {shown}");
    }
    assert_eq!(headcount(&lab, &["action", "show", "999"]).status.code(), Some(5));

    // What to do about a refusal names the connection.
    lab.servers.rotate(Vendor::Tines);
    let refused = headcount(&lab, &["action", "tines", "reactivate", "--set", &set, "--yes"]);
    assert_eq!(refused.status.code(), Some(4), "{}", said(&refused));
    let text = said(&refused);
    assert!(text.contains("headcount connection credential tines") && text.contains("nothing was changed"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_forbids_actions_in_the_configuration() {
    let (lab, _) = permitted(100, Vendor::Tines).await;
    let file = lab.data.path().join("operator.toml");
    std::fs::write(&file, "forbid-actions = ['tines/deactivate']").unwrap();
    let config = file.to_str().unwrap();
    let output = headcount(&lab, &["--config", config, "action", "tines", "deactivate", "--set", "user-id=1", "--yes"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("operator"), "{}", said(&output));
    let output = headcount(&lab, &["--forbid-actions", "*", "action", "tines", "reactivate", "--set", "user-id=1", "--yes"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    std::fs::write(&file, "forbid-actions = ['connection:acme/tines']").unwrap();
    let output = headcount(&lab, &["--config", config, "action", "tines", "reactivate", "--set", "user-id=1", "--yes"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("forbids connection:acme/tines: only the operator"), "{}", said(&output));
    std::fs::write(&file, "forbid-actions = ['Tines!']").unwrap();
    let output = headcount(&lab, &["--config", config, "action", "tines"]);
    assert!(!output.status.success() && said(&output).contains("forbid-actions"), "{}", said(&output));
    assert_eq!(writes(&lab, Vendor::Tines), 0);
}
