//! One feed, several parents: what their lists share, and what is not read for one of them.

use headcount_model::mapping::{Effect, FilterRule};
use headcount_model::{Asset, FailureCode, Kind, Progress, Records};
use headcount_store::{MappingStore, SessionState};

use crate::script::{Answer, Script, World, failure, groups, members, nothing, page, users};

/// Devices that are listed for groups.
async fn world_of_devices() -> World {
    let mut world = World::new().await;
    world.manifest.feeds.retain(|feed| feed.name != "devices");
    world.manifest.feeds.iter_mut().filter(|feed| feed.name == "members").for_each(|feed| feed.proves = vec![Kind::Asset]);
    world
}

fn devices(ids: &[&str]) -> Answer {
    let device = |id: &&str| Asset { id: id.to_string(), name: "d".into(), category: "device".into(), ..Asset::default() };
    Ok(page(Records { assets: ids.iter().map(device).collect(), ..Records::default() }, Progress::Complete))
}

/// Two groups, and what their devices are.
fn company(ops: &'static [&'static str], staff: &'static [&'static str]) -> Script {
    Script::new(move |feed, parent, _, _| match (feed, parent) {
        ("groups", _) => Ok(page(groups(&["ops", "staff"]), Progress::Complete)),
        ("members", Some("ops")) => devices(ops),
        ("members", Some("staff")) => devices(staff),
        _ => Ok(nothing()),
    })
}

#[tokio::test]
async fn a_record_that_two_parents_list_though_it_may_not_repeat_leaves_the_feed_unproven() {
    let world = world_of_devices().await;
    assert_eq!(world.sync(&company(&["1", "2"], &["3"])).await.state, SessionState::Complete);
    // One moved from group to group while they were read: another may have moved the other way.
    let report = world.sync(&company(&["1"], &["1"])).await;
    assert_eq!(report.state, SessionState::Partial, "{:?}", report.notes);
    assert!(report.notes.iter().any(|note| note.contains("asset 1 is listed for more than one")), "{:?}", report.notes);
    assert_eq!(world.ids(Kind::Asset).await, ["1", "2", "3"]);
    let report = world.sync(&company(&["1", "3"], &[])).await;
    assert_eq!((report.state, world.ids(Kind::Asset).await), (SessionState::Complete, vec!["1".to_owned(), "3".to_owned()]));
}

#[tokio::test]
async fn a_record_that_may_repeat_is_listed_for_as_many_parents_as_has_it() {
    let mut world = world_of_devices().await;
    world.manifest.feeds.iter_mut().filter(|feed| feed.name == "members").for_each(|feed| feed.repeats = vec![Kind::Asset]);
    world.sync(&company(&["1", "2"], &["3"])).await;
    assert_eq!(world.sync(&company(&["1"], &["1"])).await.state, SessionState::Complete);
    assert_eq!(world.ids(Kind::Asset).await, ["1"]);
}

#[tokio::test]
async fn grants_that_one_feed_repeats_are_missing_only_when_all_its_parents_were_read() {
    let mut world = World::new().await;
    world.manifest.feeds.iter_mut().filter(|feed| feed.name == "members").for_each(|feed| feed.repeats = vec![Kind::Grant]);
    let company = |ops: &'static [&'static str], staff: Option<&'static [&'static str]>| {
        Script::new(move |feed, parent, _, _| match (feed, parent) {
            ("users", _) => Ok(page(users(&["ana", "bo"]), Progress::Complete)),
            ("groups", _) => Ok(page(groups(&["ops", "staff"]), Progress::Complete)),
            ("members", Some("ops")) => Ok(page(members("ops", ops), Progress::Complete)),
            // It also lists what its members hold elsewhere.
            ("members", _) => staff
                .map(|staff| page(members("ops", staff), Progress::Complete))
                .ok_or_else(|| failure(FailureCode::UnexpectedResponse)),
            _ => Ok(nothing()),
        })
    };
    world.sync(&company(&["ana", "bo"], Some(&["ana"]))).await;
    let report = world.sync(&company(&["bo"], None)).await;
    assert_eq!((report.state, world.ids(Kind::Grant).await.len()), (SessionState::Partial, 2));
    world.sync(&company(&["bo"], Some(&[]))).await;
    assert_eq!(world.ids(Kind::Grant).await, ["bo>ops"]);
}

#[tokio::test]
async fn what_is_not_read_for_a_parent_that_a_filter_drops_is_not_missing_after_an_interruption_either() {
    let all = || company(&["1", "2"], &["3", "4"]);
    let calls: u32 = {
        let (world, script) = (world_of_devices().await, all());
        world.sync(&script).await;
        script.asked_for().values().sum()
    };
    for call in 1..=calls {
        let world = world_of_devices().await;
        world.sync(&all()).await;
        let rule =
            FilterRule { name: "no-staff".into(), kind: Kind::Group, effect: Effect::Drop, when: "group.name == 'staff'".into() };
        world.store.put_filters(&"t".parse().unwrap(), &"acme".parse().unwrap(), &[rule]).await.unwrap();
        world.sync_until(all(), call).await;
        let report = world.sync(&all()).await;
        assert_eq!(report.state, SessionState::Partial, "at {call}: {:?}", report.notes);
        assert_eq!(world.ids(Kind::Asset).await, ["1", "2", "3", "4"], "at {call}");
    }
}
