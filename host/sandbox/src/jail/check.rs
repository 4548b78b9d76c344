//! Proves on a machine that a compile worker can do nothing else: by trying.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use super::confine;

/// Tries what a compile worker must not be able to do, and prints what became of each attempt. Succeeds if all were refused.
pub fn check_compile_worker() -> ExitCode {
    // Never dropped: its descriptor is closed below, and the number may be another's by then.
    let left_open = std::fs::File::open("/proc/self/status").map(std::mem::ManuallyDrop::new);
    let mut lacks = confine::limit().lacks;
    confine::wall_in(&mut lacks);
    let written = std::env::temp_dir().join("headcount-compile-worker-check");
    let attempts: [(&str, io::Result<()>); 9] = [
        ("read a file that was left open", left_open.and_then(|file| (&*file).read(&mut [0]).map(drop))),
        ("read a file", std::fs::File::open("/proc/self/status").map(drop)),
        ("write a file", std::fs::File::create(&written).map(drop)),
        ("list a folder", std::fs::read_dir("/").map(drop)),
        ("open an internet socket", std::net::UdpSocket::bind("127.0.0.1:0").map(drop)),
        ("open a local socket", std::os::unix::net::UnixDatagram::unbound().map(drop)),
        ("start a program", std::process::Command::new("/bin/true").spawn().map(drop)),
        ("start a thread", std::thread::Builder::new().spawn(|| {}).map(drop)),
        ("signal its parent", signal_parent()),
    ];
    let mut held = lacks.is_empty();
    let mut text = String::new();
    for (what, result) in attempts {
        held &= result.is_err();
        text += &match result {
            Ok(()) => format!("{what}: done\n"),
            Err(error) => format!("{what}: refused, {error}\n"),
        };
    }
    for lack in lacks {
        text += &format!("this machine does not give {lack}\n");
    }
    let told = io::stdout().write_all(text.as_bytes()).is_ok();
    if held && told { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn signal_parent() -> io::Result<()> {
    match rustix::process::getppid() {
        Some(parent) => Ok(rustix::process::test_kill_process(parent)?),
        None => Err(io::ErrorKind::NotFound.into()),
    }
}
