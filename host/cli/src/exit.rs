//! Exit codes: one list, told in `--help`, and how errors map to them.

use std::fmt;
use std::io;

use headcount::sandbox::CallError;
use headcount::sandbox::vault::VaultError;
use headcount::store::StoreError;
use headcount::sync::{ActionError, SyncError};
use headcount::{Failure, FailureCode, SourceError};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything asked for was done.
    Done = 0,
    /// The vendor, the connector or the host failed.
    Failed = 1,
    /// The command line, a setting or an input is wrong.
    Usage = 2,
    /// Something was not read completely, or removals are held.
    Partial = 3,
    /// A credential must be entered again.
    Reconnect = 4,
    /// There is no such thing.
    NotFound = 5,
    /// Nobody knows whether an action was done.
    Unknown = 6,
    /// A person stopped it.
    Cancelled = 130,
}

/// The codes, as `--help` tells them.
pub const HELP: &str = "\
Exit codes:
    0  done
    1  the vendor, the connector or the host failed
    2  the command line, a setting or an input is wrong
    3  something was not read completely, or removals are held
    4  a credential must be entered (again)
    5  there is no such connector, connection, session, person, record or file
    6  it is unknown whether an action was done
  130  cancelled
With several connections: the worst of 130, 1, 4 and 3.

A file given with --config holds the global flags by name (data, keyring, tenant, json, resolve, ca, allow-loopback,
allow-webhook, allow-host, allow-egress, let-denied-requests-out, forbid-actions, verbose), the operator's budget as a table
`[budget]`, with the names that `headcount budget show` lists, how much of each tenant's audit trail and of its changes is
kept: `[audit]` and `[changes]`, each with records and days, how long records are kept that have gone: `[gone]` with days, what
the engine may take: `[engine]` with max-instances, max-memory, max-queueing and max-compiling, when removals wait for a person:
`[guard]` with users (and licenses), others, grants and keys (changed e-mail addresses), each with most, least, percent and
unconfirmed-percent, all-from and holders-from, how `headcount serve` runs: `[serve]` with at-once, each-tenant, grace,
catch-up, overrun (a run that takes longer is told of), deadline (it is ended; of `headcount sync`, too), drain and
messages-an-hour (of each tenant, webhooks and e-mails; more are withheld, and listed), and the mail server for notices:
`[mail]` with host, port, security (tls or starttls), from and user; its password is taken from HEADCOUNT_MAIL_PASSWORD.
A flag goes before the environment, the environment before the file. Lists add up.";

impl Exit {
    /// The worse of two results.
    pub fn worst(self, other: Exit) -> Exit {
        const ORDER: [Exit; 8] = [
            Exit::Done,
            Exit::Partial,
            Exit::Reconnect,
            Exit::NotFound,
            Exit::Usage,
            Exit::Failed,
            Exit::Unknown,
            Exit::Cancelled,
        ];
        let rank = |exit: Exit| ORDER.iter().position(|known| *known == exit);
        if rank(other) > rank(self) { other } else { self }
    }

