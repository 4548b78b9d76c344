//! Why the rules deny a request, and the lines of policy that would allow it.

use std::fmt;

use http::Method;

use crate::egress::ceiling::can_be_allowed;
use crate::egress::url::Target;

/// Why the rules deny a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    rule: &'static str,
    why: String,
    allow: Vec<String>,
}

impl Denial {
    /// Whose rule it is that does not name the request.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// The lines of policy that together would allow it, each with a comment that says where it belongs. There are none where no
    /// policy can.
    pub fn allow(&self) -> &[String] {
        &self.allow
    }

    /// The manifest does not name the place.
    pub(super) fn of_place(why: String, is_read: bool, target: &Target, is_known_host: bool) -> Self {
        // Only GET and HEAD may go to further hosts, and only over TLS.
        let line = (is_read && target.origin.secure).then(|| {
            let path = if is_known_host { plain_path(target.segments()) } else { "/".to_owned() };
            format!("hosts = [\"{}{path}\"] # in the manifest", target.origin)
        });
        Denial { rule: "the manifest's hosts", why, allow: line.into_iter().collect() }
    }

    /// The manifest names the place but not this method; `action` has rules of its own.
    pub(super) fn of_method(action: Option<&str>, method: &Method, target: &Target, below: Option<&[&str]>) -> Self {
        let path = below.filter(|below| !below.is_empty() && can_be_allowed(method.as_str())).map(rule_path);
        let (rule, why, line) = match action {
            None => (
                "the manifest's read-requests",
                format!("{method} {} is not among the manifest's read-requests", target.path),
                path.map(|path| format!("read-requests = [\"{method} {path}\"] # in the manifest")),
            ),
            Some(action) => (
                "the action's requests",
                format!("{method} {} is not among the requests of the action {action}", target.path),
                path.map(|path| format!("requests = [\"{method} {path}\"] # in the manifest, in the action {action}")),
            ),
        };
        Denial { rule, why, allow: line.into_iter().collect() }
    }

    /// The operator's rules don't cover a message to a place that a tenant named.
    pub(in crate::egress) fn of_message(target: &Target) -> Self {
        Self::of_ceiling(&Method::POST, target, None)
    }

    /// The operator's rules don't cover it; `place` is what the manifest names.
    pub(super) fn of_ceiling(method: &Method, target: &Target, place: Option<&str>) -> Self {
        let is_read = *method == Method::GET || *method == Method::HEAD;
        let method_first = if is_read { String::new() } else { format!("{method} ") };
        let url = match place {
            Some(place) if is_read => place.to_owned(),
            _ => format!("{}{}", target.origin, plain_path(target.segments())),
        };
        let line = can_be_allowed(method.as_str())
            .then(|| format!("allow-egress = [\"{method_first}{url}\"] # in the operator's configuration"));
        let why = format!("the operator's allow-egress does not cover {method} {}{}", target.origin, target.path);
        Denial { rule: "allow-egress", why, allow: line.into_iter().collect() }
    }

    /// Only the host goes where tokens are had.
    pub(crate) fn of_token_url(target: &Target) -> Self {
        let why = format!("{} is where tokens are had, and only the host goes there", target.path);
        Denial { rule: "the manifest's token-url", why, allow: Vec::new() }
    }

    /// Both at once.
    pub(super) fn and(mut self, other: Denial) -> Self {
        // One line alone would not do, and where no manifest can allow it, the operator can't either.
        if !self.allow.is_empty() {
            self.allow.extend(other.allow);
        }
        self
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)?;
        match self.allow.as_slice() {
            [] => Ok(()),
            lines => write!(f, "; to allow it: {}", lines.join("; and ")),
        }
    }
}

/// The path as far as a policy can name it literally.
fn plain_path<'a>(segments: impl Iterator<Item = &'a str>) -> String {
    let plain: Vec<&str> = segments.take_while(|segment| is_plain(segment)).collect();
    format!("/{}", plain.join("/"))
}

/// The path of a request rule: what it can't name literally is any one segment.
fn rule_path(below: &[&str]) -> String {
    below.iter().map(|segment| format!("/{}", if is_plain(segment) { *segment } else { "*" })).collect()
}

fn is_plain(segment: &str) -> bool {
    segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}
