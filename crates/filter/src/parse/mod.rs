//! The lenient reader: recursive descent over the tokens, one function per production of the grammar.

mod bound;
mod condition;
mod date;
mod first;
mod literal;
mod nearly;
mod own;
mod past;
mod search;
mod sentence;
mod shared;
mod shift;

pub use sentence::meant;

use crate::error::{Checked, Error, Fault};
use crate::expr::{Clause, DateLiteral, Expr, Node, Period};
use crate::field::Field;
use crate::lex::{self, Lexeme, Token};
use crate::span::{Span, Spanned};
use crate::text::quoted;

/// The longest filter, in bytes.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;

/// The deepest nesting of parentheses and `not`.
pub const DEPTH_MAX: usize = 64;

/// The word for no value at all, on a side of a change; a text of these letters is in quotes.
const MISSING: &str = "missing";

/// Reads a filter, strictly or as people type it. The empty filter is everything.
///
/// ```
/// let filter = filter::parse("status:paid && plan = pro").unwrap();
/// assert_eq!(filter.to_string(), r#"status = "paid" and params.plan = "pro""#);
/// ```
pub fn parse(text: &str) -> Result<Expr, Error> {
    read(text).0.map_err(|fault| fault.locate(text))
}

/// Reads a filter and also answers what the reader noticed on the way, which serves editors even when it failed.
pub(crate) fn read(text: &str) -> (Checked<Expr>, Notes) {
    if text.len() > TEXT_BYTES_MAX {
        let fault = Fault::new(Span::new(0, 1), format!("this filter has {} bytes", text.len()));
        return (
            Err(fault.hint("a filter is at most 64 KiB; save parts of it as segments")),
            Notes::default(),
        );
    }
    let mut parser = Parser::of(text);
    let root = parser.filter();
    (root.map(|root| Expr { text: text.to_owned(), root }), parser.notes)
}

/// Reads a moment and nothing else.
pub(crate) fn moment(text: &str) -> Checked<Spanned<DateLiteral>> {
    let mut parser = Parser::of(text);
    let start = parser.here();
    let moment = parser.required_date()?;
    if !parser.ends() {
        return Err(parser
            .expected("the end")
            .hint("one moment is written 2026-03-29, today - 30d or 30 days ago"));
    }
    Ok(Spanned::new(start.to(parser.previous()), moment))
}

/// Reads a period and nothing else.
pub(crate) fn period(text: &str) -> Checked<Spanned<Period>> {
    let mut parser = Parser::of(text);
    let period = parser.past_period()?;
    if !parser.ends() {
        return Err(parser
            .expected("the end")
            .hint("one period is written last 12 months, this year or 2026-01-01 .. 2026-06-30"));
    }
    Ok(period)
}

/// Whether a text is a filter. Looking for what may have been meant asks this of other texts: if those looked too, each fault
/// would double the work.
fn is_filter(text: &str) -> bool {
    text.len() <= TEXT_BYTES_MAX && Parser { trial: true, ..Parser::of(text) }.filter().is_ok()
}

/// What the reader noticed for the sake of editors.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// What each token turned out to be, in order.
    pub(crate) roles: Vec<(Span, Role)>,
    /// What could have stood where the text ended.
    pub(crate) wanted: Option<Wanted>,
}

/// What a token turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A field or a path.
    Field,
    /// An operator: `=`, `contains`, `in` …
    Operator,
    /// A word that joins: `and`, `or`, `not`, `where`, and `in project`, `in segment`, `search`.
    Keyword,
    /// Text to compare with or to search for.
    Text,
    /// A number.
    Number,
    /// `true`, `false`, `null` and the kinds of values.
    Constant,
    /// A date, a point in time or a period.
    Date,
    /// The name of a project or a segment.
    Name,
    /// A parenthesis or a comma.
    Punctuation,
    /// Not understood.
    Unknown,
}

