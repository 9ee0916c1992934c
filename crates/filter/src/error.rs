//! The one error of the language: what was found, what was expected, where, and what to do about it.

use crate::span::Span;

/// Why a text is not a filter, or not one that this account can run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The offending bytes of the text.
    pub span: Span,
    /// The line of the span's start, from 1.
    pub line: usize,
    /// The character of that line at which the span starts, from 1.
    pub column: usize,
    /// How many characters the span covers on that line, at least 1.
    pub length: usize,
    /// What was found and what was expected.
    pub message: String,
    /// What to do, as a sentence or a filter to copy.
    pub hint: Option<String>,
    /// What was probably meant in place of the span, best first, at most three: names that exist, or a whole condition.
    pub candidates: Vec<String>,
}

impl Error {
    /// Draws the offending line with a caret under the words, then the hint, for terminals and logs.
    pub fn caret(&self, text: &str) -> String {
        let line = text.lines().nth(self.line - 1).unwrap_or_default().replace('\t', " ");
        let indent = " ".repeat(self.column - 1);
        let carets = "^".repeat(self.length);
        let mut drawing = format!("{line}\n{indent}{carets} {}", self.message);
        if let Some(hint) = &self.hint {
            drawing.push_str("\nhint: ");
            drawing.push_str(hint);
        }
        drawing
    }
}

/// An error before its line and column are known: the parser and the checker see bytes only.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) candidates: Vec<String>,
}

impl Fault {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Box<Fault> {
        Box::new(Fault { span, message: message.into(), hint: None, candidates: Vec::new() })
    }

    /// Says what to do, unless something better has been said.
    pub(crate) fn hint(mut self: Box<Self>, hint: impl Into<String>) -> Box<Fault> {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Says what to do in these words, whatever has been said.
    pub(crate) fn hint_instead(mut self: Box<Self>, hint: impl Into<String>) -> Box<Fault> {
        self.hint = Some(hint.into());
        self
    }

    /// Asks whether the first of some words was meant in place of the span, or the second.
    pub(crate) fn meant(mut self: Box<Self>, words: Vec<String>) -> Box<Fault> {
        match words.as_slice() {
            [] => return self,
            [only] => self.hint = Some(format!("did you mean {only}?")),
            [first, second, ..] => self.hint = Some(format!("did you mean {first} or {second}?")),
        }
        self.candidates = words;
        self
    }

    /// Finds the line and the column of the span. Of a filter that programs have put together no text is known: its parts keep
    /// their places in the texts that they were read from, which are taken for one line of ASCII.
    pub(crate) fn locate(self, text: &str) -> Error {
        let Fault { span, message, hint, candidates } = self;
        if text.is_empty() {
            let (column, length) = (span.start + 1, span.end.saturating_sub(span.start).max(1));
            return Error { span, line: 1, column, length, message, hint, candidates };
        }
        let start = text.floor_char_boundary(span.start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let covered = span.of(text);
        let covered = covered.split('\n').next().unwrap_or_default();
        Error {
            span,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            length: covered.chars().count().max(1),
            message,
            hint,
            candidates,
        }
    }
}

/// A result of the stages that do not know lines yet.
pub(crate) type Checked<T> = Result<T, Box<Fault>>;

const CANDIDATES_MAX: usize = 3;
/// How much two words are alike at least, from 0 to 1, if one may be meant by the other.
const ALIKE: f64 = 0.8;
/// Words so short share too few letters to be alike: one letter for another, or two that changed places, is all that may be wrong.
const SHORT: usize = 3;

/// The names that look like `written`, best first, at most three.
pub fn similar(written: &str, names: &[String]) -> Vec<String> {
    let written = written.to_lowercase();
    let mut scored: Vec<(f64, &String)> =
        names.iter().map(|name| (likeness(&written, &name.to_lowercase()), name)).collect();
    scored.retain(|(score, _)| *score > ALIKE);
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.into_iter().take(CANDIDATES_MAX).map(|(_, name)| name.clone()).collect()
}

/// How much two words are alike, from 0 to 1.
fn likeness(written: &str, name: &str) -> f64 {
    let likeness = strsim::jaro_winkler(written, name);
    let is_short = [written, name].iter().all(|word| word.chars().count() == SHORT);
    match is_short && likeness <= ALIKE && is_slip(written, name) {
        true => ALIKE.next_up(),
        false => likeness,
    }
}

/// Whether two words differ by a slip of the finger: a letter too many, too few, another one, or two that changed places.
pub fn is_slip(written: &str, word: &str) -> bool {
    let lengths = [written, word].map(|text| text.chars().count());
    // One slip makes one letter more or less; to measure the distance takes a thousand times as long.
    lengths[0].abs_diff(lengths[1]) <= 1 && strsim::damerau_levenshtein(written, word) == 1
}
