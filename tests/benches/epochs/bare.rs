//! The same component in wasmtime alone: the engine's same settings but for epochs, no limits, and the same gate to the vendor.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::{Result, anyhow};
use generated::headcount::connector::{config, log};
use generated::{Connector, ConnectorPre};
use headcount::sandbox::egress::{Gate, GateHooks, Purpose};
use headcount_tests::measure::thread_time;
use wasmtime::Store;
use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::engine::engine;

mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
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

/// One instance that serves page after page.
pub struct Bare {
    store: Store<State>,
    connector: Connector,
}

impl Bare {
    /// Compiles the component and makes its instance.
    ///
    /// # Errors
    /// It imports something else than JumpCloud's connector does.
    pub async fn new(component: &[u8], settings: String, gate: &Arc<Gate>) -> Result<Self> {
        Self::start(component, settings, gate).await.map_err(|error| anyhow!("{error:#}"))
    }

    async fn start(component: &[u8], settings: String, gate: &Arc<Gate>) -> wasmtime::Result<Self> {
        let engine = engine(false)?;
        let component = Component::from_binary(&engine, component)?;
        let mut linker = Linker::<State>::new(&engine);
        wasmtime_wasi_http::p2::add_to_linker_async(&mut linker)?;
        config::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
        log::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
        let pre = ConnectorPre::new(linker.instantiate_pre(&component)?)?;
        let state = State {
            wasi: WasiCtx::builder().build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            hooks: gate.hooks(Purpose::Read),
            gate: Arc::clone(gate),
            settings,
        };
        let mut store = Store::new(&engine, state);
        let connector = pre.instantiate_async(&mut store).await?;
        Ok(Bare { store, connector })
    }

    /// Reads a page: how many users it has, and the processor's time for it.
    ///
    /// # Errors
    /// The connector failed or trapped.
    pub async fn read(&mut self, cursor: Option<&str>) -> Result<(usize, Duration)> {
        let state = self.store.data_mut();
        state.hooks = state.gate.hooks(Purpose::Read);
        let call = self.connector.headcount_connector_api().call_read(&mut self.store, "users", None, cursor);
        let (page, time) = Timed { call: Box::pin(call), time: Duration::ZERO }.await;
        let page = page.map_err(|error| anyhow!("{error:#}"))?.map_err(|failure| anyhow!(failure.message))?;
        Ok((page.records.users.map_or(0, |users| users.len()), time))
    }
}

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: GateHooks,
    gate: Arc<Gate>,
    settings: String,
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
        self.settings.clone()
    }
}

impl log::Host for State {
    fn write(&mut self, _: log::Level, _: String) {}
}

/// A call whose polls are timed by the thread's own clock, as the sandbox counts a connector's time.
struct Timed<'a, T> {
    call: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    time: Duration,
}

impl<T> Future for Timed<'_, T> {
    type Output = (T, Duration);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<(T, Duration)> {
        let start = thread_time();
        let polled = self.call.as_mut().poll(context);
        self.time += thread_time() - start;
        polled.map(|result| (result, self.time))
    }
}
