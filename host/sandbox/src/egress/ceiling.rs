//! The operator's side of the rules: what is allowed at most, whatever a manifest names.
//!
//! | rule | what it covers |
//! |---|---|
//! | `https://api.example.com` | this host at the scheme's own port, every path and method |
//! | `https://api.example.com:8443/api/v1` | this port; `/api/v1` and what is below it |
//! | `https://*.tines.com` | hosts of one label before `tines.com`: `acme.tines.com`, not `a.b.tines.com`, not `tines.com` |
//! | `POST https://api.example.com/search` | this method alone; `GET` covers `HEAD`, too |
//! | `http://api.example.com:8080` | plain text, which leaves only where the operator also opened loopback |
//! | `api.example.com` | this host, whatever the scheme, port, path and method |
//! | `.example.com` | every host below it, at any depth, not itself |
//!
//! | refused | why |
//! |---|---|
//! | an empty rule, blanks around or inside a URL, control and non-ASCII characters | nobody sees what it covers |
//! | `*` anywhere but as the first label; `https://*.com` | a wildcard stands for one label below a registered name |
//! | `ftp://…`, user names, queries, fragments, addresses, hosts of one label | no request that leaves has them |
//! | dot segments, empty segments, encoded slashes in the path | they leave the path that they seem to name |
//! | `post https://…`, `CONNECT https://…`, `POST api.example.com` | methods are in capitals, before a whole URL, and never those two |
//!
//! Paths match whole segments, as they are written. An empty list allows nothing.

use std::fmt;
use std::str::FromStr;

use headcount_model::printable;
use http::Method;

use super::url::{Origin, Target, segments};

/// What the operator allows at most, whatever a manifest names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ceiling {
    /// Whatever a manifest names.
    #[default]
    Manifest,
    /// What these rules cover alone. None of them allows nothing.
    Rules(Vec<AllowRule>),
}

impl Ceiling {
    /// A ceiling of these rules.
    ///
    /// ```
    /// use headcount_sandbox::egress::Ceiling;
    /// let ceiling = Ceiling::parse(["https://api.example.com/v1", "https://*.tines.com", ".jumpcloud.com"]).unwrap();
    /// assert!(ceiling.allows("api.example.com") && ceiling.allows("acme.tines.com") && ceiling.allows("a.b.jumpcloud.com"));
    /// assert!(!ceiling.allows("tines.com") && !ceiling.allows("xapi.example.com"));
    /// assert!(Ceiling::parse(["https://*"]).is_err());
    /// ```
    ///
    /// # Errors
    /// A rule has none of the accepted forms; the error says which, and why.
    pub fn parse<T: AsRef<str>>(rules: impl IntoIterator<Item = T>) -> Result<Self, InvalidRule> {
        rules.into_iter().map(|rule| rule.as_ref().parse()).collect::<Result<_, _>>().map(Ceiling::Rules)
    }

    /// Whether anything is allowed at a host.
    pub fn allows(&self, host: &str) -> bool {
        matches!(self, Ceiling::Manifest) || self.lists(host)
    }

    /// Whether a rule covers something at a host, so that a connection may name it though its manifest's suffixes don't.
    pub fn lists(&self, host: &str) -> bool {
        self.rules().iter().any(|rule| rule.hosts.match_host(host))
    }

    /// The rule that covers a request, if one does.
    pub(crate) fn covering(&self, method: &Method, target: &Target) -> Option<&AllowRule> {
        self.rules().iter().find(|rule| rule.covers_method(method) && rule.covers_target(target))
    }

    /// Whether something is allowed at or below a place.
    pub(crate) fn reaches(&self, origin: &Origin, path: &[String]) -> bool {
        let meets = |rule: &AllowRule| rule.path.iter().zip(path).all(|(a, b)| a == b);
        matches!(self, Ceiling::Manifest) || self.rules().iter().any(|rule| rule.covers_origin(origin) && meets(rule))
    }

    fn rules(&self) -> &[AllowRule] {
        match self {
            Ceiling::Manifest => &[],
            Ceiling::Rules(rules) => rules,
        }
    }
}

/// One rule of the operator, parsed. It is shown as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowRule {
    text: String,
    method: Option<String>,
    hosts: Hosts,
    /// Whether it is `https`, and the port; none is any.
    door: Option<(bool, u16)>,
    path: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    One(String),
    /// One label before this name.
    Label(String),
    /// Any labels before this name.
    Below(String),
}