/// What the grammar allows next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Condition,
    Operator(Field),
    Value(Field),
    Kind,
    Connector,
    Membership,
    Period(Field),
    Project,
    Segment,
    /// `(`, after `was` and `first`.
    Group,
    /// `on` or `in`, after `was (…)`.
    When,
    /// A comparison or `in`, after `first (…)`.
    First,
    /// A moment of the past.
    Moment,
    /// The same, or a time of the customer's own.
    On,
    /// A period of the past.
    Past,
    /// `from`, `to` or `in`, after `changed`, each as long as it has not been said.
    Change {
        from: bool,
        to: bool,
    },
    /// `in`, after `increased`.
    MovedIn,
    /// `in` or `at least`, after `seen`.
    Seen,
    /// `least`, after `seen at`.
    Least,
    /// `days in`, after how many.
    Days,
}

/// Tokens that are seen when it is looked ahead: a time takes fewer.
const LOOK: usize = 16;

pub(crate) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    notes: Notes,
    /// The condition, or the group of them, that was read last, and the place after it.
    condition: Option<(usize, Span)>,
    /// Whether the cursor is inside of `was (…)` or `first (…)`.
    past: Option<&'static str>,
    /// Whether it is only asked if the text is a filter: what may have been meant is not looked for.
    trial: bool,
}

impl<'t> Parser<'t> {
    fn of(text: &'t str) -> Parser<'t> {
        let (tokens, notes) = (lex::lex(text), Notes::default());
        Parser { text, tokens, at: 0, depth: 0, notes, condition: None, past: None, trial: false }
    }

    /// A reader some tokens ahead, to look with: it sees the next few only, or a look would cost as much as reading all of it.
    fn look(&self, ahead: usize) -> Parser<'t> {
        let last = self.tokens.len() - 1; // the End token
        let place = (self.at + ahead).min(last);
        let (before, until) = (place.saturating_sub(1), (place + LOOK).min(last));
        let tokens = self.tokens[before..until].iter().chain(&self.tokens[last..]).cloned().collect();
        let (text, at, notes) = (self.text, place - before, Notes::default());
        Parser { text, tokens, at, depth: self.depth, notes, condition: None, past: self.past, trial: true }
    }

    /// `filter := or`, or nothing.
    fn filter(&mut self) -> Checked<Option<Node>> {
        self.wants(Wanted::Condition);
        if self.ends() {
            return Ok(None);
        }
        let root = self.or()?;
        if self.ends() { Ok(Some(root)) } else { Err(self.unconnected()) }
    }

    /// `or := and ("or" and)*`
    fn or(&mut self) -> Checked<Node> {
        let mut nodes = vec![self.and()?];
        while self.is_or() {
            self.take(Role::Keyword);
            nodes.push(self.and()?);
        }
        self.refuse_shared_time(&nodes, "or")?;
        Ok(joined(nodes, Clause::Or))
    }

    /// `and := not ("and" not)*`
    fn and(&mut self) -> Checked<Node> {
        let mut nodes = vec![self.not()?];
        while self.is_and() {
            self.take(Role::Keyword);
            nodes.push(self.not()?);
        }
        self.refuse_shared_time(&nodes, "and")?;
        Ok(joined(nodes, Clause::And))
    }

    /// `not := "not" not | primary`
    fn not(&mut self) -> Checked<Node> {
        if !self.is_not(0) {
            return self.primary();
        }
        let span = self.take(Role::Keyword);
        let node = self.nested(Self::not)?;
        Ok(Spanned::new(span.to(node.span), Clause::Not(Box::new(node))))
    }

    /// `primary := "(" filter ")" | membership | search | was | first | seen | condition`
    fn primary(&mut self) -> Checked<Node> {
        self.wants(Wanted::Condition);
        if let Some(address) = self.pasted_address() {
            return Ok(address);
        }
        self.refuse_calculation()?;
        match self.kind() {
            Lexeme::Open => self.parenthesised(),
            Lexeme::Word if self.is("in") => self.membership(),
            Lexeme::Word if self.is_was() => self.was(),
            Lexeme::Word if self.is_first(0) => self.first(),
            Lexeme::Word if self.is("was") && self.operator_at(2) && !self.operator_at(1) => {
                Err(self.bare_was())
            }
            Lexeme::Word if self.is_seen() => self.seen(),
            Lexeme::Word if self.is("search") && !self.operator_at(1) => self.search(),
            Lexeme::Word if self.is_and() || self.is_or() || self.is("where") => {
                Err(self.expected("a condition").hint("to search for the word, put it in quotes"))
            }
            Lexeme::Word if self.operator_at(1) => {
                if self.is("who") {
                    self.refuse_sentence()?;
                }
                self.condition()
            }
            Lexeme::Word => self.bare_words(),
            Lexeme::Text(_) if self.operator_at(1) => Err(self.quoted_field()),
            Lexeme::Text(_) => self.bare_words(),
            _ => Err(self.expected("a condition").hint("for example status = \"paid\" or params.mrr > 20")),
        }
    }

