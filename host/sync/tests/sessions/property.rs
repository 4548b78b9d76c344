//! Any sequence of vendor states, runs, failures, preferences, releases, rejections and undoings leaves the store that a simple model
//! predicts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use headcount_model::{
    Failure, FailureCode, Grant, Group, Kind, Page, Progress, Records, Reference, SessionId, Timestamp, User, UserStatus,
};
use headcount_store::{
    Deactivate, Decision, Extent, Filter, HoldState, Holds, Preferences, SessionState, Store, StoredRecord, WINDOW, Writes,
};
use headcount_sync::SyncOptions;
use proptest::prelude::*;

use crate::model;
use crate::model::{Face, Id, Model, Told, Wishes, ends, kind, member};
use crate::script::{Script, World, failure, page, scope};

const USERS: u32 = 14;
const GROUPS: u32 = 4;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// The vendor's company becomes this one.
    Vendor {
        users: u32,
        inactive: u32,
        addresses: u32,
        groups: u32,
        members: u64,
    },
    /// Only a few things change at the vendor.
    Slight {
        leaver: u32,
        idle: u32,
        moved: u32,
    },
    /// A sync, so many hours later.
    Run {
        hours: i64,
        trouble: Trouble,
        test: bool,
    },
    Prefer {
        writes: u8,
        deactivate: u8,
        people_only: bool,
    },
    Release,
    Reject,
    Undo {
        back: usize,
    },
}

/// What goes wrong in a sync.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    None,
    /// The list of users ends in its middle.
    UsersCutShort,
    /// Groups can't be read.
    NoGroups,
    /// One group's members can't be read.
    NoMembersOf(u32),
    /// The vendor does not answer at all.
    Down,
    /// The credential sees less.
    Narrower,
}

fn step() -> impl Strategy<Value = Step> {
    let trouble = prop_oneof![
        6 => Just(Trouble::None),
        1 => Just(Trouble::UsersCutShort),
        1 => Just(Trouble::NoGroups),
        1 => (0..GROUPS).prop_map(Trouble::NoMembersOf),
        1 => Just(Trouble::Down),
        1 => Just(Trouble::Narrower),
    ];
    let run = (prop_oneof![Just(1_i64), Just(7), Just(25)], trouble, prop::bool::weighted(0.1));
    prop_oneof![
        2 => (any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>(), any::<u64>(), any::<u32>()).prop_map(
            |(users, inactive, addresses, groups, members, few)| Step::Vendor {
                users,
                inactive: inactive & few,
                addresses: addresses & few,
                groups,
                members,
            }
        ),
        3 => (0..USERS, 0..USERS, 0..USERS).prop_map(|(leaver, idle, moved)| Step::Slight { leaver, idle, moved }),
        6 => run.prop_map(|(hours, trouble, test)| Step::Run { hours, trouble, test }),
        1 => (0..3_u8, 0..3_u8, prop::bool::weighted(0.2))
            .prop_map(|(writes, deactivate, people_only)| Step::Prefer { writes, deactivate, people_only }),
        1 => Just(Step::Release),
        1 => Just(Step::Reject),
        1 => (0..3_usize).prop_map(|back| Step::Undo { back }),
    ]
}

/// The vendor's company.
#[derive(Clone, Debug, Default)]
struct Vendor {
    users: BTreeMap<Id, Face>,
    groups: BTreeSet<Id>,
    members: BTreeSet<Id>,
}

impl Vendor {
    fn change(&mut self, step: &Step) {
        match *step {
            Step::Vendor { users, inactive, addresses, groups, members } => {
                let face = |user: u32| Face { inactive: inactive >> user & 1 == 1, address: (addresses >> user & 1) as u8 };
                self.users = (0..USERS).filter(|user| users >> user & 1 == 1).map(|user| (user, face(user))).collect();
                self.groups = (0..GROUPS).filter(|group| groups >> group & 1 == 1).map(|group| 100 + group).collect();
                let pairs = (0..USERS).flat_map(|user| (0..GROUPS).map(move |group| (user, group)));
                let chosen = pairs.filter(|(user, group)| members >> (user * GROUPS + group) & 1 == 1);
                self.members = chosen.map(|(user, group)| member(user, 100 + group)).collect();
            }
            Step::Slight { leaver, idle, moved } => {
                if self.users.remove(&leaver).is_none() {
                    self.users.insert(leaver, Face::default());
                }
                if let Some(face) = self.users.get_mut(&idle) {
                    face.inactive = !face.inactive;
                }
                if let Some(face) = self.users.get_mut(&moved) {
                    face.address = (face.address + 1) % 3;
                }
            }
            _ => {}
        }
    }

