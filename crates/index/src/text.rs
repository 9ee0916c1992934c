//! Reading the text forms of questions: calls like `sum(params.mrr)` around the filter language's fields.

use filter::{Error, Field, Span, parse_field};

/// A call `name(argument)` and where its argument stands.
pub(crate) struct Call<'a> {
    pub(crate) name: &'a str,
    pub(crate) name_span: Span,
    pub(crate) argument: &'a str,
    pub(crate) argument_start: usize,
}

/// The call that a text is; `None` when it does not begin like one, an error when it does but never ends.
pub(crate) fn call(text: &str) -> Result<Option<Call<'_>>, Error> {
    let Some(open) = text.find('(') else { return Ok(None) };
    let start = text.len() - text.trim_start().len();
    let name = text[..open].trim();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphabetic() || c == '_') {
        return Ok(None);
    }
    let end = text.trim_end();
    if !end.ends_with(')') {
        let span = Span::new(end.len(), end.len());
        return Err(error(text, span, "the parenthesis is never closed").hint("add ) at the end"));
    }
    Ok(Some(Call {
        name,
        name_span: Span::new(start, start + name.len()),
        argument: &text[open + 1..end.len() - 1],
        argument_start: open + 1,
    }))
}

/// Reads the field that stands at `start` of `text`; errors point into the whole text.
pub(crate) fn field_at(text: &str, start: usize, part: &str) -> Result<Field, Error> {
    parse_field(part).map_err(|found| {
        let span = Span::new(start + found.span.start, start + found.span.end);
        Error {
            message: found.message,
            hint: found.hint,
            candidates: found.candidates,
            ..error(text, span, "")
        }
    })
}

/// An error at a span of a text.
pub(crate) fn error(text: &str, span: Span, message: impl Into<String>) -> Error {
    let before = &text[..text.floor_char_boundary(span.start)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Error {
        span,
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        length: span.of(text).chars().count().max(1),
        message: message.into(),
        hint: None,
        candidates: Vec::new(),
    }
}

/// Adds what to do to an error under construction.
pub(crate) trait Hint {
    fn hint(self, hint: impl Into<String>) -> Error;
}

impl Hint for Error {
    fn hint(self, hint: impl Into<String>) -> Error {
        Error { hint: Some(hint.into()), ..self }
    }
}

/// The span of a text without the space around it.
pub(crate) fn whole(text: &str) -> Span {
    let start = text.len() - text.trim_start().len();
    Span::new(start, start + text.trim().len())
}

/// The parts of a list separated by commas; those inside double quotes and parentheses do not separate.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped, mut depth) = (false, false, 0_usize);
    let separates = move |c: char| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' => return !quoted && depth == 0,
            _ => {}
        }
        false
    };
    text.split(separates).map(str::trim).filter(|part| !part.is_empty())
}
