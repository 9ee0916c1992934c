//! What Postgres holds of the log, read without the program; and whether it is what was told.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use jiff::{SignedDuration, Timestamp, civil::Date};
use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};
use serde_json::Value;
use tokio_postgres::Client;
use uuid::Uuid;

use super::telling::{Home, Life, Moment, State, Telling};

/// Everything that is known of the customers of some projects.
pub(super) struct Held {
    clock: Timestamp,
    rows: BTreeMap<Home, Row>,
    /// Which relationships each version touched.
    touched: BTreeMap<i64, Vec<(Uuid, Uuid)>>,
}

struct Row {
    place: (Uuid, Uuid),
    version: i64,
    state: State,
    status_since: Timestamp,
    first_paid: Option<Timestamp>,
    first_seen: Timestamp,
    last_activity: Timestamp,
    last_day: Option<Date>,
    imported: Option<Timestamp>,
    began: Timestamp,
    last_change: Timestamp,
    log: Vec<Entry>,
    days: BTreeSet<Date>,
}

/// A change as it is stored.
struct Entry {
    at: Timestamp,
    order: (i64, i32),
    created: bool,
    dated_by: String,
    received: Timestamp,
    source: String,
    /// By name, the sides before and after.
    sides: BTreeMap<String, (Option<Value>, Option<Value>)>,
    stale: Vec<String>,
}

const ROWS: &str = "select r.project_id, r.customer_id, c.email, r.version, r.status, r.name, r.user_id, r.params, \
                    r.status_since, r.first_paid, r.first_seen, r.last_activity, r.last_day, r.began, r.last_change, r.imported \
                    from relationship r join customer c on c.account_id = r.account_id and c.id = r.customer_id";
const CHANGES: &str = "select project_id, customer_id, at, version, seq, created, dated_by, received, source, fields, \
                       params, stale from change order by at, version, seq";
const DAYS: &str = "select project_id, customer_id, year, n from activity, generate_series(0, 365) n \
                    where get_bit(days, n) = 1";

impl Held {
    /// Reads all of it. What happened before version `since` is of no interest.
    pub(super) async fn read(client: &Client, projects: &[Uuid], since: i64) -> Held {
        let query = async |sql: &str| client.query(sql, &[]).await.unwrap();
        let mut rows = BTreeMap::new();
        for row in query(ROWS).await {
            let mut state: State =
                BTreeMap::from([("email".to_owned(), Value::from(row.get::<_, String>(2)))]);
            for (name, column) in [("status", 4), ("name", 5), ("user_id", 6)] {
                let text: Option<String> = row.get(column);
                state.extend(text.map(|text| (name.to_owned(), text.into())));
            }
            let Value::Object(params) = row.get(7) else { panic!("params are an object") };
            state.extend(params.into_iter().map(|(key, value)| (format!("params.{key}"), value)));
            let place: (Uuid, Uuid) = (row.get(0), row.get(1));
            let held = Row {
                place,
                version: row.get(3),
                state,
                status_since: row.get(8),
                first_paid: row.get(9),
                first_seen: row.get(10),
                last_activity: row.get(11),
                last_day: row.get(12),
                began: row.get(13),
                last_change: row.get(14),
                imported: row.get(15),
                log: Vec::new(),
                days: BTreeSet::new(),
            };
            let project = projects.iter().position(|id| *id == place.0).expect("nobody is elsewhere");
            rows.insert(place, ((project, row.get(2)), held));
        }
        for change in query(CHANGES).await {
            let place = (change.get(0), change.get(1));
            rows.get_mut(&place).expect("a change is of somebody").1.log.push(Entry::read(&change));
        }
        for day in query(DAYS).await {
            let place = (day.get(0), day.get(1));
            let first = Date::new(day.get(2), 1, 1).unwrap();
            let date = first + SignedDuration::from_hours(24 * i64::from(day.get::<_, i32>(3)));
            rows.get_mut(&place).expect("a day is of somebody").1.days.insert(date);
        }
        let feed = "select version, touched_projects, touched_customers from feed where version >= $1";
        let mut touched: BTreeMap<i64, Vec<(Uuid, Uuid)>> = BTreeMap::new();
        for row in client.query(feed, &[&since]).await.unwrap() {
            let (projects, customers): (Vec<Uuid>, Vec<Uuid>) = (row.get(1), row.get(2));
            touched.insert(row.get(0), projects.into_iter().zip(customers).collect());
        }
        let clock = client.query_one("select time from clock", &[]).await.unwrap().get(0);
        Held { clock, rows: rows.into_values().collect(), touched }
    }

    /// Whether all of it is as it was told, now and at some instants of the past.
    pub(super) fn agrees(&self, telling: &Telling, rng: &mut StdRng) -> Result<(), String> {
        same("who there is", telling.lives.keys().collect::<Vec<_>>(), self.rows.keys().collect())?;
        for ((home, life), row) in telling.lives.iter().zip(self.rows.values()) {
            row.agrees(life, telling.horizon, rng)
                .and_then(|()| self.is_fed(life, row))
                .map_err(|fault| format!("{} in project {}: {fault}", home.1, home.0))?;
        }
        Ok(())
    }

    /// What the log of a relationship says was so.
    pub(super) fn at(&self, home: &Home, at: Timestamp) -> State {
        self.rows[home].replayed(at)
    }

