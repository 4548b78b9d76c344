//! Mapping a connection's accounts: from what the store holds of them, in portions, and only those whose inputs changed.
//!
//! It is a function of the store and the mapping: what it would change can be told without changing it, and what was interrupted is
//! made good by the next time.

mod changes;
mod tracking;
mod trial;

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use headcount_mapping::{CompiledMapping, Lost, MappingError, Tracking, Variables, standard};
use headcount_model::{Manifest, MappedAccount, Mapping, Timestamp, printable};
use headcount_store::{Connection, MappedCounters, NewlyMapped, Store, StoreError, StoredInputs, WhichAccounts};

use crate::aside::aside;
use changes::changes;
pub use changes::{EachChange, FieldChange};
pub use tracking::tracking;
use tracking::tracking_of;
pub(crate) use trial::Trial;

/// Accounts that are mapped at once.
const PORTION: u32 = 128;
/// Changes that are put into words.
const DESCRIBED: usize = 20;

/// Why accounts could not be mapped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemapError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mapping can't be used.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The engine failed.
    #[error(transparent)]
    Lost(#[from] Lost),
}

/// Where a connection's mapping comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MappingSource {
    /// An administrator set it.
    Own,
    /// The connector ships it.
    Standard,
    /// The connector ships none.
    Usual,
}

/// What mapping changed, or would change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remapped {
    /// Accounts looked at, changed, and failures by field.
    pub counters: MappedCounters,
    /// Accounts whose sync key changed: they may become another person's.
    pub keys: u64,
    /// Accounts that share their sync key with another one; not counted by a sync.
    pub shared_keys: u64,
    /// By field, how many accounts have another value.
    pub fields: BTreeMap<String, u64>,
    /// Why each field could not be made the first time.
    pub failures: BTreeMap<String, String>,
    /// The first 20 changes; [`remap_telling`] tells every one.
    pub examples: Vec<FieldChange>,
}

/// Which mapping a connection has: an administrator's, its connector's, or the usual one.
///
/// # Errors
/// The store failed.
pub async fn mapping_of(
    store: &dyn Store,
    connection: &Connection,
    manifest: &Manifest,
) -> Result<(Mapping, MappingSource), StoreError> {
    Ok(match (store.mapping(&connection.tenant, &connection.id).await?, &manifest.mapping) {
        (Some(own), _) => (own, MappingSource::Own),
        (None, Some(standard)) => (standard.clone(), MappingSource::Standard),
        (None, None) => (standard::usual(), MappingSource::Usual),
    })
}

/// Compiles a mapping where it holds up nobody.
///
/// # Errors
/// It can't be used.
pub async fn compile(mapping: Mapping) -> Result<Arc<CompiledMapping>, MappingError> {
    let compiled = aside(move || CompiledMapping::new(&mapping)).await;
    compiled.unwrap_or(Err(MappingError::Lost(Lost::Panicked))).map(Arc::new)
}

/// Maps a connection's accounts, all or these alone. With `write`, what is made of them is kept; without, it is only told.
///
/// # Errors
/// The store or the engine failed. What was written until then stays: it is right.
pub async fn remap(
    store: &dyn Store,
    connection: &Connection,
    mapping: &Arc<CompiledMapping>,
    only: Option<&[String]>,
    write: bool,
) -> Result<Remapped, RemapError> {
    remap_telling(store, connection, mapping, only, write, None).await
}

/// As [`remap`] of all accounts, within a sync, whose memory does not grow by people: keys are not compared.
async fn remap_in_sync(
    store: &dyn Store,
    connection: &Connection,
    mapping: &Arc<CompiledMapping>,
    tracking: Tracking,
) -> Result<Remapped, RemapError> {
    let remapping = Remapping::new(tracking, None, None);
    remapping.all(store, connection, mapping, None, true, None).await
}

