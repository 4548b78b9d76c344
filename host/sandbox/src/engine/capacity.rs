//! How many instances and connections to vendors this machine holds, and how much memory is theirs. What runs out first is the kernel's limit of memory mappings, not memory.

use std::fs;
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::call::MEMORIES;

/// Mappings of one live instance with as many memories as it may have: seven were counted with one, and two more for each further one.
const MAPPINGS: u64 = 5 + 2 * MEMORIES as u64;
/// Descriptors of one live instance: two connections, and its share of everything else.
const DESCRIPTORS: u64 = 3;
const CONNECTIONS: u64 = 2;
/// Memory of a small instance that waits for a response, with its connection. Larger ones are bounded by their budgets.
const BYTES: u64 = 300 << 10;
/// The least memory for all instances: the default budgets of two sessions.
const LEAST_MEMORY: u64 = 512 << 20;
/// Where the machine doesn't say.
const UNKNOWN: u64 = 1_000;

/// The least of what mappings, descriptors and memory allow, after raising the soft limit of descriptors to the hard one.
pub(super) fn instances() -> u32 {
    let room = mappings().min(descriptors()).min(free_memory().map_or(UNKNOWN, |free| free / BYTES));
    u32::try_from(room).unwrap_or(u32::MAX).clamp(1, 1_000_000)
}

/// Bytes for the memories of all instances: three quarters of what is free. The rest is for what the host itself makes of pages.
pub(super) fn instance_memory() -> u64 {
    free_memory().map_or(0, |free| free / 4 * 3).max(LEAST_MEMORY)
}

/// Two of every three descriptors, so that stores, logs and listeners never lack theirs.
pub(crate) fn connections() -> u32 {
    u32::try_from(descriptors().saturating_mul(CONNECTIONS)).unwrap_or(u32::MAX).clamp(1, 1_000_000)
}

fn mappings() -> u64 {
    let Some(max) = number(fs::read_to_string("/proc/sys/vm/max_map_count").ok().as_deref()) else {
        return UNKNOWN;
    };
    let used = fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count() as u64);
    max.saturating_sub(used) / MAPPINGS
}

fn descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // Refused: the soft limit stays, and the count below is of that.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
    getrlimit(Resource::Nofile).current.map_or(u64::MAX, |limit| limit / DESCRIPTORS)
}

/// Bytes that are free on this machine, and for the control groups that this process is in.
fn free_memory() -> Option<u64> {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let machine = info.lines().find_map(|line| number(line.strip_prefix("MemAvailable:"))).map(|kib| kib.saturating_mul(1024));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"));
    machine.into_iter().chain(group.and_then(|group| free_in_group(Path::new("/sys/fs/cgroup"), group))).min()
}

/// Bytes that the limits of a control group (version 2) and of those around it leave; none: they have no limits.
fn free_in_group(root: &Path, group: &str) -> Option<u64> {
    let free = |folder: &Path| {
        let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
        let max = number(read("memory.max").as_deref())?;
        // Files that were read once are dropped when memory is wanted.
        let stat = read("memory.stat").unwrap_or_default();
        let droppable = stat.lines().find_map(|line| number(line.strip_prefix("inactive_file "))).unwrap_or(0);
        let held = number(read("memory.current").as_deref())?.saturating_sub(droppable);
        Some(max.saturating_sub(held))
    };
    root.join(group).ancestors().take_while(|folder| folder.starts_with(root)).filter_map(free).min()
}

fn number(text: Option<&str>) -> Option<u64> {
    text?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_some_instances_and_not_more_than_mappings_allow() {
        let room = u64::from(instances());
        assert!(room >= 1);
        assert!(room <= mappings().max(1));
    }

    #[test]
    fn the_narrowest_control_group_says_what_is_free() {
        let root = tempfile::tempdir().unwrap();
        let write = |group: &str, file: &str, text: &str| {
            fs::create_dir_all(root.path().join(group)).unwrap();
            fs::write(root.path().join(group).join(file), text).unwrap();
        };
        assert_eq!(free_in_group(root.path(), "a/b"), None);
        write("a/b", "memory.max", "max\n");
        write("a/b", "memory.current", "10\n");
        assert_eq!(free_in_group(root.path(), "a/b"), None);
        write("a", "memory.max", "100\n");
        write("a", "memory.current", "70\n");
        write("a", "memory.stat", "anon 50\ninactive_file 20\n");
        assert_eq!(free_in_group(root.path(), "a/b"), Some(50));
        write("a/b", "memory.max", "15\n");
        assert_eq!(free_in_group(root.path(), "a/b"), Some(5));
    }

    #[test]
    fn reads_numbers_as_the_kernel_writes_them() {
        assert_eq!(number(Some("65530\n")), Some(65_530));
        assert_eq!(number(Some("   12345 kB")), Some(12_345));
        assert_eq!(number(Some("none")), None);
        assert_eq!(number(None), None);
    }
}
