//! A mail server over real TLS, at once or after STARTTLS: the protocol is a library's, the sockets are here.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use mailin::{Action, AuthMechanism, Handler, Response, Session, SessionBuilder, response};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::hostile::certificates::Authority;

/// How it behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// It takes what it gets.
    #[default]
    Takes,
    /// It refuses every message for now.
    Busy,
    /// It refuses one recipient, `nobody@example.com`, for good, and another, `later@example.com`, for now.
    Strict,
    /// It refuses every login.
    Stranger,
    /// It takes what it gets, and does not answer a goodbye.
    Rude,
    /// It accepts connections and never says a word.
    Silent,
}

/// A message that it took.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// Who was to get it.
    pub to: Vec<String>,
    /// The message with its header.
    pub text: String,
}

/// The server. It ends when dropped.
pub struct MailServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its certificate authority, as PEM.
    pub authority: String,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct State {
    mood: Mood,
    received: Vec<Received>,
    logins: Vec<(String, String)>,
    /// Messages begun without TLS.
    in_the_clear: usize,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl MailServer {
    /// A server of this name, with TLS from the first byte or after STARTTLS. It takes any login.
    pub async fn start(name: &str, starttls: bool) -> Result<Self> {
        let authority = Authority::new()?;
        let acceptor = TlsAcceptor::from(authority.server(&[name], &[])?);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let (shared, name) = (state.clone(), name.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, state, name) = (acceptor.clone(), shared.clone(), name.clone());
                // One that breaks off is the client's loss.
                tokio::spawn(async move { serve(stream, &acceptor, state, &name, starttls).await.ok() });
            }
        });
        Ok(MailServer { address, authority: authority.pem(), state, task })
    }

    /// Behaves so from now on.
    pub fn mood(&self, mood: Mood) {
        self.lock().mood = mood;
    }

    /// What it took, in order.
    pub fn received(&self) -> Vec<Received> {
        self.lock().received.clone()
    }

    /// Who logged in, with which password.
    pub fn logins(&self) -> Vec<(String, String)> {
        self.lock().logins.clone()
    }

    /// How many messages were begun without TLS.
    pub fn in_the_clear(&self) -> usize {
        self.lock().in_the_clear
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(stream: TcpStream, acceptor: &TlsAcceptor, state: Arc<Mutex<State>>, name: &str, starttls: bool) -> Result<()> {
    if state.lock().unwrap_or_else(PoisonError::into_inner).mood == Mood::Silent {
        std::future::pending::<()>().await;
    }
    let remote = stream.peer_addr()?.ip();
    let mut builder = SessionBuilder::new(name);
    builder.enable_auth(AuthMechanism::Plain);
    let secure = Arc::new(AtomicBool::new(!starttls));
    let shared = state.clone();
    let desk = Desk { state, now: Received::default(), secure: secure.clone() };
    if starttls {
        builder.enable_start_tls();
        let mut session = builder.build(remote, desk);
        let mut plain = BufStream::new(stream);
        say(&mut plain, &session.greeting()).await?;
        if !converse(&mut session, &mut plain, &shared).await? {
            return Ok(());
        }
        let stream = acceptor.accept(plain.into_inner()).await?;
        secure.store(true, Ordering::Relaxed);
        session.tls_active();
        converse(&mut session, &mut BufStream::new(stream), &shared).await?;
    } else {
        // The session does not know that there is TLS around it.
        builder.insecure_enable_plaintext_auth();
        let mut stream = BufStream::new(acceptor.accept(stream).await?);
        let mut session = builder.build(remote, desk);
        say(&mut stream, &session.greeting()).await?;
        converse(&mut session, &mut stream, &shared).await?;
    }
    Ok(())
}

/// Speaks until the end, or until TLS is to begin: then it is true.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    session: &mut Session<Desk>,
    stream: &mut BufStream<S>,
    state: &Mutex<State>,
) -> Result<bool> {
    let mut line = Vec::new();
    loop {
        line.clear();
        anyhow::ensure!(stream.read_until(b'\n', &mut line).await? > 0, "the client is gone");
        if line.eq_ignore_ascii_case(b"QUIT\r\n") && is_rude(state) {
            std::future::pending::<()>().await;
        }
        let answer = session.process(&line);
        match answer.action {
            Action::NoReply => {}
            Action::Reply => say(stream, &answer).await?,
            Action::Close => {
                say(stream, &answer).await?;
                return Ok(false);
            }
            Action::UpgradeTls => {
                say(stream, &answer).await?;
                return Ok(true);
            }
        }
    }
}

fn is_rude(state: &Mutex<State>) -> bool {
    state.lock().unwrap_or_else(PoisonError::into_inner).mood == Mood::Rude
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, answer: &Response) -> Result<()> {
    stream.write_all(&answer.buffer()?).await?;
    stream.flush().await.context("the client is gone")
}

/// Takes the messages of one connection.
struct Desk {
    state: Arc<Mutex<State>>,
    now: Received,
    secure: Arc<AtomicBool>,
}

impl Desk {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Desk {
    fn mail(&mut self, _: IpAddr, _: &str, _: &str) -> Response {
        if !self.secure.load(Ordering::Relaxed) {
            self.lock().in_the_clear += 1;
        }
        self.now = Received::default();
        if self.lock().mood == Mood::Busy { response::INTERNAL_ERROR } else { response::OK }
    }

    fn rcpt(&mut self, to: &str) -> Response {
        if self.lock().mood == Mood::Strict && to.contains("nobody@example.com") {
            return response::NO_MAILBOX;
        }
        if self.lock().mood == Mood::Strict && to.contains("later@example.com") {
            return response::INTERNAL_ERROR;
        }
        self.now.to.push(to.to_owned());
        response::OK
    }

    fn data(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.now.text.push_str(&String::from_utf8_lossy(bytes));
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let message = std::mem::take(&mut self.now);
        self.lock().received.push(message);
        response::OK
    }

    fn auth_plain(&mut self, _: &str, user: &str, password: &str) -> Response {
        let mut state = self.lock();
        state.logins.push((user.to_owned(), password.to_owned()));
        if state.mood == Mood::Stranger { response::INVALID_CREDENTIALS } else { response::AUTH_OK }
    }
}
