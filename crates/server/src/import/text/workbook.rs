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

/// The most texts that the cells of a workbook may share: each is held, be it empty. As many as a quarter of the cells that a sheet
/// may have.
const TEXTS_MAX: u64 = 8 << 20;

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
        let mut count = Counted { strings: is_strings.then(Strings::default) };
        let size = io::copy(&mut part.take(left + 1), &mut count).map_err(|error| unreadable(&error))?;
        left = left.checked_sub(size).ok_or_else(|| {
            Fault::new(format!("The Excel file has more than {} MiB when it is unpacked.", most >> 20))
                .hint("Save it as CSV, which may be larger.")
        })?;
        let Some(Strings { declared, texts }) = count.strings else { continue };
        if declared.most > size || declared.has_zeros {
            return Err(unreadable(&"it declares more texts than it holds"));
        }
        if texts.count > TEXTS_MAX {
            return Err(Fault::new(format!(
                "The Excel file has more than {} million texts.",
                TEXTS_MAX >> 20
            ))
            .hint("Save it as CSV, which may be larger."));
        }
    }
    Ok(())
}

/// A part goes by; of the one with the texts it is looked at what it declares, and what there is.
struct Counted {
    strings: Option<Strings>,
}

#[derive(Default)]
struct Strings {
    declared: Declared,
    texts: Texts,
}

/// How many elements `si` begin, whatever stands before a colon in their names.
#[derive(Default)]
struct Texts {
    count: u64,
    /// The first letters of the name of an element; none outside of its name.
    name: Option<(usize, [u8; 2])>,
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
        if let Some(Strings { declared, texts }) = &mut self.strings {
            bytes.iter().for_each(|byte| {
                declared.see(*byte);
                texts.see(*byte);
            });
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Texts {
    fn see(&mut self, byte: u8) {
        self.name = match (self.name, byte) {
            (_, b'<' | b':') if byte == b'<' || self.name.is_some() => Some((0, [0; 2])),
            (Some(name), b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n') => {
                self.count += u64::from(name == (2, *b"si"));
                None
            }
            (Some((len, mut name)), byte) => {
                if let Some(letter) = name.get_mut(len) {
                    *letter = byte;
                }
                Some((len + 1, name))
            }
            (None, _) => None,
        };
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

    /// Ten million texts of nothing are a file of some kilobytes.
    #[test]
    fn very_many_texts_are_refused_before_any_is_held() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("xl/sharedStrings.xml", SimpleFileOptions::default()).unwrap();
        for _ in 0..=TEXTS_MAX >> 20 {
            zip.write_all("<si/>".repeat(1 << 20).as_bytes()).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        assert!(bytes.len() < 1 << 20);
        let fault = refuse_bombs(&mut Cursor::new(bytes), 512 << 20).unwrap_err();
        assert_eq!(fault.detail, "The Excel file has more than 8 million texts.");
    }

    #[test]
    fn texts_are_counted_however_they_are_written() {
        for (xml, count) in [
            ("<sst><si><t>a</t></si><si/></sst>", 2),
            ("<x:si a='b'></x:si>", 1),
            ("<si\n/><si\t></si>", 2),
            ("<six/><s i/><is/><t>si</t><si", 0),
        ] {
            let mut texts = Texts::default();
            xml.bytes().for_each(|byte| texts.see(byte));
            assert_eq!(texts.count, count, "{xml}");
        }
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
