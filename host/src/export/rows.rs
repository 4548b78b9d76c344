//! What the store answers, as rows.

use headcount_export::Row;
use headcount_model::{ConnectionId, Kind, Scope, Timestamp};
use headcount_store::{ActionRun, Connection, Decided, Link, Notice, Person, Session, Unlinked, WhyUnlinked};
use serde_json::{Value, json};

/// The fields of anything that has some.
pub(super) fn object(value: Value) -> Row {
    match value {
        Value::Object(object) => object,
        _ => Row::new(),
    }
}

/// A record beside what the store knows of it.
pub(super) fn of_record(row: &headcount_store::Row) -> Row {
    let mut object = object(json!(row));
    for kind in Kind::ALL {
        if let Some(Value::Object(record)) = object.remove(kind.as_str()) {
            object.extend(record);
        }
    }
    for end in ["principal", "target", "via"] {
        if let Some(Value::Object(mut reference)) = object.remove(end) {
            object.insert(format!("{end}-kind"), reference.remove("kind").unwrap_or_default());
            object.insert(format!("{end}-id"), reference.remove("id").unwrap_or_default());
        }
    }
    object
}

pub(super) fn of_person(person: &Person) -> Row {
    let mut connections: Vec<&ConnectionId> =
        person.accounts.iter().filter(|account| account.gone_at.is_none()).map(|account| &account.connection).collect();
    connections.dedup();
    let connections = json!(connections);
    let mut row = object(json!(person));
    row.insert("accounts".to_owned(), json!(person.accounts.len()));
    row.insert("usable-accounts".to_owned(), json!(person.accounts.iter().filter(|account| account.is_usable()).count()));
    row.insert("connections".to_owned(), connections);
    let administers = person.accounts.iter().any(|account| account.administrator && account.gone_at.is_none());
    row.insert("administrator".to_owned(), json!(administers));
    row
}

pub(super) fn links(person: &Person) -> impl Iterator<Item = Row> + '_ {
    person.accounts.iter().map(|account| {
        let Link { how, key, since, decided_by, reason } = &account.link;
        object(json!({
            "connection": account.connection,
            "account": account.id,
            "person": person.id,
            "how": how,
            "linked-key": key,
            "key": account.key,
            "since": since,
            "decided-by": decided_by,
            "reason": reason,
            "gone-at": account.gone_at,
        }))
    })
}

pub(super) fn of_unlinked(one: &Unlinked) -> Row {
    let because = match one.why {
        WhyUnlinked::NoKey => "no-key",
        WhyUnlinked::Hand => "hand",
        WhyUnlinked::Waits(doubt) => doubt.as_str(),
        WhyUnlinked::New => "new",
        WhyUnlinked::Gone => "gone",
    };
    object(json!({
        "connection": one.connection,
        "account": one.account,
        "key": one.key,
        "decided-by": one.decided_by,
        "reason": one.reason,
        "unlinked-because": because,
        "gone-at": one.gone_at,
    }))
}

/// A connection: its settings hold no secrets.
pub(super) fn of_connection(connection: &Connection, software: Option<String>, directory: bool) -> Row {
    object(json!({
        "id": connection.id,
        "name": connection.name,
        "connector": connection.connector,
        "software": software,
        "directory": directory,
        "base-url": connection.settings.base_url,
        "settings": connection.settings.values,
        "owner": connection.owner,
        "contacts": connection.contacts,
        "life": standing(json!(connection.life), connection.life.at),
        "health": standing(json!(connection.health), connection.health.at),
        "created-at": connection.created_at,
        "updated-at": connection.updated_at,
    }))
}

/// A life or a health: within a structure, times are text in every format.
fn standing(mut standing: Value, at: Timestamp) -> Value {
    standing["at"] = json!(at.to_string());
    standing
}

/// What a credential saw, likewise.
fn scope(scope: &Scope) -> Value {
    let mut value = json!(scope);
    value["expires-at"] = json!(scope.expires_at.map(|at| at.to_string()));
    value
}

pub(super) fn of_session(session: &Session) -> Row {
    object(json!({
        "id": session.id,
        "connection": session.connection,
        "digest": session.digest,
        "credential": session.credential,
        "state": session.state,
        "started-at": session.started_at,
        "ended-at": session.ended_at.map(Timestamp::micros),
        "counters": session.counters,
        "scope": session.scope.as_ref().map(scope),
        "failure": session.failure,
        "notes": session.notes,
        "action": session.action,
    }))
}

