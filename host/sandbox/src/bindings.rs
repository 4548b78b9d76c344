//! The contract as Rust, generated from `wit/`; WASI is mapped to wasmtime's own bindings.

mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "connector",
        exports: { default: async },
        require_store_data_send: true,
        with: {
            "wasi:io": wasmtime_wasi::p2::bindings::io,
            "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
            "wasi:random": wasmtime_wasi::p2::bindings::random,
            "wasi:http": wasmtime_wasi_http::p2::bindings::http,
        },
    });
}

pub(crate) use generated::headcount::connector::{config, log, model};
pub(crate) use generated::{Connector as Guest, ConnectorPre as GuestPre};
