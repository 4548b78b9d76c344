//! Token endpoints that refuse, redirect, say nothing, or send what is no token.

use super::*;

#[tokio::test]
async fn a_refused_credential_is_told_in_words_and_not_tried_again() {
    for (code, body, refused, failure) in [
        (401, r#"{"error":"invalid_client"}"#, Refused::InvalidClient, FailureCode::Unauthenticated),
        (401, "<html>no</html>", Refused::InvalidClient, FailureCode::Unauthenticated),
        (400, r#"{"error":"invalid_grant","error_description":"x"}"#, Refused::InvalidGrant, FailureCode::Unauthenticated),
        (403, r#"{"error":"access_denied"}"#, Refused::AccessDenied, FailureCode::Unauthenticated),
        (400, r#"{"error":"invalid_scope"}"#, Refused::InvalidScope, FailureCode::Unauthenticated),
        (400, r#"{"error":"unsupported_grant_type"}"#, Refused::UnsupportedGrantType, FailureCode::InvalidConfiguration),
    ] {
        let server = vendor(move |_| problem(code, body), |_| said("[]")).await;
        let gate = gate_of(&server, REFRESH);
        for _ in 0..2 {
            let refusal = get(&gate, USERS).await.unwrap_err();
            assert!(matches!(&refusal, Refusal::Token(TokenError::Refused { code, .. }) if *code == refused), "{refusal}");
        }
        assert_eq!(gate.token_failure().unwrap().code, failure, "{body}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn answers_that_are_no_token_are_refused_and_nothing_of_them_is_told() {
    let echo = format!(r#"{{"error":"{CLIENT_SECRET}","error_description":"{CLIENT_SECRET}"}}"#);
    let echo: &'static str = echo.leak();
    let huge: &'static str = format!(r#"{{"access_token":"x","token_type":"Bearer","pad":"{}"}}"#, "x".repeat(70_000)).leak();
    let token = |token: &str, kind: &str| format!(r#"{{"access_token":"{token}","token_type":"{kind}"}}"#);
    let answers: Vec<(u16, String)> = vec![
        (400, echo.to_owned()),
        (404, "{}".to_owned()),
        (200, huge.to_owned()),
        (200, echo.to_owned()),
        (200, String::new()),
        (200, "[]".to_owned()),
        (200, "\u{0}\u{1}".to_owned()),
        (200, "[".repeat(10_000)),
        (200, token("", "Bearer")),
        (200, token("two words", "Bearer")),
        (200, token("line\\nbreak", "Bearer")),
        (200, token("t\u{f6}ken", "Bearer")),
        (200, token(&"x".repeat(4_097), "Bearer")),
        (200, token("at-0123456789", "mac")),
        (200, r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#.to_owned()),
        (200, r#"{"access_token":"a","token_type":"Bearer","expires_in":-1}"#.to_owned()),
        (201, token("at-0123456789", "Bearer")),
    ];
    for (code, body) in answers {
        let shown: String = body.chars().take(60).collect();
        let server = vendor(move |_| problem(code, &body), |_| said("[]")).await;
        let gate = gate_of(&server, CLIENT);
        let refusal = get(&gate, USERS).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Token(TokenError::Answer { .. })), "{shown}: {refusal}");
        let told = format!("{refusal} {:?} {:?}", gate.events(), gate.token_failure().unwrap().message);
        assert!(!told.contains(CLIENT_SECRET), "{told}");
        assert_eq!(server.seen().len(), 1, "{shown}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed_with_a_secret() {
    let elsewhere = Server::saying("{}").await;
    for code in [301, 302, 303, 307, 308] {
        let location = format!("https://api.example.com:{}/v1/oauth/token", elsewhere.address.port());
        let server = vendor(move |_| status(code, &[("location", &location)]), |_| said("[]")).await;
        let refusal = get(&gate_of(&server, CLIENT), USERS).await.unwrap_err().to_string();
        assert!(refusal.contains("redirects"), "{refusal}");
        assert_eq!(server.seen().len(), 1);
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_token_endpoint_that_says_nothing_ends_with_the_call() {
    let silent = Server::with("api.example.com", &[b"http/1.1"], |_| Box::pin(std::future::pending())).await;
    let budget = Budget { call: Duration::from_millis(100), ..Budget::default() };
    let gate = session(&Egress::new(options(&silent)).unwrap(), CLIENT, secrets(), budget);
    let refusal = get(&gate, USERS).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Timeout { .. } | Refusal::Token(TokenError::Unreached(_))), "{refusal}");
}
