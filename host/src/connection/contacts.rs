//! Names and addresses of people, held to what can be shown and sent.

use headcount_store::Contact;

use crate::Error;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 256;
/// The longest address, in bytes (RFC 5321).
const LONGEST_ADDRESS: usize = 254;
/// The most contacts of one connection.
const MOST: usize = 32;

/// A name without control characters, less the blanks around it.
pub(super) fn check_name(name: String) -> Result<String, Error> {
    let trimmed = name.trim();
    if trimmed.len() > LONGEST_NAME || trimmed.chars().any(char::is_control) {
        return Err(Error::Contact(format!("a name has at most {LONGEST_NAME} bytes and no control characters")));
    }
    Ok(trimmed.to_owned())
}

/// What people call a connection: a name that can be seen.
pub(super) fn check_own_name(name: String) -> Result<String, Error> {
    let name = check_name(name)?;
    if name.is_empty() { Err(Error::Contact("a connection's name can't be blank".to_owned())) } else { Ok(name) }
}

/// Contacts that notices can be sent to.
pub(super) fn check_contacts(contacts: Vec<Contact>) -> Result<Vec<Contact>, Error> {
    if contacts.len() > MOST {
        return Err(Error::Contact(format!("a connection has at most {MOST} contacts")));
    }
    contacts
        .into_iter()
        .map(|contact| {
            let email = contact.email.trim().to_owned();
            if !is_address(&email) {
                let shown = headcount_model::printable(&email).chars().take(80).collect::<String>();
                return Err(Error::Contact(format!("{shown:?} is not an e-mail address such as ana@example.com")));
            }
            Ok(Contact { name: check_name(contact.name)?, email })
        })
        .collect()
}

/// One `@` between what may stand in an address without quotes.
fn is_address(text: &str) -> bool {
    let plain = |part: &str, more: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || more.contains(c))
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
    };
    let Some((local, domain)) = text.split_once('@') else { return false };
    text.len() <= LONGEST_ADDRESS && local.len() <= 64 && plain(local, ".!#$%&'*+/=?^_`{|}~-") && plain(domain, ".-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_and_carries_nothing_else() {
        for good in ["ana@example.com", "a.b+c@x.example", "ana@localhost", "zoë@exämple.com"] {
            assert!(is_address(good), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in ["", "ana", "ana@", "@x", "a@b@c", "a b@c", "a@b\r\nBcc: eve@x", "a,b@c", "<a@b>", ".a@b", "a@b..c", &long] {
            assert!(!is_address(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_connection_is_called_something() {
        for blank in ["", "   ", "\u{a0}\t"] {
            assert!(check_own_name(blank.to_owned()).is_err(), "{blank:?}");
        }
        assert_eq!(check_own_name(" Ours ".to_owned()).unwrap(), "Ours");
        assert_eq!(check_name("  ".to_owned()).unwrap(), "", "nobody answers for it");
    }

    #[test]
    fn hostile_names_and_crowds_are_refused() {
        let contact = |name: &str| Contact { name: name.into(), email: "ana@example.com".into() };
        assert!(check_contacts(vec![contact("Ana\r\nBcc: eve@example.com")]).is_err());
        assert!(check_contacts(vec![contact(&"x".repeat(257))]).is_err());
        assert!(check_contacts(vec![contact("Ana"); 33]).is_err());
        assert_eq!(check_contacts(vec![contact(" Ana ")]).unwrap(), [contact("Ana")]);
    }
}
