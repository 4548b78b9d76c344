//! Ctrl-C and SIGTERM: the first stops cleanly, the second at once.

use tokio_util::sync::CancellationToken;

use crate::exit::Exit;

/// Cancels this token at the first signal; ends the program at the second.
pub fn cancels(token: CancellationToken) {
    tokio::spawn(async move {
        if signal().await.is_err() {
            return;
        }
        eprintln!("stopping cleanly: what was stored stays as it was. Press Ctrl-C again to stop at once.");
        token.cancel();
        if signal().await.is_ok() {
            std::process::exit(Exit::Cancelled as i32);
        }
    });
}

async fn signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
