//! What an action would ask of the vendor, and whom and what it concerns, as the store has them.

use headcount_model::manifest::{Action, RefersTo};
use headcount_model::{ConnectionId, Kind, Manifest, Reference};
use headcount_store::{Connection, Row, StoreError, StoredRecord};
use headcount_sync::{Concern, FormField, Preview, aside, form, kept_input};
use serde_json::Value;

use crate::Tenant;

/// Values that are looked up.
const MOST: usize = 20;
/// Holdings that are counted.
const MOST_HELD: u32 = 1_000;

impl Tenant {
    /// What an action would do with this input, which fits.
    pub(super) async fn describe(
        &self,
        connection: &Connection,
        manifest: &Manifest,
        action: &Action,
        input: &Value,
    ) -> Result<Preview, StoreError> {
        let mut concerns = Vec::new();
        for field in form(action).fields {
            let (Some(refers), Some(value), false) = (field.refers_to, input.get(&field.name), field.secret) else { continue };
            let one;
            let values = match value {
                Value::Array(values) => values.as_slice(),
                other => {
                    one = [other.clone()];
                    &one
                }
            };
            for value in values.iter().take(MOST.saturating_sub(concerns.len())) {
                let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
                concerns.extend(self.concern(&connection.id, &field, refers, text).await?);
            }
        }
        let base = connection.settings.base_url.trim_end_matches('/');
        let (by, given, never_kept) = (action.clone(), input.clone(), manifest.never_kept.clone());
        let kept = aside(move || kept_input(&by, &never_kept, &given)).await;
        Ok(Preview {
            action: action.name.clone(),
            label: action.label.clone(),
            description: action.description.clone(),
            destructive: action.destructive,
            read_only: action.read_only,
            idempotent: action.idempotent,
            input: kept.unwrap_or_default(),
            requests: action.requests.iter().map(|rule| format!("{} {base}{}", rule.method, rule.path)).collect(),
            concerns,
        })
    }

    async fn concern(
        &self,
        connection: &ConnectionId,
        field: &FormField,
        refers: RefersTo,
        value: String,
    ) -> Result<Vec<Concern>, StoreError> {
        let store = &self.inner.store;
        let rows = match refers {
            RefersTo::Record(kind) => store.record(&self.id, connection, kind, &value).await?.into_iter().collect(),
            RefersTo::Email => store.users_by_email(&self.id, connection, &value).await?,
            RefersTo::Product => Vec::new(),
        };
        let concern = |record, says| Concern { field: field.title.clone(), value: value.clone(), record, says };
        if rows.is_empty() {
            let says = match refers {
                RefersTo::Product => String::new(),
                RefersTo::Email => "the store has nobody with this address here".to_owned(),
                RefersTo::Record(kind) => format!("the store has no such {kind}"),
            };
            return Ok(if says.is_empty() { Vec::new() } else { vec![concern(None, says)] });
        }
        let mut concerns = Vec::new();
        for row in rows.iter().take(MOST) {
            let says = self.says(connection, row).await?;
            concerns.push(concern(reference(row), says));
        }
        Ok(concerns)
    }

    /// A record in a line.
    async fn says(&self, connection: &ConnectionId, row: &Row) -> Result<String, StoreError> {
        let mut parts: Vec<String> = Vec::new();
        let mut add = |part: Option<&str>| parts.extend(part.filter(|part| !part.is_empty()).map(str::to_owned));
        match &row.record {
            StoredRecord::User(user) => {
                add(user.display_name.as_deref());
                add(user.email.as_deref().filter(|email| user.display_name.as_deref() != Some(*email)));
                add(Some(user.status.map_or("active", |status| status.as_str())));
                add(user.administrator.filter(|is| *is).map(|_| "administrator"));
            }
            StoredRecord::License(license) => {
                add(Some(&license.product_name));
                add(license.state.map(|state| state.as_str()));
                let held = match row.holders.as_slice() {
                    [] if row.is_free() => "free".to_owned(),
                    [] => "held by nobody known, but can't be given to anybody now".to_owned(),
                    holders => format!("held by {}", holders.join(", ")),
                };
                add(Some(&held));
            }
            StoredRecord::Group(group) => add(Some(&group.name)),
            StoredRecord::Role(role) => add(Some(&role.name)),
            StoredRecord::Application(application) => add(Some(&application.name)),
            StoredRecord::Asset(asset) => add(Some(&asset.name)),
            StoredRecord::Grant(_) => {}
        }
        if row.gone_at.is_some() {
            parts.push("gone".to_owned());
        }
        if let Some(user @ Reference { kind: Kind::User, .. }) = reference(row) {
            let held = self.inner.store.held_by(&self.id, connection, &user, MOST_HELD).await?;
            parts.extend(holdings(&held));
        }
        Ok(parts.join(", "))
    }
}

/// `holds 2 licenses, 1 group`.
fn holdings(held: &[Row]) -> Option<String> {
    let kind_of = |row: &Row| match &row.record {
        StoredRecord::Grant(grant) => Some(grant.target.kind),
        _ => None,
    };
    let counted = Kind::ALL.into_iter().filter_map(|kind| {
        let count = held.iter().filter(|row| kind_of(row) == Some(kind)).count();
        let ending = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {kind}{ending}"))
    });
    let counted: Vec<String> = counted.collect();
    (!counted.is_empty()).then(|| format!("holds {}", counted.join(" and ")))
}

fn reference(row: &Row) -> Option<Reference> {
    let kind = match &row.record {
        StoredRecord::User(_) => Kind::User,
        StoredRecord::Group(_) => Kind::Group,
        StoredRecord::Role(_) => Kind::Role,
        StoredRecord::Application(_) => Kind::Application,
        StoredRecord::License(_) => Kind::License,
        StoredRecord::Asset(_) => Kind::Asset,
        StoredRecord::Grant(_) => return None,
    };
    Some(Reference::new(kind, row.key.clone()))
}
