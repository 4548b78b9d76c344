//! Applying a session: what it staged becomes what the store holds, in one transaction.
//!
//! Users come first, since some of their changes are losses. Then everything that would be taken away is written down and judged, before
//! anything is. Grants come last, so that a grant's ends are looked up among what is there after the session. Staging is walked in
//! batches: memory doesn't grow with the number of records.

pub(super) mod absence;
mod active;
mod declined;
pub(super) mod foreign;
mod grants;
mod hold;
mod judge;
mod lost;
pub(super) mod rehearsal;
pub(super) mod release;
mod totals;
pub(super) mod touched;
pub(super) mod undo;
mod users;
pub(super) mod walk;

use std::borrow::Cow;

use headcount_model::{Application, Asset, ConnectionId, Group, Kind, License, Role, SessionId, TenantId, Timestamp, User};
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::changes::Log;
use super::grant::grant_key;
use super::holds::preferences;
use super::record::Stored;
use super::sessions::{json, open_session};
use super::upsert::{Manner, Owner, upsert};
use crate::{Applied, Apply, Deactivate, Extent, KindCounters, Preferences, Result, Writes};

/// A session being applied.
struct Applying<'a> {
    tenant: &'a TenantId,
    connection: ConnectionId,
    session: SessionId,
    apply: &'a Apply,
    /// Kinds and keys of what the vendor said is gone.
    gone: Vec<(Kind, Cow<'a, str>)>,
    now: Timestamp,
    preferences: Preferences,
}

impl Applying<'_> {
    fn owner(&self) -> Owner<'_> {
        Owner { tenant: self.tenant, connection: &self.connection }
    }

    /// Whether records of a kind are brought in at all.
    fn covers(&self, kind: Kind) -> bool {
        kind == Kind::User || self.preferences.extent == Extent::PeopleAndAccounts
    }

    /// Whether what is missing of a kind is taken away where it is proven.
    fn removes(&self, kind: Kind) -> bool {
        self.covers(kind) && (kind == Kind::Grant || self.preferences.deactivate == Deactivate::Missing)
    }

    /// Whether the session saw everything and judges anew what waits.
    fn decides(&self) -> bool {
        self.apply.rules.as_ref().is_some_and(|rules| rules.complete && rules.judged)
    }

    fn manner<R>(&self) -> Manner<'_, R> {
        let writes = self.preferences.writes;
        Manner { create: writes != Writes::UpdateOnly, update: writes != Writes::CreateOnly, withhold: None }
    }
}

pub(super) async fn apply(store: &SqliteStore, tenant: &TenantId, session: SessionId, apply: &Apply) -> Result<Applied> {
    if let Some(foreign) = &apply.foreign {
        return foreign::hold(store, tenant, session, apply, foreign).await;
    }
    let mut transaction = store.begin().await?;
    let connection = open_session(&mut transaction, tenant, session).await?;
    prepare(&mut transaction, session).await?;
    let applied = within(&mut transaction, tenant, connection, session, apply).await?;
    if let Some(end) = &apply.end {
        super::resuming::keep_ending(&mut transaction, tenant, session, end, &applied).await?;
    }
    transaction.commit().await?;
    Ok(applied)
}

/// Brings what a session staged into the shape that is applied.
async fn prepare(database: &mut SqliteConnection, session: SessionId) -> Result<()> {
    super::stage::arrived::gather(database, session).await?;
    touched::respect(database, session).await
}

/// Applies what was staged under this number, within a transaction of the caller's.
pub(super) async fn within(
    transaction: &mut SqliteConnection,
    tenant: &TenantId,
    connection: ConnectionId,
    session: SessionId,
    apply: &Apply,
) -> Result<Applied> {
    super::stage::arrived::gather(transaction, session).await?;
    let gone = apply.gone.iter().map(|gone| (gone.kind, Cow::Borrowed(gone.id.as_str())));
    let gone = gone.chain(apply.gone_grants.iter().map(|grant| (Kind::Grant, Cow::Owned(grant_key(grant))))).collect();
    let preferences = match &apply.rules {
        Some(_) => preferences(transaction, tenant, &connection).await?,
        None => Preferences::default(),
    };
    let now = apply.now.unwrap_or_else(Timestamp::now);
    let applying = Applying { tenant, connection, session, apply, gone, now, preferences };
    apply_all(transaction, &applying).await
}

