//! The records of a table, over bytes: quotes, delimiters, and whatever ends a line.
//!
//! It reads what the csv crate reads, and three things that that crate cannot tell: a quote that is never closed, on which
//! line of an editor a record begins, and a blank before a quote (`"a", "b"`).

use std::io::{self, BufRead, BufReader, Read};

use memchr::memchr3;

/// A record with more bytes is no row of customers.
pub(crate) const RECORD_MAX: usize = 2 << 20;
/// More of a cell whose quote may be none is not kept: with it the record is too long in any case.
const LED_MAX: usize = RECORD_MAX + 1;
/// The most cells of a record: no sheet has more columns.
const CELLS_MAX: usize = 16 << 10;

/// What is said of a record that was longer.
pub(crate) const TOO_LONG: &str = "it is longer than 2 MiB, or has more than 16384 cells";

/// The records of a table.
pub(crate) struct Records<R> {
    input: BufReader<R>,
    delimiter: u8,
    lines: Lines,
}

/// One record; it is read into, so that its memory is used again.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The line on which it begins.
    pub(crate) line: u64,
    text: Vec<u8>,
    cells: Vec<Cell>,
    /// Over how many lines its longest cell goes.
    pub(crate) longest: u64,
    /// Whether it was longer than a record can be; what was over is left out.
    pub(crate) is_long: bool,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    end: usize,
    is_quoted: bool,
}

/// What came next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A record.
    Record,
    /// The end of the table.
    End,
    /// The end of the table, inside a quote: where it opened, and how many lines after that are inside it.
    Unclosed { line: u64, lines: u64 },
}

/// Counts lines as an editor does: CR, LF and CRLF end one each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines {
    /// The line on which the next byte stands.
    pub(crate) line: u64,
    after_cr: bool,
    after_end: bool,
}

impl Lines {
    pub(crate) fn new() -> Lines {
        Lines { line: 1, after_cr: false, after_end: false }
    }

    pub(crate) fn see(&mut self, byte: u8) {
        let ends = byte == b'\r' || byte == b'\n' && !self.after_cr;
        self.line += u64::from(ends);
        self.after_end = ends || byte == b'\n';
        self.after_cr = byte == b'\r';
    }

    /// Bytes went by of which none ends a line.
    pub(crate) fn pass(&mut self) {
        (self.after_cr, self.after_end) = (false, false);
    }

    /// Whether this byte is the second half of a CRLF whose first half ended the line.
    pub(crate) fn is_second_half(&self, byte: u8) -> bool {
        byte == b'\n' && self.after_cr
    }

    /// The last line that holds something.
    pub(crate) fn last(&self) -> u64 {
        self.line - u64::from(self.after_end)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the beginning of a cell, perhaps after blanks.
    Start,
    /// In a cell without quotes, or after something that follows a closing quote.
    Bare,
    /// Inside quotes.
    Quoted,
    /// After a quote inside quotes: the end of the cell, or half of a doubled quote.
    Quote,
    /// After blanks that follow a closing quote: so many.
    After(usize),
}

/// A record while it is being read.
struct Reading<'a> {
    record: &'a mut Record,
    state: State,
    /// Where the present cell begins in the record's text.
    start: usize,
    is_quoted: bool,
    /// The cell as it stands, if blanks lead to its quote: what follows the closing quote decides whether it was one.
    led: Option<Vec<u8>>,
    opened: u64,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(input: R, delimiter: u8) -> Records<R> {
        Records { input: BufReader::with_capacity(64 << 10, input), delimiter, lines: Lines::new() }
    }

    /// Skips lines, whatever is in them.
    pub(crate) fn skip_lines(&mut self, lines: u64) -> io::Result<()> {
        while self.lines.line <= lines {
            let Some(&byte) = self.input.fill_buf()?.first() else { break };
            self.input.consume(1);
            self.lines.see(byte);
        }
        Ok(())
    }

    /// Reads the next record that holds anything.
    pub(crate) fn next(&mut self, record: &mut Record) -> io::Result<Next> {
        loop {
            match self.any(record)? {
                Next::Record if record.is_blank() => {}
                next => return Ok(next),
            }
        }
    }

