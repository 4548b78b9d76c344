//! Actions: what a connection offers, a look before it is done, doing it once, and the history of who did what and why.

mod asked;
mod history;
mod permission;
mod preview;
mod request;
mod rule;

use std::collections::BTreeSet;

use headcount_model::manifest::Action;
use headcount_model::{ActionRunId, ConnectionId, FailureCode, Kind, Timestamp};
use headcount_sandbox::CallError;
use headcount_store::{ActionEnd, ActionRun, ActionState, BegunAction, Connection, Guard, InstalledConnector, Row, Witness};
use headcount_sync::{Attempt, Form, Named, Preview, attempt, form, prepare};
use serde_json::Value;

use self::asked::again;
use crate::tenant::Opened;
use crate::{Error, Tenant};

pub use permission::Permission;
pub use request::ActionRequest;
pub use rule::ActionRule;

/// The most accounts whose fields are made anew after an action; the next sync does the rest.
const MOST_TOUCHED: usize = 4_096;

/// An action that was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Acted {
    /// What stands in the history.
    pub run: ActionRun,
    /// It had been done before, under the same key; this time nothing was asked of the vendor.
    pub repeated: bool,
}

/// An action that a connection offers.
#[derive(Clone, Debug)]
pub struct Offered {
    /// What the manifest says of it.
    pub action: Action,
    /// Its input form.
    pub form: Form,
    /// Whether it may be done.
    pub permission: Permission,
}

/// All that it takes to ask a connector for an action.
struct Ready {
    opened: Opened,
    permission: Permission,
    named: Named,
    /// The accounts that it concerns, by id.
    about: Vec<String>,
}

/// What to do about an action of which nobody knows whether it was done.
pub fn unknown_advice(run: &ActionRun) -> String {
    let connection = &run.asked.connection;
    let look = format!("`headcount sync {connection}` shows what the vendor has now");
    if run.asked.repeatable {
        format!("Doing it again is safe, as the vendor takes it once; {look}")
    } else {
        format!("It is not repeated by itself: {look}; ask for it again, under a new key, only if it was not done")
    }
}

