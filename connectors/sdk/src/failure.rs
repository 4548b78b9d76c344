//! Why a call did not succeed: constructors and finishing touches for [`Failure`].

use std::fmt::Display;

use crate::{Failure, FailureCode};

/// The most characters of a vendor's own words that a failure carries.
pub(crate) const MOST_WORDS: usize = 300;

impl Failure {
    /// A failure of this code. `message` is for the administrator, in a sentence.
    pub fn new(code: FailureCode, message: impl Display) -> Self {
        Failure { code, message: message.to_string(), field: None, vendor_code: None, http_status: None, retry_after: None }
    }

    /// A feed or action that this connector does not have.
    pub fn unsupported(what: impl Display) -> Self {
        Self::new(FailureCode::Unsupported, format_args!("This connector has no {what}."))
    }

    /// The vendor answered something that this connector does not understand.
    pub fn unexpected(message: impl Display) -> Self {
        Self::new(FailureCode::UnexpectedResponse, message)
    }

    /// The vendor can't be reached, or is down.
    pub fn unavailable(message: impl Display) -> Self {
        Self::new(FailureCode::Unavailable, message)
    }

    /// What was asked for does not exist.
    pub fn not_found(message: impl Display) -> Self {
        Self::new(FailureCode::NotFound, message)
    }

    /// Understood, and refused as things stand.
    pub fn conflict(message: impl Display) -> Self {
        Self::new(FailureCode::Conflict, message)
    }

    /// The input of an action is wrong in this field.
    pub fn invalid_input(field: impl Display, message: impl Display) -> Self {
        Self::new(FailureCode::InvalidInput, message).with_field(field)
    }

    /// A setting of the connection is wrong.
    pub fn invalid_configuration(field: impl Display, message: impl Display) -> Self {
        Self::new(FailureCode::InvalidConfiguration, message).with_field(field)
    }

    /// Names the setting or input field that is wrong.
    #[must_use]
    pub fn with_field(mut self, field: impl Display) -> Self {
        let field = field.to_string();
        self.field = (!field.is_empty()).then_some(field);
        self
    }

    /// Says what the vendor's own code means: another code, the setting or field that is wrong (or empty), and in words what can be
    /// done. The vendor's words stay behind them.
    ///
    /// ```
    /// # use headcount_connector::prelude::*;
    /// # let mut failure = Failure::new(FailureCode::UnexpectedResponse, "POST /seats was answered with 400.");
    /// # failure.vendor_code = Some("SEAT_TAKEN".into());
    /// let failure = failure.explain(&[("SEAT_TAKEN", FailureCode::Conflict, "seat", "Somebody has this seat.")]);
    /// assert_eq!((failure.code, failure.field.as_deref()), (FailureCode::Conflict, Some("seat")));
    /// assert_eq!(failure.message, "Somebody has this seat. (POST /seats was answered with 400.)");
    /// ```
    #[must_use]
    pub fn explain(self, meanings: &[(&str, FailureCode, &str, &str)]) -> Self {
        let meant = meanings.iter().find(|(vendor, ..)| self.vendor_code.as_deref() == Some(vendor));
        let Some((_, code, field, words)) = meant else { return self };
        Failure { code: *code, message: format!("{words} ({})", self.message), ..self }.with_field(field)
    }

    /// Gives the failure another code where the vendor's own code is one of these, for vendors whose statuses say too little:
    ///
    /// ```
    /// # use headcount_connector::prelude::*;
    /// # let mut failure = Failure::new(FailureCode::InvalidInput, "Too early.");
    /// # failure.vendor_code = Some("RECENTLY_ASSIGNED".into());
    /// let failure = failure.recode(&[("RECENTLY_ASSIGNED", FailureCode::Conflict)]);
    /// assert_eq!(failure.code, FailureCode::Conflict);
    /// ```
    #[must_use]
    pub fn recode(mut self, codes: &[(&str, FailureCode)]) -> Self {
        let meant = codes.iter().find(|(vendor, _)| self.vendor_code.as_deref() == Some(vendor));
        if let Some((_, code)) = meant {
            self.code = *code;
        }
        self
    }
}

impl PartialEq for Failure {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
            && self.message == other.message
            && self.field == other.field
            && self.vendor_code == other.vendor_code
            && self.http_status == other.http_status
            && self.retry_after == other.retry_after
    }
}

/// The field that a message names: "missing field `user_id`". Empty if it names none.
pub(crate) fn field_in(message: &str) -> &str {
    let is_name = |name: &&str| name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    message.split('`').nth(1).filter(is_name).unwrap_or_default()
}

/// A serde message without its position, which means nothing to people, at most [`MOST_WORDS`] long.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let plain = text.rfind(" at line ").and_then(|end| text.get(..end)).unwrap_or(&text);
    shorten(plain, MOST_WORDS)
}

/// The first characters of a text, with white space and control characters as single spaces.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    let mut short = String::new();
    let mut count = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if count > 0 {
            short.push(' ');
        }
        for c in word.chars() {
            if count >= most {
                short.push('…');
                return short;
            }
            short.push(c);
            count += 1;
        }
        count += 1;
    }
    short
}
