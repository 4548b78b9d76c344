//! Deliveries: one for each notice and channel, taken by one courier at a time, and dead letters.

use headcount_store::{
    Cause, Channel, ChannelKey, ChannelTarget, Contact, DeliveryState, NewNotice, NoticeFilter, Notices, Outbox, Parcel,
    ParcelRequest, Settled, SqliteStore, Store,
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

fn request(now: i64, until: i64, most: u32) -> ParcelRequest {
    ParcelRequest { now: at(now), until: at(until), most, each_tenant: 100, an_hour: 1_000 }
}

async fn take(store: &SqliteStore, now: i64, until: i64, most: u32) -> Vec<Parcel> {
    store.take_parcels(&request(now, until, most)).await.unwrap().parcels
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
    let mut taken = names(&take(&store, 2, 60, 100).await);
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
    let stale = take(&store, 1, 60, 9).await.remove(0);
    assert!(take(&store, 59, 99, 9).await.is_empty());
    let again = take(&store, 60, 120, 9).await.remove(0);
    assert_eq!((stale.attempt, again.attempt), (1, 2));
    assert!(!store.settle_parcel(&stale, &Settled::Delivered { at: at(61) }).await.unwrap());
    let retry = Settled::Again { due_at: at(500), problem: "503".into() };
    assert!(store.settle_parcel(&again, &retry).await.unwrap());
    assert_eq!(store.next_parcel().await.unwrap(), Some(at(500)));
    let third = take(&store, 500, 560, 9).await.remove(0);
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
    for parcel in take(&store, 2, 60, 9).await {
        let dead = Settled::Dead { at: at(3), problem: "gone".into() };
        assert!(store.settle_parcel(&parcel, &dead).await.unwrap());
    }
    assert!(take(&store, 999, 1_000, 9).await.is_empty());
    assert_eq!(store.deliveries(&tenant("acme"), Some(DeliveryState::Dead), 9).await.unwrap().len(), 2);
    assert_eq!(store.revive(&tenant("globex"), None, at(5)).await.unwrap(), 0);
    assert_eq!(store.revive(&tenant("acme"), Some(2), at(5)).await.unwrap(), 1);
    assert_eq!(names(&take(&store, 5, 60, 9).await), ["acme/2/a"]);
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
    let mut taken = names(&take(&store, 60, 99, 2).await);
    taken.sort();
    assert_eq!(taken, ["acme/1/a", "globex/1/a"]);
}

#[tokio::test]
async fn a_tenant_whose_messages_hang_does_not_get_all_places() {
    let store = World::new().await.store;
    for tenant in ["acme", "globex"] {
        store.add_channel(&channel(tenant, "a")).await.unwrap();
    }
    for cause in Cause::ALL {
        raise(&store, "acme", cause, 1).await;
    }
    raise(&store, "globex", Cause::Held, 50).await;
    let two_each = |now| ParcelRequest { each_tenant: 2, ..request(now, 99, 1) };
    let mut taken = Vec::new();
    for now in 60..64 {
        taken.extend(names(&store.take_parcels(&two_each(now)).await.unwrap().parcels));
    }
    assert_eq!(taken, ["acme/1/a", "globex/1/a", "acme/2/a"], "the fourth waits until one of acme's is over");
}

#[tokio::test]
async fn past_its_hour_a_tenants_messages_are_withheld_listed_and_sent_when_asked() {
    const HOUR: i64 = 3_600_000_000;
    let store = World::new().await.store;
    for tenant in ["acme", "globex"] {
        store.add_channel(&channel(tenant, "a")).await.unwrap();
    }
    for cause in [Cause::Held, Cause::Overran, Cause::RunFailed, Cause::Incomplete] {
        raise(&store, "acme", cause, 1).await;
    }
    raise(&store, "globex", Cause::Held, 1).await;
    let two = |now| ParcelRequest { an_hour: 2, ..request(now, now + 50, 9) };
    let first = store.take_parcels(&two(2)).await.unwrap();
    assert_eq!((names(&first.parcels).len(), first.withheld), (3, 0), "two of acme, one of globex");
    for parcel in &first.parcels {
        assert!(store.settle_parcel(parcel, &Settled::Delivered { at: at(3) }).await.unwrap());
    }
    let then = store.take_parcels(&two(4)).await.unwrap();
    assert_eq!((then.parcels.len(), then.withheld), (0, 2));
    assert_eq!(store.next_parcel().await.unwrap(), None, "nothing goes round and round");
    let withheld = store.deliveries(&tenant("acme"), Some(DeliveryState::Withheld), 9).await.unwrap();
    assert!(withheld.len() == 2 && withheld[0].problem.as_deref().unwrap().contains("2 messages"), "{withheld:?}");
    let listed = store.notices(&tenant("acme"), &NoticeFilter::default()).await.unwrap();
    assert_eq!(listed.iter().map(|notice| notice.withheld).collect::<Vec<_>>(), [1, 1, 0, 0]);
    assert_eq!(store.revive(&tenant("acme"), None, at(HOUR)).await.unwrap(), 2);
    assert_eq!(store.take_parcels(&two(HOUR)).await.unwrap().parcels.len(), 2, "in the next hour there is room");
}

#[tokio::test]
async fn each_recipient_of_an_e_mail_is_a_delivery_of_its_own() {
    let store = World::new().await.store;
    let mut one = store.connection(&tenant("acme"), &connection_id("one")).await.unwrap().unwrap();
    let contact = |email: &str| Contact { name: "Ana".into(), email: email.into() };
    one.contacts = vec![contact("ana@example.com"), contact("Bo@example.com")];
    store.put_connection(&one).await.unwrap();
    let to = vec!["ANA@example.com".to_owned(), "ops@example.com".to_owned()];
    store.add_channel(&Channel { target: ChannelTarget::Email { to }, ..channel("acme", "mail") }).await.unwrap();
    store.add_channel(&Channel { target: ChannelTarget::Email { to: Vec::new() }, ..channel("globex", "mail") }).await.unwrap();
    raise(&store, "acme", Cause::Held, 1).await;
    raise(&store, "globex", Cause::Held, 1).await;
    let taken = take(&store, 2, 60, 9).await;
    let to = |tenant: &str| {
        let of = taken.iter().filter(|one| one.notice.tenant.as_str() == tenant);
        of.map(|one| one.recipient.as_deref()).collect::<Vec<_>>()
    };
    assert_eq!(to("acme"), [Some("Bo@example.com"), Some("ana@example.com"), Some("ops@example.com")]);
    assert_eq!(to("globex"), [None], "that nobody gets it is not lost");
    let settled = [
        Settled::Delivered { at: at(3) },
        Settled::Dead { at: at(3), problem: "550".into() },
        Settled::Again { due_at: at(9), problem: "451".into() },
    ];
    for (parcel, settled) in taken.iter().filter(|one| one.recipient.is_some()).zip(&settled) {
        assert!(store.settle_parcel(parcel, settled).await.unwrap());
    }
    let told = store.deliveries(&tenant("acme"), None, 9).await.unwrap();
    let told: Vec<_> = told.iter().map(|one| (one.recipient.as_deref().unwrap(), one.state.as_str())).collect();
    assert_eq!(told, [("Bo@example.com", "delivered"), ("ana@example.com", "dead"), ("ops@example.com", "waiting")]);
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
