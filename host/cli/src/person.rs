//! Who decides something, and why: it is kept with what was decided.

use headcount::Timestamp;
use headcount::store::Decision;

use crate::exit::Complaint;

/// The longest name or reason that is kept, in characters.
const LONGEST: usize = 1_000;

/// Who, and why.
#[derive(clap::Args, Clone, Debug)]
pub struct Person {
    /// Who decides; without this, the user of this machine
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// Why; it is kept with the session
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
}

impl Person {
    /// The decision of this person, made now.
    ///
    /// # Errors
    /// Nobody is named, or a text is too long.
    pub fn decision(&self) -> Result<Decision, Complaint> {
        let name = self.name.clone().or_else(|| std::env::var("USER").ok()).or_else(|| std::env::var("LOGNAME").ok());
        let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        let Some(person) = name else {
            return Err(Complaint::usage("nobody knows who decides this").next("--as NAME"));
        };
        if person.chars().count() > LONGEST || self.reason.chars().count() > LONGEST {
            return Err(Complaint::usage(format!("a name or a reason has {LONGEST} characters at most")));
        }
        Ok(Decision { person, reason: self.reason.trim().to_owned(), at: Timestamp::now() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_decides_is_named_and_texts_are_bounded() {
        let person = |name: &str, reason: &str| Person { name: Some(name.to_owned()), reason: reason.to_owned() };
        assert_eq!(
            person(" ana ", " gone ").decision().map(|made| (made.person, made.reason)).ok(),
            Some(("ana".into(), "gone".into()))
        );
        assert!(person("  ", "").decision().is_err());
        assert!(person("ana", &"x".repeat(1_001)).decision().is_err());
    }
}
