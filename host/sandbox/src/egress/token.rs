//! Getting access tokens: the exchange with a token endpoint, which no connector sees. One at a time for each connection, over the
//! same resolving, pinning, TLS and limits as any request, without redirects and without the connection's other credentials.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use headcount_model::{Failure, Secret};
use http::{HeaderValue, header};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit};
use tokio::time::{Instant, timeout};
use zeroize::Zeroizing;

use super::admission::Admitted;
use super::exchange::Outgoing;
use super::gate::Gate;
use super::pace::until;
use super::refusal::Refusal;
use super::upload::RequestBody;
use super::waits::Waits;
use crate::vault::{CredentialKeeper, Grant, Held, Refused, Token, TokenError, Unkept, read_token};

/// The longest answer of a token endpoint.
const LONGEST: usize = 64 * 1024;
/// How long a token endpoint, and the one who keeps what it gives, may each take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Gate {
    /// The access token to send; none without OAuth. `refused`: the token that the vendor has just refused.
    pub(super) async fn token(self: &Arc<Self>, refused: Option<&Token>, waits: Waits) -> Result<Option<Token>, Refusal> {
        let Some(slot) = &self.slot else { return Ok(None) };
        let since = Instant::now();
        let held = until(waits.deadline, waits.call, slot.held.clone().lock_owned()).await?;
        if let Some(error) = self.token_failure.get().or_else(|| held.failed_since(since)) {
            return Err(error.clone().into());
        }
        if let Some(token) = held.usable(refused).cloned() {
            until(waits.deadline, waits.call, self.learn(&held)).await??;
            return Ok(Some(token));
        }
        // In a task of its own: a call that is dropped must not lose what the vendor has just given.
        let (gate, refused) = (self.clone(), refused.cloned());
        let asking = tokio::spawn(async move { gate.renew(held, refused, waits).await });
        let renewed = until(waits.deadline, waits.call, asking).await?;
        renewed.map_err(|_| Refusal::Host("its own code panicked while it asked for a token".to_owned()))?.map(Some)
    }

    /// Why calls end, whatever the connector makes of it: nobody gives it a token.
    pub(crate) fn token_failure(&self) -> Option<Failure> {
        self.token_failure.get().and_then(TokenError::failure)
    }

    /// Looks for the tokens of late from now on.
    async fn learn(self: &Arc<Self>, held: &Held) -> Result<(), Refusal> {
        let (generation, tokens) = held.lately();
        if self.injection.has_learned(generation) {
            return Ok(());
        }
        let (gate, tokens) = (self.clone(), tokens.to_vec());
        let learned = tokio::task::spawn_blocking(move || gate.injection.learn(generation, &tokens)).await;
        let panicked = |_| Refusal::Host("its own code panicked while it prepared to look for a token".to_owned());
        learned.map_err(panicked)?.map_err(|error| Refusal::Host(error.to_string()))
    }

    async fn renew(
        self: Arc<Self>,
        mut held: OwnedMutexGuard<Held>,
        refused: Option<Token>,
        waits: Waits,
    ) -> Result<Token, Refusal> {
        let renewed = self.obtain(&mut held, refused.as_ref(), waits).await;
        // Looked for from now on, before anything is sent with it.
        self.learn(&held).await?;
        renewed.inspect_err(|error| {
            if error.failure().is_some() {
                // The first one stays.
                let _ = self.token_failure.set(error.clone());
            }
            held.fail(error.clone());
        })?;
        held.token().cloned().ok_or_else(|| Refusal::Host("no token was kept".to_owned()))
    }

    /// Sees to it that there is a token, and that what came with it is stored.
    async fn obtain(self: &Arc<Self>, held: &mut Held, refused: Option<&Token>, waits: Waits) -> Result<(), TokenError> {
        let Some(grant) = &self.injection.grant else { return Ok(()) };
        self.keep(grant, held).await?;
        if held.usable(refused).is_some() {
            return Ok(());
        }
        let current = |held: &Held| held.refresh_token.clone().or_else(|| grant.refresh_token().cloned());
        if let Some(last) = current(held) {
            self.catch_up(grant, held, &last).await?;
        }
        let used = current(held);
        let mut outcome = self.ask(grant, held, used.as_ref(), waits).await;
        // Another process may have used it up just then.
        if let (Err(TokenError::Refused { code: Refused::InvalidGrant, .. }), Some(used)) = (&outcome, &used)
            && self.catch_up(grant, held, used).await?
        {
            outcome = self.ask(grant, held, current(held).as_ref(), waits).await;
        }
        outcome?;
        self.keep(grant, held).await
    }

    /// Goes on with the refresh token that is stored now, and says whether that is another than the last: another process may have
    /// used that one up, and vendors take a second use for theft; or a person entered another.
    async fn catch_up(&self, grant: &Grant, held: &mut Held, last: &Secret) -> Result<bool, TokenError> {
        let Some(keeper) = &self.injection.keeper else { return Ok(false) };
        let stored = timeout(PATIENCE, keeper.stored(&grant.field)).await.unwrap_or_else(|_| Err(late()));
        let unread = |why| TokenError::Unreached(format!("the secret {} can't be read: {why}", grant.field));
        let is_other = held.catch_up(stored.map_err(unread)?, last);
        if let (true, Some(slot), Some(other)) = (is_other, &self.slot, &held.refresh_token) {
            slot.replaced(grant, other);
        }
        Ok(is_other)
    }

    /// Stores a refresh token that the vendor gave in place of another.
    async fn keep(&self, grant: &Grant, held: &mut Held) -> Result<(), TokenError> {
        let Some(unkept) = &held.unkept else { return Ok(()) };
        let kept = match &self.injection.keeper {
            Some(keeper) => keep(keeper.as_ref(), &grant.field, unkept).await,
            None => Err("this run keeps no credentials".to_owned()),
        };
        kept.map_err(|why| TokenError::Unkept { field: grant.field.clone(), why })?;
        if let Some(slot) = &self.slot {
            slot.replaced(grant, &unkept.secret);
        }
        held.unkept = None;
        Ok(())
    }

    /// Asks once, and takes what comes.
    async fn ask(
        self: &Arc<Self>,
        grant: &Grant,
        held: &mut Held,
        used: Option<&Secret>,
        waits: Waits,
    ) -> Result<(), TokenError> {
        let unreached = |refusal: Refusal| TokenError::Unreached(refusal.to_string());
        let asked = Instant::now();
        let admitted = self.admit_exchange(grant).map_err(unreached)?;
        let host = &grant.target.origin.host;
        let late = || TokenError::Unreached(format!("{host} did not answer within {PATIENCE:?}"));
        let answered = match admitted.turn(1, &waits).await {
            Ok(permits) => timeout(PATIENCE, admitted.exchange(grant, used, permits)).await.unwrap_or_else(|_| Err(late())),
            Err(refusal) => Err(unreached(refusal)),
        };
        let outcome = answered.and_then(|(status, body)| read_token(host, status, &body, asked));
        outcome.map(|granted| held.take(granted, used)).inspect_err(|error| {
            let refusal = Refusal::from(error.clone());
            self.finish(&admitted.event, admitted.started, 0, 0);
            self.refuse(&admitted.event, &refusal);
        })
    }
}

