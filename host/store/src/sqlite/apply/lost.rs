//! Writing down what a session would take away, before anything is: what is missing, what the vendor says is gone, and the grants that go
//! with either.

use headcount_model::{Kind, SessionId};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use super::super::record::table;
use super::super::sessions::json;
use super::super::values::{Values, placeholders, portions};
use super::Applying;
use super::absence::absent;
use crate::{Deactivate, Result};

/// Ways of being lost that end in a record's removal.
pub(super) const REMOVED: &str = "('missing', 'gone', 'follows')";

/// That a row of `lost` is what a row of `held` waits with, or was turned down for. Another address is another change.
pub(super) fn same() -> String {
    let address = |table: &str| format!("lower(trim({table}.fields ->> '$.email[1]'))");
    format!(
        "(held.how IN {REMOVED} AND lost.how IN {REMOVED}
            OR lost.how = held.how AND (held.how <> 'rekeyed' OR {} IS {}))",
        address("lost"),
        address("held")
    )
}

/// A row that was skipped, or that a filter dropped, says nothing of what its record holds, who holds it, or what is held through it:
/// such grants stay. Where what is missing is kept, so are the grants of what was not read.
///
/// Whoever holds a license is in the group that owns it: where the license was skipped, that stays, too.
fn proven_grants(keeps_missing: bool) -> String {
    let mut condition =
        "(EXISTS (SELECT 1 FROM proven WHERE proven.session = $3 AND proven.feed = grants.feed AND proven.parent = grants.parent)
            OR $5 IS NOT NULL AND grants.feed NOT IN (SELECT value FROM json_each($5)))
         AND NOT (grants.target_kind = 'group' AND EXISTS (SELECT 1 FROM grants AS held
            CROSS JOIN licenses AS owned ON owned.tenant = $1 AND owned.connection = $2 AND owned.id = held.target_id
                AND owned.group_id = grants.target_id
            CROSS JOIN seen ON seen.session = $3 AND seen.kind = 'license' AND seen.id = owned.id
                AND instr(seen.carries, ',group,') > 0
            WHERE held.tenant = $1 AND held.connection = $2 AND held.gone_at IS NULL AND held.target_kind = 'license'
                AND held.principal_kind = grants.principal_kind AND held.principal_id = grants.principal_id))"
            .to_owned();
    for end in ["principal", "target", "via"] {
        for table in ["seen", "dropped"] {
            condition.push_str(&format!(
                " AND NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.session = $3
                    AND {table}.kind = grants.{end}_kind AND {table}.id = grants.{end}_id)"
            ));
        }
        if keeps_missing {
            condition.push_str(&format!(
                " AND (grants.{end}_kind IS NULL OR EXISTS (SELECT 1 FROM staged WHERE staged.session = $3
                    AND staged.kind = grants.{end}_kind AND staged.id = grants.{end}_id))"
            ));
        }
    }
    condition
}

/// Whether what a sync doesn't find stays by preference. One list that is read after an action says nothing of what it connects.
fn keeps_missing(applying: &Applying<'_>) -> bool {
    applying.preferences.deactivate != Deactivate::Missing && applying.apply.rules.as_ref().is_some_and(|rules| !rules.defers)
}

