//! libFuzzer drives one target: `HEADCOUNT_FUZZ=url fuzz corpus/url`. See `make fuzz`.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("HEADCOUNT_FUZZ").unwrap_or_default();
    headcount_fuzz::target(&name).unwrap_or_else(|| {
        let known: Vec<&str> = headcount_fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
        eprintln!("HEADCOUNT_FUZZ names no target: it is one of {}", known.join(", "));
        std::process::exit(2)
    })
});

fuzz_target!(|data: &[u8]| TARGET(data));
