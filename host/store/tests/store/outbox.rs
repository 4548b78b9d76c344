//! Deliveries: one for each notice and channel, taken by one courier at a time, and dead letters.

use headcount_store::{
    Cause, Channel, ChannelKey, ChannelTarget, DeliveryState, NewNotice, Notices, Outbox, Parcel, Settled, SqliteStore,
};

use crate::world::{World, at, connection_id, tenant};

fn channel(tenant: &str, id: &str) -> Channel {
    Channel {
        tenant: self::tenant(tenant),
        id: id.parse().unwrap(),
        target: ChannelTarget::Webhook { url: "https://hooks.example.com/x".into() },
        sealed: Some(vec![1, 2, 3]),
        created_at: at(1),
    }
}

async fn raise(store: &SqliteStore, tenant: &str, cause: Cause, micros: i64) {
    let notice = NewNotice {
        tenant: self::tenant(tenant),
        connection: connection_id("one"),
        cause,
        session: None,
        at: at(micros),
        what: "it broke".into(),
        next: String::new(),
    };
    store.raise(&notice).await.unwrap().unwrap();
}

fn names(parcels: &[Parcel]) -> Vec<String> {
    parcels.iter().map(|one| format!("{}/{}/{}", one.notice.tenant, one.notice.number, one.channel.id)).collect()
}

#[tokio::test]
async fn a_notice_is_queued_for_every_channel_that_there_was_when_it_was_made() {
    let store = World::new().await.store;
    raise(&store, "acme", Cause::Held, 1).await;
    assert!(store.add_channel(&channel("acme", "a")).await.unwrap());
    assert!(!store.add_channel(&channel("acme", "a")).await.unwrap(), "there is one");
    store.add_channel(&channel("acme", "b")).await.unwrap();
    store.add_channel(&channel("globex", "c")).await.unwrap();
    raise(&store, "acme", Cause::Overran, 2).await;
    let mut taken = names(&store.take_parcels(at(2), at(60), 100).await.unwrap());
    taken.sort();
    assert_eq!(taken, ["acme/2/a", "acme/2/b"]);
    assert!(store.remove_channel(&tenant("acme"), &"a".parse().unwrap()).await.unwrap());
    assert_eq!(store.deliveries(&tenant("acme"), None, 10).await.unwrap().len(), 1);
    assert!(!store.remove_channel(&tenant("acme"), &"c".parse().unwrap()).await.unwrap(), "another tenant's");
}

#[tokio::test]
async fn a_courier_that_died_gives_its_parcel_back_and_a_late_one_settles_nothing() {
    let store = World::new().await.store;
    store.add_channel(&channel("acme", "a")).await.unwrap();
    raise(&store, "acme", Cause::Held, 1).await;
    let stale = store.take_parcels(at(1), at(60), 9).await.unwrap().remove(0);
    assert!(store.take_parcels(at(59), at(99), 9).await.unwrap().is_empty());
    let again = store.take_parcels(at(60), at(120), 9).await.unwrap().remove(0);
    assert_eq!((stale.attempt, again.attempt), (1, 2));
    assert!(!store.settle_parcel(&stale, &Settled::Delivered { at: at(61) }).await.unwrap());
    let retry = Settled::Again { due_at: at(500), problem: "503".into() };
    assert!(store.settle_parcel(&again, &retry).await.unwrap());
    assert_eq!(store.next_parcel().await.unwrap(), Some(at(500)));
    let third = store.take_parcels(at(500), at(560), 9).await.unwrap().remove(0);
    assert!(store.settle_parcel(&third, &Settled::Delivered { at: at(501) }).await.unwrap());
    assert_eq!(store.next_parcel().await.unwrap(), None);
    let done = store.deliveries(&tenant("acme"), Some(DeliveryState::Delivered), 9).await.unwrap();
    assert_eq!((done[0].attempts, done[0].ended_at), (3, Some(at(501))));
}

#[tokio::test]
async fn dead_letters_are_listed_and_sent_again_when_asked() {
    let store = World::new().await.store;
    store.add_channel(&channel("acme", "a")).await.unwrap();
    for (cause, micros) in [(Cause::Held, 1), (Cause::Overran, 2)] {
        raise(&store, "acme", cause, micros).await;
    }
    for parcel in store.take_parcels(at(2), at(60), 9).await.unwrap() {
        let dead = Settled::Dead { at: at(3), problem: "gone".into() };
        assert!(store.settle_parcel(&parcel, &dead).await.unwrap());
    }
    assert!(store.take_parcels(at(999), at(1_000), 9).await.unwrap().is_empty());
    assert_eq!(store.deliveries(&tenant("acme"), Some(DeliveryState::Dead), 9).await.unwrap().len(), 2);
    assert_eq!(store.revive(&tenant("globex"), None, at(5)).await.unwrap(), 0);
    assert_eq!(store.revive(&tenant("acme"), Some(2), at(5)).await.unwrap(), 1);
    assert_eq!(names(&store.take_parcels(at(5), at(60), 9).await.unwrap()), ["acme/2/a"]);
    assert_eq!(store.revive(&tenant("acme"), None, at(6)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_tenant_with_many_notices_does_not_keep_others_waiting() {
    let store = World::new().await.store;
    for tenant in ["acme", "globex"] {
        store.add_channel(&channel(tenant, "a")).await.unwrap();
    }
    for cause in Cause::ALL {
        raise(&store, "acme", cause, 1).await;
    }
    raise(&store, "globex", Cause::Held, 50).await;
    let mut taken = names(&store.take_parcels(at(60), at(99), 2).await.unwrap());
    taken.sort();
    assert_eq!(taken, ["acme/1/a", "globex/1/a"]);
}

#[tokio::test]
async fn what_signs_is_sealed_anew_in_order_and_only_where_it_is_still_the_same() {
    let store = World::new().await.store;
    for (tenant, id) in [("acme", "a"), ("acme", "b"), ("globex", "a")] {
        store.add_channel(&channel(tenant, id)).await.unwrap();
    }
    let first = store.all_channel_secrets(None, 2).await.unwrap();
    let rest = store.all_channel_secrets(Some(&first[1].0), 2).await.unwrap();
    assert_eq!((first.len(), rest.len(), rest[0].0.tenant.as_str()), (2, 1, "globex"));
    let key = ChannelKey { tenant: tenant("acme"), channel: "a".parse().unwrap() };
    assert!(store.reseal_channel(&key, &[1, 2, 3], &[4]).await.unwrap());
    assert!(!store.reseal_channel(&key, &[1, 2, 3], &[5]).await.unwrap());
    assert_eq!(store.channels(&tenant("acme")).await.unwrap()[0].sealed.as_deref(), Some(&[4][..]));
}
