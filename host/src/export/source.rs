//! A collection's rows, read from the store in portions.

use headcount_export::Row;
use headcount_model::{ActionRunId, Kind, SessionId};
use headcount_store::{ActionFilter, ChangeFilter, Filter, NoticeFilter};
use serde_json::json;

use super::{Collection, ExportOptions, rows};
use crate::{Error, Tenant};

/// Rows asked of the store at once.
const PORTION: u32 = 1_000;

/// Sessions that are exported.
const SESSIONS: u32 = 10_000;

/// Sessions and actions asked of the store at once: each tells a long story.
const AT_ONCE: u32 = 100;

/// Where an export is.
pub(super) struct Source<'a> {
    tenant: &'a Tenant,
    collection: Collection,
    filter: Filter,
    /// Of changes and decisions: the number to ask after next; of notices: the one to ask before next.
    number: Option<u64>,
    /// Of actions: the one to ask before next.
    action: Option<ActionRunId>,
    /// Of sessions: the one to ask before next, and how many are still to come.
    before: Option<SessionId>,
    sessions_left: u32,
    /// Of links: those of persons were read, and accounts that are nobody's follow.
    linked: bool,
    over: bool,
}

impl<'a> Source<'a> {
    pub(super) fn new(tenant: &'a Tenant, collection: Collection, options: &ExportOptions) -> Self {
        let filter = Filter { connection: options.connection.clone(), gone: options.gone, limit: PORTION, ..Filter::default() };
        let (number, action, before) = (None, None, None);
        Source { tenant, collection, filter, number, action, before, sessions_left: SESSIONS, linked: false, over: false }
    }

    /// The next rows; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Row>>, Error> {
        while !self.over {
            let rows = self.portion().await?;
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }

    async fn portion(&mut self) -> Result<Vec<Row>, Error> {
        match self.collection {
            Collection::Users => self.records(Kind::User).await,
            Collection::Groups => self.records(Kind::Group).await,
            Collection::Roles => self.records(Kind::Role).await,
            Collection::Applications => self.records(Kind::Application).await,
            Collection::Licenses => self.records(Kind::License).await,
            Collection::Assets => self.records(Kind::Asset).await,
            Collection::Grants => self.records(Kind::Grant).await,
            Collection::People => self.people().await,
            Collection::Links => self.links().await,
            Collection::Accounts => self.accounts().await,
            Collection::Decisions => self.decisions().await,
            Collection::Actions => self.actions().await,
            Collection::Notices => self.notices().await,
            Collection::Changes => self.changes().await,
            Collection::Connections => {
                self.over = true;
                self.connections().await
            }
            Collection::Sessions => self.sessions().await,
            Collection::Software => {
                self.over = true;
                let catalogue = self.tenant.store().catalogue(self.tenant.id()).await?;
                Ok(catalogue.iter().map(|software| rows::object(json!(software))).collect())
            }
        }
    }

    /// Notes where the next portion begins, and whether this was the last.
    fn moved(&mut self, read: usize, last: Option<(String, String)>) {
        self.over = read < PORTION as usize;
        self.filter.after = last;
    }

    async fn records(&mut self, kind: Kind) -> Result<Vec<Row>, Error> {
        let read = self.tenant.store().list(self.tenant.id(), kind, &self.filter).await?;
        self.moved(read.len(), read.last().map(|row| (row.connection.to_string(), row.key.clone())));
        Ok(read.iter().map(rows::of_record).collect())
    }

    async fn people(&mut self) -> Result<Vec<Row>, Error> {
        let read = self.tenant.store().people(self.tenant.id(), &self.filter, 1).await?;
        self.moved(read.len(), read.last().map(|person| (person.id.to_string(), person.key.clone())));
        Ok(read.iter().map(rows::of_person).collect())
    }

