//! Actions against a scripted source: what the store is told of them, and what is read again where the connector tells nothing.

use headcount_model::manifest::Action;
use headcount_model::{Digest, FailureCode, Grant, Kind, Outcome, Page, Progress, Records, Reference, User, UserStatus};
use headcount_sandbox::{Budget, CallError};
use headcount_store::{ActionRun, ActionState, Actions, BegunAction, Guard, NewAction, Threshold};
use headcount_sync::{Attempt, Job, Named, attempt, prepare};
use serde_json::{Value, json};

use crate::script::{Script, World, failure, groups, members, nothing, page, users};

pub fn action(changes: Value) -> Action {
    let input = json!({ "type": "object", "properties": {
        "user": { "type": "string", "refers-to": "user" }, "group": { "type": "string", "refers-to": "group" },
    }});
    let mut action = json!({ "name": "act", "label": "Act", "input": input });
    for (name, value) in changes.as_object().unwrap() {
        action[name] = value.clone();
    }
    serde_json::from_value(action).unwrap()
}

pub fn outcome(records: Records) -> Outcome {
    Outcome { summary: "Done".to_owned(), records, gone: Vec::new(), gone_grants: Vec::new(), output: None }
}

/// Does an action to its end in the store.
pub async fn act(world: &mut World, script: &Script, action: Action, input: Value) -> (ActionRun, Option<CallError>) {
    act_within(&Guard::default(), world, script, action, input).await
}

/// Likewise, where so much may be missing from what is read again.
async fn act_within(
    guard: &Guard,
    world: &mut World,
    script: &Script,
    action: Action,
    input: Value,
) -> (ActionRun, Option<CallError>) {
    world.manifest.actions = vec![action];
    let connection = world.connection().await;
    let job = Job {
        store: &world.store,
        source: script,
        connection: &connection,
        manifest: &world.manifest,
        digest: Digest::from_bytes([7; 32]),
        credential: None,
        budget: &Budget::default(),
    };
    let (action, input) = prepare(&world.manifest, "act", &input).await.unwrap();
    let named = Named::of(action, &input);
    let about: Vec<String> = input["user"].as_str().map(str::to_owned).into_iter().collect();
    let asked = NewAction {
        tenant: connection.tenant.clone(),
        connection: connection.id.clone(),
        connector: connection.connector.clone(),
        digest: job.digest,
        action: action.name.clone(),
        label: action.label.clone(),
        changes: !action.read_only,
        repeatable: false,
        requested_by: "ana".to_owned(),
        through: None,
        why: None,
        input: input.clone(),
        fingerprint: [0; 32],
        key: None,
        preview: Value::Null,
        requested_at: headcount_model::Timestamp::now(),
    };
    let BegunAction::New(id) = world.store.begin_action(&asked).await.unwrap() else { unreachable!("it has no key") };
    let Attempt { end, error } = attempt(&job, action, &input, &named, &about, guard).await;
    (world.store.end_action(&connection.tenant, id, &end).await.unwrap(), error)
}

/// Two groups with their members.
fn company(one: &'static [&'static str], two: &'static [&'static str]) -> Script {
    Script::new(move |feed, parent, _, _| {
        let records = match (feed, parent) {
            ("users", _) => users(&["ana", "bo", "cy"]),
            ("groups", _) => groups(&["one", "two"]),
            ("members", Some("one")) => members("one", one),
            ("members", Some("two")) => members("two", two),
            _ => return Ok(nothing()),
        };
        Ok(page(records, Progress::Complete))
    })
}

#[tokio::test]
async fn what_the_connector_does_not_tell_is_read_again_for_that_parent_alone() {
    let mut world = World::new().await;
    world.sync(&company(&["ana", "bo"], &["cy"])).await;
    // At the vendor, bo left one, cy joined it, and two lost everybody: which nobody asked about.
    let script = company(&["ana", "cy"], &[]).acts(outcome(Records::default()));
    let (run, error) = act(&mut world, &script, action(json!({})), json!({ "group": "one" })).await;
    assert!(error.is_none() && run.notes.is_empty(), "{:?} {:?}", error, run.notes);
    assert_eq!(world.ids(Kind::Grant).await, ["ana>one", "cy>one", "cy>two"]);
    // Twice, since no total says that bo is not there.
    assert_eq!((script.asked("members"), script.asked("users"), script.asked("groups")), (2, 0, 0));
}

#[tokio::test]
async fn what_is_read_again_removes_no_more_than_the_caller_allows() {
    let mut world = World::new().await;
    world.sync(&company(&["ana", "bo"], &["cy"])).await;
    let script = company(&["ana"], &["cy"]).acts(outcome(Records::default()));
    let none = Threshold { most: Some(0), least: 0, percent: 0, unconfirmed_percent: 0 };
    let strict = Guard { grants: none, ..Guard::default() };
    let input = json!({ "group": "one" });
    let (run, _) = act_within(&strict, &mut world, &script, action(json!({})), input.clone()).await;
    assert!(run.notes.iter().any(|note| note.contains("next sync")), "{:?}", run.notes);
    assert_eq!(world.ids(Kind::Grant).await, ["ana>one", "bo>one", "cy>two"]);
    act(&mut world, &script, action(json!({})), input).await;
    assert_eq!(world.ids(Kind::Grant).await, ["ana>one", "cy>two"]);
}

