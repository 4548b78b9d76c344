//! Saying what a credential can see, and finding out which feeds it may read.

use std::fmt::Display;

use crate::vendor::send_all;
use crate::{Access, Fact, Failure, FailureCode, FeedAccess, Request, Response, Result, Scope};

impl Scope {
    /// The scope of a credential in this organisation: the vendor's id of it, or the host name where it has none.
    pub fn of(organization: impl Display) -> Self {
        let organization = organization.to_string();
        Scope { label: organization.clone(), organization, ..Default::default() }
    }

    /// Who this is, for a person. Without it, the organisation.
    #[must_use]
    pub fn label(mut self, label: impl Display) -> Self {
        self.label = label.to_string();
        self
    }

    /// A set that bounds what the credential sees. Ids rather than names; nothing that changes by itself from day to day.
    /// An empty set says nothing and is left out.
    #[must_use]
    pub fn fact<I>(mut self, name: impl Display, values: I) -> Self
    where
        I: IntoIterator,
        I::Item: Display,
    {
        let values: Vec<String> = values.into_iter().map(|value| value.to_string()).filter(|value| !value.is_empty()).collect();
        if !values.is_empty() {
            self.facts.get_or_insert_with(Vec::new).push(Fact { name: name.to_string(), values });
        }
        self
    }

    /// Settles the access to a feed.
    #[must_use]
    pub fn feed(self, feed: impl Display, access: Access) -> Self {
        self.settle(feed, access, None)
    }

    /// Settles the access to a feed, and says why.
    #[must_use]
    pub fn feed_because(self, feed: impl Display, access: Access, note: impl Display) -> Self {
        self.settle(feed, access, Some(note.to_string()))
    }

    /// Finds out by a request whether a feed can be read: 2xx means readable, 403 forbidden, 402 and 404 not offered.
    ///
    /// # Errors
    /// Any other answer, or none: 401 says that the credential is not accepted.
    pub fn probe(self, feed: impl Display, request: Request<'_>) -> Result<Self> {
        self.probe_all([(feed, request)])
    }

    /// Probes several feeds at once.
    ///
    /// # Errors
    /// As [`probe`](Self::probe), of the first feed that fails.
    pub fn probe_all<'a, F: Display>(mut self, probes: impl IntoIterator<Item = (F, Request<'a>)>) -> Result<Self> {
        let (feeds, requests): (Vec<F>, Vec<Request<'a>>) = probes.into_iter().unzip();
        for (feed, answer) in feeds.into_iter().zip(send_all(requests)) {
            let (access, note) = access(answer.and_then(Response::checked))?;
            self = self.settle(feed, access, note);
        }
        Ok(self)
    }

    fn settle(mut self, feed: impl Display, access: Access, note: Option<String>) -> Self {
        self.feeds.get_or_insert_with(Vec::new).push(FeedAccess { feed: feed.to_string(), access, note });
        self
    }
}

fn access(answer: Result<Response>) -> Result<(Access, Option<String>)> {
    match answer {
        Ok(_) => Ok((Access::Readable, None)),
        Err(Failure { code: FailureCode::Forbidden, message, .. }) => Ok((Access::Forbidden, Some(message))),
        Err(Failure { code: FailureCode::NotFound | FailureCode::Unsupported, message, .. }) => {
            Ok((Access::NotOffered, Some(message)))
        }
        Err(failure) => Err(failure),
    }
}
