//! What can be made to happen at the demonstration's vendors while they are kept: typed in, a line each.

use std::io::BufRead;

use headcount_vendors::{Fault, Rule, Servers, Vendor};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::output::Out;

/// What is understood.
const HELP: &str = "Type what is to happen at the vendors:
  next           some time goes by: people join and leave
  lose kandji    Kandji says that it has no users
  heal           it has them again
  rekey tines    Tines (or another) accepts another key from now on, which is printed";
/// The longest line that is read, in characters.
const LONGEST: usize = 200;

/// Does what is typed in until it is cancelled.
pub async fn take(servers: &Servers, cancel: &CancellationToken, out: Out) {
    out.remark(HELP);
    let (lines, mut typed) = mpsc::channel(1);
    // Nobody waits for this thread: a terminal can't be interrupted.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.blocking_send(line.chars().take(LONGEST).collect::<String>()).is_err() {
                return;
            }
        }
    });
    let mut step = 0;
    loop {
        let line = tokio::select! {
            () = cancel.cancelled() => return,
            line = typed.recv() => line,
        };
        let Some(line) = line else { return cancel.cancelled().await };
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            ["next"] => {
                step += 1;
                servers.evolve(step);
                out.remark("some time went by");
            }
            ["lose", "kandji"] => {
                let body = r#"{"count":0,"next":null,"previous":null,"results":[]}"#.to_owned();
                let nobody = Fault::Status { status: 200, content_type: "application/json".into(), body };
                servers.faults(Vendor::Kandji).set(Rule::always("/api/v1/users", nobody));
                out.remark("Kandji lists nobody, and says that this is all");
            }
            ["heal"] => {
                servers.faults(Vendor::Kandji).clear();
                out.remark("Kandji lists everybody again");
            }
            ["rekey", name] => match Vendor::ALL.into_iter().find(|vendor| vendor.name() == *name) {
                Some(vendor) => out.remark(format!("{name} accepts this key now: {}", servers.rotate(vendor))),
                None => out.remark("the vendors are jetbrains, tines, kandji and jumpcloud"),
            },
            _ => out.remark(HELP),
        }
    }
}
