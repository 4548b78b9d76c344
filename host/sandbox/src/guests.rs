//! Connectors of a few lines of WebAssembly text, for tests: each behaves in one way that no language's compiler would produce.

use std::sync::Arc;
use std::time::Duration;

use headcount_model::Manifest;
use headcount_model::manifest::Settings;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, UnresolvedPackageGroup};

use crate::budget::Budget;
use crate::call::{OpenOptions, Run};
use crate::egress::{Egress, EgressOptions};
use crate::engine::{Connector, Runtime, RuntimeOptions};
use crate::jail::Compiler;
use crate::package::Package;
use crate::vault::Credentials;

const CONTRACT: &str = include_str!("../../../wit/connector.wit");
const WASI: [&str; 4] = [
    include_str!("../../../wit/deps/io.wit"),
    include_str!("../../../wit/deps/clocks.wit"),
    include_str!("../../../wit/deps/random.wit"),
    include_str!("../../../wit/deps/http.wit"),
];

/// What language runtimes import beside the contract.
const RUNTIME: &str = "
    package wasi:cli@0.2.3 {
        interface stderr { use wasi:io/streams@0.2.3.{output-stream}; get-stderr: func() -> output-stream; }
        interface exit { exit: func(status: result); }
        interface environment { get-environment: func() -> list<tuple<string, string>>; }
    }
    package wasi:filesystem@0.2.3 {
        interface types {
            use wasi:io/streams@0.2.3.{input-stream};
            resource descriptor { read-via-stream: func(offset: u64) -> result<input-stream, u8>; }
            open-anything: func() -> u32;
        }
        interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }
    }
    package wasi:sockets@0.2.3 {
        interface network { resource network; }
        interface instance-network { use network.{network}; instance-network: func() -> network; }
    }
    package evil:corp@1.0.0 { interface thing { run: func(); } }
";

/// A connector to be built. The defaults answer every call with an empty, complete page.
#[derive(Clone)]
pub(crate) struct Guest {
    /// Core imports, in text.
    pub imports: String,
    /// Further core items.
    pub items: String,
    /// The bodies of the three calls; each leaves a pointer to its result.
    pub check: String,
    pub read: String,
    pub invoke: String,
    /// Further lines of its WIT world.
    pub world: String,
    /// The versions it is built for.
    pub wasi: String,
    pub contract: String,
}

/// Where the results of `check`, `read` and `invoke` stand in memory when nothing else is said.
pub(crate) const SCOPE: u32 = 512;
pub(crate) const PAGE: u32 = 640;
pub(crate) const OUTCOME: u32 = 2048;
/// A failure (unauthenticated) that any call may give.
pub(crate) const FAILURE: u32 = 896;
/// In a page: its count of rows.
pub(crate) const ROWS: u32 = PAGE + 100;
/// In a page: how it ends, and its cursor.
pub(crate) const PROGRESS: u32 = PAGE + 112;

impl Default for Guest {
    fn default() -> Self {
        Guest {
            imports: String::new(),
            items: String::new(),
            check: format!("i32.const {SCOPE}"),
            read: format!("i32.const {PAGE}"),
            invoke: format!("i32.const {OUTCOME}"),
            world: String::new(),
            wasi: "0.2.3".to_owned(),
            contract: "0.1.0".to_owned(),
        }
    }
}

impl Guest {
    pub(crate) fn reading(body: &str) -> Self {
        Guest { read: body.to_owned(), ..Guest::default() }
    }

    /// Loads the log's `write` as `$log`, and lets `(call $say)` write "last words".
    pub(crate) fn with_log(mut self) -> Self {
        self.imports += r#"(import "headcount:connector/log@0.1.0" "write" (func $log (param i32 i32 i32)))"#;
        self.items += r#"(data (i32.const 1100) "last words")
            (func $say (call $log (i32.const 1) (i32.const 1100) (i32.const 10)))"#;
        self
    }

