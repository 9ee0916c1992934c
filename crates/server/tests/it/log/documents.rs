//! Everybody as documents with their past, read from the database without the program: what the engines' answers are held
//! against.

use std::collections::{BTreeMap, BTreeSet};

use filter::{Document, History, Track, calendar::first_instant, value::Instant};
use index::reference::Customer;
use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde_json::Value;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::sequences;

/// A customer's id and a project's.
type Place = (Uuid, Uuid);

/// Everybody of an account.
pub(super) struct Everybody {
    people: BTreeMap<Uuid, Vec<index::Row>>,
    histories: BTreeMap<Place, History>,
}

const BEGINNINGS: &str = "select customer_id, project_id, began from relationship";
const CHANGES: &str =
    "select customer_id, project_id, at, fields, params from change order by at, version, seq";
const DAYS: &str = "select customer_id, project_id, make_date(year, 1, 1) + n \
                    from activity, generate_series(0, 365) n where get_bit(days, n) = 1";

impl Everybody {
    /// Reads what Postgres holds; days end in a zone.
    pub(super) async fn read(client: &Client, zone: &TimeZone) -> Everybody {
        let query = async |sql: &str| client.query(sql, &[]).await.unwrap();
        let place = |row: &Row| (row.get(0), row.get(1));
        let mut histories: BTreeMap<Place, History> = BTreeMap::new();
        for row in query(BEGINNINGS).await {
            let began = row.get::<_, Timestamp>(2).into();
            let (fields, params, days) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
            histories.insert(place(&row), History { began, fields, params, days, moment: None });
        }
        for row in query(CHANGES).await {
            let (at, history) = (row.get::<_, Timestamp>(2).into(), histories.get_mut(&place(&row)).unwrap());
            for (name, value) in afters(row.get(3)) {
                history.fields.entry(name.into()).or_insert_with(Track::new).insert(at, value);
            }
            for (key, value) in afters(row.get(4)) {
                history.params.entry(key).or_insert_with(Track::new).insert(at, value);
            }
        }
        for row in query(DAYS).await {
            let next = row.get::<_, Date>(2) + 1.day();
            let history = histories.get_mut(&place(&row)).unwrap();
            history.days.insert(Instant(first_instant(next, zone).0 - 1));
        }
        Everybody { people: sequences::people(client).await, histories }
    }

    /// The customers; their projects are test projects.
    pub(super) fn customers(&self) -> Vec<Customer<'_>> {
        let document = |row: &'_ index::Row| (row.customer, row.project);
        let documents = |rows| {
            let rows: &Vec<index::Row> = rows;
            let known = |row| self.histories.get(&document(row));
            rows.iter().map(|row| Document { history: known(row), ..row.document(true) }).collect()
        };
        self.people.iter().map(|(id, rows)| Customer { id: *id, documents: documents(rows) }).collect()
    }

    /// When something happened.
    pub(super) fn moments(&self) -> Vec<Instant> {
        let mut moments = BTreeSet::new();
        for history in self.histories.values() {
            let tracks = history.fields.values().chain(history.params.values());
            moments.extend(tracks.flat_map(|track| track.keys()).chain(&history.days).copied());
        }
        for row in self.people.values().flatten() {
            let dates = [Some(row.first_seen), row.first_paid, row.status_since, row.last_activity];
            moments.extend(dates.into_iter().flatten().map(Instant::from));
        }
        moments.into_iter().collect()
    }

    /// All that is known of a customer, to be read by whoever mends what is wrong.
    pub(super) fn shown(&self, customer: Uuid) -> String {
        let rows = self.people[&customer].iter();
        let shown = rows.map(|row| format!("{row:?}\n{:?}", self.histories[&(row.customer, row.project)]));
        shown.collect::<Vec<_>>().join("\n")
    }
}

/// The names of a change and what each was after it.
fn afters(sides: Value) -> Vec<(String, Option<Value>)> {
    let Value::Object(named) = sides else { panic!("fields and params are objects") };
    let after = |value: Value| value.get("after").or(value.get("after_large")).cloned();
    named.into_iter().map(|(name, value)| (name, after(value))).collect()
}
