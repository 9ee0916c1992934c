//! Dates, points in time and periods.

use super::{Parser, Role, Wanted};
use crate::calendar::Unit;
use crate::error::{Checked, Fault};
use crate::expr::{Comparison, DateLiteral, Literal, Origin, Period, Step, Test, Turn};
use crate::field::Field;
use crate::lex::Lexeme;
use crate::span::{Span, Spanned};
use crate::value::{self, Moment};

impl Parser<'_> {
    /// `date` or `instant`, if one stands here. A comparison says what a whole month would mean there.
    pub(super) fn date(&mut self, comparison: Option<Comparison>) -> Checked<Option<DateLiteral>> {
        self.refuse_time_in_words(comparison)?;
        let Some(word) = self.word(0) else { return Ok(None) };
        let date = match word.to_ascii_lowercase().as_str() {
            "now" => return self.shifted(Origin::Now, DateLiteral::Now).map(Some),
            "today" => return self.shifted(Origin::Today, DateLiteral::Today).map(Some),
            "yesterday" => DateLiteral::Yesterday,
            "tomorrow" => DateLiteral::Tomorrow,
            _ => match written(self.here(), word)? {
                Some(date) => date,
                None => return self.ago(),
            },
        };
        self.take(Role::Date);
        Ok(Some(date))
    }

    /// `("now" | "today") [("+" | "-") number unit]`
    fn shifted(&mut self, from: Origin, unshifted: DateLiteral) -> Checked<DateLiteral> {
        self.take(Role::Date);
        if !matches!(self.kind(), Lexeme::Sign) {
            return Ok(unshifted);
        }
        let back = self.here().of(self.text) == "-";
        self.take(Role::Date);
        match self.amount()? {
            Some((amount, step, tokens)) => {
                self.take_all(tokens, Role::Date);
                Ok(DateLiteral::Shifted { from, back, amount, step })
            }
            None => Err(self
                .lacks_unit(self.here(), false)
                .unwrap_or_else(|| self.expected("an amount of time").hint("for example 14d, 3mo or 30min"))),
        }
    }

    /// `14 days ago`, `14d ago`
    fn ago(&mut self) -> Checked<Option<DateLiteral>> {
        let Some((amount, step, tokens)) = self.amount()? else { return Ok(None) };
        if !self.word_at(tokens, "ago") {
            return Ok(None);
        }
        self.take_all(tokens + 1, Role::Date);
        Ok(Some(DateLiteral::Shifted { from: Origin::Now, back: true, amount, step }))
    }

    /// `in period`, after the `in`. A single date is what it would be after `=`.
    pub(super) fn during(&mut self, field: &Field, negated: bool) -> Checked<Test> {
        self.wants(Wanted::Period(field.clone()));
        let start = self.here();
        if self.is_period() {
            let period = self.counted_or_calendar()?;
            return Ok(self.ended(start, negated, period));
        }
        let Some(from) = self.date(Some(Comparison::Equal))? else {
            self.own_is_no_period(&format!("{field} = …, or {field} >= … and {field} <= …"))?;
            if let Some(fault) = self.nearly_a_period() {
                return Err(fault);
            }
            let fault = self.expected("a list in parentheses or a period after in");
            return Err(fault
                .hint("for example in (\"pro\", \"team\"), in last 7 days or in 2026-01-01 .. 2026-03-31"));
        };
        if !matches!(self.kind(), Lexeme::Dots) {
            let comparison = if negated { Comparison::NotEqual } else { Comparison::Equal };
            self.wants(Wanted::Connector);
            return Ok(Test::Compare(
                comparison,
                Spanned::new(start.to(self.previous()), Literal::Date(from)),
            ));
        }
        self.until(field, start, negated, from)
    }

    /// `.. moment`, after the first moment of a period.
    pub(super) fn until(
        &mut self,
        field: &Field,
        start: Span,
        negated: bool,
        from: DateLiteral,
    ) -> Checked<Test> {
        self.take(Role::Date);
        self.wants(Wanted::Value(field.clone()));
        let to = self.required_date()?;
        Ok(self.ended(start, negated, Period::Between(from, to)))
    }

    fn ended(&mut self, start: Span, negated: bool, period: Period) -> Test {
        self.wants(Wanted::Connector);
        Test::During { negated, period: Spanned::new(start.to(self.previous()), period) }
    }

    /// Whether `last`, `this` or `next` and what belongs to it stand here.
    pub(super) fn is_period(&self) -> bool {
        let names_period = ["last", "this", "next"].iter().any(|word| self.is(word));
        let counts = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        names_period && self.word(1).is_some_and(|word| counts(word) || step(word).is_some())
    }

    /// `("last" | "next") number units | ("last" | "this" | "next") unit`
    pub(super) fn counted_or_calendar(&mut self) -> Checked<Period> {
        let turn = match self.word(0).map(str::to_ascii_lowercase).as_deref() {
            Some("last") => Turn::Last,
            Some("next") => Turn::Next,
            _ => Turn::This,
        };
        let start = self.take(Role::Date);
        let (amount, step) = match (self.amount()?, self.word(0).and_then(step)) {
            (Some((amount, step, tokens)), _) => {
                self.take_all(tokens, Role::Date);
                (Some(amount), step)
            }
            (None, Some(step)) => {
                self.take(Role::Date);
                (None, step)
            }
            _ => {
                let lacks_unit = self.lacks_unit(start, turn != Turn::This);
                return Err(lacks_unit.unwrap_or_else(|| {
                    self.expected("an amount of time").hint("for example last 7 days or this month")
                }));
            }
        };
        period(start.to(self.previous()), turn, amount, step)
    }

    /// A number and a unit, in one word or in two: `14d`, `14 days`; and how many tokens they are. Quarters are counted
    /// in months.
    pub(super) fn amount(&self) -> Checked<Option<(u32, Step, usize)>> {
        let Some(word) = self.word(0) else { return Ok(None) };
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let (number, suffix) = word.split_at(digits);
        let (step, tokens) = match (suffix.is_empty(), self.word(1)) {
            _ if digits == 0 => return Ok(None),
            (false, _) => (self.step_of(0, suffix)?, 1),
            (true, Some(word)) => (self.step_of(1, word)?, 2),
            (true, None) => return Ok(None),
        };
        let Some(step) = step else { return Ok(None) };
        match (number.parse::<u32>(), step) {
            (Ok(amount), Step::Calendar(Unit::Quarter)) => {
                Ok(Some((amount.saturating_mul(3), Step::Calendar(Unit::Month), tokens)))
            }
            (Ok(amount), _) => Ok(Some((amount, step, tokens))),
            (Err(_), _) => Err(Fault::new(self.here(), format!("{number} is out of the calendar"))),
        }
    }

    /// The unit a word names. `m` could be two of them.
    fn step_of(&self, ahead: usize, word: &str) -> Checked<Option<Step>> {
        if word == "m" || word == "M" {
            let fault = Fault::new(self.token(ahead).span, "m could be minutes or months");
            return Err(fault.hint("write min or mo"));
        }
        Ok(step(word))
    }
}

