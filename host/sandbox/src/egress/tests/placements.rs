//! Where credentials go on a request, and which can't be sent.

use headcount_model::manifest::Placement;

use super::server::said;
use super::*;

fn gate_with(server: &Server, placement: Placement, credentials: Credentials) -> Result<Arc<Gate>, EgressError> {
    let mut manifest = manifest();
    manifest.auth = vec![placement];
    let mut settings = settings();
    settings.values.insert("user".to_owned(), "ana".into());
    Egress::new(options(server)).unwrap().gate(GateOptions {
        manifest: Arc::new(manifest),
        settings,
        credentials,
        ..gate_options(Budget::default())
    })
}

fn secret() -> String {
    "api-key".to_owned()
}

#[tokio::test]
async fn each_placement_puts_the_secret_where_it_says() {
    for (placement, name, value) in [
        (
            Placement::Header { secret: secret(), name: "X-Token".to_owned(), prefix: "Key ".to_owned() },
            "x-token",
            format!("Key {SECRET}"),
        ),
        (Placement::Bearer { secret: secret() }, "authorization", format!("Bearer {SECRET}")),
        (
            Placement::Basic { user: "user".to_owned(), secret: secret() },
            "authorization",
            "Basic YW5hOnNrLTAxMjM0NTY3ODktYWJjZGVmZ2hpag==".to_owned(),
        ),
        (
            Placement::Basic { user: String::new(), secret: secret() },
            "authorization",
            "Basic OnNrLTAxMjM0NTY3ODktYWJjZGVmZ2hpag==".to_owned(),
        ),
    ] {
        let server = Server::new(|seen| {
            let echo = seen.headers.get("authorization").map(|value| value.as_bytes().to_vec()).unwrap_or_default();
            said(echo)
        })
        .await;
        let gate = gate_with(&server, placement.clone(), credentials()).unwrap();
        let response = get(&gate, USERS).await.unwrap();
        assert_eq!(server.seen()[0].headers[name], value);
        // What was made of the secret is as secret.
        let shown = String::from_utf8_lossy(response.body()).into_owned();
        assert!(!shown.contains(SECRET) && !shown.contains("LTAxMjM0NTY3ODktYWJj"), "{shown}");
        let mut asked = request("GET", USERS);
        asked.headers_mut().insert(http::HeaderName::try_from(name).unwrap(), "mine".parse().unwrap());
        assert!(matches!(gate.send(&Purpose::Read, asked).await, Err(Refusal::Header(_))));
    }
}

#[tokio::test]
async fn a_credential_in_the_query_replaces_whatever_the_connector_put_there() {
    let server = Server::saying("[]").await;
    let placement = Placement::Query { secret: secret(), name: "api_key".to_owned() };
    let gate = gate_with(&server, placement, credentials()).unwrap();
    // The second is what a scrubbed `next` link looks like; the third hides the name.
    for query in ["?page=2", "?api_key=************************&page=2", "?page=2&api%5Fkey=mine", ""] {
        get(&gate, &format!("{USERS}{query}")).await.unwrap();
    }
    let seen: Vec<String> = server.seen().into_iter().map(|seen| seen.uri).collect();
    let with_page = format!("/v1/users?page=2&api_key={SECRET}");
    assert_eq!(seen, [with_page.clone(), with_page.clone(), with_page, format!("/v1/users?api_key={SECRET}")]);
    let shown = format!("{:?}", gate.events());
    assert!(!shown.contains(SECRET), "{shown}");
}

#[tokio::test]
async fn credentials_that_are_missing_or_cannot_be_sent_are_named() {
    let server = Server::saying("[]").await;
    let bearer = || Placement::Bearer { secret: secret() };
    let with = |text: &str| [(secret(), Secret::new(text.to_owned()))].into_iter().collect::<Credentials>();
    for credentials in [Credentials::new(), with(""), with("two\r\nlines: of-text"), with("nul\0nul")] {
        let error = gate_with(&server, bearer(), credentials).err().unwrap();
        assert!(matches!(&error, EgressError::Credential { field, .. } if field == "api-key"), "{error}");
    }
    let short = gate_with(&server, bearer(), with("short")).unwrap();
    assert_eq!(short.unscrubbed_fields(), ["api-key"]);
    assert!(gate_with(&server, bearer(), credentials()).unwrap().unscrubbed_fields().is_empty());
}

#[tokio::test]
async fn operators_mistakes_are_named() {
    let options = |pem: &str| EgressOptions { extra_ca_pem: vec![pem.to_owned()], ..EgressOptions::default() };
    for pem in ["", "not PEM", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----"] {
        assert!(matches!(Egress::new(options(pem)), Err(EgressError::Authority(_))), "{pem}");
    }
    let agent = EgressOptions { user_agent: "a\nb".to_owned(), ..EgressOptions::default() };
    assert!(matches!(Egress::new(agent), Err(EgressError::UserAgent(_))));
    let ceiling = EgressOptions { ceiling: Ceiling::Rules(Vec::new()), ..EgressOptions::default() };
    let gate = Egress::new(ceiling).unwrap().gate(gate_options(Budget::default()));
    assert!(matches!(gate, Err(EgressError::Ceiling(_))));
}

#[tokio::test]
async fn a_secret_is_at_most_so_long_that_the_search_for_it_costs_little() {
    use crate::vault::LONGEST_SECRET;
    let server = Server::saying("[]").await;
    let gate = |text: &str, length: usize| {
        let credentials = [(secret(), Secret::new(text.repeat(length)))].into_iter().collect();
        gate_with(&server, Placement::Bearer { secret: secret() }, credentials)
    };
    // Those whose spellings are longest, too.
    for text in ["a", "\"", "\\", "<", "/", " "] {
        assert!(gate(text, LONGEST_SECRET).is_ok(), "{text}");
        let refused = gate(text, LONGEST_SECRET + 1).err();
        assert!(matches!(&refused, Some(EgressError::Credential { why, .. }) if why.contains("8192 bytes")), "{refused:?}");
    }
}