/// As [`remap`], and tells every change of a field while it goes on: however many there are, only a portion of them is held.
///
/// # Errors
/// As [`remap`].
pub async fn remap_telling(
    store: &dyn Store,
    connection: &Connection,
    mapping: &Arc<CompiledMapping>,
    only: Option<&[String]>,
    write: bool,
    each: Option<EachChange<'_>>,
) -> Result<Remapped, RemapError> {
    let tracking = tracking(store, connection).await?;
    let remapping = Remapping::new(tracking, Some(Keys::default()), each.is_some().then(Vec::new));
    remapping.all(store, connection, mapping, only, write, each).await
}

/// What is kept of a mapping of all accounts, to be told again while nothing changes.
#[derive(serde::Serialize, serde::Deserialize)]
struct Told {
    accounts: u64,
    failed: BTreeMap<String, u64>,
    failures: BTreeMap<String, String>,
}

/// Maps a connection's accounts if anything has changed since all of them were mapped last, and keeps what is made of them.
///
/// # Errors
/// As [`remap`].
pub(crate) async fn remap_changed(
    store: &dyn Store,
    connection: &Connection,
    mapping: &Arc<CompiledMapping>,
) -> Result<Remapped, RemapError> {
    let (tenant, id) = (&connection.tenant, &connection.id);
    let tracking = tracking(store, connection).await?;
    let Some(basis) = mapping.basis(&tracking) else { return remap_in_sync(store, connection, mapping, tracking).await };
    let (now, told) = store.settled(tenant, id, &basis).await?;
    if let Some(Told { accounts, failed, failures }) = told.and_then(|told| serde_json::from_str(&told).ok()) {
        let counters = MappedCounters { accounts, failed, ..MappedCounters::default() };
        return Ok(Remapped { counters, failures, ..Remapped::default() });
    }
    store.put_settled(tenant, id, &basis, &now, None).await?;
    let remapped = remap_in_sync(store, connection, mapping, tracking).await?;
    let Remapped { counters, failures, .. } = remapped.clone();
    let told = Told { accounts: counters.accounts, failed: counters.failed, failures };
    if let Ok(told) = serde_json::to_string(&told) {
        store.put_settled(tenant, id, &basis, &now, Some(&told)).await?;
    }
    Ok(remapped)
}

struct Remapping {
    told: Remapped,
    tracking: Tracking,
    /// None where they are not compared.
    keys: Option<Keys>,
    /// The changes of the portion, where somebody is told of each.
    changes: Option<Vec<FieldChange>>,
}

/// An account on its way: its id, its variables, the hash of its inputs, and what was made of it before.
struct Candidate {
    id: String,
    digest: Vec<u8>,
    before: Option<MappedAccount>,
}

/// Hashes of sync keys, eight bytes an account: of all so far, and of those that came twice.
#[derive(Default)]
struct Keys {
    all: HashSet<u64>,
    shared: HashSet<u64>,
}

impl Remapping {
    fn new(tracking: Tracking, keys: Option<Keys>, changes: Option<Vec<FieldChange>>) -> Self {
        Remapping { told: Remapped::default(), tracking, keys, changes }
    }

    /// Maps all accounts, or these alone.
    async fn all(
        mut self,
        store: &dyn Store,
        connection: &Connection,
        mapping: &Arc<CompiledMapping>,
        only: Option<&[String]>,
        write: bool,
        mut each: Option<EachChange<'_>>,
    ) -> Result<Remapped, RemapError> {
        let portions: Vec<Option<&[String]>> = match only {
            Some(only) => only.chunks(PORTION as usize).map(Some).collect(),
            None => vec![None],
        };
        let (tenant, id) = (&connection.tenant, &connection.id);
        for only in portions {
            let mut which = WhichAccounts { after: None, only: only.map(<[String]>::to_vec), limit: PORTION };
            let mut portion = store.account_inputs(tenant, id, &which).await?;
            while let Some(last) = portion.last() {
                which.after = Some(last.inputs.user.id.clone());
                let work = async {
                    let fresh = self.portion(mapping, portion).await?;
                    if write && !fresh.is_empty() {
                        store.put_accounts(tenant, id, &fresh, Timestamp::now()).await?;
                    }
                    Ok::<_, RemapError>(())
                };
                // While one portion is mapped, the next is read.
                let (done, next) = tokio::join!(work, store.account_inputs(tenant, id, &which));
                done?;
                if let (Some(each), Some(changes)) = (&mut each, &mut self.changes) {
                    each(changes);
                    changes.clear();
                }
                portion = next?;
            }
        }
        Ok(self.told)
    }

