//! What relationships are grouped by, as SQL. Periods need two steps: which days there are, then the boundaries that
//! the account's zone puts between them, as numbers; so no zone ever reaches SQL.

use std::collections::BTreeSet;

use filter::{
    Bind, Binds, Field,
    calendar::{Unit, day_of, first_instant},
    value::Instant,
};
use index::{Bucket, Grouping, Part};
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use tokio_postgres::Row;

use super::{dates, field};
use crate::store::{
    query::{
        Error, Plan,
        key::{self, Key},
    },
    snapshot::Snapshot,
    statement::Statement,
};

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

/// What must be known of a row to find its period: whether it has the field, the field's text and its instant.
fn moment(field: &Field, binds: &mut Binds) -> String {
    match field::column(field) {
        Some(column) => {
            format!("{column} is not null as present, null::text as day, {} as at", field::micros(&column))
        }
        None => {
            let value = field::json(field, binds);
            // The texts are found first, so that each is searched once for being a date.
            let (text, at) = (field::string(&value), dates::epoch(&field::number(&value)));
            format!("{value} is not null as present, {text} as day, {at} as at")
        }
    }
}

/// Rows with the number of their civil day or their instant, whichever they have. `offset 0` keeps Postgres from
/// working out an expression again wherever its name is used.
fn moments(field: &Field, also: &str, hits: &str, binds: &mut Binds) -> String {
    let moment = moment(field, binds);
    let (day, instant) = (dates::day("day"), dates::instant("day"));
    format!(
        "(select *, (day_text::date - date '2000-01-01')::bigint as day_number, coalesce(at, said) as instant from ( \
           select *, {day} as day_text, {instant} as said from (select {moment}{also} {hits} offset 0) hit \
         offset 0) hit offset 0) hit"
    )
}

/// Which civil days, and which days in UTC, there are.
fn days(plan: &Plan, field: &Field) -> Statement {
    Statement::make(|binds| {
        let hits = plan.hits(binds);
        let moments = moments(field, "", &hits, binds);
        format!(
            "select distinct day_number, \
               case when instant < 0 then (instant - {DAY} + 1) / {DAY} else instant / {DAY} end \
             from {moments} where day_number is not null or instant is not null"
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
            let begin = day_of(Instant(day * DAY), zone);
            let end = day_of(Instant((day + 1) * DAY - 1), zone);
            let mut day = Some(begin);
            while let Some(present) = day.filter(|day| *day <= end) {
                firsts.insert(unit.first(present));
                day = present.tomorrow().ok();
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
    /// The rows that match, with what tells groups apart and whatever else is wanted of each. `rank` is [`MISSING`] or
    /// [`SKIPPED`] where there is no bucket.
    pub(super) fn rows(&self, plan: &Plan, also: &str, binds: &mut Binds) -> String {
        let hits = plan.hits(binds);
        let (parts, from) = match &self.grouping {
            Grouping::Value(field) => {
                let parts = field::parts(field, binds);
                let rank = format!("coalesce({}, {MISSING})", parts.rank);
                return format!(
                    "select {rank} as rank, {} as number, {} collate \"C\" as text{also} {hits}",
                    parts.number, parts.text
                );
            }
            Grouping::Bucket(field, width) => {
                let value = field::json(field, binds);
                let number = field::number(&value);
                let from = format!(
                    "(select {value} is not null as present, {number} as n{also} {hits} offset 0) hit"
                );
                (interval(&index::number::plain(width), binds), from)
            }
            Grouping::Period(_, field) => (self.period(plan, binds), moments(field, also, &hits, binds)),
        };
        format!(
            "select case when bucket is not null then {NUMBERED} when present then {SKIPPED} else {MISSING} end as rank, \
               coalesce(bucket, 0)::numeric as number, ''::text collate \"C\" as text, hit.* \
             from (select *, {parts} as bucket from {from} offset 0) hit"
        )
    }

    /// The place of a row's period among those that there are.
    fn period(&self, plan: &Plan, binds: &mut Binds) -> String {
        let zone = &plan.lexicon.zone;
        let list =
            |numbers: &mut dyn Iterator<Item = i64>| Bind::Texts(numbers.map(|n| n.to_string()).collect());
        let days = binds.bind(list(&mut self.periods.iter().map(|first| number_of(*first))));
        let starts = binds.bind(list(&mut self.periods.iter().map(|first| first_instant(*first, zone).0)));
        format!(
            "coalesce(width_bucket(day_number, {days}::text[]::bigint[]), \
             width_bucket(instant, {starts}::text[]::bigint[]))"
        )
    }

    /// The bucket that a key stands for.
    pub(super) fn bucket(&self, key: Key) -> Option<Bucket> {
        match &self.grouping {
            Grouping::Value(_) => key.datum().map(Bucket::Value),
            Grouping::Bucket(..) => Some(Bucket::From(key::decimal(&key.number))),
            Grouping::Period(..) => {
                let place: usize = key.number.parse().ok()?;
                self.periods.get(place.checked_sub(1)?).copied().map(Bucket::Period)
            }
        }
    }
}

/// The lower end of the interval that holds the number `n`. `mod` is exact, where a division would be rounded.
fn interval(width: &str, binds: &mut Binds) -> String {
    let width = format!("{}::text::numeric", binds.bind(Bind::Number(width.to_owned())));
    format!("n - mod(n, {width}) - case when mod(n, {width}) < 0 then {width} else 0 end")
}
