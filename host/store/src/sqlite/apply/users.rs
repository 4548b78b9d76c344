//! Bringing in users: those who lose their access, or whose e-mail address changes, are set aside until it is known whether too many do.

use std::collections::BTreeMap;

use headcount_model::{Kind, User};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::changes::Log;
use super::super::record::{Stored, email_key};
use super::super::sessions::json;
use super::super::upsert::{Manner, stored, upsert};
use super::super::values::{Values, placeholders, portions};
use super::judge::Judged;
use super::walk::Walk;
use super::{Applying, absence};
use crate::{Deactivate, Fields, How, KindCounters, Result};

/// Users that the first walk set aside.
const SET_ASIDE: &str = "AND id IN (SELECT id FROM lost WHERE session = $1 AND kind = 'user' AND how IN ('inactive', 'rekeyed'))";

/// A user about to be written down as lost.
struct Losing {
    id: String,
    how: How,
    fields: String,
    waits: bool,
}

/// Brings in what is staged of users, but for what they may lose: that is written down.
pub(super) async fn bring_in(database: &mut SqliteConnection, applying: &Applying<'_>, log: &mut Log) -> Result<KindCounters> {
    let mut tally = KindCounters::default();
    let mark = Log::mark::<User>(database).await?;
    let mut walk = Walk::<User>::new(applying.session);
    let guarded = applying.apply.rules.is_some();
    let stays = applying.preferences.deactivate == Deactivate::Never;
    while let Some(batch) = walk.next(database).await? {
        let mut losing = Vec::new();
        let mut withhold = |before: &User, after: &User| {
            let found = losses(before, after, stays)?;
            let any = !found.is_empty();
            losing.extend(found);
            Ok(any)
        };
        let mut manner = Manner { withhold: guarded.then_some(&mut withhold), ..applying.manner() };
        upsert(database, applying.owner(), batch, applying.now, (&mut tally, log), &mut manner).await?;
        write_down(database, applying, losing).await?;
    }
    log.created::<User>(database, mark).await?;
    absence::mark_seen::<User>(database, applying, (&mut tally, log)).await?;
    Ok(tally)
}

/// What a user loses by becoming what the vendor now says.
fn losses(before: &User, after: &User, stays: bool) -> Result<Vec<Losing>> {
    let mut found = Vec::new();
    let mut note = |how, field: &str, values: [serde_json::Value; 2], waits| {
        let fields = json(&Fields::from([(field.to_owned(), values)]))?;
        found.push(Losing { id: before.id.clone(), how, fields, waits });
        Ok::<(), crate::StoreError>(())
    };
    if after.status.is_some_and(|status| status.is_lost()) && !before.status.is_some_and(|status| status.is_lost()) {
        let word = |user: &User| user.status.map(|status| status.as_str()).into();
        note(How::Inactive, "status", [word(before), word(after)], stays)?;
    }
    let key = |user: &User| user.email.as_deref().map(email_key);
    if key(before).is_some() && key(before) != key(after) {
        note(How::Rekeyed, "email", [before.email.clone().into(), after.email.clone().into()], false)?;
    }
    Ok(found)
}

async fn write_down(database: &mut SqliteConnection, applying: &Applying<'_>, losing: Vec<Losing>) -> Result<()> {
    let mut losing = losing.into_iter();
    for portion in portions(losing.len()) {
        let mut values = Values::with_capacity(portion * 6);
        for user in losing.by_ref().take(portion) {
            values.add(applying.session.0);
            values.add(Kind::User.as_str());
            values.add(user.how.as_str());
            values.add(user.id);
            values.add(user.fields);
            values.add(user.waits);
        }
        let sql = format!("INSERT INTO lost (session, kind, how, id, fields, waits) VALUES {}", placeholders(portion, 6));
        sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database).await?;
    }
    Ok(())
}

/// Brings in the users that were set aside: without what waits.
pub(super) async fn bring_in_lost(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    judged: &Judged,
    (tally, log): (&mut KindCounters, &mut Log),
) -> Result<()> {
    let mut walk = Walk::<User>::among(applying.session, SET_ASIDE);
    while let Some(mut batch) = walk.next(database).await? {
        let waits = waiting(database, applying, judged, &batch).await?;
        let mut before = BTreeMap::new();
        for portion in batch.chunks(512) {
            let ids: Vec<&str> = portion.iter().map(|user| user.id.as_str()).collect();
            for user in stored::<User>(database, applying.owner(), ids.into_iter()).await? {
                before.insert(user.id.clone(), user);
            }
        }
        for user in &mut batch {
            let (Some(hows), Some(before)) = (waits.get(&user.id), before.get(&user.id)) else { continue };
            if hows.contains(&How::Inactive) {
                user.status = before.status;
            }
            if hows.contains(&How::Rekeyed) {
                user.email.clone_from(&before.email);
            }
        }
        upsert(database, applying.owner(), batch, applying.now, (tally, log), &mut applying.manner()).await?;
    }
    Ok(())
}

/// What waits of each of these users.
async fn waiting(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    judged: &Judged,
    batch: &[User],
) -> Result<BTreeMap<String, Vec<How>>> {
    let mut waits: BTreeMap<String, Vec<How>> = BTreeMap::new();
    for portion in batch.chunks(512) {
        let mut values = Values::with_capacity(portion.len() + 1);
        portion.iter().for_each(|user| values.add(user.key().into_owned()));
        values.add(applying.session.0);
        let sql = format!(
            "SELECT id, how, waits FROM lost WHERE id IN ({}) AND session = ? AND kind = 'user' AND how IN ('inactive', 'rekeyed')",
            vec!["?"; portion.len()].join(",")
        );
        for row in sqlx::query_with(AssertSqlSafe(sql), values.finish()?).persistent(false).fetch_all(&mut *database).await? {
            let Some(how) = How::from_word(row.try_get(1)?) else { continue };
            if row.try_get::<bool, _>(2)? || judged.holds(how) {
                waits.entry(row.try_get(0)?).or_default().push(how);
            }
        }
    }
    Ok(waits)
}
