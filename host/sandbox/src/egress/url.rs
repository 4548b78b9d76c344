//! Reading the URL of a request strictly: whatever two readers could take differently is refused, not normalised.
//!
//! | refused | why |
//! |---|---|
//! | any scheme but `https` (`http` only where the operator opened loopback) | plain text |
//! | user names, fragments, control and non-ASCII characters, `\` | readers differ about where the host ends |
//! | hosts that are numbers or addresses, of one label, or with a dot at the end | names are checked, addresses are not names |
//! | empty and dot segments, `%2f`, `%5c`, `%00` and encoded control characters in the path, `..;` | they leave the path that was checked |

use http::Uri;

use super::refusal::Refusal;

const LONGEST: usize = 8 * 1024;
/// How often a path is decoded at most on its way to what serves it.
const DECODINGS: usize = 3;

/// Where a request goes, read and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub origin: Origin,
    /// Begins with a slash.
    pub path: String,
    /// Without the question mark.
    pub query: Option<String>,
}

/// A scheme, a host and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Origin {
    pub secure: bool,
    /// In lower case.
    pub host: String,
    pub port: u16,
}

impl Origin {
    /// The host, with the port unless it is the scheme's own: the value of `Host` and `:authority`.
    pub fn authority(&self) -> String {
        let own = if self.secure { 443 } else { 80 };
        if self.port == own { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }
}

impl Target {
    /// Reads the URL of a request.
    pub fn from_uri(uri: &Uri) -> Result<Self, Refusal> {
        let scheme = uri.scheme_str().ok_or_else(|| refuse("it has no scheme"))?;
        let authority = uri.authority().ok_or_else(|| refuse("it has no host"))?.as_str();
        read(scheme, authority, uri.path(), uri.query())
    }

    /// Reads a URL from text.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.contains('#') {
            return Err(refuse("it has a fragment"));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| refuse("it has no scheme"))?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        read(scheme, authority, path, query)
    }

    /// The path's segments. A slash at the end adds none.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        segments(&self.path)
    }

    /// The path, and the query with its names but without its values: what may be logged.
    pub fn shown(&self) -> String {
        let mut shown = self.path.clone();
        for (at, pair) in self.query.iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty()).enumerate() {
            shown.push(if at == 0 { '?' } else { '&' });
            // A parameter without "=" may be a value.
            match pair.split_once('=') {
                Some((name, _)) => {
                    shown.push_str(name);
                    shown.push('=');
                }
                None => shown.push('_'),
            }
        }
        shown
    }

    /// Path and query, as the first line of a request has them.
    pub fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }
}

/// The segments of a checked path.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn refuse(why: impl Into<String>) -> Refusal {
    Refusal::Url(why.into())
}

fn read(scheme: &str, authority: &str, path: &str, query: Option<&str>) -> Result<Target, Refusal> {
    let secure = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => false,
        _ => return Err(refuse("its scheme is not https")),
    };
    if scheme.len() + authority.len() + path.len() + query.map_or(0, str::len) > LONGEST {
        return Err(refuse(format!("it is longer than {LONGEST} bytes, which nobody can raise")));
    }
    if authority.contains('@') {
        return Err(refuse("it has a user name"));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let port = match port {
        None => {
            if secure {
                443
            } else {
                80
            }
        }
        Some(text) if (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().ok().filter(|port| *port != 0).ok_or_else(|| refuse("its port is not a port"))?
        }
        Some(_) => return Err(refuse("its port is not a port, or its host is an address")),
    };
    let host = host.to_ascii_lowercase();
    check_host(&host)?;
    let path = if path.is_empty() { "/" } else { path };
    check_path(path)?;
    if let Some(query) = query {
        check_text(query, "query")?;
    }
    Ok(Target { origin: Origin { secure, host, port }, path: path.to_owned(), query: query.map(str::to_owned) })
}

/// A name of two labels or more, in ASCII (other scripts as `xn--…`), the last of which is no number.
fn check_host(host: &str) -> Result<(), Refusal> {
    if host.is_empty() {
        return Err(refuse("it has no host"));
    }
    if host.starts_with('[') {
        return Err(refuse("its host is an address; name the host"));
    }
    if !host.is_ascii() {
        return Err(refuse("its host is not in ASCII; write it as xn--…"));
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err(refuse("its host is not a host name"));
    }
    let mut labels = host.rsplit('.');
    // Readers of addresses take 127.1, 0x7f.1 and 2130706433 alike: all end in a label that begins with a digit.
    if labels.next().is_none_or(|last| !last.starts_with(|c: char| c.is_ascii_lowercase())) {
        return Err(refuse("its host is a number or an address; name the host"));
    }
    if labels.next().is_none() {
        return Err(refuse("its host is a single label"));
    }
    Ok(())
}

fn check_text(text: &str, part: &str) -> Result<(), Refusal> {
    if let Some(at) = text.bytes().position(|b| !(0x21..=0x7e).contains(&b)) {
        return Err(refuse(format!("its {part} has a control, blank or non-ASCII character at byte {at}")));
    }
    if text.contains(['\\', '#']) {
        return Err(refuse(format!("its {part} has a backslash or a #")));
    }
    Ok(())
}

fn check_path(path: &str) -> Result<(), Refusal> {
    check_text(path, "path")?;
    let Some(inner) = path.strip_prefix('/') else {
        return Err(refuse("its path does not begin with a slash"));
    };
    let mut segments = inner.split('/').peekable();
    while let Some(segment) = segments.next() {
        if segment.is_empty() {
            if segments.peek().is_none() {
                break;
            }
            return Err(refuse("its path has an empty segment"));
        }
        check_segment(segment)?;
    }
    Ok(())
}

/// Decodes again and again, as servers behind proxies do, and refuses what would then mean another path.
fn check_segment(segment: &str) -> Result<(), Refusal> {
    let mut bytes = segment.as_bytes().to_vec();
    for round in 0..=DECODINGS {
        // What follows a semicolon is a parameter to some servers, so that "..;" is "..".
        let name = bytes.split(|b| *b == b';').next().unwrap_or_default();
        if name == b"." || name == b".." {
            return Err(refuse("its path has a dot segment"));
        }
        if round > 0 && bytes.iter().any(|b| matches!(b, b'/' | b'\\' | 0..=0x1f | 0x7f)) {
            return Err(refuse("its path has an encoded slash, backslash or control character"));
        }
        if !bytes.contains(&b'%') {
            return Ok(());
        }
        if round == 0 && !well_encoded(&bytes) {
            return Err(refuse("its path has a % that encodes nothing"));
        }
        bytes = percent_encoding::percent_decode(&bytes).collect();
    }
    Ok(())
}

fn well_encoded(bytes: &[u8]) -> bool {
    let encodes = |rest: &[u8]| matches!(rest, [_, a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
    (0..bytes.len()).all(|at| bytes.get(at) != Some(&b'%') || bytes.get(at..).is_some_and(encodes))
}

#[cfg(test)]
mod tests;