pub(super) async fn write_down(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<()> {
    for kind in Kind::ALL {
        named(database, applying, kind).await?;
        if applying.removes(kind) {
            let proven = match kind {
                Kind::Grant => prove(database, applying).await?.then(|| proven_grants(keeps_missing(applying))),
                _ => applying.apply.proven.contains(&kind).then(|| "($5 IS NULL OR 1)".to_owned()),
            };
            if let Some(condition) = proven {
                missing(database, applying, kind, &condition).await?;
            }
        }
        if applying.apply.rules.is_some() {
            waiting(database, applying, kind).await?;
        }
        if kind == Kind::Grant {
            // Whatever else stays or waits: a grant of something that is gone would say that somebody reaches it.
            follow(database, applying).await?;
        }
    }
    sqlx::query("DELETE FROM proven WHERE session = $1").bind(applying.session.0).execute(database).await?;
    Ok(())
}

pub(super) async fn forget(database: &mut SqliteConnection, session: SessionId) -> Result<()> {
    sqlx::query("DELETE FROM lost WHERE session = $1").bind(session.0).execute(database).await?;
    Ok(())
}

/// What the vendor said is gone, whatever is proven.
async fn named(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind) -> Result<()> {
    // A parent that answers not-found is missing like any other; what an action took away is not a matter of preference.
    if applying.apply.rules.is_some() && !applying.removes(kind) {
        return Ok(());
    }
    let sql = format!(
        "INSERT OR IGNORE INTO lost (session, kind, how, id)
         SELECT $3, $4, 'gone', id FROM {} WHERE tenant = $1 AND connection = $2 AND id = $5 AND gone_at IS NULL",
        table(kind)
    );
    for (_, key) in applying.gone.iter().filter(|(gone, _)| *gone == kind) {
        sqlx::query(AssertSqlSafe(sql.clone()))
            .bind(applying.tenant.as_str())
            .bind(applying.connection.as_str())
            .bind(applying.session.0)
            .bind(kind.as_str())
            .bind(key.as_ref())
            .execute(&mut *database)
            .await?;
    }
    Ok(())
}

/// What is absent and meets a condition.
async fn missing(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind, condition: &str) -> Result<()> {
    let table = table(kind);
    let sql = format!(
        "INSERT INTO lost (session, kind, how, id)
         SELECT $3, $4, 'missing', {table}.id FROM {table} WHERE {} AND {condition}
         AND NOT EXISTS (SELECT 1 FROM lost AS known WHERE known.session = $3 AND known.kind = $4 AND known.id = {table}.id)",
        absent(kind)
    );
    let whole = applying.apply.whole_grants.as_ref().map(json).transpose()?;
    sqlx::query(AssertSqlSafe(sql))
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .bind(applying.session.0)
        .bind(kind.as_str())
        .bind(whole)
        .execute(database)
        .await?;
    Ok(())
}

/// Grants go with their ends.
pub(super) async fn follow(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<()> {
    let ends: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT DISTINCT kind FROM lost WHERE session = $1 AND waits = 0 AND how IN {REMOVED} AND kind <> 'grant'"
    )))
    .bind(applying.session.0)
    .fetch_all(&mut *database)
    .await?;
    for kind in ends {
        for end in ["principal", "target", "via"] {
            let ended = format!(
                "grants.tenant = $1 AND grants.connection = $2 AND grants.gone_at IS NULL AND grants.{end}_kind = $4
                    AND grants.{end}_id IN
                        (SELECT id FROM lost WHERE session = $3 AND kind = $4 AND waits = 0 AND how IN {REMOVED})"
            );
            for sql in [
                format!(
                    "DELETE FROM lost WHERE session = $3 AND kind = 'grant' AND waits = 1
                     AND id IN (SELECT grants.id FROM grants WHERE {ended})"
                ),
                format!(
                    "INSERT INTO lost (session, kind, how, id) SELECT $3, 'grant', 'follows', grants.id FROM grants WHERE {ended}
                     AND NOT EXISTS
                        (SELECT 1 FROM lost AS known WHERE known.session = $3 AND known.kind = 'grant' AND known.id = grants.id)"
                ),
            ] {
                sqlx::query(AssertSqlSafe(sql))
                    .bind(applying.tenant.as_str())
                    .bind(applying.connection.as_str())
                    .bind(applying.session.0)
                    .bind(&kind)
                    .execute(&mut *database)
                    .await?;
            }
        }
    }
    Ok(())
}

/// Writes down the feeds (and parents) that are proven; says whether there are any.
async fn prove(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<bool> {
    let proven = &applying.apply.proven_grants;
    let mut parts = proven.iter();
    for portion in portions(proven.len()) {
        let mut values = Values::with_capacity(portion * 3);
        for part in parts.by_ref().take(portion) {
            values.add(applying.session.0);
            values.add(part.feed.as_str());
            values.add(part.parent.as_deref().unwrap_or_default());
        }
        let sql = format!(
            "INSERT INTO proven (session, feed, parent) VALUES {} ON CONFLICT (session, feed, parent) DO NOTHING",
            placeholders(portion, 3)
        );
        sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database).await?;
    }
    Ok(!proven.is_empty() || applying.apply.whole_grants.is_some())
}

/// What was turned down stays, and so does what waits, unless this session saw everything and decides anew.
async fn waiting(database: &mut SqliteConnection, applying: &Applying<'_>, kind: Kind) -> Result<()> {
    let sql = format!(
        "UPDATE lost SET waits = 1 WHERE session = $3 AND kind = $4 AND EXISTS (
            SELECT 1 FROM held JOIN holds ON holds.tenant = held.tenant AND holds.connection = held.connection
                AND holds.session = held.session
            WHERE held.tenant = $1 AND held.connection = $2 AND held.kind = lost.kind AND held.id = lost.id
                AND {} AND (holds.state <> 'held' OR NOT $5))",
        same()
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(applying.tenant.as_str())
        .bind(applying.connection.as_str())
        .bind(applying.session.0)
        .bind(kind.as_str())
        .bind(applying.decides())
        .execute(database)
        .await?;
    Ok(())
}
