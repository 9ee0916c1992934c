//! A file on its way in: kept whole on disk until it is imported, for it is read twice.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::Turn;

/// The largest file, as it comes.
pub const FILE_MAX: u64 = 8 << 30;
/// The largest file that is taken out of a compression on its way.
pub const UNPACKED_MAX: u64 = 2 << 30;

/// A file in the making. It has no name on disk, so it goes with the process.
pub struct Spool {
    file: File,
    hash: Sha256,
    size: u64,
    most: u64,
    turn: Option<Turn>,
}

/// A file that is there whole.
#[derive(Debug)]
pub struct Spooled {
    /// The file.
    pub file: File,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// Held until whoever takes it has read the file.
    pub(super) turn: Option<Turn>,
}

impl Spooled {
    /// The turn that it holds.
    pub(super) fn turn(&mut self) -> Option<Turn> {
        self.turn.take()
    }
}

impl Spool {
    /// An empty file where large temporary ones belong: `TMPDIR`, else `/var/tmp`, for `/tmp` may be memory.
    pub fn new() -> io::Result<Spool> {
        let large = Path::new("/var/tmp");
        let folder = match std::env::var_os("TMPDIR") {
            Some(folder) => PathBuf::from(folder),
            None if large.is_dir() => large.to_owned(),
            None => std::env::temp_dir(),
        };
        let file = tempfile::tempfile_in(&folder).map_err(|error| {
            io::Error::new(error.kind(), format!("no file can be made in {}: {error}", folder.display()))
        })?;
        Ok(Spool { file, hash: Sha256::new(), size: 0, most: FILE_MAX, turn: None })
    }

    /// An empty file of at most so many bytes. It holds one of the turns until whoever reads it last has done so, or has
    /// given it up.
    pub fn in_turn(turn: Turn, most: u64) -> io::Result<Spool> {
        Ok(Spool { turn: Some(turn), most, ..Spool::new()? })
    }

    /// Adds bytes; fails with [`io::ErrorKind::FileTooLarge`] beyond the most that it may have.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.size += bytes.len() as u64;
        if self.size > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.hash.update(bytes);
        self.file.write_all(bytes)
    }

    /// Adds all that a reader has.
    pub fn read(mut self, mut reader: impl Read) -> io::Result<Spooled> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match reader.read(&mut buffer)? {
                0 => return self.finish(),
                count => self.write(&buffer[..count])?,
            }
        }
    }

    /// The file is whole.
    pub fn finish(mut self) -> io::Result<Spooled> {
        self.file.seek(SeekFrom::Start(0))?;
        Ok(Spooled { file: self.file, hash: self.hash.finalize().into(), turn: self.turn })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_becomes_larger_than_it_may() {
        let mut spool = Spool { most: 5, ..Spool::new().unwrap() };
        spool.write(b"abcde").unwrap();
        assert_eq!(spool.write(b"f").unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
