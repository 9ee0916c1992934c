//! Dates, periods and the time fields in words.

use crate::calendar::Unit;
use crate::expr::{Comparison, DateLiteral, Elapsed, Literal, Origin, Own, Period, Start, Step, Test, Turn};
use crate::field::Field;
use crate::value::{self, Instant, Moment};

/// A condition that asks when: `who were first seen in the last 7 days`. `None` for tests that ask something else.
pub(super) fn condition(field: &Field, test: &Test, negated: bool) -> Option<String> {
    if *test == Test::Exists
        && let Some(whether) = whether(field, negated)
    {
        return Some(whether.to_owned());
    }
    let (not, when) = asked(test)?;
    let happened = match (field, not != negated) {
        (Field::FirstSeen, false) => "who were first seen",
        (Field::FirstSeen, true) => "who were not first seen",
        (Field::LastActivity, false) => "who were last active",
        (Field::LastActivity, true) => "who were not last active",
        (Field::FirstPaid, false) => "who first paid",
        (Field::FirstPaid, true) => "who did not first pay",
        (Field::Imported, false) => "who were imported without dates",
        (Field::Imported, true) => "who were not imported without dates",
        (_, false) => "whose status last changed",
        (_, true) => "whose status did not last change",
    };
    Some(format!("{happened} {when}"))
}

/// What it means that there is such a time, or none.
fn whether(field: &Field, negated: bool) -> Option<&'static str> {
    Some(match (field, negated) {
        (Field::FirstPaid, false) => "who have paid",
        (Field::FirstPaid, true) => "who have never paid",
        (Field::Imported, false) => "who were imported without dates",
        (Field::Imported, true) => "who were not imported without dates",
        _ => return None,
    })
}

/// When it must have been, or not have been.
pub(super) fn asked(test: &Test) -> Option<(bool, String)> {
    Some(match test {
        Test::Compare(Comparison::NotEqual, literal) => (true, at(Comparison::Equal, literal)),
        Test::Compare(comparison, literal) => (false, at(*comparison, literal)),
        Test::Own(Comparison::NotEqual, time) => (true, against(Comparison::Equal, time)),
        Test::Own(comparison, time) => (false, against(*comparison, time)),
        Test::During { negated, period } => (*negated, self::period(period.value)),
        Test::In { negated, values } => {
            let times: Vec<String> = values.iter().map(|value| at(Comparison::Equal, value)).collect();
            (*negated, times.join(" or "))
        }
        _ => return None,
    })
}

/// A comparison with a time field, where a quoted date is a date too.
fn at(comparison: Comparison, literal: &Literal) -> String {
    match literal {
        Literal::Date(date) => compared(comparison, *date),
        Literal::Text(text) => match value::moment(text) {
            Some(Moment::Day(day)) => compared(comparison, DateLiteral::Day(day)),
            Some(Moment::Instant(instant)) => compared(comparison, DateLiteral::Instant(instant)),
            None => super::quoted(text),
        },
        other => other.to_string(),
    }
}

/// `earlier than 14 days after they were first seen`
pub(super) fn against(comparison: Comparison, time: &Own) -> String {
    let relation = match comparison {
        Comparison::Equal | Comparison::NotEqual => "exactly",
        Comparison::Less => "earlier than",
        Comparison::LessOrEqual => "no later than",
        Comparison::Greater => "later than",
        Comparison::GreaterOrEqual => "no earlier than",
    };
    format!("{relation} {}", own(time))
}

/// `14 days after they were first seen`, `when they first paid`
pub(super) fn own(time: &Own) -> String {
    let event = match &time.from {
        Start::First(filter) => format!("they were first customers {}", super::group(filter)),
        Start::Field(Field::FirstSeen) => "they were first seen".to_owned(),
        Start::Field(Field::LastActivity) => "they were last active".to_owned(),
        Start::Field(Field::FirstPaid) => "they first paid".to_owned(),
        Start::Field(Field::Imported) => "they were imported".to_owned(),
        Start::Field(_) => "their status last changed".to_owned(),
    };
    match time.shift {
        None => format!("when {event}"),
        Some(Elapsed { back, amount, step }) => {
            format!("{} {} {event}", counted(amount, step), if back { "before" } else { "after" })
        }
    }
}

