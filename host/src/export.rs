//! Exports: every collection as rows, read from the store page by page and written as they come.

mod rows;
mod source;
mod tables;

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use headcount_export::{Aside, ExportError, Format, Options, Row, Writer};
use headcount_model::ConnectionId;

use crate::{Error, Tenant};
use source::Source;

/// Portions of rows on their way from the store to the writer.
const IN_FLIGHT: usize = 2;

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Collection {
    /// Accounts at vendors, as the vendors have them.
    Users,
    /// Groups.
    Groups,
    /// Roles.
    Roles,
    /// What one signs in to.
    Applications,
    /// Licenses and who holds them.
    Licenses,
    /// Devices and other assets.
    Assets,
    /// Who holds what.
    Grants,
    /// Persons.
    People,
    /// Whose each account is, and why; accounts that are nobody's, too.
    Links,
    /// What the mappings made of accounts.
    Accounts,
    /// Connections, without secrets.
    Connections,
    /// The newest 10,000 sessions.
    Sessions,
    /// What was decided about removals that waited, by whom and why.
    Decisions,
    /// Actions that were asked for, and what became of them; the newest first.
    Actions,
    /// What people were told; the newest first.
    Notices,
    /// What changed, as far as it is kept.
    Changes,
    /// The catalogue of software.
    Software,
}

/// A text that names no collection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a collection: choose {list}", list = Collection::list())]
pub struct UnknownCollection(pub String);

impl Collection {
    /// All of them.
    pub const ALL: [Collection; 17] = [
        Collection::Users,
        Collection::Groups,
        Collection::Roles,
        Collection::Applications,
        Collection::Licenses,
        Collection::Assets,
        Collection::Grants,
        Collection::People,
        Collection::Links,
        Collection::Accounts,
        Collection::Connections,
        Collection::Sessions,
        Collection::Decisions,
        Collection::Actions,
        Collection::Notices,
        Collection::Changes,
        Collection::Software,
    ];

    /// The word on the command line, and the name of its file.
    pub fn as_str(self) -> &'static str {
        self.table().name
    }

    fn list() -> String {
        Collection::ALL.map(Collection::as_str).join(", ")
    }
}

impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Collection {
    type Err = UnknownCollection;

    fn from_str(text: &str) -> Result<Self, UnknownCollection> {
        Collection::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| UnknownCollection(text.to_owned()))
    }
}

/// How a collection is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportOptions {
    /// The format.
    pub format: Format,
    /// Of one connection only, where rows have one.
    pub connection: Option<ConnectionId>,
    /// Records that are gone, too.
    pub gone: bool,
    /// CSV cells exactly as they are: by default, cells that a spreadsheet would take for formulas get a leading quote.
    pub raw: bool,
}

impl ExportOptions {
    /// Everything that is there, in this format.
    pub fn new(format: Format) -> Self {
        ExportOptions { format, connection: None, gone: false, raw: false }
    }
}

/// What was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Rows.
    pub rows: u64,
    /// The number of the tenant's last change when the export began. Whoever goes on from there with [`Changes::changes`](headcount_store::Changes::changes) misses
    /// nothing; changes that came while the export ran may be in it already. People, links and accounts then have to be exported with
    /// [`ExportOptions::gone`]: they stay while a user is gone, and no change tells them when it returns.
    pub cursor: u64,
}

impl Tenant {
    /// Writes a collection into a sink, on a thread of its own, in memory that doesn't grow with the number of rows. After a failure, what
    /// is in the sink is not whole.
    ///
    /// # Errors
    /// The store failed, or the sink can't be written to.
    pub async fn export<W>(&self, collection: Collection, options: &ExportOptions, sink: W) -> Result<(W, Exported), Error>
    where
        W: Write + Send + 'static,
    {
        let (cursor, _) = self.store().change_bounds(&self.id).await?;
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<Vec<Row>>(IN_FLIGHT);
        let (format, table, raw) = (options.format, collection.table(), options.raw);
        let writing = tokio::task::spawn_blocking(move || {
            let mut writer = Writer::new(format, table, Options { raw }, sink)?;
            while let Some(rows) = receiver.blocking_recv() {
                rows.iter().try_for_each(|row| writer.write(row))?;
            }
            let rows = writer.written();
            Ok::<_, ExportError>((writer.finish()?, rows))
        });
        let mut source = Source::new(self, collection, options);
        let mut failed = None;
        loop {
            match source.next().await {
                Ok(Some(rows)) => {
                    if sender.send(rows).await.is_err() {
                        // The writer ended early: it says why.
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        drop(sender);
        let written = writing.await.map_err(|error| ExportError::Output(std::io::Error::other(error.to_string())))?;
        match failed {
            Some(error) => Err(error),
            None => {
                let (sink, rows) = written?;
                Ok((sink, Exported { rows, cursor }))
            }
        }
    }

    /// Writes a collection into a file, which is put in its place when it is whole; only its owner may read it.
    ///
    /// # Errors
    /// The store failed, or the file can't be written.
    pub async fn export_file(&self, collection: Collection, options: &ExportOptions, path: &Path) -> Result<Exported, Error> {
        let owned = path.to_owned();
        let file = blocking(move || Aside::new(&owned)).await?;
        let (file, exported) = self.export(collection, options, file).await?;
        blocking(move || file.place()).await?;
        Ok(exported)
    }
}

/// What waits for a disk, on a thread of its own.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, ExportError> + Send + 'static) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| ExportError::Output(std::io::Error::other(error.to_string())))??)
}
