//! What was exported comes back unchanged, whatever a spreadsheet program did to the file in between.

use proptest::{prelude::*, test_runner::TestRunner};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Map, Value, json};

use super::{counts, import};
use crate::support::server::TestServer;

/// Texts that a spreadsheet, a parser or an importer may take for something else.
const TEXTS: [&str; 26] = [
    "",
    " ",
    "29",
    "29.90",
    "007",
    "-5",
    "+49 30 1234",
    "=1+1",
    "@ada",
    "'",
    "'=x",
    "''",
    "true",
    "FALSE",
    "null",
    "[1]",
    "{\"a\":1}",
    "a,b",
    "a;b",
    "say \"hi\"",
    "two\nlines",
    "tab\tbed",
    "\r",
    "2026-01-01",
    "Renée",
    "1e5",
];

fn value(rng: &mut StdRng, depth: usize) -> Value {
    match rng.random_range(0..if depth == 0 { 6 } else { 9 }) {
        0 => Value::Null,
        1 => json!(rng.random_bool(0.5)),
        2 => {
            serde_json::from_str(["29", "29.90", "-5", "9007199254740993", "0.0", "1e3"].choose(rng).unwrap())
                .unwrap()
        }
        3..6 => json!(TEXTS.choose(rng).unwrap()),
        6 => (0..rng.random_range(0..3)).map(|_| value(rng, depth - 1)).collect(),
        _ => Value::Object(object(rng, depth - 1)),
    }
}

fn object(rng: &mut StdRng, depth: usize) -> Map<String, Value> {
    const KEYS: [&str; 9] = ["plan", "a.b", "=cmd", "company", "tags", "", "email", "params", "x y"];
    (0..rng.random_range(0..5))
        .map(|_| ((*KEYS.choose(rng).unwrap()).to_owned(), value(rng, depth)))
        .collect()
}

fn customer(rng: &mut StdRng, number: usize) -> Value {
    let mut call = json!({ "email": format!("c{number}@x.com"), "params": object(rng, 2) });
    if rng.random_bool(0.2) {
        call["email"] = json!(format!("-c{number}@x.com"));
    }
    if rng.random_bool(0.5) {
        call["name"] = json!(TEXTS.choose(rng).unwrap());
    }
    if rng.random_bool(0.3) {
        call["user_id"] = json!(format!("{}{}", ["00", "=", "'"].choose(rng).unwrap(), number + 1));
    }
    if rng.random_bool(0.5) {
        call["status"] = json!(["free", "trial", "paid", "churned"].choose(rng).unwrap());
    }
    call
}

/// What a spreadsheet program does to a file when it saves it.
fn saved(rng: &mut StdRng, file: &str) -> Vec<u8> {
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(file.as_bytes());
    let crlf = rng.random_bool(0.5);
    let terminator = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
    let delimiter = *[b',', b';', b'\t'].choose(rng).unwrap();
    let style = *[csv::QuoteStyle::Necessary, csv::QuoteStyle::Always].choose(rng).unwrap();
    let mut out = csv::WriterBuilder::new()
        .terminator(terminator)
        .delimiter(delimiter)
        .quote_style(style)
        .flexible(true)
        .from_writer(Vec::new());
    let loses_cells = rng.random_bool(0.5);
    for row in rows.records() {
        let row = row.unwrap();
        let mut cells: Vec<&str> = row.iter().collect();
        while loses_cells && cells.len() > 1 && cells.last() == Some(&"") {
            cells.pop();
        }
        out.write_record(cells).unwrap();
    }
    let bom: &[u8] = if rng.random_bool(0.5) { b"\xef\xbb\xbf" } else { b"" };
    [bom, &out.into_inner().unwrap()].concat()
}

#[test]
fn an_export_that_comes_back_changes_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let cases = std::env::var("ORACLE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let mut runner =
        TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&any::<u64>(), |seed| {
        runtime.block_on(comes_back(seed));
        Ok(())
    });
    outcome.unwrap();
}