#[tokio::test]
async fn what_is_as_the_store_had_it_was_read_and_not_changed() {
    let mut world = World::new().await;
    world.sync(&company(&["ana", "bo"], &["cy"])).await;
    let mut told = users(&["ana", "bo", "new"]);
    told.users[1].title = Some("Chief".to_owned());
    let script = company(&["ana", "bo"], &["cy"]).acts(outcome(told));
    let read_only = json!({ "read-only": true });
    let (run, _) = act(&mut world, &script, action(read_only.clone()), json!({ "user": "ana" })).await;
    let effects =
        |run: &ActionRun| run.effects.iter().map(|effect| format!("{} {}", effect.what, effect.record.id)).collect::<Vec<_>>();
    assert_eq!(effects(&run), ["read again ana", "changed bo", "changed new"]);
    let (run, _) = act(&mut world, &script, action(read_only), json!({ "user": "ana" })).await;
    assert_eq!(effects(&run), ["read again ana", "read again bo", "read again new"]);
}

#[tokio::test]
async fn what_can_t_be_read_again_whole_changes_nothing_and_says_so() {
    let broken: [fn() -> Result<Page, CallError>; 4] = [
        || Err(failure(FailureCode::Unavailable)),
        || Ok(Page { total: Some(9), ..page(members("one", &["ana"]), Progress::Complete) }),
        || Ok(page(members("one", &["ana"]), Progress::More("again".to_owned()))),
        || Ok(page(members("one", &["ana"]), Progress::Partial(headcount_model::Failure::new(FailureCode::Unavailable, "no")))),
    ];
    for answer in broken {
        let mut world = World::new().await;
        world.sync(&company(&["ana", "bo"], &["cy"])).await;
        let script = Script::new(move |_, _, _, _| answer()).acts(outcome(Records::default()));
        let (run, error) = act(&mut world, &script, action(json!({})), json!({ "group": "one" })).await;
        assert!(error.is_none() && run.state == ActionState::Done);
        assert!(run.notes.iter().any(|note| note.contains("next sync")), "{:?}", run.notes);
        assert_eq!(world.ids(Kind::Grant).await, ["ana>one", "bo>one", "cy>two"]);
    }
}

#[tokio::test]
async fn an_outcome_takes_nothing_from_anybody_whom_the_input_does_not_name() {
    let mut world = World::new().await;
    world.sync(&company(&["ana", "bo"], &["cy"])).await;
    let suspended = |id: &str| User { id: id.into(), status: Some(UserStatus::Suspended), ..User::default() };
    let user = |id: &str| Reference::new(Kind::User, id);
    let lie = Outcome {
        gone: vec![user("bo"), user("cy"), Reference::new(Kind::Group, "two")],
        gone_grants: vec![Grant::new(user("cy"), Reference::new(Kind::Group, "two"))],
        ..outcome(Records { users: vec![suspended("ana"), suspended("bo")], ..Records::default() })
    };
    let script = company(&[], &[]).acts(lie.clone());
    let (run, _) = act(&mut world, &script, action(json!({ "destructive": true })), json!({ "user": "ana" })).await;
    assert_eq!(run.notes.len(), 2, "{:?}", run.notes);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
    assert_eq!(world.ids(Kind::Group).await, ["one", "two"]);
    assert_eq!(world.ids(Kind::Grant).await, ["ana>one", "bo>one", "cy>two"]);
    assert_eq!(run.effects.len(), 1, "{:?}", run.effects);

    // One that only reads breaks the contract by it.
    let script = company(&[], &[]).acts(lie);
    let (run, error) = act(&mut world, &script, action(json!({ "read-only": true })), json!({ "user": "bo" })).await;
    assert!(matches!(error, Some(CallError::Contract(_))), "{error:?}");
    assert_eq!(run.state, ActionState::Failed);
    assert_eq!(world.ids(Kind::User).await, ["ana", "bo", "cy"]);
}

#[tokio::test]
async fn an_answer_is_kept_by_account_if_it_is_what_the_manifest_says_and_without_secrets() {
    let mut world = World::new().await;
    world.sync(&company(&[], &[])).await;
    let schema = json!({ "read-only": true, "output": { "type": "object", "required": ["seats"] } });
    for (output, kept) in [
        (json!({ "seats": 3, "api-token": "hunter2" }), Some(json!({ "seats": 3 }))),
        (json!({ "chairs": 3 }), None),
        (json!({ "seats": "x".repeat(70_000) }), None),
    ] {
        let answers = Outcome { output: Some(output.to_string()), ..outcome(Records::default()) };
        let script = company(&[], &[]).acts(answers);
        let (run, _) = act(&mut world, &script, action(schema.clone()), json!({ "user": "ana" })).await;
        assert_eq!((run.output.is_some(), run.notes.is_empty()), (kept.is_some(), kept.is_some()), "{:?}", run.notes);
        let (tenant, id) = ("t".parse().unwrap(), "acme".parse().unwrap());
        let answers = world.store.action_answers(&tenant, &id, Some("ana"), None, 10).await.unwrap();
        if let Some(kept) = kept {
            assert_eq!(answers[0].answer, kept);
        }
        assert_eq!(answers.len(), 1, "what can't be kept leaves the answer before it");
    }
    // An action that touches the account makes the answer stale.
    let script = company(&[], &[]).acts(outcome(users(&["ana"])));
    act(&mut world, &script, action(json!({})), json!({ "user": "ana" })).await;
    let answers = world.store.action_answers(&"t".parse().unwrap(), &"acme".parse().unwrap(), None, None, 10).await.unwrap();
    assert!(answers[0].stale);
}
