//! What relationships are grouped by, as SQL. Periods need two steps: which days there are, then the boundaries that
//! the account's zone puts between them, as numbers; so no zone ever reaches SQL.

use std::collections::BTreeSet;

use filter::{Bind, Binds, Field, value::Instant};
use index::{Bucket, Grouping, Part, Unit, civil_day, day_start};
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use tokio_postgres::Row;

use super::{
    Plan, Statement, dates,
    field::{self, Key, Parts},
};
use crate::store::{query::Error, snapshot::Snapshot};

/// The rank of values that have no bucket.
pub(super) const SKIPPED: i32 = -1;
/// The rank of missing values.
pub(super) const MISSING: i32 = 0;
/// The rank of buckets that are numbers: places of periods, lower ends of intervals.
const NUMBERED: i32 = 1;

const DAY: i64 = 86_400_000_000;
/// Days are numbered from here; it is `date '2000-01-01'` in the SQL below.
const EPOCH: Date = date(2000, 1, 1);

/// A grouping that is ready to be asked.
pub(super) struct Ready {
    grouping: Grouping,
    /// The first days of the periods that are there, in order.
    periods: Vec<Date>,
}

/// Makes the question's grouping ready.
pub(super) async fn prepare(plan: &Plan, snapshot: &mut Snapshot) -> Result<Option<Ready>, Error> {
    let wanted = plan.question.wants(Part::Groups);
    let Some(grouping) = plan.question.group_by.clone().filter(|_| wanted) else { return Ok(None) };
    let periods = match &grouping {
        Grouping::Period(unit, field) => {
            let rows = snapshot.ask(&[days(plan, field)], false).await?.swap_remove(0);
            periods(plan, *unit, &rows)
        }
        Grouping::Value(_) | Grouping::Bucket(..) => Vec::new(),
    };
    Ok(Some(Ready { grouping, periods }))
}

/// A date field's day number and instant; both null where there is no date.
fn moment(field: &Field, binds: &mut Binds) -> (String, String, String) {
    match field::column(field) {
        Some(column) => (format!("{column} is not null"), "null::bigint".to_owned(), field::micros(column)),
        None => {
            let value = field::json(field, binds);
            let day = format!("(({})::date - date '2000-01-01')::bigint", dates::day(&value));
            (format!("{value} is not null"), day, dates::instant(&value))
        }
    }
}

/// Which civil days, and which days in UTC, there are.
fn days(plan: &Plan, field: &Field) -> Statement {
    Plan::statement(|binds| {
        let (_, day, instant) = moment(field, binds);
        let hits = plan.hits(binds);
        format!(
            "select distinct day, case when at < 0 then (at - {DAY} + 1) / {DAY} else at / {DAY} end \
             from (select {day} as day, {instant} as at {hits}) hit where day is not null or at is not null"
        )
    })
}

/// The periods that hold those days. A day in UTC lies in two civil days of most zones; a period too many does no
/// harm.
fn periods(plan: &Plan, unit: Unit, rows: &[Row]) -> Vec<Date> {
    let zone = &plan.lexicon.zone;
    let mut firsts = BTreeSet::new();
    for row in rows {
        if let Some(day) = row.get::<_, Option<i64>>(0).and_then(numbered) {
            firsts.insert(unit.first(day));
        }
        if let Some(day) = row.get::<_, Option<i64>>(1) {
            let begin = civil_day(Instant(day * DAY), zone);
            let end = civil_day(Instant((day + 1) * DAY - 1), zone);
            let mut day = Some(begin);
            while let Some(present) = day.filter(|day| *day <= end) {
                firsts.insert(unit.first(present));
                day = present.checked_add(1.day()).ok();
            }
        }
    }
    firsts.into_iter().collect()
}

fn numbered(day: i64) -> Option<Date> {
    EPOCH.checked_add(day.days()).ok()
}

fn number_of(day: Date) -> i64 {
    i64::from((day - EPOCH).get_days())
}

impl Ready {
    /// The expressions that tell groups apart. `rank` is [`MISSING`] or [`SKIPPED`] where there is no bucket.
    pub(super) fn parts(&self, plan: &Plan, binds: &mut Binds) -> Parts {
        match &self.grouping {
            Grouping::Value(field) => {
                let parts = field::parts(field, binds);
                Parts { rank: format!("coalesce({}, {MISSING})", parts.rank), ..parts }
            }
            Grouping::Bucket(field, width) => interval(field, &index::number::plain(width), binds),
            Grouping::Period(_, field) => self.period(plan, field, binds),
        }
    }

    fn period(&self, plan: &Plan, field: &Field, binds: &mut Binds) -> Parts {
        let (present, day, instant) = moment(field, binds);
        let zone = &plan.lexicon.zone;
        let list =
            |numbers: &mut dyn Iterator<Item = i64>| Bind::Texts(numbers.map(|n| n.to_string()).collect());
        let days = binds.bind(list(&mut self.periods.iter().map(|first| number_of(*first))));
        let starts = binds.bind(list(&mut self.periods.iter().map(|first| day_start(*first, zone).0)));
        let place = format!(
            "coalesce(width_bucket({day}, {days}::text[]::bigint[]), \
             width_bucket({instant}, {starts}::text[]::bigint[]))"
        );
        numbered_parts(&present, &place)
    }

    /// The bucket that a key stands for.
    pub(super) fn bucket(&self, key: Key) -> Option<Bucket> {
        match &self.grouping {
            Grouping::Value(_) => key.datum().map(Bucket::Value),
            Grouping::Bucket(..) => Some(Bucket::From(field::decimal(&key.number))),
            Grouping::Period(..) => {
                let place: usize = key.number.parse().ok()?;
                self.periods.get(place.checked_sub(1)?).copied().map(Bucket::Period)
            }
        }
    }
}

/// The lower end of the interval that holds a number. `mod` is exact, where a division would be rounded.
fn interval(field: &Field, width: &str, binds: &mut Binds) -> Parts {
    let value = field::json(field, binds);
    let width = format!("{}::text::numeric", binds.bind(Bind::Number(width.to_owned())));
    let number = field::number(&value);
    let rest = format!("mod({number}, {width})");
    let lower = format!("({number}) - {rest} - case when {rest} < 0 then {width} else 0 end");
    numbered_parts(&format!("{value} is not null"), &lower)
}

fn numbered_parts(present: &str, number: &str) -> Parts {
    Parts {
        rank: format!(
            "case when ({number}) is not null then {NUMBERED} when {present} then {SKIPPED} else {MISSING} end"
        ),
        number: format!("coalesce({number}, 0)::numeric"),
        text: "''".to_owned(),
    }
}
