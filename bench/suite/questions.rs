//! Reads the table of questions, and completes the words in braces by what they stand for in this run.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Weekday};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Failure,
    fill::{SEED, connect, today},
    rows::Maker,
};

const TABLE: &str = include_str!("questions.toml");

/// Those that answer: TinyCRM, then the peers in the order of the table of results.
pub(crate) const ENGINES: [&str; 5] = ["tinycrm", "postgres", "duckdb_json", "duckdb_columns", "clickhouse"];

/// A question, and how each engine is asked.
pub(crate) struct Question {
    pub(crate) name: String,
    /// In English.
    pub(crate) ask: String,
    /// What is to be reached, if that is said.
    pub(crate) to_reach: Option<String>,
    /// Whether it is of the whole account, and takes its key.
    pub(crate) is_wide: bool,
    /// Where TinyCRM is asked; a query, if nothing is said.
    path: Option<String>,
    /// By engine: a body of JSON, or statements separated by `;`.
    asked: BTreeMap<String, String>,
}

/// What the names of questions about the past begin with.
pub(crate) const PAST: &str = "past.";
/// What those of insights begin with, and the addresses at which they are asked.
pub(crate) const INSIGHT: &str = "insight.";
pub(crate) const INSIGHTS: &str = "/v1/insights/";

impl Question {
    /// Whether it asks what was.
    pub(crate) fn is_of_the_past(&self) -> bool {
        [PAST, INSIGHT].iter().any(|kind| self.name.starts_with(kind))
    }

    /// The body of the query for TinyCRM; the catalogue has an address of its own.
    pub(crate) fn body(&self) -> Option<&str> {
        self.asked.get("tinycrm").map(String::as_str)
    }

    /// The address that TinyCRM answers it at.
    pub(crate) fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/v1/query")
    }

    /// The statements for a peer, or why it has none.
    pub(crate) fn statements(&self, engine: &str) -> Result<Vec<&str>, &str> {
        let text = self.asked.get(engine).map_or("none: not written", String::as_str);
        match text.strip_prefix("none: ") {
            Some(reason) => Err(reason),
            None => Ok(text.split(';').map(str::trim).filter(|statement| !statement.is_empty()).collect()),
        }
    }

    /// As the program of the peers reads it.
    pub(crate) fn to_json(&self) -> Value {
        let engines = ENGINES[1..].iter().map(|engine| {
            let asked = match self.statements(engine) {
                Ok(statements) => json!(statements),
                Err(reason) => json!({ "none": reason }),
            };
            ((*engine).to_owned(), asked)
        });
        json!({ "name": self.name, "engines": engines.collect::<serde_json::Map<_, _>>() })
    }
}

type Section = BTreeMap<String, String>;

/// Every question, in the order of the file, ready to be asked.
pub(crate) async fn read(database: &str) -> Result<Vec<Question>, Failure> {
    let sections = parse(TABLE)?;
    let run = run_words(database).await?;
    let words = |engine: &str| {
        let own = sections.iter().find(|(name, _)| *name == format!("words.{engine}"));
        let own = own.map(|(_, section)| section.clone()).unwrap_or_default();
        own.into_iter().chain(run.clone()).collect::<Section>()
    };
    let words: BTreeMap<&str, Section> = ENGINES.iter().map(|engine| (*engine, words(engine))).collect();
    let questions = sections.iter().filter(|(name, _)| !name.starts_with("words."));
    Ok(questions
        .map(|(name, section)| Question {
            name: name.clone(),
            ask: section.get("ask").cloned().unwrap_or_default(),
            to_reach: section.get("to_reach").cloned(),
            is_wide: section.get("key").is_some_and(|key| key == "account"),
            path: section.get("path").cloned(),
            asked: section
                .iter()
                .filter_map(|(engine, text)| {
                    // What else a question says are words of its own.
                    let words = words.get(engine.as_str())?.iter().chain(section);
                    Some((engine.clone(), complete(text, &words.collect::<Vec<_>>())))
                })
                .collect(),
        })
        .collect())
}

/// Replaces `{word}` until no word is left; other braces are JSON.
fn complete(text: &str, words: &[(&String, &String)]) -> String {
    let mut text = text.to_owned();
    for _ in 0..6 {
        for (word, meaning) in words {
            text = text.replace(&format!("{{{word}}}"), meaning);
        }
    }
    text
}

/// What this run has: ids, days, and a key that hardly anybody has.
async fn run_words(database: &str) -> Result<Section, Failure> {
    let client = connect(database).await?;
    let row = client
        .query_one(
            "select b.account_id, b.id, n.id from project n join project b on b.account_id = n.account_id
             where n.slug = 'newsletter' and b.slug = 'bench'",
            &[],
        )
        .await?;
    let today = today();
    let monday = today.saturating_sub(i64::from(today.weekday().since(Weekday::Monday)).days());
    let (key, value) = needle();
    let day = |day: jiff::civil::Date| day.to_string();
    let ago = |days: i64| day(today.saturating_sub(days.days()));
    let month = |ago: i64| day(today.first_of_month().saturating_sub(ago.months()));
    Ok([
        ("account", row.get::<_, Uuid>(0).to_string()),
        ("project", row.get::<_, Uuid>(1).to_string()),
        ("newsletter", row.get::<_, Uuid>(2).to_string()),
        ("today", day(today)),
        ("in_7_days", day(today.saturating_add(7.days()))),
        ("monday", day(monday)),
        ("first_week", day(monday.saturating_sub(25.weeks()))),
        ("next_monday", day(monday.saturating_add(7.days()))),
        ("tomorrow", day(today.saturating_add(1.days()))),
        ("month_ago", ago(30)),
        ("after_month_ago", ago(29)),
        ("quarter_ago", ago(90)),
        ("after_quarter_ago", ago(89)),
        ("year_ago", ago(365)),
        ("after_year_ago", ago(364)),
        ("last_7", ago(6)),
        ("last_14", ago(13)),
        ("last_90", ago(89)),
        ("this_month", month(0)),
        ("last_month", month(1)),
        ("first_month", month(23)),
        ("needle_key", key),
        ("needle", value),
    ]
    .into_iter()
    .map(|(word, meaning)| (word.to_owned(), meaning))
    .collect())
}

/// The first rare key of a customer that holds a number, and the number.
fn needle() -> (String, String) {
    let maker = Maker::new(SEED, today());
    let found = (0..10_000).find_map(|n| {
        let params: Value = serde_json::from_str(&maker.row(0, n).json()).ok()?;
        let mut keys = params.as_object()?.iter();
        keys.find_map(|(key, value)| Some((key.strip_prefix("x_")?.to_owned(), value.as_i64()?.to_string())))
    });
    found.unwrap_or_default()
}

/// Reads the little of TOML that the table uses: sections, comments, and strings, those in `'''` over several lines.
fn parse(text: &str) -> Result<Vec<(String, Section)>, Failure> {
    let mut sections: Vec<(String, Section)> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push((name.to_owned(), Section::new()));
            continue;
        }
        let (key, value) = line.split_once(" = ").ok_or_else(|| format!("no value: {line}"))?;
        let value = match value.strip_prefix("'''") {
            Some(first) => {
                let mut value = first.to_owned();
                while !value.ends_with("'''") {
                    value.push('\n');
                    value.push_str(lines.next().ok_or_else(|| format!("{key} does not end"))?);
                }
                value[..value.len() - 3].trim().to_owned()
            }
            None => value.trim_matches('"').to_owned(),
        };
        let (_, section) = sections.last_mut().ok_or("a value before the first section")?;
        section.insert(key.to_owned(), value);
    }
    Ok(sections)
}