async fn comes_back(seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let server = TestServer::start().await;
    let customers: Vec<Value> = (0..12).map(|number| customer(&mut rng, number)).collect();
    for result in server.batch(json!(customers)).await {
        assert_eq!(result["ok"], true, "{result}");
    }
    let before = server.dump().await;
    let some = if rng.random_bool(0.5) {
        "&columns=email,params.plan,params.company,name,user_id,params.tags"
    } else {
        ""
    };
    for query in [format!("format=csv{some}"), "format=ndjson".to_owned()] {
        let file = server.get(&format!("/v1/export?{query}")).await;
        assert_eq!(file.status, 200, "{}", file.text());
        let text = file.text();
        let file = if query.contains("csv") { saved(&mut rng, &text) } else { text.clone().into_bytes() };
        let report = import(&server, "", file.clone()).await;
        assert_eq!(counts(&report), [0, 0, 12, 0, 0], "seed {seed} {query}\n{report:#}\n{text}");
        assert_eq!(server.dump().await, before, "seed {seed} {query}\n{}", String::from_utf8_lossy(&file));
    }
}

/// One cell is corrected: one value changes, and keeps its type.
#[tokio::test]
async fn a_corrected_cell_is_all_that_changes() {
    let server = TestServer::start().await;
    let params = json!({ "zip": "02134", "mrr": 29, "tags": ["a"], "company": { "country": "DE", "size": 3 }, "phone": "+49" });
    server.identify(json!({ "email": "ada@x.com", "name": "@Ada", "params": params })).await;
    for (from, to, path, expected) in [
        ("02134", "02135", "/zip", json!("02135")),
        (",29,", ",39,", "/mrr", json!(39)),
        (r#""[""a""]""#, r#""[""a"",""b""]""#, "/tags", json!(["a", "b"])),
        (",DE,", ",FR,", "/company/country", json!("FR")),
        ("'+49", "'+33", "/phone", json!("+33")),
    ] {
        let file = server.get("/v1/export").await.text();
        assert!(file.contains(from), "{from} in {file}");
        let before = server.row(server.project.id, "ada@x.com").await.unwrap();
        let report = import(&server, "", file.replacen(from, to, 1)).await;
        assert_eq!(counts(&report), [0, 1, 0, 0, 0], "{from}: {report:#}");
        let mut after = server.row(server.project.id, "ada@x.com").await.unwrap();
        assert_eq!(after["params"].pointer(path), Some(&expected));
        // All else is as it was.
        *after["params"].pointer_mut(path).unwrap() = before["params"].pointer(path).unwrap().clone();
        for field in ["version", "last_change"] {
            after[field] = before[field].clone();
        }
        assert_eq!(after, before, "{from}");
    }
}

/// What is JSON is taken as it is, blanks too: the app's next call must find the id that it knows.
#[tokio::test]
async fn blanks_of_names_and_ids_come_back_in_ndjson() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "user_id": " sp1", "name": "Ada " })).await;
    let before = server.row(server.project.id, "ada@x.com").await.unwrap();
    let file = server.get("/v1/export?format=ndjson").await.text();
    let report = import(&server, "format=ndjson", file).await;
    assert_eq!(counts(&report), [0, 0, 1, 0, 0], "{report:#}");
    assert_eq!(server.row(server.project.id, "ada@x.com").await.unwrap(), before);
    server.identify(json!({ "user_id": " sp1" })).await;
}

/// Where both forms of an address were there before they were known to be one, both people are.
#[tokio::test]
async fn somebody_stored_under_punycode_is_known() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@münchen.example", "params": { "plan": "old" } })).await;
    let sql = "update customer set email = 'ada@xn--mnchen-3ya.example' where email like 'ada%'";
    server.db.client().await.execute(sql, &[]).await.unwrap();
    server.identify(json!({ "email": "ada@münchen.example", "params": { "plan": "new" } })).await;
    let file = server.get("/v1/export").await.text();
    assert!(file.contains("ada@xn--mnchen-3ya.example") && file.contains("ada@münchen.example"), "{file}");
    let before = server.dump().await;
    let report = import(&server, "", file).await;
    assert_eq!(counts(&report), [0, 0, 2, 0, 0], "{report:#}");
    assert_eq!(server.dump().await, before);
}
