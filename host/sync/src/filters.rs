//! A connection's filters, where records are taken in.

use std::sync::Arc;

use headcount_mapping::{Filters, Sifted};
use headcount_model::printable;
use headcount_store::{Connection, StagedPage, Store, StoreError};

use crate::page::Validated;

/// A connection's filters, ready to be used, and a sentence where they can't be. Then they drop nothing.
pub(crate) async fn of(store: &dyn Store, connection: &Connection) -> Result<(Arc<Filters>, Option<String>), StoreError> {
    let rules = store.filters(&connection.tenant, &connection.id).await?;
    if rules.is_empty() {
        return Ok((Arc::default(), None));
    }
    let compiled = tokio::task::spawn_blocking(move || Filters::new(&rules).map_err(|error| error.to_string())).await;
    Ok(match compiled.unwrap_or_else(|panicked| Err(panicked.to_string())) {
        Ok(filters) => (Arc::new(filters), None),
        Err(problem) => (Arc::default(), Some(format!("no filter was used, and nothing dropped: {problem}"))),
    })
}

/// Sifts a validated page: what is dropped is no longer among its records. Blocks.
pub(crate) fn sift(filters: &Filters, page: &mut Validated) {
    match filters.sift(&mut page.records) {
        Ok(sifted) => page.sifted = sifted,
        Err(lost) => page.reasons.push(format!("no filter was used on a page, and nothing dropped: {lost}")),
    }
}

/// Takes out of an action's pages what is out of scope; says so where that can't be done.
pub(crate) async fn keep_in_scope(store: &dyn Store, connection: &Connection, pages: &mut [StagedPage]) -> Option<String> {
    let (filters, problem) = match of(store, connection).await {
        Ok(found) => found,
        Err(error) => return Some(format!("no filter was used, and nothing dropped: {error}")),
    };
    for page in pages.iter_mut().filter(|_| !filters.is_empty()) {
        let (filters, mut records) = (Arc::clone(&filters), page.records.clone());
        let sifting = tokio::task::spawn_blocking(move || filters.sift(&mut records).map(|_| records));
        if let Ok(Ok(records)) = sifting.await {
            page.records = records;
        }
    }
    problem
}

/// What filters failed on, in words.
pub(crate) fn failures(sifted: &Sifted) -> impl Iterator<Item = String> + '_ {
    sifted
        .failed
        .iter()
        .map(|(name, (_, why))| format!("the filter {name} could not judge some records, which were kept: {}", printable(why)))
}
