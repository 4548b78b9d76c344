//! Sends notices: takes what is due from the outbox, sends it by webhook or e-mail, and notes what became of it. What does not
//! arrive is sent again, some 32 hours long, and is then a dead letter.
//!
//! Each delivery is on its own: none waits for another, none takes another with it, and each is over well before its lease is, so
//! that no other courier takes it meanwhile. A message goes out at least once: a courier that dies between sending and noting sends
//! it again, under the same id, by which receivers know it.

mod deliver;
mod trial;

use std::sync::Arc;
use std::time::Duration;

use headcount_notify::{MailOptions, Mailer};
use headcount_store::{Parcel, ParcelRequest, Settled, StoreError};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, SystemClock, after};
use crate::health::Pulse;
use crate::{Error, Headcount, Inner};

pub use trial::Tested;

/// The waits before what became of a delivery is noted again, where the store failed.
const NOTED_AGAIN: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

/// How notices are sent.
#[derive(Clone)]
#[non_exhaustive]
pub struct CourierOptions {
    /// Messages at once.
    pub at_once: u32,
    /// Messages at once of one tenant.
    pub each_tenant: u32,
    /// Messages in an hour of one tenant, those included that are sent again. What is due beyond that is withheld: it stays in the
    /// tenant's list, which says that it was not sent.
    pub an_hour: u32,
    /// How long a message is the courier's. Sending one may take half of this.
    pub lease: Duration,
    /// How often the outbox is looked at when nothing is due: another process may have put something there.
    pub look_again: Duration,
    /// The operator's mail server; without one, e-mail is given up at once, with the reason.
    pub mail: Option<MailOptions>,
    /// What it goes by.
    pub clock: Arc<dyn Clock>,
    /// Where it gives signs of life.
    pub pulse: Option<Pulse>,
}

impl Default for CourierOptions {
    /// Eight at once, four of one tenant, 600 in an hour, a lease of five minutes, no mail server.
    fn default() -> Self {
        CourierOptions {
            at_once: 8,
            each_tenant: 4,
            an_hour: 600,
            lease: Duration::from_secs(300),
            look_again: Duration::from_secs(5),
            mail: None,
            clock: Arc::new(SystemClock),
            pulse: None,
        }
    }
}

/// What one turn of a courier came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// Messages that arrived.
    pub delivered: u32,
    /// Those that are tried again.
    pub again: u32,
    /// Those that were given up.
    pub dead: u32,
    /// Those that were withheld, as their tenants had used up their hour.
    pub withheld: u32,
}

impl Sent {
    fn count(&mut self, settled: &Settled) {
        match settled {
            Settled::Delivered { .. } => self.delivered += 1,
            Settled::Again { .. } => self.again += 1,
            Settled::Dead { .. } => self.dead += 1,
        }
    }
}

/// Sends the notices of all tenants. Made by [`Headcount::courier`].
#[derive(Clone)]
pub struct Courier {
    inner: Arc<Inner>,
    options: Arc<CourierOptions>,
    mailer: Option<Arc<Mailer>>,
}

/// Deliveries under way.
type Sending = JoinSet<Result<Settled, StoreError>>;

impl Headcount {
    /// What sends the notices of all tenants.
    ///
    /// # Errors
    /// The mail server's settings can't be used.
    pub fn courier(&self, options: CourierOptions) -> Result<Courier, Error> {
        let mailer = options.mail.as_ref().map(Mailer::new).transpose()?.map(Arc::new);
        Ok(Courier { inner: self.inner.clone(), options: Arc::new(options), mailer })
    }
}

impl Courier {
    /// Sends until it is told to stop. Messages on their way are waited for.
    pub async fn run(self, stop: CancellationToken) {
        let mut sending = Sending::new();
        let clock = self.options.clock.clone();
        while !stop.is_cancelled() {
            let now = clock.now();
            let next = self.send_more(&mut sending).await;
            if let Some(pulse) = &self.options.pulse {
                pulse.beat(now, next.as_ref().err().map(ToString::to_string));
            }
            let next = next.unwrap_or_else(|error| {
                tracing::error!(%error, "notices can't be sent: trying again");
                None
            });
            let look = after(now, self.options.look_again);
            let until = next.map_or(look, |due| due.min(look));
            tokio::select! {
                () = stop.cancelled() => {}
                () = clock.sleep_until(until) => {}
                Some(ended) = sending.join_next() => drop(told(ended)),
            }
        }
        while let Some(ended) = sending.join_next().await {
            drop(told(ended));
        }
        self.inner.flush_audit().await;
    }

