//! A source that answers from a script, and a store to look into afterwards.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use async_trait::async_trait;
use headcount_model::manifest::{Manifest, Settings};
use headcount_model::{
    Access, Digest, Fact, Failure, FailureCode, FeedAccess, Grant, Group, Kind, Outcome, Page, Progress, Records, Reference,
    Scope, SessionId, Timestamp, User,
};
use headcount_sandbox::{Budget, CallError, Usage};
use headcount_store::{Connection, CredentialUse, Filter, SessionStore, SqliteStore, Store, StoredRecord};
use headcount_sync::{Job, Report, Source, SyncError, SyncOptions, sync};
use tokio_util::sync::CancellationToken;

pub type Answer = Result<Page, CallError>;
type Reads = dyn Fn(&str, Option<&str>, Option<&str>, u32) -> Answer + Send + Sync;

/// A feed, a parent and a cursor.
pub type Question = (String, Option<String>, Option<String>);

/// Answers from a script; counts how often each page was asked for.
pub struct Script {
    pub scopes: Mutex<Vec<Result<Scope, CallError>>>,
    known: Mutex<Option<Scope>>,
    reads: Box<Reads>,
    asked: Mutex<HashMap<Question, u32>>,
    notes: Vec<String>,
    silent: bool,
    outcome: Option<Outcome>,
    /// The call that is never answered, and what stops the session then.
    stop: Option<(u32, CancellationToken)>,
    /// The call during which a person wants the session to end, and where he says so.
    wish: Option<(u32, SqliteStore)>,
}

impl Script {
    pub fn new(reads: impl Fn(&str, Option<&str>, Option<&str>, u32) -> Answer + Send + Sync + 'static) -> Self {
        Script {
            scopes: Mutex::default(),
            known: Mutex::default(),
            reads: Box::new(reads),
            asked: Mutex::default(),
            notes: Vec::new(),
            silent: false,
            stop: None,
            wish: None,
            outcome: None,
        }
    }

    /// What `check` answers, in turn, and the last scope of these from then on; without one, the organisation `acme`, without facts.
    pub fn checks(self, answers: impl IntoIterator<Item = Result<Scope, CallError>>) -> Self {
        *self.scopes.lock().unwrap() = answers.into_iter().collect();
        self
    }

    /// Has `check` never answer again after what it answers in turn.
    pub fn then_silence(self) -> Self {
        Script { silent: true, ..self }
    }

    /// What `invoke` answers.
    pub fn acts(self, outcome: Outcome) -> Self {
        Script { outcome: Some(outcome), ..self }
    }

    /// What it has to say beside its answers.
    pub fn notes(self, notes: &[&str]) -> Self {
        Script { notes: notes.iter().map(|note| note.to_string()).collect(), ..self }
    }

    /// What it answers to a page that is asked for the nth time.
    pub fn answer(&self, feed: &str, parent: Option<&str>, cursor: Option<&str>, nth: u32) -> Answer {
        (self.reads)(feed, parent, cursor, nth)
    }

    /// Stops the session at this call, counted from 1, checks included: it is never answered.
    pub fn stop_at(self, call: u32, token: CancellationToken) -> Self {
        Script { stop: Some((call, token)), ..self }
    }

    /// During this call a person asks for the end of the first session.
    pub fn cancel_at(self, call: u32, store: SqliteStore) -> Self {
        Script { wish: Some((call, store)), ..self }
    }

    /// Everything that was asked for, and how often. Checks have no feed.
    pub fn asked_for(&self) -> BTreeMap<Question, u32> {
        self.asked.lock().unwrap().iter().map(|(question, times)| (question.clone(), *times)).collect()
    }

    async fn ask(&self, feed: &str, parent: Option<&str>, cursor: Option<&str>) -> u32 {
        let (nth, calls) = {
            let mut asked = self.asked.lock().unwrap();
            let key = (feed.to_owned(), parent.map(str::to_owned), cursor.map(str::to_owned));
            let times = asked.entry(key).or_default();
            *times += 1;
            (*times, asked.values().sum::<u32>())
        };
        if let Some((call, token)) = &self.stop
            && calls == *call
        {
            token.cancel();
            std::future::pending::<()>().await;
        }
        if let Some((call, store)) = &self.wish
            && calls == *call
        {
            assert!(store.ask_cancel(&"t".parse().unwrap(), SessionId(1), Timestamp::now()).await.unwrap());
        }
        nth
    }