impl Tenant {
    /// The actions that a connection offers, with their input forms, and whether they may be done.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn actions(&self, id: &ConnectionId) -> Result<Vec<Offered>, Error> {
        let (connection, manifest) = self.connection_and_manifest(id).await?;
        let mut offered = Vec::with_capacity(manifest.actions.len());
        for action in manifest.actions {
            let permission = self.permission(&connection, &action).await?;
            offered.push(Offered { form: form(&action), action, permission });
        }
        Ok(offered)
    }

    /// What an action would do with this input, and whether it may. Asks nothing of the vendor.
    ///
    /// # Errors
    /// There is no such connection or action, or the input does not fit.
    pub async fn preview(&self, id: &ConnectionId, action: &str, input: &Value) -> Result<(Preview, Permission), Error> {
        let (connection, manifest) = self.connection_and_manifest(id).await?;
        let (action, input) = prepare(&manifest, action, input).await?;
        let permission = self.permission(&connection, action).await?;
        Ok((self.describe(&connection, &manifest, action, &input).await?, permission))
    }

    /// Does one action of a connection, at most once, and stores what it changed. It goes beside a sync of the connection, which
    /// does not overwrite what it changed.
    ///
    /// It stands in the history as started before the vendor is asked. If the process dies, or this future is dropped, before its
    /// end stands there, it becomes unknown, and is never repeated by itself.
    ///
    /// # Errors
    /// The connection can't be opened, another action of it is under way, it has no such action, the input does not fit, it is not
    /// permitted ([`Error::ActionForbidden`]), the vendor refuses ([`Error::ActionNotDone`]), or nobody knows whether it was done
    /// ([`Error::ActionUncertain`], [`Error::ActionNotStored`]).
    pub async fn act(&self, id: &ConnectionId, request: &ActionRequest) -> Result<Acted, Error> {
        request.check()?;
        self.running(id, "acted on").await?;
        let _lease = self.acting(id).await?;
        // As it is now that nobody else acts through it.
        let connection = self.running(id, "acted on").await?;
        let installed = self.installed(&connection.connector).await?;
        let (action, input) = prepare(&installed.manifest, &request.action, &request.input).await?;
        let asked = self.asked(&connection, &installed, action, &input, request).await?;
        let permission = self.permission(&connection, action).await?;
        let run = match self.inner.store.begin_action(&asked).await? {
            BegunAction::Known(known) => return again(*known, &asked),
            BegunAction::New(run) => run,
        };
        if !permission.is_given() {
            return Err(self.forbidden(run, id, action, permission).await);
        }
        match self.ready(connection, &installed, action, &input).await {
            Ok(ready) if ready.permission.is_given() => self.ask(run, ready, action, &input, &request.guard).await,
            Ok(ready) => {
                self.ended(ready.opened.run).await;
                Err(self.forbidden(run, id, action, ready.permission).await)
            }
            Err(error) => {
                let end = nothing_done(ActionState::Failed, error.to_string());
                self.inner.store.end_action(&self.id, run, &end).await?;
                Err(error)
            }
        }
    }

    /// All that it takes to ask: the connection, opened with the very component whose action was looked at.
    async fn ready(
        &self,
        connection: Connection,
        installed: &InstalledConnector,
        action: &Action,
        input: &Value,
    ) -> Result<Ready, Error> {
        let id = connection.id.clone();
        let opened = self.opened(connection).await?;
        if opened.installed.digest != installed.digest {
            return Err(Error::Changed(format!("connector {}", installed.id)));
        }
        let mut named = Named::of(action, input);
        let about = self.about(&id, &mut named).await?;
        // Once more: opening can take minutes, in which somebody may have stopped all actions, or paused the connection.
        let permission = self.permission(&self.connection(&id).await?, action).await?;
        Ok(Ready { opened, permission, named, about })
    }

    /// Ends an action that may not be done.
    async fn forbidden(&self, run: ActionRunId, id: &ConnectionId, action: &Action, permission: Permission) -> Error {
        let end = nothing_done(ActionState::Forbidden, permission.to_string());
        if let Err(error) = self.inner.store.end_action(&self.id, run, &end).await {
            return error.into();
        }
        let (tenant, action) = (self.id.clone(), action.name.clone());
        Error::ActionForbidden { tenant, connection: id.clone(), action, permission: Box::new(permission) }
    }

    /// Asks the connector, and writes down what became of it.
    async fn ask(&self, run: ActionRunId, ready: Ready, action: &Action, input: &Value, guard: &Guard) -> Result<Acted, Error> {
        let Ready { opened, named, about, .. } = ready;
        let Attempt { end, error } = attempt(&self.job(&opened), action, input, &named, &about, guard).await;
        // A store that fails here must not keep the action's own end from it.
        let confirmed = match &error {
            // What is forbidden is this action's failure alone.
            Some(CallError::Failure(failure)) if failure.code == FailureCode::Unauthenticated => {
                self.confirm_reconnect(&opened, failure, Witness::Action(action.name.clone())).await.map(drop)
            }
            _ => Ok(()),
        };
        let connection = opened.connection.id.clone();
        self.ended(opened.run).await;
        self.cut_changes().await;
        let ended = self.inner.store.end_action(&self.id, run, &end).await;
        let ended = match (ended, end.state) {
            (Ok(ended), _) => ended,
            (Err(error), ActionState::Done | ActionState::Unknown) => {
                return Err(Error::ActionNotStored { run, connection: connection.clone(), error });
            }
            (Err(error), _) => return Err(error.into()),
        };
        if let Err(problem) = confirmed {
            tracing::warn!(tenant = %self.id, %connection, %problem, "that the connection must be reconnected was not stored");
        }
        let touched = touched(&end, &about);
        if !touched.is_empty() {
            self.remap_some(&opened.connection, &opened.installed.manifest, &touched).await;
            // What fails here the next sync makes good.
            if let Err(error) = self.inner.store.correlate(&self.id, &connection, Timestamp::now()).await {
                tracing::warn!(tenant = %self.id, %connection, %error, "accounts were not linked to people");
            }
        }
        match (error, ended.state) {
            (None, _) => Ok(Acted { run: ended, repeated: false }),
            (Some(error), ActionState::Unknown) => {
                Err(Error::ActionUncertain { run, problem: error.to_string(), advice: unknown_advice(&ended) })
            }
            (Some(error), _) => Err(Error::ActionNotDone { run, error }),
        }
    }

    /// The accounts of a connection that an input concerns, by id: those it names by id or e-mail address, and the only holder of a
    /// license that it names.
    async fn about(&self, id: &ConnectionId, named: &mut Named) -> Result<Vec<String>, Error> {
        let licenses = named.records().filter(|(kind, _)| *kind == Kind::License);
        let licenses: Vec<String> = licenses.map(|(_, license)| license.to_owned()).take(20).collect();
        let mut holders = BTreeSet::new();
        for license in licenses {
            let held = self.inner.store.holders(&self.id, id, Kind::License, &license).await?;
            if let [only] = held.as_slice() {
                holders.insert(only.user.clone());
            }
        }
        named.accounts(holders.iter().cloned());
        let emails: Vec<String> = named.emails().map(str::to_owned).collect();
        let mut rows: Vec<Row> = Vec::new();
        for email in emails.iter().take(20) {
            rows.extend(self.inner.store.users_by_email(&self.id, id, email).await?);
        }
        named.accounts(rows.iter().map(|row| row.key.clone()));
        let users: Vec<String> =
            named.records().filter(|(kind, _)| *kind == Kind::User).map(|(_, user)| user.to_owned()).take(100).collect();
        for user in users {
            rows.extend(self.inner.store.record(&self.id, id, Kind::User, &user).await?);
        }
        Ok(rows.into_iter().map(|row| row.key).chain(holders).collect::<BTreeSet<_>>().into_iter().collect())
    }
}

fn nothing_done(state: ActionState, why: String) -> ActionEnd {
    let code = if state == ActionState::Forbidden { FailureCode::Forbidden } else { FailureCode::Unavailable };
    ActionEnd {
        state,
        ended_at: Timestamp::now(),
        summary: None,
        effects: Vec::new(),
        output: None,
        failure: Some(headcount_model::Failure::new(code, why)),
        notes: Vec::new(),
        requests: 0,
        brings: None,
    }
}

/// The accounts whose fields an action may have changed: those that it is about, brought in, or took something from.
fn touched(end: &ActionEnd, about: &[String]) -> Vec<String> {
    let mut accounts: BTreeSet<String> = about.iter().cloned().collect();
    if let Some(brought) = &end.brings {
        let pages = brought.pages.iter().map(|page| &page.records);
        for records in pages {
            accounts.extend(records.users.iter().map(|user| user.id.clone()));
            let grants = records.grants.iter().filter(|grant| grant.principal.kind == Kind::User);
            accounts.extend(grants.map(|grant| grant.principal.id.clone()));
        }
        let gone = brought.gone_grants.iter().filter(|grant| grant.principal.kind == Kind::User);
        accounts.extend(gone.map(|grant| grant.principal.id.clone()));
    }
    accounts.into_iter().take(MOST_TOUCHED).collect()
}
