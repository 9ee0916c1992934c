//! Every statement of the store is prepared against the migrated schema: a typo or a renamed column fails here, whether or
//! not another test happens to run it.
//!
//! Statements are read from the source: literals that begin as SQL does. `{CONSTANT}` is filled in from the store's
//! constants. What is put together at run time is counted, so that it stays rare; `store/query`, which compiles questions
//! from parts, is held by its comparison with the reference evaluator; and `store/migrate`, which speaks to schemas that are
//! gone, by the test of an upgrade.

use std::{collections::HashMap, path::Path};

use serde_json::json;
use server::{http::App, router};
use tokio_postgres::Client;

use crate::support::{
    postgres::TestDb,
    server::{TestServer, request, send, settings},
};

/// How many statements are put together from parts. Raising this wants a good reason.
const DYNAMIC_MAX: usize = 11;

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store"));
    let shared: HashMap<String, String> = sources.iter().flat_map(|(_, text)| constants(text)).collect();
    let client = TestDb::migrated().await;
    let client = client.client().await;
    let (mut prepared, mut dynamic) = (0, Vec::new());
    let all =
        sources.iter().flat_map(|(file, text)| literals(text).into_iter().map(move |sql| (file, text, sql)));
    for (file, text, literal) in all.filter(|(_, _, literal)| is_sql(literal)) {
        // A file's own constant wins over one of its folder, and that over one of the same name elsewhere.
        let folder = |path: &str| Path::new(path).parent().map(Path::to_owned);
        let near = sources.iter().filter(|(path, _)| folder(path) == folder(file));
        let near = near.flat_map(|(_, text)| constants(text));
        let constants = shared.clone().into_iter().chain(near).chain(constants(text)).collect();
        let statement = fill(&literal, &constants);
        if statement.replace("'{", "").contains('{') {
            dynamic.push(format!("{file}: {literal}"));
            continue;
        }
        for part in statement.split("; ") {
            client.prepare(part).await.unwrap_or_else(|e| panic!("{file}: {part}\n{:?}", e.as_db_error()));
            prepared += 1;
        }
    }
    println!(
        "{prepared} statements prepared, {} put together at run time:\n{}",
        dynamic.len(),
        dynamic.join("\n")
    );
    assert!(prepared > 60, "only {prepared} statements were found");
    assert!(dynamic.len() <= DYNAMIC_MAX, "{} statements are put together from parts", dynamic.len());
}

/// A plan that goes by key because other ways are switched off may count as very expensive, for which Postgres would compile it.
#[tokio::test]
async fn no_plan_is_compiled_whosever_the_database_is() {
    let server = TestServer::start().await;
    let client = server.db.client().await;
    let of_database = "
        do $$ begin execute format('alter database %I set jit = on', current_database()); end $$;
        alter table feed add column compiles text;
        alter table feed alter column compiles set default current_setting('jit')";
    client.batch_execute(of_database).await.unwrap();
    let compiles = async |client: &Client| -> String {
        client.query_one("select current_setting('jit')", &[]).await.unwrap().get(0)
    };
    assert_eq!(compiles(&server.db.client().await).await, "on", "it is a database that does");
    let router = router::router(App::new(server.db.store(), settings()));
    let call = request("POST", "/v1/identify")
        .header("authorization", format!("Bearer {}", server.keys.secret))
        .body(json!({ "email": "ada@x.com" }).to_string().into());
    send(&router, call.unwrap()).await.expect(200);
    let rows = client.query("select compiles from feed where compiles is not null", &[]).await.unwrap();
    let told: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(told, ["off"]);
}

/// Every file of a folder, with its path.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let apart = ["query", "migrate"].iter().any(|folder| path.ends_with(folder));
            all.extend(if apart { Vec::new() } else { sources(&path) });
        } else {
            all.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    all
}

fn is_sql(literal: &str) -> bool {
    let first = literal.split_whitespace().next().unwrap_or_default();
    ["select", "insert", "update", "delete", "with"].contains(&first)
        && literal.split_whitespace().count() > 3
}

/// The string literals of a source, comments left out, escapes undone.
fn literals(source: &str) -> Vec<String> {
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n").replace(r#"'"'"#, "''").replace(r#"b'"'"#, "''").replace(r#"'\\'"#, "''");
    let mut all = Vec::new();
    let mut rest = code.as_str();
    while let Some(start) = rest.find('"') {
        let raw = rest[..start].ends_with('#');
        let body = &rest[start + 1..];
        let end = if raw { body.find("\"#") } else { end_of_string(body) };
        let Some(end) = end else { break };
        all.push(if raw { body[..end].to_owned() } else { unescape(&body[..end]) });
        rest = &body[end + 1..];
    }
    all
}

fn end_of_string(body: &str) -> Option<usize> {
    let bytes = body.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

/// Undoes a backslash at the end of a line, and the escapes that SQL needs.
fn unescape(literal: &str) -> String {
    let mut lines = Vec::new();
    for line in literal.split("\\\n") {
        lines.push(if lines.is_empty() { line } else { line.trim_start() });
    }
    lines.concat().replace("\\\"", "\"").replace("\\\\", "\\").replace("\\n", "\n")
}

/// `const NAME: &str = "…";`
fn constants(source: &str) -> Vec<(String, String)> {
    let declared = source.split("const ").skip(1).filter_map(|rest| rest.split_once(": &str ="));
    declared.filter_map(|(name, rest)| Some((name.to_owned(), literals(rest).into_iter().next()?))).collect()
}

/// Puts constants in, and undoes what `format!` needs doubled.
fn fill(literal: &str, constants: &HashMap<String, String>) -> String {
    let filled = constants
        .iter()
        .fold(literal.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value));
    filled.replace("{{", "{").replace("}}", "}")
}
