//! Compiled code on disk. Each file is sealed with a keyed hash over what it was compiled from, the engine's settings and the code:
//! wasmtime checks none of it (a flipped byte loads), and the code runs with the host's rights.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use headcount_model::Digest;

use crate::error::RuntimeError;

/// Code that is longer is not read: no connector's is.
const MAX_BYTES: u64 = 512 << 20;
const SEAL: usize = 32;

/// A folder of sealed code for one engine.
pub(super) struct Cache {
    folder: PathBuf,
    key: [u8; 32],
    settings: [u8; 32],
}

/// Code whose seal was checked. It owns its bytes: what was checked is what is used.
pub(super) struct Sealed(Vec<u8>);

impl Sealed {
    /// The code.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.get(SEAL..).unwrap_or_default()
    }
}

impl Cache {
    /// Takes a folder, and makes it if it isn't there.
    pub(super) fn open(folder: PathBuf, key: [u8; 32], settings: [u8; 32]) -> Result<Self, RuntimeError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(|source| RuntimeError::Cache { folder: folder.clone(), source })?;
        Ok(Cache { folder, key, settings })
    }

    /// The code compiled from the component of this digest, if it is there and whole. Reads the disk.
    pub(super) fn get(&self, digest: &Digest) -> Option<Sealed> {
        let path = self.path(digest);
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(%digest, %error, "compiled code can't be read; compiling anew");
                return None;
            }
        };
        let mut bytes = Vec::new();
        if let Err(error) = file.take(MAX_BYTES).read_to_end(&mut bytes) {
            tracing::warn!(%digest, %error, "compiled code can't be read; compiling anew");
            return None;
        }
        let (seal, code) = bytes.split_first_chunk::<SEAL>()?;
        // blake3's own comparison takes the same time wherever they differ.
        if self.seal(digest, code) != blake3::Hash::from_bytes(*seal) {
            tracing::warn!(%digest, "compiled code is damaged or was sealed by another host; compiling anew");
            return None;
        }
        Some(Sealed(bytes))
    }

    /// Keeps code. A failure costs the next start a compilation, and nothing else, so it is only logged. Writes the disk.
    pub(super) fn put(&self, digest: &Digest, code: &[u8]) {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let path = self.path(digest);
        let beside = path.with_extension(format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let written = fs::File::create_new(&beside).and_then(|mut file| {
            file.write_all(self.seal(digest, code).as_bytes())?;
            file.write_all(code)?;
            file.sync_all()?;
            fs::rename(&beside, &path)
        });
        if let Err(error) = written {
            tracing::warn!(%digest, %error, "compiled code can't be kept");
            // Best effort: what stays behind is never read.
            let _ = fs::remove_file(&beside);
        }
    }

    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        let settings: String = self.settings.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("{}-{settings}.cwasm", digest.hex()))
    }

    /// Fixed lengths first, so that no two inputs read the same.
    fn seal(&self, digest: &Digest, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(digest.as_bytes()).update(&self.settings).update(code);
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(folder: &std::path::Path, key: u8, settings: u8) -> Cache {
        Cache::open(folder.to_owned(), [key; 32], [settings; 32]).unwrap()
    }

    #[test]
    fn gives_back_what_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::from_bytes([7; 32]);
        let cache = cache(folder.path(), 1, 1);
        assert!(cache.get(&digest).is_none());
        cache.put(&digest, b"code");
        assert_eq!(cache.get(&digest).unwrap().bytes(), b"code");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn refuses_code_that_was_changed_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::from_bytes([7; 32]);
        let cache = cache(folder.path(), 1, 1);
        cache.put(&digest, b"code");
        let path = cache.path(&digest);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            fs::write(&path, flipped).unwrap();
            assert!(cache.get(&digest).is_none(), "byte {at}");
        }
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(cache.get(&digest).is_none(), "first {length} bytes");
        }
    }

    #[test]
    fn refuses_code_of_another_key_settings_or_component() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (Digest::from_bytes([1; 32]), Digest::from_bytes([2; 32]));
        let mine = cache(folder.path(), 1, 1);
        mine.put(&one, b"code");
        assert!(cache(folder.path(), 2, 1).get(&one).is_none(), "another key");
        assert!(cache(folder.path(), 1, 2).get(&one).is_none(), "other settings");
        fs::copy(mine.path(&one), mine.path(&two)).unwrap();
        assert!(mine.get(&two).is_none(), "another component's code under this name");
        let other = cache(folder.path(), 1, 2);
        fs::copy(mine.path(&one), other.path(&one)).unwrap();
        assert!(other.get(&one).is_none(), "other settings' code under this name");
    }
}
