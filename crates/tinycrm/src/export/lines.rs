//! Takes an export's answer apart: its lines without their cursors, and how far they go. Lines are held back until a cursor
//! says that it can go on after them.

use std::io::{self, BufRead, BufReader, Read, Write};

use clap::ValueEnum;
use csv::{ByteRecord, ReaderBuilder, Writer};
use server::export::AS_OF;

/// The cursor of the last line.
const END: &[u8] = b"end";

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// A table with a header
    Csv,
    /// A JSON object a line
    Ndjson,
}

/// How far an export is, over all answers that it took.
#[derive(Debug, Default)]
pub struct SoFar {
    /// Where it can go on.
    pub after: Option<String>,
    /// The columns of the table, as its header names them.
    pub columns: Option<String>,
    /// Lines that were written, without the header.
    pub lines: u64,
}

/// Why an answer was not copied to its end.
#[derive(Debug)]
pub enum Stop {
    /// It broke off: the rest can be asked for.
    Cut(String),
    /// What was read cannot be written.
    Write(io::Error),
}

impl SoFar {
    /// Copies an answer, as far as it goes.
    pub fn copy(&mut self, form: Form, answer: impl Read, out: &mut dyn Write) -> Result<(), Stop> {
        let mut held = Held { so_far: self, out, lines: 0, bytes: Vec::new() };
        match form {
            Form::Csv => held.csv(answer),
            Form::Ndjson => held.ndjson(answer),
        }
    }
}

/// Lines that wait for a cursor.
struct Held<'a> {
    so_far: &'a mut SoFar,
    out: &'a mut dyn Write,
    lines: u64,
    bytes: Vec<u8>,
}

impl Held<'_> {
    fn csv(&mut self, answer: impl Read) -> Result<(), Stop> {
        let mut rows = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(answer);
        let mut read =
            |row: &mut ByteRecord| rows.read_byte_record(row).map_err(|error| Stop::Cut(error.to_string()));
        let (mut row, mut next) = (ByteRecord::new(), ByteRecord::new());
        let mut is_head = self.so_far.after.is_none();
        let mut more = read(&mut row)?;
        while more {
            // Only what is followed by another row is known to be whole.
            more = read(&mut next)?;
            let cells = row.len().saturating_sub(1);
            let cursor = row.get(cells).unwrap_or_default();
            if cursor == END && !more {
                return self.mark(None);
            } else if !more {
                break;
            } else if std::mem::take(&mut is_head) {
                self.head(&row, cells)?;
            } else {
                self.row(&row, cells)?;
                if !cursor.is_empty() {
                    self.mark(Some(cursor))?;
                }
            }
            std::mem::swap(&mut row, &mut next);
        }
        Err(early())
    }

    /// The header, once: an answer that broke off before any cursor begins anew.
    fn head(&mut self, row: &ByteRecord, cells: usize) -> Result<(), Stop> {
        if self.so_far.columns.is_none() {
            self.row(row, cells)?;
            self.out.write_all(&std::mem::take(&mut self.bytes)).map_err(Stop::Write)?;
            self.lines = 0;
            // The moment of an export of the past is no column that can be asked for: it is there by itself.
            let asked = row.iter().take(cells).filter(|name| *name != AS_OF.as_bytes());
            let names: Vec<_> = asked.map(String::from_utf8_lossy).collect();
            self.so_far.columns = Some(names.join(","));
        }
        Ok(())
    }

    fn row(&mut self, row: &ByteRecord, cells: usize) -> Result<(), Stop> {
        let mut out = Writer::from_writer(&mut self.bytes);
        out.write_record(row.iter().take(cells)).map_err(|error| Stop::Write(error.into()))?;
        out.flush().map_err(Stop::Write)?;
        self.lines += 1;
        Ok(())
    }

    fn ndjson(&mut self, answer: impl Read) -> Result<(), Stop> {
        let mut answer = BufReader::new(answer);
        let mut line = Vec::new();
        while answer.read_until(b'\n', &mut line).map_err(|error| Stop::Cut(error.to_string()))? > 0 {
            match cursor(&line) {
                Some((_, END)) => return self.mark(None),
                Some((object, cursor)) => {
                    self.bytes.extend(object);
                    self.bytes.extend(b"}\n");
                    self.lines += 1;
                    self.mark(Some(cursor))?;
                }
                None => {
                    self.bytes.extend(&line);
                    self.lines += 1;
                }
            }
            line.clear();
        }
        Err(early())
    }

    /// What was held is written: the export can go on after it, or has ended.
    fn mark(&mut self, cursor: Option<&[u8]>) -> Result<(), Stop> {
        self.out.write_all(&self.bytes).map_err(Stop::Write)?;
        self.bytes.clear();
        self.so_far.lines += std::mem::take(&mut self.lines);
        if let Some(cursor) = cursor {
            self.so_far.after = Some(String::from_utf8_lossy(cursor).into_owned());
        }
        Ok(())
    }
}

