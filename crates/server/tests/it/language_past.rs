//! The filter language about the past, on Postgres: it means what `eval` means, on the filter crate's table of people with
//! histories, which lie in the log and in the days as the server writes them.

use std::collections::{BTreeMap, BTreeSet};

use filter::{Predicate, Scope, check, eval, parse};
use jiff::tz::TimeZone;
use tokio_postgres::Client;
use uuid::Uuid;

use super::language::chronicle::{self, Person, Told};
use super::language::generator::{self, Dice};
use super::language::{answers, number, store};
use super::support::postgres::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn sql_agrees_with_the_table_of_the_past() {
    let db = TestDb::migrated().await;
    let client = db.client().await;
    let chronicle = chronicle::read();
    let people: Vec<&Person> = chronicle.groups.iter().flat_map(|group| &group.people).collect();
    let account = write(&client, &people).await;
    let mut wrong = Vec::new();
    for group in &chronicle.groups {
        let names = group.names();
        let own: BTreeSet<&String> = group.people.iter().map(|person| &person.name).collect();
        for row in &group.rows {
            let checked = parse(&row.filter).and_then(|expr| check(&expr, &chronicle.scope(row)));
            let predicate = checked.unwrap_or_else(|error| panic!("{}", error.caret(&row.filter)));
            // Every row's filter meets everybody, not only those of its group.
            for ((number, place), answer) in answers(&client, account, &predicate).await {
                let person = people[number];
                let expected = match own.contains(&person.name) {
                    true => {
                        let at = group.people.iter().position(|one| one.name == person.name).unwrap();
                        row.found.contains(&names[&(at, place)])
                    }
                    false => means(&predicate, person, place, &row.zone),
                };
                if answer != expected {
                    let who = (&person.name, place);
                    wrong.push(format!(
                        "past.txt:{} of {who:?}: expected {expected}: {}",
                        row.line, row.filter
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Random filters meet everybody of the table. `PAST_CASES=100000` runs longer; a failure prints its seed, with which
/// `ORACLE_SEED=…` begins.
#[tokio::test(flavor = "multi_thread")]
async fn sql_agrees_with_eval_about_people_with_histories() {
    let db = TestDb::migrated().await;
    let client = db.client().await;
    let chronicle = chronicle::read();
    let people: Vec<&Person> = chronicle.groups.iter().flat_map(|group| &group.people).collect();
    let account = write(&client, &people).await;
    let catalogue = generator::catalogue();
    let first = number("ORACLE_SEED").unwrap_or(1);
    let (mut asked, mut held) = (0_u64, 0_u64);
    for seed in first..first + number("PAST_CASES").unwrap_or(2_000) {
        let mut dice = Dice::new(seed);
        let (now, zone) = generator::clock(&mut dice);
        let expr = generator::expr_of_any_time(&mut dice, now, &zone);
        let scope = Scope { now, horizon: None, zone: zone.clone(), names: &catalogue, account_wide: true };
        let predicate = check(&expr, &scope).unwrap_or_else(|error| panic!("{}: {expr}", error.message));
        if !predicate.asks_past() {
            continue;
        }
        for ((number, place), answer) in answers(&client, account, &predicate).await {
            let person = people[number];
            let expected = means(&predicate, person, place, &zone);
            assert_eq!(answer, expected, "ORACLE_SEED={seed}: {expr}\nat {now} of {} {place}", person.name);
            asked += 1;
            held += u64::from(answer);
        }
    }
    assert!(
        held > asked / 20 && held < asked - asked / 20,
        "{held} of {asked} are true: the cases say little"
    );
}

fn means(predicate: &Predicate, person: &Person, place: usize, zone: &TimeZone) -> bool {
    let histories: Vec<_> = person.told.iter().map(|told| told.history(zone)).collect();
    let documents: Vec<_> =
        person.told.iter().zip(&histories).map(|(told, history)| told.document(history)).collect();
    eval(predicate, &documents, place)
}

/// Writes people into an account of their own.
async fn write(client: &Client, people: &[&Person]) -> Uuid {
    let relationships =
        |person: &&Person| person.told.iter().map(|told| told.relationship.clone()).collect::<Vec<_>>();
    let customers: Vec<_> = people.iter().map(relationships).collect();
    let account = store(client, &customers).await;
    for (number, person) in people.iter().enumerate() {
        for told in &person.told {
            write_past(client, account, Uuid::from_u128(number as u128), told).await;
        }
    }
    account
}

/// Writes what the log and the days say of a relationship.
async fn write_past(client: &Client, account: Uuid, customer: Uuid, told: &Told) {
    let project = told.relationship.project;
    let began = "update relationship set began = $4, last_change = $5 \
                 where account_id = $1 and project_id = $2 and customer_id = $3";
    client.execute(began, &[&account, &project, &customer, &told.began, &told.last_change()]).await.unwrap();
    let change = "insert into change (account_id, project_id, customer_id, at, version, seq, created, dated_by, received, \
                  source, fields, params, stale) \
                  values ($1, $2, $3, $4, $5, 0, false, 'caller', $4, 'secret_key', $6, $7, '{}')";
    for (version, entry) in (1_i64..).zip(&told.log) {
        let sides = [&entry.fields, &entry.params].map(|sides| serde_json::Value::Object(sides.clone()));
        client
            .execute(change, &[&account, &project, &customer, &entry.at, &version, &sides[0], &sides[1]])
            .await
            .unwrap();
    }
    let mut years: BTreeMap<i16, Vec<u8>> = BTreeMap::new();
    for day in &told.days {
        let bit = usize::from(day.day_of_year().unsigned_abs()) - 1;
        years.entry(day.year()).or_insert_with(|| vec![0; 46])[bit / 8] |= 1 << (bit % 8);
    }
    let activity =
        "insert into activity (account_id, project_id, customer_id, year, days) values ($1, $2, $3, $4, $5)";
    for (year, days) in years {
        client.execute(activity, &[&account, &project, &customer, &year, &days]).await.unwrap();
    }
}
