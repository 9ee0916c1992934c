//! Splits a filter into tokens. It never fails: what is no token becomes an `Invalid` one, which the parser reports
//! where it meets it, so that highlighting and completion work on half-typed text too.

use crate::error::Fault;
use crate::expr::Comparison;
use crate::field::Field;
use crate::span::Span;
use crate::text;

/// A token and its place.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) span: Span,
    pub(crate) kind: Lexeme,
}

/// What a token is, before its position says what it means: `plan`, `in`, `29`, `2026-03-29` and `params."a b".c` are
/// all words.
#[derive(Clone, Debug)]
pub(crate) enum Lexeme {
    Word,
    Text(String),
    Compare(Comparison),
    Open,
    Close,
    Comma,
    /// `..`
    Dots,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `!`
    Not,
    /// The `+` or `-` after `now`, `today`, a time of the customer's own and `first (…)`.
    Sign,
    Invalid(Box<Fault>),
    End,
}

/// The tokens of a text; the last is `End`.
pub(crate) fn lex(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    // Of each open parenthesis, whether it is that of `first (…)`.
    let mut open: Vec<bool> = Vec::new();
    let mut first = None;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches(is_blank).len();
        if at == text.len() {
            tokens.push(Token { span: Span::new(at, at), kind: Lexeme::End });
            return tokens;
        }
        let before = Before { text, tokens: &tokens, first };
        let (kind, length) = next(at, &text[at..], &before);
        if matches!(kind, Lexeme::Open) {
            open.push(before.is(1, &["first"]));
        }
        if matches!(kind, Lexeme::Close) && open.pop().unwrap_or_default() {
            first = Some(tokens.len());
        }
        tokens.push(Token { span: Span::new(at, at + length), kind });
        at += length;
    }
}

/// What stands before a token.
struct Before<'t> {
    text: &'t str,
    tokens: &'t [Token],
    /// The token at which a `first (…)` ended last.
    first: Option<usize>,
}

impl Before<'_> {
    /// The word so many tokens back, from 1.
    fn word(&self, back: usize) -> Option<&str> {
        let token = &self.tokens[self.tokens.len().checked_sub(back)?];
        matches!(token.kind, Lexeme::Word).then(|| token.span.of(self.text))
    }

    /// Whether a `first (…)` ended so many tokens back.
    fn ends_first(&self, back: usize) -> bool {
        self.first.is_some_and(|end| end + back == self.tokens.len())
    }

    fn is(&self, back: usize, words: &[&str]) -> bool {
        self.word(back).is_some_and(|word| words.iter().any(|other| other.eq_ignore_ascii_case(word)))
    }

    /// Whether a shift may follow a word that has so many tokens of these behind it. A time field is counted from only where
    /// times are compared, or after `on` and `after`: elsewhere it is as good as any word.
    fn is_origin(&self, word: &str, behind: usize) -> bool {
        let back = behind + 1;
        let compares = || {
            let place = self.tokens.len().checked_sub(back).map(|place| &self.tokens[place].kind);
            let operator = matches!(place, Some(Lexeme::Compare(_))) || self.is(back, &["before", "after"]);
            let is_time = |back| self.word(back).is_some_and(is_time) || self.ends_first(back);
            operator && (is_time(back + 1) || is_time(back + 2))
        };
        is_origin(word) || is_time(word) && (self.is(back, &["on", "at"]) || compares())
    }
}

/// Whether a word names a time field.
fn is_time(word: &str) -> bool {
    Field::named(word).is_some_and(|field| field.is_time())
}

/// The token at the start of `rest`, which lies at byte `at`, and its length in bytes.
fn next(at: usize, rest: &str, before: &Before<'_>) -> (Lexeme, usize) {
    let after_origin = before.word(1).is_some_and(|word| before.is_origin(word, 1));
    if (after_origin || before.ends_first(1)) && is_shift(rest) {
        return (Lexeme::Sign, 1);
    }
    if let Some(symbol) = symbol(at, rest) {
        return symbol;
    }
    if text::quote(rest).is_some() {
        return match text::read(at, rest) {
            Ok((content, length)) => (Lexeme::Text(content), length),
            Err(fault) => (Lexeme::Invalid(fault), rest.len()),
        };
    }
    match word(at, rest, before) {
        Ok(0) => invalid(at, rest),
        Ok(length) => (Lexeme::Word, length),
        Err(fault) => (Lexeme::Invalid(fault), rest.len()),
    }
}