    /// How often pages of this feed were asked for.
    pub fn asked(&self, feed: &str) -> u32 {
        self.asked.lock().unwrap().iter().filter(|((asked, ..), _)| asked == feed).map(|(_, times)| times).sum()
    }
}

#[async_trait]
impl Source for Script {
    async fn check(&self) -> Result<Scope, CallError> {
        self.ask("", None, None).await;
        let next = {
            let mut scopes = self.scopes.lock().unwrap();
            (!scopes.is_empty()).then(|| scopes.remove(0))
        };
        match next {
            Some(Ok(known)) => {
                *self.known.lock().unwrap() = Some(known.clone());
                Ok(known)
            }
            Some(failed) => failed,
            None if self.silent => std::future::pending().await,
            None => Ok(self.known.lock().unwrap().clone().unwrap_or_else(|| scope(&[]))),
        }
    }

    async fn read(&self, feed: &str, parent: Option<&str>, cursor: Option<&str>) -> Answer {
        let nth = self.ask(feed, parent, cursor).await;
        (self.reads)(feed, parent, cursor, nth)
    }

    async fn invoke(&self, _: &str, _: &serde_json::Value) -> Result<Outcome, CallError> {
        self.outcome.clone().ok_or_else(|| failure(FailureCode::Unsupported))
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }
}

/// A store with one connection.
pub struct World {
    pub store: SqliteStore,
    pub manifest: Manifest,
    /// Which component it is.
    pub digest: Digest,
    /// Which credential it reads with.
    pub credential: Option<CredentialUse>,
}

/// What a connector's manifest begins with, whatever its feeds.
const HEAD: &str = r#"
id = "acme"
name = "Acme"
version = "1.0.0"
base-url = "https://api.example.com"
vendor = { name = "Acme" }
"#;

/// The feeds of most cases.
pub const FEEDS: &str = r#"
[[feeds]]
name = "users"
proves = ["user"]
repeats = ["role"]

[[feeds]]
name = "groups"
proves = ["group"]

[[feeds]]
name = "members"
parent = "groups"
proves = ["grant"]

[[feeds]]
name = "devices"
required = false
proves = ["asset"]
"#;

/// The manifest of a connector with these feeds.
pub fn manifest(feeds: &str) -> Manifest {
    Manifest::from_toml(&format!("{HEAD}{feeds}")).unwrap()
}

impl World {
    pub async fn new() -> Self {
        Self::of(FEEDS).await
    }

    /// One whose connector has these feeds.
    pub async fn of(feeds: &str) -> Self {
        let manifest = manifest(feeds);
        let store = SqliteStore::in_memory().await.unwrap();
        let settings = Settings { values: BTreeMap::new(), base_url: "https://api.example.com".to_owned(), hosts: vec![] };
        let now = headcount_model::Timestamp::from_micros(1);
        let (tenant, connector) = ("t".parse().unwrap(), "acme".parse().unwrap());
        let connection = Connection::new(tenant, "acme".parse().unwrap(), connector, settings, now);
        store.put_connection(&connection).await.unwrap();
        World { store, manifest, digest: Digest::from_bytes([7; 32]), credential: None }
    }

    pub async fn connection(&self) -> Connection {
        self.store.connection(&"t".parse().unwrap(), &"acme".parse().unwrap()).await.unwrap().unwrap()
    }

    pub async fn sync(&self, script: &Script) -> Report {
        self.sync_with(script, &SyncOptions::default()).await
    }

    pub async fn sync_with(&self, script: &Script, options: &SyncOptions) -> Report {
        self.try_sync(script, options).await.unwrap()
    }