    fn any(&mut self, record: &mut Record) -> io::Result<Next> {
        record.begin(self.lines.line);
        let mut reading =
            Reading { record, state: State::Start, start: 0, is_quoted: false, led: None, opened: 0 };
        let mut is_empty = true;
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                break;
            }
            let (mut read, mut ended) = (0, false);
            while let (Some(&byte), false) = (bytes.get(read), ended) {
                let plain = reading.plain(&bytes[read..], self.delimiter);
                if plain > 0 {
                    self.lines.pass();
                    read += plain;
                    continue;
                }
                read += 1;
                if is_empty && self.lines.is_second_half(byte) {
                    self.lines.see(byte);
                    continue;
                }
                if is_empty {
                    reading.record.line = self.lines.line;
                }
                is_empty = false;
                ended = reading.see(byte, self.delimiter, self.lines.line);
                self.lines.see(byte);
            }
            self.input.consume(read);
            if ended {
                return Ok(Next::Record);
            }
        }
        if is_empty {
            return Ok(Next::End);
        }
        if reading.state == State::Quoted {
            let line = reading.opened;
            return Ok(Next::Unclosed { line, lines: self.lines.last().saturating_sub(line) });
        }
        reading.end_cell(self.lines.line);
        Ok(Next::Record)
    }
}

impl Reading<'_> {
    /// Takes in what is but text, up to a byte that may mean something: how many bytes. A cell may have gigabytes of it, so it is
    /// searched and not looked at byte by byte.
    fn plain(&mut self, bytes: &[u8], delimiter: u8) -> usize {
        let end = match self.state {
            State::Bare => memchr3(delimiter, b'\r', b'\n', bytes),
            State::Quoted => memchr3(b'"', b'\r', b'\n', bytes),
            _ => return 0,
        };
        let plain = &bytes[..end.unwrap_or(bytes.len())];
        if let Some(led) = &mut self.led {
            led.extend(&plain[..plain.len().min(LED_MAX.saturating_sub(led.len()))]);
        }
        self.record.extend(plain);
        plain.len()
    }

    /// Takes a byte in; whether it ended the record.
    fn see(&mut self, byte: u8, delimiter: u8, line: u64) -> bool {
        let ends_line = byte == b'\r' || byte == b'\n';
        let is_blank = (byte == b' ' || byte == b'\t') && byte != delimiter;
        if self.state != State::Quoted && (byte == delimiter || ends_line) {
            self.end_cell(line);
            return ends_line;
        }
        if let Some(led) = self.led.as_mut().filter(|led| led.len() < LED_MAX) {
            led.push(byte);
        }
        match self.state {
            State::Start if byte == b'"' => self.open(line),
            State::Start => {
                self.record.push(byte);
                self.state = if is_blank { State::Start } else { State::Bare };
            }
            State::Bare => self.record.push(byte),
            State::Quoted if byte == b'"' => self.state = State::Quote,
            State::Quoted => self.record.push(byte),
            State::Quote if byte == b'"' => {
                self.record.push(byte);
                self.state = State::Quoted;
            }
            State::Quote if is_blank => self.state = State::After(1),
            State::After(blanks) if is_blank => self.state = State::After(blanks + 1),
            State::Quote => self.go_on(0, byte),
            State::After(blanks) => self.go_on(blanks, byte),
        }
        false
    }

    fn open(&mut self, line: u64) {
        if self.record.text.len() > self.start {
            let mut led = self.record.text.split_off(self.start);
            led.push(b'"');
            self.led = Some(led);
        }
        self.opened = line;
        self.is_quoted = true;
        self.state = State::Quoted;
    }

    /// Something follows a closing quote: the cell goes on. Where blanks led to its quote, it never was one.
    fn go_on(&mut self, blanks: usize, byte: u8) {
        self.state = State::Bare;
        if let Some(led) = self.led.take() {
            self.record.text.truncate(self.start);
            self.record.extend(&led);
            self.is_quoted = false;
            return;
        }
        (0..blanks).for_each(|_| self.record.push(b' '));
        self.record.push(byte);
    }

    fn end_cell(&mut self, line: u64) {
        let end = self.record.text.len();
        if self.record.cells.len() < CELLS_MAX {
            self.record.cells.push(Cell { end, is_quoted: self.is_quoted });
        } else {
            self.record.is_long = true;
        }
        if self.is_quoted {
            self.record.longest = self.record.longest.max(line - self.opened + 1);
        }
        (self.start, self.is_quoted, self.led, self.state) = (end, false, None, State::Start);
    }
}