fn early() -> Stop {
    Stop::Cut("the answer ended before its last line".to_owned())
}

/// A line's object up to its cursor, which is its last member, and the cursor. Any other line ends with the object `params`.
fn cursor(line: &[u8]) -> Option<(&[u8], &[u8])> {
    const MEMBER: &[u8] = b"\"cursor\":\"";
    let line = line.strip_suffix(b"\"}\n")?;
    let at = line.windows(MEMBER.len()).rposition(|window| window == MEMBER)?;
    let object = &line[..at];
    Some((object.strip_suffix(b",").unwrap_or(object), &line[at + MEMBER.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "email,params.\"a,b\",cursor\na@x.com,\"1\n2\",\nb@x.com,,B\nc@x.com,3,\n,,end\n";
    const NDJSON: &str = "{\"email\":\"a\",\"params\":{}}\n{\"email\":\"b\",\"params\":{\"x\":\"\\\"}\"},\"cursor\":\"B\"}\n\
                          {\"email\":\"c\",\"params\":{\"cursor\":\"x\"}}\n{\"cursor\":\"end\"}\n";

    fn copied(form: Form, answer: &str) -> (String, SoFar, bool) {
        let (mut so_far, mut out) = (SoFar::default(), Vec::new());
        let whole = so_far.copy(form, answer.as_bytes(), &mut out).is_ok();
        (String::from_utf8(out).unwrap(), so_far, whole)
    }

    #[test]
    fn a_whole_answer_loses_only_its_cursors() {
        let csv = CSV.replace("params.\"a,b\"", "\"params.\"\"a,b\"\"\"");
        let (out, so_far, whole) = copied(Form::Csv, &csv);
        assert_eq!(out, "email,\"params.\"\"a,b\"\"\"\na@x.com,\"1\n2\"\nb@x.com,\nc@x.com,3\n");
        assert_eq!((so_far.columns.as_deref(), so_far.lines, whole), (Some("email,params.\"a,b\""), 3, true));
        let (out, so_far, whole) = copied(Form::Ndjson, NDJSON);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[1], r#"{"email":"b","params":{"x":"\"}"}}"#);
        assert_eq!((lines.len(), so_far.lines, whole), (3, 3, true));
    }

    #[test]
    fn what_goes_on_with_a_past_asks_for_the_columns_that_were_asked_for() {
        let csv = format!("{AS_OF},email,cursor\n2026-01-31T00:00:00Z,a@x.com,\n,,end\n");
        let (out, so_far, whole) = copied(Form::Csv, &csv);
        assert_eq!(out, format!("{AS_OF},email\n2026-01-31T00:00:00Z,a@x.com\n"));
        assert_eq!((so_far.columns.as_deref(), whole), (Some("email"), true));
    }

    #[test]
    fn wherever_it_is_cut_what_is_written_ends_at_a_cursor() {
        for (form, answer) in [(Form::Csv, CSV.replace(".\"a,b\"", ".a")), (Form::Ndjson, NDJSON.to_owned())]
        {
            for at in 0..answer.len() - 1 {
                let (out, so_far, whole) = copied(form, &answer[..at]);
                assert_eq!(so_far.lines, if so_far.after.is_some() { 2 } else { 0 }, "{at}: {out}");
                assert!(!out.contains("c@x.com") && !out.contains("\"c\""), "{at}: {out}");
                assert!(!whole, "{at}");
            }
        }
    }
}
