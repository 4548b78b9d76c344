//! Who answers for a connection, and who wants to know how it is: as typed.

use std::str::FromStr;

use headcount::store::Contact;

/// People of a connection.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct PeopleArgs {
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
    /// Who wants to know how it is: ADDRESS or "NAME <ADDRESS>"; may be repeated
    #[arg(long, value_name = "CONTACT")]
    pub contact: Vec<TypedContact>,
}

/// A contact as it is typed: an address, or a name with the address in angle brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedContact(pub Contact);

impl FromStr for TypedContact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, email) = match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            Some((name, email)) => (name.trim().trim_matches('"'), email.trim()),
            None => ("", text),
        };
        if !email.contains('@') {
            return Err("expected an e-mail address, or NAME <ADDRESS>".to_owned());
        }
        Ok(TypedContact(Contact { name: name.to_owned(), email: email.to_owned() }))
    }
}

/// `Ana <ana@example.com>`, or the address alone.
pub fn shown(contact: &Contact) -> String {
    match contact.name.as_str() {
        "" => contact.email.clone(),
        name => format!("{name} <{}>", contact.email),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_typed_with_or_without_a_name() {
        let read = |text: &str| text.parse::<TypedContact>().map(|typed| (typed.0.name, typed.0.email));
        assert_eq!(read("ana@x.example"), Ok((String::new(), "ana@x.example".into())));
        assert_eq!(read("\"Ana B\" <ana@x.example>"), Ok(("Ana B".into(), "ana@x.example".into())));
        assert!(read("Ana").is_err());
    }
}
