//! Conditions: a field, an operator and what it compares with.

use super::{Parser, Role, Wanted};
use crate::error::Checked;
use crate::expr::{Clause, Comparison, Condition, Node, Place, Test};
use crate::field::{self, Field};
use crate::lex::Lexeme;
use crate::span::Spanned;
use crate::value::Kind;

/// The words that begin an operator.
const OPERATORS: [&str; 14] = [
    "in",
    "contains",
    "starts",
    "ends",
    "has",
    "exists",
    "is",
    "before",
    "after",
    "startswith",
    "starts_with",
    "endswith",
    "ends_with",
    "not",
];

impl Parser<'_> {
    /// Whether an operator stands some tokens ahead, so that what is before it is a field.
    pub(super) fn operator_at(&self, ahead: usize) -> bool {
        match self.token(ahead).kind {
            Lexeme::Compare(_) => true,
            Lexeme::Not => self.word(ahead + 1).is_some_and(is_operator),
            Lexeme::Word => self.word(ahead).is_some_and(is_operator),
            _ => false,
        }
    }

    /// `condition := field operator …`. A leading `not` before any operator word is the negation of the whole; only
    /// `not in` and `is not` are kept as they are written.
    pub(super) fn condition(&mut self) -> Checked<Node> {
        let start = self.here();
        let field = field::resolve(start, start.of(self.text))?;
        self.take(Role::Field);
        let negated = self.is_not(0);
        if negated {
            self.take(Role::Operator);
        }
        self.wants(Wanted::Operator(field.clone()));
        let (test, negated) = self.test(&field, negated)?;
        let condition = Clause::Condition(Condition { field: Spanned::new(start, field), test });
        let node = Spanned::new(start.to(self.previous()), condition);
        Ok(if negated { Spanned::new(node.span, Clause::Not(Box::new(node))) } else { node })
    }

    /// What follows the field, and whether a `not` before it is still to be applied.
    fn test(&mut self, field: &Field, negated: bool) -> Checked<(Test, bool)> {
        if let Lexeme::Compare(comparison) = *self.kind() {
            return Ok((self.comparison(field, comparison)?, negated));
        }
        let test = match self.word(0).map(str::to_ascii_lowercase).as_deref() {
            Some("in") => return Ok((self.within(field, negated)?, false)),
            Some("is") => self.is_kind(negated)?,
            Some("contains") => self.matching(field, Place::Anywhere)?,
            Some("starts" | "startswith" | "starts_with") => self.matching(field, Place::Start)?,
            Some("ends" | "endswith" | "ends_with") => self.matching(field, Place::End)?,
            Some("before") => self.comparison(field, Comparison::Less)?,
            Some("after") => self.comparison(field, Comparison::Greater)?,
            Some("has") => {
                self.take(Role::Operator);
                Test::Has(self.literal(field)?)
            }
            Some("exists") => {
                self.take(Role::Operator);
                self.wants(Wanted::Connector);
                Test::Exists
            }
            Some(word) if negated => {
                return Err(self.expected("an operator after not").hint(format!("write {field} != {word}")));
            }
            _ => return Err(self.expected("an operator").hint("for example =, contains, in, has or exists")),
        };
        Ok((test, negated))
    }

    fn comparison(&mut self, field: &Field, comparison: Comparison) -> Checked<Test> {
        self.take(Role::Operator);
        Ok(Test::Compare(comparison, self.literal(field)?))
    }

    /// `in "(" value ("," value)* ")"` or `in period`.
    fn within(&mut self, field: &Field, negated: bool) -> Checked<Test> {
        self.take(Role::Operator);
        if !matches!(self.kind(), Lexeme::Open) {
            return self.during(field, negated);
        }
        let open = self.take(Role::Punctuation);
        let mut values = vec![self.literal(field)?];
        while matches!(self.kind(), Lexeme::Comma) {
            self.take(Role::Punctuation);
            values.push(self.literal(field)?);
        }
        if !matches!(self.kind(), Lexeme::Close | Lexeme::End) {
            return Err(self
                .expected("a comma or ) in the list")
                .hint("put text of several words in quotes"));
        }
        self.close(open)?;
        Ok(Test::In { negated, values })
    }

    /// `is ["not"] kind`
    fn is_kind(&mut self, negated_before: bool) -> Checked<Test> {
        self.take(Role::Operator);
        self.wants(Wanted::Kind);
        let negated = !negated_before && self.is_not(0);
        if negated {
            self.take(Role::Operator);
            self.wants(Wanted::Kind);
        }
        let word = self.word(0).unwrap_or_default();
        match Kind::ALL.into_iter().find(|kind| word.eq_ignore_ascii_case(kind.as_str())) {
            Some(kind) => {
                self.take(Role::Constant);
                self.wants(Wanted::Connector);
                Ok(Test::Is { negated, kind })
            }
            None => Err(self
                .expected("null, string, number, boolean, array or object after is")
                .hint("is asks for the kind of a value; to compare with a value write =; for a missing key write not … exists")),
        }
    }

    /// `contains`, `starts with` and `ends with`; what follows is text, even where it looks like a number.
    fn matching(&mut self, field: &Field, place: Place) -> Checked<Test> {
        let operator = self.take(Role::Operator);
        let two_words = matches!(operator.of(self.text).len(), 4 | 6); // "ends", "starts"
        if two_words {
            if !self.is("with") {
                return Err(self.expected("with").hint(format!("write {} \"…\"", place.as_str())));
            }
            self.take(Role::Operator);
        }
        self.wants(Wanted::Value(field.clone()));
        let text = match self.kind() {
            Lexeme::Text(text) => text.clone(),
            Lexeme::Word if !self.is_reserved() => self.here().of(self.text).to_owned(),
            _ => return Err(self.expected("text").hint(format!("write {} \"…\"", place.as_str()))),
        };
        let text = Spanned::new(self.take(Role::Text), text);
        self.wants(Wanted::Connector);
        Ok(Test::Match(place, text))
    }
}

fn is_operator(word: &str) -> bool {
    OPERATORS.iter().any(|operator| operator.eq_ignore_ascii_case(word))
}
