//! How the engine is set up, and the fingerprint under which compiled code is kept.

use std::hash::{Hash, Hasher};

use wasmtime::{Config, Engine};

/// The engine's version, which compiled code is bound to. wasmtime's own hash has the major version only, and a security fix in the
/// compiler is a patch. A test compares it with the lock file.
pub(super) const WASMTIME: &str = "48.0.8";

/// An engine for untrusted connectors.
pub(super) fn engine(dump_memories: bool) -> wasmtime::Result<Engine> {
    let mut config = config();
    config.coredump_on_trap(dump_memories);
    Engine::new(&config)
}

/// An engine that makes the same code in one thread and runs nothing.
pub(crate) fn worker_engine() -> wasmtime::Result<Engine> {
    let mut config = config();
    config.parallel_compilation(false);
    Engine::new(&config)
}

fn config() -> Config {
    let mut config = Config::new();
    // Off: component async and threads. Contract 0.1 is synchronous, and most of the engine's advisories are in what this removes.
    config.concurrency_support(false);
    // No supported toolchain needs these.
    config
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    config.epoch_interruption(true);
    // NaN bits would tell processors apart.
    config.cranelift_nan_canonicalization(true);
    // On demand, with the default reservation and guard: no slot is reused between tenants, and no bounds checks in code.
    config.memory_init_cow(true);
    config
}

/// Everything that compiled code depends on, beside the component.
pub(crate) fn fingerprint(engine: &Engine) -> [u8; 32] {
    let mut hasher = Fingerprint(blake3::Hasher::new());
    WASMTIME.hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    *hasher.0.finalize().as_bytes()
}

struct Fingerprint(blake3::Hasher);

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_is_built() {
        let lock = include_str!("../../../../Cargo.lock");
        let engine = format!("name = \"wasmtime\"\nversion = \"{WASMTIME}\"");
        assert!(lock.contains(&engine), "engine/settings.rs says wasmtime {WASMTIME}; Cargo.lock has another");
    }

    #[test]
    fn the_fingerprint_is_stable_and_tells_settings_apart() {
        let plain = engine(false).unwrap();
        assert_eq!(fingerprint(&plain), fingerprint(&engine(false).unwrap()));
        assert_eq!(fingerprint(&plain), fingerprint(&worker_engine().unwrap()), "the compile worker's code is this engine's");
        let mut other = Config::new();
        other.concurrency_support(false).epoch_interruption(false);
        assert_ne!(fingerprint(&plain), fingerprint(&Engine::new(&other).unwrap()));
    }
}