    /// Syncs until a call of this number, which is never answered; says whether there was one.
    pub async fn sync_until(&self, script: Script, call: u32) -> (Script, bool) {
        let options = SyncOptions::default();
        let script = script.stop_at(call, options.pause.clone());
        match self.try_sync(&script, &options).await {
            Err(SyncError::Paused { .. }) => (script, true),
            ended => {
                ended.unwrap();
                (script, false)
            }
        }
    }

    pub async fn try_sync(&self, script: &Script, options: &SyncOptions) -> Result<Report, SyncError> {
        let connection = self.connection().await;
        let job = Job {
            store: &self.store,
            source: script,
            connection: &connection,
            manifest: &self.manifest,
            digest: self.digest,
            credential: self.credential.clone(),
            budget: &Budget::default(),
        };
        sync(&job, options).await
    }

    /// Nothing of the newest session is left in staging.
    pub async fn nothing_is_staged(&self) {
        let tenant = "t".parse().unwrap();
        let newest = self.store.sessions(&tenant, None, 1).await.unwrap().remove(0).id;
        for feed in &self.manifest.feeds {
            for parent in [None, Some("a"), Some("b"), Some("c")] {
                assert_eq!(self.store.place(&tenant, newest, &feed.name, parent).await.unwrap(), None, "{}", feed.name);
            }
        }
    }

    /// The ids of the records of a kind that are present.
    pub async fn ids(&self, kind: Kind) -> Vec<String> {
        let rows = self.store.list(&"t".parse().unwrap(), kind, &Filter::default()).await.unwrap();
        rows.into_iter()
            .map(|row| match row.record {
                StoredRecord::Grant(grant) => format!("{}>{}", grant.principal.id, grant.target.id),
                _ => row.key,
            })
            .collect()
    }
}

pub fn scope(teams: &[&str]) -> Scope {
    let values: Vec<String> = teams.iter().map(|team| team.to_string()).collect();
    let facts = if values.is_empty() { vec![] } else { vec![Fact { name: "teams".to_owned(), values }] };
    Scope { organization: "acme".to_owned(), label: "Acme".to_owned(), facts, feeds: vec![], expires_at: None }
}

pub fn settled(feed: &str, access: Access) -> Scope {
    Scope { feeds: vec![FeedAccess { feed: feed.to_owned(), access, note: None }], ..scope(&[]) }
}

pub fn failure(code: FailureCode) -> CallError {
    CallError::Failure(Failure::new(code, "as scripted"))
}

pub fn page(records: Records, progress: Progress) -> Page {
    Page { rows: records.len() as u32, records, skipped: vec![], total: None, progress, unreadable: vec![] }
}

/// The last page of a feed that has nothing.
pub fn nothing() -> Page {
    page(Records::default(), Progress::Complete)
}

pub fn users(ids: &[&str]) -> Records {
    let user = |id: &&str| User { id: id.to_string(), email: Some(format!("{id}@example.com")), ..User::default() };
    Records { users: ids.iter().map(user).collect(), ..Records::default() }
}

pub fn groups(ids: &[&str]) -> Records {
    let group = |id: &&str| Group { id: id.to_string(), name: id.to_string(), ..Group::default() };
    Records { groups: ids.iter().map(group).collect(), ..Records::default() }
}

pub fn members(group: &str, users: &[&str]) -> Records {
    let grant = |id: &&str| Grant::new(Reference::new(Kind::User, *id), Reference::new(Kind::Group, group));
    Records { grants: users.iter().map(grant).collect(), ..Records::default() }
}

/// A script in which the users feed is `pages`, and every other feed is empty.
pub fn only_users(pages: Vec<Page>) -> Script {
    Script::new(move |feed, _, cursor, _| {
        if feed != "users" {
            return Ok(nothing());
        }
        let at: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        Ok(pages[at].clone())
    })
}

/// Two people, listed completely: what most cases begin with.
pub async fn world_of_two() -> World {
    let world = World::new().await;
    world.sync(&only_users(vec![page(users(&["ana", "bo"]), Progress::Complete)])).await;
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo"]);
    world
}