impl Record {
    fn begin(&mut self, line: u64) {
        self.text.clear();
        self.cells.clear();
        (self.line, self.longest, self.is_long) = (line, 0, false);
    }

    fn push(&mut self, byte: u8) {
        if self.text.len() < RECORD_MAX {
            self.text.push(byte);
        } else {
            self.is_long = true;
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = bytes.len().min(RECORD_MAX - self.text.len());
        self.text.extend(&bytes[..room]);
        self.is_long |= room < bytes.len();
    }

    /// Whether it says nothing: blanks and delimiters alone.
    fn is_blank(&self) -> bool {
        let bare = self.cells.iter().all(|cell| !cell.is_quoted);
        bare && !self.is_long && self.text.trim_ascii().is_empty()
    }

    /// How many cells it has.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Its cells, and whether each is quoted.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let starts = std::iter::once(0).chain(self.cells.iter().map(|cell| cell.end));
        starts.zip(&self.cells).map(|(start, cell)| (&self.text[start..cell.end], cell.is_quoted))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The records of a text with their lines, and how it ended.
    fn read(text: &[u8], delimiter: u8) -> (Vec<(u64, Vec<String>)>, Next) {
        // A reader of one byte at a time also shows what a border of the buffer would break.
        let mut records =
            Records { input: BufReader::with_capacity(1, text), delimiter, lines: Lines::new() };
        let (mut rows, mut record) = (Vec::new(), Record::default());
        loop {
            match records.next(&mut record).unwrap() {
                Next::Record => {
                    let cells = record.cells().map(|(cell, _)| String::from_utf8_lossy(cell).into_owned());
                    rows.push((record.line, cells.collect()));
                }
                end => return (rows, end),
            }
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &[(u64, &[&str])]) {
        let (rows, end) = read(text.as_bytes(), b',');
        let rows: Vec<(u64, Vec<&str>)> =
            rows.iter().map(|(line, cells)| (*line, cells.iter().map(String::as_str).collect())).collect();
        let expected: Vec<(u64, Vec<&str>)> =
            expected.iter().map(|(line, cells)| (*line, cells.to_vec())).collect();
        assert_eq!((rows, end), (expected, Next::End), "{text:?}");
    }

    #[test]
    fn whatever_ends_a_line_ends_a_record() {
        for end in ["\n", "\r", "\r\n"] {
            let text = ["a,b", "1,2", "3,"].join(end);
            check(&text, &[(1, &["a", "b"]), (2, &["1", "2"]), (3, &["3", ""])]);
            check(&format!("{text}{end}"), &[(1, &["a", "b"]), (2, &["1", "2"]), (3, &["3", ""])]);
            check(&["", "", "a", "", " \t", "b", ",,", ""].join(end), &[(3, &["a"]), (6, &["b"])]);
        }
        check("a\nb\rc\r\nd", &[(1, &["a"]), (2, &["b"]), (3, &["c"]), (4, &["d"])]);
        check("a\r\n\"x\r\ny\",1\r\nb", &[(1, &["a"]), (2, &["x\r\ny", "1"]), (4, &["b"])]);
        check("\"x\ry\"\nb", &[(1, &["x\ry"]), (3, &["b"])]);
    }

    #[test]
    fn quotes_are_read_as_people_write_them() {
        check("\"a\", \"b, c\" ,\"d\"\"e\"", &[(1, &["a", "b, c", "d\"e"])]);
        check("5\" pipe,x", &[(1, &["5\" pipe", "x"])]);
        check("\"5\" pipe,x", &[(1, &["5 pipe", "x"])]);
        check("a, \"b\" and c", &[(1, &["a", " \"b\" and c"])]);
        check("\"\",a", &[(1, &["", "a"])]);
        check("\"\"", &[(1, &[""])]);
        check("a ,b", &[(1, &["a ", "b"])]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told() {
        let (rows, end) = read(b"a,b\r\n1,\"x\r\n2,y\r\n3,z\r\n", b',');
        assert_eq!((rows.len(), end), (1, Next::Unclosed { line: 2, lines: 2 }));
        let (_, end) = read(b"a\n\"x", b',');
        assert_eq!(end, Next::Unclosed { line: 2, lines: 0 });
        let (rows, end) = read(b"a\n\"x\"\"", b',');
        assert_eq!((rows.len(), end), (1, Next::Unclosed { line: 2, lines: 0 }));
    }

    #[test]
    fn a_record_knows_its_longest_cell_and_is_bounded() {
        let text = format!("\"{}\",b\n\"x\"", "\n".repeat(120));
        let mut records = Records::new(text.as_bytes(), b',');
        let mut record = Record::default();
        records.next(&mut record).unwrap();
        assert_eq!(record.longest, 121);
        records.next(&mut record).unwrap();
        assert_eq!((record.line, record.longest), (122, 1));
    }

    /// What is longer than a record can be is passed over once, in whatever form, and the next record is whole.
    #[test]
    fn a_record_that_is_too_long_is_one_record_and_no_more_of_it_is_kept() {
        let long = "x".repeat(3 * RECORD_MAX);
        let lines = "x\r\n".repeat(RECORD_MAX);
        for (text, lines) in [
            (long.clone(), 1),
            (format!("a, {long}, b"), 1),
            (format!("a,\"{long}\""), 1),
            (format!("a,\"{lines}\",b"), RECORD_MAX as u64 + 1),
            (format!("a, \"{long}\" and no quote"), 1),
            (format!(" \"{}\" x", "x".repeat(RECORD_MAX - 2)), 1),
            (format!("\"{}\"", "\"\"".repeat(2 * RECORD_MAX)), 1),
            (format!("\"a\"{}b", " ".repeat(2 * RECORD_MAX)), 1),
            (",".repeat(2 * CELLS_MAX), 1),
        ] {
            let text = format!("{text}\nnext,1\n");
            let mut records = Records::new(text.as_bytes(), b',');
            let mut record = Record::default();
            assert_eq!(records.next(&mut record).unwrap(), Next::Record);
            assert!(record.is_long && record.line == 1, "{}", &text[..40]);
            assert!(record.text.capacity() <= 4 * RECORD_MAX && record.len() <= CELLS_MAX);
            assert_eq!(records.next(&mut record).unwrap(), Next::Record);
            assert_eq!((record.line, record.is_long, record.len()), (lines + 1, false, 2));
            assert_eq!(records.next(&mut record).unwrap(), Next::End);
        }
    }

    fn cell() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z0-9]{0,5}", "[ a,;|\"\t\r\n'é☃]{0,6}", Just(String::new()),]
    }

    proptest! {
        /// What the csv crate writes comes back, whatever the delimiter and the line ends.
        #[test]
        fn tables_come_back(
            rows in prop::collection::vec(prop::collection::vec(cell(), 1..5), 1..8),
            delimiter in prop::sample::select(b",;|\t".to_vec()),
            end in prop::sample::select(vec![csv::Terminator::CRLF, csv::Terminator::Any(b'\n'), csv::Terminator::Any(b'\r')]),
        ) {
            let mut writer = csv::WriterBuilder::new()
                .delimiter(delimiter).terminator(end).flexible(true).quote_style(csv::QuoteStyle::Always)
                .from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let (read, _) = read(&text, delimiter);
            prop_assert_eq!(read.into_iter().map(|(_, cells)| cells).collect::<Vec<_>>(), rows);
        }

        /// Where no blank stands beside a quote, and every quote is closed, the csv crate says the same.
        #[test]
        fn it_agrees_with_the_csv_crate(text in "[ab,\"\r\n]{0,24}") {
            let (ours, end) = read(text.as_bytes(), b',');
            prop_assume!(end == Next::End);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let theirs: Vec<Vec<String>> =
                reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
            let says = |row: &&Vec<String>| row.iter().any(|cell| !cell.is_empty());
            let ours: Vec<_> = ours.iter().map(|(_, cells)| cells).filter(says).collect();
            prop_assert_eq!(ours, theirs.iter().filter(says).collect::<Vec<_>>());
        }

        #[test]
        fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            read(&bytes, b',');
        }
    }
}
