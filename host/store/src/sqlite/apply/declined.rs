//! What is missing at the vendor and stays all the same, since its removal was turned down before: counted, and told.

use std::collections::BTreeMap;

use headcount_model::{Kind, SessionId};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::holds::decided;
use super::absence::number;
use super::{Applying, lost::REMOVED};
use crate::words::listed;
use crate::{KindCounters, Result};

/// Of one decision: what is missing, and users that are inactive or have another address.
type Declined = (BTreeMap<Kind, u64>, BTreeMap<Kind, u64>);

/// A sentence for each decision that keeps something; the counts go to their kinds.
pub(super) async fn tell(
    database: &mut SqliteConnection,
    applying: &Applying<'_>,
    kinds: &mut BTreeMap<Kind, KindCounters>,
) -> Result<Vec<String>> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT held.session, lost.kind, count(DISTINCT CASE WHEN lost.how IN {REMOVED} THEN lost.id END),
            count(DISTINCT CASE WHEN lost.how NOT IN {REMOVED} THEN lost.id END)
         FROM lost CROSS JOIN held
            ON held.tenant = $1 AND held.connection = $2 AND held.kind = lost.kind AND held.id = lost.id
            AND held.how IN ('missing', 'gone', 'follows', 'inactive', 'rekeyed') AND (held.how IN {REMOVED}) = (lost.how IN {REMOVED})
         CROSS JOIN holds
            ON holds.tenant = $1 AND holds.connection = $2 AND holds.session = held.session AND holds.state <> 'held'
         WHERE lost.session = $3 AND lost.waits = 1 GROUP BY held.session, lost.kind"
    )))
    .bind(applying.tenant.as_str())
    .bind(applying.connection.as_str())
    .bind(applying.session.0)
    .fetch_all(&mut *database)
    .await?;
    let mut found: BTreeMap<i64, Declined> = BTreeMap::new();
    for row in &rows {
        let kind = super::super::field::read_kind(row, 1)?;
        let (missing, changed) = (number(row.try_get(2)?), number(row.try_get(3)?));
        let (all_missing, all_changed) = found.entry(row.try_get(0)?).or_default();
        if missing > 0 {
            all_missing.insert(kind, missing);
            kinds.entry(kind).or_default().declined += missing;
        }
        if changed > 0 {
            all_changed.insert(kind, changed);
        }
    }
    let mut sentences = Vec::new();
    for (session, (missing, changed)) in found {
        let because = decided::because(database, applying.tenant, SessionId(session)).await?;
        if !missing.is_empty() {
            sentences.push(format!("{} missing at the vendor and stay, {because}", listed(&missing, true)));
        }
        if !changed.is_empty() {
            let users = listed(&changed, true);
            sentences.push(format!("{users} inactive or changed at the vendor and stay as they were, {because}"));
        }
    }
    Ok(sentences)
}
