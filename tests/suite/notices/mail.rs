//! E-mail to a real mail server: over TLS or not at all, with headers that nothing breaks, and again when the server has no time.

use std::time::Duration;

use headcount::sandbox::egress::EgressOptions;
use headcount::store::{Cause, DeliveryState};
use headcount::{MailLogin, MailOptions, Security};
use headcount_tests::{MailServer, Mood};
use zeroize::Zeroizing;

use super::{World, turn};

pub(super) fn mail(server: &MailServer, security: Security) -> MailOptions {
    MailOptions {
        host: "mail.example.com".into(),
        port: 465,
        security,
        from: "Headcount <headcount@example.com>".into(),
        login: Some(MailLogin { user: "headcount".into(), password: Zeroizing::new("hunter2".into()) }),
        address: Some(server.address),
        extra_ca_pem: vec![server.authority.clone()],
        patience: Duration::from_secs(10),
    }
}

async fn email(world: &World, to: &[&str]) {
    world.acme.add_email(&"people".parse().unwrap(), to.iter().map(|one| (*one).to_owned()).collect()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_get_an_e_mail_over_tls_at_once_or_after_starttls_and_nothing_breaks_its_header() {
    for (starttls, security) in [(false, Security::Tls), (true, Security::Starttls)] {
        let server = MailServer::start("mail.example.com", starttls).await.unwrap();
        let world = World::new(EgressOptions::default()).await;
        email(&world, &["ben@example.com", "ANA@example.com"]).await;
        world.raise(Cause::Reconnect).await;
        let courier = world.courier(Some(mail(&server, security)));
        assert_eq!(turn(&courier).await, (2, 0, 1), "{:?}", world.acme.deliveries(None, 5).await.unwrap());
        assert!(world.dead().await[0].ends_with("is no e-mail address"), "{:?}", world.dead().await);
        let login = ("headcount".to_owned(), "hunter2".to_owned());
        assert_eq!(server.logins(), [login.clone(), login]);
        assert_eq!(server.in_the_clear(), 0);
        let received = server.received();
        assert_eq!(received.len(), 2);
        assert!(received.iter().all(|one| one.to.len() == 1), "each has a message of their own");
        let to = received.iter().flat_map(|one| one.to.clone()).collect::<Vec<_>>().join(" ");
        assert!(to.contains("ana@example.com") && to.contains("ben@example.com"), "{to}");
        assert!(!to.contains("eve@") && !to.contains("all@") && !to.contains("everybody@"), "{to}");
        let (header, body) = received[0].text.split_once("\r\n\r\n").unwrap();
        assert!(header.lines().all(|line| !line.to_ascii_lowercase().starts_with("bcc")), "{header}");
        assert!(header.contains("Message-ID: <msg_") && header.contains("Content-Type: text/plain"), "{header}");
        for part in ["no longer works: 401", "acme", "What to do:  Enter a new one"] {
            assert!(body.contains(part), "{part}: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_without_tls_or_to_a_server_that_can_not_prove_its_name() {
    let plain = MailServer::start("mail.example.com", false).await.unwrap();
    let other = MailServer::start("other.example.com", false).await.unwrap();
    for (server, authority, security) in [
        (&other, other.authority.clone(), Security::Tls),
        (&plain, other.authority.clone(), Security::Tls),
        // It speaks TLS from the first byte, so there is no STARTTLS to be had.
        (&plain, plain.authority.clone(), Security::Starttls),
    ] {
        let world = World::new(EgressOptions::default()).await;
        email(&world, &[]).await;
        world.without_bad_contacts().await;
        world.raise(Cause::Held).await;
        let patience = Duration::from_millis(500);
        let options = MailOptions { extra_ca_pem: vec![authority], patience, ..mail(server, security) };
        assert_eq!(turn(&world.courier(Some(options))).await, (0, 1, 0));
        assert!(server.received().is_empty() && server.logins().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_busy_hangs_or_refuses_the_login_is_asked_again() {
    let server = MailServer::start("mail.example.com", false).await.unwrap();
    let world = World::new(EgressOptions::default()).await;
    world.without_bad_contacts().await;
    email(&world, &[]).await;
    world.raise(Cause::Held).await;
    let options = MailOptions { patience: Duration::from_millis(500), ..mail(&server, Security::Tls) };
    let courier = world.courier(Some(options));
    for mood in [Mood::Busy, Mood::Silent, Mood::Stranger] {
        server.mood(mood);
        assert_eq!(turn(&courier).await, (0, 1, 0), "{mood:?}");
        world.clock.pass(Duration::from_secs(3 * 3_600));
    }
    server.mood(Mood::Takes);
    assert_eq!(turn(&courier).await, (1, 0, 0));
    assert_eq!(server.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_recipient_has_a_fate_of_their_own_and_nobody_gets_a_letter_twice() {
    let server = MailServer::start("mail.example.com", false).await.unwrap();
    let world = World::new(EgressOptions::default()).await;
    world.without_bad_contacts().await;
    // The server knows no `nobody`, has no time for `later`, and can't write to a name that is not plain.
    email(&world, &["nobody@example.com", "later@example.com", "jos\u{e9}@example.com"]).await;
    world.raise(Cause::Held).await;
    server.mood(Mood::Strict);
    let courier = world.courier(Some(mail(&server, Security::Tls)));
    assert_eq!(turn(&courier).await, (1, 1, 2));
    let told = world.acme.deliveries(None, 10).await.unwrap();
    let fate = |to: &str| {
        let one = told.iter().find(|one| one.recipient.as_deref() == Some(to)).unwrap();
        (one.state, one.problem.clone().unwrap_or_default())
    };
    assert_eq!(fate("ana@example.com").0, DeliveryState::Delivered);
    let (state, problem) = fate("nobody@example.com");
    assert!(state == DeliveryState::Dead && problem.contains("550"), "{problem}");
    let (state, problem) = fate("later@example.com");
    assert!(state == DeliveryState::Waiting && problem.contains("451"), "{problem}");
    let (state, problem) = fate("jos\u{e9}@example.com");
    assert!(state == DeliveryState::Dead && problem.contains("SMTPUTF8"), "{problem}");

    server.mood(Mood::Takes);
    world.clock.pass(Duration::from_secs(60));
    assert_eq!(turn(&courier).await, (1, 0, 0));
    let to: Vec<String> = server.received().into_iter().flat_map(|one| one.to).collect();
    assert_eq!(to.len(), 2, "{to:?}");
    assert!(to[0].contains("ana@example.com") && to[1].contains("later@example.com"), "{to:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_took_a_letter_and_says_no_goodbye_does_not_get_it_again() {
    let server = MailServer::start("mail.example.com", false).await.unwrap();
    let world = World::new(EgressOptions::default()).await;
    world.without_bad_contacts().await;
    email(&world, &[]).await;
    world.raise(Cause::Held).await;
    server.mood(Mood::Rude);
    assert_eq!(turn(&world.courier(Some(mail(&server, Security::Tls)))).await, (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_contact_any_more_gets_no_letter() {
    let server = MailServer::start("mail.example.com", false).await.unwrap();
    let world = World::new(EgressOptions::default()).await;
    email(&world, &["ben@example.com"]).await;
    world.raise(Cause::Held).await;
    world.contacts(&[]).await;
    assert_eq!(turn(&world.courier(Some(mail(&server, Security::Tls)))).await, (1, 0, 2));
    assert!(world.dead().await.iter().all(|problem| problem.contains("no contact")), "{:?}", world.dead().await);
    assert!(server.received()[0].to[0].contains("ben@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_an_e_mail_is_a_dead_letter_that_says_what_to_do() {
    let world = World::new(EgressOptions::default()).await;
    email(&world, &["ben@example.com"]).await;
    world.contacts(&[]).await;
    world.raise(Cause::Held).await;
    assert_eq!(turn(&world.courier(None)).await, (0, 0, 1));
    assert!(world.dead().await[0].contains("[mail]"), "{:?}", world.dead().await);
    assert!(world.acme.add_email(&"other".parse().unwrap(), vec!["ben".into()]).await.is_err());
}
