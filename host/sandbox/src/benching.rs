//! Parts of the sandbox that a bench measures alone. No part of the interface.

use bytes::Bytes;

use crate::egress::EgressError;
use crate::vault::{Scrubber, Window};

/// The scrubber of one connection's secrets.
pub struct Scrubbing(Scrubber);

impl Scrubbing {
    /// None if all secrets are too short to be looked for.
    ///
    /// # Errors
    /// A secret is too long.
    pub fn new(secrets: &[&str]) -> Result<Option<Self>, EgressError> {
        let secrets = secrets.iter().map(|secret| ("api-key", secret.as_bytes()));
        Ok(Scrubber::new(secrets)?.map(Scrubbing))
    }

    /// Takes a body through, piece by piece as it would come, and gives each piece that a connector would get. Says how many secrets
    /// were overwritten.
    pub fn stream(&self, pieces: impl IntoIterator<Item = Bytes>, mut out: impl FnMut(Bytes)) -> u64 {
        let mut window = Window::default();
        for piece in pieces {
            out(window.push(&self.0, &piece, false));
        }
        out(window.push(&self.0, &[], true));
        window.hits
    }
}
