//! Counts an instance's memories and tables into the session's budget, and into what all sessions hold. What is refused is latched there: a connector sees only that
//! growing failed, and would report something else.

use std::sync::Arc;

use headcount_model::TenantId;
use wasmtime::ResourceLimiter;

use crate::budget::Meter;
use crate::engine::{Held, Memory};
use crate::fair::Crowded;

/// Core instances of one component: each costs the host kilobytes beyond its memory. Components of Python have 14.
pub(super) const INSTANCES: usize = 64;
/// Tables of one component: a language's runtime has one or two a core instance. Their elements count as memory.
pub(super) const TABLES: usize = 16;
/// Memories of one component: each takes two mappings and 4 GiB of address space, whatever it holds. What the compilers of Rust,
/// JavaScript and Python make has one; the second is for a component put together from two. `engine/capacity.rs` counts on it.
pub(crate) const MEMORIES: usize = 2;
/// Bytes of one table element.
const ELEMENT: u64 = 8;

/// What one instance holds.
pub(super) struct Limits {
    meter: Arc<Meter>,
    memory: Arc<Memory>,
    tenant: TenantId,
    held: u64,
    /// The last growth, given back if it fails after all.
    last: u64,
}

impl Limits {
    pub(super) fn new(meter: Arc<Meter>, memory: Arc<Memory>, tenant: TenantId) -> Self {
        Limits { meter, memory, tenant, held: 0, last: 0 }
    }

    /// Counts what the instance gave the host, until what is returned is dropped.
    pub(super) fn hold(&self, bytes: u64) -> Result<Held, Crowded> {
        self.memory.hold(&self.tenant, bytes)
    }

    fn grow(&mut self, bytes: u64) -> wasmtime::Result<()> {
        self.meter.grow(bytes)?;
        if let Err(crowded) = self.memory.take(&self.tenant, bytes) {
            self.meter.shrink(bytes);
            return Err(crowded.into());
        }
        self.held = self.held.saturating_add(bytes);
        self.last = bytes;
        Ok(())
    }

    fn give_back(&mut self) {
        let bytes = std::mem::take(&mut self.last);
        self.held = self.held.saturating_sub(bytes);
        self.meter.shrink(bytes);
        self.memory.give_back(&self.tenant, bytes);
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.last = 0;
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current) as u64)?;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.give_back();
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.last = 0;
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let bytes = (desired.saturating_sub(current) as u64).saturating_mul(ELEMENT);
        self.grow(bytes)?;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.give_back();
        Ok(())
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        TABLES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

impl Drop for Limits {
    fn drop(&mut self) {
        self.meter.shrink(self.held);
        self.memory.give_back(&self.tenant, self.held);
    }
}
