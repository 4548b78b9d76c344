//! Compiled code, and what its types say, sealed with a keyed hash over what it was compiled from, the engine's settings and every byte:
//! wasmtime checks none of it (a flipped byte loads), and the code runs with the host's rights. Kept on disk, where there is a folder.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use headcount_model::Digest;

use crate::error::RuntimeError;
use crate::jail::{Compiled, Facts};

/// What is longer is not read: no connector's code is.
const MAX_BYTES: u64 = 512 << 20;
const SEAL: usize = 32;
/// Bytes of the length of the facts, which stand between it and the code.
const LENGTH: usize = 4;

/// Seals code for one engine.
pub(super) struct Cache {
    folder: Option<PathBuf>,
    key: [u8; 32],
    settings: [u8; 32],
}

/// Code that was sealed here, or whose seal was checked. It owns its bytes: what was checked is what is used.
pub(super) struct Sealed {
    bytes: Vec<u8>,
    facts: Facts,
    /// Where the code begins.
    code: usize,
}

impl Sealed {
    /// The code.
    pub(super) fn code(&self) -> &[u8] {
        self.bytes.get(self.code..).unwrap_or_default()
    }

    /// What the component's types say.
    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }
}

impl Cache {
    /// Takes a folder, and makes it if it isn't there.
    pub(super) fn open(folder: Option<PathBuf>, key: [u8; 32], settings: [u8; 32]) -> Result<Self, RuntimeError> {
        if let Some(folder) = &folder {
            if key == [0; 32] {
                return Err(RuntimeError::NoCacheKey { folder: folder.clone() });
            }
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(folder).map_err(|source| RuntimeError::Cache { folder: folder.clone(), source })?;
        }
        Ok(Cache { folder, key, settings })
    }

    /// The code compiled from the component of this digest, if it is there and whole. Reads the disk.
    pub(super) fn get(&self, digest: &Digest) -> Option<Sealed> {
        let file = match fs::File::open(self.path(digest)?) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
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
        let (seal, sealed) = bytes.split_first_chunk::<SEAL>()?;
        // blake3's own comparison takes the same time wherever they differ.
        if self.seal(digest, sealed) != blake3::Hash::from_bytes(*seal) {
            tracing::warn!(%digest, "compiled code is damaged or was sealed by another host; compiling anew");
            return None;
        }
        // Anything else was sealed by an earlier release.
        let (length, rest) = sealed.split_first_chunk::<LENGTH>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let facts = serde_json::from_slice(rest.get(..length)?).ok()?;
        Some(Sealed { facts, code: SEAL + LENGTH + length, bytes })
    }

    /// Seals what was compiled from the component of this digest, and keeps it. A failure to keep it costs the next start a
    /// compilation, and nothing else, so it is only logged. Writes the disk.
    ///
    /// # Errors
    /// The facts are longer than any component's.
    pub(super) fn put(&self, digest: &Digest, compiled: Compiled) -> io::Result<Sealed> {
        let facts = serde_json::to_vec(&compiled.facts)?;
        let length = u32::try_from(facts.len()).map_err(io::Error::other)?;
        let code = SEAL + LENGTH + facts.len();
        let mut bytes = Vec::with_capacity(code + compiled.code.len());
        bytes.extend_from_slice(&[0; SEAL]);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&facts);
        bytes.extend_from_slice(&compiled.code);
        if let Some((seal, sealed)) = bytes.split_first_chunk_mut::<SEAL>() {
            *seal = *self.seal(digest, sealed).as_bytes();
        }
        if let Some(path) = self.path(digest)
            && let Err(error) = keep(&path, &bytes)
        {
            tracing::warn!(%digest, %error, "compiled code can't be kept");
        }
        Ok(Sealed { bytes, facts: compiled.facts, code })
    }

    pub(super) fn path(&self, digest: &Digest) -> Option<PathBuf> {
        let settings: String = self.settings.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Some(self.folder.as_ref()?.join(format!("{}-{settings}.cwasm", digest.hex())))
    }

    /// Fixed lengths first, so that no two inputs read the same.
    fn seal(&self, digest: &Digest, sealed: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(digest.as_bytes()).update(&self.settings).update(sealed);
        hasher.finalize()
    }
}

/// Writes a file whole, or not at all.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let beside = path.with_extension(format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let written = fs::File::create_new(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    written.inspect_err(|_| {
        // Best effort: what stays behind is never read.
        let _ = fs::remove_file(&beside);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(folder: &std::path::Path, key: u8, settings: u8) -> Cache {
        Cache::open(Some(folder.to_owned()), [key; 32], [settings; 32]).unwrap()
    }

    fn code() -> Compiled {
        let facts = Facts::default();
        Compiled { facts, code: b"code".to_vec() }
    }

    #[test]
    fn gives_back_what_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::from_bytes([7; 32]);
        let cache = cache(folder.path(), 1, 1);
        assert!(cache.get(&digest).is_none());
        let sealed = cache.put(&digest, code()).unwrap();
        let read = cache.get(&digest).unwrap();
        assert_eq!((sealed.code(), read.code()), (&b"code"[..], &b"code"[..]));
        assert_eq!((sealed.facts(), read.facts()), (&Facts::default(), &Facts::default()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn refuses_code_that_was_changed_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        let digest = Digest::from_bytes([7; 32]);
        let cache = cache(folder.path(), 1, 1);
        cache.put(&digest, code()).unwrap();
        let path = cache.path(&digest).unwrap();
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
        mine.put(&one, code()).unwrap();
        assert!(cache(folder.path(), 2, 1).get(&one).is_none(), "another key");
        assert!(cache(folder.path(), 1, 2).get(&one).is_none(), "other settings");
        fs::copy(mine.path(&one).unwrap(), mine.path(&two).unwrap()).unwrap();
        assert!(mine.get(&two).is_none(), "another component's code under this name");
        let other = cache(folder.path(), 1, 2);
        fs::copy(mine.path(&one).unwrap(), other.path(&one).unwrap()).unwrap();
        assert!(other.get(&one).is_none(), "other settings' code under this name");
    }

    #[test]
    fn without_a_folder_code_is_sealed_and_not_kept() {
        let digest = Digest::from_bytes([7; 32]);
        let cache = Cache::open(None, [1; 32], [1; 32]).unwrap();
        assert_eq!(cache.put(&digest, code()).unwrap().code(), b"code");
        assert!(cache.get(&digest).is_none());
    }
}
