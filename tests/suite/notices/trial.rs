//! Test messages: over one channel, at once, told as such, with what came of them; they are no notices.

use std::process::{Command, Output};

use headcount::sandbox::egress::EgressOptions;
use headcount::store::{Cause, NoticeFilter};
use headcount::{Clock, Courier, Security, Tested};
use headcount_tests::{MailServer, Mood, Receiver, program};
use serde_json::Value;

use super::mail::mail;
use super::{URL, World, turn, verify};

async fn test(world: &World, courier: &Courier, channel: &str, connection: Option<&str>) -> Vec<Tested> {
    let connection = connection.map(|id| id.parse().unwrap());
    courier.test_channel(&world.acme, &channel.parse().unwrap(), connection.as_ref()).await.unwrap()
}

fn problem(tested: &[Tested]) -> &str {
    assert_eq!(tested.len(), 1, "{tested:?}");
    tested[0].problem.as_deref().unwrap()
}

/// That nothing of it stands anywhere or is sent again.
async fn leaves_nothing(world: &World, courier: &Courier) {
    assert!(world.acme.notices(&NoticeFilter::default()).await.unwrap().is_empty());
    assert!(world.acme.deliveries(None, 10).await.unwrap().is_empty());
    assert_eq!(turn(courier).await, (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_a_signed_test_message_and_what_its_receiver_answers_is_told() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let world = World::with(&receiver).await;
    world.webhook().await;
    let courier = world.courier(None);
    assert_eq!(test(&world, &courier, "ops", None).await, [Tested { to: URL.into(), problem: None }]);
    let got = receiver.requests().remove(0);
    verify(&got, world.clock.now());
    let event: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!((&event["type"], &event["data"]["tenant"]), (&"notice.test".into(), &"acme".into()));
    assert!(event["data"]["what"].as_str().unwrap().contains("test message over the channel ops"), "{event}");

    receiver.answer(503);
    assert_eq!(problem(&test(&world, &courier, "ops", None).await), "the receiver answers 503");
    receiver.answer(410);
    assert!(problem(&test(&world, &courier, "ops", None).await).contains("410"));
    // It hangs.
    receiver.answer(0);
    assert!(!problem(&test(&world, &courier, "ops", None).await).is_empty());
    leaves_nothing(&world, &courier).await;
    let none = courier.test_channel(&world.acme, &"nowhere".parse().unwrap(), None).await.unwrap_err().to_string();
    assert!(none.contains("nowhere"), "{none}");
    let other = world.host.tenant("other".parse().unwrap());
    assert!(courier.test_channel(&other, &"ops".parse().unwrap(), None).await.is_err(), "another tenant's channel");
    assert_eq!(receiver.requests().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn test_messages_go_nowhere_that_notices_may_not_and_count_like_them() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let world = World::with(&receiver).await;
    world.webhook().await;
    let mut options = world.options();
    options.an_hour = 2;
    let courier = world.host.courier(options).unwrap();
    assert_eq!(test(&world, &courier, "ops", None).await[0].problem, None);
    assert_eq!(test(&world, &courier, "ops", None).await[0].problem, None);
    let refused = test(&world, &courier, "ops", None).await;
    assert!(problem(&refused).contains("the 2 messages that the operator lets it send in an hour"), "{refused:?}");
    world.raise(Cause::Held).await;
    assert_eq!(courier.turn().await.unwrap().withheld, 1, "they count together");
    assert_eq!(receiver.requests().len(), 2);

    // What was open when the channel was added, and is no longer.
    let egress = EgressOptions { message_hosts: Default::default(), ..super::reaching(&receiver) };
    let strict = headcount::Headcount::builder(world._data.path()).egress(egress).open().await.unwrap();
    let courier = strict.courier(Default::default()).unwrap();
    let acme = strict.tenant(world.acme.id().clone());
    let refused = courier.test_channel(&acme, &"ops".parse().unwrap(), None).await.unwrap();
    assert!(refused[0].problem.is_some(), "{refused:?}");
    assert_eq!(receiver.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_address_gets_a_test_message_of_its_own_and_is_told_of_by_itself() {
    let server = MailServer::start("mail.example.com", false).await.unwrap();
    let world = World::new(EgressOptions::default()).await;
    let add = async |id: &str, to: &[&str]| {
        world.acme.add_email(&id.parse().unwrap(), to.iter().map(|one| (*one).to_owned()).collect()).await.unwrap();
    };
    add("people", &["ben@example.com", "ANA@example.com"]).await;
    add("contacts", &[]).await;
    let courier = world.courier(Some(mail(&server, Security::Tls)));
    let tested = test(&world, &courier, "people", None).await;
    assert!(tested.len() == 2 && tested.iter().all(|one| one.problem.is_none()), "{tested:?}");
    let received = server.received();
    assert_eq!(received.len(), 2);
    for one in &received {
        assert!(one.text.contains("Subject: [Headcount] acme: a test message"), "{}", one.text);
        assert!(one.text.contains("nothing has happened"), "{}", one.text);
    }
    // With a connection, its contacts too, each once; one whose address is none is told, and harms nobody.
    let tested = test(&world, &courier, "people", Some("tines")).await;
    let arrived: Vec<&str> = tested.iter().filter(|one| one.problem.is_none()).map(|one| one.to.as_str()).collect();
    assert_eq!((arrived, tested.len()), (vec!["ana@example.com", "ben@example.com"], 3), "{tested:?}");
    assert!(server.received().iter().all(|one| one.to.len() == 1 && !one.to[0].contains("all@")));
    assert_eq!(server.in_the_clear(), 0);

    let nobody = courier.test_channel(&world.acme, &"contacts".parse().unwrap(), None).await.unwrap_err().to_string();
    assert!(nobody.contains("name a connection"), "{nobody}");
    world.without_bad_contacts().await;
    server.mood(Mood::Stranger);
    assert!(!problem(&test(&world, &courier, "contacts", Some("tines")).await).is_empty(), "the login is refused");
    let without = world.courier(None);
    assert!(problem(&test(&world, &without, "contacts", Some("tines")).await).contains("no mail server"));
    leaves_nothing(&world, &courier).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_prints_what_came_of_it() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let server = MailServer::start("mail.example.com", false).await.unwrap();
    let world = World::with(&receiver).await;
    world.acme.add_email(&"people".parse().unwrap(), vec!["ana@example.com".into()]).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (ca, config) = (folder.path().join("ca.pem"), folder.path().join("operator.toml"));
    std::fs::write(&ca, format!("{}\n{}", receiver.authority, server.authority)).unwrap();
    let settings = format!(
        "ca = ['ca.pem']\nallow-webhook = ['hooks.example.com']\nresolve = ['hooks.example.com={}', 'mail.example.com={}']\n\
         [mail]\nhost = 'mail.example.com'\nfrom = 'headcount@example.com'\nuser = 'headcount'\n",
        receiver.address, server.address
    );
    std::fs::write(&config, settings).unwrap();
    let run = |arguments: &[&str]| -> Output {
        let mut command = Command::new(program().unwrap());
        command.env("HEADCOUNT_MAIL_PASSWORD", "hunter2").arg("--config").arg(&config).arg("--data").arg(world._data.path());
        command.args(["--tenant", "acme"]).args(arguments).output().unwrap()
    };
    let said = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);

    assert!(run(&["notices", "channel", "add", "webhook", "ops", URL]).status.success());
    let webhook = run(&["notices", "channel", "test", "ops"]);
    assert!(
        webhook.status.success() && said(&webhook).contains("ops: the test message to https://hooks.example.com/"),
        "{}",
        said(&webhook)
    );
    assert!(said(&webhook).contains("was accepted"));
    let email = run(&["--json", "notices", "channel", "test", "people"]);
    let event: Value = serde_json::from_slice(&email.stdout).unwrap_or_else(|_| panic!("{}", said(&email)));
    assert_eq!((&event["to"], &event["accepted"]), (&"ana@example.com".into(), &true.into()), "{event}");
    assert_eq!((receiver.requests().len(), server.received().len()), (1, 1));

    receiver.answer(503);
    let failed = run(&["notices", "channel", "test", "ops"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(said(&failed).contains("did not arrive: the receiver answers 503"), "{}", said(&failed));
    assert_eq!(run(&["notices", "channel", "test", "nowhere"]).status.code(), Some(5));
}
