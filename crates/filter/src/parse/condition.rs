//! Conditions: a field, an operator and what it compares with.

use super::{Parser, Role, Wanted};
use crate::error::{Checked, Fault};
use crate::expr::{Clause, Comparison, Condition, Direction, Literal, Node, Place, Test};
use crate::field::{self, Field, FieldKind};
use crate::lex::Lexeme;
use crate::span::{Span, Spanned};
use crate::status::Status;
use crate::value::Kind;

/// The words that begin an operator.
const OPERATORS: [&str; 18] = [
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
    "changed",
    "increased",
    "decreased",
    "was",
];

/// Other words for kinds of values.
const KINDS: [(&str, Kind); 11] = [
    ("text", Kind::String),
    ("str", Kind::String),
    ("int", Kind::Number),
    ("integer", Kind::Number),
    ("float", Kind::Number),
    ("numeric", Kind::Number),
    ("bool", Kind::Boolean),
    ("list", Kind::Array),
    ("dict", Kind::Object),
    ("map", Kind::Object),
    ("nil", Kind::Null),
];
/// Words for comparisons.
const COMPARISONS: [(&str, &str, &str); 9] = [
    ("more", "than", ">"),
    ("greater", "than", ">"),
    ("higher", "than", ">"),
    ("less", "than", "<"),
    ("lower", "than", "<"),
    ("fewer", "than", "<"),
    ("at", "least", ">="),
    ("at", "most", "<="),
    ("equal", "to", "="),
];
/// Words for a key that is not there, and for one that is.
const MISSING: [&str; 8] = ["missing", "unset", "undefined", "absent", "unknown", "empty", "blank", "none"];
const PRESENT: [&str; 6] = ["set", "present", "defined", "known", "there", "given"];

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
        if self.is("was") {
            return self.field_was(start, field);
        }
        let negated = self.is_not(0);
        if negated {
            self.take(Role::Operator);
        }
        self.wants(Wanted::Operator(field.clone()));
        let (test, negated) = self.test(&field, negated)?;
        let span = start.to(self.previous());
        let condition = Clause::Condition(Condition { field: Spanned::new(start, field), test });
        // What asks about the past itself is not asked of another time.
        if !asks_past(&condition) {
            self.ends_condition(span);
        }
        let node = Spanned::new(span, condition);
        Ok(if negated { Spanned::new(node.span, Clause::Not(Box::new(node))) } else { node })
    }

    /// What follows the field, and whether a `not` before it is still to be applied.
    pub(super) fn test(&mut self, field: &Field, negated: bool) -> Checked<(Test, bool)> {
        if let Lexeme::Compare(comparison) = *self.kind() {
            return Ok((self.comparison(field, comparison)?, negated));
        }
        let test = match self.word(0).map(str::to_ascii_lowercase).as_deref() {
            Some("in") => return Ok((self.within(field, negated)?, false)),
            Some("is") => self.is_kind(field, negated)?,
            Some("contains") => self.matching(field, Place::Anywhere)?,
            Some("starts" | "startswith" | "starts_with") => self.matching(field, Place::Start)?,
            Some("ends" | "endswith" | "ends_with") => self.matching(field, Place::End)?,
            Some("before") => self.comparison(field, Comparison::Less)?,
            Some("after") => self.comparison(field, Comparison::Greater)?,
            Some("has") => {
                let operator = self.take(Role::Operator);
                if let Some(word) =
                    self.word(0).filter(|word| ["changed", "increased", "decreased"].contains(word))
                {
                    let fault = Fault::new(
                        operator.to(self.here()),
                        format!("has {word} would be a member of a list"),
                    );
                    return Err(fault.meant(vec![word.to_owned()]));
                }
                Test::Has(self.literal(field, None)?)
            }
            Some("exists") => {
                self.take(Role::Operator);
                self.wants(Wanted::Connector);
                Test::Exists
            }
            Some("changed") => self.changed(field)?,
            Some("increased") => self.moved(field, Direction::Increased)?,
            Some("decreased") => self.moved(field, Direction::Decreased)?,
            Some(word) if negated => {
                return Err(self.expected("an operator after not").hint(format!("write {field} != {word}")));
            }
            _ => return Err(self.expected("an operator").hint("for example =, contains, in, has or exists")),
        };
        Ok((test, negated))
    }

    fn comparison(&mut self, field: &Field, comparison: Comparison) -> Checked<Test> {
        self.take(Role::Operator);
        if let Some(own) = self.compared_with_own(field, comparison)? {
            return Ok(own);
        }
        self.compared(field, comparison)
    }

    /// What stands right of a comparison, and is no own time.
    pub(super) fn compared(&mut self, field: &Field, comparison: Comparison) -> Checked<Test> {
        let literal = self.literal(field, Some(comparison))?;
        match (&literal.value, comparison) {
            // What `in` asks for is understood after `=` too.
            (Literal::Date(from), Comparison::Equal | Comparison::NotEqual) if self.is_range() => {
                self.until(field, literal.span, comparison == Comparison::NotEqual, *from)
            }
            _ => Ok(Test::Compare(comparison, literal)),
        }
    }

    pub(super) fn is_range(&self) -> bool {
        matches!(self.kind(), Lexeme::Dots)
    }

    /// `in "(" value ("," value)* ")"` or `in period`.
    fn within(&mut self, field: &Field, negated: bool) -> Checked<Test> {
        self.take(Role::Operator);
        if !matches!(self.kind(), Lexeme::Open) {
            return self.during(field, negated);
        }
        let open = self.take(Role::Punctuation);
        let mut values = vec![self.literal(field, None)?];
        while matches!(self.kind(), Lexeme::Comma) {
            self.take(Role::Punctuation);
            values.push(self.literal(field, None)?);
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
    fn is_kind(&mut self, field: &Field, negated_before: bool) -> Checked<Test> {
        let start = self.take(Role::Operator);
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
            None => Err(self.no_kind(start, field, negated)),
        }
    }

    /// A word after `is` that is no kind of value: another word for one, or for what other operators ask.
    fn no_kind(&self, start: Span, field: &Field, negated: bool) -> Box<Fault> {
        let fault = self.expected("null, string, number, boolean, array or object after is");
        let value = match self.kind() {
            Lexeme::Word if !self.is_reserved() => self.here().of(self.text),
            Lexeme::Text(_) => self.here().of(self.text),
            _ => {
                return fault.hint(
                    "is asks for the kind of a value; to compare with a value write =; for a missing key write not … exists",
                );
            }
        };
        let (not, equals) = if negated { (" not", "!=") } else { ("", "=") };
        let compares = |(first, second, _): &&(&str, &str, &str)| {
            value.eq_ignore_ascii_case(first) && self.word_at(1, second)
        };
        if let Some((first, second, operator)) = COMPARISONS.iter().find(compares).filter(|_| !negated) {
            let span = start.to(self.token(1).span);
            let mut fault = Fault::new(span, format!("is {first} {second} is not an operator"))
                .hint(format!("did you mean {field} {operator} …?"));
            fault.candidates = vec![(*operator).to_owned()];
            return fault;
        }
        let other = KINDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
        let exists = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
        let meant = match (other, Status::guess(value)) {
            (Some((_, kind)), _) => format!("is{not} {kind}"),
            _ if exists(&MISSING) => (if negated { "exists" } else { "not exists" }).to_owned(),
            _ if exists(&PRESENT) => (if negated { "not exists" } else { "exists" }).to_owned(),
            (None, Some(status)) if field.kind() == FieldKind::Status => format!("{equals} {status}"),
            (None, _) => format!("{equals} {value}"),
        };
        let mut fault = Fault::new(start.to(self.here()), fault.message.clone());
        fault.hint = Some(format!("did you mean {field} {meant}? is asks for the kind of a value"));
        fault.candidates = vec![meant];
        fault
    }

    /// What is wrong with a text where a field is expected.
    pub(super) fn quoted_field(&self) -> Box<Fault> {
        let written = self.here().of(self.text);
        Fault::new(self.here(), format!("expected a field, found the text {written}"))
            .hint(format!("a key inside params is written params.{written}"))
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

fn asks_past(clause: &Clause) -> bool {
    let changes =
        matches!(clause, Clause::Condition(Condition { test: Test::Changed { .. } | Test::Moved(..), .. }));
    changes || clause.firsts().next().is_some()
}

fn is_operator(word: &str) -> bool {
    OPERATORS.iter().any(|operator| operator.eq_ignore_ascii_case(word))
}
