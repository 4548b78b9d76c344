//! What `wit-bindgen` makes of `wit/`: WASI in one module, the connector's contract in another.
//!
//! Two modules, because the contract's records derive `Default` and `PartialEq`, which WASI's resources can't.

/// WASI's HTTP, streams, clocks and randomness.
#[expect(missing_docs, reason = "generated: not everything in the WIT is described")]
pub mod wasi {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package headcount:sdk;

            world platform {
                import wasi:http/outgoing-handler@0.2.3;
                import wasi:clocks/wall-clock@0.2.3;
                import wasi:clocks/monotonic-clock@0.2.3;
                import wasi:random/random@0.2.3;
            }
        ",
        world: "headcount:sdk/platform",
        generate_all,
    });
}

/// The contract: records, configuration, log, and what a connector exports.
#[expect(missing_docs, reason = "generated: not everything in the WIT is described")]
pub mod connector {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "headcount:connector/connector",
        with: {
            "wasi:io/error@0.2.3": crate::contract::wasi::wasi::io::error,
            "wasi:io/poll@0.2.3": crate::contract::wasi::wasi::io::poll,
            "wasi:io/streams@0.2.3": crate::contract::wasi::wasi::io::streams,
            "wasi:http/types@0.2.3": crate::contract::wasi::wasi::http::types,
            "wasi:http/outgoing-handler@0.2.3": crate::contract::wasi::wasi::http::outgoing_handler,
            "wasi:clocks/wall-clock@0.2.3": crate::contract::wasi::wasi::clocks::wall_clock,
            "wasi:clocks/monotonic-clock@0.2.3": crate::contract::wasi::wasi::clocks::monotonic_clock,
            "wasi:random/random@0.2.3": crate::contract::wasi::wasi::random::random,
        },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_connector",
        default_bindings_module: "headcount_connector::contract::connector",
        additional_derives: [PartialEq, Default],
        // A kind, a code or an ending has no default: forgetting one must not compile.
        additional_derives_ignore: [
            "kind", "reference", "user-status", "account-type", "license-state", "grant", "failure-code", "failure",
            "access", "feed-access", "progress", "page", "level",
        ],
    });
}
