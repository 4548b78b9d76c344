//! How far syncs are: bars on a terminal, plain lines elsewhere, JSON lines for programs.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use headcount::store::{Counters, SessionState};
use headcount::{ConnectionId, Progress};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;

use crate::output::Out;
use crate::words::{counted, duration, number};

/// How often a plain line or JSON line is written while a state lasts.
const EVERY: Duration = Duration::from_secs(2);

/// Less than this is not worth telling.
const SHORT: Duration = Duration::from_secs(5);

/// What a session calls after every page.
pub type Listener = Arc<dyn Fn(&Progress) + Send + Sync>;

/// Shows several syncs at once.
pub enum Board {
    /// Bars, on a terminal.
    Bars(MultiProgress),
    /// Lines on standard error.
    Lines,
    /// JSON lines on standard output.
    Json(Out),
}

impl Board {
    /// The board that fits the output.
    pub fn new(out: Out) -> Self {
        if out.json {
            Board::Json(out)
        } else if std::io::stderr().is_terminal() {
            Board::Bars(MultiProgress::new())
        } else {
            Board::Lines
        }
    }

    /// Follows one connection's sync.
    pub fn follow(&self, connection: &ConnectionId) -> Track {
        match self {
            Board::Bars(bars) => {
                let style =
                    ProgressStyle::with_template("{prefix:<14} {bar:24} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
                let bar = bars.add(ProgressBar::new(0).with_style(style).with_prefix(connection.to_string()));
                bar.set_message("waiting for its turn");
                Track { connection: connection.clone(), show: Show::Bar(bar) }
            }
            Board::Lines => Track { connection: connection.clone(), show: Show::Lines(Arc::default()) },
            Board::Json(out) => Track { connection: connection.clone(), show: Show::Json(*out, Arc::default()) },
        }
    }
}

/// One connection's sync on the board.
#[derive(Clone)]
pub struct Track {
    connection: ConnectionId,
    show: Show,
}

#[derive(Clone)]
enum Show {
    Bar(ProgressBar),
    Lines(Arc<Mutex<Pulse>>),
    Json(Out, Arc<Mutex<Pulse>>),
}

/// What was told last, and when.
#[derive(Default)]
struct Pulse {
    state: Option<SessionState>,
    told: Option<Instant>,
}

impl Pulse {
    fn is_due(&mut self, state: SessionState) -> bool {
        let due = self.state != Some(state) || self.told.is_none_or(|told| told.elapsed() >= EVERY);
        if due {
            *self = Pulse { state: Some(state), told: Some(Instant::now()) };
        }
        due
    }
}

impl Track {
    /// What the session calls.
    pub fn listener(&self) -> Listener {
        let track = self.clone();
        Arc::new(move |progress| track.tell(progress))
    }

    fn tell(&self, progress: &Progress) {
        let counters = &progress.counters;
        match &self.show {
            Show::Bar(bar) => {
                bar.set_length(counters.expected.max(counters.rows).max(1));
                bar.set_position(if progress.state.is_over() { counters.rows.max(1) } else { counters.rows });
                bar.set_message(sentence(progress.state, counters, progress.remaining));
            }
            Show::Lines(pulse) => {
                if pulse.lock().unwrap_or_else(PoisonError::into_inner).is_due(progress.state) {
                    eprintln!("{}: {}", self.connection, sentence(progress.state, counters, progress.remaining));
                }
            }
            Show::Json(out, pulse) => {
                if pulse.lock().unwrap_or_else(PoisonError::into_inner).is_due(progress.state) && !progress.state.is_over() {
                    // A reader that went away is noticed at the end, where an error has somewhere to go.
                    let _ = out.value(&json!({
                        "event": "progress",
                        "connection": self.connection.as_str(),
                        "session": progress.session.to_string(),
                        "state": progress.state.as_str(),
                        "rows": counters.rows,
                        "expected": counters.expected,
                        "requests": counters.requests,
                        "remaining-millis": progress.remaining.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
                    }));
                }
            }
        }
    }

    /// Ends the line with a last word.
    pub fn finish(&self, word: &str) {
        if let Show::Bar(bar) = &self.show {
            bar.finish_with_message(word.to_owned());
        }
    }
}

fn sentence(state: SessionState, counters: &Counters, remaining: Option<Duration>) -> String {
    format!("{}, {}", state.as_str(), so_far(counters, remaining))
}

/// How far a session is: `100 of 1,300 rows, 2 requests, about 36 s left`.
pub fn so_far(counters: &Counters, remaining: Option<Duration>) -> String {
    let rows = match counters.expected {
        expected if expected >= counters.rows && expected > 0 => {
            format!("{} of {} rows", number(counters.rows), number(expected))
        }
        _ => counted(counters.rows, "row"),
    };
    let left = remaining.filter(|time| *time >= SHORT).map(|time| format!(", about {} left", duration(time))).unwrap_or_default();
    format!("{rows}, {}{left}", counted(counters.requests, "request"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_due_at_every_change_of_state_but_not_at_every_page() {
        let mut pulse = Pulse::default();
        assert!(pulse.is_due(SessionState::Checking));
        assert!(pulse.is_due(SessionState::Reading));
        assert!(!pulse.is_due(SessionState::Reading));
        assert!(pulse.is_due(SessionState::Applying));
    }

    #[test]
    fn a_total_is_told_only_where_the_vendor_states_enough() {
        let counters = |rows, expected| Counters { rows, expected, requests: 2, ..Counters::default() };
        assert_eq!(sentence(SessionState::Reading, &counters(100, 1_300), None), "reading, 100 of 1,300 rows, 2 requests");
        assert_eq!(
            sentence(SessionState::Reading, &counters(100, 50), Some(Duration::from_secs(1))),
            "reading, 100 rows, 2 requests"
        );
    }

    #[test]
    fn the_time_that_is_left_is_told_where_it_is_worth_it() {
        let counters = Counters { rows: 100, expected: 1_300, requests: 2, ..Counters::default() };
        let line = sentence(SessionState::Reading, &counters, Some(Duration::from_secs(72)));
        assert_eq!(line, "reading, 100 of 1,300 rows, 2 requests, about 1 min 12 s left");
    }
}
