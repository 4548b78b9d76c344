//! Where webhooks may go: public places that the operator allows, whatever is open for connectors.

use headcount::sandbox::egress::{Ceiling, EgressOptions};
use headcount::store::Cause;
use headcount_tests::{Dns, Receiver};

use super::{URL, World, turn};

#[tokio::test(flavor = "multi_thread")]
async fn places_inside_are_never_asked_whatever_name_they_have() {
    let dns = Dns::start().await.unwrap();
    let egress = EgressOptions { nameservers: vec![dns.address], ..EgressOptions::default() };
    let world = World::new(egress).await;
    let add = async |name: &str, url: &str| world.acme.add_webhook(&name.parse().unwrap(), url, None).await;
    for url in [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://localhost/",
        "https://user:password@hooks.example.com/",
        "https://hooks.example.com/#x",
        "file:///etc/passwd",
        "gopher://hooks.example.com/",
        "https://hooks.example.com/a\r\nx-injected: 1",
        "",
    ] {
        assert!(add("ops", url).await.is_err(), "{url}");
    }
    for name in ["loopback", "private", "metadata", "unspecified", "loopback6", "mapped", "nat64", "mixed", "alias", "rebinding"]
    {
        add(name, &format!("https://{name}.mallory.example/")).await.unwrap();
    }
    world.raise(Cause::Held).await;
    let courier = world.courier(None);
    let (mut dead, mut others) = (0, 0);
    for _ in 0..4 {
        let (delivered, again, given_up) = turn(&courier).await;
        (dead, others) = (dead + given_up, others + delivered + again);
    }
    assert_eq!((dead, others), (10, 0));
    assert!(world.dead().await.iter().all(|problem| problem.contains("not a public address")), "{:?}", world.dead().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_opened_for_a_connector_is_not_open_for_a_tenants_webhook() {
    let receiver = Receiver::start("hooks.example.com").await.unwrap();
    let mut egress = EgressOptions::default();
    egress.resolve.insert("hooks.example.com".to_owned(), receiver.address);
    egress.resolve.insert("inside.example.com".to_owned(), "10.0.0.5:443".parse().unwrap());
    egress.extra_ca_pem.push(receiver.authority.clone());
    egress.allow_loopback = true;
    let world = World::new(egress).await;
    for url in [URL, "http://hooks.example.com/", "https://inside.example.com/"] {
        let refused = world.acme.add_webhook(&"ops".parse().unwrap(), url, None).await.err().unwrap().to_string();
        assert!(refused.contains("allow-webhook") || refused.contains("https"), "{refused}");
    }
    let refused = world.acme.add_webhook(&"ops".parse().unwrap(), URL, None).await.err().unwrap().to_string();
    assert!(refused.contains("allow-webhook = [\"hooks.example.com\"]"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_does_not_allow_gets_no_messages() {
    let ceiling = Ceiling::parse(["https://api.example.com", "POST https://hooks.example.com/headcount"]).unwrap();
    let world = World::new(EgressOptions { ceiling, ..EgressOptions::default() }).await;
    world.webhook().await;
    for url in ["https://elsewhere.example.com/", "https://hooks.example.com/other"] {
        let refused = world.acme.add_webhook(&"other".parse().unwrap(), url, None).await.err().unwrap().to_string();
        assert!(refused.contains("allow-egress"), "{refused}");
    }
}
