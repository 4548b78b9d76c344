//! How a courier works: no delivery waits for another or takes one with it, each ends in time, and a tenant's hour has a bound.

use std::sync::Arc;
use std::time::Duration;

use headcount::SystemClock;
use headcount::store::{Cause, DeliveryState};
use headcount_tests::Receiver;

use super::{URL, World, turn};

#[tokio::test(flavor = "multi_thread")]
async fn one_message_that_hangs_keeps_no_other_waiting() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let world = World::patient(&receiver).await;
    world.webhook().await;
    world.raise(Cause::Held).await;
    receiver.answer(0);
    let mut options = world.options();
    options.clock = Arc::new(SystemClock);
    options.look_again = Duration::from_millis(10);
    (options.at_once, options.each_tenant) = (2, 2);
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(world.host.courier(options).unwrap().run(stop.clone()));
    receiver.until(1).await;
    receiver.answer(204);
    world.raise(Cause::Overran).await;
    receiver.until(2).await;
    let first = world.acme.deliveries(Some(DeliveryState::Waiting), 10).await.unwrap();
    assert!(first.iter().any(|one| one.notice == 1 && one.problem.is_none()), "it still hangs: {first:?}");
    running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_over_before_its_lease_and_tried_again() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let world = World::patient(&receiver).await;
    world.webhook().await;
    world.raise(Cause::Held).await;
    receiver.answer(0);
    let mut options = world.options();
    options.lease = Duration::from_millis(200);
    let courier = world.host.courier(options).unwrap();
    assert_eq!(turn(&courier).await, (0, 1, 0));
    let waiting = world.acme.deliveries(Some(DeliveryState::Waiting), 10).await.unwrap();
    assert_eq!(waiting[0].problem.as_deref(), Some("it took longer than 100ms"));
    assert_eq!(turn(&courier).await, (0, 0, 0), "not at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_can_not_be_noted_takes_no_other_with_it() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let world = World::with(&receiver).await;
    world.webhook().await;
    world.acme.add_webhook(&"broken".parse().unwrap(), URL, None).await.unwrap();
    let database = rusqlite::Connection::open(world._data.path().join("headcount.db")).unwrap();
    let trigger = "CREATE TRIGGER broken BEFORE UPDATE OF ended_at ON deliveries WHEN NEW.channel = 'broken'
        BEGIN SELECT RAISE(ABORT, 'the disk is ill'); END";
    database.execute_batch(trigger).unwrap();
    world.raise(Cause::Held).await;
    let courier = world.courier(None);
    assert!(courier.turn().await.unwrap_err().to_string().contains("the disk is ill"));
    let told = world.acme.deliveries(None, 10).await.unwrap();
    let state = |channel: &str| told.iter().find(|one| one.channel.as_str() == channel).unwrap().state;
    assert_eq!((state("ops"), state("broken")), (DeliveryState::Delivered, DeliveryState::Waiting));
    // Once the store is well again and the lease is over, it is sent again under the same id, and noted.
    database.execute_batch("DROP TRIGGER broken").unwrap();
    world.clock.pass(Duration::from_secs(300));
    assert_eq!(turn(&courier).await, (1, 0, 0));
    let ids: Vec<String> = receiver.requests().iter().map(|request| request.headers["webhook-id"].clone()).collect();
    assert_eq!(ids.iter().filter(|id| **id == ids[2]).count(), 2, "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn past_what_the_operator_lets_a_tenant_send_in_an_hour_notices_are_listed_and_not_sent() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let world = World::with(&receiver).await;
    world.webhook().await;
    for cause in Cause::ALL {
        world.raise(cause).await;
    }
    let mut options = world.options();
    options.an_hour = 2;
    let courier = world.host.courier(options).unwrap();
    let first = courier.turn().await.unwrap();
    let then = courier.turn().await.unwrap();
    assert_eq!((first.delivered, first.withheld, then.delivered, then.withheld), (2, 0, 0, 4));
    assert_eq!(receiver.requests().len(), 2);
    let listed = world.acme.notices(&Default::default()).await.unwrap();
    assert_eq!(listed.iter().filter(|notice| notice.withheld > 0).count(), 4);
    assert_eq!(world.acme.redeliver(None).await.unwrap(), 4, "a person can have them sent");
}
