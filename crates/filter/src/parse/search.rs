//! Searches: `search "ada"`, and words without an operator. A word that looks like a field or an operator in the wrong
//! place is an error instead, so that a slip never becomes a search that finds nobody.

use super::{Parser, Role, Wanted, first::FIRST, joined, sentence};
use crate::error::{Checked, Fault, is_slip};
use crate::expr::{Clause, Comparison, Condition, Literal, Node, Test};
use crate::field::{self, Field, FieldKind};
use crate::lex::{Lexeme, Token};
use crate::span::{Span, Spanned};
use crate::status::Status;
use crate::text::quoted;

/// Tokens of a name before an address in angle brackets.
const NAMES_MAX: usize = 12;

/// Operators that people bring from elsewhere, and ours that they may mistype, with what to write instead.
const OPERATORS: [(&str, &str); 31] = [
    ("like", "contains …"),
    ("ilike", "contains …"),
    ("matches", "contains …"),
    ("include", "contains …"),
    ("includes", "contains …"),
    ("containing", "contains …"),
    ("contain", "contains …"),
    ("equals", "= …"),
    ("equal", "= …"),
    ("eq", "= …"),
    ("neq", "!= …"),
    ("gt", "> …"),
    ("gte", ">= …"),
    ("lt", "< …"),
    ("lte", "<= …"),
    ("was", "= …"),
    ("were", "= …"),
    ("are", "= …"),
    ("became", "= …"),
    ("more", "> …"),
    ("greater", "> …"),
    ("less", "< …"),
    ("fewer", "< …"),
    ("exceeds", "> …"),
    ("over", "> …"),
    ("above", "> …"),
    ("under", "< …"),
    ("below", "< …"),
    ("since", ">= …"),
    ("until", "<= …"),
    ("between", ">= … and it again <= …, or with dates in … .. …"),
];

/// Operators long enough to be recognised when a letter is wrong.
const LONG_OPERATORS: [(&str, &str); 6] = [
    ("contains", "contains …"),
    ("starts", "starts with …"),
    ("ends", "ends with …"),
    ("exists", "exists"),
    ("before", "before …"),
    ("after", "after …"),
];

