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
    /// Why; it is kept with the decision
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
}

impl Person {
    /// The decision of this person, made now.
    ///
    /// # Errors
    /// The name is empty, or a text is too long.
    pub fn decision(&self) -> Result<Decision, Complaint> {
        let person = self.name.as_deref().map_or_else(user, |name| name.trim().to_owned());
        if person.is_empty() {
            return Err(Complaint::usage("nobody is named by an empty name").next("--as NAME"));
        }
        if person.chars().count() > LONGEST || self.reason.chars().count() > LONGEST {
            return Err(Complaint::usage(format!("a name or a reason has {LONGEST} characters at most")));
        }
        Ok(Decision { person, reason: self.reason.trim().to_owned(), at: Timestamp::now() })
    }
}

/// The name of this system's user, or else its number.
pub fn user() -> String {
    let id = uid();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = id.as_deref().and_then(|id| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let (name, number) = (fields.next()?, fields.nth(1)?);
            (number == id).then(|| name.to_owned())
        })
    });
    match (name, id) {
        (Some(name), _) => name,
        (None, Some(id)) => format!("user {id}"),
        (None, None) => "an unknown user".to_owned(),
    }
}

/// Who this process runs as: the environment could say anything.
fn uid() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").ok().map(|own| own.uid().to_string())
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
        assert!(!user().is_empty());
        assert_eq!(Person { name: None, reason: String::new() }.decision().map(|made| made.person).ok(), Some(user()));
        assert!(person("ana", &"x".repeat(1_001)).decision().is_err());
    }
}
