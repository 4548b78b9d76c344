//! Putting a connection's credentials on its requests, where its manifest says, and keeping the connector's hands off those places.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headcount_model::manifest::{Placement, Settings};
use headcount_model::{Manifest, Secret};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

use super::oauth::{Grant, Token};
use super::scrub::{SHORTEST, Scrubber};
use super::{ClientCertificate, CredentialKeeper, Credentials};
use crate::egress::{EgressError, Target};

/// What needs no encoding in a query or a form.
pub(super) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The longest secret, in bytes. The search for its spellings takes memory and time by its length.
pub const LONGEST_SECRET: usize = 8 * 1024;

/// What goes on each request of one connection.
pub(crate) struct Injection {
    /// As text that is zeroed: a `HeaderValue` is not, and is made for each request.
    headers: Vec<(HeaderName, Zeroizing<String>)>,
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
    /// What tokens are asked for with, where there are tokens.
    pub grant: Option<Grant>,
    pub keeper: Option<Arc<dyn CredentialKeeper>>,
    /// Secrets, and what is made of them on a request.
    known: Vec<(String, Zeroizing<String>)>,
    found: RwLock<Found>,
}

/// What is looked for.
#[derive(Default)]
struct Found {
    scrubber: Option<Arc<Scrubber>>,
    /// Up to which tokens.
    generation: u64,
}

impl Injection {
    pub fn new(manifest: &Manifest, settings: &Settings, credentials: &Credentials) -> Result<Self, EgressError> {
        let mut headers = Vec::new();
        let mut query = Vec::new();
        let mut owned = HashSet::new();
        let mut parameters = Vec::new();
        let mut certificate = None;
        let mut grant = None;
        let mut known: Vec<(String, Zeroizing<String>)> = Vec::new();
        for field in credentials.fields() {
            // A client certificate's key is never sent, so nobody can echo it; and its lines of base64 are no one's secret each.
            if let Some(secret) = credentials.get(field).filter(|_| !is_certificate(manifest, field)) {
                if is_too_long(manifest, field, secret) {
                    let why = format!("is longer than {LONGEST_SECRET} bytes: enter another");
                    return Err(EgressError::Credential { field: field.to_owned(), why });
                }
                known.push((field.to_owned(), Zeroizing::new(secret.expose().to_owned())));
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
                    let user = text_of(user, settings, credentials);
                    if user.contains(':') {
                        return Err(wrong("can't be sent: the user name with it has a colon"));
                    }
                    let text = basic(&user, secret);
                    let token = text.strip_prefix("Basic ").unwrap_or_default();
                    known.push((field.to_owned(), Zeroizing::new(token.to_owned())));
                    text
                }
                Placement::ClientCertificate { .. } => {
                    certificate = Some((field.to_owned(), ClientCertificate::read(secret).map_err(wrong)?));
                    continue;
                }
                Placement::Query { name, .. } => {
                    let value = Zeroizing::new(utf8_percent_encode(secret.expose(), UNRESERVED).to_string());
                    query.push((name.clone(), value));
                    continue;
                }
                Placement::OauthClientCredentials { .. } | Placement::OauthRefreshToken { .. } => {
                    grant = Grant::new(placement, manifest, settings, credentials)?;
                    known.extend(grant.as_ref().and_then(Grant::sent));
                    continue;
                }
            };
            if header_value(&text).is_none() {
                return Err(wrong("has characters that can't be sent in a header (a line break, perhaps): enter it again"));
            }
            if let Some(name) = name {
                headers.push((name, text));
            }
        }
        let short = credentials
            .fields()
            .filter(|field| credentials.get(field).is_some_and(|secret| secret.len() < SHORTEST))
            .map(str::to_owned)
            .collect();
        let scrubber = Scrubber::new(known.iter().map(|(field, token)| (field.as_str(), token.as_bytes())))?.map(Arc::new);
        let found = RwLock::new(Found { scrubber, generation: 0 });
        let keeper = credentials.keeper().cloned();
        Ok(Injection { headers, query, owned, parameters, certificate, short, grant, keeper, known, found })
    }

    /// Finds the connection's secrets; none if all are too short to be looked for.
    pub fn scrubber(&self) -> Option<Arc<Scrubber>> {
        self.found.read().unwrap_or_else(PoisonError::into_inner).scrubber.clone()
    }

    /// Whether the tokens up to this generation are looked for.
    pub fn has_learned(&self, generation: u64) -> bool {
        self.found.read().unwrap_or_else(PoisonError::into_inner).generation >= generation
    }

    /// Looks for tokens that have come into being since, too. For a thread that may block: long tokens take a while to prepare.
    pub fn learn(&self, generation: u64, tokens: &[(&'static str, Zeroizing<String>)]) -> Result<(), EgressError> {
        let known = self.known.iter().map(|(field, secret)| (field.as_str(), secret.as_bytes()));
        let tokens = tokens.iter().map(|(name, token)| (*name, token.as_bytes()));
        let scrubber = Scrubber::new(known.chain(tokens))?.map(Arc::new);
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        if found.generation < generation {
            *found = Found { scrubber, generation };
        }
        Ok(())
    }

    /// Whether a request would go to where tokens are had, however it spells the path.
    pub fn is_token_url(&self, target: &Target) -> bool {
        let plain = |target: &Target| {
            let segments = target.segments().map(|segment| {
                let name = segment.split(';').next().unwrap_or_default();
                percent_decode_str(name).decode_utf8_lossy().to_lowercase()
            });
            segments.collect::<Vec<_>>()
        };
        self.grant.as_ref().is_some_and(|grant| grant.target.origin == target.origin && plain(&grant.target) == plain(target))
    }

    /// Whether a header is a credential's.
    pub fn owns(&self, name: &HeaderName) -> bool {
        self.owned.contains(name)
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

    /// Puts the credentials on a request, and the token, where there is one.
    pub fn inject(&self, headers: &mut HeaderMap, path_and_query: &mut Zeroizing<String>, token: Option<&Token>) {
        if let Some(value) = token.and_then(Token::value) {
            headers.insert(header::AUTHORIZATION, value);
        }
        for (name, text) in &self.headers {
            // It was tried when the gate was made.
            if let Some(value) = header_value(text) {
                headers.insert(name.clone(), value);
            }
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

fn header_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `Basic` credentials, for a header.
pub(crate) fn basic(user: &str, password: &Secret) -> Zeroizing<String> {
    let plain = Zeroizing::new(format!("{user}:{}", password.expose()));
    let token = Zeroizing::new(STANDARD.encode(plain.as_bytes()));
    Zeroizing::new(format!("Basic {}", *token))
}

/// Whether a field's secret is too long to be looked for in what the vendor sends. Client certificates may be longer: none is looked for.
pub fn is_too_long(manifest: &Manifest, field: &str, secret: &Secret) -> bool {
    secret.len() > LONGEST_SECRET && !is_certificate(manifest, field)
}

fn is_certificate(manifest: &Manifest, field: &str) -> bool {
    manifest.auth.iter().any(|place| matches!(place, Placement::ClientCertificate { secret } if secret == field))
}

/// The text of a field, be it a secret or not; empty if there is none.
pub(super) fn text_of<'a>(field: &str, settings: &'a Settings, credentials: &'a Credentials) -> Cow<'a, str> {
    if let Some(secret) = credentials.get(field) {
        return Cow::Borrowed(secret.expose());
    }
    match settings.values.get(field) {
        Some(serde_json::Value::String(text)) => Cow::Borrowed(text),
        Some(serde_json::Value::Number(number)) => Cow::Owned(number.to_string()),
        _ => Cow::Borrowed(""),
    }
}
