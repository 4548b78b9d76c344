//! Work on a thread of its own with room for deep recursion, whose panic is an error. It blocks: call it off the async threads.

use crate::limits::STACK;

/// Why such work has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// The machine gives no more threads.
    #[error("no thread can be started: {0}")]
    Thread(String),
    /// The work panicked.
    #[error("the evaluation of an expression failed unexpectedly")]
    Panicked,
}

/// Does work on a thread with 16 MiB of stack. Everything that compiles or evaluates expressions runs within it.
///
/// # Errors
/// No thread can be started, or the work panicked.
pub fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Lost> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("expressions".to_owned()).stack_size(STACK);
        let worker = thread.spawn_scoped(scope, work).map_err(|error| Lost::Thread(error.to_string()))?;
        worker.join().map_err(|_| Lost::Panicked)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        assert_eq!(deep(|| 1), Ok(1));
        assert_eq!(deep(|| assert!(std::hint::black_box(false))), Err(Lost::Panicked));
    }
}
