//! Actions: written down before they are done, done once a key, and what they touched is not overwritten by older pages.

use headcount_model::{ActionRunId, Digest, Grant, Kind, Records, UserStatus};
use headcount_store::{
    ActionEnd, ActionFilter, ActionPermit, ActionState, Actions, BegunAction, Brought, Holds, NewAction, ParentPage,
    SessionState, SessionStore, StagedPage, Store, SyncRules,
};
use serde_json::json;

use crate::world::{World, at, connection_id, end, grant, group, page, proven, tenant, unproven, user, users};

fn asked(key: Option<&str>, changes: bool) -> NewAction {
    NewAction {
        tenant: tenant("acme"),
        connection: connection_id("one"),
        connector: "vendor".parse().unwrap(),
        digest: Digest::from_bytes([7; 32]),
        action: "deactivate".into(),
        label: "Deactivate".into(),
        changes,
        repeatable: false,
        requested_by: "ana".into(),
        through: None,
        why: Some("left".into()),
        input: json!({ "user-id": "u1" }),
        fingerprint: [1; 32],
        key: key.map(str::to_owned),
        preview: json!({}),
        requested_at: at(10),
    }
}

async fn begin(world: &World, key: Option<&str>) -> ActionRunId {
    match world.store.begin_action(&asked(key, true)).await.unwrap() {
        BegunAction::New(id) => id,
        BegunAction::Known(known) => panic!("{known:?}"),
    }
}

fn done(state: ActionState, brings: Option<Brought>) -> ActionEnd {
    let nothing = (Vec::new(), Vec::new());
    let (effects, notes) = nothing;
    ActionEnd { state, ended_at: at(20), summary: None, effects, output: None, failure: None, notes, requests: 1, brings }
}

fn brought(records: Records) -> Option<Brought> {
    Some(Brought { pages: vec![page("action deactivate", records)], ..Brought::default() })
}

async fn act(world: &World, brings: Option<Brought>) {
    let id = begin(world, None).await;
    world.store.end_action(&tenant("acme"), id, &done(ActionState::Done, brings)).await.unwrap();
}

fn suspended(id: &str) -> headcount_model::User {
    headcount_model::User { status: Some(UserStatus::Suspended), ..user(id, "u1@example.com") }
}

/// An action that brings in a user, who is suspended by it.
pub async fn suspends(world: &World) {
    act(world, brought(users([suspended("u1")]))).await;
}

#[tokio::test]
async fn what_an_action_brings_in_is_a_session_and_no_sync() {
    let world = World::new().await;
    let (acme, one) = (tenant("acme"), connection_id("one"));
    suspends(&world).await;
    assert!(world.store.last_sync(&acme, &one).await.unwrap().is_none());
    world.sync("acme", "one", &[page("u", users([user("u1", "u1@example.com")]))], &unproven(1)).await;
    suspends(&world).await;
    let test = world.begin("acme", "one").await;
    world.store.end_session(&acme, test, &end(SessionState::Test)).await.unwrap();
    let sessions = world.store.sessions(&acme, Some(&one), 9).await.unwrap();
    assert_eq!(sessions.iter().map(|session| session.action.is_some()).collect::<Vec<_>>(), [false, true, false, true]);
    assert_eq!(world.store.last_sync(&acme, &one).await.unwrap().unwrap().id, sessions[2].id);
    assert_eq!(world.store.last_sync(&tenant("globex"), &one).await.unwrap(), None);
}

fn later(page: StagedPage) -> StagedPage {
    StagedPage { asked_at: Some(at(30)), ..page }
}