/// A text that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rule {} of allow-egress can't be used: {why}", printable(text))]
pub struct InvalidRule {
    /// The rule as written.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl Hosts {
    fn match_host(&self, host: &str) -> bool {
        let before = |name: &str| host.strip_suffix(name).and_then(|before| before.strip_suffix('.')).map(str::to_owned);
        match self {
            Hosts::One(name) => name == host,
            Hosts::Label(name) => before(name).is_some_and(|label| !label.is_empty() && !label.contains('.')),
            Hosts::Below(name) => before(name).is_some_and(|labels| !labels.is_empty()),
        }
    }
}

impl AllowRule {
    fn covers_method(&self, method: &Method) -> bool {
        match &self.method {
            None => can_be_allowed(method.as_str()),
            Some(own) => own == method.as_str() || own == "GET" && *method == Method::HEAD,
        }
    }

    fn covers_origin(&self, origin: &Origin) -> bool {
        self.hosts.match_host(&origin.host) && self.door.is_none_or(|door| door == (origin.secure, origin.port))
    }

    fn covers_target(&self, target: &Target) -> bool {
        let mut path = target.segments();
        self.covers_origin(&target.origin) && self.path.iter().all(|segment| path.next() == Some(segment.as_str()))
    }
}

/// Whether a method can be allowed at all.
pub(crate) fn can_be_allowed(method: &str) -> bool {
    !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase()) && !matches!(method, "CONNECT" | "TRACE")
}

impl fmt::Display for AllowRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for AllowRule {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        read(text).map_err(|why| InvalidRule { text: text.to_owned(), why })
    }
}

fn read(text: &str) -> Result<AllowRule, String> {
    let (method, place) = match text.split_once(' ') {
        Some((method, place)) if can_be_allowed(method) => (Some(method.to_owned()), place),
        Some((method, _)) if method.eq_ignore_ascii_case("connect") || method.eq_ignore_ascii_case("trace") => {
            return Err(format!("{method} is never allowed"));
        }
        Some(_) => return Err("expected a method in capitals, one blank, and a URL".to_owned()),
        None => (None, text),
    };
    let rule = |hosts, door, path| AllowRule { text: text.to_owned(), method: method.clone(), hosts, door, path };
    if !place.contains("://") {
        if method.is_some() {
            return Err("a method needs a whole URL: begin it with https://".to_owned());
        }
        let (name, below) = place.strip_prefix('.').map_or((place, false), |name| (name, true));
        if name.contains(['/', ':', '?', '*']) {
            return Err("expected a URL that begins with https://, or a host name alone".to_owned());
        }
        let host = target(&format!("https://{name}"))?.origin.host;
        return Ok(rule(if below { Hosts::Below(host) } else { Hosts::One(host) }, None, Vec::new()));
    }
    let whole = place.replacen("://*.", "://", 1);
    if whole.contains('*') {
        return Err("a * stands for one whole label, the first: https://*.example.com".to_owned());
    }
    let target = target(&whole)?;
    if target.query.is_some() {
        return Err("a rule has no query".to_owned());
    }
    let Target { origin: Origin { secure, host, port }, path, .. } = target;
    let hosts = if whole == place { Hosts::One(host) } else { Hosts::Label(host) };
    Ok(rule(hosts, Some((secure, port)), segments(&path).map(str::to_owned).collect()))
}