impl Parser<'_> {
    /// `search := "search" string`
    pub(super) fn search(&mut self) -> Checked<Node> {
        let start = self.take(Role::Keyword);
        match self.kind() {
            Lexeme::Word | Lexeme::Text(_) => {
                let term = self.term();
                self.wants(Wanted::Connector);
                Ok(Spanned::new(start.to(term.span), term.value))
            }
            _ => Err(self.expected("what to search for").hint("for example search \"ada\"")),
        }
    }

    /// One or more words that no operator follows: each is searched for, and all must be found.
    pub(super) fn bare_words(&mut self) -> Checked<Node> {
        self.refuse_sentence()?;
        self.refuse_mistaken_words()?;
        let start = self.at;
        let mut terms = vec![self.term()];
        while self.continues_search() {
            terms.push(self.term());
        }
        self.refuse_spaced_key(start)?;
        self.wants(self.wanted_after(&terms));
        Ok(joined(terms, Clause::And))
    }

    /// What words that end the text may be the beginning of.
    fn wanted_after(&self, terms: &[Node]) -> Wanted {
        let is = |term: &Node, other: &str| matches!(&term.value, Clause::Search(word) if word.eq_ignore_ascii_case(other));
        match (terms, self.lone_field()) {
            ([seen], _) if is(seen, "seen") => Wanted::Seen,
            ([seen, at], _) if is(seen, "seen") && is(at, "at") => Wanted::Least,
            ([word], _) if is(word, "was") || is(word, FIRST) => Wanted::Group,
            ([_], Some(field)) => Wanted::Operator(field),
            _ => Wanted::Connector,
        }
    }

    fn term(&mut self) -> Node {
        let term = match self.kind() {
            Lexeme::Text(text) => text.clone(),
            _ => self.here().of(self.text).to_owned(),
        };
        Spanned::new(self.take(Role::Text), Clause::Search(term))
    }

    fn continues_search(&self) -> bool {
        matches!(self.kind(), Lexeme::Word) && !self.is_reserved() && !self.operator_at(1)
    }

    /// Refuses words that end in a key and its operator: either the key has blanks, as columns of spreadsheets have, or an
    /// `and` is missing.
    fn refuse_spaced_key(&self, start: usize) -> Checked<()> {
        let is_field = Field::names().any(|name| self.is(name));
        let is_word = |token: &Token| {
            matches!(token.kind, Lexeme::Word) && !token.span.of(self.text).contains(['.', '@'])
        };
        let all_words = self.tokens[start..=self.at].iter().all(is_word);
        if is_field || !all_words || self.is_reserved() || !self.operator_at(1) {
            return Ok(());
        }
        let (before, key) = (self.tokens[start].span, self.here());
        let span = before.to(key);
        let written = span.of(self.text);
        let words = before.to(self.previous()).of(self.text);
        let meant = [format!("params.{}", quoted(written)), format!("{words} and {}", key.of(self.text))];
        let fault = Fault::new(span, format!("{written} has blanks, so it is not read as one key"));
        if sentence::asks_how_long(written) {
            return Err(fault.hint("how long a status stands is asked by status_since: status = paid and status_since < 6 months ago"));
        }
        Err(fault.meant(meant.into_iter().filter(|meant| self.is_fixed_by(span, meant)).collect()))
    }

    /// The field that the last word would be if an operator followed it.
    fn lone_field(&self) -> Option<Field> {
        let span = self.previous();
        field::resolve(span, span.of(self.text)).ok()
    }

    /// Refuses words of the language that say a condition without its operator.
    pub(super) fn refuse_sentence(&mut self) -> Checked<()> {
        let joins =
            |word: &str| ["and", "or", "not", "where"].iter().any(|join| join.eq_ignore_ascii_case(word));
        let mut words = (0..).map_while(|ahead| self.word(ahead)).take_while(|word| !joins(word)).count();
        if self.word(1).is_some_and(|second| second.eq_ignore_ascii_case("between"))
            && self.word_at(words, "and")
        {
            words += 2; // the two ends of what it is between
        }
        let Some(last) = words.checked_sub(1) else { return Ok(()) };
        let span = self.here().to(self.token(last).span);
        // `not seen for 30 days` means more than what `not` stands before.
        let negated = self.at.checked_sub(1).filter(|before| self.is_not_at(*before));
        let whole = negated.map(|not| self.tokens[not].span.to(span));
        let mut spans = whole.into_iter().chain([span]);
        let meant = if self.trial { sentence::offered } else { sentence::meant };
        let said = |span: Span| meant(span.of(self.text)).map(|meant| (span, meant));
        let search = match words {
            1 => "To search for the word, put it in quotes",
            _ => "To search for the words, put them in quotes",
        };
        let Some((span, meant)) = spans.find_map(said) else {
            let written = span.of(self.text);
            if !sentence::tells_of_past(written) {
                return Ok(());
            }
            let hint = "what was is asked by was (plan = free) in last month, what changed by plan changed in last month";
            let fault = Fault::new(span, format!("{written} is not a condition"));
            return Err(fault.hint(format!("{hint}. {search}")));
        };
        let mut fault = Fault::new(span, format!("{} is not a condition", span.of(self.text)))
            .hint(format!("did you mean {meant}? {search}"));
        fault.candidates = vec![meant];
        Err(fault)
    }

    /// Refuses words that were meant as a condition.
    fn refuse_mistaken_words(&mut self) -> Checked<()> {
        let Some(first) = self.word(0) else { return Ok(()) };
        let is_field =
            Field::names().any(|name| name == first) || first.to_ascii_lowercase().starts_with("params.");
        if is_field {
            return Err(self.lacks_operator(first)?);
        }
        let Some(second) = self.word(1) else { return self.refuse_text_after(first) };
        if let Some(right) = mistaken_operator(second) {
            let fault = Fault::new(self.token(1).span, format!("{second} is not an operator"));
            let mut fault = fault
                .hint(format!("did you mean {first} {right}? To search for the words, put them in quotes"));
            let operator = right.trim_end_matches(" …");
            fault.candidates.extend(self.is_fixed_by(fault.span, operator).then(|| operator.to_owned()));
            return Err(fault);
        }
        let is_value =
            second.parse::<serde_json::Number>().is_ok() || ["true", "false", "null"].contains(&second);
        if is_value { self.refuse_text_after(first) } else { Ok(()) }
    }

    /// Whether the text is a filter with other words at a place.
    pub(super) fn is_fixed_by(&self, span: Span, words: &str) -> bool {
        let (before, after) = (&self.text[..span.start], &self.text[span.end..]);
        !self.trial && super::is_filter(&format!("{before}{words}{after}"))
    }

    /// A field that no operator follows.
    fn lacks_operator(&mut self, written: &str) -> Checked<Box<Fault>> {
        let field = field::resolve(self.here(), written)?;
        self.take(Role::Field);
        self.wants(Wanted::Operator(field.clone()));
        let value = match self.kind() {
            Lexeme::Word if self.is_reserved() => None,
            Lexeme::Word | Lexeme::Text(_) => Some(self.here().of(self.text)),
            _ => None,
        };
        if value.is_none() && field.is_optional() && !matches!(self.kind(), Lexeme::Invalid(_) | Lexeme::Dots)
        {
            let example = if field.is_time() { "in last 7 days" } else { "= \"…\"" };
            let fault = Fault::new(self.previous(), format!("{written} is not a condition"));
            let mut fault = fault.hint(format!(
                "did you mean {written} exists? To compare it write {written} {example}; to search for the word, put it in quotes"
            ));
            fault.candidates = vec![format!("{written} exists")];
            return Ok(fault);
        }
        let status = value.and_then(Status::guess);
        let hint = match (self.word(0).and_then(mistaken_operator), field.kind(), value) {
            (_, FieldKind::Status, Some(_)) if status.is_some() => {
                format!("did you mean {written} = {}?", status.map_or("", Status::as_str))
            }
            (Some(right), ..) => format!("did you mean {written} {right}?"),
            (None, FieldKind::Text | FieldKind::Json | FieldKind::Project, Some(value)) => {
                format!("did you mean {written} = {value}?")
            }
            (None, FieldKind::Time, _) => {
                format!("for example {written} in last 7 days; to search for the word, put it in quotes")
            }
            (None, FieldKind::Status, _) => {
                format!("for example {written} = paid; to search for the word, put it in quotes")
            }
            _ => format!(
                "for example {written} = \"…\" or {written} exists; to search for the word, put it in quotes"
            ),
        };
        Ok(self.expected(&format!("an operator after {written}")).hint(hint))
    }

    /// `Maria Patel <maria@example.com>` and `mailto:maria@example.com`, as they are pasted: the address itself.
    pub(super) fn pasted_address(&mut self) -> Option<Node> {
        let compares = |ahead: usize, sign: &str| {
            let token = self.token(ahead);
            matches!(token.kind, Lexeme::Compare(_)) && token.span.of(self.text) == sign
        };
        let address = |ahead: usize| self.word(ahead).filter(|word| word.contains('@'));
        let names = (0..NAMES_MAX).take_while(|ahead| match self.token(*ahead).kind {
            Lexeme::Word => !self.is_reserved_at(*ahead),
            Lexeme::Text(_) | Lexeme::Comma => true,
            _ => false,
        });
        let names = names.count();
        let (before, written, after) = match address(names + 1) {
            Some(written) if compares(names, "<") && compares(names + 2, ">") => (names + 1, written, 1),
            _ if self.is("mailto") && compares(1, ":") => (2, address(2)?.split('?').next()?, 0),
            _ => return None,
        };
        let (start, written) = (self.here(), written.to_owned());
        self.take_all(before, Role::Punctuation);
        let place = self.take(Role::Text);
        self.take_all(after, Role::Punctuation);
        self.wants(Wanted::Connector);
        let literal = Spanned::new(place, Literal::Text(written));
        let test = Test::Compare(Comparison::Equal, literal);
        let condition = Condition { field: Spanned::new(place, Field::Email), test };
        Some(Spanned::new(start.to(self.previous()), Clause::Condition(condition)))
    }

    /// Refuses `plan "pro"` and `mrr 20`.
    fn refuse_text_after(&self, first: &str) -> Checked<()> {
        let second = self.token(1);
        if !matches!(second.kind, Lexeme::Text(_) | Lexeme::Word) {
            return Ok(());
        }
        let value = second.span.of(self.text);
        Err(Fault::new(second.span, format!("expected an operator between {first} and {value}"))
            .hint(format!("write {first} = {value}; to search for the words, put them in quotes")))
    }
}

/// The operator that a word was probably meant to be.
fn mistaken_operator(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let foreign = OPERATORS.iter().find(|(foreign, _)| *foreign == word).map(|(_, ours)| *ours);
    let close = |(ours, _): &&(&str, &'static str)| word.len() > 3 && is_slip(&word, ours);
    foreign.or_else(|| LONG_OPERATORS.iter().find(close).map(|(_, ours)| *ours))
}
