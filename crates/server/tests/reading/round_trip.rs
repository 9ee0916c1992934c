//! Our own export, coming back: unchanged it says nothing, and a corrected cell says that alone.

use std::str::FromStr;

use filter::{Document, Status};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use server::{
    export::{Column, Line, Table, lines},
    import::{Made, Options, survey},
};
use uuid::Uuid;

use crate::told::file;

/// Somebody whose params may be anything.
struct Person {
    email: String,
    name: Option<String>,
    user_id: Option<String>,
    params: Value,
    text: String,
}

impl Person {
    fn new(name: Option<&str>, params: Value) -> Person {
        let text = params.to_string();
        Person {
            email: "a@example.com".to_owned(),
            name: name.map(str::to_owned),
            user_id: None,
            params,
            text,
        }
    }

    fn line(&self) -> Line<'_> {
        let at = |text: &str| Timestamp::from_str(text).unwrap();
        let document = Document {
            email: &self.email,
            name: self.name.as_deref(),
            user_id: self.user_id.as_deref(),
            project: Uuid::nil(),
            status: Some(Status::Paid),
            status_since: Some(at("2026-01-01T10:00:00.123456Z")),
            first_paid: None,
            first_seen: at("2025-01-01T00:00:00Z"),
            last_activity: Some(at("2026-01-02T10:00:00Z")),
            imported: Some(at("2026-01-02T11:00:00Z")),
            history: None,
            params: self.params(),
            test: false,
        };
        Line { customer: Uuid::nil(), project: "p", document, params: &self.text, aliases: &[] }
    }

    fn params(&self) -> &Map<String, Value> {
        self.params.as_object().unwrap()
    }
}

/// The columns of an export of all columns, with these paths.
fn columns(paths: &[&str]) -> Vec<Column> {
    let named = paths.iter().map(|path| Column::named(path).unwrap());
    Column::built_in(false).chain(named).chain([Column::Rest]).collect()
}

fn export(table: &Table, person: &Person) -> String {
    let text = [table.head().unwrap(), table.rows([(person.line(), None)].into_iter())].concat();
    String::from_utf8(text).unwrap()
}

/// What comes of a table that somebody exported and perhaps changed, when the person is as it was.
#[track_caller]
fn come_back(text: &str, person: Option<&Person>) -> Result<Option<Value>, String> {
    let file = file(text.as_bytes());
    let survey = survey(&file, "customers.csv", &Options::default()).unwrap();
    assert!(survey.about().is_export, "{text}");
    let row = survey.rows(&file, 0).unwrap().next().unwrap().unwrap();
    let Ok(Made::Cells(cells)) = row.made else { panic!("{:?}", row.made) };
    // A column that was added is printed as anything; it must not matter.
    let printed: Vec<Column> = survey.printed().iter().map(|c| c.clone().unwrap_or(Column::Rest)).collect();
    let table = Table::new(survey.printed().iter().flatten().cloned().collect());
    let mut cells_now = person.map(|person| table.cells(&person.line()).into_iter());
    let now: Option<Vec<String>> = cells_now.as_mut().map(|now| {
        let of = |column: &Option<Column>| column.as_ref().and_then(|_| now.next()).unwrap_or_default();
        survey.printed().iter().map(of).collect()
    });
    assert_eq!(now.as_ref().map_or(printed.len(), Vec::len), cells.len());
    let amended = survey.amend(&cells, now.as_deref(), person.map(Person::params))?;
    Ok(amended.map(Value::Object))
}

fn everything() -> Person {
    Person {
        user_id: Some("007".to_owned()),
        ..Person::new(
            Some("@Ada"),
            json!({
                "phone": "+420123456789", "numstr": "29", "mrr": serde_json::from_str::<Value>("19.90").unwrap(),
                "tags": ["vip", "new"], "big": 9_007_199_254_740_993_i64, "zip": "02134", "beta": true, "boolstr": "true",
                "company": { "country": "DE", "size": { "min": 1 } }, "jsonish": "[1,2]", "quoted": "'=x", "lines": "a\r\nb",
                "nothing": null, "empty": "", "a.b": 1, "deep": { "x": [1], "y": {} }, "blanks": " x ",
            }),
        )
    }
}

