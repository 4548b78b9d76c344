//! A session's last step, once its records are applied: what the mapping makes of its accounts, and whose they are.

use headcount_model::{Manifest, printable};
use headcount_store::{Apply, Connection, Rehearsal, Rehearsed, SessionEnd, Store, StoreError};

use super::ending::settle;
use super::{Job, Reading, SyncError};
use crate::mapping::{RemapError, Remapped, Trial, compile, mapping_of, remap_changed};
use crate::options::SyncOptions;
use crate::people;

/// How many notes a session's end keeps.
const MOST_NOTES: usize = 100;

impl Reading<'_> {
    /// What follows from the records that were just applied: the fields of accounts, and whose they are.
    pub(super) async fn follow_up(&self, end: &mut SessionEnd) {
        let (store, connection) = (self.store, self.connection);
        let mapped = self.guard(remapped(store, connection, self.manifest)).await;
        finish(store, connection, mapped, end).await;
    }

    /// What a test run does: applies what was read, maps and links, and gives all of it up.
    pub(super) async fn rehearse(&self, apply: &Apply, mut end: SessionEnd) -> Result<SessionEnd, SyncError> {
        let (store, connection) = (self.store, self.connection);
        let (mapping, _) = mapping_of(store, connection, self.manifest).await?;
        let session = store.session(&connection.tenant, self.session).await?;
        let mut trial = compile(mapping).await.map(|mapping| Trial::new(mapping, session));
        let rehearsal = trial.as_mut().ok().map(|trial| -> &mut dyn Rehearsal { trial });
        let Rehearsed { applied, correlated } =
            self.guard(store.rehearse(&connection.tenant, self.session, apply, rehearsal)).await??;
        let foreign = applied.foreign;
        settle(&mut end, applied, self.session);
        if foreign {
            return Ok(end);
        }
        let left = |why: &str| format!("not all fields were tried: {}", printable(why));
        let mut notes = Vec::new();
        match trial.map(Trial::end) {
            Ok((told, stopped)) => {
                notes.extend(failures(&told));
                notes.extend(stopped.map(|stopped| left(&stopped.to_string())));
                end.counters.mapped = told.counters;
            }
            Err(problem) => notes.push(left(&problem.to_string())),
        }
        notes.extend(correlated.as_ref().and_then(people::would_wait));
        note(notes, &mut end);
        Ok(end)
    }
}

/// The same for a session that another process applied.
pub(super) async fn follow_up(job: &Job<'_>, options: &SyncOptions, end: &mut SessionEnd) {
    let work = remapped(job.store, job.connection, job.manifest);
    let mapped = tokio::select! {
        biased;
        () = options.cancel.cancelled() => Err(SyncError::Cancelled),
        done = tokio::time::timeout(options.deadline, work) => done.map_err(|_| SyncError::Deadline(options.deadline)),
    };
    finish(job.store, job.connection, mapped, end).await;
}

/// Maps the accounts that changed.
async fn remapped(store: &dyn Store, connection: &Connection, manifest: &Manifest) -> Result<Remapped, RemapError> {
    // As it is now: the scope that was just learned is among what fields can be made of.
    let (tenant, id) = (&connection.tenant, &connection.id);
    let gone = || StoreError::NoConnection { tenant: tenant.clone(), connection: id.clone() };
    let connection = store.connection(tenant, id).await?.ok_or_else(gone)?;
    let (mapping, _) = mapping_of(store, &connection, manifest).await?;
    remap_changed(store, &connection, &compile(mapping).await?).await
}

/// Tells what could not be mapped, which is left to the next session as the records are applied already; then links accounts by what
/// their keys are now, if all are known: a link lasts.
async fn finish(
    store: &dyn Store,
    connection: &Connection,
    mapped: Result<Result<Remapped, RemapError>, SyncError>,
    end: &mut SessionEnd,
) {
    let left = |why: &str| format!("not all fields were mapped; the next session does the rest: {}", printable(why));
    let mut notes = Vec::new();
    match mapped {
        Ok(Ok(told)) => {
            notes.extend(failures(&told));
            end.counters.mapped = told.counters;
            notes.extend(people::correlate(store, connection).await);
        }
        Ok(Err(problem)) => notes.push(left(&problem.to_string())),
        Err(stopped) => notes.push(left(&stopped.to_string())),
    }
    note(notes, end);
}

/// Which fields could not be made, in sentences.
fn failures(told: &Remapped) -> impl Iterator<Item = String> + '_ {
    told.failures.iter().map(|(field, why)| {
        let failed = told.counters.failed.get(field).copied().unwrap_or(0);
        format!("the field {field} could not be made for {failed} accounts: {why}")
    })
}

fn note(notes: Vec<String>, end: &mut SessionEnd) {
    for note in notes {
        if end.notes.len() < MOST_NOTES && !end.notes.contains(&note) {
            end.notes.push(note);
        }
    }
}