    /// The core module, with the section that its bindings would put there.
    pub(crate) fn module(&self) -> Vec<u8> {
        let Guest { imports, items, check, read, invoke, contract, .. } = self;
        let api = format!("headcount:connector/api@{contract}");
        let text = format!(
            r#"(module
                {imports}
                (memory (export "memory") 2)
                (global $heap (mut i32) (i32.const 65536))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                    (global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                    (global.get $heap)
                    (global.set $heap (i32.add (global.get $heap) (local.get 3))))
                (data (i32.const 1024) "acme")
                (data (i32.const {SCOPE}) "\00\00\00\00\00\04\00\00\04\00\00\00\00\04\00\00\04\00\00\00")
                (data (i32.const {PROGRESS}) "\01")
                (data (i32.const {FAILURE}) "\01\00\00\00\00\00\00\00\00\04\00\00\04\00\00\00")
                {items}
                (func (export "{api}#check") (result i32) {check})
                (func (export "{api}#read") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) {read})
                (func (export "{api}#invoke") (param i32 i32 i32 i32) (result i32) {invoke}))"#
        );
        let mut module = wat::parse_str(text).unwrap();
        let (resolve, world) = self.resolve();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        module
    }

    /// The component, without a manifest.
    pub(crate) fn component(&self) -> Vec<u8> {
        ComponentEncoder::default().module(&self.module()).unwrap().encode().unwrap()
    }

    /// The whole file.
    pub(crate) fn packed(&self) -> Vec<u8> {
        crate::pack(&self.module(), &manifest()).unwrap()
    }

    pub(crate) fn package(&self) -> Package {
        Package::read(self.packed()).unwrap()
    }

    fn resolve(&self) -> (Resolve, wit_parser::WorldId) {
        let versions = |text: &str| {
            let contract = format!("headcount:connector@{}", self.contract);
            // Feature gates name versions that an older package doesn't know.
            let gated = |line: &&str| line.trim_start().starts_with("@since") || line.trim_start().starts_with("@deprecated");
            let text = text.lines().filter(|line| !gated(line)).collect::<Vec<_>>().join("\n");
            text.replace("0.2.3", &self.wasi).replace("headcount:connector@0.1.0", &contract)
        };
        let mut resolve = Resolve { all_features: true, ..Resolve::default() };
        for text in WASI.into_iter().chain([CONTRACT]) {
            resolve.push_group(UnresolvedPackageGroup::parse("a.wit", &versions(text)).unwrap()).unwrap();
        }
        let world = format!(
            "package test:guest; world guest {{ include headcount:connector/connector@{}; {} }} {RUNTIME}",
            self.contract, self.world
        );
        let package = resolve.push_group(UnresolvedPackageGroup::parse("b.wit", &versions(&world)).unwrap()).unwrap();
        let world = resolve.select_world(&[package], Some("guest")).unwrap();
        (resolve, world)
    }
}

/// The smallest manifest.
pub(crate) fn manifest() -> Manifest {
    Manifest::from_toml(
        r#"
        id = "acme"
        name = "Acme"
        version = "1.0.0"
        base-url = "https://api.acme.example"
        vendor = { name = "Acme" }
        feeds = [{ name = "users", proves = ["user"] }]
        actions = [{ name = "act", label = "Act", input = { type = "object" } }]
        "#,
    )
    .unwrap()
}

/// Egress that is never used.
pub(crate) fn egress() -> Arc<Egress> {
    // An authority of its own, as the machine may have none.
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    Egress::new(EgressOptions { extra_ca_pem: vec![authority.pem()], ..EgressOptions::default() }).unwrap()
}

/// Options that leave room for slow machines.
pub(crate) fn options() -> RuntimeOptions {
    let compiler = Compiler::InProcess;
    RuntimeOptions { compiler, keep_instance: Duration::from_secs(60), dump_memories: true, ..RuntimeOptions::new(egress()) }
}

/// Opens a run of a connector under a budget.
pub(crate) fn open(runtime: &Runtime, connector: &Arc<Connector>, budget: Budget) -> Run {
    open_for("connection", runtime, connector, budget)
}

/// The same, for a connection of this name.
pub(crate) fn open_for(connection: &str, runtime: &Runtime, connector: &Arc<Connector>, budget: Budget) -> Run {
    let settings = Settings { values: Default::default(), base_url: "https://api.acme.example".to_owned(), hosts: Vec::new() };
    let options = OpenOptions {
        tenant: "tenant".parse().unwrap(),
        connection: connection.parse().unwrap(),
        settings,
        credentials: Credentials::default(),
        budget,
    };
    runtime.open(connector, options).unwrap()
}

/// A runtime, and a run of this guest in it.
pub(crate) async fn run(guest: &Guest, budget: Budget) -> (Runtime, Run) {
    let runtime = Runtime::new(options()).unwrap();
    let connector = runtime.load(&guest.package()).await.unwrap();
    let run = open(&runtime, &connector, budget);
    (runtime, run)
}
