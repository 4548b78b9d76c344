//! What stands before each vendor's handlers: keys, switches and pace.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Vendor;
use crate::company::draw::draw;
use crate::guarded::Guarded;
use crate::switches::Switches;

/// What a key may see and do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Everything in the organisation.
    Full,
    /// Less: one team at JetBrains; no administration at Tines; no devices at Kandji; no applications and administrators at JumpCloud.
    Narrow,
    /// Everything, but nothing may be changed.
    ReadOnly,
    /// Another organisation's (JetBrains with [`customer_code`](crate::Servers::customer_code), JumpCloud); 401 at Tines and Kandji,
    /// whose host names are the organisation.
    OtherOrganization,
    /// Nothing: 401.
    Revoked,
}

impl Reach {
    const KEYED: [Reach; 5] = [Reach::Full, Reach::Narrow, Reach::ReadOnly, Reach::OtherOrganization, Reach::Revoked];
}

/// The desk in front of one vendor.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) vendor: Vendor,
    pub(crate) switches: Guarded<Switches>,
    keys: Guarded<Vec<(String, Reach)>>,
    rotations: AtomicU64,
    seed: u64,
    paces: Guarded<HashMap<&'static str, (Instant, u32)>>,
    requests: AtomicU64,
}

impl Front {
    pub(crate) fn new(vendor: Vendor, seed: u64, switches: Switches) -> Self {
        let keys = Reach::KEYED.into_iter().zip(0..).map(|(reach, number)| (key_text(vendor, seed, number), reach)).collect();
        Front {
            vendor,
            switches: Guarded::new(switches),
            keys: Guarded::new(keys),
            rotations: AtomicU64::new(Reach::KEYED.len() as u64),
            seed,
            paces: Guarded::default(),
            requests: AtomicU64::new(0),
        }
    }

    /// What a presented key may reach.
    pub(crate) fn reach(&self, key: Option<&str>) -> Reach {
        let key = key.unwrap_or("");
        self.keys.read().iter().find(|known| known.0 == key).map_or(Reach::Revoked, |known| known.1)
    }

    /// The text of the key in one place of the ring: 0 is the main one.
    pub(crate) fn key(&self, reach: Reach) -> String {
        let place = Reach::KEYED.iter().position(|keyed| *keyed == reach).unwrap_or(0);
        self.keys.read().get(place).map(|key| key.0.clone()).unwrap_or_default()
    }

    /// Makes the main key reach something else.
    pub(crate) fn rescope(&self, reach: Reach) {
        if let Some(main) = self.keys.write().first_mut() {
            main.1 = reach;
        }
    }

    /// Replaces a key's text: the old one is no longer accepted.
    pub(crate) fn rotate(&self, old: &str) -> String {
        let number = self.rotations.fetch_add(1, Ordering::Relaxed);
        let new = key_text(self.vendor, self.seed, number);
        if let Some(known) = self.keys.write().iter_mut().find(|known| known.0 == old) {
            known.0.clone_from(&new);
        }
        new
    }

    /// Counts a request and gives its number.
    pub(crate) fn count(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a request against a limit; gives how many are left in this window, and the seconds until the next.
    /// None: over the limit, and limits are enforced.
    pub(crate) fn pace(&self, bucket: &'static str, limit: u32, window: Duration) -> Option<(u32, u64)> {
        let now = Instant::now();
        let mut paces = self.paces.write();
        let (start, used) = paces.entry(bucket).or_insert((now, 0));
        if now.duration_since(*start) >= window {
            (*start, *used) = (now, 0);
        }
        let enforced = self.switches.read().rate_limits;
        if enforced && *used >= limit {
            return None;
        }
        *used = used.saturating_add(1);
        let wait = window.saturating_sub(now.duration_since(*start)).as_secs().max(1);
        Some((limit.saturating_sub(*used), wait))
    }
}

/// A key in the vendor's shape.
fn key_text(vendor: Vendor, seed: u64, number: u64) -> String {
    let at = |place: u64| draw(seed, 40 + vendor as u64, number * 16 + place);
    match vendor {
        Vendor::JetBrains => format!("{:016x}{:08x}", at(0), at(1) as u32),
        Vendor::Tines => format!("{:016x}{:016x}", at(0), at(1)),
        Vendor::Kandji => {
            let (a, b) = (at(0), at(1));
            format!("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", a >> 32, a >> 16 & 0xffff, a & 0xfff, b >> 52, b & 0xffff_ffff_ffff)
        }
        Vendor::JumpCloud => format!("jca_{:016x}{:016x}", at(0), at(1)),
    }
}
