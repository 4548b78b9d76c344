//! What an action did, and what is there afterwards.

use crate::{Grant, Outcome, Records, Result};

impl Outcome {
    /// It is done, and this was read back from the vendor. What can't be read back comes with the next sync: the summary says so, and
    /// the action has succeeded all the same.
    ///
    /// ```
    /// # use headcount_connector::prelude::*;
    /// let outcome = Outcome::done("Ada is suspended", Err(Failure::unavailable("No answer came.")));
    /// assert_eq!(outcome.summary, "Ada is suspended; it could not be read back: No answer came.");
    /// ```
    pub fn done(summary: impl Into<String>, read_back: Result<Records>) -> Self {
        let mut summary = summary.into();
        let records = read_back.unwrap_or_else(|failure| {
            summary.push_str("; it could not be read back: ");
            summary.push_str(&failure.message);
            Records::default()
        });
        Outcome { summary, records, ..Default::default() }
    }

    /// What the action gives back, as its manifest says.
    #[must_use]
    pub fn with_output(mut self, output: &serde_json::Value) -> Self {
        self.output = Some(output.to_string());
        self
    }

    /// Grants that are gone by it; those that were read back are still there, and left out.
    #[must_use]
    pub fn with_gone(mut self, gone: impl IntoIterator<Item = Grant>) -> Self {
        let still = |grant: &Grant| {
            let held = |there: &Grant| there.principal == grant.principal && there.target == grant.target;
            self.records.grants().iter().any(held)
        };
        let gone: Vec<Grant> = gone.into_iter().filter(|grant| !still(grant)).collect();
        self.gone_grants = (!gone.is_empty()).then_some(gone);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failure, Out, Progress, Reference};

    fn grant(user: u32) -> Grant {
        Grant::new(Reference::user(user), Reference::license("A"))
    }

    #[test]
    fn what_was_read_back_as_still_there_is_not_gone() {
        let mut out = Out::default();
        out.grant(grant(1));
        let outcome = Outcome::done("Revoked", Ok(out.records()));
        assert_eq!(outcome.summary, "Revoked");
        assert_eq!(outcome.clone().with_gone([grant(1), grant(2)]).gone_grants, Some(vec![grant(2)]));
        assert_eq!(outcome.with_gone([grant(1)]).gone_grants, None);
    }

    #[test]
    fn a_list_is_gathered_to_its_end_and_no_further_than_wanted() {
        let page = |cursor: Option<&str>| {
            let mut out = Out::default();
            out.grant(grant(cursor.map_or(0, str::len) as u32));
            Ok(out.page(1, None, Progress::More(format!("{}x", cursor.unwrap_or_default()))))
        };
        let gathered = Records::gather(3, page).unwrap();
        assert_eq!((gathered.records.grants(), gathered.whole), ([grant(0), grant(1), grant(2)].as_slice(), false));
        assert!(Records::gather(3, |_| Err(Failure::unavailable("Down."))).is_err());
    }

    #[test]
    fn only_a_list_that_ended_complete_and_was_read_row_by_row_is_whole() {
        // Two pages of a row each.
        let of = |total: Option<u32>, skip: fn(&mut Out), end: Progress| {
            let pages = |cursor: Option<&str>| {
                let mut out = Out::default();
                if cursor.is_none() {
                    skip(&mut out);
                }
                Ok(out.page(1, total, cursor.map_or(Progress::More("2".into()), |_| end.clone())))
            };
            Records::gather(3, pages).unwrap().whole
        };
        let whole = |skip, end| of(None, skip, end);
        assert!(whole(|_| (), Progress::Complete));
        assert!(of(Some(2), |_| (), Progress::Complete));
        assert!(!of(Some(3), |_| (), Progress::Complete));
        assert!(whole(|out| out.skip_harmless("A server's."), Progress::Complete));
        assert!(!whole(|out| out.skip_unknown("It has no id."), Progress::Complete));
        assert!(!whole(|out| out.skip(Reference::license("A"), "It has no product."), Progress::Complete));
        assert!(!whole(|_| (), Progress::Partial(Failure::unavailable("Down."))));
    }
}
