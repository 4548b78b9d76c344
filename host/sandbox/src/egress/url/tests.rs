//! URLs that are read, and those that two readers could take differently.

use super::*;

fn refusal_of(text: &str) -> String {
    match Target::parse(text) {
        Ok(target) => panic!("{text} was taken as {target:?}"),
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn plain_urls_are_read() {
    let target = Target::parse("https://API.example.com/v1/users?page=2&q=a%2Fb").unwrap();
    assert_eq!(target.origin, Origin { secure: true, host: "api.example.com".to_owned(), port: 443 });
    assert_eq!(target.path, "/v1/users");
    assert_eq!(target.query.as_deref(), Some("page=2&q=a%2Fb"));
    assert_eq!(target.path_and_query(), "/v1/users?page=2&q=a%2Fb");
    assert_eq!(target.shown(), "/v1/users?page=&q=");
    assert_eq!(target.segments().collect::<Vec<_>>(), ["v1", "users"]);
    for text in [
        "https://a.example.com",
        "https://a.example.com/",
        "https://a.example.com?x=1",
        "https://a.example.com:8443/v1/",
        "https://xn--bcher-kva.example/a%20b/%C3%A9",
        "https://a.example.com/users/ana@example.com/x;v=1/...",
    ] {
        assert!(Target::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn what_readers_take_differently_is_refused() {
    for (text, why) in [
        ("ftp://a.example.com/", "scheme"),
        ("//a.example.com/", "scheme"),
        ("/v1/users", "scheme"),
        ("https://", "no host"),
        ("https:///v1", "no host"),
        ("https://user@a.example.com/", "user name"),
        ("https://user:pw@a.example.com/", "user name"),
        ("https://a.example.com@evil.example/", "user name"),
        ("https://a.example.com/#top", "fragment"),
        ("https://a.example.com/a?b#c", "fragment"),
        ("https://a.example.com:0/", "port"),
        ("https://a.example.com:/", "port"),
        ("https://a.example.com:+443/", "port"),
        ("https://a.example.com:65536/", "port"),
        ("https://a.example.com:443:1/", "port"),
        ("https://a.example.com./", "host name"),
        ("https://.example.com/", "host name"),
        ("https://a..example.com/", "host name"),
        ("https://-a.example.com/", "host name"),
        ("https://a.exam ple.com/", "host name"),
        ("https://a.example.com\\.evil.example/", "host name"),
        ("https://a.example%2ecom/", "host name"),
        ("https://bücher.example/", "ASCII"),
        ("https://localhost/", "single label"),
        ("https://127.0.0.1/", "address"),
        ("https://127.1/", "address"),
        ("https://2130706433/", "address"),
        ("https://0x7f000001/", "address"),
        ("https://0x7f.0.0.0x1/", "address"),
        ("https://0177.0.0.01/", "address"),
        ("https://1.2.3.4.5/", "address"),
        ("https://[::1]/", "address"),
        ("https://[::ffff:127.0.0.1]/", "address"),
        ("https://a.example.com/a/../b", "dot segment"),
        ("https://a.example.com/..", "dot segment"),
        ("https://a.example.com/a/./b", "dot segment"),
        ("https://a.example.com/a/%2e%2e/b", "dot segment"),
        ("https://a.example.com/a/.%2E/b", "dot segment"),
        ("https://a.example.com/a/%252e%252e/b", "dot segment"),
        ("https://a.example.com/a/%25252e%25252e/b", "dot segment"),
        ("https://a.example.com/a/..;/b", "dot segment"),
        ("https://a.example.com/a/..;x=1/b", "dot segment"),
        ("https://a.example.com//a", "empty segment"),
        ("https://a.example.com/a//b", "empty segment"),
        ("https://a.example.com/a//", "empty segment"),
        ("https://a.example.com/a\\b", "backslash"),
        ("https://a.example.com/a%5cb", "encoded"),
        ("https://a.example.com/a%2fb", "encoded"),
        ("https://a.example.com/a%2Fb", "encoded"),
        ("https://a.example.com/a%252Fb", "encoded"),
        ("https://a.example.com/a%25252Fb", "encoded"),
        ("https://a.example.com/a%00", "encoded"),
        ("https://a.example.com/a%0d%0aHost:x", "encoded"),
        ("https://a.example.com/a%zz", "encodes nothing"),
        ("https://a.example.com/a%2", "encodes nothing"),
        ("https://a.example.com/a\0b", "control"),
        ("https://a.example.com/a b", "blank"),
        ("https://a.example.com/é", "non-ASCII"),
        ("https://a.example.com/a?x=é", "non-ASCII"),
        ("https://a.example.com/a?x=\r\n", "control"),
    ] {
        let refusal = refusal_of(text);
        assert!(refusal.contains(why), "{text}: {refusal}");
    }
    assert!(refusal_of(&format!("https://a.example.com/{}", "x".repeat(LONGEST))).contains("longer"));
}

#[test]
fn no_text_makes_it_panic() {
    for text in ["", ":", "://", "https://%", "https://a.b/%", "https://a.b/%%%", "https://a.b?", "https://a.b/?%", "é://é/é"]
    {
        let _ = Target::parse(text);
    }
}
