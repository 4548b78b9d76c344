//! A test run: all that a session does, in a transaction that is given up. What would have changed is kept beside.

use headcount_model::{ConnectionId, SessionId, TenantId, Timestamp};
use sqlx::sqlite::SqliteConnection;

use super::super::SqliteStore;
use super::super::connections::connection_within;
use super::super::holds::diff;
use super::super::mapping::{accounts, inputs};
use super::super::people::correlate::correlate;
use super::super::sessions::open_session;
use super::{foreign, prepare, within};
use crate::{Apply, Correlated, Rehearsal, Rehearsed, Result, WhichAccounts};

pub(in crate::sqlite) async fn rehearse(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    apply: &Apply,
    rehearsal: Option<&mut dyn Rehearsal>,
) -> Result<Rehearsed> {
    let mut transaction = store.begin().await?;
    let connection = open_session(&mut transaction, tenant, session).await?;
    let (rehearsed, diff) = match &apply.foreign {
        // What waits is neither mapped nor anybody's.
        Some(foreign) => {
            let (applied, diff) = foreign::work_out(&mut transaction, tenant, (&connection, session), apply, foreign).await?;
            (Rehearsed { applied, correlated: None }, diff)
        }
        None => {
            prepare(&mut transaction, session).await?;
            let applied = within(&mut transaction, tenant, connection.clone(), session, apply).await?;
            let diff = diff::whole(&mut transaction, tenant, session).await?;
            let correlated = match rehearsal {
                Some(rehearsal) => follow_up(&mut transaction, (tenant, &connection), apply.now, rehearsal).await?,
                None => None,
            };
            (Rehearsed { applied, correlated }, diff)
        }
    };
    transaction.rollback().await?;
    let mut transaction = store.begin().await?;
    diff::drop_tests(&mut transaction, tenant, &connection).await?;
    diff::keep(&mut transaction, tenant, &connection, session, diff).await?;
    transaction.commit().await?;
    Ok(rehearsed)
}

/// Maps the accounts, and links them if all could be mapped.
async fn follow_up(
    database: &mut SqliteConnection,
    (tenant, connection): (&TenantId, &ConnectionId),
    now: Option<Timestamp>,
    rehearsal: &mut dyn Rehearsal,
) -> Result<Option<Correlated>> {
    let now = now.unwrap_or_else(Timestamp::now);
    let would_be = connection_within(database, tenant, connection).await?;
    let mut which = WhichAccounts { limit: u32::MAX, ..WhichAccounts::default() };
    loop {
        let portion = inputs::account_inputs(database, tenant, connection, &which).await?;
        let Some(last) = portion.last() else { break };
        which.after = Some(last.inputs.user.id.clone());
        let Some(fresh) = rehearsal.map(&would_be, portion).await else { return Ok(None) };
        accounts::put(database, tenant, connection, &fresh, now).await?;
    }
    correlate(database, tenant, connection, now).await.map(Some)
}
