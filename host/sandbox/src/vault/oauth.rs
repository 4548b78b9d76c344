//! What a token endpoint is asked, and what it answers (OAuth 2, RFC 6749). Forms and tokens are secrets as much as what they are made of.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use headcount_model::manifest::{ClientAuth, Placement, Settings};
use headcount_model::{Manifest, Secret};
use http::{HeaderMap, HeaderValue, header};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::Credentials;
use super::injection::{UNRESERVED, text_of};
use super::token_error::{Refused, TokenError};
use crate::egress::{EgressError, Target};

/// A token that is longer fits few servers' headers, and takes long to be looked for.
const LONGEST_TOKEN: usize = 4 * 1024;
/// A token is used for at least this long, unless the vendor refuses it: asking for each request anew is nothing that a vendor needs.
const SHORTEST_LIFE: Duration = Duration::from_secs(30);
/// A token whose end is not told is asked for anew after this long, and so is one that is said to hold longer.
const LONGEST_LIFE: Duration = Duration::from_secs(3_600);
/// How long before its end a token is no longer used, at most: requests take time, and clocks differ.
const MARGIN: Duration = Duration::from_secs(60);

/// What one connection may ask tokens for.
pub(crate) struct Grant {
    /// Where tokens are had.
    pub target: Target,
    /// The field with the secret that tokens are had for.
    pub field: String,
    client_id: Zeroizing<String>,
    client_secret: Option<Secret>,
    /// As it was stored when the session began; none for client credentials.
    refresh_token: Option<Secret>,
    scope: String,
    audience: Option<String>,
    auth: ClientAuth,
}

impl Grant {
    /// The grant of a placement; none without OAuth.
    pub fn new(
        placement: &Placement,
        manifest: &Manifest,
        settings: &Settings,
        credentials: &Credentials,
    ) -> Result<Option<Self>, EgressError> {
        let (client_id, secret, scopes, audience, auth) = match placement {
            Placement::OauthClientCredentials { client_id, secret, scopes, audience, auth, .. } => {
                (client_id, Some(secret), scopes, audience.clone(), *auth)
            }
            Placement::OauthRefreshToken { client_id, client_secret, scopes, auth, .. } => {
                (client_id, client_secret.as_ref(), scopes, None, *auth)
            }
            _ => return Ok(None),
        };
        let wrong = |field: &str, why: &str| EgressError::Credential { field: field.to_owned(), why: why.to_owned() };
        let text = text_of(client_id, settings, credentials);
        if text.is_empty() {
            return Err(wrong(client_id, "is missing: tokens are had with it"));
        }
        let url = manifest.token_url(settings).ok().flatten().unwrap_or_default();
        let target = Target::parse(&url).map_err(|refusal| EgressError::Settings(url, refusal.to_string()))?;
        let refresh_token = matches!(placement, Placement::OauthRefreshToken { .. })
            .then(|| credentials.get(placement.secret()).cloned())
            .flatten();
        Ok(Some(Grant {
            target,
            field: placement.secret().to_owned(),
            client_id: Zeroizing::new(text.into_owned()),
            client_secret: secret.and_then(|field| credentials.get(field)).cloned(),
            refresh_token,
            scope: scopes.join(" "),
            audience,
            auth,
        }))
    }

