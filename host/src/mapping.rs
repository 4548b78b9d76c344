//! Mappings: which one a connection has, what another would change, and what is made of one account.

use std::collections::BTreeMap;
use std::sync::Arc;

use headcount_mapping::{CompiledMapping, Lost, MappingError, Proposal};
use headcount_model::{AccountInputs, ConnectionId, Manifest, MappedAccount, Mapping};
use headcount_store::{Connection, StoredInputs, WhichAccounts};
use headcount_sync::{
    EachChange, MappingSource, RemapError, Remapped, aside, compile, mapping_of, remap, remap_telling, tracking,
};
use serde_json::Value;

use crate::{Error, Tenant};

/// Accounts that proposals are made from.
const SAMPLED: usize = 512;
/// Portions of accounts that are read for them: the store bounds each, too.
const PORTIONS: usize = 8;
/// Accounts that are looked at for one that is found by e-mail.
const SEARCHED: u32 = 100;

/// One account before and after its mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct MappingSample {
    /// The account's id.
    pub account: String,
    /// What the expressions see.
    pub variables: Value,
    /// What was made of it last; none before the first sync under a mapping.
    pub before: Option<MappedAccount>,
    /// What this mapping makes of it.
    pub after: MappedAccount,
}

impl Tenant {
    /// Which mapping a connection has, and where it comes from.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn mapping(&self, id: &ConnectionId) -> Result<(Mapping, MappingSource), Error> {
        let (connection, manifest) = self.connection_and_manifest(id).await?;
        Ok(mapping_of(self.inner.store.as_ref(), &connection, &manifest).await?)
    }

    /// What a mapping would change, from what the store holds: exactly what [`set_mapping`](Self::set_mapping) would then do. None
    /// stands for the connector's standard mapping.
    ///
    /// # Errors
    /// There is no such connection, or the mapping can't be used.
    pub async fn preview_mapping(&self, id: &ConnectionId, mapping: Option<&Mapping>) -> Result<Remapped, Error> {
        let (connection, manifest) = self.connection_and_manifest(id).await?;
        let compiled = self.usable(mapping, &connection, &manifest).await?;
        Ok(remap(self.inner.store.as_ref(), &connection, &compiled, None, false).await?)
    }

    /// As [`preview_mapping`](Self::preview_mapping), and tells every change of a field as it is found, in portions.
    ///
    /// # Errors
    /// There is no such connection, or the mapping can't be used.
    pub async fn preview_mapping_changes(
        &self,
        id: &ConnectionId,
        mapping: Option<&Mapping>,
        each: EachChange<'_>,
    ) -> Result<Remapped, Error> {
        let (connection, manifest) = self.connection_and_manifest(id).await?;
        let compiled = self.usable(mapping, &connection, &manifest).await?;
        Ok(remap_telling(self.inner.store.as_ref(), &connection, &compiled, None, false, Some(each)).await?)
    }

    /// Gives a connection a mapping, and makes the fields of its accounts anew. None goes back to the connector's standard mapping.
    /// Should it be interrupted, the next sync does the rest.
    ///
    /// # Errors
    /// There is no such connection, the mapping can't be used, or the connection is being synced.
    pub async fn set_mapping(&self, id: &ConnectionId, mapping: Option<&Mapping>) -> Result<Remapped, Error> {
        let (connection, manifest) = self.connection_and_manifest(id).await?;
        let compiled = self.usable(mapping, &connection, &manifest).await?;
        let _lease = self.lease(id).await?;
        self.inner.store.put_mapping(&self.id, id, mapping).await?;
        // As it is under the lease.
        let connection = self.connection(id).await?;
        Ok(remap(self.inner.store.as_ref(), &connection, &compiled, None, true).await?)
    }

    /// What a mapping (or, with none, the connection's own) makes of one account: of this id or e-mail address, or of the first.
    /// None where there is no such account.
    ///
    /// # Errors
    /// There is no such connection, or the mapping can't be used.
    pub async fn test_mapping(
        &self,
        id: &ConnectionId,
        mapping: Option<&Mapping>,
        account: Option<&str>,
    ) -> Result<Option<MappingSample>, Error> {
        let (connection, manifest) = self.connection_and_manifest(id).await?;
        let store = self.inner.store.as_ref();
        let mapping = match mapping {
            Some(mapping) => mapping.clone(),
            None => mapping_of(store, &connection, &manifest).await?.0,
        };
        let compiled = compile(mapping).await?;
        let Some(found) = self.account(id, account).await? else { return Ok(None) };
        let tracking = tracking(store, &connection).await?;
        let made = aside(move || {
            let StoredInputs { inputs, mapped } = found;
            let (variables, _) = compiled.read(&inputs, &tracking);
            let before = mapped.map(|(account, _)| account);
            let made = compiled.map(&[(variables.clone(), before.clone())]).map_err(RemapError::from)?;
            let after = made.into_iter().next().unwrap_or_default();
            Ok(Some(MappingSample { account: inputs.user.id, variables: variables.shown(), before, after }))
        });
        made.await.unwrap_or(Err(RemapError::Lost(Lost::Panicked))).map_err(Error::from)
    }

    /// Fields that a connection's accounts have and its mapping does not use, with the targets that they fit.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn propose_mapping(&self, id: &ConnectionId) -> Result<Vec<Proposal>, Error> {
        let (mapping, _) = self.mapping(id).await?;
        let mut accounts: Vec<AccountInputs> = Vec::new();
        let mut which = WhichAccounts { limit: SEARCHED, ..WhichAccounts::default() };
        for _ in 0..PORTIONS {
            if accounts.len() >= SAMPLED {
                break;
            }
            let portion = self.inner.store.account_inputs(&self.id, id, &which).await?;
            let Some(last) = portion.last() else { break };
            which.after = Some(last.inputs.user.id.clone());
            accounts.extend(portion.into_iter().map(|stored| stored.inputs));
        }
        let proposed = aside(move || headcount_mapping::propose(&accounts, &mapping)).await;
        proposed.map_err(|_| Error::from(RemapError::Lost(Lost::Panicked)))
    }

    /// What mappings made of these accounts, by connection and id. Accounts that no mapping has touched are not among them.
    ///
    /// # Errors
    /// The store failed.
    pub async fn mapped(
        &self,
        accounts: impl IntoIterator<Item = (ConnectionId, String)>,
    ) -> Result<BTreeMap<(ConnectionId, String), MappedAccount>, Error> {
        let mut asked: BTreeMap<ConnectionId, Vec<String>> = BTreeMap::new();
        for (connection, id) in accounts {
            asked.entry(connection).or_default().push(id);
        }
        let mut found = BTreeMap::new();
        for (connection, ids) in asked {
            for ids in ids.chunks(1_000) {
                let mapped = self.inner.store.accounts(&self.id, &connection, ids).await?;
                found.extend(mapped.into_iter().map(|(id, account)| ((connection.clone(), id), account)));
            }
        }
        Ok(found)
    }

    /// A mapping for a connection, or the connector's. What it has that the connection's has not may read no field that there is not.
    async fn usable(
        &self,
        mapping: Option<&Mapping>,
        connection: &Connection,
        manifest: &Manifest,
    ) -> Result<Arc<CompiledMapping>, Error> {
        let Some(mapping) = mapping else { return Ok(compile(standard(manifest)).await?) };
        let compiled = compile(mapping.clone()).await?;
        let (present, _) = mapping_of(self.inner.store.as_ref(), connection, manifest).await?;
        let checking = Arc::clone(&compiled);
        let checked = aside(move || checking.reads_known(&present)).await;
        checked.unwrap_or(Err(MappingError::Lost(Lost::Panicked)))?;
        Ok(compiled)
    }

    /// Makes the fields of a few accounts anew, after an action. What fails is left to the next sync.
    pub(crate) async fn remap_some(&self, connection: &Connection, manifest: &Manifest, accounts: &[String]) {
        let store = self.inner.store.as_ref();
        let remapped = async {
            let (mapping, _) = mapping_of(store, connection, manifest).await?;
            remap(store, connection, &compile(mapping).await?, Some(accounts), true).await
        };
        if let Err(error) = remapped.await {
            tracing::warn!(tenant = %self.id, connection = %connection.id, %error, "fields are mapped by the next sync");
        }
    }

    async fn account(&self, id: &ConnectionId, account: Option<&str>) -> Result<Option<StoredInputs>, Error> {
        let store = self.inner.store.as_ref();
        let mut which = WhichAccounts { limit: 1, ..WhichAccounts::default() };
        if let Some(account) = account {
            let by_mail = store.users_by_email(&self.id, id, account).await?;
            which.only = Some(std::iter::once(account.to_owned()).chain(by_mail.into_iter().map(|row| row.key)).collect());
        }
        Ok(store.account_inputs(&self.id, id, &which).await?.pop())
    }
}

/// The mapping of a connector where nobody set another.
fn standard(manifest: &Manifest) -> Mapping {
    manifest.mapping.clone().unwrap_or_else(headcount_mapping::standard::usual)
}

/// That a connector's standard mapping can be used.
///
/// # Errors
/// It can't.
pub async fn check_standard_mapping(manifest: &Manifest) -> Result<(), Error> {
    if let Some(mapping) = manifest.mapping.clone() {
        let checked = aside(move || CompiledMapping::new(&mapping).map(drop)).await;
        checked.unwrap_or(Err(MappingError::Lost(Lost::Panicked)))?;
    }
    Ok(())
}
