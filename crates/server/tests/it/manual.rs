//! What the manual says is so: the examples of `docs/api.md` are sent as they stand there, and work; the limits of
//! `docs/operations.md` are those that there are, and each table has its time there.

use clap::CommandFactory;

use crate::support::server::{Settings, TestServer};

/// A page of the manual.
fn page(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn every_limit_is_in_the_manual_with_its_default_and_no_other() {
    let command = Settings::command();
    let limits = command.get_arguments().filter(|flag| flag.get_help_heading() == Some("Limits"));
    let expected: Vec<String> = limits
        .map(|flag| {
            let default = flag.get_default_values()[0].to_str().unwrap();
            assert!(flag.get_env().is_some(), "{} has no variable", flag.get_id());
            format!("| `--{}` | `{default}` | ", flag.get_long().unwrap())
        })
        .collect();
    assert!(expected.len() > 5);
    let manual = page("operations.md");
    let rows: Vec<&str> = manual.lines().filter(|line| line.starts_with("| `--")).collect();
    assert_eq!(rows.len(), expected.len(), "{rows:#?}");
    for (row, begin) in rows.iter().zip(&expected) {
        assert!(row.starts_with(begin) && row.len() > begin.len() + 20, "{row} should begin {begin}");
    }
}

/// Tables in which nothing is of people, or of what they do.
const OF_NOBODY: [&str; 3] = ["clock", "follower", "migration"];

#[tokio::test]
async fn every_table_has_its_time_in_the_manual() {
    let server = TestServer::start().await;
    let sql = "select to_jsonb(tablename) from pg_tables where schemaname = 'public'";
    let tables = server.query(sql, &[]).await;
    let mut tables: Vec<&str> = tables.iter().filter_map(|table| table.as_str()).collect();
    tables.retain(|table| !OF_NOBODY.contains(table));
    tables.sort_unstable();
    let manual = page("operations.md");
    let kept = manual.split("| what | how long | tables |").nth(1).unwrap();
    let rows = kept.lines().skip(2).take_while(|line| line.starts_with('|'));
    // What is in no table has none.
    let last = rows.map(|row| row.trim_end_matches('|').rsplit('|').next().unwrap().trim());
    let last = last.filter(|names| !names.starts_with("none"));
    let mut named: Vec<String> = last
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().trim_matches('`').to_owned())
        .collect();
    named.sort_unstable();
    assert_eq!(named, tables);
}

#[tokio::test]
async fn the_examples_of_the_manual_work() {
    let server = TestServer::start().await;
    // Insights are told from memory only.
    server.index_remembers().await;
    let manual = page("api.md");
    let examples = manual.split("```http\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut sent = 0;
    for example in examples {
        let (request, body) = example.trim_end().split_once("\n\n").unwrap_or((example.trim_end(), ""));
        let (method, path) = request.split_once(' ').unwrap();
        let answer = server.call(&server.keys.secret, method, path, body.to_owned()).await;
        assert!((200..300).contains(&answer.status), "{example}: {}", answer.text());
        sent += 1;
    }
    assert_eq!(sent, 17);
    let row = server.row(server.project.id, "ada@example.com").await.unwrap();
    assert_eq!(row["params"]["mrr"].to_string(), "29.90");
    assert_eq!(row["params"]["seats"], 5);
}