    fn is_fed(&self, life: &Life, row: &Row) -> Result<(), String> {
        let late = row.log.iter().find(|entry| entry.at > self.clock);
        same("changes after the clock's time", None, late.map(|entry| entry.at))?;
        if row.version < life.altered {
            return Err(format!(
                "the row is of version {}, and was altered by {}",
                row.version, life.altered
            ));
        }
        let fed =
            |version: i64| self.touched.get(&version).is_none_or(|touched| touched.contains(&row.place));
        same("whether the feed has it", true, fed(row.version) && fed(life.altered))
    }
}

impl Row {
    /// What lies at or before the horizon may have been pruned: there only what is told from the horizon on says anything.
    fn agrees(&self, life: &Life, horizon: Option<Timestamp>, rng: &mut StdRng) -> Result<(), String> {
        let kept = |at: Timestamp| horizon.is_none_or(|horizon| at > horizon);
        let told: Vec<String> = life.moments.iter().filter(|moment| kept(moment.at)).map(told).collect();
        let held: Vec<String> = self.log.iter().filter(|entry| kept(entry.at)).map(Entry::shown).collect();
        if told != held {
            // Of a long log only what differs says anything.
            let without = |all: &[String], others: &[String]| -> Vec<String> {
                all.iter().filter(|entry| !others.contains(entry)).cloned().collect()
            };
            same("log", without(&told, &held), without(&held, &told))?;
            same("order of the log", told, held)?;
        }
        same("row", life.present(), self.state.clone())?;
        same("status_since", life.status_since(), Some(self.status_since))?;
        same("first_paid", life.first_paid(), self.first_paid)?;
        same("last_change", life.last_change(), Some(self.last_change))?;
        same("began", life.began, self.began)?;
        same("imported", life.imported, self.imported)?;
        same("first_seen", life.first_seen, self.first_seen)?;
        same("last_activity", life.last_activity, self.last_activity)?;
        same("days", &life.days, &self.days)?;
        same("last_day", life.days.last().copied(), self.last_day)?;
        let births: Vec<&Entry> = self.log.iter().filter(|entry| entry.created).collect();
        if kept(self.began) {
            same("births", 1, births.len())?;
            same("the birth's date", self.began, births[0].at)?;
            let told = life.moments.iter().find(|moment| moment.created);
            let told = told.is_some_and(|birth| birth.named.contains_key("status"));
            same("whether the birth has a status", told, births[0].sides.contains_key("status"))?;
        }
        self.past(life, horizon, rng)
    }

    /// The log replayed is what was told of each instant.
    fn past(&self, life: &Life, horizon: Option<Timestamp>, rng: &mut StdRng) -> Result<(), String> {
        same("the log replayed up to now", self.state.clone(), self.replayed(Timestamp::MAX))?;
        for _ in 0..8 {
            let microseconds = SignedDuration::from_micros(*[-1, 0, 1].choose(rng).unwrap());
            let (first, last) = (life.moments.first().unwrap().at, life.moments.last().unwrap().at);
            let instant = match rng.random_bool(0.8) {
                true => life.moments.choose(rng).unwrap().at + microseconds,
                false => first + first.duration_until(last) / rng.random_range(1..10),
            };
            let instant = instant.max(horizon.unwrap_or(instant));
            same(&format!("the log replayed up to {instant}"), life.at(instant), self.replayed(instant))?;
        }
        Ok(())
    }

    /// What the log says was so: of each name the last change that there was.
    fn replayed(&self, at: Timestamp) -> State {
        let mut state = State::new();
        for entry in self.log.iter().filter(|entry| entry.at <= at) {
            for (name, (_, after)) in &entry.sides {
                match after {
                    Some(value) => state.insert(name.clone(), value.clone()),
                    None => state.remove(name),
                };
            }
        }
        state
    }
}

impl Entry {
    fn read(row: &tokio_postgres::Row) -> Entry {
        let mut sides = BTreeMap::new();
        for (column, prefix) in [(9, ""), (10, "params.")] {
            let Value::Object(named) = row.get(column) else { panic!("fields and params are objects") };
            for (name, value) in named {
                let side = |side: &str| value.get(side).cloned();
                sides.insert(format!("{prefix}{name}"), (side("before"), side("after")));
            }
        }
        let mut stale: Vec<String> = row.get(11);
        stale.sort();
        Entry {
            at: row.get(2),
            order: (row.get(3), row.get(4)),
            created: row.get(5),
            dated_by: row.get(6),
            received: row.get(7),
            source: row.get(8),
            sides,
            stale,
        }
    }

    fn shown(&self) -> String {
        let Entry { at, order: (version, _), created, dated_by, received, source, sides, stale } = self;
        format!("{at} v{version} {source} {dated_by} {received} created {created} {sides:?} stale {stale:?}")
    }
}

/// A moment of the telling as [`Entry::shown`] shows it.
fn told(moment: &Moment) -> String {
    let Moment { at, version, received, created, dated_by, source, state, named, stale, .. } = moment;
    let sides: BTreeMap<&String, (&Option<Value>, Option<&Value>)> =
        named.iter().map(|(name, before)| (name, (before, state.get(name)))).collect();
    format!("{at} v{version} {source} {dated_by} {received} created {created} {sides:?} stale {stale:?}")
}

/// Fails, saying both, where what was told is not what is held.
#[allow(clippy::needless_pass_by_value, reason = "two values read better than two borrows of them")]
pub(super) fn same<T: PartialEq + Debug>(what: &str, told: T, held: T) -> Result<(), String> {
    if told == held { Ok(()) } else { Err(format!("{what}\n  told {told:#?}\n  held {held:#?}")) }
}
