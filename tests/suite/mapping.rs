//! Mappings and filters from outside: what the connectors' standard mappings make of real syncs, and what a change does.

mod filters;
mod mappings;
mod program;
mod standard;
mod tracking;

use headcount::store::{Filter, Row};
use headcount::{ConnectionId, Kind, MappedAccount};
use headcount_tests::Lab;
use serde_json::Value;

/// Every record of a kind that is present.
async fn present(lab: &Lab, kind: Kind) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let after = rows.last().map(|row| (row.connection.to_string(), row.key.clone()));
        let more = lab.acme.store().list(lab.acme.id(), kind, &Filter { after, ..Filter::default() }).await.unwrap();
        if more.is_empty() {
            return rows;
        }
        rows.extend(more);
    }
}

/// What the mapping made of every account of a connection, by id.
async fn fields(lab: &Lab, id: &ConnectionId) -> Vec<(String, MappedAccount)> {
    let users = present(lab, Kind::User).await;
    let accounts = users.iter().map(|row| (row.connection.clone(), row.key.clone()));
    let mapped = lab.acme.mapped(accounts).await.unwrap();
    mapped.into_iter().filter(|((connection, _), _)| connection == id).map(|((_, id), account)| (id, account)).collect()
}

fn mapping(rules: Value) -> headcount::Mapping {
    serde_json::from_value(serde_json::json!({ "rules": rules })).unwrap()
}
