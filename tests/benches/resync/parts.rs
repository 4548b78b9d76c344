//! The store alone: what a session asks of it, asked from memory, twice, in a file of its own.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use headcount::model::Records;
use headcount::store::{
    Apply, Counters, NewSession, NewlyMapped, SessionEnd, SessionState, StagedPage, SyncRules, WhichAccounts,
};
use headcount::store::{Basis, Connection, Move, Place};
use headcount::{ConnectionId, Kind, SqliteStore, Store, Tenant, TenantId, Timestamp};

/// The connector's only feed.
pub const FEED: &str = "people";
/// Accounts whose fields are looked at at once, as a session has it.
const PORTION: u32 = 128;

/// The seconds that the store takes for a first session of these pages, and for the same again.
///
/// # Errors
/// The store failed, or holds something else than the pages had.
pub async fn store(acme: &Tenant, id: &ConnectionId, path: &Path, pages: &[Records]) -> Result<[f64; 2]> {
    let store = SqliteStore::open(path).await?;
    let connection = acme.connection(id).await?;
    let installed = acme.store().connector(&connection.connector).await?.context("the connector")?;
    store.put_connector(&installed).await?;
    store.put_connection(&Connection { baseline: None, ..connection.clone() }).await?;
    let session = newest(acme, id).await?;
    let mapped = mapped(acme, id).await?;
    let mut took = [0.0; 2];
    for took in &mut took {
        let alone = Alone { store: &store, tenant: acme.id(), connection: &connection, session: &session, mapped: &mapped };
        let pages: Vec<StagedPage> = (0..).zip(pages).map(|(number, records)| page(number, records.clone())).collect();
        let start = Instant::now();
        alone.session(pages).await?;
        *took = start.elapsed().as_secs_f64();
    }
    let people: usize = pages.iter().map(|records| records.users.len()).sum();
    let counts = store.counts(acme.id()).await?;
    ensure!(counts.iter().any(|count| count.kind == Kind::User && count.present == people as u64), "{counts:?} of {people}");
    store.close().await;
    std::fs::remove_file(path)?;
    Ok(took)
}

/// The session that was just measured: its scope, basis and counters are as large as any.
async fn newest(acme: &Tenant, id: &ConnectionId) -> Result<headcount::Session> {
    acme.sessions(Some(id), 1).await?.pop().context("a session")
}

/// What the host's mapping made of each account.
async fn mapped(acme: &Tenant, id: &ConnectionId) -> Result<HashMap<String, NewlyMapped>> {
    let mut mapped = HashMap::new();
    let mut which = WhichAccounts { after: None, only: None, limit: PORTION };
    loop {
        let portion = acme.store().account_inputs(acme.id(), id, &which).await?;
        let Some(last) = portion.last() else { return Ok(mapped) };
        which.after = Some(last.inputs.user.id.clone());
        for stored in portion {
            let id = stored.inputs.user.id;
            let (account, inputs) = stored.mapped.with_context(|| format!("{id} was not mapped"))?;
            mapped.insert(id.clone(), NewlyMapped { id, account, inputs });
        }
    }
}

fn page(number: u32, records: Records) -> StagedPage {
    StagedPage {
        feed: FEED.to_owned(),
        parent: None,
        number,
        order: (0, 0, number),
        cursor: Some((number + 2).to_string()),
        records,
        repeats: Default::default(),
        carries: Default::default(),
        seen: Vec::new(),
        asked_at: Some(Timestamp::now()),
    }
}

struct Alone<'a> {
    store: &'a dyn Store,
    tenant: &'a TenantId,
    connection: &'a Connection,
    session: &'a headcount::Session,
    mapped: &'a HashMap<String, NewlyMapped>,
}

impl Alone<'_> {
    async fn session(&self, pages: Vec<StagedPage>) -> Result<()> {
        let (store, tenant, connection) = (self.store, self.tenant, &self.connection.id);
        let counters = &self.session.counters;
        let new = NewSession {
            tenant: tenant.clone(),
            connection: connection.clone(),
            digest: self.session.digest,
            credential: self.session.credential.clone(),
            started_at: Timestamp::now(),
        };
        let basis: &Basis = self.session.basis.as_ref().context("a basis")?;
        let id = store.begin_on(&new, basis).await?;
        let scope = self.session.scope.as_ref();
        let news = |state, scope| Move { state, counters, scope, notes: &[] };
        store.move_session(tenant, id, news(Some(SessionState::Reading), scope)).await?;
        for page in pages {
            let state = format!(r#"{{"page":{},"watch":{{"rows":{}}}}}"#, page.number, page.number * 100);
            let place = Place { state, followed: Some(i64::from(page.number)) };
            store.stage_place(tenant, id, &page, &place, news(None, None)).await?;
            store.wish(tenant, id).await?;
        }
        // No total is stated: what the list lacks would have it read again.
        let absent = store.absent(tenant, id, &[Kind::User].into(), false).await?;
        ensure!(absent.kinds.is_empty(), "{:?} are absent", absent.kinds);
        store.move_session(tenant, id, news(Some(SessionState::Applying), None)).await?;
        let end = SessionEnd {
            state: SessionState::Complete,
            ended_at: Timestamp::now(),
            counters: Counters { kinds: BTreeMap::new(), ..counters.clone() },
            scope: self.session.scope.clone(),
            failure: None,
            notes: Vec::new(),
            health: None,
        };
        let apply = Apply {
            now: Some(Timestamp::now()),
            proven: [Kind::User].into(),
            baseline: self.session.scope.clone(),
            end: Some(end.clone()),
            rules: Some(SyncRules { complete: true, judged: true, ..SyncRules::default() }),
            ..Apply::default()
        };
        store.apply(tenant, id, &apply).await?;
        self.map().await?;
        store.correlate(tenant, connection, Timestamp::now()).await?;
        store.end_session(tenant, id, &end).await?;
        Ok(())
    }

    /// Keeps what is made of the accounts, if anything has changed since.
    async fn map(&self) -> Result<()> {
        let (tenant, connection, basis) = (self.tenant, &self.connection.id, b"basis".as_slice());
        let (now, told) = self.store.settled(tenant, connection, basis).await?;
        if told.is_some() {
            return Ok(());
        }
        self.store.put_settled(tenant, connection, basis, &now, None).await?;
        self.map_all().await?;
        Ok(self.store.put_settled(tenant, connection, basis, &now, Some("{}")).await?)
    }

    async fn map_all(&self) -> Result<()> {
        let mut which = WhichAccounts { after: None, only: None, limit: PORTION };
        loop {
            let portion = self.store.account_inputs(self.tenant, &self.connection.id, &which).await?;
            let Some(last) = portion.last() else { return Ok(()) };
            which.after = Some(last.inputs.user.id.clone());
            let new = portion.iter().filter(|stored| stored.mapped.is_none());
            let new: Vec<NewlyMapped> = new.filter_map(|stored| self.mapped.get(&stored.inputs.user.id).cloned()).collect();
            if !new.is_empty() {
                self.store.put_accounts(self.tenant, &self.connection.id, &new, Timestamp::now()).await?;
            }
        }
    }
}
