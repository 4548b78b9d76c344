//! Linux's own keyring of the user: in the kernel's memory, for all processes of the user, until the machine restarts.

use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};
use zeroize::Zeroizing;

use super::LONGEST;
use super::keyring::Keyring;

/// The user keyring of whoever runs this process.
pub(super) struct Kernel;

impl Keyring for Kernel {
    fn read(&self, name: &str) -> Result<Option<Zeroizing<String>>, String> {
        let key = match user_keyring().and_then(|keyring| keyring.search(name)) {
            Err(KeyError::KeyDoesNotExist) => return Ok(None),
            other => other.map_err(explain)?,
        };
        let mut text = Zeroizing::new(vec![0; LONGEST]);
        // The kernel tells the length of all of it, also where it gave a part.
        let length = key.read(&mut *text).map_err(explain)?;
        let read = text.get(..length).and_then(|text| std::str::from_utf8(text).ok());
        let read = read.ok_or("it holds something else than keys: remove it with keyctl, or choose another name")?;
        Ok(Some(Zeroizing::new(read.to_owned())))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        user_keyring().and_then(|keyring| keyring.add_key(name, text)).map(drop).map_err(explain)
    }
}

/// The user's keyring, as one whose keys may be read: a service's session often has no link to it, and so would not possess them.
fn user_keyring() -> Result<KeyRing, KeyError> {
    let user = KeyRing::from_special_id(KeyRingIdentifier::User, true)?;
    KeyRing::from_special_id(KeyRingIdentifier::Thread, true)?.link_keyring(user)?;
    Ok(user)
}

fn explain(error: KeyError) -> String {
    match error {
        KeyError::PermissionDenied | KeyError::AccessDenied | KeyError::OperationNotSupported | KeyError::Unknown(_) => format!(
            "the kernel refuses its keyring ({error:?}), as containers often have it: allow the system calls add_key and keyctl there, \
             or keep the key in the environment or a file"
        ),
        KeyError::QuotaExceeded => {
            "the user's keyring is full: raise kernel.keys.maxkeys and kernel.keys.maxbytes, or remove other keys".to_owned()
        }
        KeyError::KeyExpired | KeyError::KeyRevoked | KeyError::KeyRejected => {
            format!(
                "it can't be read any more ({error:?}): remove it with keyctl, then put the key back with `headcount key import`"
            )
        }
        other => format!("the kernel's keyring failed ({other:?}): keep the key in the environment or a file instead"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

    use super::*;

    /// An entry of the user's keyring that is removed again.
    struct Entry(String);

    impl Drop for Entry {
        fn drop(&mut self) {
            let found = user_keyring().and_then(|keyring| Ok((keyring, keyring.search(&self.0)?)));
            if let Ok((keyring, key)) = found {
                keyring.unlink_key(key).unwrap();
            }
        }
    }

    fn entry(test: &str) -> Entry {
        Entry(format!("headcount-test-{test}:{}", std::process::id()))
    }

    fn read(name: &str) -> Option<String> {
        Kernel.read(name).unwrap().map(|text| text.to_string())
    }

    #[test]
    fn the_kernel_keeps_what_it_is_given_for_every_thread_or_says_why_not() {
        let Entry(name) = &entry("keeps");
        // Needs a kernel that lets this process use its keyring; one that doesn't must be told plainly.
        if let Err(why) = Kernel.write(name, "first") {
            assert!(why.contains("add_key and keyctl") || why.contains("keyring is full"), "{why}");
            return;
        }
        assert_eq!(read(name).as_deref(), Some("first"));
        Kernel.write(name, "second").unwrap();
        std::thread::scope(|threads| {
            let elsewhere = threads.spawn(|| read(name)).join().unwrap();
            assert_eq!(elsewhere.as_deref(), Some("second"));
        });
        Kernel.write(name, &"x".repeat(LONGEST + 1)).unwrap();
        let error = Kernel.read(name).unwrap_err();
        assert!(error.contains("something else") && !error.contains("xx"), "{error}");
        drop(Entry(name.clone()));
        assert_eq!(read(name), None);
    }

    #[test]
    fn a_kernel_that_refuses_its_keyring_is_told_with_what_to_do() {
        let refused = std::thread::spawn(|| {
            let calls = [libc::SYS_add_key, libc::SYS_keyctl, libc::SYS_request_key];
            let rules: BTreeMap<i64, _> = calls.into_iter().map(|call| (call, Vec::new())).collect();
            let refuse = SeccompAction::Errno(libc::EPERM.cast_unsigned());
            let arch = std::env::consts::ARCH.try_into().unwrap();
            let filter: BpfProgram = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch).unwrap().try_into().unwrap();
            seccompiler::apply_filter(&filter).unwrap();
            (Kernel.read("headcount-test").map(drop), Kernel.write("headcount-test", "text"))
        });
        let (read, write) = refused.join().unwrap();
        for why in [read.unwrap_err(), write.unwrap_err()] {
            assert!(why.contains("add_key and keyctl") && why.contains("environment or a file"), "{why}");
        }
    }
}
