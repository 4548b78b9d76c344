//! A connection's filters, where records are taken in.

use std::collections::BTreeMap;
use std::sync::Arc;

use headcount_mapping::{Filters, Sifted};
use headcount_model::{Kind, Merge, Occurrences, Records, Reference, printable};
use headcount_store::{Connection, StagedPage, Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aside::aside;

/// A connection's filters, ready to be used, and a sentence where they can't be. Then they drop nothing.
pub(crate) async fn of(store: &dyn Store, connection: &Connection) -> Result<(Arc<Filters>, Option<String>), StoreError> {
    let rules = store.filters(&connection.tenant, &connection.id).await?;
    if rules.is_empty() {
        return Ok((Arc::default(), None));
    }
    let compiled = aside(move || Filters::new(&rules).map_err(|error| error.to_string())).await;
    Ok(match compiled.unwrap_or_else(|panicked| Err(panicked.to_string())) {
        Ok(filters) => (Arc::new(filters), None),
        Err(problem) => (Arc::default(), Some(unused(&problem))),
    })
}

/// Takes out of an action's pages what is out of scope, by what all of them say of a record; says so where that can't be done.
pub(crate) async fn keep_in_scope(store: &dyn Store, connection: &Connection, pages: &mut [StagedPage]) -> Option<String> {
    let (filters, problem) = match of(store, connection).await {
        Ok(found) => found,
        Err(error) => return Some(unused(&error.to_string())),
    };
    if filters.is_empty() {
        return problem;
    }
    let merged = match merged(pages) {
        Ok(merged) => merged,
        Err(error) => return Some(unused(&error.to_string())),
    };
    let sifting = aside(move || {
        let mut merged = merged;
        filters.sift(&mut merged).map_err(|lost| lost.to_string())
    });
    match sifting.await.unwrap_or_else(|panicked| Err(panicked.to_string())) {
        Ok(sifted) => {
            pages.iter_mut().for_each(|page| take_out(&mut page.records, &sifted));
            problem
        }
        Err(lost) => Some(unused(&lost)),
    }
}

/// What all pages say of each record.
fn merged(pages: &[StagedPage]) -> serde_json::Result<Records> {
    fn each<R: Merge + Clone + Serialize + DeserializeOwned>(
        pages: &[StagedPage],
        kind: Kind,
        of: impl Fn(&Records) -> &Vec<R>,
        id: impl Fn(&R) -> &String,
    ) -> serde_json::Result<Vec<R>> {
        let mut found: BTreeMap<&String, Occurrences<R>> = BTreeMap::new();
        for page in pages {
            for record in of(&page.records) {
                found.entry(id(record)).or_default().add(record.clone(), page.repeats.contains(&kind));
            }
        }
        found.into_values().filter_map(|occurrences| occurrences.merged().transpose()).collect()
    }
    Ok(Records {
        users: each(pages, Kind::User, |records| &records.users, |user| &user.id)?,
        groups: each(pages, Kind::Group, |records| &records.groups, |group| &group.id)?,
        roles: each(pages, Kind::Role, |records| &records.roles, |role| &role.id)?,
        applications: each(pages, Kind::Application, |records| &records.applications, |application| &application.id)?,
        licenses: each(pages, Kind::License, |records| &records.licenses, |license| &license.id)?,
        assets: each(pages, Kind::Asset, |records| &records.assets, |asset| &asset.id)?,
        grants: Vec::new(),
    })
}

fn take_out(records: &mut Records, sifted: &Sifted) {
    let stays = |kind: Kind, id: &str| !sifted.dropped.contains_key(&Reference::new(kind, id));
    records.users.retain(|record| stays(Kind::User, &record.id));
    records.groups.retain(|record| stays(Kind::Group, &record.id));
    records.roles.retain(|record| stays(Kind::Role, &record.id));
    records.applications.retain(|record| stays(Kind::Application, &record.id));
    records.licenses.retain(|record| stays(Kind::License, &record.id));
    records.assets.retain(|record| stays(Kind::Asset, &record.id));
}

/// That filters could not be used, in words.
pub(crate) fn unused(why: &str) -> String {
    format!("no filter was used, and nothing dropped: {}", printable(why))
}

/// What a filter failed on, in words.
pub(crate) fn failed(filter: &str, why: &str) -> String {
    format!("the filter {filter} could not judge some records, which were kept: {}", printable(why))
}