    fn parenthesised(&mut self) -> Checked<Node> {
        let open = self.take(Role::Punctuation);
        let node = self.nested(Self::or)?;
        let close = self.close(open)?;
        // Around a single part parentheses say nothing, and a fix must not lose one of them.
        let whole = matches!(node.value, Clause::And(_) | Clause::Or(_));
        self.ends_condition(open.to(close));
        Ok(if whole { Spanned::new(open.to(close), node.value) } else { node })
    }

    /// `membership := "in" "project" name ["where" "(" filter ")"] | "in" "segment" name`
    fn membership(&mut self) -> Checked<Node> {
        if self.word_at(1, "project") {
            return self.in_project();
        }
        if self.word_at(1, "segment") {
            let start = self.take(Role::Keyword);
            self.take(Role::Keyword);
            self.wants(Wanted::Segment);
            let name = self.name("the name of a segment")?;
            return Ok(Spanned::new(start.to(name.span), Clause::InSegment(name)));
        }
        self.take(Role::Keyword);
        self.wants(Wanted::Membership);
        let fault = self.expected("project or segment after in");
        Err(fault.hint(
            "write in project NAME or in segment NAME, or a field before in: plan in (\"pro\", \"team\")",
        ))
    }

    fn in_project(&mut self) -> Checked<Node> {
        let start = self.take(Role::Keyword);
        self.take(Role::Keyword);
        self.wants(Wanted::Project);
        let name = self.name("the name of a project")?;
        self.wants(Wanted::Connector);
        if !self.is("where") {
            return Ok(Spanned::new(start.to(name.span), Clause::InProject { name, filter: None }));
        }
        self.take(Role::Keyword);
        if !matches!(self.kind(), Lexeme::Open) {
            let hint = format!("write in project {} where (…)", name.span.of(self.text));
            return Err(self.expected("a filter in parentheses after where").hint(hint));
        }
        let filter = self.parenthesised()?;
        let span = start.to(self.previous());
        Ok(Spanned::new(span, Clause::InProject { name, filter: Some(Box::new(filter)) }))
    }

    /// A project or a segment.
    fn name(&mut self, what: &str) -> Checked<Spanned<String>> {
        let name = match self.kind() {
            Lexeme::Word => self.here().of(self.text).to_owned(),
            Lexeme::Text(name) => name.clone(),
            _ => return Err(self.expected(what).hint("put a name with spaces in quotes")),
        };
        Ok(Spanned::new(self.take(Role::Name), name))
    }

