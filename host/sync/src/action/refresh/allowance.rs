//! What all that is read again after one action may come to: a person waits for it, and its pages are held in memory.

use std::time::Duration;

use tokio::time::Instant;

/// Pages in all.
const MOST_PAGES: u32 = 200;
/// Records in all.
pub(super) const MOST_RECORDS: usize = 10_000;
/// Bytes of records in all, as JSON.
const MOST_BYTES: usize = 16 * MIB;
const MIB: usize = 1024 * 1024;
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why reading again was cut short. Nothing is missing because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CutShort {
    /// Too many pages.
    #[error("it takes more than {0} pages")]
    Pages(u32),
    /// Too many records.
    #[error("it comes to more than {0} records")]
    Records(usize),
    /// Too many bytes of them.
    #[error("it comes to more than {} MiB", .0 / MIB)]
    Bytes(usize),
    /// It took too long.
    #[error("it takes longer than {} seconds", .0.as_secs())]
    Late(Duration),
}

/// What is left of it.
pub(super) struct Allowance {
    pages: u32,
    records: usize,
    bytes: usize,
    until: Instant,
}

impl Allowance {
    /// All of it, from now on.
    pub(super) fn new() -> Self {
        Allowance { pages: MOST_PAGES, records: MOST_RECORDS, bytes: MOST_BYTES, until: Instant::now() + PATIENCE }
    }

    /// What a page answers that is asked for within it.
    pub(super) async fn page<T>(&mut self, asked: impl Future<Output = T>) -> Result<T, CutShort> {
        self.pages = self.pages.checked_sub(1).ok_or(CutShort::Pages(MOST_PAGES))?;
        tokio::time::timeout_at(self.until, asked).await.map_err(|_| CutShort::Late(PATIENCE))
    }

    /// Takes a page's records from it.
    pub(super) fn take(&mut self, records: usize, bytes: usize) -> Result<(), CutShort> {
        self.records = self.records.checked_sub(records).ok_or(CutShort::Records(MOST_RECORDS))?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or(CutShort::Bytes(MOST_BYTES))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_ends_at_whichever_bound_comes_first() {
        let mut allowance = Allowance::new();
        assert_eq!(allowance.take(MOST_RECORDS, MOST_BYTES), Ok(()));
        assert_eq!(allowance.take(1, 0), Err(CutShort::Records(MOST_RECORDS)));
        assert_eq!(allowance.take(0, 1), Err(CutShort::Bytes(MOST_BYTES)));
        for _ in 0..MOST_PAGES {
            assert_eq!(allowance.page(async { 1 }).await, Ok(1));
        }
        assert_eq!(allowance.page(async { 1 }).await, Err(CutShort::Pages(MOST_PAGES)));

        let mut late = Allowance { until: Instant::now(), ..Allowance::new() };
        assert_eq!(late.page(std::future::pending::<()>()).await, Err(CutShort::Late(PATIENCE)));
    }
}