#[tokio::test]
async fn a_key_is_done_once_until_it_is_known_that_nothing_was_done() {
    let world = World::new().await;
    let id = begin(&world, Some("k")).await;
    let known = |begun| match begun {
        BegunAction::Known(run) => run,
        BegunAction::New(id) => panic!("{id} is new"),
    };
    let again = world.store.begin_action(&asked(Some("k"), true)).await.unwrap();
    assert_eq!(known(again).state, ActionState::Started);
    let failed = done(ActionState::Failed, None);
    world.store.end_action(&tenant("acme"), id, &failed).await.unwrap();
    let second = begin(&world, Some("k")).await;
    assert!(world.store.end_action(&tenant("acme"), id, &failed).await.is_err(), "it ends once");
    assert!(world.store.end_action(&tenant("globex"), second, &failed).await.is_err(), "of its own tenant");
    world.store.end_action(&tenant("acme"), second, &done(ActionState::Done, None)).await.unwrap();
    let again = world.store.begin_action(&asked(Some("k"), true)).await.unwrap();
    assert_eq!(known(again).id, second);
    let elsewhere = NewAction { tenant: tenant("globex"), ..asked(Some("k"), true) };
    assert!(matches!(world.store.begin_action(&elsewhere).await.unwrap(), BegunAction::New(_)));
}

