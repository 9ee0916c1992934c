//! Quoted text: JSON strings, and the quotes that people and their phones type instead.

use crate::error::{Checked, Fault};
use crate::span::Span;

/// The text as a JSON string, which is how a filter writes it.
///
/// ```
/// assert_eq!(filter::quoted("Ada\n"), "\"Ada\\n\"");
/// ```
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The characters that close a string opened by the first character of `text`; `None` if that is no quote.
pub(crate) fn quote(text: &str) -> Option<&'static [char]> {
    match text.chars().next()? {
        '"' => Some(&['"']),
        '\'' => Some(&['\'']),
        '“' | '”' | '„' | '«' => Some(&['“', '”', '»']),
        '‘' | '’' | '‚' => Some(&['‘', '’']),
        _ => None,
    }
}

/// Reads the quoted string at the start of `text`, which lies at byte `at`: its content and its length in bytes.
pub(crate) fn read(at: usize, text: &str) -> Checked<(String, usize)> {
    let closing = quote(text).expect("callers see a quote first");
    let mut content = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((position, c)) = chars.next() {
        if closing.contains(&c) {
            return Ok((content, position + c.len_utf8()));
        }
        if c != '\\' {
            content.push(c);
            continue;
        }
        let (unescaped, length) =
            escape(&text[position..]).ok_or_else(|| bad_escape(at + position, &text[position..]))?;
        content.push(unescaped);
        while chars.next_if(|(next, _)| *next < position + length).is_some() {}
    }
    let span = Span::new(at, at + text.len());
    Err(Fault::new(span, "this string is never closed").hint("add the closing quote"))
}

/// The character that an escape at the start of `text` stands for, and the escape's length in bytes.
fn escape(text: &str) -> Option<(char, usize)> {
    let c = match text.as_bytes().get(1)? {
        b'"' => '"',
        b'\'' => '\'',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(text),
        _ => return None,
    };
    Some((c, 2))
}

/// `\uXXXX`, or two of them where the first is half of a pair.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let first = hex(text)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 6));
    }
    let second = text.get(6..).filter(|rest| rest.starts_with("\\u")).and_then(hex)?;
    let pair = char::decode_utf16([first as u16, second as u16]).next()?;
    Some((pair.ok()?, 12))
}

fn hex(text: &str) -> Option<u32> {
    let digits = text.get(2..6).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

fn bad_escape(at: usize, text: &str) -> Box<Fault> {
    let length = if text.starts_with("\\u") { 6 } else { 2 };
    let shown: String = text.chars().take(length).collect();
    let fault = Fault::new(Span::new(at, at + shown.len()), format!("{shown} is not a character in JSON"));
    fault.hint("write a backslash as \\\\, a quote as \\\", a character by number as \\u00e9")
}
