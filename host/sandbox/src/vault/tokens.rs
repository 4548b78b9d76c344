//! Access tokens, one for each connection, shared by its sessions while they hold.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use headcount_model::{ConnectionId, Secret, TenantId};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::oauth::{Grant, Granted, Token};
use super::token_error::TokenError;

/// Past this many connections, those without a session are forgotten: a token is only asked for anew.
const REMEMBERED: usize = 1024;
/// Tokens that were given lately: they may still be echoed. Room for two of each kind, however long, so that looking for them is cheap.
const LATELY: usize = 8;
const LATELY_BYTES: usize = 16 * 1024;

/// The tokens of all connections.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<(TenantId, ConnectionId), Arc<Slot>>>);

impl Tokens {
    /// The place of a connection's token, as long as it is had for the same grant.
    pub fn of(&self, tenant: &TenantId, connection: &ConnectionId, grant: &Grant) -> Arc<Slot> {
        let identity = grant.identity(grant.refresh_token());
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant.clone(), connection.clone());
        if let Some(slot) = slots.get(&key).filter(|slot| *slot.identity() == identity) {
            return Arc::clone(slot);
        }
        if slots.len() >= REMEMBERED {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        let slot = Arc::new(Slot { identity: Mutex::new(identity), held: Arc::default() });
        slots.insert(key, Arc::clone(&slot));
        slot
    }
}

/// The place of one connection's token. Whoever locks it alone asks for a new one.
pub(crate) struct Slot {
    identity: Mutex<[u8; 32]>,
    /// What there is now.
    pub held: Arc<tokio::sync::Mutex<Held>>,
}

impl Slot {
    fn identity(&self) -> std::sync::MutexGuard<'_, [u8; 32]> {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it is had for another refresh token.
    pub fn replaced(&self, grant: &Grant, refresh_token: &Secret) {
        *self.identity() = grant.identity(Some(refresh_token));
    }
}

/// A refresh token that is not stored yet.
pub(crate) struct Unkept {
    /// What the vendor gave.
    pub secret: Secret,
    /// What it was given for.
    pub used: Secret,
}

/// A connection's token, and what is known of it.
#[derive(Default)]
pub(crate) struct Held {
    token: Option<Token>,
    /// The refresh token, where it is no longer the one that was stored when the sessions began.
    pub refresh_token: Option<Secret>,
    /// A refresh token that is not stored yet.
    pub unkept: Option<Unkept>,
    /// When asking failed last, and why.
    failed: Option<(Instant, TokenError)>,
    /// Access and refresh tokens of late.
    lately: Vec<(&'static str, Zeroizing<String>)>,
    /// How many tokens there were.
    generation: u64,
}

impl Held {
    /// The token, if it can be used: it holds, and is not the one that the vendor has just refused.
    pub fn usable(&self, refused: Option<&Token>) -> Option<&Token> {
        let is_refused = |token: &&Token| refused.is_some_and(|refused| refused.text() == token.text());
        self.token.as_ref().filter(|token| token.is_fresh() && self.unkept.is_none() && !is_refused(token))
    }

    /// The token that was just given, however short it holds.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Why asking failed, for one who has waited since `since` while another asked.
    pub fn failed_since(&self, since: Instant) -> Option<&TokenError> {
        self.failed.as_ref().filter(|(at, _)| *at >= since).map(|(_, error)| error)
    }

    /// Notes that asking failed.
    pub fn fail(&mut self, error: TokenError) {
        self.failed = Some((Instant::now(), error));
    }

    /// Takes what was given. `used`: the refresh token that was used up for it.
    pub fn take(&mut self, granted: Granted, used: Option<&Secret>) {
        self.failed = None;
        self.remember("access token", granted.token.text());
        if let Some(new) = granted.refresh_token.filter(|new| used.is_none_or(|used| used.expose() != new.expose())) {
            self.remember("refresh token", new.expose());
            // Of client credentials nobody asked for a refresh token.
            if let Some(used) = used {
                self.refresh_token = Some(new.clone());
                self.unkept = Some(Unkept { secret: new, used: used.clone() });
            }
        }
        self.token = Some(granted.token);
    }

    /// Goes on with the refresh token that is stored, if that is another than the last. A token that was had for the last is forgotten.
    pub fn catch_up(&mut self, stored: Option<Secret>, last: &Secret) -> bool {
        let Some(other) = stored.filter(|stored| stored.expose() != last.expose()) else { return false };
        self.remember("refresh token", other.expose());
        self.refresh_token = Some(other);
        self.token = None;
        true
    }

    fn remember(&mut self, name: &'static str, token: &str) {
        self.generation += 1;
        self.lately.push((name, Zeroizing::new(token.to_owned())));
        let mut bytes: usize = self.lately.iter().map(|(_, token)| token.len()).sum();
        while self.lately.len() > LATELY || bytes > LATELY_BYTES {
            bytes -= self.lately.remove(0).1.len();
        }
    }

    /// How many tokens there were, and those of late.
    pub fn lately(&self) -> (u64, &[(&'static str, Zeroizing<String>)]) {
        (self.generation, &self.lately)
    }
}

#[cfg(test)]
mod tests {
    use super::super::oauth::read;
    use super::*;

    fn granted(number: usize, length: usize) -> Granted {
        let token = |kind: &str| format!("{kind}-{number}-{}", "x".repeat(length - 5));
        let (access, refresh) = (token("at"), token("rt"));
        let body = format!(r#"{{"access_token":"{access}","token_type":"Bearer","refresh_token":"{refresh}"}}"#);
        read("login.example.com", http::StatusCode::OK, body.as_bytes(), Instant::now()).unwrap()
    }

    fn looked_for(length: usize) -> Vec<String> {
        let mut held = Held::default();
        for number in 0..8 {
            held.take(granted(number, length), Some(&Secret::new("rt-first".to_owned())));
        }
        let names = held.lately().1.iter().map(|(_, token)| token.split("-x").next().unwrap().to_owned());
        names.collect()
    }

    #[test]
    fn tokens_of_late_are_looked_for_but_not_more_bytes_of_them_than_are_cheap() {
        assert_eq!(looked_for(100), ["at-4", "rt-4", "at-5", "rt-5", "at-6", "rt-6", "at-7", "rt-7"]);
        assert_eq!(looked_for(4 * 1024), ["at-6", "rt-6", "at-7", "rt-7"]);
    }
}