#[tokio::test]
async fn what_was_begun_and_never_ended_is_unknown_where_it_could_have_changed_something() {
    let world = World::new().await;
    let changing = begin(&world, None).await;
    let BegunAction::New(reading) = world.store.begin_action(&asked(None, false)).await.unwrap() else { panic!("it is known") };
    let ended = world.store.end_interrupted_actions(&tenant("acme"), &connection_id("one"), at(40)).await.unwrap();
    assert_eq!(ended.len(), 2);
    let state = async |id| world.store.action_run(&tenant("acme"), id).await.unwrap().unwrap().state;
    assert_eq!((state(changing).await, state(reading).await), (ActionState::Unknown, ActionState::Failed));
    let unknown = ActionFilter { state: Some(ActionState::Unknown), ..ActionFilter::default() };
    assert_eq!(world.store.action_runs(&tenant("acme"), &unknown).await.unwrap().len(), 1);
    assert!(world.store.action_runs(&tenant("globex"), &ActionFilter::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_an_action_touched_is_not_overwritten_by_a_page_that_was_read_before() {
    let world = World::new().await;
    let everybody = || page("users", users([user("u1", "u1@example.com"), user("u2", "u2@example.com")]));
    world.sync("acme", "one", &[everybody()], &proven(10, &[])).await;
    let session = world.begin("acme", "one").await;
    world.stage("acme", session, &everybody()).await;
    act(&world, brought(users([suspended("u1")]))).await;
    // It was on its way when the action ended.
    world.stage("acme", session, &StagedPage { number: 1, order: (1, 0, 1), asked_at: Some(at(15)), ..everybody() }).await;
    let applied = world.store.apply(&tenant("acme"), session, &proven(50, &[])).await.unwrap();
    assert_eq!(applied.kinds[&Kind::User].removed, 0);
    world.store.end_session(&tenant("acme"), session, &end(SessionState::Complete)).await.unwrap();
    assert_eq!(world.user("acme", "u1").await.1.status, Some(UserStatus::Suspended));

    // The next session knows better again.
    world.sync("acme", "one", &[everybody()], &proven(60, &[])).await;
    assert_eq!(world.user("acme", "u1").await.1.status, None);
}

#[tokio::test]
async fn a_page_that_was_asked_for_after_an_action_counts() {
    let world = World::new().await;
    world.sync("acme", "one", &[page("users", users([user("u1", "u1@example.com")]))], &proven(10, &[])).await;
    let session = world.begin("acme", "one").await;
    act(&world, brought(users([suspended("u1")]))).await;
    world.stage("acme", session, &later(page("users", users([user("u1", "u1@example.com")])))).await;
    world.store.apply(&tenant("acme"), session, &proven(50, &[])).await.unwrap();
    assert_eq!(world.user("acme", "u1").await.1.status, None);
}

#[tokio::test]
async fn what_an_action_made_while_a_session_read_is_not_missing_and_what_it_took_does_not_come_back() {
    let world = World::new().await;
    let records = || Records {
        groups: vec![group("g", "Group")],
        grants: vec![grant("user:u1", "group:g")],
        ..users([user("u1", "u1@example.com"), user("u2", "u2@example.com")])
    };
    let list = |records: Records| page("list", records);
    let all = || proven(10, &["list", "action deactivate"]);
    world.sync("acme", "one", &[list(records())], &all()).await;
    let session = world.begin("acme", "one").await;
    world.stage("acme", session, &list(records())).await;
    let made = Records { grants: vec![grant("user:u2", "group:g")], ..users([user("u3", "u3@example.com")]) };
    let taken: Vec<Grant> = vec![grant("user:u1", "group:g")];
    let brings = brought(made).map(|brought| Brought { gone_grants: taken, ..brought });
    act(&world, brings).await;
    world.store.apply(&tenant("acme"), session, &all()).await.unwrap();
    assert_eq!(world.present("acme", Kind::User).await, ["u1", "u2", "u3"]);
    let grants = world.present("acme", Kind::Grant).await;
    assert_eq!(grants.len(), 1, "{grants:?}");
    assert!(grants[0].contains("u2"), "{grants:?}");
}

#[tokio::test]
async fn an_action_changes_no_other_connection_and_no_session_of_it() {
    let world = World::new().await;
    let session = world.begin("acme", "two").await;
    world.stage("acme", session, &page("users", users([user("u1", "u1@example.com")]))).await;
    act(&world, brought(users([suspended("u1")]))).await;
    world.store.apply(&tenant("acme"), session, &proven(50, &[])).await.unwrap();
    let rows = world.rows("acme", Kind::User).await;
    assert_eq!(rows.len(), 2, "each connection has its own");
}

#[tokio::test]
async fn a_page_that_was_asked_for_after_an_action_counts_though_others_staged_more_meanwhile() {
    let world = World::new().await;
    world.sync("acme", "one", &[page("users", users([user("u1", "u1@example.com")]))], &proven(10, &[])).await;
    let session = world.begin("acme", "one").await;
    let other = world.begin("acme", "two").await;
    world.stage("acme", other, &page("users", users((0..9).map(|id| user(&id.to_string(), "a@x"))))).await;
    act(&world, brought(users([suspended("u1")]))).await;
    // What was staged last when the action ended is gone when the page comes: its numbers must not come again.
    world.store.end_session(&tenant("acme"), other, &end(SessionState::Cancelled)).await.unwrap();
    world.stage("acme", session, &later(page("users", users([user("u1", "u1@example.com")])))).await;
    world.store.apply(&tenant("acme"), session, &proven(50, &[])).await.unwrap();
    assert_eq!(world.user("acme", "u1").await.1.status, None);
}

/// What an action had read again: one list, whole.
fn read_again(records: Records) -> Option<Brought> {
    let rules = SyncRules { defers: true, ..SyncRules::default() };
    let list = ParentPage { feed: "list".into(), parent: None };
    Some(Brought { pages: vec![page("list", records)], proven_grants: [list].into(), rules: Some(rules), ..Brought::default() })
}

#[tokio::test]
async fn what_was_missing_when_it_was_read_again_is_not_brought_back_by_an_older_page() {
    let world = World::new().await;
    let records = |grants: Vec<Grant>| Records {
        groups: vec![group("g", "Group")],
        grants,
        ..users([user("u1", "u1@example.com"), user("u2", "u2@example.com")])
    };
    let all = || page("list", records(vec![grant("user:u1", "group:g"), grant("user:u2", "group:g")]));
    world.sync("acme", "one", &[all()], &proven(10, &["list"])).await;
    let session = world.begin("acme", "one").await;
    world.stage("acme", session, &all()).await;
    act(&world, read_again(Records { grants: vec![grant("user:u1", "group:g")], ..Records::default() })).await;
    assert_eq!(world.present("acme", Kind::Grant).await.len(), 1);
    world.store.apply(&tenant("acme"), session, &proven(50, &["list"])).await.unwrap();
    assert_eq!(world.present("acme", Kind::Grant).await.len(), 1, "the session read it before the action");
}

#[tokio::test]
async fn a_list_that_was_read_again_before_a_sync_takes_nothing_from_it() {
    let world = World::new().await;
    let list = |grants: Vec<Grant>| {
        let people = users([user("u1", "u1@example.com"), user("u2", "u2@example.com")]);
        let records = Records { groups: vec![group("g", "Group")], grants, ..people };
        StagedPage { parent: Some("g".into()), ..page("list", records) }
    };
    let one = || vec![grant("user:u1", "group:g")];
    world.sync("acme", "one", &[list(one())], &proven(10, &[])).await;
    let id = begin(&world, None).await;
    // Read again for the action; then u2 is given the group, and a sync sees it and ends, before the action does.
    let again = StagedPage {
        parent: Some("g".into()),
        asked_at: Some(at(5)),
        ..page("list", Records { grants: one(), ..Records::default() })
    };
    world.sync("acme", "one", &[list(vec![grant("user:u1", "group:g"), grant("user:u2", "group:g")])], &proven(20, &[])).await;
    let list = ParentPage { feed: "list".into(), parent: Some("g".into()) };
    let rules = SyncRules { defers: true, ..SyncRules::default() };
    let brings = Brought { pages: vec![again], proven_grants: [list].into(), rules: Some(rules), ..Brought::default() };
    let run = world.store.end_action(&tenant("acme"), id, &done(ActionState::Done, Some(brings))).await.unwrap();
    assert_eq!(world.present("acme", Kind::Grant).await.len(), 2);
    assert!(run.notes.iter().any(|note| note.contains("a sync has been applied since")), "{:?}", run.notes);
}

#[tokio::test]
async fn who_lost_access_or_address_when_a_list_was_read_again_is_counted_as_in_a_sync() {
    let world = World::new().await;
    let people = |status: Option<UserStatus>| {
        users((0..8).map(|id| headcount_model::User { status, ..user(&format!("u{id}"), &format!("u{id}@example.com")) }))
    };
    world.sync("acme", "one", &[page("users", people(None))], &proven(10, &[])).await;
    let id = begin(&world, None).await;
    let end = done(ActionState::Done, read_again(people(Some(UserStatus::Suspended))));
    let run = world.store.end_action(&tenant("acme"), id, &end).await.unwrap();
    assert!(run.notes.iter().any(|note| note.contains("all 8 users") && note.contains("next sync")), "{:?}", run.notes);
    assert_eq!(world.user("acme", "u1").await.1.status, None);
    assert!(world.store.holds(&tenant("acme"), None, 10).await.unwrap().is_empty());
    act(&world, read_again(users([suspended("u1")]))).await;
    assert_eq!(world.user("acme", "u1").await.1.status, Some(UserStatus::Suspended));
}

#[tokio::test]
async fn permits_are_given_and_taken_back_one_by_one_whoever_does_so_meanwhile() {
    let world = World::new().await;
    let (acme, one) = (tenant("acme"), connection_id("one"));
    let permit = |action: &str, by: &str| ActionPermit { action: action.into(), permitted_by: by.into(), why: None, at: at(10) };
    let words = |permits: Vec<ActionPermit>| -> Vec<String> {
        permits.into_iter().map(|permit| format!("{} by {}", permit.action, permit.permitted_by)).collect()
    };
    world.store.permit_actions(&acme, &one, &[permit("a", "ana"), permit("b", "ana")]).await.unwrap();
    // Each knows only of what was there before.
    let (more, fewer) = ([permit("b", "bo"), permit("c", "bo")], ["a".to_owned()]);
    let (given, taken) =
        tokio::join!(world.store.permit_actions(&acme, &one, &more), world.store.forbid_actions(&acme, &one, Some(&fewer)),);
    assert!(given.is_ok() && taken.is_ok());
    let left = world.store.action_permits(&acme, &one).await.unwrap();
    assert_eq!(words(left), ["b by ana", "c by bo"], "who permitted it first stays");
    let other = world.store.forbid_actions(&tenant("globex"), &one, None).await.unwrap();
    assert!(other.is_empty() && world.store.action_permits(&acme, &one).await.unwrap().len() == 2);
    assert!(world.store.forbid_actions(&acme, &one, None).await.unwrap().is_empty());
    assert!(world.store.permit_actions(&acme, &connection_id("none"), &[permit("a", "ana")]).await.is_err());
}
