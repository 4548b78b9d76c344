//! People: whose accounts are whose, by hand; and which connection says who works there.

use headcount_model::{ConnectionId, Timestamp};
use headcount_store::{
    AccessPath, Conflict, Connection, Decision, Doubt, Filter, Health, HealthState, Owner, Person, PersonId, Session, StoreError,
    Unlinked,
};

use crate::{Error, Tenant};

/// Conflicts that are looked at together.
const PORTION: u32 = 1_000;

/// What a confirmation did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Confirmed {
    /// Links that were confirmed.
    pub confirmed: u64,
    /// Up to 100 conflicts that only a decision of their own can end.
    pub left: Vec<Conflict>,
    /// How many those are in all.
    pub left_in_all: u64,
}

/// The directory of a tenant.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Directory {
    /// The connection that is the directory.
    pub connection: Connection,
    /// Whether one of its syncs, among its newest 10,000 sessions, read it completely. Until one does, it does not know of everybody.
    pub was_read: bool,
    /// What is the matter with it now, so that it may not tell of everybody who left: a credential that the vendor refuses, removals
    /// that wait for a person, lists that were not read completely.
    pub troubles: Vec<Health>,
}

impl Directory {
    /// Why it may not know of everybody who left, and what to do about it; none where nothing is the matter.
    pub fn lack(&self) -> Option<(String, String)> {
        let id = &self.connection.id;
        let life = &self.connection.life;
        match life.state {
            state if state.runs() && self.was_read => {
                let told = |trouble: &Health| match trouble.state {
                    HealthState::Reconnect => format!("its credential no longer works ({})", trouble.why),
                    HealthState::Held => format!("what is missing waits for a person ({})", trouble.why),
                    _ => format!("not everything could be read ({})", trouble.why),
                };
                let why: Vec<String> = self.troubles.iter().map(told).collect();
                let next: Vec<&str> = self.troubles.iter().map(|trouble| trouble.next.as_str()).collect();
                (!why.is_empty()).then(|| (format!("of the directory, {id}, {}", why.join(", and ")), next.join("; then ")))
            }
            state if state.runs() => {
                Some((format!("the directory, {id}, was never read completely"), format!("headcount sync {id}")))
            }
            state => {
                let never = if self.was_read { "" } else { ", and was never read completely" };
                Some((format!("the directory, {id}, is {state}, so it is not kept up{never}"), life.next.clone()))
            }
        }
    }
}

impl Tenant {
    /// Who is called so: by number (`p12`), sync key or e-mail address, in any letter case. Several where it is not clear; at most 100.
    ///
    /// # Errors
    /// The store failed.
    pub async fn find_people(&self, who: &str) -> Result<Vec<Person>, Error> {
        let store = self.store();
        if let Ok(id) = who.trim().parse::<PersonId>()
            && let Some(person) = store.person(&self.id, id).await?
        {
            return Ok(vec![person]);
        }
        let mut people = Vec::new();
        for id in store.persons_called(&self.id, who).await? {
            people.extend(store.person(&self.id, id).await?);
        }
        Ok(people)
    }

    /// Everything that one person reaches, in every connection, and through what. What is marked as
    /// [`unlinked`](AccessPath::unlinked) is reached by accounts that may be the person's or somebody else's: decide that before anything
    /// is taken away.
    ///
    /// # Errors
    /// The store failed.
    pub async fn access(&self, person: PersonId) -> Result<Vec<AccessPath>, Error> {
        Ok(self.store().access_of(&self.id, person).await?)
    }

    /// Accounts that are nobody's, and have a key or an address of this person's: at most 100. They may be the person's.
    ///
    /// # Errors
    /// The store failed.
    pub async fn unclaimed(&self, person: PersonId) -> Result<Vec<Unlinked>, Error> {
        Ok(self.store().unclaimed(&self.id, person).await?)
    }

    /// Marks a connection as the directory: the one that says who works there, and who left. None takes the mark away.
    ///
    /// # Errors
    /// There is no such connection, or it was removed.
    pub async fn set_directory(&self, connection: Option<&ConnectionId>) -> Result<(), Error> {
        if let Some(id) = connection {
            self.unremoved(id).await?;
        }
        match self.store().set_directory(&self.id, connection, Timestamp::now()).await {
            Err(StoreError::NoConnection { tenant, connection }) => Err(Error::NoConnection(tenant, connection)),
            done => Ok(done?),
        }
    }

    /// The connection that says who works there, and whether it can say of everybody who left. None: there is no directory.
    ///
    /// # Errors
    /// The store failed.
    pub async fn directory(&self) -> Result<Option<Directory>, Error> {
        let Some(id) = self.store().directory(&self.id).await? else { return Ok(None) };
        let connection = self.connection(&id).await?;
        let whole = |session: &Session| {
            let feeds = &session.counters.feeds;
            !feeds.is_empty() && feeds.values().all(|feed| feed.incomplete == 0)
        };
        let was_read = self.applied_sync(&id, whole).await?.is_some();
        let mut troubles = Vec::from_iter(Some(connection.health.clone()).filter(|health| health.state != HealthState::Ok));
        if connection.health.state != HealthState::Held {
            // A refused credential hides that something waits.
            troubles.extend(self.waiting(&id).await?);
        }
        Ok(Some(Directory { connection, was_read, troubles }))
    }

    /// Says of conflicts of a connection, or of one account of it, that nothing is wrong: accounts whose key has changed stay whose they
    /// are, under their new key, where nobody else has it; accounts that have a key which was freed before are that person's; twins
    /// stay together. What is not so simple is left, and told.
    ///
    /// # Errors
    /// There is no such connection, or the store failed.
    pub async fn confirm(
        &self,
        connection: &ConnectionId,
        account: Option<&str>,
        decision: &Decision,
    ) -> Result<Confirmed, Error> {
        self.connection(connection).await?;
        let mut filter = Filter { connection: Some(connection.clone()), limit: PORTION, ..Filter::default() };
        let mut done = Confirmed::default();
        loop {
            let conflicts = self.store().conflicts(&self.id, &filter).await?;
            let full = conflicts.len() >= PORTION as usize;
            filter.after = conflicts.last().map(|last| (last.connection.to_string(), last.account.clone()));
            for conflict in conflicts.into_iter().filter(|conflict| account.is_none_or(|account| conflict.account == account)) {
                match obvious(&conflict) {
                    Some(person) => {
                        let owner = Owner::Person(person);
                        self.store().link(&self.id, &conflict.connection, &conflict.account, owner, decision).await?;
                        done.confirmed += 1;
                    }
                    None => {
                        done.left_in_all += 1;
                        if done.left.len() < 100 {
                            done.left.push(conflict);
                        }
                    }
                }
            }
            if !full {
                break;
            }
        }
        if done.confirmed > 0 {
            // What waited for these can go on.
            self.store().correlate(&self.id, connection, Timestamp::now()).await?;
        }
        Ok(done)
    }
}

/// Whose an account is, when nothing is wrong.
fn obvious(conflict: &Conflict) -> Option<PersonId> {
    match (conflict.doubt, conflict.person, conflict.candidates.as_slice()) {
        (Doubt::Changed, Some(person), []) | (Doubt::Duplicate, Some(person), _) => Some(person),
        (Doubt::Reused, None, [person]) => Some(*person),
        _ => None,
    }
}
