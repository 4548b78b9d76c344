//! Waits for the vendor's rate that are longer than a call: the call ends as rate-limited, so that whoever asked waits without an
//! instance and repeats it at the time due.

use std::time::Duration;

use headcount_model::{Failure, FailureCode};

use super::job::Answer;
use crate::error::CallError;

/// What a call gives whose request was refused for the rate, whatever the connector made of that: a page without that request's rows
/// may not count as read. What an action did it has done.
pub(super) fn judge(
    answer: Result<Answer, CallError>,
    acts: bool,
    refused: Option<Duration>,
    held: Duration,
) -> Result<Answer, CallError> {
    match (answer, refused) {
        (Ok(answer), Some(_)) if acts => Ok(answer),
        (_, Some(wait)) => {
            let seconds = seconds(wait.max(held));
            let message = format!("the rate limit lets the next request leave in {seconds} s, after the end of this call");
            Err(Failure { retry_after: Some(seconds), ..Failure::new(FailureCode::RateLimited, message) }.into())
        }
        // A connector may not have read all of the ways in which vendors ask for time.
        (Err(CallError::Failure(failure)), None) if failure.code.is_retryable() && !held.is_zero() => {
            Err(Failure { retry_after: failure.retry_after.max(Some(seconds(held))), ..failure }.into())
        }
        (answer, None) => answer,
    }
}

/// Whole seconds, rounded up.
fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(u32::from(wait.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;

    fn failure(answer: Result<Answer, CallError>) -> (FailureCode, Option<u32>) {
        match answer {
            Err(CallError::Failure(failure)) => (failure.code, failure.retry_after),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it succeeded"),
        }
    }

    fn trap() -> CallError {
        CallError::Trap { reason: "unreachable".to_owned(), output: String::new() }
    }

    fn says(code: FailureCode, retry_after: Option<u32>) -> Result<Answer, CallError> {
        Err(Failure { retry_after, ..Failure::new(code, "no") }.into())
    }

    #[test]
    fn a_call_with_a_request_that_had_to_wait_is_rate_limited_whatever_it_says() {
        let wait = Some(Duration::from_millis(90_500));
        for answer in [Ok(Answer::Memories(Vec::new())), Err(trap()), says(FailureCode::UnexpectedResponse, None)] {
            assert_eq!(failure(judge(answer, false, wait, NONE)), (FailureCode::RateLimited, Some(91)));
        }
        assert_eq!(failure(judge(Err(trap()), true, wait, NONE)), (FailureCode::RateLimited, Some(91)));
    }

    #[test]
    fn what_an_action_did_stays_done() {
        assert!(judge(Ok(Answer::Memories(Vec::new())), true, Some(Duration::from_secs(90)), NONE).is_ok());
    }

    #[test]
    fn a_hold_of_the_vendors_is_added_to_what_may_succeed_later() {
        let hold = Duration::from_secs(30);
        let judged = |code, given| failure(judge(says(code, given), false, None, hold));
        assert_eq!(judged(FailureCode::RateLimited, None), (FailureCode::RateLimited, Some(30)));
        assert_eq!(judged(FailureCode::Unavailable, Some(7)), (FailureCode::Unavailable, Some(30)));
        assert_eq!(judged(FailureCode::RateLimited, Some(70)), (FailureCode::RateLimited, Some(70)));
        assert_eq!(judged(FailureCode::Forbidden, None), (FailureCode::Forbidden, None));
        assert_eq!(failure(judge(says(FailureCode::RateLimited, None), false, None, NONE)), (FailureCode::RateLimited, None));
        assert!(judge(Ok(Answer::Memories(Vec::new())), false, None, hold).is_ok());
    }
}
