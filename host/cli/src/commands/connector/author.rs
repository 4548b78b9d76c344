//! What went wrong while a connector is tried, worded for the one who can mend it: its author.

use headcount::FailureCode;
use headcount::model::printable;
use headcount::sandbox::CallError;

use crate::exit::{Complaint, Exit};

/// A call's error as the author reads it. `refused` is why the last request got no answer; `logged`, whether the log was shown.
pub fn complaint(error: CallError, refused: Option<&str>, logged: bool) -> anyhow::Error {
    match &error {
        CallError::Failure(failure) => {
            let exit = Exit::of_failure(failure);
            let refused = refused.filter(|_| matches!(failure.code, FailureCode::Unavailable | FailureCode::UnexpectedResponse));
            if let Some((why, next)) = refused.and_then(|why| Some((why, unreached(why)?))) {
                return Complaint::of(exit, format!("{failure}\n{}", printable(why))).next(next).into();
            }
            if failure.code == FailureCode::UnexpectedResponse {
                let next = "correct what the connector expects of the vendor's answer; the lines above say what it asked for";
                return Complaint::refused(exit, failure, next.to_owned()).into();
            }
            error.into()
        }
        CallError::Trap { reason, output } => {
            let mut text = format!("the connector trapped: {reason}");
            // What it logged last stands above already.
            if !logged && !output.trim().is_empty() {
                text.push_str("; its last output:\n");
                text.push_str(output.trim());
            }
            Complaint::failed(text).next("correct the connector; a panic's message stands in its log").into()
        }
        CallError::Contract(_) => Complaint::failed(error.to_string()).next("correct the connector").into(),
        _ => error.into(),
    }
}

/// What to do where the vendor wasn't reached, going by the host's words for it.
fn unreached(refused: &str) -> Option<String> {
    if refused.starts_with("no secure connection to ") && refused.contains("UnknownIssuer") {
        return Some(
            "the vendor's certificate isn't trusted here: name the authority that signed it, a PEM file: --ca FILE".to_owned(),
        );
    }
    if refused.starts_with("no secure connection to ") && refused.contains("CaUsedAsEndEntity") {
        let next = "the vendor's certificate is an authority's, as openssl makes it unless told otherwise: make it anew with \
                    -addext basicConstraints=critical,CA:FALSE";
        return Some(next.to_owned());
    }
    if refused.starts_with("no secure connection to ") {
        return Some("check that TLS is spoken there, and that the certificate is for this host name and still valid".to_owned());
    }
    if refused.contains(" can't be resolved: ") {
        return Some("check the host name; --resolve HOST=ADDRESS:PORT says where it is without DNS".to_owned());
    }
    if refused.starts_with("no connection to ") {
        return Some("nothing listens there: check the host, the port, and that the vendor runs".to_owned());
    }
    refused
        .contains("which is not a public address")
        .then(|| "--resolve HOST=ADDRESS:PORT opens it for a vendor of your own; --allow-loopback all of this machine".to_owned())
}

/// The error for a base URL whose host can't be one, where a name of one's own is the way out.
pub fn unusable_base(problem: &str) -> Option<anyhow::Error> {
    let next =
        "give it a name with a dot and say where that is: --base https://vendor.test/v1 --resolve vendor.test=127.0.0.1:8443";
    problem.contains("single label").then(|| Complaint::usage(problem).next(next).into())
}

#[cfg(test)]
mod tests {
    use headcount::Failure;

    use super::*;

    #[test]
    fn a_vendor_that_is_not_reached_gets_advice_of_its_own() {
        for (refused, words) in [
            ("no secure connection to a.test: invalid peer certificate: UnknownIssuer", "--ca FILE"),
            ("no secure connection to a.test: invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))", "CA:FALSE"),
            ("no secure connection to a.test: received corrupt message", "TLS is spoken"),
            ("a.test can't be resolved: no record", "check the host name"),
            ("no connection to a.test: Connection refused (os error 111)", "nothing listens there"),
        ] {
            let failure = CallError::Failure(Failure::new(FailureCode::Unavailable, "No answer came."));
            let told = crate::advice::explain(&complaint(failure, Some(refused), false));
            assert!(told.contains(words) && told.contains(refused) && !told.contains("wait until"), "{told}");
        }
    }

    #[test]
    fn a_panic_is_told_in_lines_and_once() {
        let trap =
            || CallError::Trap { reason: "unreachable".to_owned(), output: "panicked at src/lib.rs:3\nno rows".to_owned() };
        let told = crate::advice::explain(&complaint(trap(), None, false));
        assert!(told.contains("no rows") && !told.contains("u{a}") && !told.contains("report this"), "{told}");
        assert!(!crate::advice::explain(&complaint(trap(), None, true)).contains("no rows"));
    }
}