/// `before 29 March 2026`, `on or after yesterday`
pub(super) fn compared(comparison: Comparison, date: DateLiteral) -> String {
    let relation = match (comparison, is_day(date)) {
        (Comparison::Equal | Comparison::NotEqual, true) => "on",
        (Comparison::Equal | Comparison::NotEqual, false) => "at",
        (Comparison::Less, _) => "before",
        (Comparison::LessOrEqual, true) => "on or before",
        (Comparison::LessOrEqual, false) => "at or before",
        (Comparison::Greater, _) => "after",
        (Comparison::GreaterOrEqual, true) => "on or after",
        (Comparison::GreaterOrEqual, false) => "at or after",
    };
    match (relation, date) {
        (
            "on",
            DateLiteral::Yesterday | DateLiteral::Today | DateLiteral::Tomorrow | DateLiteral::Shifted { .. },
        )
        | ("at", DateLiteral::Shifted { .. } | DateLiteral::Now) => self::date(date),
        _ => format!("{relation} {}", self::date(date)),
    }
}

/// Whether the literal is a day instead of a point in time.
fn is_day(date: DateLiteral) -> bool {
    match date {
        DateLiteral::Instant(_) | DateLiteral::Now => false,
        DateLiteral::Shifted { from, step, .. } => from == Origin::Today && matches!(step, Step::Calendar(_)),
        DateLiteral::Day(_) | DateLiteral::Yesterday | DateLiteral::Today | DateLiteral::Tomorrow => true,
    }
}

/// `29 March 2026`, `14 days ago`, `3 days after today`
pub(super) fn date(date: DateLiteral) -> String {
    match date {
        DateLiteral::Day(day) => day.strftime("%-d %B %Y").to_string(),
        DateLiteral::Instant(instant) => self::instant(instant),
        DateLiteral::Yesterday => "yesterday".to_owned(),
        DateLiteral::Today => "today".to_owned(),
        DateLiteral::Tomorrow => "tomorrow".to_owned(),
        DateLiteral::Now => "now".to_owned(),
        DateLiteral::Shifted { from, back, amount, step } => {
            let amount = counted(amount, step);
            match (from, back) {
                (Origin::Now, true) => format!("{amount} ago"),
                (Origin::Now, false) => format!("{amount} from now"),
                (Origin::Today, true) => format!("{amount} before today"),
                (Origin::Today, false) => format!("{amount} after today"),
            }
        }
    }
}

/// `29 March 2026 10:00 UTC`, to the precision that it was given in.
fn instant(instant: Instant) -> String {
    let utc = instant.utc();
    let time = match (utc.second(), utc.subsec_nanosecond()) {
        (0, 0) => utc.strftime("%H:%M").to_string(),
        _ => utc.time().to_string(),
    };
    format!("{} {time} UTC", utc.strftime("%-d %B %Y"))
}

/// `in the last 7 days`, `this month`, `from 1 January 2026 to 31 March 2026`
pub(super) fn period(period: Period) -> String {
    let within = |word: &str, amount, step: Step| match amount {
        1 => format!("in the {word} {}", step.as_str()),
        _ => format!("in the {word} {}", counted(amount, step)),
    };
    match period {
        Period::Last(1, Step::Calendar(Unit::Day)) | Period::Next(1, Step::Calendar(Unit::Day)) => {
            "today".to_owned()
        }
        Period::Last(amount, step) => within("last", amount, step),
        Period::Next(amount, step) => within("next", amount, step),
        Period::Calendar(Turn::Last, Unit::Day) => "yesterday".to_owned(),
        Period::Calendar(Turn::This, Unit::Day) => "today".to_owned(),
        Period::Calendar(Turn::Next, Unit::Day) => "tomorrow".to_owned(),
        Period::Calendar(turn, unit) => format!("{} calendar {}", turn.as_str(), unit.as_str()),
        Period::Between(from, to) if from == to => compared(Comparison::Equal, from),
        Period::Between(from, to) => format!("from {} to {}", date(from), date(to)),
    }
}

fn counted(amount: u32, step: Step) -> String {
    format!("{amount} {}{}", step.as_str(), if amount == 1 { "" } else { "s" })
}
