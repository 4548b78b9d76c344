//! Who gets a notice: one delivery for each webhook, and one for each address of an e-mail, so that each has a fate of its own.

use headcount_model::{ConnectionId, TenantId, Timestamp};
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Row as _};

use super::read_channel;
use crate::sqlite::sessions::from_json;
use crate::{ChannelTarget, Contact, Result};

/// Rows that one statement writes: far fewer values than it may have.
const ROWS: usize = 1_000;

/// Queues a notice for all of its tenant's channels.
pub(in crate::sqlite) async fn queue(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    number: i64,
    at: Timestamp,
) -> Result<()> {
    let rows = sqlx::query("SELECT tenant, id, target, NULL AS sealed, created_at FROM channels WHERE tenant = $1 ORDER BY id")
        .bind(tenant.as_str())
        .fetch_all(&mut *database)
        .await?;
    if rows.is_empty() {
        return Ok(());
    }
    let contacts = sqlx::query("SELECT contacts FROM connections WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .fetch_optional(&mut *database)
        .await?;
    let contacts: Vec<Contact> = contacts.map_or(Ok(Vec::new()), |row| from_json(row.try_get("contacts")?, "contacts"))?;
    let mut deliveries = Vec::new();
    for row in &rows {
        let channel = read_channel(row)?;
        let recipients = recipients(&channel.target, &contacts);
        deliveries.extend(recipients.into_iter().map(|recipient| (channel.id.clone(), recipient)));
    }
    for some in deliveries.chunks(ROWS) {
        let mut insert =
            QueryBuilder::new("INSERT INTO deliveries (tenant, notice, channel, recipient, state, due_at, fence, attempts) ");
        insert.push_values(some, |mut row, (channel, recipient)| {
            row.push_bind(tenant.as_str()).push_bind(number).push_bind(channel.as_str()).push_bind(recipient);
            row.push("'waiting'").push_bind(at.micros()).push("0").push("0");
        });
        insert.build().execute(&mut *database).await?;
    }
    Ok(())
}

/// Each address once; an empty one for a webhook, and where nobody is to get an e-mail: that is told as a dead letter.
fn recipients(target: &ChannelTarget, contacts: &[Contact]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if let ChannelTarget::Email { to } = target {
        for address in contacts.iter().map(|contact| contact.email.trim()).chain(to.iter().map(|one| one.trim())) {
            if !address.is_empty() && !found.iter().any(|known| known.eq_ignore_ascii_case(address)) {
                found.push(address.to_owned());
            }
        }
    }
    if found.is_empty() {
        found.push(String::new());
    }
    found
}
