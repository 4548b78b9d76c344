//! The engine of wasmtime as the sandbox sets it up, without the sandbox.

use wasmtime::{Config, Engine};

/// With epochs, by which the sandbox interrupts what runs, or without.
///
/// # Errors
/// This machine can't run such an engine.
pub fn engine(epochs: bool) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.concurrency_support(false);
    config
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    config.epoch_interruption(epochs);
    config.cranelift_nan_canonicalization(true);
    config.memory_init_cow(true);
    config.coredump_on_trap(false);
    Engine::new(&config)
}
