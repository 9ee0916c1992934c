//! A file as text: taken out of its compression, and decoded from what it was written in. What comes out is bounded.

use std::{
    fs::File,
    io::{self, BufRead, Read},
};

use encoding_rs::{Encoding, MACINTOSH, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::import::{
    UNPACKED_MAX,
    fault::Fault,
    text::{decode::Decoded, positioned::Positioned},
};

/// How much of a file its looks are told from.
pub(crate) const SAMPLE: u64 = 64 << 10;

/// What may stand before text in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes on their way.
pub(crate) type Bytes = Box<dyn Read + Send>;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
}

/// How a file becomes text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) compression: Option<Compression>,
    pub(crate) encoding: &'static Encoding,
    /// How that is known.
    pub(crate) known_by: KnownBy,
}

/// How an encoding is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownBy {
    /// The file is UTF-8, throughout or nearly.
    Utf8,
    /// A byte order mark says so.
    Mark,
    /// The caller says so.
    Caller,
    /// It was guessed, for it is not UTF-8.
    Looks,
}

impl Compression {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        }
    }

    fn of(head: &[u8]) -> Option<Compression> {
        match head {
            [0x1f, 0x8b, ..] => Some(Compression::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Compression::Zstd),
            _ => None,
        }
    }
}

impl Source {
    /// Finds out how a file becomes text; a mark at its beginning wins over what the caller says.
    pub(crate) fn find(file: &File, said: Option<&'static Encoding>) -> Result<Source, Fault> {
        let compression = Compression::of(&head(raw(file)?, 4)?);
        let start = head(unpacked(file, compression)?, SAMPLE)?;
        refuse_other_files(&start)?;
        let of = |encoding, known_by| Ok(Source { compression, encoding, known_by });
        match (Encoding::for_bom(&start), said, zeros(&start)) {
            (Some((encoding, _)), _, _) => of(encoding, KnownBy::Mark),
            (None, Some(said), _) => of(said, KnownBy::Caller),
            (None, None, Some(encoding)) => of(encoding, KnownBy::Looks),
            (None, None, None) if is_utf8(unpacked(file, compression)?)? => of(UTF_8, KnownBy::Utf8),
            // Lines that end in CR alone come from Macs, and so do their letters.
            (None, None, None) if start.contains(&b'\r') && !start.contains(&b'\n') => {
                of(MACINTOSH, KnownBy::Looks)
            }
            (None, None, None) => of(WINDOWS_1252, KnownBy::Looks),
        }
    }

    /// The text from its beginning, in UTF-8. A file in UTF-8 is passed on as it is: a bad byte spoils its row alone.
    pub(crate) fn open(&self, file: &File) -> Result<Bytes, Fault> {
        let bytes = unpacked(file, self.compression)?;
        if self.encoding != UTF_8 {
            return Ok(Box::new(Decoded::new(bytes, self.encoding)));
        }
        let mut bytes = io::BufReader::new(bytes);
        // A stream that cannot be read says so again when its rows are.
        if bytes.fill_buf().is_ok_and(|start| start.starts_with(MARK)) {
            bytes.consume(MARK.len());
        }
        Ok(Box::new(bytes))
    }

    /// The beginning of the text.
    pub(crate) fn sample(&self, file: &File) -> Result<Vec<u8>, Fault> {
        head(self.open(file)?, SAMPLE)
    }
}

/// What cannot be read on, in words for people.
pub(crate) fn unreadable(error: &io::Error) -> Fault {
    let fault = Fault::new(format!("The file cannot be read: {error}."));
    match error.kind() {
        io::ErrorKind::FileTooLarge => fault.hint("Split it, or take it out of its compression first."),
        _ => fault,
    }
}

pub(crate) fn head(bytes: impl Read, most: u64) -> Result<Vec<u8>, Fault> {
    let mut head = Vec::new();
    // A compressed file that breaks off shows what it has; where it breaks is told when its rows are read.
    let read = bytes.take(most).read_to_end(&mut head);
    match read {
        Err(error) if head.is_empty() => Err(unreadable(&error)),
        _ => Ok(head),
    }
}

fn raw(file: &File) -> Result<Positioned, Fault> {
    Positioned::new(file).map_err(|error| unreadable(&error))
}

