//! Putting a connection's credentials on its requests, where its manifest says, and keeping the connector's hands off those places.

use std::borrow::Cow;
use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headcount_model::manifest::{Placement, Settings};
use headcount_model::{Manifest, Secret};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

use super::scrub::{SHORTEST, Scrubber};
use super::{ClientCertificate, Credentials};
use crate::egress::{EgressError, Target};

const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What goes on each request of one connection.
pub(crate) struct Injection {
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Names, and values encoded.
    query: Vec<(String, Zeroizing<String>)>,
    /// The placements' headers: a connector may not set them even where the credential is left out.
    owned: HashSet<HeaderName>,
    /// The placements' parameters.
    parameters: Vec<String>,
    /// For TLS, with its field.
    pub certificate: Option<(String, ClientCertificate)>,
    /// Secret fields that are too short to be looked for in responses.
    pub short: Vec<String>,
    pub scrubber: Option<Scrubber>,
}

impl Injection {
    pub fn new(manifest: &Manifest, settings: &Settings, credentials: &Credentials) -> Result<Self, EgressError> {
        let mut headers = Vec::new();
        let mut query = Vec::new();
        let mut owned = HashSet::new();
        let mut parameters = Vec::new();
        let mut certificate = None;
        // Secrets, and what is made of them on a request.
        let mut tokens: Vec<(String, Zeroizing<String>)> = Vec::new();
        for field in credentials.fields() {
            // A client certificate's key is never sent, so nobody can echo it; and its lines of base64 are no one's secret each.
            if let Some(secret) = credentials.get(field).filter(|_| !is_certificate(manifest, field)) {
                tokens.push((field.to_owned(), Zeroizing::new(secret.expose().to_owned())));
            }
        }
        for placement in &manifest.auth {
            let field = placement.secret();
            let wrong = |why: &str| EgressError::Credential { field: field.to_owned(), why: why.to_owned() };
            let name = placement.header().map(|name| HeaderName::from_bytes(name.as_bytes())).transpose();
            let name = name.map_err(|_| wrong("would go into a header whose name is none"))?;
            owned.extend(name.clone());
            if let Placement::Query { name, .. } = placement {
                parameters.push(name.clone());
            }
            let Some(secret) = credentials.get(field).filter(|secret| !secret.is_empty()) else {
                if manifest.field(field).is_none_or(|field| field.required) {
                    return Err(wrong("is missing: enter the credential"));
                }
                continue;
            };
            let text = match placement {
                Placement::Header { prefix, .. } => Zeroizing::new(format!("{prefix}{}", secret.expose())),
                Placement::Bearer { .. } => Zeroizing::new(format!("Bearer {}", secret.expose())),
                Placement::Basic { user, .. } => {
                    let user = user_name(user, settings, credentials);
                    if user.contains(':') {
                        return Err(wrong("can't be sent: the user name with it has a colon"));
                    }
                    let text = basic(&user, secret);
                    let token = text.strip_prefix("Basic ").unwrap_or_default();
                    tokens.push((field.to_owned(), Zeroizing::new(token.to_owned())));
                    text
                }
                Placement::ClientCertificate { .. } => {
                    certificate = Some((field.to_owned(), ClientCertificate::read(secret).map_err(wrong)?));
                    continue;
                }
                Placement::Query { name, .. } => {
                    let value = Zeroizing::new(utf8_percent_encode(secret.expose(), IN_QUERY).to_string());
                    query.push((name.clone(), value));
                    continue;
                }
            };
            let mut value = HeaderValue::from_str(&text)
                .map_err(|_| wrong("has characters that can't be sent in a header (a line break, perhaps): enter it again"))?;
            value.set_sensitive(true);
            if let Some(name) = name {
                headers.push((name, value));
            }
        }
        let short = credentials
            .fields()
            .filter(|field| credentials.get(field).is_some_and(|secret| secret.len() < SHORTEST))
            .map(str::to_owned)
            .collect();
        let scrubber = Scrubber::new(tokens.iter().map(|(field, token)| (field.as_str(), token.as_bytes())))?;
        Ok(Injection { headers, query, owned, parameters, certificate, short, scrubber })
    }

    /// Whether a header is a credential's.
    pub fn owns(&self, name: &HeaderName) -> bool {
        self.owned.contains(name)
    }

    /// The headers that credentials own.
    pub fn owned(&self) -> HashSet<HeaderName> {
        self.owned.clone()
    }

    /// Takes a credential's parameters out of the query, whatever the connector put there: an echo of the last response's `next`.
    pub fn strip(&self, target: &mut Target) {
        if self.parameters.is_empty() {
            return;
        }
        let is_owned = |pair: &str| {
            let name = pair.split('=').next().unwrap_or_default().replace('+', " ");
            let name: Cow<'_, str> = percent_decode_str(&name).decode_utf8_lossy();
            self.parameters.iter().any(|parameter| *parameter == name)
        };
        if let Some(query) = &target.query {
            let left: Vec<&str> = query.split('&').filter(|pair| !is_owned(pair)).collect();
            let left = left.join("&");
            target.query = (!left.is_empty()).then_some(left);
        }
    }

    /// Puts the credentials on a request.
    pub fn inject(&self, headers: &mut HeaderMap, path_and_query: &mut Zeroizing<String>) {
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        for (name, value) in &self.query {
            let joint = if path_and_query.contains('?') { '&' } else { '?' };
            path_and_query.push(joint);
            path_and_query.push_str(name);
            path_and_query.push('=');
            path_and_query.push_str(value);
        }
    }
}

/// `Basic` credentials, for a header.
pub(crate) fn basic(user: &str, password: &Secret) -> Zeroizing<String> {
    let plain = Zeroizing::new(format!("{user}:{}", password.expose()));
    let token = Zeroizing::new(STANDARD.encode(plain.as_bytes()));
    Zeroizing::new(format!("Basic {}", *token))
}

fn is_certificate(manifest: &Manifest, field: &str) -> bool {
    manifest.auth.iter().any(|place| matches!(place, Placement::ClientCertificate { secret } if secret == field))
}

fn user_name<'a>(field: &str, settings: &'a Settings, credentials: &'a Credentials) -> Cow<'a, str> {
    if let Some(secret) = credentials.get(field) {
        return Cow::Borrowed(secret.expose());
    }
    match settings.values.get(field) {
        Some(serde_json::Value::String(text)) => Cow::Borrowed(text),
        Some(serde_json::Value::Number(number)) => Cow::Owned(number.to_string()),
        _ => Cow::Borrowed(""),
    }
}