    /// What a sync is told in this trouble.
    fn told(&self, trouble: Trouble, test: bool) -> Told {
        let no_groups = trouble == Trouble::NoGroups;
        let cut = trouble == Trouble::UsersCutShort;
        let groups = if no_groups { BTreeSet::new() } else { self.groups.clone() };
        let barred = |group: Id| trouble == Trouble::NoMembersOf(group - 100);
        let members_of: BTreeSet<Id> = groups.iter().copied().filter(|group| !barred(*group)).collect();
        let users = self.users.iter().take(if cut { self.users.len() / 2 } else { usize::MAX });
        let mut records: BTreeMap<Id, Face> = users.map(|(id, face)| (*id, *face)).collect();
        records.extend(groups.iter().map(|id| (*id, Face::default())));
        let members = self.members.iter().filter(|id| members_of.contains(&ends(**id)[1]));
        records.extend(members.map(|id| (*id, Face::default())));
        Told { records, users: !cut, groups: !no_groups, members_of, judged: trouble != Trouble::Narrower, test }
    }
}

fn name(id: Id) -> String {
    format!("{id:04}")
}

fn record(id: Id, face: Face, records: &mut Records) {
    match kind(id) {
        model::Kind::User => records.users.push(User {
            id: name(id),
            email: Some(format!("{id}@{}.example", face.address)),
            status: face.inactive.then_some(UserStatus::Inactive),
            ..User::default()
        }),
        model::Kind::Group => records.groups.push(Group { id: name(id), name: "g".to_owned(), ..Group::default() }),
        model::Kind::Member => {
            let [user, group] = ends(id);
            records.grants.push(Grant::new(Reference::new(Kind::User, name(user)), Reference::new(Kind::Group, name(group))));
        }
    }
}

/// What a connector says of this.
fn script(told: &Told, trouble: Trouble) -> Script {
    let told = told.clone();
    let teams: &[&str] = if trouble == Trouble::Narrower { &["a"] } else { &["a", "b"] };
    let answer = if trouble == Trouble::Down { Err(failure(FailureCode::Unavailable)) } else { Ok(scope(teams)) };
    let broken = || Failure::new(FailureCode::Unavailable, "as told");
    let read = move |feed: &str, parent: Option<&str>, _: Option<&str>, _: u32| {
        let of = |wanted: &dyn Fn(Id) -> bool| {
            let mut records = Records::default();
            told.records.iter().filter(|(id, _)| wanted(**id)).for_each(|(id, face)| record(*id, *face, &mut records));
            records
        };
        let end = |whole: bool| if whole { Progress::Complete } else { Progress::Partial(broken()) };
        Ok::<Page, _>(match feed {
            "users" => page(of(&|id| kind(id) == model::Kind::User), end(told.users)),
            "groups" if !told.groups => return Err(failure(FailureCode::Unavailable)),
            "groups" => page(of(&|id| kind(id) == model::Kind::Group), Progress::Complete),
            "members" => {
                let group: Id = parent.and_then(|parent| parent.parse().ok()).unwrap();
                if !told.members_of.contains(&group) {
                    return Err(failure(FailureCode::Unavailable));
                }
                page(of(&|id| kind(id) == model::Kind::Member && ends(id)[1] == group), Progress::Complete)
            }
            _ => page(Records::default(), Progress::Complete),
        })
    };
    Script::new(read).checks(std::iter::once(answer))
}

/// What the store holds.
async fn present(world: &World) -> BTreeMap<Id, Face> {
    let tenant = "t".parse().unwrap();
    let mut found = BTreeMap::new();
    for kind in [Kind::User, Kind::Group, Kind::Grant] {
        for row in world.store.list(&tenant, kind, &Filter::default()).await.unwrap() {
            match row.record {
                StoredRecord::User(user) => {
                    let address = user.email.unwrap().split_once('@').unwrap().1[..1].parse().unwrap();
                    let face = Face { inactive: user.status == Some(UserStatus::Inactive), address };
                    found.insert(user.id.parse().unwrap(), face);
                }
                StoredRecord::Group(group) => {
                    found.insert(group.id.parse().unwrap(), Face::default());
                }
                StoredRecord::Grant(grant) => {
                    let id = member(grant.principal.id.parse().unwrap(), grant.target.id.parse().unwrap());
                    found.insert(id, Face::default());
                }
                other => unreachable!("{other:?}"),
            }
        }
    }
    found
}

