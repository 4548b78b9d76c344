//! Ctrl-C and SIGTERM: the first stops cleanly, the second at once.

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
    listens(token.clone(), token);
}

/// At the first Ctrl-C, cancels; at the first SIGTERM, stops syncs where they are, for the next one to go on. Ends the program at the
/// second signal.
pub fn cancels_or_pauses(cancel: CancellationToken, pause: CancellationToken) {
    listens(cancel, pause);
}

fn listens(cancel: CancellationToken, pause: CancellationToken) {
    tokio::spawn(async move {
        match signal().await {
            Ok(Signal::Interrupt) => {
                eprintln!("stopping cleanly: what was stored stays as it was. Press Ctrl-C again to stop at once.");
                cancel.cancel();
            }
            Ok(Signal::Terminate) => {
                eprintln!("stopping where it is: the next run goes on with what was interrupted.");
                pause.cancel();
            }
            Err(_) => return,
        }
        if signal().await.is_ok() {
            std::process::exit(Exit::Cancelled as i32);
        }
    });
}

async fn signal() -> std::io::Result<Signal> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed.map(|()| Signal::Interrupt),
            _ = terminate.recv() => Ok(Signal::Terminate),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map(|()| Signal::Interrupt)
}