    /// Maps a portion; gives those that must be written.
    async fn portion(
        &mut self,
        mapping: &Arc<CompiledMapping>,
        portion: Vec<StoredInputs>,
    ) -> Result<Vec<NewlyMapped>, RemapError> {
        let (mapping, tracking) = (Arc::clone(mapping), self.tracking.clone());
        let work = move || -> Result<_, Lost> {
            let (mut candidates, mut accounts, mut settled) = (Vec::new(), Vec::new(), Vec::new());
            for StoredInputs { inputs, mapped } in portion {
                let (variables, digest): (Variables, Vec<u8>) = mapping.read(&inputs, &tracking);
                match mapped {
                    Some((account, before)) if before == digest => settled.push(account),
                    mapped => {
                        let before = mapped.map(|(account, _)| account);
                        accounts.push((variables, before.clone()));
                        candidates.push(Candidate { id: inputs.user.id, digest, before });
                    }
                }
            }
            let made = if accounts.is_empty() { Vec::new() } else { mapping.map(&accounts)? };
            Ok((candidates, made, settled))
        };
        let done = aside(work).await.unwrap_or(Err(Lost::Panicked));
        let (candidates, made, settled) = done?;
        for account in settled {
            self.told.counters.accounts += 1;
            self.failures(&account);
            self.key(&account);
        }
        let mut fresh = Vec::with_capacity(made.len());
        for (candidate, account) in candidates.into_iter().zip(made) {
            self.told.counters.accounts += 1;
            self.failures(&account);
            self.key(&account);
            self.compare(&candidate, &account);
            fresh.push(NewlyMapped { id: candidate.id, account, inputs: candidate.digest });
        }
        Ok(fresh)
    }

    fn failures(&mut self, account: &MappedAccount) {
        for (field, why) in &account.failures {
            *self.told.counters.failed.entry(field.clone()).or_default() += 1;
            self.told.failures.entry(field.clone()).or_insert_with(|| printable(why).into_owned());
        }
    }

    fn key(&mut self, account: &MappedAccount) {
        if let (Some(keys), Some(key)) = (&mut self.keys, &account.sync_key) {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            let key = hasher.finish();
            if !keys.all.insert(key) {
                // The first time, the one before counts as well.
                self.told.shared_keys += 1 + u64::from(keys.shared.insert(key));
            }
        }
    }

    fn compare(&mut self, candidate: &Candidate, after: &MappedAccount) {
        let nobody = MappedAccount::default();
        let before = candidate.before.as_ref().unwrap_or(&nobody);
        let mut changes = changes(before, after);
        if before.sync_key != after.sync_key {
            self.told.keys += 1;
            changes.insert(0, ("(sync key)".to_owned(), before.sync_key.clone().into(), after.sync_key.clone().into()));
        }
        if changes.is_empty() {
            return;
        }
        self.told.counters.changed += 1;
        for (field, before, after) in changes {
            *self.told.fields.entry(field.clone()).or_default() += 1;
            let change = FieldChange { account: candidate.id.clone(), field, before, after };
            if self.told.examples.len() < DESCRIBED {
                self.told.examples.push(change.clone());
            }
            if let Some(changes) = &mut self.changes {
                changes.push(change);
            }
        }
    }
}
