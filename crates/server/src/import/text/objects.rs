//! The values of a JSON file, cut out one by one without being parsed: lines of NDJSON, the elements of an array, or
//! objects one after the other over several lines.

use std::io::{self, BufRead, BufReader, Read};

use memchr::memchr2;

use crate::import::text::record::Lines;

/// A value with more bytes is no call: the server takes bodies up to 1 MiB.
const TEXT_MAX: usize = 2 << 20;
/// So many arrays around values are remembered: one that is deeper holds no objects that anybody wrote.
const ARRAYS_MAX: usize = 64;

/// The values of a file.
pub(crate) struct Objects<R> {
    input: BufReader<R>,
    lines: Lines,
    /// One value a line: a broken line spoils itself alone.
    by_line: bool,
    /// Where arrays around the values were opened.
    arrays: Vec<u64>,
}

/// A value as text.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// The line on which it begins.
    pub(crate) line: u64,
    pub(crate) bytes: Vec<u8>,
    /// Whether it was longer than a call can be; what was over is left out.
    pub(crate) is_long: bool,
}

/// What came next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A value.
    Text,
    /// The end.
    End,
    /// The end, inside a value or an array that was opened on this line.
    Unclosed { line: u64, what: &'static str },
}

/// Where a value stands.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// Takes a byte in; whether it is the last of an object or array.
    fn see(&mut self, byte: u8) -> bool {
        if self.in_string {
            self.in_string = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

impl<R: Read> Objects<R> {
    pub(crate) fn new(input: R, by_line: bool) -> Objects<R> {
        let input = BufReader::with_capacity(64 << 10, input);
        Objects { input, lines: Lines::new(), by_line, arrays: Vec::new() }
    }

    /// Reads the next value.
    pub(crate) fn next(&mut self, text: &mut Text) -> io::Result<Next> {
        loop {
            text.bytes.clear();
            (text.is_long, text.line) = (false, self.lines.line);
            let next = if self.by_line { self.line(text)? } else { self.value(text)? };
            if next != Next::Text || !text.bytes.trim_ascii().is_empty() {
                return Ok(next);
            }
        }
    }

    fn line(&mut self, text: &mut Text) -> io::Result<Next> {
        let line = self.lines.line;
        loop {
            self.plain(text, |bytes| memchr2(b'\r', b'\n', bytes))?;
            let Some(byte) = self.peek()? else { break };
            let is_second_half = self.lines.is_second_half(byte);
            self.take(byte);
            if is_second_half {
                continue;
            }
            if self.lines.line > line {
                return Ok(Next::Text);
            }
            text.push(byte);
        }
        Ok(if text.bytes.is_empty() { Next::End } else { Next::Text })
    }

    fn value(&mut self, text: &mut Text) -> io::Result<Next> {
        let Some(first) = self.first(text)? else {
            let open = self.arrays.last().map(|line| Next::Unclosed { line: *line, what: "array" });
            return Ok(open.unwrap_or(Next::End));
        };
        let mut scan = Scan::default();
        scan.see(first);
        text.push(first);
        let is_object = first == b'{';
        loop {
            if scan.in_string && !scan.escaped {
                self.plain(text, |bytes| bytes.iter().position(|byte| b"\"\\\r\n".contains(byte)))?;
            }
            let Some(byte) = self.peek()? else { break };
            // A bare word or number ends where something else begins.
            let ends = byte.is_ascii_whitespace() || b",[]{}".contains(&byte);
            if !is_object && !scan.in_string && ends {
                return Ok(Next::Text);
            }
            self.take(byte);
            text.push(byte);
            if scan.see(byte) {
                return Ok(Next::Text);
            }
        }
        let whole = !is_object && !scan.in_string;
        Ok(if whole { Next::Text } else { Next::Unclosed { line: text.line, what: "object" } })
    }

    /// The first byte of the next value: past blanks, commas and the brackets of arrays.
    fn first(&mut self, text: &mut Text) -> io::Result<Option<u8>> {
        loop {
            text.line = self.lines.line;
            let Some(byte) = self.byte()? else { return Ok(None) };
            match byte {
                b'[' if self.arrays.len() < ARRAYS_MAX => self.arrays.push(text.line),
                b'[' => {}
                b']' => {
                    self.arrays.pop();
                }
                // 0x1e begins the values of a JSON text sequence.
                b',' | 0x1e => {}
                byte if byte.is_ascii_whitespace() => {}
                byte => return Ok(Some(byte)),
            }
        }
    }

    /// Takes in what is but text, up to a byte that may mean something: a value may have gigabytes of it, so it is searched and not
    /// looked at byte by byte.
    fn plain(&mut self, text: &mut Text, end: impl Fn(&[u8]) -> Option<usize>) -> io::Result<()> {
        loop {
            let bytes = self.input.fill_buf()?;
            let (end, all) = (end(bytes), bytes.len());
            let plain = &bytes[..end.unwrap_or(all)];
            if plain.is_empty() {
                return Ok(());
            }
            text.extend(plain);
            self.lines.pass();
            let taken = plain.len();
            self.input.consume(taken);
            if end.is_some() {
                return Ok(());
            }
        }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        byte.into_iter().for_each(|byte| self.take(byte));
        Ok(byte)
    }

    fn take(&mut self, byte: u8) {
        self.input.consume(1);
        self.lines.see(byte);
    }
}

impl Text {
    fn push(&mut self, byte: u8) {
        if self.bytes.len() < TEXT_MAX {
            self.bytes.push(byte);
        } else {
            self.is_long = true;
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = bytes.len().min(TEXT_MAX - self.bytes.len());
        self.bytes.extend(&bytes[..room]);
        self.is_long |= room < bytes.len();
    }
}

/// Whether the beginning of a file holds one value a line: its first line is a whole value, or its second begins another
/// object, which no object does after its first brace.
pub(crate) fn is_by_line(sample: &str) -> bool {
    let mut lines = sample.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty());
    let (first, second) = (lines.next().unwrap_or_default(), lines.next());
    let is_whole = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(first).is_ok();
    is_whole || first.starts_with('{') && second.is_some_and(|line| line.starts_with('{'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str, by_line: bool) -> (Vec<(u64, String)>, Next) {
        let mut objects = Objects::new(text.as_bytes(), by_line);
        let (mut values, mut text) = (Vec::new(), Text::default());
        loop {
            match objects.next(&mut text).unwrap() {
                Next::Text => values.push((text.line, String::from_utf8_lossy(&text.bytes).into_owned())),
                end => return (values, end),
            }
        }
    }

    #[test]
    fn values_are_found_with_their_lines() {
        for (text, by_line, expected) in [
            (
                "{\"a\":1}\n\n{\"b\":2}\r\n{\"c\":3}",
                true,
                vec![(1, "{\"a\":1}"), (3, "{\"b\":2}"), (4, "{\"c\":3}")],
            ),
            ("{\"a\":1}\r{broken\r5", true, vec![(1, "{\"a\":1}"), (2, "{broken"), (3, "5")]),
            ("[{\"a\":1},\n {\"b\":\"}]\\\"\"}]\n", false, vec![(1, "{\"a\":1}"), (2, "{\"b\":\"}]\\\"\"}")]),
            ("{\n\"a\": [1, {}]\n}\n{\n}\n", false, vec![(1, "{\n\"a\": [1, {}]\n}"), (4, "{\n}")]),
            ("[1, \"x, y\", null, {}]", false, vec![(1, "1"), (1, "\"x, y\""), (1, "null"), (1, "{}")]),
            ("[]", false, vec![]),
            ("", false, vec![]),
        ] {
            let (values, end) = read(text, by_line);
            let values: Vec<(u64, &str)> = values.iter().map(|(line, text)| (*line, text.as_str())).collect();
            assert_eq!((values, end), (expected, Next::End), "{text:?}");
        }
    }

    #[test]
    fn what_breaks_off_is_told() {
        assert_eq!(read("[\n{\"a\":1},\n{\"b\":", false).1, Next::Unclosed { line: 3, what: "object" });
        let (values, end) = read("[\n{\"a\":1}\n", false);
        assert_eq!((values.len(), end), (1, Next::Unclosed { line: 1, what: "array" }));
    }

    #[test]
    fn a_value_that_is_too_long_is_one_value_and_no_more_of_it_is_kept() {
        let long = "x".repeat(3 * TEXT_MAX);
        for (value, by_line) in [
            (format!("{{\"a\": \"{long}\"}}"), false),
            (format!("{{\"a\": \"{long}\"}}"), true),
            (format!("{{\"a\": \"{}\"}}", "\\\"".repeat(2 * TEXT_MAX)), false),
            (format!("\"{long}\""), false),
            (format!("{{{long}}}"), false),
            (long, true),
        ] {
            let text = format!("{value}\r\n{{\"b\": 1}}\n");
            let mut objects = Objects::new(text.as_bytes(), by_line);
            let mut text = Text::default();
            assert_eq!(objects.next(&mut text).unwrap(), Next::Text);
            assert_eq!((text.line, text.is_long, text.bytes.len()), (1, true, TEXT_MAX));
            assert_eq!(objects.next(&mut text).unwrap(), Next::Text);
            assert_eq!((text.line, text.is_long, text.bytes.as_slice()), (2, false, &b"{\"b\": 1}"[..]));
            assert_eq!(objects.next(&mut text).unwrap(), Next::End);
        }
    }

    #[test]
    fn lines_are_told_from_objects_over_several() {
        for (text, by_line) in [
            ("{\"a\":1}", true),
            ("\n{\"a\":1}\n{", true),
            ("{\"a\":\n1}", false),
            ("{broken\n{\"a\":1}", true),
            ("[{\"a\":1}]", false),
        ] {
            assert_eq!(is_by_line(text), by_line, "{text:?}");
        }
    }

    proptest! {
        /// However JSON is laid out, its objects come back.
        #[test]
        fn objects_come_back(texts in prop::collection::vec("[a-z{}\\[\\]\",\\\\\n é]{0,8}", 0..6), layout in 0..4) {
            let objects: Vec<Value> = texts.iter().map(|text| json!({ "k": text, "in": [{ text: 1 }] })).collect();
            let each = |pretty: bool| -> String {
                let text = |object| if pretty { format!("{object:#}\n") } else { format!("{object}\n") };
                objects.iter().map(text).collect()
            };
            let text = match layout {
                0 => each(false),
                1 => each(true),
                2 => Value::Array(objects.clone()).to_string(),
                _ => format!("{:#}", Value::Array(objects.clone())),
            };
            let (values, end) = read(&text, layout == 0);
            let values: Vec<Value> = values.iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect();
            prop_assert_eq!((values, end), (objects, Next::End));
        }

        #[test]
        fn no_bytes_are_too_odd(text in "[\\[\\]{}\",:a\\\\ \n\r]{0,60}", by_line: bool) {
            read(&text, by_line);
        }
    }
}