fn unpacked(file: &File, compression: Option<Compression>) -> Result<Bytes, Fault> {
    let file = raw(file)?;
    Ok(match compression {
        None => Box::new(file),
        Some(Compression::Gzip) => Box::new(Bounded::new(flate2::read::MultiGzDecoder::new(file))),
        Some(Compression::Zstd) => {
            let decoder = zstd::Decoder::new(file).map_err(|error| unreadable(&error))?;
            Box::new(Bounded::new(decoder))
        }
    })
}

/// Bytes up to a limit, for a few megabytes can hold a terabyte; an error over it, so that nobody takes a part for the whole.
struct Bounded<R> {
    input: R,
    left: u64,
}

impl<R> Bounded<R> {
    fn new(input: R) -> Bounded<R> {
        Bounded { input, left: UNPACKED_MAX }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            let detail = format!("without its compression it has more than {} GiB", UNPACKED_MAX >> 30);
            io::Error::new(io::ErrorKind::FileTooLarge, detail)
        })?;
        Ok(count)
    }
}

/// Text in UTF-16 without a mark shows by the zeros beside its Latin letters.
fn zeros(start: &[u8]) -> Option<&'static Encoding> {
    let pairs = start.len() / 2;
    let zeros = |second: usize| start.iter().skip(second).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    match () {
        () if pairs < 4 => None,
        () if second * 2 > pairs && first * 8 < pairs => Some(UTF_16LE),
        () if first * 2 > pairs && second * 8 < pairs => Some(UTF_16BE),
        () => None,
    }
}

/// Whether text is UTF-8. Broken characters among as many whole ones are faults of their rows and no other encoding: by chance
/// bytes hardly ever make a whole one, and read as another encoding each would become two wrong letters.
fn is_utf8(mut bytes: Bytes) -> Result<bool, Fault> {
    let (mut whole, mut broken) = (0_u64, 0_u64);
    let mut buffer = vec![0; SAMPLE as usize];
    let mut kept = 0;
    loop {
        let count = match bytes.read(&mut buffer[kept..]) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Err(unreadable(&error)),
            read => read.unwrap_or_default(),
        };
        let is_end = count == 0;
        let mut text = &buffer[..kept + count];
        loop {
            match std::str::from_utf8(text) {
                Ok(good) => {
                    whole += beyond_ascii(good.as_bytes());
                    text = &[];
                }
                Err(error) => {
                    whole += beyond_ascii(&text[..error.valid_up_to()]);
                    text = &text[error.valid_up_to()..];
                    // Half a character at the end of the buffer waits for its other half.
                    let Some(length) = error.error_len().or(is_end.then_some(text.len())) else { break };
                    broken += 1;
                    text = &text[length..];
                    continue;
                }
            }
            break;
        }
        if is_end {
            return Ok(broken == 0 || whole >= broken);
        }
        let left = text.to_vec();
        kept = left.len();
        buffer[..kept].copy_from_slice(&left);
    }
}

/// How many characters are not ASCII: each has one byte that begins it.
fn beyond_ascii(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte >= 0xc0).count() as u64
}

