//! What an instance has beside its code: its settings, its log, its view of WASI, and its limits.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::Session;
use super::clocks::{MonotonicClock, WallClock};
use super::cpu::{Cpu, Metered};
use super::limits::Limits;
use super::log::{InstanceLog, LogLevel, Output};
use crate::bindings::{Guest, config, log};
use crate::egress::{Ahead, GateHooks, Purpose};
use crate::engine::{Core, Held};
use crate::fair::Crowded;

/// Bytes that the connector may pass to the host in one call, a page included. 8 MiB would do for requests and logs, but a
/// legitimate page of 10,000 users takes 8 MB for the records themselves and up to 4 KB of vendor fields each.
pub(super) const HOST_CALL_BYTES: usize = 64 << 20;
/// Resources (requests, bodies, streams) that the host holds for one instance; 16 requests at once need some 200.
pub(super) const RESOURCES: usize = 1_024;
/// Handles that one instance holds: those to the host's resources, and as many to its own.
pub(super) const HANDLES: usize = 2_048;
/// Random bytes in one call, which nothing interrupts; a runtime seeds itself with 32.
pub(super) const RANDOM_BYTES: u64 = 64 << 10;
/// Header fields that the connector makes: servers take 8 to 16 KiB. Times the resources, this is host memory, too.
pub(super) const HEADER_BYTES: usize = 32 << 10;

/// The data of an instance's store.
pub(crate) struct State {
    session: Arc<Session>,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    /// Dropped before the table, which holds the ends that request bodies are written to.
    hooks: GateHooks,
    table: ResourceTable,
    limits: Limits,
    log: InstanceLog,
    stdout: Output,
    stderr: Output,
}

impl State {
    fn new(core: &Core, session: &Arc<Session>, purpose: Purpose, ahead: Option<Ahead>) -> Self {
        let gate = Arc::clone(&session.gate);
        let log = InstanceLog::new(&session.log, Arc::new(move |text| gate.clean(text)));
        let stdout = Output::new(&log, LogLevel::Info);
        let stderr = Output::new(&log, LogLevel::Warn);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(HEADER_BYTES);
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        State {
            wasi: WasiCtx::builder()
                .stdout(stdout.clone())
                .stderr(stderr.clone())
                .max_random_size(RANDOM_BYTES)
                .wall_clock(WallClock)
                .monotonic_clock(MonotonicClock::new())
                .build(),
            http,
            hooks: session.gate.hooks(purpose).with_turn(ahead),
            table,
            limits: Limits::new(Arc::clone(&session.meter), Arc::clone(&core.memory), session.tenant.clone()),
            log,
            stdout,
            stderr,
            session: Arc::clone(session),
        }
    }

    /// Another call begins.
    pub(super) fn begin(&mut self, purpose: Purpose, ahead: Option<Ahead>) {
        self.hooks = self.session.gate.hooks(purpose).with_turn(ahead);
        self.log.begin();
    }

    /// A call is over.
    pub(super) fn end(&mut self) {
        self.hooks.end();
    }

    /// Counts what the connector gave the host into what all hold.
    pub(super) fn hold(&self, bytes: u64) -> Result<Held, Crowded> {
        self.limits.hold(bytes)
    }

    /// How long the rate made a request of this call wait that was refused for it.
    pub(super) fn paced(&self) -> Option<Duration> {
        self.hooks.paced()
    }

    /// The last lines that the call wrote.
    pub(super) fn tail(&self) -> String {
        self.stdout.end();
        self.stderr.end();
        self.log.tail()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

impl config::Host for State {
    fn get(&mut self) -> String {
        self.session.settings.clone()
    }
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) {
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        self.log.write(level, &message);
    }
}

/// An instance and its store.
pub(super) struct Instance {
    pub(super) store: Store<State>,
    pub(super) guest: Guest,
}

/// Makes a store under all limits, before any of the connector's code runs.
pub(super) fn store(core: &Core, session: &Arc<Session>, cpu: &Arc<Cpu>, purpose: Purpose, ahead: Option<Ahead>) -> Store<State> {
    let mut store = Store::new(core.engine(), State::new(core, session, purpose, ahead));
    store.limiter(|state| &mut state.limits);
    store.set_hostcall_fuel(HOST_CALL_BYTES);
    store.set_max_component_handles(HANDLES);
    let cpu = Arc::clone(cpu);
    store.epoch_deadline_callback(move |_| cpu.tick());
    store.set_epoch_deadline(1);
    store
}

/// Instantiates, which may run a start function of the connector's.
pub(super) async fn instantiate(session: &Session, cpu: &Arc<Cpu>, store: &mut Store<State>) -> wasmtime::Result<Guest> {
    Metered::new(cpu, session.connector.pre.instantiate_async(store)).await
}

impl Instance {
    /// Stops the connector as it is called, and reads its memories from the dump.
    pub(super) async fn memories(&mut self) -> Result<Vec<Vec<u8>>, crate::error::CallError> {
        use crate::error::CallError;
        self.store.epoch_deadline_trap();
        self.store.set_epoch_deadline(0);
        let ended = self.guest.headcount_connector_api().call_check(&mut self.store).await;
        let Err(trap) = ended else {
            return Err(CallError::Host("the connector was not stopped".to_owned()));
        };
        let Some(dump) = trap.downcast_ref::<wasmtime::WasmCoreDump>() else {
            return Err(CallError::Host(format!("the trap carries no dump: {trap:#}")));
        };
        Ok(dump.memories().iter().map(|memory| memory.data(&self.store).to_vec()).collect())
    }
}
