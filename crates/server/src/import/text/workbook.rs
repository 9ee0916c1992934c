//! What a workbook of Excel may be: a zip that is looked through before anything of it is believed.

use std::{
    cell::Cell,
    io::{self, Read, Seek, SeekFrom},
    rc::Rc,
};

use zip::{ZipArchive, result::ZipResult};

use crate::import::fault::Fault;

/// The most bytes that are read to find out which parts there are, all of which are then held: a workbook has some dozens.
const LISTED_MAX: u64 = 16 << 20;

/// Opens a zip whose list of parts is no longer than a workbook's can be.
fn open<F: Read + Seek>(file: F) -> ZipResult<ZipArchive<Bounded<F>>> {
    let left = Rc::new(Cell::new(LISTED_MAX));
    let zip = ZipArchive::new(Bounded { file, left: left.clone() });
    left.set(u64::MAX);
    zip
}

/// A file of which so much may be read.
struct Bounded<F> {
    file: F,
    left: Rc<Cell<u64>>,
}

impl<F: Read> Read for Bounded<F> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(bytes)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.ok_or_else(|| io::Error::other("it has more parts than a workbook has"))?);
        Ok(read)
    }
}

impl<F: Seek> Seek for Bounded<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// A fault of the file.
pub(super) fn unreadable(error: &dyn std::fmt::Display) -> Fault {
    Fault::new(format!("The Excel file cannot be read: {error}.")).hint("Save it anew, or save it as CSV.")
}

/// Whether a zip is a workbook of Excel.
pub(crate) fn is_workbook(file: impl Read + Seek) -> bool {
    open(file).is_ok_and(|zip| zip.file_names().any(|name| name.is_ok_and(|name| name.starts_with("xl/"))))
}

/// Unpacks every part once, into nothing, and counts: sizes that a zip declares may be wrong. The number of texts that the
/// workbook declares is reserved by its reader, so it may not be larger than the part has room for.
pub(super) fn refuse_bombs(file: &mut (impl Read + Seek), most: u64) -> Result<(), Fault> {
    let mut zip = open(&mut *file).map_err(|error| unreadable(&error))?;
    let mut left = most;
    for index in 0..zip.len() {
        let part = zip.by_index(index).map_err(|error| unreadable(&error))?;
        let is_strings = part.name().is_ok_and(|name| name.to_lowercase().ends_with("strings.xml"));
        let mut count = Counted { declared: is_strings.then(Declared::default) };
        let size = io::copy(&mut part.take(left + 1), &mut count).map_err(|error| unreadable(&error))?;
        left = left.checked_sub(size).ok_or_else(|| {
            Fault::new(format!("The Excel file has more than {} MiB when it is unpacked.", most >> 20))
                .hint("Save it as CSV, which may be larger.")
        })?;
        if count.declared.is_some_and(|declared| declared.most > size || declared.has_zeros) {
            return Err(unreadable(&"it declares more texts than it holds"));
        }
    }
    Ok(())
}

/// A part goes by, and what it declares is looked at.
struct Counted {
    declared: Option<Declared>,
}

/// The largest number that stands in an attribute whose name ends in `Count`.
#[derive(Default)]
struct Declared {
    most: u64,
    /// How much of the name was seen.
    matched: usize,
    number: Option<u64>,
    /// A part in UTF-16 would hide its attributes.
    has_zeros: bool,
}

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(declared) = &mut self.declared {
            bytes.iter().for_each(|byte| declared.see(*byte));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Declared {
    fn see(&mut self, byte: u8) {
        const NAME: &[u8] = b"Count";
        self.has_zeros |= byte == 0;
        match (self.number, byte) {
            (Some(number), b'0'..=b'9') => {
                let number = number.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
                self.number = Some(number);
                self.most = self.most.max(number);
            }
            (Some(0), b'=' | b'"' | b'\'' | b'+' | b' ' | b'\t' | b'\r' | b'\n') => {}
            _ => {
                self.number = None;
                self.matched = match byte {
                    byte if byte == NAME[self.matched] => self.matched + 1,
                    b'C' => 1,
                    _ => 0,
                };
                if self.matched == NAME.len() {
                    (self.matched, self.number) = (0, Some(0));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    #[test]
    fn what_unpacks_to_too_much_is_refused() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for part in ["xl/a.xml", "xl/b.xml"] {
            zip.start_file(part, SimpleFileOptions::default()).unwrap();
            zip.write_all(&[b' '; 3 << 20]).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        assert!(bytes.len() < 64 << 10);
        let fault = refuse_bombs(&mut Cursor::new(&bytes), 5 << 20).unwrap_err();
        assert!(fault.detail.contains("more than 5 MiB"), "{}", fault.detail);
        assert_eq!(refuse_bombs(&mut Cursor::new(&bytes), 6 << 20), Ok(()));
    }

    #[test]
    fn a_list_of_very_many_parts_is_not_read() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let long = "x".repeat(60_000);
        for part in 0..400 {
            zip.start_file(format!("{long}{part}"), SimpleFileOptions::default()).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        assert!(!is_workbook(Cursor::new(&bytes)));
        let fault = refuse_bombs(&mut Cursor::new(&bytes), 5 << 20).unwrap_err();
        assert!(fault.detail.contains("more parts than a workbook has"), "{}", fault.detail);
    }
}