    /// What a vendor's or connector's failure means for the one who ran the command.
    pub fn of_failure(failure: &Failure) -> Exit {
        match failure.code {
            FailureCode::Unauthenticated => Exit::Reconnect,
            FailureCode::InvalidInput => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    /// The code of an error.
    pub fn of(error: &anyhow::Error) -> Exit {
        if let Some(complaint) = error.downcast_ref::<Complaint>() {
            return complaint.exit;
        }
        if is_closed_pipe(error) {
            return Exit::Done;
        }
        match error.downcast_ref::<headcount::Error>() {
            Some(error) => Exit::of_host(error),
            None => match error.downcast_ref::<CallError>() {
                Some(CallError::Failure(failure)) => Exit::of_failure(failure),
                _ => Exit::Failed,
            },
        }
    }

    /// The code of an error of the host.
    pub fn of_host(error: &headcount::Error) -> Exit {
        use headcount::{ChannelError, ConnectorError, Error, NamedCredentialError, SharedError};
        match error {
            Error::Connector(ConnectorError::None(_)) | Error::NoConnection(..) | Error::Channel(ChannelError::None(..)) => {
                Exit::NotFound
            }
            Error::Rhythm(_) | Error::Channel(_) | Error::Mail(_) | Error::NotActive { .. } => Exit::Usage,
            Error::Mapping(_) | Error::Filter(_) => Exit::Usage,
            Error::Store(
                StoreError::NoAccount { .. }
                | StoreError::NoPerson { .. }
                | StoreError::NoSoftware { .. }
                | StoreError::NoSession { .. },
            ) => Exit::NotFound,
            Error::Store(
                StoreError::SoftwareExists { .. }
                | StoreError::SoftwareInUse { .. }
                | StoreError::CatalogueFull { .. }
                | StoreError::ChangesLost { .. }
                | StoreError::DiffDropped { .. },
            ) => Exit::Usage,
            Error::Named(NamedCredentialError::None(..)) | Error::Shared(SharedError::None { .. }) => Exit::NotFound,
            Error::Secret { .. } | Error::Contact(_) | Error::Life { .. } => Exit::Usage,
            Error::Unusable { .. } | Error::Named(NamedCredentialError::NotRotated { .. }) | Error::OtherOrganization(..) => {
                Exit::Reconnect
            }
            Error::Named(_) | Error::Shared(_) => Exit::Usage,
            Error::Source { problem: SourceError::NotFound | SourceError::Refused(_), .. } => Exit::Reconnect,
            Error::Settings(_)
            | Error::Connector(ConnectorError::NoSecretField { .. })
            | Error::ConnectionExists(..)
            | Error::Id(_) => Exit::Usage,
            Error::Key(VaultError::KeyringName(_) | VaultError::NotInKeyring | VaultError::TwoPlaces { .. }) => Exit::Usage,
            Error::NoCredential { .. } | Error::Credential { .. } => Exit::Reconnect,
            Error::Call(CallError::Failure(failure)) => Exit::of_failure(failure),
            Error::Action(ActionError::Unknown { .. }) => Exit::NotFound,
            Error::Action(ActionError::Input(_)) => Exit::Usage,
            Error::ActionForbidden { .. } | Error::ActionRequest(_) | Error::ActionKeyReused { .. } => Exit::Usage,
            Error::NoActionRun(..) => Exit::NotFound,
            Error::ActionUncertain { .. } | Error::ActionNotStored { .. } => Exit::Unknown,
            Error::ActionNotDone { error: CallError::Failure(failure), .. } => Exit::of_failure(failure),
            Error::Sync(SyncError::Unauthenticated(_) | SyncError::Forbidden(_)) => Exit::Reconnect,
            Error::Sync(SyncError::Cancelled | SyncError::Paused { .. }) => Exit::Cancelled,
            _ => Exit::Failed,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        std::process::ExitCode::from(exit as u8)
    }
}

/// Whether whoever read the output has gone: `headcount users | head`.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe))
}

/// An error of the command line's own: what is wrong, and what to do next.
#[derive(Debug)]
pub struct Complaint {
    exit: Exit,
    message: String,
    next: Option<String>,
}

impl Complaint {
    /// The command line, a setting or an input is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Complaint { exit: Exit::Usage, message: message.into(), next: None }
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Complaint { exit: Exit::NotFound, message: message.into(), next: None }
    }

    /// Something failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Complaint { exit: Exit::Failed, message: message.into(), next: None }
    }

    /// Something that ends the program with this code.
    pub fn of(exit: Exit, message: impl Into<String>) -> Self {
        Complaint { exit, message: message.into(), next: None }
    }

    /// The vendor or the connector refused, and the next step is known better than from the failure alone.
    pub fn refused(exit: Exit, failure: &Failure, next: String) -> Self {
        Complaint { exit, message: failure.to_string(), next: Some(next) }
    }

    /// A file can't be read or written.
    pub fn file(path: &std::path::Path, error: &io::Error) -> Self {
        let message = format!("{}: {error}", path.display());
        if error.kind() == io::ErrorKind::NotFound { Complaint::not_found(message) } else { Complaint::failed(message) }
    }

    /// Says what to do next.
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// What to do next.
    pub fn what_next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Complaint {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_results_wins() {
        assert_eq!(Exit::Done.worst(Exit::Partial), Exit::Partial);
        assert_eq!(Exit::Reconnect.worst(Exit::Partial), Exit::Reconnect);
        assert_eq!(Exit::Reconnect.worst(Exit::Failed), Exit::Failed);
        assert_eq!(Exit::Cancelled.worst(Exit::Failed), Exit::Cancelled);
    }

    #[test]
    fn every_code_stands_in_the_help() {
        for exit in [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::Partial,
            Exit::Reconnect,
            Exit::NotFound,
            Exit::Unknown,
            Exit::Cancelled,
        ] {
            let code = (exit as u8).to_string();
            assert!(HELP.lines().any(|line| line.trim_start().starts_with(&format!("{code}  "))), "{code}");
        }
    }

    #[test]
    fn a_rejected_credential_asks_to_reconnect_and_an_unknown_connection_is_not_found() {
        let rejected = headcount::Error::Call(CallError::Failure(Failure::new(FailureCode::Unauthenticated, "no")));
        assert_eq!(Exit::of(&anyhow::Error::new(rejected)), Exit::Reconnect);
        let tenant = "default".parse().unwrap();
        let unknown = headcount::Error::NoConnection(tenant, "tines".parse().unwrap());
        assert_eq!(Exit::of(&anyhow::Error::new(unknown)), Exit::NotFound);
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let gone = anyhow::Error::new(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(Exit::of(&gone), Exit::Done);
    }
}
