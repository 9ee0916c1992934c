//! What form a file has, by looking at its beginning: a table and its delimiter, JSON, or a workbook.

use std::{fs::File, sync::Arc};

use crate::import::{
    fault::Fault,
    options::{Delimiter, Format, Options},
    text::{
        objects,
        positioned::Positioned,
        record::{Next, Record, Records},
        sheet::Sheet,
        source::{self, Source},
        workbook,
    },
};

/// A file's form, and how it becomes text.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// A table.
    Table { source: Source, table: Table },
    /// JSON, one value a line or not.
    Objects { source: Source, by_line: bool },
    /// A sheet of a workbook.
    Sheet(Arc<Sheet>),
}

/// Where a table begins, and what stands between its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) delimiter: Delimiter,
    /// Lines before the header: blank ones, comments, and Excel's `sep=;`.
    pub(crate) skipped: u64,
    /// How many of them are comments.
    pub(crate) comments: u64,
}

/// Delimiters that are looked for; where nothing tells them apart, the first counts.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

impl Form {
    /// Finds out what a file is. Its name is only a hint.
    pub(crate) fn find(file: &File, name: &str, options: &Options) -> Result<Form, Fault> {
        let positioned = || Positioned::new(file).map_err(|error| source::unreadable(&error));
        let start = source::head(positioned()?, 4)?;
        if start.starts_with(b"PK\x03\x04") {
            if !workbook::is_workbook(positioned()?) {
                return Err(Fault::new("The file is a zip archive and no Excel file.")
                    .hint("Take the file out of it first: unzip FILE."));
            }
            return Sheet::read(positioned()?, options.sheet.as_deref())
                .map(|sheet| Form::Sheet(Arc::new(sheet)));
        }
        if options.format == Some(Format::Xlsx) {
            return Err(
                Fault::new("The file is no Excel file (.xlsx).").hint("Leave --format out to have it found.")
            );
        }
        let source = Source::find(file, options.encoding.map(|encoding| encoding.0))?;
        let sample = source.sample(file)?;
        // A few are faults of their rows.
        if sample.iter().filter(|byte| **byte == 0).count() * 50 > sample.len() {
            return Err(Fault::new("The file is not text: it holds zero bytes.")
                .hint("Give a CSV, a JSON or an Excel file; if it is text, name its --encoding."));
        }
        let sample = String::from_utf8_lossy(&sample);
        let by_name = by_name(name);
        let looks_like_json = sample.trim_start().starts_with(['{', '[']) && by_name != Some(Format::Csv);
        match options.format.or(looks_like_json.then_some(Format::Ndjson)).or(by_name) {
            Some(Format::Ndjson | Format::Json) => {
                let by_line = match options.format {
                    Some(format) => format == Format::Ndjson,
                    None => objects::is_by_line(&sample),
                };
                Ok(Form::Objects { source, by_line })
            }
            _ => Ok(Form::Table { source, table: Table::find(&sample, name, options.delimiter) }),
        }
    }

    /// Its name among the formats.
    pub(crate) fn format(&self) -> Format {
        match self {
            Form::Table { .. } => Format::Csv,
            Form::Objects { by_line: true, .. } => Format::Ndjson,
            Form::Objects { .. } => Format::Json,
            Form::Sheet(_) => Format::Xlsx,
        }
    }

    /// How it becomes text; a workbook has ways of its own.
    pub(crate) fn source(&self) -> Option<&Source> {
        match self {
            Form::Table { source, .. } | Form::Objects { source, .. } => Some(source),
            Form::Sheet(_) => None,
        }
    }

    /// The sheet of a workbook.
    pub(crate) fn sheet(&self) -> Option<&Sheet> {
        match self {
            Form::Sheet(sheet) => Some(sheet),
            _ => None,
        }
    }

    /// Where a table begins.
    pub(crate) fn table(&self) -> Option<&Table> {
        match self {
            Form::Table { table, .. } => Some(table),
            _ => None,
        }
    }
}

