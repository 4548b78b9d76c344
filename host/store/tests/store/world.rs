//! A small world to test in: tenants, connections, and sessions in one call.

use headcount_model::manifest::Settings;
use headcount_model::{
    Application, ConnectionId, Digest, Grant, Group, Kind, License, Records, Reference, Role, SessionId, TenantId, Timestamp,
    User,
};
use headcount_store::{
    Applied, Apply, Connection, Counters, Filter, NewSession, ParentPage, People, Row, SessionEnd, SessionState, SqliteStore,
    StagedPage, Store, StoredRecord,
};

pub fn tenant(id: &str) -> TenantId {
    id.parse().unwrap()
}

pub fn connection_id(id: &str) -> ConnectionId {
    id.parse().unwrap()
}

pub fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

pub fn connection(tenant: &str, id: &str) -> Connection {
    let settings = Settings { values: Default::default(), base_url: "https://vendor.example".into(), hosts: vec![] };
    let plain = Connection::new(self::tenant(tenant), connection_id(id), "vendor".parse().unwrap(), settings, at(1));
    Connection { name: id.to_uppercase(), ..plain }
}

pub fn user(id: &str, email: &str) -> User {
    User { id: id.into(), email: Some(email.into()), ..User::default() }
}

pub fn group(id: &str, name: &str) -> Group {
    Group { id: id.into(), name: name.into(), ..Group::default() }
}

pub fn role(id: &str, name: &str, administrator: bool) -> Role {
    Role { id: id.into(), name: name.into(), administrator: Some(administrator), ..Role::default() }
}

pub fn application(id: &str, name: &str) -> Application {
    Application { id: id.into(), name: name.into(), ..Application::default() }
}

pub fn license(id: &str, product: &str) -> License {
    License { id: id.into(), product_name: product.into(), ..License::default() }
}

/// `user:1` as a reference.
pub fn reference(text: &str) -> Reference {
    let (kind, id) = text.split_once(':').unwrap();
    Reference::new(kind.parse().unwrap(), id)
}

pub fn grant(principal: &str, target: &str) -> Grant {
    Grant::new(reference(principal), reference(target))
}

pub fn page(feed: &str, records: Records) -> StagedPage {
    StagedPage {
        feed: feed.into(),
        parent: None,
        number: 0,
        order: (0, 0, 0),
        cursor: None,
        records,
        repeats: Default::default(),
        carries: Default::default(),
        seen: vec![],
        asked_at: None,
    }
}

/// What proves all kinds, and the grants of these feeds.
pub fn proven(now: i64, feeds: &[&str]) -> Apply {
    Apply {
        now: Some(at(now)),
        proven: Kind::ALL.into_iter().filter(|kind| *kind != Kind::Grant).collect(),
        proven_grants: feeds.iter().map(|feed| ParentPage { feed: (*feed).into(), parent: None }).collect(),
        ..Apply::default()
    }
}

/// What proves nothing.
pub fn unproven(now: i64) -> Apply {
    Apply { now: Some(at(now)), ..Apply::default() }
}

pub fn end(state: SessionState) -> SessionEnd {
    SessionEnd { state, ended_at: at(9), counters: Counters::default(), scope: None, failure: None, notes: vec![], health: None }
}

pub struct World {
    pub store: SqliteStore,
}

impl World {
    /// A store in memory with two tenants of two connections each.
    pub async fn new() -> World {
        World::over(SqliteStore::in_memory().await.unwrap()).await
    }

    pub async fn over(store: SqliteStore) -> World {
        for tenant in ["acme", "globex"] {
            for id in ["one", "two"] {
                store.put_connection(&connection(tenant, id)).await.unwrap();
            }
        }
        World { store }
    }

    pub async fn begin(&self, tenant: &str, connection: &str) -> SessionId {
        let new = NewSession {
            tenant: self::tenant(tenant),
            connection: connection_id(connection),
            digest: Digest::from_bytes([7; 32]),
            credential: None,
            started_at: at(5),
        };
        self.store.begin_session(&new).await.unwrap()
    }

    pub async fn stage(&self, tenant: &str, session: SessionId, page: &StagedPage) {
        self.store.stage_page(&self::tenant(tenant), session, page, &Counters::default()).await.unwrap();
    }

    /// A whole session of these pages.
    pub async fn sync(&self, tenant: &str, connection: &str, pages: &[StagedPage], apply: &Apply) -> Applied {
        let session = self.begin(tenant, connection).await;
        for page in pages {
            self.stage(tenant, session, page).await;
        }
        let applied = self.store.apply(&self::tenant(tenant), session, apply).await.unwrap();
        self.store.end_session(&self::tenant(tenant), session, &end(SessionState::Complete)).await.unwrap();
        applied
    }

    /// The same, and its accounts linked to people.
    pub async fn sync_people(&self, tenant: &str, connection: &str, pages: &[StagedPage], apply: &Apply) -> Applied {
        let applied = self.sync(tenant, connection, pages, apply).await;
        let (tenant, connection, now) = (self::tenant(tenant), connection_id(connection), apply.now.unwrap());
        self.store.correlate(&tenant, &connection, now).await.unwrap();
        applied
    }

    /// All rows of a kind, gone ones too.
    pub async fn rows(&self, tenant: &str, kind: Kind) -> Vec<Row> {
        self.store.list(&self::tenant(tenant), kind, &Filter { gone: true, ..Filter::default() }).await.unwrap()
    }

    /// The keys of a kind's present rows.
    pub async fn present(&self, tenant: &str, kind: Kind) -> Vec<String> {
        let rows = self.store.list(&self::tenant(tenant), kind, &Filter::default()).await.unwrap();
        rows.into_iter().map(|row| row.key).collect()
    }

    pub async fn user(&self, tenant: &str, id: &str) -> (Row, User) {
        let row = self.rows(tenant, Kind::User).await.into_iter().find(|row| row.key == id).unwrap();
        let StoredRecord::User(user) = row.record.clone() else { panic!("{row:?}") };
        (row, user)
    }
}

pub fn users(users: impl IntoIterator<Item = User>) -> Records {
    Records { users: users.into_iter().collect(), ..Records::default() }
}
