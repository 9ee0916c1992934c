//! The relationships of the engine's own benchmark and what they were: row *n* is the same on every machine.

use filter::{History, Status, Track};
use index::Row;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The project of all of them.
pub(crate) const PROJECT: Uuid = Uuid::from_u128(1);

/// What a row was, in the shape of trials, upgrades and churn.
pub(crate) fn life(n: u64, row: &Row, now: Timestamp) -> (History, Vec<Date>) {
    let dice = |salt: u64, sides: u64| mix(n ^ (salt << 40)) % sides;
    let began = filter::value::Instant::from(row.first_seen);
    let alive = (now.as_microsecond() - began.0).max(1) as u64;
    let times = dice(40, 7);
    let mut dates: Vec<i64> = (0..times).map(|at| began.0 + dice(41 + at, alive) as i64).collect();
    dates.sort_unstable();
    let (mut plan, mut mrr, mut status) = (Track::new(), Track::new(), Track::new());
    let plans = ["free", "pro", "team"];
    for (at, date) in [began.0].into_iter().chain(dates.iter().copied()).enumerate() {
        let last = at == dates.len();
        let chosen = |key: &str, past: Value| Some(if last { row.params[key].clone() } else { past });
        let at = at as u64;
        plan.insert(
            filter::value::Instant(date),
            chosen("plan", Value::from(plans[dice(50 + at, 3) as usize])),
        );
        mrr.insert(filter::value::Instant(date), chosen("mrr", Value::from(dice(60 + at, 200))));
        if at == 0 {
            let word = row.status.map_or("free", Status::as_str);
            status.insert(filter::value::Instant(date), Some(Value::from(word)));
        }
    }
    let params = [("plan".to_owned(), plan), ("mrr".to_owned(), mrr)].into();
    let fields = [("status".into(), status)].into();
    let seen = (0..dice(70, 41)).map(|at| began.0 + dice(71 + at, alive) as i64);
    let day = |at: i64| Timestamp::from_microsecond(at).unwrap_or(now).to_zoned(TimeZone::UTC).date();
    (History { began, fields, params, days: Default::default(), moment: None }, seen.map(day).collect())
}

/// Chance from a number (SplitMix64).
fn mix(n: u64) -> u64 {
    let mut mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Row `n`.
pub(crate) fn row(n: u64, now: Timestamp) -> Row {
    let dice = |salt: u64, sides: u64| mix(n ^ (salt << 40)) % sides;
    let ago = |salt: u64, seconds: u64| now - (dice(salt, seconds * 1_000_000) as i64).microseconds();
    let first_seen = ago(1, 700 * 86_400);
    let paid = dice(2, 100) < 20;
    let plan = ["free", "pro", "team", "enterprise"][[0, 0, 1, 2, 0, 1, 3, 0][dice(3, 8) as usize]];
    let mut params = json!({
        "plan": plan, "mrr": ([0, 9, 19, 29, 49, 99, 199][dice(4, 7) as usize] + dice(5, 10)),
        "source": format!("source{}", dice(6, 12)), "role": (["owner", "member", "viewer"][dice(7, 3) as usize]),
        "beta": dice(8, 2) == 0, "dark": dice(9, 5) == 0, "signed_up_at": first_seen.to_string(),
        "billing_cycle": (["monthly", "yearly"][dice(10, 2) as usize]),
        "score": dice(11, 1_000_000) as f64 / 100.0,
        "company": { "name": format!("Company {}", dice(12, 20_000)), "country": format!("C{}", dice(13, 40)) },
        "tags": [format!("t{}", dice(14, 20)), format!("t{}", dice(15, 20))],
    });
    if let Value::Object(params) = &mut params {
        if dice(16, 10) < 4 {
            let day = (now + (dice(17, 60 * 24) as i64 - 30 * 24).hours()).to_string();
            params.insert("trial_ends".into(), Value::from(&day[..10]));
        }
        if dice(18, 10) < 3 {
            // About like Zipf's law: few refer many.
            let referrer = dice(19, 1 + dice(20, 1 + dice(21, 50_000)));
            params.insert("referral".into(), Value::from(format!("ref{referrer}")));
        }
        if n.is_multiple_of(20) && n < 1_000_000 {
            params.insert("code".into(), Value::from(format!("ref{}", n / 20)));
        }
        if dice(29, 33) == 0 {
            params.insert(format!("rare{}", dice(30, 30_000)), Value::from(dice(31, 100)));
        }
    }
    Row {
        project: PROJECT,
        customer: Uuid::from_u128(u128::from(n) << 64 | u128::from(mix(n))),
        email: format!("customer{n}@{}.example.com", dice(22, 5_000)),
        user_id: Some(format!("u_{n}")),
        name: Some(format!("Name{} Family{}", dice(23, 2_000), dice(24, 20_000))),
        status: Some(if paid { Status::Paid } else { Status::ALL[dice(25, 4) as usize] }),
        status_since: Some(ago(26, 400 * 86_400)),
        first_paid: paid.then(|| ago(27, 400 * 86_400)),
        first_seen,
        last_activity: Some(ago(28, 90 * 86_400)),
        imported: None,
        params: match params {
            Value::Object(params) => params,
            _ => Map::new(),
        },
    }
}
