//! Times that are nearly written as filters read them: without their unit, in several words, in another form. Each is told
//! with what was probably meant.

use super::Parser;
use crate::date_form::{Named, named};
use crate::error::{Checked, Fault};
use crate::expr::Comparison;
use crate::lex::Lexeme;
use crate::span::Span;
use crate::value::money;

/// Commas between conditions that are looked at.
const COMMAS_MAX: usize = 8;
const JOINED: &str = "conditions are joined by \"and\" or \"or\", and not by a comma";
/// Tokens of a time in words: `Sun Mar 1 2026 10:00`.
const TOKENS_MAX: usize = 7;

/// Words for `last`, `this` and `next`.
const TURNS: [(&str, &str); 7] = [
    ("past", "last"),
    ("previous", "last"),
    ("prev", "last"),
    ("current", "this"),
    ("coming", "next"),
    ("upcoming", "next"),
    ("following", "next"),
];

impl Parser<'_> {
    /// Refuses several words that together name a time, where one value is expected: `Mar 1, 2026`, `2026-01-01 10:00`.
    pub(super) fn refuse_time_in_words(&self, comparison: Option<Comparison>) -> Checked<()> {
        if self.word(1).is_none() || self.is_reserved_at(1) {
            return Ok(());
        }
        if let Some((tokens, named)) = self.named(0, 2) {
            return Err(self.nearly(tokens, &named, comparison));
        }
        Ok(())
    }

    /// Refuses an amount of time where a value is expected: `3 days`.
    pub(super) fn refuse_amount(&self) -> Checked<()> {
        let amount = self.amount()?.filter(|(.., tokens)| *tokens == 2);
        if amount.is_none() || self.word_at(2, "ago") || self.operator_at(2) {
            return Ok(());
        }
        let span = self.here().to(self.token(1).span);
        let amount = span.of(self.text);
        let fault = Fault::new(span, format!("{amount} is no point in time"));
        Err(fault.meant(vec![format!("{amount} ago"), format!("now + {amount}")]))
    }

    /// Refuses an amount of money where a value is expected: `20 EUR`.
    pub(super) fn refuse_money(&self) -> Checked<()> {
        if self.word(0).is_none() || self.word(1).is_none() || self.is_reserved_at(1) || self.operator_at(2) {
            return Ok(());
        }
        let span = self.here().to(self.token(1).span);
        let written = span.of(self.text);
        match money(written) {
            Some(number) => Err(Fault::new(span, format!("{written} is not how a number is written"))
                .meant(vec![number.to_string()])),
            None => Ok(()),
        }
    }

    /// What is wrong with words where only a time will do, if they name one.
    pub(super) fn nearly_a_time(&self, comparison: Comparison) -> Option<Box<Fault>> {
        let (tokens, named) = self.named(0, 1)?;
        Some(self.nearly(tokens, &named, Some(comparison)))
    }

    /// What is wrong with words after `in`, if they nearly are a period.
    pub(super) fn nearly_a_period(&self) -> Option<Box<Fault>> {
        if let Some((tokens, from)) = self.named(0, 1) {
            if !matches!(self.token(tokens).kind, Lexeme::Dots) {
                return Some(self.nearly(tokens, &from, Some(Comparison::Equal)));
            }
            let from = from.first()?.literal(Some(Comparison::GreaterOrEqual))?;
            let Some((more, to)) = self.named(tokens + 1, 1) else {
                let span = self.here().to(self.token(tokens - 1).span);
                let helps = self.is_fixed_by(span, &from);
                return Some(self.not_a_date(tokens, if helps { vec![from] } else { Vec::new() }));
            };
            let to = to.first()?.literal(Some(Comparison::LessOrEqual))?;
            return Some(self.not_a_date(tokens + 1 + more, vec![format!("{from} .. {to}")]));
        }
        let word = self.word(0)?;
        if let Ok(Some((.., tokens))) = self.amount() {
            let span = self.here().to(self.token(tokens - 1).span);
            let amount = span.of(self.text);
            let fault = Fault::new(span, format!("{amount} could be before or after now"));
            return Some(fault.meant(vec![format!("last {amount}"), format!("next {amount}")]));
        }
        let (_, turn) = TURNS.iter().find(|(other, _)| other.eq_ignore_ascii_case(word))?;
        let mut fault = Fault::new(self.here(), format!("{word} begins no period"))
            .hint(format!("did you mean {turn} …? For example in last 7 days or in this month"));
        fault.candidates.extend(self.is_fixed_by(self.here(), turn).then(|| (*turn).to_owned()));
        Some(fault)
    }

    /// What is wrong with an amount of time that lacks its unit, which begins at `start`: `last 7`, `now - 14`.
    pub(super) fn lacks_unit(&self, start: Span, last: bool) -> Option<Box<Fault>> {
        let number = self.word(0).filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()))?;
        if !last {
            let fault = Fault::new(self.here(), format!("{number} has no unit"));
            return Some(fault.meant(vec![format!("{number}d")]));
        }
        let span = start.to(self.here());
        let written = span.of(self.text);
        let year = named(number).first().and_then(|named| named.literal(Some(Comparison::Equal)));
        let meant = year.unwrap_or_else(|| format!("{written} days"));
        Some(Fault::new(span, format!("{written} has no unit")).meant(vec![meant]))
    }

    /// `mrr > 20, plan = pro`: conditions with commas between them, which can be read with `and` in their place.
    pub(super) fn joined_by_commas(&self) -> Option<Box<Fault>> {
        let is_joined = matches!(self.kind(), Lexeme::Comma) && self.operator_at(2);
        let (before, after) = (&self.text[..self.here().start], &self.text[self.here().end..]);
        if !is_joined || after.matches(',').count() > COMMAS_MAX {
            return None;
        }
        let joined = format!("{before} and {}", after.trim_start());
        let whole = match super::read(&joined).0 {
            Ok(_) => joined,
            // The next comma is told so as well.
            Err(next) => format!(
                "{}{}",
                &joined[..next.span.start],
                next.candidates.first().filter(|_| next.message == JOINED)?
            ),
        };
        let span = Span::new(self.here().start, self.text.len());
        let fault = Fault::new(span, JOINED).meant(vec![whole[before.len()..].to_owned()]);
        Some(fault.hint_instead("write and in the place of the comma"))
    }

    /// The longest run of tokens some ahead, so many or more, that names a time; how many they are.
    fn named(&self, ahead: usize, least: usize) -> Option<(usize, Vec<Named>)> {
        let belongs = |place: &usize| match self.token(ahead + place).kind {
            Lexeme::Word => !self.is_reserved_at(ahead + place),
            Lexeme::Compare(_) => self.token(ahead + place).span.of(self.text) == ":",
            Lexeme::Text(_) => *place == 0,
            Lexeme::Comma => *place > 0,
            _ => false,
        };
        let tokens = (0..TOKENS_MAX).take_while(belongs).count();
        (least..=tokens).rev().find_map(|tokens| {
            let first = self.token(ahead);
            let text = match &first.kind {
                Lexeme::Text(text) if tokens == 1 => text,
                _ => first.span.to(self.token(ahead + tokens - 1).span).of(self.text),
            };
            let named = named(text);
            (!named.is_empty()).then_some((tokens, named))
        })
    }

    fn nearly(&self, tokens: usize, named: &[Named], comparison: Option<Comparison>) -> Box<Fault> {
        self.not_a_date(tokens, named.iter().flat_map(|named| named.literals(comparison)).collect())
    }

    fn not_a_date(&self, tokens: usize, meant: Vec<String>) -> Box<Fault> {
        let span = self.here().to(self.token(tokens - 1).span);
        let fault = Fault::new(span, format!("{} is not how a date is written", span.of(self.text)));
        fault.meant(meant).hint("a date is written 2026-03-29, a time 2026-03-29T10:00:00Z")
    }
}
