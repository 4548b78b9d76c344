//! The program killed at every request and every commit of a sync of each vendor, and started again: the store ends as if nothing had
//! happened, and no request is repeated beyond those that were under way.
//!
//! At a request, the vendor's server sends SIGKILL before it answers. At a commit, a library that is loaded before the program does: the
//! program may write its store's log only up to a byte in one of the commit's pages, or up to its end, so that it dies within that
//! commit, or on its first write after it.

mod commits;
pub mod store;
pub mod world;

use std::collections::BTreeMap;

use headcount_vendors::{LoggedRequest, Vendor};

use self::world::{Stop, World};

/// People in the company: enough for several pages and parents everywhere, few enough for hundreds of syncs.
const PEOPLE: u32 = 120;
/// Calls that may be under way at once, as syncs run by default.
const AT_ONCE: usize = 4;
/// Requests that one call of a connector makes, at most: some checks ask several questions.
const BY_CALL: usize = 3;
/// How many points among a vendor's writes there are, about.
const WRITES: usize = 120;
/// How many points there must be, over all vendors.
const POINTS: usize = 300;

/// What the stops of one worker showed.
#[derive(Debug, Default)]
struct Shown {
    stopped: usize,
    missed: usize,
    repeated: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_at_every_request_and_every_commit_a_sync_ends_as_if_nothing_had_happened() {
    // JumpCloud is asked the most.
    let shares = [(Vendor::JetBrains, 1), (Vendor::Tines, 1), (Vendor::Kandji, 1), (Vendor::JumpCloud, 3)];
    let workers = shares.iter().flat_map(|(vendor, of)| (0..*of).map(move |share| tokio::spawn(sweep(*vendor, share, *of))));
    let mut by_vendor: BTreeMap<&str, Shown> = BTreeMap::new();
    for worker in workers.collect::<Vec<_>>() {
        let (vendor, shown) = worker.await.unwrap();
        let sum = by_vendor.entry(vendor.name()).or_default();
        sum.stopped += shown.stopped;
        sum.missed += shown.missed;
        sum.repeated += shown.repeated;
    }
    println!("{by_vendor:#?}");
    let stopped: usize = by_vendor.values().map(|shown| shown.stopped).sum();
    let missed: usize = by_vendor.values().map(|shown| shown.missed).sum();
    assert!(stopped >= POINTS, "only {stopped} points");
    assert!(missed * 10 <= stopped, "{missed} syncs ended before they could be killed, {stopped} were killed");
}

/// Kills a vendor's syncs at this worker's share of the points.
async fn sweep(vendor: Vendor, share: usize, of: usize) -> (Vendor, Shown) {
    let world = World::new(vendor, PEOPLE).await;
    let undisturbed = world.undisturbed().await;
    let requests = (1..=undisturbed.requests.len()).map(Stop::Request);
    let writes = commits::stops(&undisturbed.commits, WRITES / undisturbed.commits.len());
    let mut shown = Shown::default();
    for stop in requests.chain(writes.into_iter().map(Stop::Write)).skip(share).step_by(of) {
        let run = world.stopped(&stop).await;
        let when = format!("{} stopped at {stop:?}", vendor.name());
        assert!(run.code.is_none_or(|code| Some(code) == undisturbed.code), "{when}: {:?} {}", run.code, run.said);
        store::assert_same(&run.store, &undisturbed.store, &when);
        let repeated = repeated(&run.requests, &undisturbed.requests, &when);
        assert!(repeated <= AT_ONCE * BY_CALL, "{when}: {repeated} requests were repeated");
        shown.stopped += usize::from(run.was_stopped);
        shown.missed += usize::from(!run.was_stopped);
        shown.repeated += repeated;
    }
    (vendor, shown)
}

/// How many requests came beyond those of an undisturbed sync, all of which must have come.
fn repeated(run: &[LoggedRequest], undisturbed: &[LoggedRequest], when: &str) -> usize {
    let count = |requests: &[LoggedRequest]| {
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        for request in requests {
            *counted.entry(format!("{} {}?{}", request.method, request.path, request.query)).or_default() += 1;
        }
        counted
    };
    let (run, undisturbed) = (count(run), count(undisturbed));
    for (request, times) in &undisturbed {
        assert!(run.get(request).is_some_and(|made| made >= times), "{when}: {request} was not made");
    }
    run.iter().map(|(request, times)| times - undisturbed.get(request).unwrap_or(&0)).sum()
}
