//! Times where none is read: bounded on one side after `changed` and `was (…)`, or behind a condition, which is of the
//! present. Each is told as the period, or the question about the past, that it means.

use super::{Parser, first};
use crate::calendar::Unit;
use crate::error::Fault;
use crate::expr::{DateLiteral, Origin, Period, Step, Turn, When};
use crate::span::Span;

/// Where a period begins of which only the end is said.
const BEGINNING: &str = "2000-01-01";

/// Words that bound a time.
const BOUNDS: [&str; 5] = ["before", "after", "until", "till", "between"];

impl Parser<'_> {
    /// Whether a word stands here that bounds a time on one side.
    pub(super) fn is_bound(&self) -> bool {
        BOUNDS.iter().any(|word| self.is(word))
    }

    /// What is wrong with a bounded time in place of a period.
    pub(super) fn bounded(&self, fault: Box<Fault>) -> Box<Fault> {
        let Some((span, period)) = self.bounded_period() else {
            return fault
                .hint("a time is written in 2026-01-01 .. 2026-03-31, since 2026-01-01 or in last 30 days");
        };
        let helps = self.is_fixed_by(span, &period);
        let mut fault = Fault::new(span, fault.message).hint(format!("did you mean {period}?"));
        fault.candidates.extend(helps.then_some(period));
        fault
    }

    /// The period that a bound and its dates mean.
    fn bounded_period(&self) -> Option<(Span, String)> {
        let mut ahead = self.look(0);
        let bound = ahead.word(0)?.to_ascii_lowercase();
        ahead.at += 1;
        let date = ahead.date(None).ok()??;
        let (from, to) = match bound.as_str() {
            "before" => (BEGINNING.to_owned(), moved(date, -1)?.to_string()),
            "until" | "till" => (BEGINNING.to_owned(), date.to_string()),
            "after" => (moved(date, 1)?.to_string(), DateLiteral::Today.to_string()),
            _ => {
                if !ahead.is_and() && !ahead.is_range() {
                    return None;
                }
                ahead.at += 1;
                (date.to_string(), ahead.date(None).ok()??.to_string())
            }
        };
        Some((self.here().to(ahead.previous()), format!("in {from} .. {to}")))
    }

    /// What is wrong with a time behind a condition, if that is what stands here.
    pub(super) fn timed_condition(&self) -> Option<Box<Fault>> {
        let (_, condition) = self.condition.filter(|(end, _)| *end == self.at)?;
        let mut ahead = self.look(0);
        let when = ahead.when().ok()?;
        let asked_of_first = first::then(&when);
        let when = match when {
            When::Ever => return None,
            When::In(period)
                if matches!(period.value, Period::Next(..) | Period::Calendar(Turn::Next, _)) =>
            {
                return None;
            }
            When::On(moment) => format!("on {}", moment.value),
            When::Own(time) => format!("on {}", time.value),
            When::In(period) => format!("in {}", period.value),
        };
        let written = condition.of(self.text);
        let meant = match written.starts_with('(') {
            true => format!("was {written} {when}"),
            false => format!("was ({written}) {when}"),
        };
        let span = condition.to(ahead.previous());
        if let Some(word) = self.past {
            let place = self.here().to(ahead.previous());
            let fault = Fault::new(place, format!("this time stands inside of {word} (…)"));
            let when = if word == "was" { when } else { asked_of_first };
            return Some(fault.hint(format!("write it behind the parentheses: {word} (…) {when}")));
        }
        if !self.is_fixed_by(span, &meant) {
            return None;
        }
        let fault = Fault::new(span, "a condition is of the present, and this says another time");
        let mut fault = fault.hint(match condition.start {
            0 => format!("did you mean {meant}?"),
            _ => {
                format!("did you mean {meant}? What was true at the same time goes into the same parentheses")
            }
        });
        fault.candidates = vec![meant];
        Some(fault)
    }

    /// Remembers that a condition ends here, or a group of them.
    pub(super) fn ends_condition(&mut self, span: Span) {
        self.condition = Some((self.at, span));
    }
}

/// The day before or after one; a moment of a day is its own neighbour. `None` where days are not counted.
fn moved(date: DateLiteral, days: i64) -> Option<DateLiteral> {
    let shifted = |amount: i64| match amount {
        0 => DateLiteral::Today,
        _ => DateLiteral::Shifted {
            from: Origin::Today,
            back: amount < 0,
            amount: u32::try_from(amount.abs()).unwrap_or(u32::MAX),
            step: Step::Calendar(Unit::Day),
        },
    };
    Some(match date {
        DateLiteral::Day(day) => DateLiteral::Day(Unit::Day.shift(day, days)?),
        DateLiteral::Yesterday => shifted(days - 1),
        DateLiteral::Today => shifted(days),
        DateLiteral::Tomorrow => shifted(days + 1),
        DateLiteral::Shifted { from: Origin::Today, back, amount, step: Step::Calendar(unit) } => {
            let amount = if back { -i64::from(amount) } else { i64::from(amount) };
            match unit {
                Unit::Day => shifted(amount + days),
                _ => return None,
            }
        }
        DateLiteral::Instant(_) | DateLiteral::Now | DateLiteral::Shifted { .. } => date,
    })
}
