//! The catalogue of software in SQLite.

use std::collections::BTreeMap;

use async_trait::async_trait;
use headcount_model::{ConnectionId, SoftwareId, TenantId, Timestamp};
use serde_json::{Value, json};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::SqliteStore;
use super::changes::{Entry, Log};
use super::connections::require_connection;
use super::sessions::{parsed, time};
use crate::{AboutSoftware, Catalogue, Connection, MOST_SOFTWARE, Result, Software, SoftwareLink, StoreError, What};

#[async_trait]
impl Catalogue for SqliteStore {
    async fn catalogue(&self, tenant: &TenantId) -> Result<Vec<Software>> {
        let mut database = self.readers.begin().await?;
        let mut connections: BTreeMap<String, Vec<ConnectionId>> = BTreeMap::new();
        let links = sqlx::query("SELECT software, connection FROM software_of WHERE tenant = $1 ORDER BY software, connection")
            .bind(tenant.as_str())
            .fetch_all(&mut *database)
            .await?;
        for link in &links {
            connections.entry(link.try_get(0)?).or_default().push(parsed(link, "connection")?);
        }
        let rows = sqlx::query("SELECT * FROM software WHERE tenant = $1 ORDER BY id LIMIT $2")
            .bind(tenant.as_str())
            .bind(i64::from(MOST_SOFTWARE))
            .fetch_all(&mut *database)
            .await?;
        rows.iter().map(|row| read(row, &mut connections)).collect()
    }