async fn keep(keeper: &dyn CredentialKeeper, field: &str, unkept: &Unkept) -> Result<(), String> {
    let kept = timeout(PATIENCE, keeper.keep(field, &unkept.secret, &unkept.used)).await;
    kept.unwrap_or_else(|_| Err(late()))
}

fn late() -> String {
    format!("it took longer than {PATIENCE:?}")
}

impl Admitted {
    /// One exchange with a token endpoint: status and body. Neither the connector's waits nor the end of its call break it off: the
    /// vendor may replace the refresh token, and tells the new one once.
    async fn exchange(
        &self,
        grant: &Grant,
        used: Option<&Secret>,
        permits: Vec<OwnedSemaphorePermit>,
    ) -> Result<(http::StatusCode, Zeroizing<Vec<u8>>), TokenError> {
        let strange = |why| TokenError::Answer { host: self.target.origin.host.clone(), why };
        let (mut headers, body) = grant.request(used);
        headers.insert(header::USER_AGENT, self.gate.egress.user_agent.clone());
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let path_and_query = Zeroizing::new(self.target.path_and_query());
        let waits = Waits { call: PATIENCE, deadline: Instant::now() + PATIENCE, ..Waits::of(&self.gate) };
        let outgoing = Outgoing { key: self.key(), headers, path_and_query, waits };
        let unreached = |refusal: Refusal| TokenError::Unreached(refusal.to_string());
        let response = self
            .dispatch(&outgoing, &mut RequestBody::Kept(body), &mut None, permits)
            .await
            .map_err(|failed| unreached(failed.refusal))?;
        let (parts, mut wire) = response.into_parts();
        self.event.change(|event| event.status = Some(parts.status.as_u16()));
        if parts.headers.contains_key(header::CONTENT_ENCODING) {
            return Err(strange("it is compressed, which was not asked for"));
        }
        let mut body = Zeroizing::new(Vec::with_capacity(LONGEST));
        while let Some(piece) = wire.next().await {
            let piece = piece.map_err(unreached)?;
            if body.len() + piece.len() > LONGEST {
                return Err(strange("it is longer than 64 KiB"));
            }
            body.extend_from_slice(&piece);
        }
        // An excess ends the session, not what it has been given.
        let _ = self.gate.meter().received(wire.received());
        self.gate.finish(&self.event, self.started, wire.received(), 0);
        Ok((parts.status, body))
    }
}
