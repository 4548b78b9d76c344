//! What the rules let out, and what they say about the rest.

use super::*;
use crate::egress::tests::manifest;

fn policy(ceiling: &[&str], mode: Mode) -> Result<Policy, EgressError> {
    let settings = Settings {
        values: Default::default(),
        base_url: "https://api.example.com/v1".to_owned(),
        hosts: vec!["https://files.example.com/public".to_owned()],
    };
    let ceiling = match ceiling {
        ["the manifest"] => Ceiling::Manifest,
        rules => Ceiling::parse(rules).unwrap(),
    };
    Policy::new(&manifest(), &settings, &ceiling, mode)
}

fn judge(policy: &Policy, purpose: Purpose, method: &str, url: &str) -> Result<Passed, Denial> {
    policy.judge(&purpose, &Method::from_bytes(method.as_bytes()).unwrap(), &Target::parse(url).unwrap())
}

fn check(purpose: Purpose, method: &str, url: &str) -> Result<(), String> {
    let policy = policy(&["the manifest"], Mode::Enforce).unwrap();
    judge(&policy, purpose, method, url).map(drop).map_err(|denial| denial.to_string())
}

#[test]
fn reading_gets_below_the_manifests_places_and_posts_where_it_says_so() {
    for (method, url) in [
        ("GET", "https://api.example.com/v1"),
        ("GET", "https://api.example.com/v1/"),
        ("GET", "https://api.example.com:443/v1/users?page=2"),
        ("HEAD", "https://api.example.com/v1/users"),
        ("GET", "https://files.example.com/public/logo.png"),
        ("POST", "https://api.example.com/v1/search/users"),
        ("POST", "https://api.example.com/v1/search/users/deep"),
    ] {
        assert_eq!(check(Purpose::Read, method, url), Ok(()), "{method} {url}");
    }
    for (method, url) in [
        ("GET", "https://api.example.com/"),
        ("GET", "https://api.example.com/v11/users"),
        ("GET", "https://api.example.com/v2/v1"),
        ("GET", "https://api.example.com/%761/users"),
        ("GET", "https://api.example.com:8443/v1/users"),
        ("GET", "http://api.example.com:443/v1/users"),
        ("GET", "https://files.example.com/private"),
        ("GET", "https://example.com/v1"),
        ("GET", "https://api.example.com.evil.example/v1"),
        ("POST", "https://api.example.com/v1/users"),
        ("POST", "https://api.example.com/v1/search"),
        ("POST", "https://api.example.com/v1/searchx/users"),
        ("POST", "https://files.example.com/public/search/users"),
        ("PUT", "https://api.example.com/v1/search/users"),
        ("DELETE", "https://api.example.com/v1/users/1"),
        ("OPTIONS", "https://api.example.com/v1"),
        ("TRACE", "https://api.example.com/v1"),
        ("CONNECT", "https://api.example.com/v1"),
        ("post", "https://api.example.com/v1/search/users"),
        ("get", "https://api.example.com/v1/users"),
    ] {
        assert!(check(Purpose::Read, method, url).is_err(), "{method} {url}");
    }
}

#[test]
fn an_action_makes_its_own_requests_and_no_other_actions() {
    let revoke = || Purpose::Action("revoke".to_owned());
    assert_eq!(check(revoke(), "GET", "https://api.example.com/v1/users"), Ok(()));
    assert_eq!(check(revoke(), "DELETE", "https://api.example.com/v1/users/7/licenses"), Ok(()));
    assert_eq!(check(revoke(), "POST", "https://api.example.com/v1/search/users"), Ok(()));
    assert!(check(revoke(), "DELETE", "https://api.example.com/v1/users/7").is_err());
    assert!(check(revoke(), "DELETE", "https://api.example.com/v1/users/7/8/licenses").is_err());
    assert!(check(revoke(), "PATCH", "https://api.example.com/v1/users/7").is_err());
    assert!(check(Purpose::Action("unknown".to_owned()), "DELETE", "https://api.example.com/v1/users/7/licenses").is_err());
    assert!(check(Purpose::Action("rename".to_owned()), "PATCH", "https://api.example.com/v1/users/7").is_ok());
}

