//! Calculations with times where none is read: `first_seen + 14d < first_paid`, `first_paid - first_seen < 14d`,
//! `first_paid > signed_up_at + 30d`. Each is told as the comparison of a customer's own times that it means, in the user's own
//! words as far as they can stand there.

use super::{Parser, own};
use crate::error::{Checked, Fault};
use crate::expr::Comparison;
use crate::field::Field;
use crate::lex::Lexeme;
use crate::span::Span;

/// Words of a calculation: `first_seen + 14 days`.
const WORDS_MAX: usize = 5;

/// Something moved, or taken from another: `first_seen + 14d`, `first_paid - first_seen`.
struct Calculation<'t> {
    span: Span,
    /// How many tokens it takes.
    tokens: usize,
    from: &'t str,
    sign: &'t str,
    by: &'t str,
}

impl<'t> Parser<'t> {
    /// Refuses a calculation left of a comparison, if one stands here.
    pub(super) fn refuse_calculation(&self) -> Checked<()> {
        let Some(left) = self.calculation(near_before_sign) else { return Ok(()) };
        let Lexeme::Compare(comparison) = self.token(left.tokens).kind else { return Ok(()) };
        let right = left.tokens + 1;
        let told = if amount(left.by) == Some(left.by) {
            self.moved_left(&left, comparison, right)
        } else {
            self.difference(&left, comparison, right)
        };
        let Some((end, meant, known)) = told else { return Ok(()) };
        let span = left.span.to(self.token(end).span);
        let fault = Fault::new(span, format!("nothing is calculated left of {}", comparison.as_str()));
        let mut fault = fault.hint(own::write(&meant));
        fault.candidates.extend((known && self.is_fixed_by(span, &meant)).then_some(meant));
        Err(fault)
    }

    /// `first_seen + 14d < first_paid`: the last token, what is meant, and whether that is surely so.
    fn moved_left(
        &self,
        left: &Calculation<'_>,
        comparison: Comparison,
        right: usize,
    ) -> Option<(usize, String, bool)> {
        let turned = turned(comparison).as_str();
        let word = self.word(right)?;
        let (from, other) = (own::near(left.from), own::near(word));
        if ["now", "today"].iter().any(|now| now.eq_ignore_ascii_case(word)) {
            let sign = if left.sign == "+" { "-" } else { "+" };
            return Some((
                right,
                format!("{} {} {word} {sign} {}", left.from, comparison.as_str(), left.by),
                true,
            ));
        }
        if from.is_none() && other.is_none() {
            return None;
        }
        let known = from.is_some() && other.is_some();
        let (time, from) = pair(other, from);
        Some((right, format!("{time} {turned} {from} {} {}", left.sign, left.by), known))
    }

    /// `first_paid - first_seen < 14d`.
    fn difference(
        &self,
        left: &Calculation<'_>,
        comparison: Comparison,
        right: usize,
    ) -> Option<(usize, String, bool)> {
        let there = self.look(right);
        let (.., tokens) = there.amount().ok()??;
        let amount = there.here().to(there.token(tokens - 1).span).of(self.text);
        let (time, from) = (own::near(left.from), own::near(left.by));
        let known = time.is_some() && from.is_some() && left.sign == "-";
        let (time, from) = pair(time, from);
        Some((right + tokens - 1, format!("{time} {} {from} + {amount}", comparison.as_str()), known))
    }

    /// Refuses `signed_up_at + 30d` right of a comparison: of a time field, or where nothing else can be meant.
    pub(super) fn refuse_shifted_path(&self, field: &Field, comparison: Comparison) -> Checked<()> {
        let is_spaced = self.word(1).is_some_and(|word| word.starts_with(['+', '-']));
        let is_ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if !(field.is_time() || is_spaced && is_ordered) {
            return Ok(());
        }
        self.refuse_moved_path(|shift| {
            let time = Some(field.to_string()).filter(|_| field.is_time());
            let (time, from) = pair(time, None);
            format!("{time} {} {from} {shift}", comparison.as_str())
        })
    }

    /// Refuses a path that is moved where a customer's own time can stand; `meant` has the shift in its place.
    pub(super) fn refuse_moved_path(&self, meant: impl FnOnce(&str) -> String) -> Checked<()> {
        let Some(moved) = self.calculation(sign_before_amount) else { return Ok(()) };
        let Some(by) = amount(moved.by).filter(|_| own::near(moved.from).is_none()) else { return Ok(()) };
        let fault =
            Fault::new(moved.span, format!("{} is no time field, so nothing is counted from it", moved.from));
        Err(fault.hint(own::write(&meant(&format!("{} {by}", moved.sign)))))
    }

    /// The calculation that begins here, if it is one: a word, a sign, and what follows. Signs are letters of words too, of a
    /// path, a slug, an address: where there are no blanks, `unspaced` says whether and where one stands in a word.
    fn calculation(&self, unspaced: impl Fn(&str) -> Option<usize>) -> Option<Calculation<'t>> {
        let first = self.word(0)?;
        let is_spaced = self.word(1).is_some_and(|word| word.starts_with(['+', '-']));
        let inside = if is_spaced { None } else { Some(unspaced(first)?) };
        let belongs = |ahead: &usize| self.word(*ahead).is_some() && !self.is_reserved_at(*ahead);
        let tokens = (0..WORDS_MAX).take_while(belongs).count();
        if tokens == 0 {
            return None;
        }
        let start = self.here();
        let sign = inside.map_or(self.token(1).span.start, |sign| start.start + sign);
        let span = start.to(self.token(tokens - 1).span);
        let text = self.text;
        let (from, by) = (text[span.start..sign].trim_end(), text[sign + 1..span.end].trim_start());
        (!from.is_empty() && !by.is_empty()).then_some(Calculation {
            span,
            tokens,
            from,
            sign: &text[sign..=sign],
            by,
        })
    }
}

/// The sign after the name of a time field.
fn near_before_sign(word: &str) -> Option<usize> {
    word.find(['+', '-']).filter(|sign| own::near(&word[..*sign]).is_some())
}

/// The sign before an amount of time.
fn sign_before_amount(word: &str) -> Option<usize> {
    word.rfind(['+', '-']).filter(|sign| amount(&word[sign + 1..]).is_some())
}

/// The amount of time that words begin with, in one word or in two.
fn amount(words: &str) -> Option<&str> {
    let reader = Parser::of(words);
    let (.., tokens) = reader.amount().ok()??;
    Some(reader.here().to(reader.token(tokens - 1).span).of(words))
}

/// Two times to compare: those that are known, and others in place of what is not.
fn pair(time: Option<String>, from: Option<String>) -> (String, String) {
    let other = |known: &Option<String>, usual: Field, else_: Field| {
        let is_taken = known.as_deref() == Some(usual.to_string().as_str());
        if is_taken { else_ } else { usual }.to_string()
    };
    let from = from.unwrap_or_else(|| other(&time, Field::FirstSeen, Field::FirstPaid));
    let time = time.unwrap_or_else(|| other(&Some(from.clone()), Field::FirstPaid, Field::FirstSeen));
    (time, from)
}

/// The comparison seen from its other side.
fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}
