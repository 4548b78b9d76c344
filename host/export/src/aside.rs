//! A file that is written aside and put in its place when it is whole: nobody ever finds half of it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ExportError;

/// Files written aside by this process, so that two never share a name.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// A file on its way into its place. Dropped before [`place`](Aside::place), it leaves nothing. Readable by its owner alone.
pub struct Aside {
    file: BufWriter<File>,
    aside: PathBuf,
    path: PathBuf,
    placed: bool,
}

impl Aside {
    /// Begins a file that will stand at `path`, in place of what is there.
    ///
    /// # Errors
    /// [`ExportError::File`]: its folder can't be written to.
    pub fn new(path: &Path) -> Result<Self, ExportError> {
        let failed = |problem| ExportError::File { path: path.display().to_string(), problem };
        let name = path.file_name().ok_or_else(|| failed(io::Error::from(io::ErrorKind::InvalidInput)))?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // One that a process of the same number left behind is in the way: the next name is free.
        for _ in 0..100 {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
            let aside = path.with_file_name(hidden);
            match options.open(&aside) {
                Ok(file) => return Ok(Aside { file: BufWriter::new(file), aside, path: path.to_owned(), placed: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(io::Error::from(io::ErrorKind::AlreadyExists)))
    }

    /// Puts the file in its place, whole on disk by then. That it stands there survives a power cut, too, where the system can say so
    /// of folders.
    ///
    /// # Errors
    /// [`ExportError::File`]: it can't be written or moved; what was in its place before is still there.
    pub fn place(mut self) -> Result<(), ExportError> {
        let placed = self.settle();
        self.placed = placed.is_ok();
        placed.map_err(|problem| ExportError::File { path: self.path.display().to_string(), problem })
    }

    fn settle(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        std::fs::rename(&self.aside, &self.path)?;
        #[cfg(unix)]
        if let Some(folder) = self.path.parent() {
            // It is in its place: what comes after is no failure of the export.
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }
}

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.placed {
            // Nothing more can be done about a file that can't be removed.
            let _ = std::fs::remove_file(&self.aside);
        }
    }
}
