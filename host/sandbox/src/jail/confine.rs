//! What a worker takes from itself before it reads a byte: memory, time, files, open ones too, network, and the right to start anything.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Bytes of address space: JavaScript connectors need 400 MB.
const MEMORY: u64 = 1 << 30;
/// Seconds of CPU time: JavaScript connectors need 24 on a slow core.
const CPU: u64 = 120;
/// Descriptors: standard input, output and error, and what setting up Landlock takes.
const DESCRIPTORS: u64 = 8;

/// What a worker is held to.
pub(super) struct Limits {
    /// Bytes of memory.
    pub memory: u64,
    /// Seconds of CPU time.
    pub cpu: u64,
    /// What could not be had, for people.
    pub lacks: Vec<String>,
}

/// Closes all but standard input, output and error: a program that embeds Headcount may have left anything open for its children.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "closing descriptors by number")]
fn close_inherited() -> std::io::Result<()> {
    // SAFETY: a worker calls this first in `main`, when nothing in this process owns a descriptor above the standard ones.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
    if closed == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

/// Elsewhere they stay: `wall_in` says that there are no walls.
#[cfg(not(target_os = "linux"))]
fn close_inherited() -> std::io::Result<()> {
    Ok(())
}

/// Closes inherited files, and bounds what this process may use. Limits that are tighter already stay. Call it first in `main`.
pub(super) fn limit() -> Limits {
    let mut lacks = Vec::new();
    if let Err(error) = close_inherited() {
        lacks.push(format!("the closing of files that the host left open ({error})"));
    }
    let mut tighten = |what: &str, resource, limit: u64| {
        let hard = getrlimit(resource).maximum.map_or(limit, |hard| hard.min(limit));
        // One less than the hard limit of time: there the kernel says why, and kills only a second later.
        let soft = if matches!(resource, Resource::Cpu) { hard.saturating_sub(1).max(1) } else { hard };
        if let Err(error) = setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) }) {
            lacks.push(format!("a limit of {what} ({error})"));
        }
        soft
    };
    let memory = tighten("memory", Resource::As, MEMORY);
    let cpu = tighten("CPU time", Resource::Cpu, CPU + 1);
    tighten("what is written to files", Resource::Fsize, 0);
    tighten("memory dumps", Resource::Core, 0);
    tighten("open files", Resource::Nofile, DESCRIPTORS);
    tighten("processes", Resource::Nproc, 0);
    Limits { memory, cpu, lacks }
}

/// Ends this process with its parent, and gives up files, network and everything else that compiling does not need.
#[cfg(target_os = "linux")]
pub(super) fn wall_in(lacks: &mut Vec<String>) {
    use rustix::process::{Signal, set_parent_process_death_signal};

    let mut had = |what: &str, done: Result<(), String>| {
        if let Err(error) = done {
            lacks.push(format!("{what} ({error})"));
        }
    };
    had("ending with the host", set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| error.to_string()));
    had("giving up privileges", rustix::thread::set_no_new_privs(true).map_err(|error| error.to_string()));
    had("Landlock's wall around files and network", landlock());
    had("a filter of system calls", super::filter::apply());
}

/// Elsewhere the limits are all there is.
#[cfg(not(target_os = "linux"))]
pub(super) fn wall_in(lacks: &mut Vec<String>) {
    lacks.push("no walls around files, network and processes (they need Linux)".to_owned());
}

/// Denies every file and every port that this kernel's Landlock knows of.
#[cfg(target_os = "linux")]
fn landlock() -> Result<(), String> {
    use landlock::{ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus, Scope};

    const NEWEST: ABI = ABI::V6;
    let deny = || {
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(NEWEST))?
            .handle_access(AccessNet::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?
            .create()?
            .restrict_self()
    };
    match deny() {
        Ok(status) if status.ruleset == RulesetStatus::NotEnforced => Err("this kernel has none".to_owned()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