fn symbol(at: usize, rest: &str) -> Option<(Lexeme, usize)> {
    const SYMBOLS: [(&str, Lexeme); 17] = [
        ("..", Lexeme::Dots),
        ("==", Lexeme::Compare(Comparison::Equal)),
        ("!=", Lexeme::Compare(Comparison::NotEqual)),
        ("<>", Lexeme::Compare(Comparison::NotEqual)),
        ("<=", Lexeme::Compare(Comparison::LessOrEqual)),
        (">=", Lexeme::Compare(Comparison::GreaterOrEqual)),
        ("≠", Lexeme::Compare(Comparison::NotEqual)),
        ("≤", Lexeme::Compare(Comparison::LessOrEqual)),
        ("≥", Lexeme::Compare(Comparison::GreaterOrEqual)),
        ("&&", Lexeme::And),
        ("||", Lexeme::Or),
        ("(", Lexeme::Open),
        (")", Lexeme::Close),
        (",", Lexeme::Comma),
        ("<", Lexeme::Compare(Comparison::Less)),
        (">", Lexeme::Compare(Comparison::Greater)),
        ("!", Lexeme::Not),
    ];
    if let Some(wrong) = wrong_symbol(at, rest) {
        return Some(wrong);
    }
    let known = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol));
    let equals = || rest.starts_with(['=', ':']).then_some((Lexeme::Compare(Comparison::Equal), 1));
    known.map(|(symbol, kind)| (kind.clone(), symbol.len())).or_else(equals)
}

/// Operators of other languages.
fn wrong_symbol(at: usize, rest: &str) -> Option<(Lexeme, usize)> {
    const WRONG: [(&str, &str); 8] = [
        ("===", "="),
        ("!==", "!="),
        ("=>", ">="),
        ("=<", "<="),
        ("=~", "contains"),
        ("!~", "not contains"),
        ("&", "and"),
        ("|", "or"),
    ];
    let doubled = rest.starts_with("&&") || rest.starts_with("||");
    let (symbol, right) = WRONG.iter().find(|(symbol, _)| !doubled && rest.starts_with(symbol))?;
    let span = Span::new(at, at + symbol.len());
    let fault = Fault::new(span, format!("{symbol} is not an operator")).hint(format!("write {right}"));
    Some((Lexeme::Invalid(fault), symbol.len()))
}

/// The length of the word at the start of `rest`. Quoted keys belong to it: `params."weird key".b`.
fn word(at: usize, rest: &str, before: &Before<'_>) -> Result<usize, Box<Fault>> {
    let mut end = 0;
    while let Some(c) = rest[end..].chars().next() {
        let (so_far, ahead) = rest.split_at(end);
        let quoted_key = so_far.ends_with('.') && text::quote(ahead).is_some();
        if quoted_key {
            let (_, length) = text::read(at + end, ahead)?;
            end += length;
            continue;
        }
        let inside_clock = c == ':' && is_date_and_hour(so_far);
        if ahead.starts_with("..")
            || is_shift(ahead) && before.is_origin(so_far, 0)
            || !(is_word(c) || inside_clock)
        {
            break;
        }
        end += c.len_utf8();
    }
    Ok(end)
}

/// Letters, digits and what e-mail addresses, slugs, numbers and web addresses hold. Apostrophes count inside a word
/// only; at its start they are quotes.
fn is_word(c: char) -> bool {
    match c {
        '“' | '”' | '„' | '«' | '»' => false,
        _ if c.is_ascii() => c.is_ascii_alphanumeric() || "_-@.+/%#$'?".contains(c),
        _ => !is_blank(c) && !c.is_control(),
    }
}

/// White space, and the characters without width that pasted text brings along.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
}

/// Whether a date and its hour stand before a colon: `2026-03-29T10`.
fn is_date_and_hour(word: &str) -> bool {
    let digit_or = |expected: u8, byte: u8| match expected {
        b'0' => byte.is_ascii_digit(),
        expected => byte.eq_ignore_ascii_case(&expected),
    };
    let shape = b"0000-00-00T00";
    word.len() >= shape.len()
        && shape.iter().zip(word.bytes()).all(|(expected, byte)| digit_or(*expected, byte))
}

/// Whether a shift (`- 14d`) may follow the word.
fn is_origin(word: &str) -> bool {
    word.eq_ignore_ascii_case("now") || word.eq_ignore_ascii_case("today")
}

fn is_shift(rest: &str) -> bool {
    rest.strip_prefix(['+', '-'])
        .is_some_and(|amount| amount.trim_start().starts_with(|c: char| c.is_ascii_digit()))
}

fn invalid(at: usize, rest: &str) -> (Lexeme, usize) {
    let c = rest.chars().next().expect("callers stop at the end of the text");
    let span = Span::new(at, at + c.len_utf8());
    let fault = Fault::new(span, format!("{} means nothing in a filter", text::quoted(&c.to_string())));
    let fault = match c {
        '[' | ']' => {
            fault.hint("to choose from values write plan in (\"pro\", \"team\"); to look inside a list, has")
        }
        '{' | '}' => fault.hint("a list of values is written plan in (\"pro\", \"team\")"),
        '*' | '~' => fault.hint("for a part of a text write contains, starts with or ends with"),
        ';' => fault.hint("join conditions by and, or; put text in quotes"),
        _ => fault.hint("put text in quotes"),
    };
    (Lexeme::Invalid(fault), c.len_utf8())
}