    /// Sends what is due now, as much as may be sent at once, to its end.
    ///
    /// # Errors
    /// The store failed. What was on its way arrived all the same, or is sent again.
    pub async fn turn(&self) -> Result<Sent, Error> {
        let mut sending = Sending::new();
        let mut sent = Sent { withheld: self.take(&mut sending).await?.withheld, ..Sent::default() };
        let mut failed = None;
        while let Some(ended) = sending.join_next().await {
            match told(ended) {
                Some(Ok(settled)) => sent.count(&settled),
                Some(Err(error)) => failed = Some(error),
                None => {}
            }
        }
        if sent != Sent::default() {
            self.inner.flush_audit().await;
        }
        failed.map_or(Ok(sent), |error| Err(error.into()))
    }

    /// Takes what is due into the places that are free; gives when to look again, if that is known.
    async fn send_more(&self, sending: &mut Sending) -> Result<Option<headcount_model::Timestamp>, Error> {
        let now = self.options.clock.now();
        if sending.len() >= self.options.at_once as usize {
            return Ok(None);
        }
        let due = self.inner.store.next_parcel().await?;
        if due.is_none_or(|due| due > now) {
            return Ok(due);
        }
        if self.take(sending).await? != Got::default() {
            return Ok(Some(now));
        }
        // What is due and was not taken waits for others of its tenant: a place that comes free is noticed at once.
        Ok(None)
    }

    async fn take(&self, sending: &mut Sending) -> Result<Got, Error> {
        let (options, now) = (&self.options, self.options.clock.now());
        let under_way = u32::try_from(sending.len()).unwrap_or(u32::MAX);
        let request = ParcelRequest {
            now,
            until: after(now, options.lease),
            most: options.at_once.saturating_sub(under_way),
            each_tenant: options.each_tenant,
            an_hour: options.an_hour,
        };
        let taken = self.inner.store.take_parcels(&request).await?;
        let got = Got { taken: taken.parcels.len(), withheld: u32::try_from(taken.withheld).unwrap_or(u32::MAX) };
        if got.withheld > 0 {
            tracing::warn!(messages = got.withheld, "messages were withheld: their tenants had used up their hour");
        }
        for parcel in taken.parcels {
            let courier = self.clone();
            sending.spawn(async move {
                let settled = courier.deliver(&parcel).await;
                courier.note(&parcel, &settled).await.map(|()| settled)
            });
        }
        Ok(got)
    }

    /// Notes what became of a delivery. Where the store fails, it is asked a few times more: what is not noted is sent again.
    async fn note(&self, parcel: &Parcel, settled: &Settled) -> Result<(), StoreError> {
        let mut waits = NOTED_AGAIN.into_iter();
        loop {
            match (self.inner.store.settle_parcel(parcel, settled).await, waits.next()) {
                (Ok(true), _) => return Ok(()),
                (Ok(false), _) => {
                    let (tenant, notice) = (&parcel.notice.tenant, parcel.notice.number);
                    tracing::warn!(%tenant, notice, "another courier had taken a delivery, or it is gone: its end was not noted");
                    return Ok(());
                }
                (Err(error), None) => return Err(error),
                (Err(_), Some(wait)) => tokio::time::sleep(wait).await,
            }
        }
    }
}

/// What was got from the outbox.
#[derive(Default, PartialEq, Eq)]
struct Got {
    taken: usize,
    withheld: u32,
}

/// How a delivery ended. One without a result is sent again when its lease has run out.
fn told(ended: Result<Result<Settled, StoreError>, JoinError>) -> Option<Result<Settled, StoreError>> {
    match &ended {
        Err(error) => tracing::error!(%error, "a message ended without a result"),
        Ok(Err(error)) => tracing::error!(%error, "what became of a message can't be noted: it is sent again"),
        Ok(Ok(_)) => {}
    }
    ended.ok()
}
