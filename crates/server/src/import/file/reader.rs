//! The rows of a file in any form, one after the other, as they stand in it.

use std::{fs::File, io, sync::Arc};

use crate::{
    export::bare,
    import::{
        column::columns::Cell,
        fault::Fault,
        file::form::Form,
        text::{
            objects::{self, Objects, Text},
            record::{self, Record, Records},
            sheet::Sheet,
            source::{self, Bytes},
        },
    },
};

/// Reads the rows of a file.
pub(crate) struct Reader {
    kind: Kind,
    /// The line on which the last row began.
    line: u64,
    /// Whether it is a file of rejected rows, whose cells may have got an apostrophe.
    pub(crate) is_rejects: bool,
}

enum Kind {
    Table { records: Box<Records<Bytes>>, record: Record },
    Objects { objects: Box<Objects<Bytes>>, text: Text },
    Sheet { sheet: Arc<Sheet>, next: usize },
}

/// A row as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The line on which it begins.
    pub(crate) line: u64,
    pub(crate) what: What,
    /// Why it cannot be read at all.
    pub(crate) fault: Option<String>,
    /// Over how many lines its longest cell goes.
    pub(crate) longest: u64,
}

/// What a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A record of a table.
    Cells(Vec<Cell>),
    /// The text of a JSON value.
    Json(String),
}

/// What came next.
#[derive(Debug)]
pub(crate) enum Step {
    /// A row.
    Row(Found),
    /// The end.
    End,
    /// A place after which nothing can be read: its line, and what is wrong.
    Broken(u64, String),
}

impl Reader {
    /// Opens a file; of a table the header comes first.
    pub(crate) fn open(form: &Form, file: &File) -> Result<Reader, Fault> {
        let kind = match form {
            Form::Table { source, table } => {
                let mut records = Box::new(Records::new(source.open(file)?, table.delimiter.0));
                records.skip_lines(table.skipped).map_err(|error| source::unreadable(&error))?;
                Kind::Table { records, record: Record::default() }
            }
            Form::Objects { source, by_line } => {
                let objects = Box::new(Objects::new(source.open(file)?, *by_line));
                Kind::Objects { objects, text: Text::default() }
            }
            Form::Sheet(sheet) => Kind::Sheet { sheet: Arc::clone(sheet), next: 0 },
        };
        Ok(Reader { kind, line: 0, is_rejects: false })
    }

    /// Reads the next row.
    pub(crate) fn next(&mut self) -> Result<Step, Fault> {
        let step = match &mut self.kind {
            Kind::Table { records, record } => records.next(record).map(|next| of_record(next, record)),
            Kind::Objects { objects, text } => objects.next(text).map(|next| of_text(next, text)),
            Kind::Sheet { sheet, next } => Ok(of_sheet(sheet, next)),
        };
        match step {
            Ok(Step::Row(mut found)) => {
                self.line = found.line;
                if let (true, What::Cells(cells)) = (self.is_rejects, &mut found.what) {
                    cells.iter_mut().for_each(|cell| cell.text = bare(&cell.text).into_owned());
                }
                Ok(Step::Row(found))
            }
            Ok(step) => Ok(step),
            // What breaks off or is damaged shows only here; what came before it is whole.
            Err(error) if is_damage(&error) => {
                Ok(Step::Broken(self.line, format!("After line {} the file is damaged: {error}.", self.line)))
            }
            Err(error) => Err(source::unreadable(&error)),
        }
    }
}

/// Errors of a compressed stream that ends early or holds nonsense.
fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof | Other)
}

fn of_record(next: record::Next, record: &Record) -> Step {
    match next {
        record::Next::End => Step::End,
        record::Next::Unclosed { line, lines } => {
            let swallowed = match lines {
                0 => "the rest of the line".to_owned(),
                1 => "1 line".to_owned(),
                lines => format!("{lines} lines"),
            };
            let detail = format!(
                "The quote that opens on line {line} is never closed: it would swallow {swallowed} to the end of the file."
            );
            Step::Broken(line, detail)
        }
        record::Next::Record => {
            let mut fault = record.is_long.then(|| record::TOO_LONG.to_owned());
            let cells = record.cells().map(|(text, is_quoted)| {
                let text = std::str::from_utf8(text).map_or_else(
                    |_| {
                        fault.get_or_insert_with(|| {
                            "it is not UTF-8: it holds bytes that are no characters".to_owned()
                        });
                        String::from_utf8_lossy(text).into_owned()
                    },
                    str::to_owned,
                );
                Cell { text, is_quoted }
            });
            let what = What::Cells(cells.collect());
            Step::Row(Found { line: record.line, what, fault, longest: record.longest })
        }
    }
}

fn of_text(next: objects::Next, text: &Text) -> Step {
    match next {
        objects::Next::End => Step::End,
        objects::Next::Unclosed { line, what } => Step::Broken(
            line,
            format!("The {what} that opens on line {line} is never closed: the file breaks off."),
        ),
        objects::Next::Text => {
            let read = std::str::from_utf8(&text.bytes);
            let fault = match () {
                () if text.is_long => Some("it is longer than 2 MiB".to_owned()),
                () => read.err().map(|_| "it is not UTF-8: it holds bytes that are no characters".to_owned()),
            };
            let json = read.map_or_else(|_| String::from_utf8_lossy(&text.bytes).into_owned(), str::to_owned);
            Step::Row(Found { line: text.line, what: What::Json(json.trim().to_owned()), fault, longest: 1 })
        }
    }
}

fn of_sheet(sheet: &Sheet, next: &mut usize) -> Step {
    if *next >= sheet.len() {
        return Step::End;
    }
    let (line, cells) = sheet.row(*next);
    *next += 1;
    // What is over is left out, as of a line of text.
    let (mut room, mut fault) = (record::RECORD_MAX, None);
    let mut fits = |text: &str| {
        let left = room.checked_sub(text.len());
        room = left.unwrap_or(0);
        fault = fault.take().or_else(|| left.is_none().then(|| record::TOO_LONG.to_owned()));
        if left.is_some() { text.to_owned() } else { String::new() }
    };
    let cells = cells.into_iter().map(|text| Cell { text: fits(text), is_quoted: false }).collect();
    Step::Row(Found { line, what: What::Cells(cells), fault, longest: 1 })
}
