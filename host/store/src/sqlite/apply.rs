//! Applying a session: what it staged becomes what the store holds, in one transaction.
//!
//! Records come first and grants last, so that a grant's ends are looked up among what is there after the session. Staging is
//! walked in batches: memory doesn't grow with the number of records.

mod absence;
mod grants;
pub(super) mod touched;
mod walk;

use std::borrow::Cow;

use headcount_model::{Application, Asset, ConnectionId, Group, Kind, License, Role, SessionId, TenantId, Timestamp, User};
use sqlx::sqlite::SqliteConnection;

use super::SqliteStore;
use super::changes::Log;
use super::grant::grant_key;
use super::record::Stored;
use super::sessions::open_session;
use super::upsert::{Owner, upsert};
use crate::{Applied, Apply, KindCounters, Result};

/// A session being applied.
struct Applying<'a> {
    tenant: &'a TenantId,
    connection: ConnectionId,
    session: SessionId,
    apply: &'a Apply,
    /// Kinds and keys of what the vendor said is gone.
    gone: Vec<(Kind, Cow<'a, str>)>,
    now: Timestamp,
}

impl Applying<'_> {
    fn owner(&self) -> Owner<'_> {
        Owner { tenant: self.tenant, connection: &self.connection }
    }
}

pub(super) async fn apply(store: &SqliteStore, tenant: &TenantId, session: SessionId, apply: &Apply) -> Result<Applied> {
    let mut transaction = store.begin().await?;
    let connection = open_session(&mut transaction, tenant, session).await?;
    touched::respect(&mut transaction, session).await?;
    let applied = within(&mut transaction, tenant, connection, session, apply).await?;
    if apply.dry_run {
        transaction.rollback().await?;
    } else {
        transaction.commit().await?;
    }
    Ok(applied)
}

/// Applies what was staged under this number, within a transaction of the caller's.
pub(super) async fn within(
    transaction: &mut SqliteConnection,
    tenant: &TenantId,
    connection: ConnectionId,
    session: SessionId,
    apply: &Apply,
) -> Result<Applied> {
    let gone = apply.gone.iter().map(|gone| (gone.kind, Cow::Borrowed(gone.id.as_str())));
    let gone = gone.chain(apply.gone_grants.iter().map(|grant| (Kind::Grant, Cow::Owned(grant_key(grant))))).collect();
    let applying = Applying { tenant, connection, session, apply, gone, now: apply.now.unwrap_or_else(Timestamp::now) };
    let mut applied = Applied::default();
    let mut log = Log::open(transaction, tenant, applying.connection.as_str(), Some(session), applying.now).await?;
    forget(transaction, session, &applying.gone).await?;
    for kind in Kind::ALL {
        let tally = match kind {
            Kind::User => records::<User>(transaction, &applying, &mut log).await?,
            Kind::Group => records::<Group>(transaction, &applying, &mut log).await?,
            Kind::Role => records::<Role>(transaction, &applying, &mut log).await?,
            Kind::Application => records::<Application>(transaction, &applying, &mut log).await?,
            Kind::License => records::<License>(transaction, &applying, &mut log).await?,
            Kind::Asset => records::<Asset>(transaction, &applying, &mut log).await?,
            Kind::Grant => grants::apply(transaction, &applying, &applied.kinds.clone(), &mut applied.aside, &mut log).await?,
        };
        if tally != KindCounters::default() {
            applied.kinds.insert(kind, tally);
        }
    }
    log.close(transaction).await?;
    if let Some(baseline) = &apply.baseline {
        sqlx::query("UPDATE connections SET baseline = $1 WHERE tenant = $2 AND id = $3")
            .bind(super::sessions::json(baseline)?)
            .bind(tenant.as_str())
            .bind(applying.connection.as_str())
            .execute(&mut *transaction)
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

async fn records<R: Stored>(database: &mut SqliteConnection, applying: &Applying<'_>, log: &mut Log) -> Result<KindCounters> {
    let mut tally = KindCounters::default();
    let mark = Log::mark::<R>(database).await?;
    let mut walk = walk::Walk::<R>::new(applying.session);
    while let Some(batch) = walk.next(database).await? {
        upsert(database, applying.owner(), batch, applying.now, &mut tally, log).await?;
    }
    log.created::<R>(database, mark).await?;
    absence::mark_seen::<R>(database, applying, &mut tally).await?;
    absence::settle::<R>(database, applying, &mut tally).await?;
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
        upsert(&mut transaction, Owner { tenant, connection }, users, now, &mut tally, &mut log).await?;
        log.created::<User>(&mut transaction, mark).await?;
        log.close(&mut transaction).await?;
        transaction.commit().await?;
        Ok(tally)
    }
}
