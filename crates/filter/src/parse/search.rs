//! Searches: `search "ada"`, and words without an operator. A word that looks like a field or an operator in the wrong
//! place is an error instead, so that a slip never becomes a search that finds nobody.

use super::{Parser, Role, Wanted, joined};
use crate::error::{Checked, Fault};
use crate::expr::{Clause, Node};
use crate::field::{self, Field};
use crate::lex::Lexeme;
use crate::span::Spanned;

/// Operators that people bring from elsewhere, and ours that they may mistype, with what to write instead.
const OPERATORS: [(&str, &str); 22] = [
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
        self.refuse_mistaken_words()?;
        let mut terms = vec![self.term()];
        while self.continues_search() {
            terms.push(self.term());
        }
        self.wants(match (terms.as_slice(), self.lone_field()) {
            ([_], Some(field)) => Wanted::Operator(field),
            _ => Wanted::Connector,
        });
        Ok(joined(terms, Clause::And))
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

    /// The field that the last word would be if an operator followed it.
    fn lone_field(&self) -> Option<Field> {
        let span = self.previous();
        field::resolve(span, span.of(self.text)).ok()
    }

    /// Refuses words that were meant as a condition.
    fn refuse_mistaken_words(&mut self) -> Checked<()> {
        let Some(first) = self.word(0) else { return Ok(()) };
        let is_field =
            Field::names().any(|name| name == first) || first.to_ascii_lowercase().starts_with("params.");
        if is_field {
            let field = field::resolve(self.here(), first)?;
            self.take(Role::Field);
            self.wants(Wanted::Operator(field));
            let hint = match (self.word(0).and_then(mistaken_operator), self.kind()) {
                (Some(right), _) => format!("did you mean {first} {right}?"),
                (None, Lexeme::Word | Lexeme::Text(_)) => {
                    format!("did you mean {first} = {}?", self.here().of(self.text))
                }
                _ => format!(
                    "for example {first} = \"…\" or {first} exists; to search for the word, put it in quotes"
                ),
            };
            return Err(self.expected(&format!("an operator after {first}")).hint(hint));
        }
        let Some(second) = self.word(1) else { return self.refuse_text_after(first) };
        if let Some(right) = mistaken_operator(second) {
            let fault = Fault::new(self.token(1).span, format!("{second} is not an operator"));
            let mut fault = fault
                .hint(format!("did you mean {first} {right}? To search for the words, put them in quotes"));
            fault.candidates = vec![right.split(' ').next().unwrap_or(right).to_owned()];
            return Err(fault);
        }
        let is_value =
            second.parse::<serde_json::Number>().is_ok() || ["true", "false", "null"].contains(&second);
        if is_value { self.refuse_text_after(first) } else { Ok(()) }
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
    let close =
        |(ours, _): &&(&str, &'static str)| word.len() > 3 && strsim::damerau_levenshtein(&word, ours) == 1;
    foreign.or_else(|| LONG_OPERATORS.iter().find(close).map(|(_, ours)| *ours))
}
