//! Conditions as SQL. Whatever could fail on a value of another kind stands behind a CASE.

use std::ops::Bound;

use bigdecimal::BigDecimal;
use jiff::civil::Date;

use super::{Alias, Writer, containment, date, pattern};
use crate::binds::Bind;
use crate::epoch::Epoch;
use crate::field::{Column, Field};
use crate::path::Path;
use crate::predicate::{Condition, Limit, Order, Own, Range, Scalar, Start, Test};
use crate::value::{Instant, Kind};

impl Writer<'_> {
    pub(super) fn condition(&mut self, condition: &Condition, r: Alias<'_>) -> String {
        match (&condition.field, &condition.test) {
            (field, Test::Changed(changed)) => self.changed(field, changed, r),
            (field, Test::Own(order, time)) => self.beside(field, *order, time, r),
            (Field::Params(path), Test::Moved(moved)) => self.moved(path, *moved, r),
            (Field::Params(path), test) => self.params(path, test, r),
            (field, test) => {
                let column = column(field, r.name).unwrap_or_default(); // every built-in field has one
                let holds = self.column(&column, test);
                match (field.is_optional() || r.past, *test == Test::Exists) {
                    (false, _) => holds,
                    (true, true) => format!("{column} IS NOT NULL"),
                    (true, false) => format!("({column} IS NOT NULL AND {holds})"),
                }
            }
        }
    }

    /// Whether a time is beside another of the relationship's own.
    fn beside(&mut self, field: &Field, order: Option<Order>, time: &Own, r: Alias<'_>) -> String {
        let (time, other) = (column(field, r.name).unwrap_or_default(), self.own(time, r));
        format!("COALESCE({time} {} {other}, FALSE)", order.map_or("=", Order::as_str))
    }

    /// A time of the relationship's own; null where it has none. An interval without days is elapsed time in every zone.
    pub(super) fn own(&mut self, time: &Own, r: Alias<'_>) -> String {
        let from = match &time.from {
            Start::Field(field) => column(field, r.name).unwrap_or_default(), // every time field has one
            Start::First(first) => self.first_time(first, r, |_, time| time.to_owned()),
        };
        match time.shift {
            0 => from,
            shift => {
                let shift = self.binds.bind(Bind::Integer(shift));
                format!("({from} + {shift}::bigint * interval '1 microsecond')")
            }
        }
    }

    /// A condition on a column that is not null.
    fn column(&mut self, column: &str, test: &Test) -> String {
        match test {
            Test::Exists | Test::Is(Kind::String) => "TRUE".to_owned(),
            Test::Project(project) => format!("{column} = {}::uuid", self.binds.bind(Bind::Uuid(*project))),
            Test::During(range) => self.within_instants(column, &range.instants),
            // No COLLATE here: equality is the same in every collation, and plain it can use the unique indexes.
            Test::Equals(Scalar::Text(text)) => format!("{column} = {}", self.text(text)),
            Test::Ordered(order, Limit::Text(limit)) => {
                format!("{column} COLLATE \"C\" {} {}", order.as_str(), self.text(limit))
            }
            Test::Holds(place, needle) => {
                format!("{column} COLLATE \"C\" ~ {}", self.text(&pattern::pattern(*place, needle)))
            }
            Test::Equals(_)
            | Test::Ordered(..)
            | Test::Is(_)
            | Test::Has(_)
            | Test::HasDuring(_)
            | Test::Own(..)
            | Test::Changed(_)
            | Test::Moved(_) => "FALSE".to_owned(),
        }
    }

    /// A condition on a place inside params.
    fn params(&mut self, path: &Path, test: &Test, r: Alias<'_>) -> String {
        if let Some(document) = containment::document(path, test) {
            return self.contains(document, r);
        }
        let (value, text) = self.place(path, r);
        self.json(&value, &text, test)
    }

    /// A condition on JSON, which is null where it is missing, and the same as text.
    pub(super) fn json(&mut self, value: &str, text: &str, test: &Test) -> String {
        match test {
            Test::Exists => format!("({value}) IS NOT NULL"),
            Test::Equals(scalar) => {
                format!(
                    "COALESCE(({value}) = {}::jsonb, FALSE)",
                    self.binds.bind(Bind::Json(scalar.to_json()))
                )
            }
            Test::Is(kind) => format!("COALESCE(jsonb_typeof({value}) = '{kind}', FALSE)"),
            Test::Ordered(order, Limit::Number(limit)) => {
                let limit = self.binds.bind(Bind::Number(limit.exact.to_plain_string()));
                let compared = format!("({value})::numeric {} {limit}::text::numeric", order.as_str());
                guarded(value, Kind::Number, &compared)
            }
            Test::Ordered(order, Limit::Text(limit)) => {
                let compared = format!("({text}) COLLATE \"C\" {} {}", order.as_str(), self.text(limit));
                guarded(value, Kind::String, &compared)
            }
            Test::Holds(place, needle) => {
                let pattern = self.text(&pattern::pattern(*place, needle));
                guarded(value, Kind::String, &format!("({text}) COLLATE \"C\" ~ {pattern}"))
            }
            Test::During(range) => self.json_during(value, text, range),
            Test::HasDuring(range) => self.has_during(value, range),
            Test::Has(_) | Test::Project(_) | Test::Own(..) | Test::Changed(_) | Test::Moved(_) => {
                "FALSE".to_owned()
            }
        }
    }

    /// A place inside params as JSON and as text. Chained, because `#>` would step into arrays by number.
    fn place(&mut self, path: &Path, r: Alias<'_>) -> (String, String) {
        self.inside(format!("{r}.params"), path.keys())
    }

    /// The same inside some JSON.
    pub(super) fn inside(&mut self, mut value: String, keys: &[String]) -> (String, String) {
        let mut text = format!("{value} #>> '{{}}'");
        for key in keys {
            let key = self.text(key);
            text = format!("{value} ->> {key}");
            value = format!("{value} -> {key}");
        }
        (value, text)
    }

    fn json_during(&mut self, value: &str, text: &str, range: &Range) -> String {
        let (text, number) = (self.text_during(text, range), self.number_during(value, range));
        let number = number.map(|number| format!(" WHEN 'number' THEN {number}"));
        format!(
            "CASE jsonb_typeof({value}) WHEN 'string' THEN {text}{} ELSE FALSE END",
            number.unwrap_or_default()
        )
    }

    /// Whether a number is a point in time within the range; `None` where none is.
    fn number_during(&mut self, value: &str, range: &Range) -> Option<String> {
        let mut bind =
            |number: &BigDecimal| self.binds.bind(Bind::Number(number.normalized().to_plain_string()));
        let ranges = Epoch::ALL.into_iter().filter_map(|epoch| epoch.between(&range.instants));
        let ranges = ranges.map(|(from, until)| {
            let (from, until) = (bind(&from), bind(&until));
            format!(
                "({value})::numeric >= {from}::text::numeric AND ({value})::numeric < {until}::text::numeric"
            )
        });
        let ranges: Vec<String> = ranges.collect();
        (!ranges.is_empty()).then(|| ranges.join(" OR "))
    }

    fn has_during(&mut self, value: &str, range: &Range) -> String {
        let during = self.json_during("member.value", "member.value #>> '{}'", range);
        format!(
            "EXISTS (SELECT 1 FROM jsonb_array_elements(CASE WHEN jsonb_typeof({value}) = 'array' THEN {value} \
             ELSE '[]'::jsonb END) AS member (value) WHERE {during})"
        )
    }

    /// Whether a string is a date within the range: a day as text, a date-time as a point in time. Most rows are decided
    /// by comparing text; only date-times close to an end of the range are cast.
    fn text_during(&mut self, text: &str, range: &Range) -> String {
        let text = format!("({text}) COLLATE \"C\"");
        let near = self.on_days(&text, date::near(range));
        let (day, date_time) = (self.text(date::DAY), self.text(date::DATE_TIME));
        let day_text = |day: Date| Bind::Text(day.to_string());
        let days = self.bounded(&text, (range.days.0.map(day_text), range.days.1.map(day_text)), "text");
        let sure = date::sure(range).map(|days| format!("WHEN {} THEN TRUE ", self.on_days(&text, days)));
        let (local, offset) = (self.text(date::LOCAL), self.text(date::OFFSET));
        let instant = format!(
            "(substring({text} from {local}) || COALESCE(substring({text} from {offset}), 'Z'))::timestamptz"
        );
        let instants = self.within_instants(&instant, &range.instants);
        format!(
            "CASE WHEN NOT {near} THEN FALSE WHEN length({text}) = 10 THEN {text} ~ {day} AND {days} \
             WHEN NOT {text} ~ {date_time} THEN FALSE {}ELSE {instants} END",
            sure.unwrap_or_default()
        )
    }

    /// Whether a text that begins with a day begins with one of these.
    fn on_days(&mut self, text: &str, (from, until): date::Days) -> String {
        let day = |day: Date| Bind::Text(day.to_string());
        let from = from.map_or(Bound::Unbounded, |from| Bound::Included(day(from)));
        let until = until.map_or(Bound::Unbounded, |until| Bound::Excluded(day(until)));
        self.bounded(text, (from, until), "text")
    }

    pub(super) fn within_instants(
        &mut self,
        time: &str,
        bounds: &(Bound<Instant>, Bound<Instant>),
    ) -> String {
        let bounds = (bounds.0.map(Bind::Instant), bounds.1.map(Bind::Instant));
        self.bounded(time, bounds, "timestamptz")
    }

    fn bounded(&mut self, value: &str, (from, to): (Bound<Bind>, Bound<Bind>), kind: &str) -> String {
        let mut side = |bound, included: &str, excluded: &str| {
            let (operator, bind) = match bound {
                Bound::Included(bind) => (included, bind),
                Bound::Excluded(bind) => (excluded, bind),
                Bound::Unbounded => return None,
            };
            Some(format!("{value} {operator} {}::{kind}", self.binds.bind(bind)))
        };
        let sides: Vec<String> = [side(from, ">=", ">"), side(to, "<=", "<")].into_iter().flatten().collect();
        match sides.as_slice() {
            [] => "TRUE".to_owned(),
            [side] => side.clone(),
            sides => format!("({})", sides.join(" AND ")),
        }
    }
}

/// The expression of a built-in field of a relationship with this alias, whose customer is `c`; `None` for paths.
/// A project is its id.
pub fn column(field: &Field, r: &str) -> Option<String> {
    let column = match field.column()? {
        Column::Customer(name) => format!("c.{name}"),
        Column::Relationship(name) => format!("{r}.{name}"),
    };
    Some(if *field == Field::Domain { format!("split_part({column}, '@', -1)") } else { column })
}

/// False unless the value is of that kind; only then is the expression evaluated.
fn guarded(value: &str, kind: Kind, expression: &str) -> String {
    format!("CASE WHEN jsonb_typeof({value}) = '{kind}' THEN {expression} ELSE FALSE END")
}
