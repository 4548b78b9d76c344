//! The session's log: what the connector wrote to it, and to its standard output and error. Bounded by the budget; the last lines of
//! a call are kept beyond it, to be shown with a trap.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::budget::Meter;

/// A longer line is broken.
const MAX_LINE: usize = 4 << 10;
/// What a line costs beside its text, so that empty ones aren't free.
const LINE_COST: u64 = 64;
/// What a trap shows.
const TAIL_LINES: usize = 20;
const TAIL_BYTES: usize = 4 << 10;
/// What a connector may write at once.
const WRITE: usize = 64 << 10;
/// Stands in the log where it was cut off.
const CUT: &str = "(the log's budget is used up: further lines are dropped)";

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For the connector's author.
    Debug,
    /// Worth knowing; standard output comes here.
    Info,
    /// Something is off; standard error comes here.
    Warn,
    /// Something failed.
    Error,
}

/// One line. It is stored as it came: show it through [`printable`](headcount_model::printable).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// What was written.
    pub message: String,
}

/// The lines of all calls.
pub(super) struct SessionLog {
    meter: Arc<Meter>,
    lines: Mutex<Vec<LogLine>>,
    /// Lines past the budget were dropped.
    cut: AtomicBool,
}

impl SessionLog {
    pub(super) fn new(meter: Arc<Meter>) -> Arc<Self> {
        Arc::new(SessionLog { meter, lines: Mutex::default(), cut: AtomicBool::new(false) })
    }

    /// Whether lines past the budget were dropped.
    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    pub(super) fn lines(&self) -> Vec<LogLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Takes secrets out of a text.
pub(super) type Clean = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// What one instance writes through.
#[derive(Clone)]
pub(super) struct InstanceLog {
    session: Arc<SessionLog>,
    clean: Clean,
    tail: Arc<Mutex<VecDeque<String>>>,
}

impl InstanceLog {
    pub(super) fn new(session: &Arc<SessionLog>, clean: Clean) -> Self {
        InstanceLog { session: Arc::clone(session), clean, tail: Arc::default() }
    }

    /// Writes one line, or several if it is too long for one.
    pub(super) fn write(&self, level: LogLevel, message: &str) {
        // Before it is broken into lines, in which nobody would find a secret.
        let message = (self.clean)(message);
        let mut rest = message.as_str();
        loop {
            let (line, after) = rest.split_at(rest.floor_char_boundary(MAX_LINE));
            self.line(level, line);
            rest = after;
            if rest.is_empty() {
                return;
            }
        }
    }

    fn line(&self, level: LogLevel, line: &str) {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(line.to_owned());
        drop(tail);
        let line = if self.session.meter.log(line.len() as u64 + LINE_COST) {
            LogLine { level, message: line.to_owned() }
        } else if !self.session.cut.swap(true, Ordering::Relaxed) {
            LogLine { level: LogLevel::Warn, message: CUT.to_owned() }
        } else {
            return;
        };
        self.session.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// Forgets the last lines: another call begins.
    pub(super) fn begin(&self) {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The last lines of the call.
    pub(super) fn tail(&self) -> String {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let text = tail.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n");
        let from = text.ceil_char_boundary(text.len().saturating_sub(TAIL_BYTES));
        text.get(from..).unwrap_or_default().to_owned()
    }
}

/// Standard output or error. All streams of one kind write the same lines; a line without an end is written with the next.
#[derive(Clone)]
pub(super) struct Output {
    log: InstanceLog,
    level: LogLevel,
    partial: Arc<Mutex<Vec<u8>>>,
}

impl Output {
    pub(super) fn new(log: &InstanceLog, level: LogLevel) -> Self {
        Output { log: log.clone(), level, partial: Arc::default() }
    }

    /// Writes what has no end yet: the call is over.
    pub(super) fn end(&self) {
        let partial = std::mem::take(&mut *self.partial.lock().unwrap_or_else(PoisonError::into_inner));
        if !partial.is_empty() {
            self.log.write(self.level, &String::from_utf8_lossy(&partial));
        }
    }

    fn take(&self, bytes: &[u8]) {
        let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            partial.extend_from_slice(piece);
            let ended = partial.last() == Some(&b'\n');
            if ended || partial.len() >= MAX_LINE {
                let line = std::mem::take(&mut *partial);
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                self.log.write(self.level, &String::from_utf8_lossy(line));
            }
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;

    fn log(budget: Budget) -> (Arc<SessionLog>, InstanceLog) {
        let session = SessionLog::new(Meter::new(budget));
        let log = InstanceLog::new(&session, Arc::new(|text| text.replace("hunter2", "*******")));
        (session, log)
    }

    #[test]
    fn streams_become_lines_whatever_the_chunks() {
        let (session, log) = log(Budget::default());
        let output = Output::new(&log, LogLevel::Warn);
        for chunk in ["on", "e\ntwo\nth", "ree"] {
            output.take(chunk.as_bytes());
        }
        output.end();
        let messages: Vec<String> = session.lines().into_iter().map(|line| line.message).collect();
        assert_eq!(messages, ["one", "two", "three"]);
    }

    #[test]
    fn a_secret_gets_neither_into_the_log_nor_into_its_tail() {
        let (session, log) = log(Budget::default());
        let output = Output::new(&log, LogLevel::Info);
        for chunk in ["it is hun", "ter2\nand hunter2"] {
            output.take(chunk.as_bytes());
        }
        output.end();
        log.write(LogLevel::Info, &format!("{}hunter2", "x".repeat(MAX_LINE - 3)));
        assert!(!format!("{:?} {}", session.lines(), log.tail()).contains("hun"));
        assert_eq!(session.lines()[0].message, "it is *******");
    }

    #[test]
    fn a_log_past_its_budget_is_dropped_but_its_tail_is_kept() {
        let (session, log) = log(Budget { log_bytes: 1_000, ..Budget::default() });
        for at in 0..100_000 {
            log.write(LogLevel::Info, &format!("line {at}"));
        }
        let lines = session.lines();
        assert!(session.is_cut() && lines.len() < 20);
        // It is told once.
        assert_eq!(lines.iter().filter(|line| line.message == CUT).count(), 1);
        assert!(log.tail().ends_with("line 99999"));
        assert_eq!(log.tail().lines().count(), TAIL_LINES);
    }

    #[test]
    fn empty_and_endless_lines_are_bounded() {
        let (session, log) = log(Budget { log_bytes: 100_000, ..Budget::default() });
        let output = Output::new(&log, LogLevel::Info);
        output.take(&vec![b'\n'; 1 << 20]);
        output.take(&vec![b'x'; 1 << 20]);
        assert!(session.lines().len() <= 1 + 100_000 / LINE_COST as usize);
        assert!(output.partial.lock().unwrap().len() <= MAX_LINE);
        log.write(LogLevel::Info, &"é".repeat(1 << 20));
        assert!(log.tail().len() <= TAIL_BYTES);
    }
}
