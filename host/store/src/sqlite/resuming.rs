//! Sessions that survive: opened on a basis, resumed, abandoned, and ended after they were applied.

use async_trait::async_trait;
use headcount_model::{ConnectionId, Kind, SessionId, TenantId, Timestamp};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::notices::of_abandoned;
use super::sessions::{COLUMNS, begin_session, from_json, json, last_applied, last_sync, optional, parsed, read, sessions};
use super::stage::drop_staged;
use super::{SqliteStore, places, session_errors};
use crate::{
    Applied, Basis, Ending, ListMemory, Move, NewSession, OpenSession, Place, Result, Resumption, Session, SessionEnd,
    SessionError, SessionState, SessionStore, StagedPage, StoreError, Wish,
};

#[async_trait]
impl SessionStore for SqliteStore {
    async fn begin_on(&self, session: &NewSession, basis: &Basis) -> Result<SessionId> {
        begin_session(self, session, Some(basis)).await
    }

    async fn open_session(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<OpenSession>> {
        let sql = format!("{COLUMNS} WHERE tenant = $1 AND connection = $2 AND ended_at IS NULL");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| Ok(OpenSession { session: read(&row)?, ending: optional(&row, "ending")? })).transpose()
    }

    async fn resume_session(&self, tenant: &TenantId, id: SessionId, resumption: &Resumption) -> Result<()> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query(
            "UPDATE sessions SET resumed = json_insert(resumed, '$[#]', json($1)), touched_at = $2,
                pause_asked_at = (SELECT CASE WHEN c.life ->> 'state' = 'paused' THEN $2 END FROM connections c
                    WHERE c.tenant = sessions.tenant AND c.id = sessions.connection)
             WHERE id = $3 AND tenant = $4 AND ended_at IS NULL",
        )
        .bind(json(resumption)?)
        .bind(resumption.resumed_at.micros())
        .bind(id.0)
        .bind(tenant.as_str())
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotOpen { session: id });
        }
        Ok(transaction.commit().await?)
    }

    async fn abandon(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        state: SessionState,
        why: &str,
        now: Timestamp,
    ) -> Result<Option<SessionId>> {
        abandon(self, tenant, connection, state, why, now).await
    }

    async fn move_session(&self, tenant: &TenantId, id: SessionId, news: Move<'_>) -> Result<()> {
        let mut transaction = self.begin().await?;
        move_on(&mut transaction, tenant, id, news).await?;
        Ok(transaction.commit().await?)
    }

    async fn stage_place(
        &self,
        tenant: &TenantId,
        id: SessionId,
        page: &StagedPage,
        place: &Place,
        news: Move<'_>,
    ) -> Result<()> {
        places::stage(self, tenant, id, page, place, news).await
    }

    async fn place(&self, tenant: &TenantId, id: SessionId, feed: &str, parent: Option<&str>) -> Result<Option<String>> {
        places::place(self, tenant, id, feed, parent).await
    }

    async fn list_memory(
        &self,
        tenant: &TenantId,
        id: SessionId,
        list: (&str, Option<&str>),
        from_page: u32,
        after: Option<&(Kind, String)>,
        limit: u32,
    ) -> Result<ListMemory> {
        places::memory(self, tenant, id, list, from_page, after, limit).await
    }

    async fn followed(&self, tenant: &TenantId, id: SessionId, list: (&str, Option<&str>), from_page: u32) -> Result<Vec<i64>> {
        places::followed(self, tenant, id, list, from_page).await
    }

    async fn add_error(&self, tenant: &TenantId, id: SessionId, error: &SessionError, most: u32) -> Result<()> {
        session_errors::add(self, tenant, id, error, most).await
    }

    async fn errors(&self, tenant: &TenantId, id: SessionId) -> Result<Vec<SessionError>> {
        session_errors::all(self, tenant, id).await
    }

    async fn ask_cancel(&self, tenant: &TenantId, id: SessionId, now: Timestamp) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let done = sqlx::query(
            "UPDATE sessions SET cancel_asked_at = COALESCE(cancel_asked_at, $1)
             WHERE id = $2 AND tenant = $3 AND ended_at IS NULL",
        )
        .bind(now.micros())
        .bind(id.0)
        .bind(tenant.as_str())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn sessions_before(
        &self,
        tenant: &TenantId,
        connection: Option<&ConnectionId>,
        before: Option<SessionId>,
        limit: u32,
    ) -> Result<Vec<Session>> {
        sessions(self, tenant, connection, before, limit).await
    }

    async fn last_sync(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<Session>> {
        last_sync(self, tenant, connection).await
    }

    async fn last_applied(&self, tenant: &TenantId, connection: &ConnectionId, organization: &str) -> Result<Option<Session>> {
        last_applied(self, tenant, connection, organization).await
    }

    async fn ask_pause(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        since: Option<Timestamp>,
    ) -> Result<Option<SessionId>> {
        let mut transaction = self.begin().await?;
        let asked: Option<i64> = sqlx::query_scalar(
            "UPDATE sessions SET pause_asked_at = $1 WHERE tenant = $2 AND connection = $3 AND ended_at IS NULL RETURNING id",
        )
        .bind(since.map(Timestamp::micros))
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .fetch_optional(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(asked.map(SessionId))
    }

    async fn wish(&self, tenant: &TenantId, id: SessionId) -> Result<Option<Wish>> {
        let row = sqlx::query(
            "SELECT cancel_asked_at IS NOT NULL, pause_asked_at IS NOT NULL FROM sessions
             WHERE id = $1 AND tenant = $2 AND ended_at IS NULL",
        )
        .bind(id.0)
        .bind(tenant.as_str())
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let (cancel, pause): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
        Ok(if cancel { Some(Wish::Cancel) } else { pause.then_some(Wish::Pause) })
    }
}

/// Moves an open session on; gives its connection.
pub(super) async fn move_on(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    session: SessionId,
    news: Move<'_>,
) -> Result<ConnectionId> {
    let scope = news.scope.map(json).transpose()?;
    let moved = sqlx::query(
        "UPDATE sessions SET state = COALESCE($1, state), counters = $2, scope = COALESCE($3, scope), notes = $4, touched_at = $5
         WHERE id = $6 AND tenant = $7 AND ended_at IS NULL RETURNING connection",
    )
    .bind(news.state.map(SessionState::as_str))
    .bind(json(news.counters)?)
    .bind(scope)
    .bind(json(&news.notes)?)
    .bind(Timestamp::now().micros())
    .bind(session.0)
    .bind(tenant.as_str())
    .fetch_all(database)
    .await?;
    moved.first().map_or(Err(StoreError::NotOpen { session }), |row| parsed(row, "connection"))
}

/// Keeps how a session ends, in the transaction that applies it.
pub(super) async fn keep_ending(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    session: SessionId,
    end: &SessionEnd,
    applied: &Applied,
) -> Result<()> {
    let ending = json(&Ending { end: end.clone(), applied: applied.clone() })?;
    sqlx::query("UPDATE sessions SET ending = $1 WHERE id = $2 AND tenant = $3")
        .bind(ending)
        .bind(session.0)
        .bind(tenant.as_str())
        .execute(database)
        .await?;
    Ok(())
}

pub(super) async fn abandon(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    state: SessionState,
    why: &str,
    now: Timestamp,
) -> Result<Option<SessionId>> {
    let mut transaction = store.begin().await?;
    let id = leave_open(&mut transaction, (tenant, connection), (state, why, now)).await?;
    transaction.commit().await?;
    Ok(id)
}

/// Ends the session of a connection that its process left behind, whatever it had come to.
pub(super) async fn leave_open(
    database: &mut SqliteConnection,
    of: (&TenantId, &ConnectionId),
    end: (SessionState, &str, Timestamp),
) -> Result<Option<SessionId>> {
    let sql = format!("{COLUMNS} WHERE tenant = $1 AND connection = $2 AND ended_at IS NULL");
    leave(database, sql, of, end).await
}

/// Ends a session that was interrupted while it read: records that it read as they were stored are about to change, and it kept nothing
/// else of them. One that was applied already stays.
pub(super) async fn overtake(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    why: &str,
    now: Timestamp,
) -> Result<()> {
    let sql = format!("{COLUMNS} WHERE tenant = $1 AND connection = $2 AND ended_at IS NULL AND ending IS NULL");
    leave(database, sql, (tenant, connection), (SessionState::Failed, why, now)).await.map(drop)
}

/// Ends the session that a query finds, and drops what it staged.
async fn leave(
    database: &mut SqliteConnection,
    open: String,
    (tenant, connection): (&TenantId, &ConnectionId),
    (state, why, now): (SessionState, &str, Timestamp),
) -> Result<Option<SessionId>> {
    let open = sqlx::query(sqlx::AssertSqlSafe(open))
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .fetch_optional(&mut *database)
        .await?;
    let Some(row) = open else { return Ok(None) };
    let id: i64 = row.try_get("id")?;
    let mut notes: Vec<String> = from_json(row.try_get("notes")?, "notes")?;
    notes.push(why.to_owned());
    sqlx::query("UPDATE sessions SET state = $1, ended_at = $2, notes = $3, ending = NULL WHERE id = $4 AND tenant = $5")
        .bind(state.as_str())
        .bind(now.micros())
        .bind(json(&notes)?)
        .bind(id)
        .bind(tenant.as_str())
        .execute(&mut *database)
        .await?;
    if !optional::<Basis>(&row, "basis")?.is_some_and(|basis| basis.test) {
        of_abandoned(database, tenant, connection, (SessionId(id), state), now).await?;
    }
    drop_staged(database, SessionId(id)).await?;
    Ok(Some(SessionId(id)))
}