pub(super) fn of_decision((number, decided): &(u64, Decided)) -> Row {
    let mut row = object(json!(decided));
    row.insert("number".to_owned(), json!(number));
    row
}

/// An action: its input is kept without secrets.
pub(super) fn of_action(run: &ActionRun) -> Row {
    let asked = &run.asked;
    object(json!({
        "id": run.id,
        "connection": asked.connection,
        "connector": asked.connector,
        "digest": asked.digest,
        "action": asked.action,
        "label": asked.label,
        "changes": asked.changes,
        "repeatable": asked.repeatable,
        "state": run.state,
        "requested-at": asked.requested_at,
        "requested-by": asked.requested_by,
        "through": asked.through,
        "why": asked.why,
        "key": asked.key,
        "input": asked.input,
        "preview": asked.preview,
        "ended-at": run.ended_at,
        "summary": run.summary,
        "effects": run.effects,
        "output": run.output,
        "failure": run.failure,
        "notes": run.notes,
        "session": run.session,
        "requests": run.requests,
    }))
}

pub(super) fn of_notice(notice: &Notice) -> Row {
    let mut row = object(json!(notice));
    // Every row of an export is one tenant's.
    row.remove("tenant");
    row
}

#[cfg(test)]
mod tests {
    use headcount_model::{Application, Asset, Grant, Group, License, Reference, Role, SessionId, User};
    use headcount_store::{Cause, Change, NoticeKind, Outcome, StoredRecord, Verdict, What};

    use super::*;
    use crate::Collection;

    /// That a collection has a column for every field of a row.
    fn covers(collection: Collection, row: &Row) {
        let known = |name: &str| collection.table().columns.iter().any(|column| column.name == name);
        let lost: Vec<&String> = row.keys().filter(|name| !known(name)).collect();
        assert!(lost.is_empty(), "{collection}: {lost:?}");
    }

    #[test]
    fn no_field_of_a_record_is_lost() {
        let grant = Grant {
            via: Some(Reference::new(Kind::Group, "g")),
            ..Grant::new(Reference::new(Kind::User, "u"), Reference::new(Kind::License, "l"))
        };
        for (collection, record) in [
            (Collection::Users, StoredRecord::User(User::default())),
            (Collection::Groups, StoredRecord::Group(Group::default())),
            (Collection::Roles, StoredRecord::Role(Role::default())),
            (Collection::Applications, StoredRecord::Application(Application::default())),
            (Collection::Licenses, StoredRecord::License(License::default())),
            (Collection::Assets, StoredRecord::Asset(Asset::default())),
            (Collection::Grants, StoredRecord::Grant(grant)),
        ] {
            let time = Timestamp::from_micros(1);
            let row = headcount_store::Row {
                connection: "one".parse().unwrap(),
                key: "k".to_owned(),
                record,
                holders: Vec::new(),
                first_seen_at: time,
                changed_at: time,
                last_seen_in_sync_at: time,
                gone_at: None,
            };
            let mut row = of_record(&row);
            if collection != Collection::Grants {
                // The record's id says it.
                row.remove("key");
            }
            covers(collection, &row);
        }
    }

    #[test]
    fn no_field_of_a_change_is_lost() {
        let change = Change {
            number: 1,
            at: Timestamp::from_micros(1),
            connection: String::new(),
            session: None,
            kind: "user".to_owned(),
            id: "1".to_owned(),
            what: What::Created,
            name: None,
            fields: [("name".to_owned(), [Value::Null, json!("x")])].into(),
        };
        covers(Collection::Changes, &object(json!(change)));
    }

    #[test]
    fn no_field_of_a_decision_or_a_notice_is_lost() {
        let (connection, session, at): (ConnectionId, _, _) = ("one".parse().unwrap(), SessionId(1), Timestamp::from_micros(1));
        let decided = Decided {
            connection: connection.clone(),
            session,
            at,
            verdict: Verdict::Released,
            person: "ana".to_owned(),
            reason: String::new(),
            outcome: Outcome::default(),
        };
        covers(Collection::Decisions, &of_decision(&(1, decided)));
        let notice = Notice {
            tenant: "acme".parse().unwrap(),
            number: 1,
            at,
            connection,
            cause: Cause::Held,
            kind: NoticeKind::Raised,
            session: Some(session),
            what: String::new(),
            next: String::new(),
            read_at: None,
            withheld: 0,
        };
        covers(Collection::Notices, &of_notice(&notice));
    }
}
