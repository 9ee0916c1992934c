//! Lives as the product's own tables hold them, `change` and `activity`, and as DuckDB is given them.

use std::{collections::BTreeMap, fmt::Write};

use jiff::{ToSpan, civil::Date};
use serde_json::Value;
use server::model::{Kept, Sides};

use crate::{
    fill::Part,
    lives::{Change, State, Told},
    rows::{DAY, PAST_DAYS, Row, moment},
};

/// The columns that [`enter`] writes.
pub(crate) const CHANGE: &str = "copy change (account_id, project_id, customer_id, at, version, seq, created, dated_by, received, \
     source, source_id, fields, params, stale) from stdin";
/// The columns that [`see`] writes.
pub(crate) const ACTIVITY: &str =
    "copy activity (account_id, project_id, customer_id, year, days) from stdin";

/// A year has at most 366 days, a bit each.
const YEAR_BYTES: usize = 46;
/// A longer value may be one that the log does not keep whole.
const LONG: usize = 60_000;
/// The fields that a row is born with besides its params.
const FIELDS: [&str; 1] = ["status"];

/// The latest date of a change.
pub(crate) fn last_change(row: &Row) -> i64 {
    row.life.changes.last().map_or(row.first_seen, |change| change.at)
}

/// The version of the batch that wrote what was received then: one a day.
fn version(received: i64, midnight: i64) -> i64 {
    1 + PAST_DAYS + (received - midnight).div_euclid(DAY)
}

/// The version that altered a row last.
pub(crate) fn last_version(row: &Row, midnight: i64) -> i64 {
    let received = row.life.changes.iter().map(|change| change.received).max();
    version(received.unwrap_or(row.first_seen), midnight)
}

/// Writes every change of a row, its birth first.
pub(crate) fn enter(part: &Part, row: &Row, midnight: i64, out: &mut String) {
    let birth = Change {
        at: row.first_seen,
        received: row.first_seen,
        told: Vec::new(),
        stale: Vec::new(),
        superseded: false,
    };
    for (seq, change) in std::iter::once(&birth).chain(&row.life.changes).enumerate() {
        let (fields, params) = if seq == 0 { born(row) } else { (sides(change, true), sides(change, false)) };
        let (at, received) = (moment(change.at), moment(change.received));
        let dated_by = if change.at == change.received { "receipt" } else { "caller" };
        let stale: Vec<String> = change.stale.iter().map(|name| (*name).to_owned()).collect();
        let _ = writeln!(
            out,
            "{}\t{}\t{}\t{at}\t{}\t{seq}\t{}\t{dated_by}\t{received}\tsecret_key\t{}\t{}\t{}\t{{{}}}",
            part.account,
            part.project,
            row.customer,
            version(change.received, midnight),
            seq == 0,
            part.source,
            escaped(&fields),
            escaped(&params),
            stale.join(","),
        );
    }
}

/// What a row began with: what never changed is what it is now.
fn born(row: &Row) -> (String, String) {
    let (_, state) = &row.life.states[0];
    let text = |text: &str| format!("\"{text}\"");
    let mut fields = vec![after("status", &text(state.status)), after("user_id", &text(&row.user_id))];
    fields.extend(row.name.as_deref().map(|name| after("name", &text(name))));
    let now = row.params.iter().filter(|(key, _)| !matches!(key.as_str(), "plan" | "mrr" | "logins"));
    let mut params: Vec<String> = now.map(|(key, value)| after(key, value)).collect();
    params.push(after("plan", &text(state.plan)));
    params.extend(state.mrr.as_deref().map(|mrr| after("mrr", mrr)));
    params.extend(row.life.logins.map(|_| after("logins", "1")));
    (object(&fields), object(&params))
}

/// A name that became this, of nothing.
fn after(name: &str, value: &str) -> String {
    if value.len() < LONG {
        return format!("\"{name}\":{{\"after\":{value}}}");
    }
    let value: Value = serde_json::from_str(value).unwrap_or_default();
    format!("\"{name}\":{}", Sides { before: None, after: Some(Kept::of(&value)) }.to_json())
}

/// The fields that a change told, or the keys.
fn sides(change: &Change, of_fields: bool) -> String {
    let told = change.told.iter().filter(|told| FIELDS.contains(&told.key) == of_fields);
    let side = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("\"{name}\":{value}"));
    let both = |Told { key, before, after }: &Told| {
        let both: Vec<String> = side("before", before).into_iter().chain(side("after", after)).collect();
        format!("\"{key}\":{}", object(&both))
    };
    object(&told.map(both).collect::<Vec<_>>())
}

fn object(members: &[String]) -> String {
    format!("{{{}}}", members.join(","))
}

/// As COPY reads it.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
}

/// Writes the days on which a row was seen: a bitmap a year, of which day 1 is the lowest bit of byte 0.
pub(crate) fn see(part: &Part, row: &Row, out: &mut String) {
    let mut years: BTreeMap<i16, [u8; YEAR_BYTES]> = BTreeMap::new();
    for day in &row.life.days {
        let day = date(*day);
        let bit = usize::from(day.day_of_year().unsigned_abs()) - 1;
        years.entry(day.year()).or_insert([0; YEAR_BYTES])[bit / 8] |= 1 << (bit % 8);
    }
    for (year, days) in years {
        let hex: String = days.iter().map(|byte| format!("{byte:02x}")).collect();
        let _ = writeln!(out, "{}\t{}\t{}\t{year}\t\\\\x{hex}", part.account, part.project, row.customer);
    }
}

/// A day since 1970.
pub(crate) fn date(day: i64) -> Date {
    Date::constant(1970, 1, 1).saturating_add(day.days())
}

/// A life as DuckDB is given it: what the declared columns were from when to when, what changed with both sides, and days. Of
/// what was superseded nothing is told.
pub(crate) fn line(row: &Row) -> String {
    let life = &row.life;
    let ends = life.states.iter().skip(1).map(|(at, _)| format!("\"{}\"", moment(*at)));
    let ends = ends.chain(std::iter::once("\"9999-12-31T00:00:00Z\"".to_owned()));
    let was = life.states.iter().zip(ends).map(|((at, State { status, plan, mrr }), end)| {
        let is_number = |mrr: &&str| mrr.starts_with(|first: char| first.is_ascii_digit());
        let (from, number) = (moment(*at), mrr.as_deref().filter(is_number));
        let (odd, mrr) = (mrr.is_some() && number.is_none(), number.unwrap_or("null"));
        format!(
            "{{\"valid_from\":\"{from}\",\"valid_to\":{end},\"status\":\"{status}\",\"plan\":\"{plan}\",\"mrr\":{mrr},\"odd\":{odd}}}"
        )
    });
    let text = |side: &Option<String>| {
        side.as_ref().map_or("null".to_owned(), |json| format!("\"{}\"", json.trim_matches('"')))
    };
    let changes = life.changes.iter().filter(|change| !change.superseded).flat_map(|change| {
        change.told.iter().map(|Told { key, before, after }| {
            let (at, before, after) = (moment(change.at), text(before), text(after));
            format!("{{\"name\":\"{key}\",\"changed_at\":\"{at}\",\"old\":{before},\"new\":{after}}}")
        })
    });
    let list = |all: Vec<String>| format!("[{}]", all.join(","));
    format!(
        "{{\"customer\":\"{}\",\"was\":{},\"changes\":{},\"days\":{}}}\n",
        row.customer,
        list(was.collect()),
        list(changes.collect()),
        list(life.days.iter().map(i64::to_string).collect())
    )
}