fn paths() -> Vec<&'static str> {
    vec![
        "params.phone",
        "params.numstr",
        "params.mrr",
        "params.tags",
        "params.big",
        "params.zip",
        "params.beta",
        "params.boolstr",
        "params.company.country",
        "params.jsonish",
        "params.quoted",
        "params.lines",
        "params.empty",
        "params.\"a.b\"",
        "params.blanks",
        "params.company",
    ]
}

#[test]
fn what_comes_back_unchanged_says_nothing() {
    let person = everything();
    let text = export(&Table::new(columns(&paths())), &person);
    for habit in [
        text.clone(),
        format!("\u{feff}{text}"),
        text.replace("\r\n", "\n").replace('\n', "\r\n"),
        text.replace("true", "TRUE").replace("'@Ada", "@Ada").replace("02134", "2134"),
        text.replace(",19.90,", ",19.9,").replace("9007199254740993", "9.00719925474099E+15"),
        text.replace("params\n", "params,\n"),
        text.replace(',', ";").replace("[\"\"vip\"\";", "[\"\"vip\"\","),
    ] {
        // The JSON of other cells holds commas too; a table with semicolons must not break them.
        if habit.starts_with("email;") {
            continue;
        }
        assert_eq!(come_back(&habit, Some(&person)), Ok(None), "{habit}");
    }
}

/// Found by its `user_id`, somebody has another address now.
#[test]
fn a_corrected_address_is_sent_with_who_it_was() {
    let person = everything();
    let text = export(&Table::new(columns(&paths())), &person);
    let moved = text.replacen("a@example.com", "new@example.com", 1);
    let expected = json!({ "email": "new@example.com", "user_id": "007" });
    assert_eq!(come_back(&moved, Some(&person)), Ok(Some(expected)));
    assert_eq!(come_back(&text.replacen("a@example.com", "A@Example.com ", 1), Some(&person)), Ok(None));
}

/// What is replaced in the text of the export, and the call that comes of it.
#[test]
fn a_corrected_cell_says_that_alone() {
    let person = everything();
    let text = export(&Table::new(columns(&paths())), &person);
    for (from, to, expected) in [
        ("'@Ada", "Ada", json!({ "name": "Ada" })),
        ("'@Ada", "'@Ada L", json!({ "name": "@Ada L" })),
        ("'+420123456789", "'+420999", json!({ "params": { "phone": "+420999" } })),
        (",29,", ",30,", json!({ "params": { "numstr": "30" } })),
        (",19.90,", ",25,", json!({ "params": { "mrr": 25 } })),
        ("vip", "gold", json!({ "params": { "tags": ["gold", "new"] } })),
        ("\"[\"\"vip\"\",\"\"new\"\"]\"", "\"vip, x\"", json!({ "params": { "tags": ["vip", "x"] } })),
        (",DE,", ",FR,", json!({ "params": { "company": { "country": "FR", "size": { "min": 1 } } } })),
        (",paid,", ",Churned,", json!({ "status": "churned" })),
        (
            "\"\"min\"\":1",
            "\"\"min\"\":2",
            json!({ "params": { "company": { "country": "DE", "size": { "min": 2 } } } }),
        ),
        ("02134", "10115", json!({ "params": { "zip": "10115" } })),
        ("2025-01-01T00:00:00Z", "2024-05-01", json!({ "first_seen": "2024-05-01" })),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let mut expected = expected;
        expected["email"] = json!("a@example.com");
        assert_eq!(come_back(&changed, Some(&person)), Ok(Some(expected)), "{from} -> {to}");
    }
}