/// The period that the words name.
fn period(span: Span, turn: Turn, amount: Option<u32>, step: Step) -> Checked<Period> {
    let amount = match (amount, step) {
        (None, Step::Calendar(unit)) => return Ok(Period::Calendar(turn, unit)),
        (amount, _) => amount.unwrap_or(1),
    };
    match (turn, amount) {
        (_, 0) => Err(Fault::new(span, "a period of 0 is empty").hint("count from 1")),
        (Turn::Last, amount) => Ok(Period::Last(amount, step)),
        (Turn::Next, amount) => Ok(Period::Next(amount, step)),
        (Turn::This, _) => Err(Fault::new(span, "this is one day, week, month, quarter or year")
            .hint("to count, write last or next")),
    }
}

/// What time is counted in, by a word.
pub(super) fn step(word: &str) -> Option<Step> {
    Some(match word.to_ascii_lowercase().as_str() {
        "min" | "mins" | "minute" | "minutes" => Step::Minute,
        "h" | "hr" | "hrs" | "hour" | "hours" => Step::Hour,
        "d" | "day" | "days" => Step::Calendar(Unit::Day),
        "w" | "wk" | "wks" | "week" | "weeks" => Step::Calendar(Unit::Week),
        "mo" | "mos" | "month" | "months" => Step::Calendar(Unit::Month),
        "quarter" | "quarters" => Step::Calendar(Unit::Quarter),
        "y" | "yr" | "yrs" | "year" | "years" => Step::Calendar(Unit::Year),
        _ => return None,
    })
}

/// A date or date-time written out. What has its shape but is no day is an error, not text.
fn written(span: Span, word: &str) -> Checked<Option<DateLiteral>> {
    const SHAPE: &[u8] = b"0000-00-00";
    let like =
        |expected: &u8, byte: u8| if *expected == b'0' { byte.is_ascii_digit() } else { byte == *expected };
    let dated = word.len() >= SHAPE.len()
        && SHAPE.iter().zip(word.bytes()).all(|(expected, byte)| like(expected, byte));
    if !dated || !matches!(word.as_bytes().get(SHAPE.len()), None | Some(b'T' | b't')) {
        return Ok(None);
    }
    match value::moment(word) {
        Some(Moment::Day(day)) => Ok(Some(DateLiteral::Day(day))),
        Some(Moment::Instant(instant)) if instant.is_printable() => Ok(Some(DateLiteral::Instant(instant))),
        _ => Err(Fault::new(span, format!("{word} is not a day of the calendar, or not a time of one"))
            .hint("a date is written 2026-03-29, a time 2026-03-29T10:00:00Z; put other text in quotes")),
    }
}
