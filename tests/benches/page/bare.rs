//! The same component in wasmtime alone: the engine's same settings and the interfaces that it imports, without limits and guards.

use anyhow::{Result, anyhow};
use http::{Request, Response};
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use crate::engine::engine;

/// The component, linked.
pub struct Bare {
    engine: Engine,
    pre: InstancePre<State>,
}

impl Bare {
    /// Compiles and links the component.
    ///
    /// # Errors
    /// It imports something else than JumpCloud's connector does.
    pub fn new(component: &[u8]) -> Result<Self> {
        Self::linked(component).map_err(|error| anyhow!("{error:#}"))
    }

    fn linked(component: &[u8]) -> wasmtime::Result<Self> {
        let engine = engine(true)?;
        let component = Component::from_binary(&engine, component)?;
        let mut linker = Linker::<State>::new(&engine);
        wasmtime_wasi_http::p2::add_to_linker_async(&mut linker)?;
        linker.instance("headcount:connector/config@0.1.0")?.func_new("get", |_, _, _, _| Ok(()))?;
        linker.instance("headcount:connector/log@0.1.0")?.func_new("write", |_, _, _, _| Ok(()))?;
        let pre = linker.instantiate_pre(&component)?;
        Ok(Bare { engine, pre })
    }

    /// Makes an instance and drops it.
    ///
    /// # Errors
    /// The engine can't.
    pub async fn instantiate(&self) -> Result<()> {
        let state =
            State { wasi: WasiCtx::builder().build(), http: WasiHttpCtx::new(), table: ResourceTable::new(), hooks: Nowhere };
        let mut store = Store::new(&self.engine, state);
        store.set_epoch_deadline(1);
        self.pre.instantiate_async(&mut store).await.map(drop).map_err(|error| anyhow!("{error:#}"))
    }
}

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Nowhere,
}

struct Nowhere;

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Nowhere {
    fn send_request(
        &mut self,
        _: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Io,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Io), Error>> + Send> {
        Box::new(std::future::ready(Err(ErrorCode::HttpRequestDenied.into())))
    }

    fn p2_error_from_hyper(&mut self, _: &hyper::Error) -> ErrorCode {
        ErrorCode::HttpProtocolError
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