fn target(url: &str) -> Result<Target, String> {
    Target::parse(url).map_err(|refusal| refusal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(rule: &str, method: &str, url: &str) -> bool {
        let ceiling = Ceiling::parse([rule]).unwrap();
        ceiling.covering(&method.parse().unwrap(), &Target::parse(url).unwrap()).is_some()
    }

    #[test]
    fn each_accepted_form_covers_what_the_table_says_and_nothing_beside_it() {
        for (rule, method, url, expected) in [
            ("https://api.example.com", "DELETE", "https://api.example.com/any/path?x=1", true),
            ("https://API.example.com", "GET", "https://api.example.com/", true),
            ("https://api.example.com", "GET", "https://api.example.com:8443/", false),
            ("https://api.example.com", "GET", "http://api.example.com:443/", false),
            ("https://api.example.com", "GET", "https://x.api.example.com/", false),
            ("https://api.example.com", "GET", "https://api.example.com.evil.example/", false),
            ("https://api.example.com:8443/api/v1", "GET", "https://api.example.com:8443/api/v1", true),
            ("https://api.example.com:8443/api/v1/", "GET", "https://api.example.com:8443/api/v1/users", true),
            ("https://api.example.com:8443/api/v1", "GET", "https://api.example.com:8443/api/v11", false),
            ("https://api.example.com:8443/api/v1", "GET", "https://api.example.com:8443/api", false),
            ("https://api.example.com:8443/api/v1", "GET", "https://api.example.com:8443/api/%761", false),
            ("https://api.example.com:8443/api/v1", "GET", "https://api.example.com/api/v1", false),
            ("https://*.tines.com", "GET", "https://acme.tines.com/x", true),
            ("https://*.tines.com:8443/api", "GET", "https://acme.tines.com:8443/api/x", true),
            ("https://*.tines.com", "GET", "https://tines.com/", false),
            ("https://*.tines.com", "GET", "https://a.b.tines.com/", false),
            ("https://*.tines.com", "GET", "https://acmetines.com/", false),
            ("https://*.tines.com", "GET", "https://acme.tines.com.evil.example/", false),
            ("POST https://api.example.com/search", "POST", "https://api.example.com/search/users", true),
            ("POST https://api.example.com/search", "GET", "https://api.example.com/search", false),
            ("POST https://api.example.com/search", "POST", "https://api.example.com/users", false),
            ("GET https://api.example.com", "HEAD", "https://api.example.com/", true),
            ("GET https://api.example.com", "POST", "https://api.example.com/", false),
            ("HEAD https://api.example.com", "GET", "https://api.example.com/", false),
            ("https://api.example.com", "CONNECT", "https://api.example.com/", false),
            ("https://api.example.com", "get", "https://api.example.com/", false),
            ("http://api.example.com:8080", "GET", "http://api.example.com:8080/", true),
            ("http://api.example.com:8080", "GET", "https://api.example.com:8080/", false),
            ("api.example.com", "PUT", "https://api.example.com:8443/x", true),
            ("api.example.com", "GET", "http://api.example.com/x", true),
            ("api.example.com", "GET", "https://x.api.example.com/", false),
            (".example.com", "GET", "https://a.b.example.com:8443/x", true),
            (".example.com", "GET", "https://example.com/", false),
            (".example.com", "GET", "https://badexample.com/", false),
        ] {
            assert_eq!(covers(rule, method, url), expected, "{rule}: {method} {url}");
        }
        let none = Ceiling::parse::<&str>([]).unwrap();
        assert!(!none.allows("api.example.com") && Ceiling::Manifest.allows("api.example.com"));
    }

    #[test]
    fn each_refused_form_is_refused_with_the_rule_and_the_reason() {
        for (rule, why) in [
            ("", "no host"),
            (" https://api.example.com", "method in capitals"),
            ("https://api.example.com ", "method in capitals"),
            ("GET  https://api.example.com", "not https"),
            ("https://api.example.com/a\tb", "control"),
            ("https://bücher.example", "ASCII"),
            ("https://*", "whole label"),
            ("https://*.com", "single label"),
            ("https://a.*.example.com", "whole label"),
            ("https://a*.example.com", "whole label"),
            ("https://*.*.example.com", "whole label"),
            ("https://api.example.com/*", "whole label"),
            ("*.example.com", "host name alone"),
            ("*", "host name alone"),
            ("ftp://api.example.com", "not https"),
            ("https://user@api.example.com", "user name"),
            ("https://api.example.com/?q=1", "no query"),
            ("https://api.example.com/#top", "fragment"),
            ("https://127.0.0.1", "address"),
            ("https://[::1]", "address"),
            ("10.0.0.1", "address"),
            ("localhost", "single label"),
            (".com", "single label"),
            ("api.example.com:8443", "host name alone"),
            ("api.example.com/v1", "host name alone"),
            ("https://api.example.com/a/../b", "dot segment"),
            ("https://api.example.com//a", "empty segment"),
            ("https://api.example.com/a%2fb", "encoded"),
            ("post https://api.example.com", "capitals"),
            ("CONNECT https://api.example.com", "never allowed"),
            ("trace https://api.example.com", "never allowed"),
            ("POST api.example.com", "whole URL"),
        ] {
            let error = Ceiling::parse(["https://fine.example.com", rule]).unwrap_err();
            assert_eq!(error.text, rule);
            assert!(error.to_string().contains(why), "{rule:?}: {error}");
        }
        let shown = Ceiling::parse(["https://a.example.com/\u{1b}[31m\u{202e}"]).unwrap_err().to_string();
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
    }
}
