//! Looking for secrets in what a connector sends while it writes it.

use std::sync::Arc;

use aho_corasick::automaton::StateID;
use zeroize::Zeroizing;

use super::Scrubber;

/// Looks for secrets in a stream that it doesn't hold back: a secret that is cut in two is found before its last byte has passed.
/// Each byte is looked at once, however small the pieces are.
#[derive(Default)]
pub(crate) struct Lookout {
    /// Where the search stands, and whose it is.
    at: Option<(Arc<Scrubber>, StateID)>,
    /// As much of what has passed as a secret cut in two could need, at least: for a scrubber that takes the place of the last one.
    pub(super) passed: Zeroizing<Vec<u8>>,
}

impl Lookout {
    /// The field whose secret ends in this piece.
    pub fn find<'a>(&mut self, scrubber: &'a Arc<Scrubber>, piece: &[u8]) -> Option<&'a str> {
        let last = self.at.take().filter(|(last, _)| Arc::ptr_eq(last, scrubber));
        let before = last.map_or_else(|| scrubber.step(scrubber.start, &self.passed), |(_, state)| Ok(state));
        let after = before.and_then(|state| scrubber.step(state, piece));
        self.at = after.ok().map(|state| (scrubber.clone(), state));
        let keep = scrubber.longest.saturating_sub(1);
        self.passed.extend_from_slice(piece);
        if self.passed.len() > 2 * keep {
            let past = self.passed.len() - keep;
            self.passed.drain(..past);
        }
        after.err()
    }
}