/// Files of other kinds, by how they begin.
fn refuse_other_files(start: &[u8]) -> Result<(), Fault> {
    const OLD_EXCEL: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0];
    let lower = String::from_utf8_lossy(start.trim_ascii_start().get(..16).unwrap_or(start)).to_lowercase();
    let (what, hint) = match start {
        [] => ("empty", "Its first line names the columns, e.g. email,name,plan."),
        [b'B', b'Z', b'h', ..] => {
            ("compressed with bzip2", "Take it out of its compression first: bunzip2 FILE.")
        }
        [0xfd, b'7', b'z', b'X', b'Z', ..] => {
            ("compressed with xz", "Take it out of its compression first: unxz FILE.")
        }
        [b'%', b'P', b'D', b'F', ..] => ("a PDF", "Export the table as CSV instead."),
        start if start.starts_with(OLD_EXCEL) => (
            "an old Excel file (.xls), or one with a password",
            "Save it as .xlsx or CSV, without a password.",
        ),
        _ if lower.starts_with("<!doctype") || lower.starts_with("<html") => {
            ("a web page", "Perhaps the download needed a login: open it to see.")
        }
        _ if lower.starts_with("<?xml") => ("XML", "Export the table as CSV instead."),
        _ => return Ok(()),
    };
    Err(Fault::new(format!("The file is {what}.")).hint(hint))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    /// The bytes, the encoding, how it is known, and the text.
    #[test]
    fn text_comes_out_of_every_encoding() {
        use KnownBy::{Looks, Mark, Utf8};
        let text = "email,name\na@example.com,Zoë\n";
        let gzip = |bytes: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let zipped = gzip(&utf16(&format!("\u{feff}{text}"), u16::to_le_bytes));
        let long = text.repeat(5_000);
        let two = [gzip(text.as_bytes()), gzip(b"b@example.com,B\n")].concat();
        for (bytes, encoding, known_by, expected) in [
            (text.as_bytes().to_vec(), "UTF-8", Utf8, text),
            ([b"\xef\xbb\xbf", text.as_bytes()].concat(), "UTF-8", Mark, text),
            (utf16(&format!("\u{feff}{text}"), u16::to_le_bytes), "UTF-16LE", Mark, text),
            (utf16(&format!("\u{feff}{text}"), u16::to_be_bytes), "UTF-16BE", Mark, text),
            (utf16(text, u16::to_le_bytes), "UTF-16LE", Looks, text),
            (utf16(text, u16::to_be_bytes), "UTF-16BE", Looks, text),
            (b"email,name\na@example.com,Zo\xeb\n".to_vec(), "windows-1252", Looks, text),
            (b"email,name\ra@example.com,Zo\x91\r".to_vec(), "macintosh", Looks, &text.replace('\n', "\r")),
            (long.as_bytes().to_vec(), "UTF-8", Utf8, &long),
            (zstd::encode_all(text.as_bytes(), 1).unwrap(), "UTF-8", Utf8, text),
            (zipped, "UTF-16LE", Mark, text),
            (two, "UTF-8", Utf8, "email,name\na@example.com,Zoë\nb@example.com,B\n"),
        ] {
            let file = file(&bytes);
            let source = Source::find(&file, None).unwrap();
            assert_eq!((source.encoding.name(), source.known_by), (encoding, known_by));
            let mut read = String::new();
            source.open(&file).unwrap().read_to_string(&mut read).unwrap();
            assert_eq!(read, expected, "{encoding}");
        }
    }

    #[test]
    fn a_broken_character_among_many_whole_ones_is_no_other_encoding() {
        let mut bytes = "Zoë, Jürgen, Łukasz, Émile, Søren\n".as_bytes().to_vec();
        bytes.extend(b"Ren\xe9\n");
        assert_eq!(Source::find(&file(&bytes), None).unwrap().encoding, UTF_8);
        assert_eq!(Source::find(&file(b"J\xc3\xbcrgen\nZo\xeb\n"), None).unwrap().encoding, UTF_8);
        assert_eq!(
            Source::find(&file(b"J\xc3\xbcrgen\nZo\xeb\nRen\xe9\n"), None).unwrap().encoding,
            WINDOWS_1252
        );
    }

    #[test]
    fn a_mark_wins_over_the_caller() {
        let said = Encoding::for_label(b"shift_jis");
        assert_eq!(Source::find(&file(b"\xef\xbb\xbfa"), said).unwrap().encoding, UTF_8);
        assert_eq!(Source::find(&file(b"a"), said).unwrap().known_by, KnownBy::Caller);
    }

    #[test]
    fn what_is_compressed_too_well_is_refused_and_not_a_part_of_it_taken() {
        let mut bounded = Bounded { input: io::repeat(b'x'), left: 10 };
        let error = io::copy(&mut bounded, &mut io::sink()).unwrap_err();
        assert!(unreadable(&error).hint.is_some_and(|hint| hint.contains("Split")));
    }

    #[test]
    fn files_of_other_kinds_are_named() {
        for (bytes, what) in [
            (&b""[..], "empty"),
            (b"%PDF-1.7", "PDF"),
            (b"\n<!DOCTYPE html><html>", "web page"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel"),
            (b"BZh91AY", "bzip2"),
        ] {
            let fault = Source::find(&file(bytes), None).unwrap_err();
            assert!(fault.detail.contains(what), "{}", fault.detail);
        }
    }
}