    /// The refresh token as it was stored when the session began.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.refresh_token.as_ref()
    }

    /// A hash of all that decides which token comes back, so that a token is never used for another grant.
    pub fn identity(&self, refresh_token: Option<&Secret>) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("headcount vault v1 grant");
        let secrets = [self.client_secret.as_ref(), refresh_token].map(|secret| secret.map_or("", Secret::expose));
        let place = format!("{}{}", self.target.origin, self.target.path);
        let [client_secret, refresh_token] = secrets;
        for part in
            [&place, self.client_id.as_str(), client_secret, refresh_token, &self.scope, self.audience.as_deref().unwrap_or("")]
        {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    /// The value of the `Authorization` header with which the client says who it is.
    fn basic(&self) -> Option<Zeroizing<String>> {
        let secret = self.client_secret.as_ref().filter(|_| self.auth == ClientAuth::Basic)?;
        let pair = Zeroizing::new(format!("{}:{}", *encoded(&self.client_id), *encoded(secret.expose())));
        Some(Zeroizing::new(STANDARD.encode(pair.as_bytes())))
    }

    /// What is sent to get a token, to be known if it comes back.
    pub fn sent(&self) -> Option<(String, Zeroizing<String>)> {
        self.basic().map(|basic| (self.field.clone(), basic))
    }

    /// The headers and the form that ask for a token.
    pub fn request(&self, refresh_token: Option<&Secret>) -> (HeaderMap, Bytes) {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let mut form = Zeroizing::new(String::with_capacity(1024));
        let mut add = |name: &str, value: &str| {
            let joint = if form.is_empty() { "" } else { "&" };
            for part in [joint, name, "=", encoded(value).as_str()] {
                form.push_str(part);
            }
        };
        match refresh_token {
            Some(refresh_token) => {
                add("grant_type", "refresh_token");
                add("refresh_token", refresh_token.expose());
            }
            None => add("grant_type", "client_credentials"),
        }
        if !self.scope.is_empty() {
            add("scope", &self.scope);
        }
        if let Some(audience) = &self.audience {
            add("audience", audience);
        }
        // Base64 is always a header's value.
        match self.basic().and_then(|basic| HeaderValue::from_str(&Zeroizing::new(format!("Basic {}", *basic))).ok()) {
            Some(mut value) => {
                value.set_sensitive(true);
                headers.insert(header::AUTHORIZATION, value);
            }
            None => {
                add("client_id", &self.client_id);
                if let Some(secret) = &self.client_secret {
                    add("client_secret", secret.expose());
                }
            }
        }
        (headers, Bytes::from_owner(Zeroizing::new(form.as_bytes().to_vec())))
    }
}

fn encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(utf8_percent_encode(text, UNRESERVED).to_string())
}

/// An access token.
#[derive(Clone)]
pub(crate) struct Token {
    text: Zeroizing<String>,
    use_until: Instant,
}

impl Token {
    /// The value of the `Authorization` header, made for each request: it is not zeroed, so that nobody keeps one.
    pub fn value(&self) -> Option<HeaderValue> {
        bearer(&self.text)
    }

    /// The token itself, to be looked for in responses.
    pub fn text(&self) -> &Zeroizing<String> {
        &self.text
    }

    pub fn is_fresh(&self) -> bool {
        Instant::now() < self.use_until
    }
}

/// What a token endpoint gave.
pub(crate) struct Granted {
    pub token: Token,
    /// The refresh token to use from now on, where it gave one.
    pub refresh_token: Option<Secret>,
}

#[derive(Deserialize)]
struct Given {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    error: String,
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&Zeroizing::new(format!("Bearer {token}"))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Reads an answer to a request that was sent at `asked`. Nothing of it gets into an error.
pub(crate) fn read(host: &str, status: http::StatusCode, body: &[u8], asked: Instant) -> Result<Granted, TokenError> {
    let strange = |why: &'static str| TokenError::Answer { host: host.to_owned(), why };
    if status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS {
        return Err(TokenError::Unavailable { host: host.to_owned(), status: status.as_u16() });
    }
    if status.is_redirection() {
        return Err(strange("it redirects, which is not followed"));
    }
    if status.is_client_error() {
        let problem = serde_json::from_slice::<Problem>(body).ok();
        let refused = problem.map(|problem| Zeroizing::new(problem.error)).and_then(|code| Refused::of(&code));
        let refused = refused.or((status == http::StatusCode::UNAUTHORIZED).then_some(Refused::InvalidClient));
        return Err(match refused {
            Some(code) => TokenError::Refused { host: host.to_owned(), code },
            None => strange("it is an error, but none of those that OAuth knows"),
        });
    }
    if status != http::StatusCode::OK {
        return Err(strange("its status is neither 200 nor an error"));
    }
    let given: Given = serde_json::from_slice(body).map_err(|_| strange("it is not the JSON that OAuth asks for"))?;
    let text = Zeroizing::new(given.access_token);
    let refresh_token = given.refresh_token.map(Secret::new);
    if !given.token_type.eq_ignore_ascii_case("bearer") {
        return Err(strange("its token is none for a Bearer header"));
    }
    let fits = |text: &str| (1..=LONGEST_TOKEN).contains(&text.len()) && text.bytes().all(|b| (0x21..=0x7e).contains(&b));
    if !fits(&text) || refresh_token.as_ref().is_some_and(|token| !fits(token.expose())) {
        return Err(strange("its token is empty, too long or not of plain characters"));
    }
    if bearer(&text).is_none() {
        return Err(strange("its token is none for a header"));
    }
    let life = given.expires_in.map_or(LONGEST_LIFE, Duration::from_secs).min(LONGEST_LIFE);
    let use_until = asked + life.saturating_sub(MARGIN.min(life / 4)).max(SHORTEST_LIFE);
    Ok(Granted { token: Token { text, use_until }, refresh_token })
}
