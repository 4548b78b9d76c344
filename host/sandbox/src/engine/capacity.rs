//! How many instances, and connections to vendors, this machine holds. What runs out first is the kernel's limit of memory mappings, not memory.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Mappings of one live instance: seven were counted, one is spare.
const MAPPINGS: u64 = 8;
/// Descriptors of one live instance: two connections, and its share of everything else.
const DESCRIPTORS: u64 = 3;
const CONNECTIONS: u64 = 2;
/// Memory of a small instance that waits for a response, with its connection. Larger ones are bounded by their budgets.
const BYTES: u64 = 300 << 10;
/// Where the machine doesn't say.
const UNKNOWN: u64 = 1_000;

/// The least of what mappings, descriptors and memory allow, after raising the soft limit of descriptors to the hard one.
pub(super) fn instances() -> u32 {
    let room = mappings().min(descriptors()).min(memory());
    u32::try_from(room).unwrap_or(u32::MAX).clamp(1, 1_000_000)
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

fn memory() -> u64 {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = info.lines().find_map(|line| number(line.strip_prefix("MemAvailable:")));
    kib.map_or(UNKNOWN, |kib| kib.saturating_mul(1024) / BYTES)
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
    fn reads_numbers_as_the_kernel_writes_them() {
        assert_eq!(number(Some("65530\n")), Some(65_530));
        assert_eq!(number(Some("   12345 kB")), Some(12_345));
        assert_eq!(number(Some("none")), None);
        assert_eq!(number(None), None);
    }
}