async fn holds(world: &World) -> BTreeMap<i64, (bool, usize)> {
    let holds = world.store.holds(&"t".parse().unwrap(), None, 1_000).await.unwrap();
    let line = |hold: headcount_store::Hold| {
        (hold.session.0, (hold.state == HoldState::Held, hold.records.values().sum::<u64>() as usize))
    };
    holds.into_iter().map(line).collect()
}

fn preferences(wishes: Wishes) -> Preferences {
    Preferences {
        writes: match (wishes.create, wishes.update) {
            (Some(false), _) => Writes::UpdateOnly,
            (_, Some(false)) => Writes::CreateOnly,
            _ => Writes::CreateAndUpdate,
        },
        deactivate: [Deactivate::Missing, Deactivate::Inactive, Deactivate::Never][usize::from(wishes.deactivate)],
        extent: if wishes.people_only { Extent::PeopleOnly } else { Extent::PeopleAndAccounts },
    }
}

/// Follows a sequence in the store and in the model, and compares them after each step.
async fn follow(steps: Vec<Step>) {
    let world = World::new().await;
    let (tenant, connection) = ("t".parse().unwrap(), "acme".parse().unwrap());
    let hour = Arc::new(AtomicI64::new(1));
    let mut options = SyncOptions::default();
    options.attempts = 1;
    let clock = hour.clone();
    options.clock = Arc::new(move || Timestamp::from_micros(clock.load(Ordering::Relaxed) * WINDOW / 24));
    let (mut vendor, mut model, mut sessions) = (Vendor::default(), Model::default(), Vec::<i64>::new());
    // Before a credential saw all, none sees less.
    let mut saw_all = false;
    for (at, step) in steps.iter().enumerate() {
        vendor.change(step);
        let now = hour.fetch_add(1, Ordering::Relaxed) + 1;
        let decision = Decision { person: "ana".to_owned(), reason: String::new(), at: (options.clock)() };
        let open = model.holds().into_iter().next_back().map(|(session, _)| session);
        match step {
            Step::Vendor { .. } | Step::Slight { .. } => continue,
            Step::Run { hours, trouble, test } => {
                let now = hour.fetch_add(*hours, Ordering::Relaxed) + hours;
                options.test = *test;
                let mut told = vendor.told(*trouble, *test);
                told.judged |= !saw_all;
                saw_all |= !matches!(trouble, Trouble::Narrower | Trouble::Down) && !test;
                let report = world.sync_with(&script(&told, *trouble), &options).await;
                sessions.push(report.session.0);
                if *trouble == Trouble::Down {
                    assert_eq!(report.state, SessionState::Failed);
                } else {
                    let barred = matches!(trouble, Trouble::NoMembersOf(group) if vendor.groups.contains(&(100 + group)));
                    let complete = told.users && told.groups && !barred;
                    model.run(report.session.0, &told, complete, now);
                }
            }
            Step::Prefer { writes, deactivate, people_only } => {
                let only = |this: u8| (*writes == this).then_some(false);
                model.wishes = Wishes { create: only(2), update: only(1), deactivate: *deactivate, people_only: *people_only };
                world.store.put_preferences(&tenant, &connection, &preferences(model.wishes)).await.unwrap();
            }
            Step::Release => {
                let Some(session) = open else { continue };
                let released = world.store.release(&tenant, SessionId(session), &decision).await;
                assert_eq!(released.is_ok(), model.release(session, now), "step {at}: {released:?}");
            }
            Step::Reject => {
                let Some(session) = open else { continue };
                let rejected = world.store.reject(&tenant, SessionId(session), &decision).await;
                assert_eq!(rejected.is_ok(), model.reject(session), "step {at}: {rejected:?}");
            }
            Step::Undo { back } => {
                let Some(session) = sessions.iter().rev().nth(*back) else { continue };
                world.store.undo(&tenant, SessionId(*session), &decision).await.unwrap();
                model.undo(*session);
            }
        }
        assert_eq!(present(&world).await, model.present(), "after step {at} of {steps:#?}");
        assert_eq!(holds(&world).await, model.holds(), "after step {at} of {steps:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_121),
        failure_persistence: None,
        max_shrink_iters: 500,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_is_what_a_simple_model_predicts(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(follow(steps));
    }
}
