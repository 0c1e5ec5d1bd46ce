//! Opens the database that everything is in.

use std::{
    fs::OpenOptions,
    io::{self, Read},
    path::{Path, PathBuf},
};

use dynoxide::Database;

use super::AwsError;

/// Why the embedded AWS did not start.
#[derive(Debug, thiserror::Error)]
pub enum AwsStartError {
    /// The file is no database of ours, or cannot be opened.
    #[error("{} cannot be used to keep data in: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the database says.
        reason: String,
    },
    /// The listener is not usable.
    #[error("the embedded AWS cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// The database does not work.
    #[error("the embedded AWS does not work: {0}")]
    Database(#[from] AwsError),
}

/// The database of that file, or one in memory.
pub(super) fn open(file: Option<PathBuf>) -> Result<Database, AwsStartError> {
    let Some(file) = file else { return Database::memory().map_err(|error| AwsError::from(error).into()) };
    let opened = prepare(&file).map_err(|error| error.to_string()).and_then(|()| {
        let path = file.to_str().ok_or("its name is not UTF-8")?;
        Database::new(path).map_err(|error| error.to_string())
    });
    opened.map_err(|reason| AwsStartError::File { file, reason })
}

/// Makes the file if it is absent, for its owner's eyes only, and looks whether it is a database.
fn prepare(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut start = Vec::new();
    options.open(file)?.take(16).read_to_end(&mut start)?;
    if start.is_empty() || start == b"SQLite format 3\0" {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "it holds something else"))
}