    async fn software_of(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<Option<SoftwareLink>> {
        let row = sqlx::query("SELECT software, how, since FROM software_of WHERE tenant = $1 AND connection = $2")
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .fetch_optional(&self.readers)
            .await?;
        let read = |row: &SqliteRow| {
            let by_hand = row.try_get::<&str, _>("how")? == "hand";
            Ok(SoftwareLink { software: parsed(row, "software")?, by_hand, since: time(row, "since")? })
        };
        row.as_ref().map(read).transpose()
    }

    async fn add_software(&self, tenant: &TenantId, id: &SoftwareId, about: &AboutSoftware, now: Timestamp) -> Result<()> {
        let mut transaction = self.begin().await?;
        let held: i64 = sqlx::query_scalar("SELECT count(*) FROM software WHERE tenant = $1")
            .bind(tenant.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        if held >= i64::from(MOST_SOFTWARE) {
            return Err(StoreError::CatalogueFull { tenant: tenant.clone(), most: MOST_SOFTWARE });
        }
        let done = sqlx::query(
            "INSERT INTO software (tenant, id, vendor, name, category, logo, created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (tenant, id) DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(&about.vendor)
        .bind(&about.name)
        .bind(&about.category)
        .bind(&about.logo)
        .bind(now.micros())
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::SoftwareExists { tenant: tenant.clone(), software: id.clone() });
        }
        tell(&mut transaction, tenant, "", id.as_str(), What::Created, None, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn edit_software(&self, tenant: &TenantId, id: &SoftwareId, about: &AboutSoftware, now: Timestamp) -> Result<()> {
        let mut transaction = self.begin().await?;
        require_software(&mut transaction, tenant, id).await?;
        sqlx::query(
            "UPDATE software SET vendor = $3, name = $4, category = $5, logo = $6, changed_at = $7 WHERE tenant = $1 AND id = $2",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(&about.vendor)
        .bind(&about.name)
        .bind(&about.category)
        .bind(&about.logo)
        .bind(now.micros())
        .execute(&mut *transaction)
        .await?;
        tell(&mut transaction, tenant, "", id.as_str(), What::Updated, None, now).await?;
        Ok(transaction.commit().await?)
    }

    async fn remove_software(&self, tenant: &TenantId, id: &SoftwareId) -> Result<()> {
        let mut transaction = self.begin().await?;
        require_software(&mut transaction, tenant, id).await?;
        let users: Vec<String> =
            sqlx::query_scalar("SELECT connection FROM software_of WHERE tenant = $1 AND software = $2 ORDER BY connection")
                .bind(tenant.as_str())
                .bind(id.as_str())
                .fetch_all(&mut *transaction)
                .await?;
        if !users.is_empty() {
            let (tenant, software) = (tenant.clone(), id.clone());
            return Err(StoreError::SoftwareInUse { tenant, software, connections: users.join(", ") });
        }
        sqlx::query("DELETE FROM software WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await?;
        tell(&mut transaction, tenant, "", id.as_str(), What::Removed, None, Timestamp::now()).await?;
        Ok(transaction.commit().await?)
    }

    async fn assign_software(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        software: &SoftwareId,
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.begin().await?;
        require_connection(&mut transaction, tenant, connection).await?;
        require_software(&mut transaction, tenant, software).await?;
        let before: Option<String> = sqlx::query_scalar("SELECT software FROM software_of WHERE tenant = $1 AND connection = $2")
            .bind(tenant.as_str())
            .bind(connection.as_str())
            .fetch_optional(&mut *transaction)
            .await?;
        if before.as_deref() == Some(software.as_str()) {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO software_of (tenant, connection, software, how, since) VALUES ($1, $2, $3, 'hand', $4)
             ON CONFLICT (tenant, connection) DO UPDATE SET software = excluded.software, how = excluded.how, since = excluded.since",
        )
        .bind(tenant.as_str())
        .bind(connection.as_str())
        .bind(software.as_str())
        .bind(now.micros())
        .execute(&mut *transaction)
        .await?;
        let fields = json!({ "software": [before, software] }).to_string();
        tell(&mut transaction, tenant, connection.as_str(), software.as_str(), What::Linked, Some(fields), now).await?;
        Ok(transaction.commit().await?)
    }
}

fn read(row: &SqliteRow, connections: &mut BTreeMap<String, Vec<ConnectionId>>) -> Result<Software> {
    let connector = row.try_get::<Option<&str>, _>("connector")?.map(str::parse).transpose();
    Ok(Software {
        id: parsed(row, "id")?,
        about: AboutSoftware {
            vendor: row.try_get("vendor")?,
            name: row.try_get("name")?,
            category: row.try_get("category")?,
            logo: row.try_get("logo")?,
        },
        connector: connector.map_err(|error| StoreError::Unreadable(format!("connector: {error}")))?,
        connections: connections.remove(row.try_get::<&str, _>("id")?).unwrap_or_default(),
        created_at: time(row, "created_at")?,
        changed_at: time(row, "changed_at")?,
    })
}

async fn require_software(database: &mut SqliteConnection, tenant: &TenantId, id: &SoftwareId) -> Result<()> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM software WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(database)
        .await?;
    found.map(|_| ()).ok_or_else(|| StoreError::NoSoftware { tenant: tenant.clone(), software: id.clone() })
}

/// Links a connection that is saved to its connector's software, which comes into the catalogue with it; where it is linked already,
/// nothing is done. What a person changed in the catalogue stays.
pub(super) async fn associate(database: &mut SqliteConnection, connection: &Connection) -> Result<()> {
    let (tenant, now) = (&connection.tenant, connection.updated_at);
    for (what, sql) in [
        (
            What::Created,
            "INSERT INTO software (tenant, id, vendor, name, category, logo, connector, created_at, changed_at)
             SELECT $1, id, json_extract(manifest, '$.vendor.name'), json_extract(manifest, '$.name'),
                json_extract(manifest, '$.vendor.category'), json_extract(manifest, '$.logo'), id, $4, $4
             FROM connectors WHERE id = $3 AND NOT EXISTS (SELECT 1 FROM software_of WHERE tenant = $1 AND connection = $2)
             ON CONFLICT (tenant, id) DO NOTHING",
        ),
        (
            What::Linked,
            "INSERT INTO software_of (tenant, connection, software, how, since)
             SELECT tenant, $2, id, 'connector', $4 FROM software WHERE tenant = $1 AND id = $3
             ON CONFLICT (tenant, connection) DO NOTHING",
        ),
    ] {
        let done = sqlx::query(sql)
            .bind(tenant.as_str())
            .bind(connection.id.as_str())
            .bind(connection.connector.as_str())
            .bind(now.micros())
            .execute(&mut *database)
            .await?;
        if done.rows_affected() > 0 {
            let software = connection.connector.as_str();
            let of = if what == What::Linked { connection.id.as_str() } else { "" };
            let fields = (what == What::Linked).then(|| json!({ "software": [Value::Null, software] }).to_string());
            tell(database, tenant, of, software, what, fields, now).await?;
        }
    }
    Ok(())
}

/// Tells whoever follows the changes what became of a software, or to which a connection belongs now.
async fn tell(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &str,
    software: &str,
    what: What,
    fields: Option<String>,
    now: Timestamp,
) -> Result<()> {
    let mut log = Log::open(database, tenant, connection, None, now).await?;
    let entry = Entry { kind: "software", id: software.to_owned(), what, name: None, fields };
    log.add(database, vec![entry]).await?;
    log.close(database).await
}
