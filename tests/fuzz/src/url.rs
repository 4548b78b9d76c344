//! URLs: what egress takes, browsers take for the same place, and no amount of decoding leads out of its path.

use headcount_sandbox::egress::fuzzing::{self, Url};
use percent_encoding::percent_decode;

/// How often servers behind proxies decode a path.
const ROUNDS: usize = 3;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = fuzzing::url(text);
    if let Some(url) = &read {
        check(url);
        let same = match url::Url::parse(text) {
            Ok(browser) => is_same_place(url, &browser),
            // Names in DNS need not be names of some script.
            Err(url::ParseError::IdnaError) => url.host.contains("xn--"),
            Err(_) => false,
        };
        assert!(same, "browsers read {text:?} otherwise than {url:?}");
    }
    // Connectors' requests come as a `Uri`.
    if let Ok(uri) = text.parse::<http::Uri>() {
        let sent = fuzzing::uri(&uri);
        if let Some(url) = &sent {
            check(url);
        }
        if read.is_some() {
            assert_eq!(read, sent, "{text:?} as text and as a Uri");
        }
    }
}

fn check(url: &Url) {
    assert_eq!(fuzzing::url(&url.text).as_ref(), Some(url), "read again");
    assert!(url.host.contains('.') && url.host.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()), "{url:?}");
    let shown = url.shown.strip_prefix(url.path.as_str()).and_then(|rest| rest.strip_prefix('?')).unwrap_or_default();
    assert!(shown.split('&').all(|pair| matches!(pair, "" | "_") || pair.ends_with('=')), "{:?} shows a value", url.shown);
    let segments = |path: &[u8]| path.split(|b| *b == b'/').count();
    let mut path = url.path.clone().into_bytes();
    for round in 0..=ROUNDS {
        assert_eq!(segments(&path), segments(url.path.as_bytes()), "decoded {round} times, {url:?} has other segments");
        for segment in path.split(|b| *b == b'/') {
            let name = segment.split(|b| *b == b';').next().unwrap_or_default();
            assert!(name != b"." && name != b"..", "decoded {round} times, {url:?} has a dot segment");
            assert!(
                !segment.iter().any(|b| *b == b'\\' || *b < b' ' || *b == 0x7f),
                "decoded {round} times, {url:?} has controls"
            );
        }
        path = percent_decode(&path).collect();
    }
}

/// Browsers encode some characters that may stand in a URL as they are.
fn is_same_place(mine: &Url, browser: &url::Url) -> bool {
    let decoded = |text: &str| percent_decode(text.as_bytes()).collect::<Vec<u8>>();
    let domain = matches!(browser.host(), Some(url::Host::Domain(host)) if host == mine.host);
    domain
        && (browser.scheme() == "https") == mine.secure
        && browser.username().is_empty()
        && browser.password().is_none()
        && browser.fragment().is_none()
        && browser.port_or_known_default() == Some(mine.port)
        && decoded(browser.path()) == decoded(&mine.path)
        && browser.query().map(decoded) == mine.query.as_deref().map(decoded)
}
