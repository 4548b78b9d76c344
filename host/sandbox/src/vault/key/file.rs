//! The vault's keys in a file: read by its owner only, and written as a whole or not at all.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::{LONGEST, VaultError};

/// What becomes of a file that is there already.
#[derive(Clone, Copy)]
pub(super) enum Present {
    /// It stays, and that is well.
    Stays,
    /// It stays, and that is an error.
    Refused,
    Replaced,
}

/// The text of the file, if it is there and others may not read it.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, VaultError> {
    let mut text = Zeroizing::new(String::with_capacity(LONGEST));
    let opened = match fs::File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other,
    };
    let read = opened.and_then(|file| file.take(LONGEST as u64).read_to_string(&mut text));
    read.map_err(|error| problem(path, error))?;
    check_mode(path)?;
    Ok(Some(text))
}

fn problem(path: &Path, error: impl std::fmt::Display) -> VaultError {
    VaultError::File { path: path.display().to_string(), why: error.to_string() }
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), VaultError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_err(|error| problem(path, error))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(problem(path, format!("others may read it (mode {:o}): chmod 600", mode & 0o777)));
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_path: &Path) -> Result<(), VaultError> {
    Ok(())
}

/// Writes a whole file beside the path and moves it there: two processes that start together get the same key, and whoever is killed
/// leaves the old file or the new one.
pub(super) fn write(path: &Path, text: &str, present: Present) -> Result<(), VaultError> {
    place(path, text, present).map_err(|error| problem(path, error))
}

fn place(path: &Path, text: &str, present: Present) -> std::io::Result<()> {
    let mut suffix = [0_u8; 8];
    getrandom::fill(&mut suffix).map_err(std::io::Error::from)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), fs::create_dir_all)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", *super::hex(&suffix)));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&beside).and_then(|mut new| {
        new.write_all(text.as_bytes())?;
        new.sync_all()
    });
    let moved = written.and_then(|()| match present {
        Present::Replaced => fs::rename(&beside, path),
        Present::Refused => fs::hard_link(&beside, path),
        Present::Stays => match fs::hard_link(&beside, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other,
        },
    });
    let removed = match fs::remove_file(&beside) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    };
    // The key must be on the disk before anything is sealed with it, and so must its name.
    #[cfg(unix)]
    if let (Ok(()), Some(folder)) = (&moved, folder) {
        fs::File::open(folder)?.sync_all()?;
    }
    moved.and(removed)
}
