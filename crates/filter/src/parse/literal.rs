//! Values: strings, numbers, constants, dates, and bare words, which are strings.

use serde_json::Number;

use super::{Parser, Role, Wanted};
use crate::error::{Checked, Fault};
use crate::expr::{Comparison, DateLiteral, Literal};
use crate::field::Field;
use crate::lex::Lexeme;
use crate::span::Spanned;

impl Parser<'_> {
    /// `value := string | number | true | false | null | date | instant`; in a list or after `has` there is no comparison.
    pub(super) fn literal(
        &mut self,
        field: &Field,
        comparison: Option<Comparison>,
    ) -> Checked<Spanned<Literal>> {
        self.wants(Wanted::Value(field.clone()));
        let start = self.here();
        let value = match self.kind() {
            Lexeme::Text(text) => {
                let text = Literal::Text(text.clone());
                self.take(Role::Text);
                text
            }
            Lexeme::Word if !self.is_reserved() => self.word_literal(field, comparison)?,
            _ => {
                return Err(self
                    .expected("a value")
                    .hint("for example \"pro\", 29, true, 2026-03-29 or now - 14d"));
            }
        };
        self.wants(Wanted::Connector);
        Ok(Spanned::new(start.to(self.previous()), value))
    }

    /// A value that is not in quotes.
    fn word_literal(&mut self, field: &Field, comparison: Option<Comparison>) -> Checked<Literal> {
        if self.is_period() {
            let counted =
                usize::from(self.word(1).is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit())));
            let span = self.here().to(self.token(1 + counted).span);
            let fault = Fault::new(span, "a period is asked for by in");
            return Err(fault.hint(format!("write {field} in {}", span.of(self.text))));
        }
        if let Some(date) = self.date(comparison)? {
            return Ok(Literal::Date(date));
        }
        self.refuse_amount()?;
        self.refuse_money()?;
        let word = self.word(0).unwrap_or_default();
        let (literal, role) = match (word.to_ascii_lowercase().as_str(), number(word)) {
            ("true", _) => (Literal::Boolean(true), Role::Constant),
            ("false", _) => (Literal::Boolean(false), Role::Constant),
            ("null", _) => (Literal::Null, Role::Constant),
            (_, Some(number)) => (Literal::Number(number), Role::Number),
            (_, None) => (Literal::Text(word.to_owned()), Role::Text),
        };
        self.take(role);
        Ok(literal)
    }

    /// The last date of a period, where nothing else will do.
    pub(super) fn required_date(&mut self) -> Checked<DateLiteral> {
        match self.date(Some(Comparison::LessOrEqual))? {
            Some(date) => Ok(date),
            None => Err(self.nearly_a_time(Comparison::LessOrEqual).unwrap_or_else(|| {
                self.expected("a date").hint("for example 2026-03-29, today or now - 14d")
            })),
        }
    }

    /// Whether the word at the cursor joins conditions and so is no value unless quoted.
    pub(super) fn is_reserved(&self) -> bool {
        self.is_reserved_at(0)
    }

    /// The same of a word some tokens ahead.
    pub(super) fn is_reserved_at(&self, ahead: usize) -> bool {
        ["and", "or", "not", "in", "where"].iter().any(|keyword| self.word_at(ahead, keyword))
    }
}

/// A number as JSON writes it, or with nothing before the point. `007` is text, so that postal codes stay whole.
fn number(word: &str) -> Option<Number> {
    let padded = match word.strip_prefix('-').unwrap_or(word).starts_with('.') {
        true => word.replacen('.', "0.", 1),
        false => word.to_owned(),
    };
    padded.parse().ok()
}
