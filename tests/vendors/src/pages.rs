//! Cutting a page out of a list.

/// A page's place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) skip: usize,
    pub(crate) limit: usize,
}

impl Window {
    /// A page by its number, counted from 1.
    pub(crate) fn page(number: u64, size: u64) -> Self {
        Window::skip(number.saturating_sub(1).saturating_mul(size), size)
    }

    /// A page by the rows before it.
    pub(crate) fn skip(skip: u64, limit: u64) -> Self {
        Window { skip: usize::try_from(skip).unwrap_or(usize::MAX), limit: usize::try_from(limit).unwrap_or(usize::MAX) }
    }

    /// The rows of the page.
    pub(crate) fn of<T>(self, rows: &[T]) -> &[T] {
        let start = self.skip.min(rows.len());
        let end = start.saturating_add(self.limit).min(rows.len());
        rows.get(start..end).unwrap_or(&[])
    }

    /// The rows of the page when the list begins at `shift` and wraps round.
    pub(crate) fn shifted<T: Copy>(self, rows: &[T], shift: usize) -> Vec<T> {
        let length = rows.len();
        let start = self.skip.min(length);
        let end = start.saturating_add(self.limit).min(length);
        (start..end).filter_map(|place| rows.get((place + shift) % length.max(1)).copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_beyond_the_end_is_empty_whatever_the_numbers() {
        let rows = [1, 2, 3, 4, 5];
        assert_eq!(Window::page(2, 2).of(&rows), [3, 4]);
        assert_eq!(Window::page(3, 2).of(&rows), [5]);
        assert!(Window::page(4, 2).of(&rows).is_empty());
        assert!(Window::page(u64::MAX, u64::MAX).of(&rows).is_empty());
        assert_eq!(Window::skip(3, u64::MAX).of(&rows), [4, 5]);
        assert_eq!(Window::skip(3, 2).shifted(&rows, 4), [3, 4]);
        assert!(Window::skip(0, 2).shifted::<u8>(&[], 4).is_empty());
    }
}
