//! The peer that is always there: the same tables in the same Postgres, with its GIN index and SQL written by hand.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use crate::{
    Failure, Run,
    answers::{Rows, page},
    fill::connect,
    loads::Times,
    questions::Question,
};

pub(crate) const ENGINE: &str = "postgres";
/// As many runs as these, or for so long.
const RUNS: usize = 7;
const PATIENCE: Duration = Duration::from_secs(6);

/// A connection with the settings that the product gives to its own queries.
pub(crate) async fn open(run: &Run) -> Result<Client, Failure> {
    let client = connect(&run.database).await?;
    client.batch_execute("set work_mem = '64MB'; set jit = off").await?;
    Ok(client)
}

/// Asks every question.
pub(crate) async fn answers(run: &Run, questions: &[Question]) -> Result<(), Failure> {
    let client = open(run).await?;
    let mut answers = serde_json::Map::new();
    for question in questions {
        let mut rows = Rows::new();
        for statement in question.statements(ENGINE).unwrap_or_default() {
            let messages =
                client.simple_query(statement).await.map_err(|e| format!("{}: {e:?}", question.name))?;
            let found = messages.iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            });
            rows.extend(found.enumerate().map(|(place, row)| cells(place, row)));
        }
        answers.insert(question.name.clone(), json!(rows));
    }
    run.write("answers-postgres", &Value::Object(answers))
}

fn cells(place: usize, row: &SimpleQueryRow) -> Vec<String> {
    match row.try_get("email") {
        Ok(Some(email)) => page(place, email),
        _ => (0..row.len()).map(|column| row.get(column).unwrap_or("null").to_owned()).collect(),
    }
}

/// Times every question, its statements prepared once and planned with their values.
pub(crate) async fn times(run: &Run, questions: &[Question]) -> Result<(), Failure> {
    let client = open(run).await?;
    let mut all = serde_json::Map::new();
    for question in questions {
        let Ok(statements) = question.statements(ENGINE) else { continue };
        let mut prepared = Vec::new();
        for statement in statements {
            prepared.push(client.prepare(statement).await?);
        }
        let (mut times, begin) = (Times::default(), Instant::now());
        for place in 0..=RUNS {
            let sent = Instant::now();
            for statement in &prepared {
                client.query(statement, &[]).await?;
            }
            // The first run warms up, unless there is time for only one.
            if place > 0 || sent.elapsed() > PATIENCE {
                times.push(sent.elapsed());
            }
            if begin.elapsed() > PATIENCE && times.count() > 0 {
                break;
            }
        }
        let (best, median) = (times.quantile(0.0), times.quantile(0.5));
        all.insert(question.name.clone(), json!({ "best": best, "median": median, "runs": times.count() }));
    }
    run.write("times-postgres", &Value::Object(all))
}