async fn apply_all(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<Applied> {
    let mut applied = Applied::default();
    let mut log =
        Log::open(database, applying.tenant, applying.connection.as_str(), Some(applying.session), applying.now).await?;
    forget(database, applying.session, &applying.gone).await?;
    let mut users = users::bring_in(database, applying, &mut log).await?;
    lost::write_down(database, applying).await?;
    hold::drop_what_is_back(database, applying).await?;
    let judged = judge::judge(database, applying, &users).await?;
    users::bring_in_lost(database, applying, &judged, (&mut users, &mut log)).await?;
    absence::settle::<User>(database, applying, &judged, (&mut users, &mut log)).await?;
    applied.kinds.insert(Kind::User, users);
    for kind in Kind::ALL {
        let tally = match kind {
            Kind::User => continue,
            Kind::Group => records::<Group>(database, applying, &judged, &mut log).await?,
            Kind::Role => records::<Role>(database, applying, &judged, &mut log).await?,
            Kind::Application => records::<Application>(database, applying, &judged, &mut log).await?,
            Kind::License => records::<License>(database, applying, &judged, &mut log).await?,
            Kind::Asset => records::<Asset>(database, applying, &judged, &mut log).await?,
            Kind::Grant => grants::apply(database, applying, &judged, (&mut applied.aside, &mut log)).await?,
        };
        applied.kinds.insert(kind, tally);
    }
    log.close(database).await?;
    applied.declined = declined::tell(database, applying, &mut applied.kinds).await?;
    applied.waiting = hold::settle(database, applying, &judged, &mut applied.kinds).await?;
    totals::keep(database, applying, &applied.kinds, &judged).await?;
    applied.held = judged.reasons;
    lost::forget(database, applying.session).await?;
    applied.kinds.retain(|_, tally| *tally != KindCounters::default());
    let widened =
        applying.apply.widened.as_ref().filter(|_| applied.kinds.values().any(|tally| tally.created + tally.returned > 0));
    if let Some(baseline) = applying.apply.baseline.as_ref().or(widened) {
        sqlx::query("UPDATE connections SET baseline = $1 WHERE tenant = $2 AND id = $3")
            .bind(json(baseline)?)
            .bind(applying.tenant.as_str())
            .bind(applying.connection.as_str())
            .execute(database)
            .await?;
    }
    Ok(applied)
}

/// What the vendor said is gone counts as not staged.
async fn forget(database: &mut SqliteConnection, session: SessionId, gone: &[(Kind, Cow<'_, str>)]) -> Result<()> {
    for (kind, key) in gone {
        for sql in [
            "DELETE FROM staged WHERE session = $1 AND kind = $2 AND id = $3",
            "DELETE FROM seen WHERE session = $1 AND kind = $2 AND id = $3",
        ] {
            sqlx::query(sql).bind(session.0).bind(kind.as_str()).bind(key.as_ref()).execute(&mut *database).await?;
        }
    }
    Ok(())
}

async fn records<R: Stored>(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    judged: &judge::Judged,
    log: &mut Log,
) -> Result<KindCounters> {
    let mut tally = KindCounters::default();
    if !applying.covers(R::KIND) {
        return Ok(tally);
    }
    let mark = Log::mark::<R>(database).await?;
    let mut walk = walk::Walk::<R>::new(applying.session);
    while let Some(batch) = walk.next(database).await? {
        upsert(database, applying.owner(), batch, applying.now, (&mut tally, log), &mut applying.manner()).await?;
    }
    log.created::<R>(database, mark).await?;
    absence::mark_seen::<R>(database, applying, (&mut tally, log)).await?;
    absence::settle::<R>(database, applying, judged, (&mut tally, log)).await?;
    Ok(tally)
}

impl SqliteStore {
    /// Creates, updates or brings back users, outside of any session, in one transaction: what applying a session does with each
    /// batch. For benches.
    ///
    /// # Errors
    /// Any of the database's.
    #[doc(hidden)]
    pub async fn upsert_users(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        users: Vec<User>,
        now: Timestamp,
    ) -> Result<KindCounters> {
        let mut tally = KindCounters::default();
        let mut transaction = self.begin().await?;
        let mut log = Log::open(&mut transaction, tenant, connection.as_str(), None, now).await?;
        let mark = Log::mark::<User>(&mut transaction).await?;
        let owner = Owner { tenant, connection };
        upsert(&mut transaction, owner, users, now, (&mut tally, &mut log), &mut Manner::everything()).await?;
        log.created::<User>(&mut transaction, mark).await?;
        log.close(&mut transaction).await?;
        transaction.commit().await?;
        Ok(tally)
    }
}
