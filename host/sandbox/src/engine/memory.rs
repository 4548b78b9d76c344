//! The memory of all live instances, and of what they gave the host: budgets bound one session's, this bounds what all of them hold of
//! the machine's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use headcount_model::TenantId;

use crate::fair::Crowded;

/// What all instances may hold, and one tenant's half of that, so that nobody leaves the others without any.
pub(crate) struct Memory {
    limit: u64,
    held: Mutex<Sums>,
}

#[derive(Default)]
struct Sums {
    all: u64,
    /// Of each tenant that holds anything.
    each: HashMap<TenantId, u64>,
}

impl Memory {
    /// At most as many bytes.
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Memory { limit, held: Mutex::default() })
    }

    /// Counts bytes that an instance of this tenant's is about to get.
    pub(crate) fn take(&self, tenant: &TenantId, bytes: u64) -> Result<(), Crowded> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let own = held.each.get(tenant).copied().unwrap_or(0).saturating_add(bytes);
        let all = held.all.saturating_add(bytes);
        let most = self.limit / 2;
        if own > most || all > self.limit {
            let limit = if own > most { most } else { self.limit };
            return Err(Crowded::Memory { tenant: tenant.clone(), limit });
        }
        held.all = all;
        if own > 0 {
            held.each.insert(tenant.clone(), own);
        }
        Ok(())
    }

    /// Counts bytes that the host holds for this tenant, until what is returned is dropped.
    pub(crate) fn hold(self: &Arc<Self>, tenant: &TenantId, bytes: u64) -> Result<Held, Crowded> {
        let mut held = Held { memory: Arc::clone(self), tenant: tenant.clone(), bytes: 0 };
        held.grow(bytes)?;
        Ok(held)
    }

    /// Gives bytes back that were taken.
    pub(crate) fn give_back(&self, tenant: &TenantId, bytes: u64) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all = held.all.saturating_sub(bytes);
        let own = held.each.get(tenant).copied().unwrap_or(0).saturating_sub(bytes);
        if own == 0 {
            held.each.remove(tenant);
        } else {
            held.each.insert(tenant.clone(), own);
        }
    }
}

/// Bytes that the host holds for a tenant. Given back when dropped.
pub(crate) struct Held {
    memory: Arc<Memory>,
    tenant: TenantId,
    bytes: u64,
}

impl Held {
    /// Counts more.
    pub(crate) fn grow(&mut self, bytes: u64) -> Result<(), Crowded> {
        self.memory.take(&self.tenant, bytes)?;
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.give_back(&self.tenant, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_gets_half_and_all_together_get_no_more_than_there_is() {
        let memory = Memory::new(100);
        let [one, two, three] = ["one", "two", "three"].map(|name| name.parse::<TenantId>().unwrap());
        memory.take(&one, 50).unwrap();
        assert_eq!(memory.take(&one, 1), Err(Crowded::Memory { tenant: one.clone(), limit: 50 }));
        memory.take(&two, 40).unwrap();
        assert_eq!(memory.take(&three, 11), Err(Crowded::Memory { tenant: three.clone(), limit: 100 }));
        assert!(memory.take(&three, u64::MAX).is_err());
        memory.give_back(&one, 50);
        memory.take(&three, 50).unwrap();
        memory.give_back(&three, 50);
        let mut held = memory.hold(&three, 40).unwrap();
        held.grow(10).unwrap();
        assert!(held.grow(1).is_err() && memory.hold(&three, 1).is_err());
        drop(held);
        memory.give_back(&two, 40);
        let held = memory.held.lock().unwrap();
        assert!(held.all == 0 && held.each.is_empty(), "nothing is kept of who holds nothing");
    }
}
