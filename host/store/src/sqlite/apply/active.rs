//! Judging what users lose who were active: apart from the others, who become more every year.

use headcount_model::Kind;
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use super::absence::number;
use super::judge::{WAITING, counted};
use super::lost::same;
use super::{Applying, totals};
use crate::{KindCounters, Loss, Result, SyncRules, WINDOW};

/// What their number is kept under, beside those of kinds.
pub(super) const ACTIVE: &str = "active-user";

/// That one of `users` is neither inactive nor suspended.
pub(super) const IS_ACTIVE: &str = "(users.status IS NULL OR users.status NOT IN ('inactive', 'suspended'))";

/// Why too many of them would be lost, if they would; `users` is what the session has brought in so far.
pub(super) async fn judge(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    rules: &SyncRules,
    users: &KindCounters,
) -> Result<Option<String>> {
    let now = losing(database, applying, "lost.how <> 'rekeyed'").await?;
    if now == 0 {
        return Ok(None);
    }
    let inactive = losing(database, applying, "lost.how = 'inactive'").await?;
    // Who came or came back with this session was not active before.
    let came = created(database, applying).await? + users.reactivated;
    let stay = declined(database, applying).await?;
    let present = count(database, applying).await?.saturating_sub(came + stay);
    let before = earlier(database, applying).await?;
    let of = totals::baseline(database, applying, ACTIVE).await?.unwrap_or(present).min(present + before);
    let waiting = if applying.decides() { 0 } else { waiting(database, applying).await? };
    let confirmed = rules.confirmed.contains(&Kind::User);
    let loss = Loss { lost: now + before + waiting, now, inactive, waiting, of, present, confirmed };
    Ok(rules.guard.active_users(&loss))
}

/// How many are there, but for those that a filter drops.
pub(super) async fn count(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<u64> {
    let sql = format!(
        "SELECT count(*) FROM users WHERE tenant = $1 AND connection = $2 AND gone_at IS NULL AND {IS_ACTIVE}
            AND NOT EXISTS (SELECT 1 FROM dropped WHERE dropped.session = $3 AND dropped.kind = $4 AND dropped.id = users.id)"
    );
    counted(database, applying, Kind::User, sql).await
}

/// How many this session would take away or make inactive.
async fn losing(database: &mut SqliteConnection, applying: &Applying<'_>, how: &str) -> Result<u64> {
    let sql = format!(
        "SELECT count(DISTINCT lost.id) FROM lost CROSS JOIN users
            ON users.tenant = $1 AND users.connection = $2 AND users.id = lost.id
         WHERE lost.session = $3 AND lost.kind = $4 AND lost.waits = 0 AND {how} AND {IS_ACTIVE}"
    );
    counted(database, applying, Kind::User, sql).await
}

/// How many are new: this session's changes are numbered behind all that were written before.
async fn created(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<u64> {
    let sql = format!(
        "SELECT count(*) FROM changes CROSS JOIN users
            ON users.tenant = $1 AND users.connection = $2 AND users.id = changes.id
         WHERE changes.tenant = $1 AND changes.number > COALESCE((SELECT last FROM change_heads WHERE tenant = $1), 0)
            AND changes.connection = $2 AND changes.session = $3 AND changes.kind = $4 AND changes.what = 'created' AND {IS_ACTIVE}"
    );
    counted(database, applying, Kind::User, sql).await
}

/// How many are missing or inactive at the vendor, and stay as they are since that was turned down or undone.
async fn declined(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<u64> {
    let sql = format!(
        "SELECT count(DISTINCT lost.id) FROM lost CROSS JOIN held
            ON held.tenant = $1 AND held.connection = $2 AND held.kind = lost.kind AND held.id = lost.id AND {}
         CROSS JOIN holds ON holds.tenant = $1 AND holds.connection = $2 AND holds.session = held.session AND holds.state <> 'held'
         CROSS JOIN users ON users.tenant = $1 AND users.connection = $2 AND users.id = lost.id
         WHERE lost.session = $3 AND lost.kind = $4 AND lost.waits = 1 AND lost.how <> 'rekeyed' AND {IS_ACTIVE}",
        same()
    );
    counted(database, applying, Kind::User, sql).await
}

/// How many wait for a person since an earlier session, and are not lost in this one.
async fn waiting(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<u64> {
    let sql = format!(
        "SELECT count(*) FROM users WHERE tenant = $1 AND connection = $2 AND {IS_ACTIVE}
            AND id IN ({WAITING} AND held.how <> 'rekeyed')"
    );
    let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(applying.tenant.as_str()).bind(applying.connection.as_str());
    Ok(number(query.bind(Kind::User.as_str()).bind(applying.session.0).fetch_one(database).await?))
}

/// How many were lost in the 24 hours before without a person's consent: active when they were removed and not back, or inactive since,
/// there or not.
async fn earlier(database: &mut SqliteConnection, applying: &Applying<'_>) -> Result<u64> {
    let sql = format!(
        "SELECT count(DISTINCT losses.id) FROM losses CROSS JOIN users
            ON users.tenant = losses.tenant AND users.connection = losses.connection AND users.id = losses.id
         WHERE losses.tenant = $1 AND losses.connection = $2 AND losses.kind = $3 AND losses.at > $5
            AND (losses.how = 'inactive' AND NOT {IS_ACTIVE}
                OR losses.how = 'removed' AND {IS_ACTIVE} AND users.gone_at IS NOT NULL AND NOT EXISTS
                    (SELECT 1 FROM staged WHERE staged.session = $4 AND staged.kind = $3 AND staged.id = losses.id))"
    );
    let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(applying.tenant.as_str()).bind(applying.connection.as_str());
    let query = query.bind(Kind::User.as_str()).bind(applying.session.0);
    Ok(number(query.bind(applying.now.micros().saturating_sub(WINDOW)).fetch_one(database).await?))
}
