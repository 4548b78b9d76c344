//! Ctrl-C and SIGTERM: the first stops cleanly, the second at once.

use std::io::Write;

use tokio_util::sync::CancellationToken;

use crate::exit::Exit;

/// Which of the two it was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signal {
    /// Ctrl-C: a person does not want it.
    Interrupt,
    /// SIGTERM: the machine or its operator ends the process.
    Terminate,
}

/// Cancels this token at the first signal; ends the program at the second.
pub fn cancels(token: CancellationToken) {
    listens(token.clone(), token, "stopping cleanly: what was stored stays as it was.");
}

/// At the first signal of either kind, tells this token that what is under way is to stop where it is; ends the program at the second.
pub fn pauses(token: CancellationToken) {
    let Ok(mut signals) = Signals::listen() else { return };
    tokio::spawn(async move {
        if signals.next().await.is_none() {
            return;
        }
        token.cancel();
        say("stopping: whatever is under way stops where it is, for the next start to go on with.");
        if signals.next().await.is_some() {
            std::process::exit(Exit::Cancelled as i32);
        }
    });
}

/// At the first Ctrl-C, cancels; at the first SIGTERM, stops syncs where they are, for the next one to go on. Ends the program at the
/// second signal.
pub fn cancels_or_pauses(cancel: CancellationToken, pause: CancellationToken) {
    listens(cancel, pause, "stopping where it is: the next run goes on with what was interrupted.");
}

/// Tells a person, if anybody listens: whoever read standard error may have ended by the same Ctrl-C.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

fn listens(cancel: CancellationToken, pause: CancellationToken, terminated: &'static str) {
    let Ok(mut signals) = Signals::listen() else { return };
    tokio::spawn(async move {
        match signals.next().await {
            Some(Signal::Interrupt) => {
                cancel.cancel();
                say("stopping cleanly: what was stored stays as it was. Press Ctrl-C again to stop at once.");
            }
            Some(Signal::Terminate) => {
                pause.cancel();
                say(terminated);
            }
            None => return,
        }
        if signals.next().await.is_some() {
            std::process::exit(Exit::Cancelled as i32);
        }
    });
}

/// Both signals. They are listened to from here on, so that none that comes before the first wait ends the program by itself.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(not(unix))]
    fn listen() -> std::io::Result<Self> {
        Ok(Signals {})
    }

    /// The next one; none where signals can't be had.
    async fn next(&mut self) -> Option<Signal> {
        #[cfg(unix)]
        return tokio::select! {
            pressed = self.interrupt.recv() => pressed.map(|()| Signal::Interrupt),
            ended = self.terminate.recv() => ended.map(|()| Signal::Terminate),
        };
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await.ok().map(|()| Signal::Interrupt)
    }
}
