//! Any sequence of vendor states, totals, runs, failures, preferences, filters, accepted scopes, releases, rejections, undoings and
//! decisions that nobody made in time leaves the store that a simple model predicts.

mod vendor;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use headcount_model::{Kind, SessionId, Timestamp, UserStatus};
use headcount_store::{
    ConnectionChange, Deactivate, Decision, Extent, Filter, HoldState, Holds, MappingStore, Preferences, SessionState, Store,
    StoreError, StoredRecord, WINDOW, Writes,
};
use headcount_sync::SyncOptions;
use proptest::prelude::*;

use crate::model::{Face, Id, Model, Wishes, member};
use crate::script::World;
use vendor::{Change, GROUPS, Night, Sieve, Total, Trouble, USERS, Vendor, script};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Vendor(Change),
    /// A sync, so many hours later.
    Run {
        hours: i64,
        night: Night,
    },
    Prefer {
        writes: u8,
        deactivate: u8,
        people_only: bool,
    },
    /// What is out of scope from now on.
    Filter(Sieve),
    /// What the credential saw last is accepted as the connection's scope.
    Accept,
    Release,
    Reject,
    Undo {
        back: usize,
    },
    /// Days in which nobody decides.
    Wait {
        days: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let trouble = prop_oneof![
        8 => Just(Trouble::None),
        1 => Just(Trouble::UsersCutShort),
        1 => Just(Trouble::NoGroups),
        1 => (0..GROUPS).prop_map(Trouble::NoMembersOf),
        1 => Just(Trouble::Down),
        3 => Just(Trouble::Narrower),
    ];
    let total = prop_oneof![4 => Just(Total::Unstated), 4 => Just(Total::Right), 1 => Just(Total::Wrong)];
    let night = (trouble, total, prop::bool::weighted(0.1)).prop_map(|(trouble, total, test)| Night { trouble, total, test });
    let run = (prop_oneof![Just(1_i64), Just(7), Just(25)], night);
    let sieve = prop_oneof![
        2 => Just(Sieve::Nothing),
        1 => (0..3_u8).prop_map(Sieve::Address),
        1 => (0..3_u8).prop_map(Sieve::AllBut),
        1 => (0..GROUPS).prop_map(Sieve::Group),
    ];
    // Most are there, few are inactive (or few aren't, in a company of many who left), and few have the second address.
    let inactive =
        (any::<[u64; 3]>(), prop::bool::weighted(0.3)).prop_map(|([a, b, c], mostly)| if mostly { a | b | c } else { a & b & c });
    let anew = (any::<[u64; 3]>(), inactive, any::<[u64; 3]>(), any::<u32>(), any::<u64>()).prop_map(
        |(users, inactive, addresses, groups, members)| Change::Anew {
            users: users[0] | users[1] | users[2],
            inactive,
            addresses: addresses[0] & addresses[1] & addresses[2],
            groups,
            members,
        },
    );
    let slight = (prop::collection::vec(0..USERS, 0..4), 0..USERS, 0..USERS).prop_map(|(leavers, idle, moved)| Change::Slight {
        leavers,
        idle,
        moved,
    });
    prop_oneof![
        2 => anew.prop_map(Step::Vendor),
        4 => slight.prop_map(Step::Vendor),
        7 => run.prop_map(|(hours, night)| Step::Run { hours, night }),
        1 => (0..3_u8, 0..3_u8, prop::bool::weighted(0.2))
            .prop_map(|(writes, deactivate, people_only)| Step::Prefer { writes, deactivate, people_only }),
        1 => sieve.prop_map(Step::Filter),
        1 => Just(Step::Accept),
        1 => Just(Step::Release),
        1 => Just(Step::Reject),
        1 => (0..3_usize).prop_map(|back| Step::Undo { back }),
        1 => prop_oneof![Just(1_i64), Just(14), Just(28)].prop_map(|days| Step::Wait { days }),
    ]
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
    let (mut saw_all, mut sieve) = (false, Sieve::Nothing);
    for (at, step) in steps.iter().enumerate() {
        let now = hour.fetch_add(1, Ordering::Relaxed) + 1;
        let decision = Decision { person: "ana".to_owned(), reason: String::new(), at: (options.clock)() };
        let open = model.holds().into_iter().next_back().map(|(session, _)| session);
        match step {
            Step::Vendor(change) => {
                vendor.change(change);
                continue;
            }
            Step::Run { hours, night } => {
                let now = hour.fetch_add(*hours, Ordering::Relaxed) + hours;
                options.test = night.test;
                let mut told = vendor.told(*night, sieve);
                told.judged |= !saw_all;
                saw_all |= !matches!(night.trouble, Trouble::Narrower | Trouble::Down) && !night.test;
                let report = world.sync_with(&script(&told, *night), &options).await;
                sessions.push(report.session.0);
                if night.trouble == Trouble::Down {
                    assert_eq!(report.state, SessionState::Failed);
                } else {
                    model.run(report.session.0, &told, now);
                }
            }
            Step::Prefer { writes, deactivate, people_only } => {
                let only = |this: u8| (*writes == this).then_some(false);
                model.wishes = Wishes { create: only(2), update: only(1), deactivate: *deactivate, people_only: *people_only };
                world.store.put_preferences(&tenant, &connection, &preferences(model.wishes)).await.unwrap();
            }
            Step::Filter(next) => {
                sieve = *next;
                world.store.put_filters(&tenant, &connection, &sieve.rules()).await.unwrap();
            }
            Step::Accept => {
                let sessions = world.store.sessions(&tenant, Some(&connection), 100).await.unwrap();
                let Some(scope) = sessions.into_iter().filter(|session| session.state.is_finished()).find_map(|one| one.scope)
                else {
                    continue;
                };
                saw_all = scope.facts[0].values.len() == 2;
                let change = ConnectionChange { baseline: Some(scope), ..ConnectionChange::default() };
                assert!(world.store.change_connection(&tenant, &connection, &change).await.unwrap());
            }
            Step::Wait { days } => {
                let now = hour.fetch_add(days * 24, Ordering::Relaxed) + days * 24;
                let expired = world.store.expire_holds((options.clock)()).await.unwrap();
                let expired: Vec<i64> = expired.into_iter().map(|(_, _, session)| session.0).collect();
                assert_eq!(expired, model.expire(now), "step {at}");
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
                match world.store.undo(&tenant, SessionId(*session), &decision).await {
                    Err(StoreError::NothingRemoved { .. }) => {}
                    undone => drop(undone.unwrap()),
                }
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