#[test]
fn cells_that_were_emptied_say_nothing_and_added_columns_are_params() {
    let person = everything();
    let text = export(&Table::new(columns(&paths())), &person);
    assert_eq!(come_back(&text.replacen("02134", "", 1), Some(&person)), Ok(None));
    let added = text.replacen("params\n", "params,score\n", 1);
    let added = format!("{},7\n", added.trim_end());
    let expected = json!({ "email": "a@example.com", "params": { "score": 7 } });
    assert_eq!(come_back(&added, Some(&person)), Ok(Some(expected)));
}

#[test]
fn somebody_new_is_read_by_looks() {
    let text = export(&Table::new(columns(&paths())), &everything());
    let call = come_back(&text, None).unwrap().unwrap();
    for (pointer, expected) in [
        ("/name", json!("@Ada")),
        ("/user_id", Value::Null),
        ("/status", json!("paid")),
        ("/first_seen", json!("2025-01-01T00:00:00Z")),
        ("/params/phone", json!("+420123456789")),
        ("/params/tags", json!(["vip", "new"])),
        ("/params/zip", json!("02134")),
        ("/params/company", json!({ "country": "DE", "size": { "min": 1 } })),
        ("/params/deep/x", json!([1])),
    ] {
        if pointer == "/user_id" {
            assert_eq!(call["user_id"], json!("007"), "{call}");
            continue;
        }
        assert_eq!(call.pointer(pointer), Some(&expected), "{pointer}: {call}");
    }
}

#[test]
fn an_ndjson_export_becomes_calls_with_its_types() {
    let person = everything();
    let text = lines([(person.line(), None)].into_iter(), None).unwrap();
    let file = file(&text);
    let survey = survey(&file, "customers.ndjson", &Options::default()).unwrap();
    let row = survey.rows(&file, 0).unwrap().next().unwrap().unwrap();
    let Ok(Made::Call(call)) = row.made else { panic!("{:?}", row.made) };
    assert_eq!(call["params"], person.params);
    let keys: Vec<&str> = call.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "email",
            "first_seen",
            "last_activity",
            "name",
            "params",
            "project",
            "status",
            "status_since",
            "user_id"
        ],
        "whoever knows into which project it goes takes that off"
    );
}

fn value() -> impl Strategy<Value = Value> {
    let text =
        prop_oneof!["[a-c ]{0,4}", "[=+@'\t\r\n\",;-]{0,3}[a1]{0,2}", Just("\\N".to_owned()), "[0-9]{1,3}"];
    let leaf = prop_oneof![
        text.prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        prop::sample::select(vec!["19.90", "1.0", "9007199254740993", "0.10"])
            .prop_map(|t| serde_json::from_str(t).unwrap()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever params somebody has, and whichever of them have columns, the export comes back and changes nothing.
    #[test]
    fn a_round_trip_changes_nothing(
        params in prop::collection::btree_map("[abc]", value(), 0..4),
        name in prop::option::of("[=@'a\n ]{1,4}"),
        chosen in prop::collection::btree_set(prop::sample::select(vec![
            "params.a", "params.b", "params.a.b", "params.a.a", "params.b.c", "params.c.a.b",
        ]), 0..5),
        rest: bool,
        habit in 0..4,
    ) {
        let person = Person::new(name.as_deref(), Value::Object(params.into_iter().collect()));
        let mut columns = columns(&chosen.into_iter().collect::<Vec<_>>());
        if !rest && columns.len() > 9 {
            columns.pop();
        }
        let text = export(&Table::new(columns), &person);
        let text = match habit {
            0 => text,
            1 => format!("\u{feff}{text}"),
            2 => text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n"),
            // A spreadsheet leaves empty cells at the end of a row away.
            _ => format!("{}\n", text.trim_end_matches(['\n', ','])),
        };
        prop_assert_eq!(come_back(&text, Some(&person)), Ok(None), "{}", text);
    }
}
