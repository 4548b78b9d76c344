//! Lists that are read again after an action: held to what a sync is held to, and to a bound of their own.

use headcount_model::{Kind, Page, Progress, Records, Timestamp};
use headcount_store::{Decision, Holds, SessionState};
use serde_json::json;

use crate::actions::{act, action, outcome};
use crate::script::{FEEDS, Script, World, groups, manifest, members, nothing, page, users};

const PEOPLE: [&str; 24] =
    ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w", "x"];

/// One group, whose members are read again.
fn club(at: impl Fn(u32) -> &'static [&'static str] + Send + Sync + 'static) -> Script {
    Script::new(move |feed, parent, _, nth| {
        let records = match (feed, parent) {
            ("users", _) => users(&PEOPLE),
            ("groups", _) => groups(&["one"]),
            ("members", Some("one")) => members("one", at(nth)),
            _ => return Ok(nothing()),
        };
        Ok(page(records, Progress::Complete))
    })
}

/// Does an action about the group of which its connector tells nothing; gives its notes.
async fn touched(world: &mut World, script: Script) -> (Vec<String>, Script) {
    let script = script.acts(outcome(Records::default()));
    let (run, error) = act(world, &script, action(json!({})), json!({ "group": "one" })).await;
    assert!(error.is_none(), "{error:?}");
    (run.notes, script)
}

#[tokio::test]
async fn what_the_second_reading_has_is_not_missing_and_a_total_makes_do_with_one() {
    let mut world = World::new().await;
    world.sync(&club(|_| &PEOPLE)).await;
    let (notes, script) = touched(&mut world, club(|nth| if nth == 1 { &PEOPLE[1..] } else { &PEOPLE[..23] })).await;
    assert!(notes.is_empty() && script.asked("members") == 2, "{notes:?}");
    assert_eq!(world.ids(Kind::Grant).await.len(), 24);
    let told = Script::new(|_, _, _, _| Ok(Page { total: Some(23), ..page(members("one", &PEOPLE[1..]), Progress::Complete) }));
    let (_, script) = touched(&mut world, told).await;
    assert_eq!(script.asked("members"), 1);
    assert_eq!(world.ids(Kind::Grant).await.len(), 23);
}

#[tokio::test]
async fn others_in_the_place_of_most_are_no_fewer_and_yet_a_loss_that_the_next_sync_judges() {
    let mut world = World::new().await;
    world.sync(&club(|_| &PEOPLE[..12])).await;
    let (notes, _) = touched(&mut world, club(|_| &PEOPLE[10..])).await;
    assert!(notes.iter().any(|note| note.contains("10 of 12 holders") && note.contains("next sync")), "{notes:?}");
    assert_eq!(world.ids(Kind::Grant).await.len(), 24, "new members come, and nobody goes");
    assert!(world.store.holds(&"t".parse().unwrap(), None, 10).await.unwrap().is_empty(), "nothing waits for a person");
    // What was left is not forgotten: the next sync holds it.
    let report = world.sync(&club(|_| &PEOPLE[12..])).await;
    assert_eq!(report.state, SessionState::Held, "{:?}", report.notes);
}

#[tokio::test]
async fn what_waits_for_a_person_or_was_turned_down_is_not_taken_away_by_an_action() {
    let mut world = World::new().await;
    world.sync(&club(|_| &PEOPLE)).await;
    let held = world.sync(&club(|_| &PEOPLE[20..])).await;
    assert_eq!(held.state, SessionState::Held);
    touched(&mut world, club(|_| &PEOPLE[20..])).await;
    assert_eq!(world.ids(Kind::Grant).await.len(), 24);
    let decision = Decision { person: "ruth".into(), reason: "they work here".into(), at: Timestamp::now() };
    world.store.reject(&"t".parse().unwrap(), held.session, &decision).await.unwrap();
    // One more went, which nobody has decided about.
    touched(&mut world, club(|_| &PEOPLE[21..])).await;
    assert_eq!(world.ids(Kind::Grant).await.len(), 23);
}

#[tokio::test]
async fn small_losses_of_many_actions_add_up() {
    let mut world = World::new().await;
    world.sync(&club(|_| &PEOPLE)).await;
    touched(&mut world, club(|_| &PEOPLE[8..])).await;
    assert_eq!(world.ids(Kind::Grant).await.len(), 16);
    let (notes, _) = touched(&mut world, club(|_| &PEOPLE[16..])).await;
    assert!(notes.iter().any(|note| note.contains("16 of 24")), "{notes:?}");
    assert_eq!(world.ids(Kind::Grant).await.len(), 16);
}

#[tokio::test]
async fn where_grants_repeat_one_list_alone_takes_nothing_away() {
    for change in ["proves = [\"grant\"]\nrepeats = [\"grant\"]", "proves = []\nyields = [\"grant\"]"] {
        let mut world = World::new().await;
        world.sync(&club(|_| &PEOPLE)).await;
        world.manifest = manifest(&FEEDS.replace("proves = [\"grant\"]", change));
        touched(&mut world, club(|_| &PEOPLE[1..])).await;
        assert_eq!(world.ids(Kind::Grant).await.len(), 24, "{change}");
    }
}

#[tokio::test]
async fn a_list_without_end_is_read_to_a_bound_and_nothing_is_missing_by_it() {
    let mut world = World::new().await;
    world.sync(&club(|_| &PEOPLE)).await;
    let endless = Script::new(|_, _, cursor, _| {
        let at: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let ids: Vec<String> = (0..100).map(|number| format!("{at}-{number}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        Ok(page(members("one", &ids), Progress::More((at + 1).to_string())))
    });
    let (notes, script) = touched(&mut world, endless).await;
    assert!(notes.iter().any(|note| note.contains("10000 records") && note.contains("next sync")), "{notes:?}");
    assert_eq!(script.asked("members"), 101);
    assert_eq!(world.ids(Kind::Grant).await.len(), 24);
}
