//! The attack corpus: each attack by its name, how it is started, and how it must end. Tests hold every one to it; a benchmark runs
//! all of them beside an honest tenant.
//!
//! An attack is a guest (`tests/hostile/guest/src/<group>/<name>.rs`), a module no compiler would write
//! (`tests/hostile/modules/<name>`), or what somebody does from outside of a connector (`tests/hostile/intruders/<name>.rs`).

mod attacks;
pub(crate) mod certificates;
mod component;
pub(crate) mod dns;
mod frames;
mod inside;
#[path = "../hostile/intruders/mod.rs"]
mod intruders;
#[path = "../hostile/modules/mod.rs"]
mod modules;
mod operator;
mod seen;
mod spellings;
mod twins;
mod vendor;
mod witness;
mod world;

use std::pin::Pin;

use anyhow::Result;
use headcount::sandbox::Resource;
use headcount::{Budget, Manifest, SessionState};

pub use attacks::{LEAK, all, named, over_http2};
pub use frames::Frames;
pub use inside::Inside;
pub use seen::{Ended, Seen};
pub use spellings::Spellings;
pub use twins::Twins;
pub use vendor::Vendor;
pub use witness::Witness;
pub use world::{SECRET, TOKEN, World};

/// What an intruder does, and what came of it.
pub type Intrusion = for<'a> fn(&'a World) -> Pin<Box<dyn Future<Output = Result<Seen>> + Send + 'a>>;

/// One attack.
#[derive(Clone, Copy)]
pub struct Attack {
    /// Its name, which its file and its test have, too.
    pub name: &'static str,
    /// How it is started.
    pub start: Start,
    /// How it must end.
    pub end: End,
    /// Words that the host's reasons for stopping requests must have, each in one of them.
    pub refused: &'static [&'static str],
    /// What must be true of the world afterwards.
    pub afterwards: fn(&World) -> Result<()>,
    /// Further settings of its connection.
    settings: &'static [(&'static str, &'static str)],
    /// What its manifest says otherwise than the guest's own.
    manifest: Option<fn(&mut Manifest)>,
    /// What its component is made of the guest's.
    component: fn(Vec<u8>) -> Vec<u8>,
    /// What its budget allows otherwise than the others'.
    budget: fn(&mut Budget),
    /// Whether it writes more than its log takes.
    floods_its_log: bool,
    /// Whether it runs where the operator opened loopback and memories can be looked into.
    in_glass: bool,
    /// Whether its vendor is the one that speaks HTTP/2.
    over_http2: bool,
}

/// How an attack is started.
#[derive(Clone, Copy)]
pub enum Start {
    /// The host asks who the credential is.
    Check,
    /// The host reads users.
    Read,
    /// The host reads users so many times at once, in one session.
    Reads(usize),
    /// The host asks for an action.
    Invoke(&'static str),
    /// The host syncs: once while the connector is honest, then while it attacks.
    Sync,
    /// Somebody installs this file, and the host calls `check` if it is taken.
    File(fn() -> Result<Vec<u8>>),
    /// Somebody does something from outside.
    Intruder(Intrusion),
}

/// How an attack must end. Texts are words that must be among those of the end.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// A budget stops it.
    Excess(Resource),
    /// Its time is up: the host stops it, or refuses it to wait any longer, whichever comes first.
    Late,
    /// It traps.
    Trap(&'static str),
    /// Its answer breaks the contract.
    Breach(&'static str),
    /// It goes on to its own end and tells what it found.
    Says(&'static str),
    /// It answers as an honest connector would.
    Answers,
    /// The host does not take the file, the setting or the connection.
    Refused(&'static str),
    /// The session ends so, for a reason with these words, and nobody lost anything.
    Session(SessionState, &'static str),
}

impl Attack {
    const fn new(name: &'static str, start: Start, end: End) -> Self {
        Attack {
            name,
            start,
            end,
            refused: &[],
            afterwards: |_| Ok(()),
            settings: &[],
            manifest: None,
            component: |guest| guest,
            budget: |_| (),
            floods_its_log: false,
            in_glass: false,
            over_http2: false,
        }
    }

    /// The same under another name, which the guest does not know: then it is honest.
    pub const fn harmless(self, name: &'static str) -> Self {
        Attack { name, ..self }
    }

    const fn check(name: &'static str, end: End) -> Self {
        Attack::new(name, Start::Check, end)
    }

    const fn read(name: &'static str, end: End) -> Self {
        Attack::new(name, Start::Read, end)
    }

    const fn invoke(name: &'static str, action: &'static str, end: End) -> Self {
        Attack::new(name, Start::Invoke(action), end)
    }

    const fn sync(name: &'static str, end: End) -> Self {
        Attack::new(name, Start::Sync, end)
    }

    const fn file(name: &'static str, file: fn() -> Result<Vec<u8>>, end: End) -> Self {
        Attack::new(name, Start::File(file), end)
    }

    const fn intruder(name: &'static str, does: Intrusion, end: End) -> Self {
        Attack::new(name, Start::Intruder(does), end)
    }

    const fn refused(self, words: &'static [&'static str]) -> Self {
        Attack { refused: words, ..self }
    }

    const fn afterwards(self, holds: fn(&World) -> Result<()>) -> Self {
        Attack { afterwards: holds, ..self }
    }

    const fn component(self, change: fn(Vec<u8>) -> Vec<u8>) -> Self {
        Attack { component: change, ..self }
    }

    const fn with(self, settings: &'static [(&'static str, &'static str)]) -> Self {
        Attack { settings, ..self }
    }

    const fn manifest(self, change: fn(&mut Manifest)) -> Self {
        Attack { manifest: Some(change), ..self }
    }

    const fn budget(self, change: fn(&mut Budget)) -> Self {
        Attack { budget: change, ..self }
    }

    const fn over_http2(self) -> Self {
        Attack { over_http2: true, ..self }
    }

    const fn floods_its_log(self) -> Self {
        Attack { floods_its_log: true, ..self }
    }

    const fn in_glass(self) -> Self {
        Attack { in_glass: true, ..self }
    }
}
