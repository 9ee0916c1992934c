//! What an editor of filters needs: which part of the text is what, and what could be typed at the cursor.

use crate::field::{Field, FieldKind};
use crate::lex::{self, Lexeme, Token};
use crate::parse::{self, Role, Wanted};
use crate::span::Span;
use crate::value::Kind;

/// The parts of a text and what they are, in order, for highlighting. Works on half-typed and wrong text too: what comes
/// after an error is told by its looks.
///
/// ```
/// use filter::Role;
/// let roles: Vec<Role> = filter::tokens("plan = pro and").into_iter().map(|(_, role)| role).collect();
/// assert_eq!(roles, [Role::Field, Role::Operator, Role::Text, Role::Keyword]);
/// ```
pub fn tokens(text: &str) -> Vec<(Span, Role)> {
    let (read, notes) = parse::read(text);
    let mut roles = notes.roles;
    let wrong = read.err().map(|fault| fault.span);
    let understood = roles.last().map_or(0, |(span, _)| span.end);
    let rest: Vec<_> = lex::lex(text).into_iter().filter(|token| token.span.start >= understood).collect();
    for pair in rest.windows(2) {
        let span = pair[0].span;
        let is_wrong = wrong.is_some_and(|wrong| wrong.start <= span.start && span.end <= wrong.end);
        roles.push((span, if is_wrong { Role::Unknown } else { looks_like(text, &pair[0], &pair[1]) }));
    }
    roles
}

/// What a token probably is that the reader did not get to, by itself and by the one after it.
fn looks_like(text: &str, token: &Token, next: &Token) -> Role {
    const KEYWORDS: [&str; 8] = ["and", "or", "not", "in", "where", "search", "was", "seen"];
    let word = token.span.of(text);
    match token.kind {
        Lexeme::Text(_) => Role::Text,
        Lexeme::Compare(_) => Role::Operator,
        Lexeme::Sign | Lexeme::Dots => Role::Date,
        Lexeme::Open | Lexeme::Close | Lexeme::Comma => Role::Punctuation,
        Lexeme::And | Lexeme::Or | Lexeme::Not => Role::Keyword,
        Lexeme::Invalid(_) | Lexeme::End => Role::Unknown,
        Lexeme::Word if KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word)) => Role::Keyword,
        Lexeme::Word if word.eq_ignore_ascii_case("first") && matches!(next.kind, Lexeme::Open) => {
            Role::Keyword
        }
        Lexeme::Word if matches!(next.kind, Lexeme::Compare(_)) => Role::Field,
        Lexeme::Word if word.parse::<serde_json::Number>().is_ok() => Role::Number,
        Lexeme::Word => Role::Text,
    }
}

/// What could be typed at a place of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The half-typed word to replace; empty where a word can begin.
    pub span: Span,
    /// What belongs there.
    pub kind: CompletionKind,
}

/// What belongs at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// A field or a path, `not`, `in project`, `in segment` or `search`.
    Field,
    /// An operator for this field.
    Operator(Field),
    /// A value of this field.
    Value(Field),
    /// A period, or a list of this field's values.
    Period(Field),
    /// A kind of value, after `is`.
    Kind,
    /// `and` or `or`.
    Connector,
    /// `project` or `segment`, after `in`.
    Membership,
    /// The name of a project.
    Project,
    /// The name of a segment.
    Segment,
    /// The parenthesis after `was` and `first`.
    Group,
    /// `on` or `in` after `was (…)`, or a connector.
    When,
    /// A comparison or `in` after `first (…)`.
    First,
    /// A moment of the past.
    Moment,
    /// The same, or a time of the customer's own.
    On,
    /// A period of the past.
    Past,
    /// `from`, `to` or `in` after `changed`, or a connector.
    Change {
        /// Whether `from` can still be said.
        from: bool,
        /// Whether `to` can.
        to: bool,
    },
    /// `in` after `increased` and `decreased`, and after the days of `seen`.
    MovedIn,
    /// `in` or `at least` after `seen`.
    Seen,
    /// `least` after `seen at`.
    Least,
    /// `days in` after how many.
    Days,
}

