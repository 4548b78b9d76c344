//! How the engine is set up, and the fingerprint under which compiled code is kept.

use std::hash::{Hash, Hasher};

use wasmtime::{Config, Engine, WasmFeatures};

/// The engine's version, which compiled code is bound to. wasmtime's own hash has the major version only, and a security fix in the
/// compiler is a patch. A test compares it with the lock file.
pub(super) const WASMTIME: &str = "48.0.8";

/// The proposals that supported toolchains need. All others are off, whatever features of wasmtime an embedder's tree switches on:
/// GC, exceptions, threads, tail calls, 64-bit and several memories, and what is yet to come.
const PROPOSALS: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::COMPONENT_MODEL);

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
    config.wasm_features(WasmFeatures::all().difference(PROPOSALS), false);
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
    fn only_the_proposals_that_toolchains_need_are_taken() {
        let engine = engine(false).unwrap();
        let taken =
            |fields: &str| wasmtime::Module::validate(&engine, &wat::parse_str(format!("(module {fields})")).unwrap()).is_ok();
        for fields in [
            "(global (mut i32) (i32.const 0))",
            "(func (param f64) (result i32) (i32.trunc_sat_f64_s (local.get 0)))",
            "(func (param i32) (result i32) (i32.extend8_s (local.get 0)))",
            "(table 1 funcref) (table 1 funcref)",
            "(func (result i32 i32) (i32.const 1) (i32.const 2))",
            "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)))",
            "(func (result v128) (v128.const i64x2 0 0))",
            "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
        ] {
            assert!(taken(fields), "{fields}");
        }
        for fields in [
            "(table 1 externref)",
            "(type (struct (field i32)))",
            "(type (array i8))",
            "(func (param (ref null any)))",
            "(tag)",
            "(memory 1 1 shared)",
            "(memory 1) (func (result i32) (i32.atomic.load (i32.const 0)))",
            "(type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0)))",
            "(type $f (func)) (type $c (cont $f))",
            "(memory i64 1)",
            "(memory 1) (memory 1)",
            "(func $f (return_call $f))",
            "(memory 1 (pagesize 1))",
            "(func (param i64 i64 i64 i64) (result i64 i64) (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))",
            "(func (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))",
        ] {
            assert!(!taken(fields), "{fields}");
        }
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