#[test]
fn the_operators_ceiling_cuts_what_the_manifest_names() {
    let cut = policy(&["https://api.example.com/v1/users"], Mode::Enforce).unwrap();
    let passes = |method, url| judge(&cut, Purpose::Read, method, url).is_ok();
    assert!(passes("GET", "https://api.example.com/v1/users/7"));
    assert!(!passes("GET", "https://api.example.com/v1/groups"));
    assert!(!passes("GET", "https://files.example.com/public/x"));
    assert!(!passes("POST", "https://api.example.com/v1/search/users"));
    let reads = policy(&["GET https://api.example.com"], Mode::Enforce).unwrap();
    assert!(judge(&reads, Purpose::Read, "HEAD", "https://api.example.com/v1/users").is_ok());
    assert!(judge(&reads, Purpose::Read, "POST", "https://api.example.com/v1/search/users").is_err());
    assert!(policy(&[".example.com"], Mode::Enforce).is_ok());
}

#[test]
fn a_base_url_that_the_operator_does_not_allow_opens_no_gate_and_the_error_says_what_would() {
    for ceiling in [&[][..], &["https://other.example.com"], &["https://api.example.com/v2"], &["https://api.example.com:8443"]] {
        let Err(error) = policy(ceiling, Mode::Enforce) else { panic!("{ceiling:?}") };
        assert!(error.to_string().contains(r#"allow-egress = ["https://api.example.com/v1"]"#), "{error}");
        assert!(policy(ceiling, Mode::Count).is_err());
    }
}

#[test]
fn an_allowed_request_names_the_rules_that_allow_it() {
    let rule =
        |ceiling: &[&str], purpose, method, url| match judge(&policy(ceiling, Mode::Enforce).unwrap(), purpose, method, url) {
            Ok(Passed::Allowed(rule)) => rule,
            other => panic!("{other:?}"),
        };
    let own = &["the manifest"][..];
    let revoke = Purpose::Action("revoke".to_owned());
    let users = "https://api.example.com/v1/users";
    assert_eq!(rule(own, Purpose::Read, "GET", users), "base-url https://api.example.com/v1");
    assert_eq!(rule(own, Purpose::Read, "GET", "https://files.example.com/public/x"), "hosts https://files.example.com/public");
    let search = "https://api.example.com/v1/search/users";
    assert_eq!(rule(own, Purpose::Read, "POST", search), "read-requests POST /search/*");
    let licenses = "https://api.example.com/v1/users/7/licenses";
    assert_eq!(rule(own, revoke, "DELETE", licenses), "requests DELETE /users/*/licenses of the action revoke");
    assert_eq!(
        rule(&["https://*.example.com"], Purpose::Read, "GET", users),
        "base-url https://api.example.com/v1, within allow-egress https://*.example.com"
    );
}

#[test]
fn the_lines_that_a_denial_names_allow_the_request_once_they_are_written() {
    let revoke = || Purpose::Action("revoke".to_owned());
    for (ceiling, purpose, method, url, lines) in [
        ("the manifest", Purpose::Read, "GET", "https://cdn.example.com/a/b", &["hosts = [\"https://cdn.example.com/\"]"][..]),
        ("the manifest", Purpose::Read, "GET", "https://api.example.com/v2/x", &["hosts = [\"https://api.example.com/v2/x\"]"]),
        ("the manifest", Purpose::Read, "POST", "https://api.example.com/v1/find", &["read-requests = [\"POST /find\"]"]),
        ("the manifest", Purpose::Read, "PUT", "https://api.example.com/v1/a%20b/c", &["read-requests = [\"PUT /*/c\"]"]),
        ("the manifest", revoke(), "PATCH", "https://api.example.com/v1/users/7", &["requests = [\"PATCH /users/7\"]"]),
        (
            "https://api.example.com",
            Purpose::Read,
            "GET",
            "https://files.example.com/public/x",
            &["allow-egress = [\"https://files.example.com/public\"]"],
        ),
        (
            "GET https://api.example.com",
            Purpose::Read,
            "POST",
            "https://api.example.com/v1/search/users",
            &["allow-egress = [\"POST https://api.example.com/v1/search/users\"]"],
        ),
        (
            "https://api.example.com",
            Purpose::Read,
            "GET",
            "https://cdn.example.com/a",
            &["hosts = [\"https://cdn.example.com/\"]", "allow-egress = [\"https://cdn.example.com/a\"]"],
        ),
    ] {
        let denial = judge(&policy(&[ceiling], Mode::Enforce).unwrap(), purpose.clone(), method, url).unwrap_err();
        let named: Vec<&str> = denial.allow().iter().map(|line| line.split(" #").next().unwrap()).collect();
        assert_eq!(named, lines, "{method} {url}");
        assert!(lines.iter().all(|line| denial.to_string().contains(line)), "{denial}");
        assert!(judge(&amended(ceiling, lines), purpose, method, url).is_ok(), "{method} {url}");
    }
}

/// The policy after an author and an operator have added these lines.
fn amended(ceiling: &str, lines: &[&str]) -> Policy {
    #[derive(Default, serde::Deserialize)]
    #[serde(default, rename_all = "kebab-case")]
    struct Lines {
        hosts: Vec<String>,
        read_requests: Vec<RequestRule>,
        requests: Vec<RequestRule>,
        allow_egress: Vec<String>,
    }
    let mut manifest = manifest();
    let mut settings = Settings {
        values: Default::default(),
        base_url: "https://api.example.com/v1".to_owned(),
        hosts: vec!["https://files.example.com/public".to_owned()],
    };
    let mut rules = vec![ceiling.to_owned()];
    for line in lines {
        let (key, value) = line.split_once(" = ").unwrap();
        let added: Lines = serde_json::from_str(&format!("{{\"{key}\": {value}}}")).unwrap();
        settings.hosts.extend(added.hosts);
        manifest.read_requests.extend(added.read_requests);
        manifest.actions[0].requests.extend(added.requests);
        rules.extend(added.allow_egress);
    }
    let ceiling = if ceiling == "the manifest" { Ceiling::Manifest } else { Ceiling::parse(rules).unwrap() };
    Policy::new(&manifest, &settings, &ceiling, Mode::Enforce).unwrap()
}

#[test]
fn what_no_policy_can_allow_is_denied_without_a_line() {
    for (method, url) in [
        ("CONNECT", "https://api.example.com/v1"),
        ("TRACE", "https://api.example.com/v1/users"),
        ("get", "https://api.example.com/v1/users"),
        ("POST", "https://api.example.com/v1"),
        ("POST", "https://files.example.com/public/x"),
        ("DELETE", "https://other.example.com/"),
        ("GET", "http://cdn.example.com/"),
    ] {
        for ceiling in ["the manifest", "https://api.example.com"] {
            let denial = judge(&policy(&[ceiling], Mode::Enforce).unwrap(), Purpose::Read, method, url).unwrap_err();
            assert!(denial.allow().is_empty(), "{method} {url}: {denial}");
        }
    }
}

#[test]
fn count_mode_lets_out_what_the_operator_lists_and_says_what_the_manifest_would_have_denied() {
    let counting = policy(&["https://*.example.com", "POST https://api.example.com/v1/find"], Mode::Count).unwrap();
    let counted = |method, url| match judge(&counting, Purpose::Read, method, url) {
        Ok(Passed::Counted(rule, denial)) => Some((rule, denial)),
        Ok(Passed::Allowed(_)) => panic!("{method} {url} is allowed"),
        Err(_) => None,
    };
    let (rule, denial) = counted("GET", "https://cdn.example.com/a").unwrap();
    assert_eq!(rule, "allow-egress https://*.example.com");
    assert_eq!(denial.allow(), [r#"hosts = ["https://cdn.example.com/"] # in the manifest"#]);
    assert!(counted("POST", "https://api.example.com/v1/find").is_some());
    for (method, url) in [
        ("GET", "https://cdn.example.org/a"),
        ("GET", "https://cdn.example.com:8443/a"),
        ("CONNECT", "https://cdn.example.com/a"),
        ("TRACE", "https://cdn.example.com/a"),
        ("get", "https://cdn.example.com/a"),
    ] {
        assert!(counted(method, url).is_none(), "{method} {url}");
    }
    // What the manifest allows is allowed as ever, and without rules of the operator nothing is counted.
    assert!(matches!(judge(&counting, Purpose::Read, "GET", "https://api.example.com/v1/users"), Ok(Passed::Allowed(_))));
    let ruleless = policy(&["the manifest"], Mode::Count).unwrap();
    assert!(judge(&ruleless, Purpose::Read, "GET", "https://cdn.example.com/a").is_err());
}

#[test]
fn a_refusal_says_what_would_have_been_right() {
    let refusal = check(Purpose::Read, "GET", "https://other.example/").unwrap_err();
    assert!(refusal.contains("https://api.example.com"), "{refusal}");
}