    async fn links(&mut self) -> Result<Vec<Row>, Error> {
        let store = self.tenant.store();
        if self.linked {
            let read = store.unlinked(self.tenant.id(), &self.filter).await?;
            self.moved(read.len(), read.last().map(|one| (one.connection.to_string(), one.account.clone())));
            return Ok(read.iter().map(rows::of_unlinked).collect());
        }
        let read = store.people(self.tenant.id(), &self.filter, 1).await?;
        self.filter.after = read.last().map(|person| (person.id.to_string(), person.key.clone()));
        if read.len() < PORTION as usize {
            (self.linked, self.filter.after) = (true, None);
        }
        let wanted = self.filter.connection.as_ref().map(|id| json!(id));
        let of_connection = |row: &Row| wanted.as_ref().is_none_or(|wanted| row.get("connection") == Some(wanted));
        Ok(read.iter().flat_map(rows::links).filter(of_connection).collect())
    }

    async fn accounts(&mut self) -> Result<Vec<Row>, Error> {
        let read = self.tenant.store().account_fields(self.tenant.id(), &self.filter).await?;
        self.moved(read.len(), read.last().map(|one| (one.connection.to_string(), one.account.clone())));
        Ok(read.iter().map(|one| rows::object(json!(one))).collect())
    }

    async fn changes(&mut self) -> Result<Vec<Row>, Error> {
        let store = self.tenant.store();
        let after = match self.number {
            Some(number) => number,
            None => store.change_bounds(self.tenant.id()).await?.1,
        };
        let filter = ChangeFilter { connection: self.filter.connection.clone(), ..ChangeFilter::default() };
        let page = store.changes(self.tenant.id(), after, PORTION, &filter).await?;
        self.number = Some(page.cursor);
        self.over = page.end;
        Ok(page.changes.iter().map(|change| rows::object(json!(change))).collect())
    }

    async fn sessions(&mut self) -> Result<Vec<Row>, Error> {
        let (connection, limit) = (self.filter.connection.as_ref(), AT_ONCE.min(self.sessions_left));
        let read = self.tenant.store().sessions_before(self.tenant.id(), connection, self.before, limit).await?;
        self.sessions_left -= limit;
        self.before = read.last().map(|session| session.id);
        self.over = read.len() < limit as usize || self.sessions_left == 0;
        Ok(read.iter().map(rows::of_session).collect())
    }

    async fn decisions(&mut self) -> Result<Vec<Row>, Error> {
        let (connection, after) = (self.filter.connection.as_ref(), self.number.unwrap_or(0));
        let read = self.tenant.store().decisions_after(self.tenant.id(), connection, after, PORTION).await?;
        self.number = read.last().map(|(number, _)| *number);
        self.over = read.len() < PORTION as usize;
        Ok(read.iter().map(rows::of_decision).collect())
    }

    async fn actions(&mut self) -> Result<Vec<Row>, Error> {
        let connection = self.filter.connection.clone();
        let filter = ActionFilter { connection, before: self.action, limit: AT_ONCE, ..ActionFilter::default() };
        let read = self.tenant.store().action_runs(self.tenant.id(), &filter).await?;
        self.action = read.last().map(|run| run.id);
        self.over = read.len() < AT_ONCE as usize;
        Ok(read.iter().map(rows::of_action).collect())
    }

    async fn notices(&mut self) -> Result<Vec<Row>, Error> {
        let connection = self.filter.connection.clone();
        let filter = NoticeFilter { connection, before: self.number, limit: PORTION, ..NoticeFilter::default() };
        let read = self.tenant.store().notices(self.tenant.id(), &filter).await?;
        self.number = read.last().map(|notice| notice.number);
        self.over = read.len() < PORTION as usize;
        Ok(read.iter().map(rows::of_notice).collect())
    }

    async fn connections(&self) -> Result<Vec<Row>, Error> {
        let store = self.tenant.store();
        let directory = store.directory(self.tenant.id()).await?;
        let mut all = Vec::new();
        for connection in self.tenant.connections().await? {
            if self.filter.connection.as_ref().is_some_and(|wanted| *wanted != connection.id) {
                continue;
            }
            let software = store.software_of(self.tenant.id(), &connection.id).await?;
            let software = software.map(|link| link.software.to_string());
            all.push(rows::of_connection(&connection, software, directory.as_ref() == Some(&connection.id)));
        }
        Ok(all)
    }
}