fn by_name(name: &str) -> Option<Format> {
    let name = name.to_lowercase();
    let bare = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    match bare.rsplit_once('.')?.1 {
        "csv" | "tsv" | "tab" => Some(Format::Csv),
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        "json" => Some(Format::Json),
        _ => None,
    }
}

impl Table {
    /// Finds where the table begins and what stands between its cells.
    pub(crate) fn find(sample: &str, name: &str, said: Option<Delimiter>) -> Table {
        let lines = Lines::of(sample);
        let (mut skipped, mut named) = (0, said);
        let mut rest = lines.skip_while(0, |line| line.trim().is_empty());
        if let Some(delimiter) = lines.at(rest).and_then(separator) {
            named = named.or(Some(delimiter));
            rest = lines.skip_while(rest + 1, |line| line.trim().is_empty());
        }
        let first = rest;
        rest = lines.skip_while(rest, |line| line.trim().is_empty() || line.starts_with('#'));
        let delimiter = |from: usize| named.unwrap_or_else(|| likely(lines.from(from), name));
        let delimiter_of_rows = delimiter(if lines.at(rest).is_some() { rest } else { first });
        // A line that begins with # and has as many cells as the next is a header whose first column is called so.
        let is_header = |line: usize| {
            let cells = |line| lines.at(line).map(|line| width(line, delimiter_of_rows.0));
            lines.at(line).is_some_and(|line| line.starts_with('#'))
                && cells(line) == cells(rest).or(cells(line))
                && cells(line) > Some(1)
        };
        let mut last = rest.checked_sub(1).filter(|last| *last >= first);
        while let Some(line) = last.filter(|line| lines.at(*line).is_some_and(|line| line.trim().is_empty()))
        {
            last = line.checked_sub(1).filter(|last| *last >= first);
        }
        let header = last.filter(|last| is_header(*last)).unwrap_or(rest);
        skipped += header as u64;
        let is_comment = |line: &usize| lines.at(*line).is_some_and(|line| line.starts_with('#'));
        let comments = (first..header).filter(is_comment).count() as u64;
        Table { delimiter: delimiter_of_rows, skipped, comments }
    }

    /// The same text as tables with each of the delimiters.
    pub(crate) fn with_each_delimiter(&self, source: &Source) -> Vec<Form> {
        let table = |delimiter| Table { delimiter: Delimiter(delimiter), ..*self };
        DELIMITERS.map(|delimiter| Form::Table { source: *source, table: table(delimiter) }).to_vec()
    }

    /// The delimiter that would make more of the header than this one does.
    pub(crate) fn better(&self, sample: &str) -> Option<Delimiter> {
        let lines = Lines::of(sample);
        let rows = lines.from(self.skipped as usize);
        let better = likely(rows, "");
        let header = rows.split(['\r', '\n']).next().unwrap_or_default();
        (width(header, self.delimiter.0) == 1 && width(header, better.0) > 1).then_some(better)
    }
}

/// The lines of a text, as an editor shows them.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Lines<'a> {
        let bytes = text.as_bytes();
        let ends =
            |at: &usize| bytes[*at] == b'\n' || bytes[*at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
        let after = (0..bytes.len()).filter(ends).map(|at| at + 1).filter(|start| *start < bytes.len());
        let first = (!bytes.is_empty()).then_some(0);
        Lines { text, starts: first.into_iter().chain(after).collect() }
    }

    fn at(&self, line: usize) -> Option<&'a str> {
        let start = *self.starts.get(line)?;
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        Some(self.text[start..end].trim_end_matches(['\r', '\n']))
    }

    fn from(&self, line: usize) -> &'a str {
        self.starts.get(line).map_or("", |start| &self.text[*start..])
    }

    /// The first line from `from` on of which something does not hold; the number of lines if it holds of all.
    fn skip_while(&self, from: usize, holds: impl Fn(&str) -> bool) -> usize {
        let line = (from..self.starts.len()).find(|line| !self.at(*line).is_some_and(&holds));
        line.unwrap_or(self.starts.len())
    }
}