    /// Reads something one level deeper.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Checked<T>) -> Checked<T> {
        if self.depth == DEPTH_MAX {
            let fault = Fault::new(self.here(), format!("this filter nests more than {DEPTH_MAX} deep"));
            return Err(fault.hint("take out parentheses, or save parts of it as segments"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn close(&mut self, open: Span) -> Checked<Span> {
        match self.kind() {
            Lexeme::Close => {
                let close = self.take(Role::Punctuation);
                self.wants(Wanted::Connector);
                Ok(close)
            }
            Lexeme::End => {
                Err(Fault::new(open, "this parenthesis is never closed").hint("add ) where the group ends"))
            }
            _ => Err(self.unconnected()),
        }
    }
}

/// The cursor.
impl<'t> Parser<'t> {
    fn token(&self, ahead: usize) -> &Token {
        let last = self.tokens.len() - 1; // the End token
        &self.tokens[(self.at + ahead).min(last)]
    }

    fn kind(&self) -> &Lexeme {
        &self.token(0).kind
    }

    fn here(&self) -> Span {
        self.token(0).span
    }

    fn ends(&self) -> bool {
        matches!(self.kind(), Lexeme::End)
    }

    /// The word at the cursor, or some tokens after it.
    fn word(&self, ahead: usize) -> Option<&'t str> {
        let token = self.token(ahead);
        matches!(token.kind, Lexeme::Word).then(|| token.span.of(self.text))
    }

    fn word_at(&self, ahead: usize, keyword: &str) -> bool {
        self.word(ahead).is_some_and(|word| word.eq_ignore_ascii_case(keyword))
    }

    fn is(&self, keyword: &str) -> bool {
        self.word_at(0, keyword)
    }

    fn is_and(&self) -> bool {
        self.is("and") || matches!(self.kind(), Lexeme::And)
    }

    fn is_or(&self) -> bool {
        self.is("or") || matches!(self.kind(), Lexeme::Or)
    }

    fn is_not(&self, ahead: usize) -> bool {
        self.word_at(ahead, "not") || matches!(self.token(ahead).kind, Lexeme::Not)
    }

    /// Whether a token, counted from the first, is `not`.
    fn is_not_at(&self, place: usize) -> bool {
        let token = &self.tokens[place];
        matches!(token.kind, Lexeme::Not) || token.span.of(self.text).eq_ignore_ascii_case("not")
    }

    /// Steps over a token whose meaning is now known.
    fn take(&mut self, role: Role) -> Span {
        let span = self.here();
        self.notes.roles.push((span, role));
        self.at += 1;
        span
    }

    fn take_all(&mut self, tokens: usize, role: Role) {
        for _ in 0..tokens {
            self.take(role);
        }
    }

    /// The span of the token before the cursor.
    fn previous(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    /// Notes what could stand here, if the text ends here.
    fn wants(&mut self, wanted: Wanted) {
        if self.ends() {
            self.notes.wanted = Some(wanted);
        }
    }
}

/// Faults.
impl Parser<'_> {
    /// `expected X, found Y` at the cursor; a token that the lexer refused says why itself.
    fn expected(&self, what: &str) -> Box<Fault> {
        match self.kind() {
            Lexeme::Invalid(fault) => fault.clone(),
            _ => Fault::new(self.here(), format!("expected {what}, found {}", self.found())),
        }
    }

    fn found(&self) -> String {
        const SHOWN_MAX: usize = 40;
        let shown = self.here().of(self.text);
        match shown.char_indices().nth(SHOWN_MAX) {
            _ if self.ends() => "the end".to_owned(),
            Some((cut, _)) => format!("{}…", &shown[..cut]),
            None => shown.to_owned(),
        }
    }

    /// Something follows a complete condition without `and` or `or`.
    fn unconnected(&self) -> Box<Fault> {
        let fault = self.expected("\"and\" or \"or\"");
        if let Some(fault) = self.timed_condition().or_else(|| self.joined_by_commas()) {
            return fault;
        }
        match self.kind() {
            Lexeme::Invalid(_) => fault,
            Lexeme::Close => Fault::new(self.here(), "this parenthesis was never opened").hint("take it out"),
            Lexeme::Comma => {
                fault.hint("a list is written plan in (\"pro\", \"team\"), a number without commas: 1000")
            }
            Lexeme::Word | Lexeme::Text(_) if self.operator_at(1) => {
                fault.hint(format!("write and before {}", self.here().of(self.text)))
            }
            Lexeme::Word if self.follows_bare_text() => {
                let words = self.previous().to(self.here()).of(self.text);
                fault.hint(format!("put text of several words in quotes: {}", quoted(words)))
            }
            _ => fault.hint("join conditions by \"and\" or \"or\"; put text of several words in quotes"),
        }
    }

    /// Whether a value without quotes stands before the cursor.
    fn follows_bare_text(&self) -> bool {
        let word_before =
            self.at.checked_sub(1).is_some_and(|at| matches!(self.tokens[at].kind, Lexeme::Word));
        word_before && matches!(self.notes.roles.last(), Some((_, Role::Text)))
    }
}

/// One node stands for itself, more are joined.
fn joined(mut nodes: Vec<Node>, join: impl FnOnce(Vec<Node>) -> Clause) -> Node {
    if nodes.len() == 1 {
        return nodes.remove(0);
    }
    let span = nodes.iter().map(|node| node.span).reduce(Span::to).unwrap_or_default();
    Spanned::new(span, join(nodes))
}