impl CompletionKind {
    /// The words of the language that can stand here; fields, names and values come from the account.
    pub fn words(&self) -> Vec<&'static str> {
        match self {
            CompletionKind::Field => Field::names()
                .chain(["not", "in project", "in segment", "search", "was (", "first (", "seen in"])
                .collect(),
            CompletionKind::Operator(field) => operators(field).to_vec(),
            CompletionKind::Value(field) if field.is_time() => [&DATES[..], &OWN].concat(),
            CompletionKind::Value(Field::Status) => vec!["free", "trial", "paid", "churned"],
            CompletionKind::Period(field) if field.is_time() || field.path().is_some() => PERIODS.to_vec(),
            CompletionKind::Kind => Kind::ALL.iter().map(|kind| kind.as_str()).chain(["not"]).collect(),
            CompletionKind::Connector => vec!["and", "or"],
            CompletionKind::Group => vec!["("],
            CompletionKind::When => vec!["on", "in", "and", "or"],
            CompletionKind::First => vec!["<", "<=", ">", ">=", "in", "not in", "=", "!="],
            CompletionKind::Moment => MOMENTS.to_vec(),
            CompletionKind::On => [&MOMENTS[..], &OWN].concat(),
            CompletionKind::Past => PAST.to_vec(),
            CompletionKind::Change { from, to } => {
                let sides = [("from", *from), ("to", *to)].into_iter().filter(|(_, open)| *open);
                sides.map(|(word, _)| word).chain(["in", "and", "or"]).collect()
            }
            CompletionKind::MovedIn => vec!["in"],
            CompletionKind::Seen => vec!["in", "at least"],
            CompletionKind::Least => vec!["least"],
            CompletionKind::Days => vec!["days in"],
            CompletionKind::Membership => vec!["project", "segment"],
            CompletionKind::Value(_) | CompletionKind::Period(_) => Vec::new(),
            CompletionKind::Project | CompletionKind::Segment => Vec::new(),
        }
    }
}

const DATES: [&str; 6] = ["today", "yesterday", "tomorrow", "now", "now - 14d", "today - 3mo"];

/// Times of the customer's own.
const OWN: [&str; 4] = ["first_seen + 14d", "first_paid", "status_since", "first ("];

const PERIODS: [&str; 9] = [
    "last 7 days",
    "last 30 days",
    "last 3 months",
    "this week",
    "this month",
    "last month",
    "this year",
    "next 7 days",
    "next month",
];

const MOMENTS: [&str; 4] = ["yesterday", "today - 7d", "today - 30d", "today - 3mo"];

const PAST: [&str; 7] =
    ["last 7 days", "last 14 days", "last 30 days", "last month", "last 3 months", "this month", "this year"];

/// The operators that make sense for a field, most useful first.
fn operators(field: &Field) -> &'static [&'static str] {
    match field.kind() {
        FieldKind::Status => &["=", "!=", "in", "not in", "changed"],
        FieldKind::Project => &["=", "!=", "in", "not in"],
        FieldKind::Time => &["in", ">", "<", ">=", "<=", "=", "not in", "exists"],
        FieldKind::Text if *field == Field::Domain => {
            &["=", "contains", "starts with", "ends with", "!=", "in", "not in"]
        }
        FieldKind::Text => {
            &["=", "contains", "starts with", "ends with", "!=", "in", "not in", "exists", "changed"]
        }
        // What is asked most comes first.
        _ => &[
            "=",
            "!=",
            ">",
            "<",
            "in",
            "contains",
            "has",
            "exists",
            "changed",
            "increased",
            "decreased",
            ">=",
            "<=",
            "not in",
            "starts with",
            "ends with",
            "is",
        ],
    }
}

/// What could be typed at byte `cursor` of the text; `None` inside of a string, and where the text before is wrong.
///
/// ```
/// use filter::{CompletionKind, complete};
/// assert_eq!(complete("pl", 2).unwrap().kind, CompletionKind::Field);
/// assert!(matches!(complete("plan ", 5).unwrap().kind, CompletionKind::Operator(_)));
/// assert!(matches!(complete("plan = pr", 9).unwrap().kind, CompletionKind::Value(_)));
/// assert_eq!(complete("plan = pro a", 12).unwrap().kind, CompletionKind::Connector);
/// ```
pub fn complete(text: &str, cursor: usize) -> Option<Completion> {
    let cursor = text.floor_char_boundary(cursor);
    let tokens = lex::lex(text);
    let under = tokens.iter().find(|token| token.span.start < cursor && cursor <= token.span.end);
    let span = match under.map(|token| (token.span, &token.kind)) {
        Some((_, Lexeme::Text(_) | Lexeme::Invalid(_))) => return None,
        Some((span, Lexeme::Word)) => span,
        _ => Span::new(cursor, cursor),
    };
    let (_, notes) = parse::read(&text[..span.start]);
    let kind = match notes.wanted? {
        Wanted::Condition => CompletionKind::Field,
        Wanted::Operator(field) => CompletionKind::Operator(field),
        Wanted::Value(field) => CompletionKind::Value(field),
        Wanted::Period(field) => CompletionKind::Period(field),
        Wanted::Kind => CompletionKind::Kind,
        Wanted::Connector => CompletionKind::Connector,
        Wanted::Membership => CompletionKind::Membership,
        Wanted::Project => CompletionKind::Project,
        Wanted::Segment => CompletionKind::Segment,
        Wanted::Group => CompletionKind::Group,
        Wanted::When => CompletionKind::When,
        Wanted::First => CompletionKind::First,
        Wanted::Moment => CompletionKind::Moment,
        Wanted::On => CompletionKind::On,
        Wanted::Past => CompletionKind::Past,
        Wanted::Change { from, to } => CompletionKind::Change { from, to },
        Wanted::MovedIn => CompletionKind::MovedIn,
        Wanted::Seen => CompletionKind::Seen,
        Wanted::Least => CompletionKind::Least,
        Wanted::Days => CompletionKind::Days,
    };
    Some(Completion { span, kind })
}
