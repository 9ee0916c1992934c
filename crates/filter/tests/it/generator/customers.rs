//! Random customers.

use filter::Status;
use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use serde_json::{Map, Value};

use super::super::table::{Customer, PROJECTS, Relationship, project_id};
use super::{Dice, KEYS, NUMBERS, near};

/// Customers of one account; each has another e-mail, and user ids are unique.
pub(crate) fn customers(dice: &mut Dice, count: usize, now: Timestamp, zone: &TimeZone) -> Vec<Customer> {
    (0..count).map(|number| customer(dice, number, now, zone)).collect()
}

fn customer(dice: &mut Dice, number: usize, now: Timestamp, zone: &TimeZone) -> Customer {
    let domain = *dice.pick(&["acme.com", "mail.acme.com", "example.org", "köln.de"]);
    let local = *dice.pick(&["ada", "bob.k", "o'neil", "\"a@b\"", "straße"]);
    let email = format!("{local}{number}@{domain}");
    let first = dice.below(PROJECTS.len());
    let also = if dice.chance(40) { dice.below(PROJECTS.len()) } else { 0 };
    (0..=also)
        .map(|step| PROJECTS[(first + step) % PROJECTS.len()])
        .map(|slug| relationship(dice, slug, &email, number, now, zone))
        .collect()
}

fn relationship(
    dice: &mut Dice,
    slug: &str,
    email: &str,
    number: usize,
    now: Timestamp,
    zone: &TimeZone,
) -> Relationship {
    Relationship {
        project: project_id(slug).expect("one of the table's"),
        test: slug == "sandbox",
        email: email.to_owned(),
        user_id: dice.chance(60).then(|| format!("U_{number}")),
        name: dice.chance(70).then(|| if dice.chance(50) { dice.word() } else { dice.text(8) }),
        status: *dice.pick(&Status::ALL),
        status_since: near(dice, now),
        first_paid: dice.chance(50).then(|| near(dice, now)),
        first_seen: near(dice, now),
        last_activity: near(dice, now),
        imported: dice.chance(30).then(|| near(dice, now)),
        params: object(dice, 2, now, zone),
    }
}

fn object(dice: &mut Dice, depth: usize, now: Timestamp, zone: &TimeZone) -> Map<String, Value> {
    let keys = dice.below(KEYS.len());
    (0..keys).map(|_| ((*dice.pick(&KEYS)).to_owned(), value(dice, depth, now, zone))).collect()
}

fn value(dice: &mut Dice, depth: usize, now: Timestamp, zone: &TimeZone) -> Value {
    match dice.below(if depth == 0 { 10 } else { 13 }) {
        0 => Value::Null,
        1 => Value::Bool(dice.chance(50)),
        2 => Value::Number(dice.pick(&NUMBERS).parse().expect("a number")),
        3 => Value::Number(epoch(dice, now).parse().expect("a number")),
        4 | 5 => Value::String(dice.word()),
        6 => Value::String(dice.text(10)),
        7..=9 => Value::String(date(dice, now, zone)),
        10 => {
            let members = dice.below(4);
            Value::Array((0..members).map(|_| value(dice, depth - 1, now, zone)).collect())
        }
        _ => Value::Object(object(dice, depth - 1, now, zone)),
    }
}

/// A number that is a date, in seconds or milliseconds, or almost one.
fn epoch(dice: &mut Dice, now: Timestamp) -> String {
    const ALMOST: [&str; 10] = [
        "999999999.9999999",
        "1000000000",
        "9999999999.9999999",
        "1e10",
        "999999999999.9999",
        "1e12",
        "9999999999999.9999",
        "1e13",
        "-1773136800",
        "1773136800.00000000000000000000000000001",
    ];
    let micros = near(dice, now).as_microsecond();
    match dice.below(6) {
        0 => (*dice.pick(&ALMOST)).to_owned(),
        1 => format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000),
        2 => format!("{}.{:06}9", micros / 1_000_000, micros % 1_000_000),
        3 => (micros / 1_000).to_string(),
        4 => format!("{}.{:03}0", micros / 1_000, micros % 1_000),
        _ => (micros / 1_000_000).to_string(),
    }
}

/// A string that is a date, in one of many spellings, or almost one.
fn date(dice: &mut Dice, now: Timestamp, zone: &TimeZone) -> String {
    const ALMOST: [&str; 24] = [
        "2026-03-10 10:00:00 -0500",
        "2026-03-10t10:00 +05:30",
        "2026-03-10 10:00  +01",
        "2026-03-10 10:00 z",
        "2026-02-29",
        "2024-02-29",
        "1900-02-29",
        "2000-02-29",
        "0000-01-01",
        "0001-01-01",
        "9999-12-31",
        "9999-12-31T23:59:59.9999999-14:00",
        "0001-01-01T00:00+14:00",
        "2026-03-10T24:00Z",
        "2026-03-10T23:59:60Z",
        "2026-3-10",
        "2026-03-10\n",
        "2026-04-31T10:00Z",
        "2026-03-10T10:00+14:01",
        "2026-03-10T10:00 UTC",
        "2026-03-10 10:00:00.1234567+0530",
        "2026-03-10T10",
        "2026-03-10t10:00z",
        "10/03/2026",
    ];
    let time = near(dice, now);
    let (utc, local) = (TimeZone::UTC.to_datetime(time), zone.to_datetime(time));
    match dice.below(12) {
        0 | 1 => (*dice.pick(&ALMOST)).to_owned(),
        2..=4 => local.date().to_string(),
        5 => format!("{utc}Z"),
        6 => format!("{} {} UTC", utc.date(), utc.time()),
        7 => utc.strftime("%Y-%m-%d %H:%M").to_string(),
        8 => format!("{}000", utc.strftime("%Y-%m-%dT%H:%M:%S.%6f")),
        9 => time.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%z").to_string(),
        _ => {
            let hours = *dice.pick(&[-14, -12, -3, 2, 9, 14]);
            time.to_zoned(TimeZone::fixed(offset(hours))).strftime("%Y-%m-%d %H:%M:%S.%f%:z").to_string()
        }
    }
}