/// What Excel writes into the first line to say what stands between the cells.
fn separator(line: &str) -> Option<Delimiter> {
    let bare = line.trim_matches('"');
    let rest = bare.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).map(|_| &bare[4..])?;
    match rest.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() => Some(Delimiter(*byte)),
        _ => None,
    }
}

/// The delimiter that makes the most even table of the first rows.
fn likely(rows: &str, name: &str) -> Delimiter {
    const ROWS: usize = 50;
    let score = |delimiter: u8| {
        let widths = widths(rows, delimiter, ROWS);
        let header = widths.first().copied().unwrap_or_default();
        let even = widths.iter().filter(|width| **width == header).count();
        let by_name = delimiter == b'\t' && name.to_lowercase().contains(".tsv");
        // Of tables that are equally even the one with more columns; one column is no table.
        (header > 1).then(|| (by_name, even * 100 / widths.len().max(1), header))
    };
    let best = DELIMITERS.into_iter().rev().max_by_key(|delimiter| score(*delimiter));
    Delimiter(best.filter(|delimiter| score(*delimiter).is_some()).unwrap_or(b','))
}

fn width(line: &str, delimiter: u8) -> usize {
    widths(line, delimiter, 1).first().copied().unwrap_or_default()
}

/// How many cells the first records have.
fn widths(text: &str, delimiter: u8, most: usize) -> Vec<usize> {
    let mut records = Records::new(text.as_bytes(), delimiter);
    let (mut record, mut widths) = (Record::default(), Vec::new());
    while widths.len() < most && matches!(records.next(&mut record), Ok(Next::Record)) {
        widths.push(record.len());
    }
    // The sample may end within a record.
    if widths.len() > 2 && widths.len() < most {
        widths.pop();
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a file, its name, the delimiter, and how many lines stand before the header.
    #[test]
    fn tables_are_found_by_looking() {
        for (text, name, delimiter, skipped) in [
            ("email,name\na@x.com,A", "", ',', 0),
            ("email;name;plan\na@x.com;A;pro", "", ';', 0),
            ("email\tname\na@x.com\tA", "", '\t', 0),
            ("email|name\na@x.com|A", "", '|', 0),
            ("email\na@x.com", "", ',', 0),
            ("email;price\na@x.com;29,90\nb@x.com;5,00", "", ';', 0),
            ("email,tags\na@x.com,a;b\nb@x.com,c;d;e", "", ',', 0),
            ("\"a;b\",email\n1,x\n", "", ',', 0),
            ("email\tname, first\na@x.com\tA, B\n", "x.tsv", '\t', 0),
            ("email,name\na@x.com,A\n", "x.tsv", ',', 0),
            ("sep=;\nemail;name\n", "", ';', 1),
            ("sep=;\r\nemail,x;name\r\n", "", ';', 1),
            ("\"sep=|\"\nemail,x|name\n", "", '|', 1),
            ("\n \n\nemail,name\n", "", ',', 3),
            ("# made today, with care; by hand\n#\nemail,name\na,b\n", "", ',', 2),
            ("#,email,name\n1,a@x.com,A\n", "", ',', 0),
            ("# all users\n#,email,name\n1,a@x.com,A\n", "", ',', 1),
            ("# he said \"hi, \"x\nemail,name\n", "", ',', 1),
            ("# nothing else", "", ',', 1),
            ("", "", ',', 0),
        ] {
            let table = Table::find(text, name, None);
            let found = (char::from(table.delimiter.0), table.skipped);
            assert_eq!(found, (delimiter, skipped), "{text:?}");
        }
    }

    #[test]
    fn a_wrong_delimiter_is_told_from_a_right_one() {
        let with = |text: &str, delimiter| Table::find(text, "", Some(Delimiter(delimiter))).better(text);
        assert_eq!(with("email;name\na;b", b','), Some(Delimiter(b';')));
        assert_eq!(with("email,name\na,b", b','), None);
        assert_eq!(with("email\na", b';'), None);
    }
}
