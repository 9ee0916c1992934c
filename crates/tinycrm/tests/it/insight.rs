//! insight: the tables that people read, of data that stands still: all of it is as of a day.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::support::{Ran, Server, run};

/// The key of an account of its own server, so that nobody else's customers are told.
static WORLD: LazyLock<(Server, String)> = LazyLock::new(|| {
    let server = Server::start(&[]);
    let shop = server.project("shop");
    let blog = server.project("blog");
    identify(&server, &shop, &people());
    identify(&server, &blog, &[call("p01@x.com", "2026-03-02", "free", &json!({ "source": "ad" }))]);
    let key = server.administer(&["key", "create", "--kind", "account"]).ok().trim().to_owned();
    (server, key)
});

fn call(email: &str, day: &str, status: &str, params: &Value) -> Value {
    let timestamp = format!("{day}T10:00:00Z");
    json!({ "email": email, "timestamp": timestamp, "status": status, "params": params })
}

/// Forty come on 5 and 6 January, four in the week after; some pay, some of them leave, one pays nothing that is a number.
fn people() -> Vec<Value> {
    let mut calls = Vec::new();
    for n in 1..=44 {
        let email = format!("p{n:02}@x.com");
        let day = if n > 40 { "2026-01-13" } else { ["2026-01-05", "2026-01-06"][n % 2] };
        let source = if n % 4 == 0 { "ad" } else { "friend" };
        let code = format!("code-{n}");
        let by = match n {
            2..=9 => json!("code-1"),
            10..=13 => json!("code-2"),
            14 => json!("code-40"),
            _ => Value::Null,
        };
        let mut params = json!({ "source": source, "code": code, "by": by });
        // Paths with more values than are compared.
        (0..9).for_each(|key| params[format!("n{key}")] = json!(n * 10 + key));
        calls.push(call(&email, day, "free", &params));
        if n % 5 == 0 || n == 1 {
            let mrr = if n == 25 { json!("none") } else { json!(10.5 + n as f64) };
            calls.push(call(&email, "2026-01-20", "paid", &json!({ "mrr": mrr, "plan": "pro" })));
        }
        if n % 20 == 0 {
            calls.push(call(&email, "2026-02-10", "churned", &json!({})));
        }
    }
    // Somebody carries another's code.
    calls.push(call("p39@x.com", "2026-01-08", "free", &json!({ "code": "code-2" })));
    calls.push(call("p01@x.com", "2026-02-12", "paid", &json!({ "mrr": 20, "plan": "team" })));
    // There is a currency, of somebody who pays nothing that is a number.
    calls.push(call("p43@x.com", "2026-01-14", "paid", &json!({ "currency": "EUR", "mrr": "free" })));
    calls
}

fn identify(server: &Server, key: &str, calls: &[Value]) {
    let lines: Vec<String> = calls.iter().map(Value::to_string).collect();
    lines.iter().for_each(|line| {
        run(&mut server.client(key, &["identify", "-"]), line).ok();
    });
}

/// An insight as of the middle of March; what is read into memory after a start is waited for.
fn insight(args: &[&str]) -> Ran {
    let (server, key) = &*WORLD;
    let args = [&["insight"], args, &["--as-of", "2026-03-14"]].concat();
    run(&mut server.client(key, &args), "")
}

#[test]
fn tables_explain_themselves() {
    let weeks = "2026-01-05 .. 2026-01-18";
    let retention = ["retention", "--retained", "status = paid", "--cohorts", weeks, "--periods", "9"];
    let cases: [(&str, &[&str]); 12] = [
        ("retention", &retention),
        ("retention-by", &[&retention[..], &["--by", "source"]].concat()),
        ("conversion", &["conversion", "--within", "2w, 30d,90", "--by", "source"]),
        ("movements", &["movements", "--period", "2026-01-01 .. 2026-03-31"]),
        ("movements-by", &["movements", "--period", "this year", "--by", "code", "--limit", "2"]),
        (
            "movements-then",
            &["movements", "--period", "this year", "--by", "plan", "--then", "--project", "shop"],
        ),
        ("movements-none", &["movements", "email = p03@x.com", "--project", "shop"]),
        ("lift", &["lift", "status = paid", "--limit", "2"]),
        (
            "lift-landmark",
            &["lift", "status = paid", "--landmark", "9w", "--field", "source", "--field", "nosuch"],
        ),
        ("referrals", &["referrals", "params.by", "--limit", "2"]),
        ("overlap", &["overlap"]),
        (
            "breakdown",
            &["breakdown", "--by", "plan", "--number", "mrr", "--how", "avg", "--currency", "source"],
        ),
    ];
    for (name, args) in cases {
        let text = insight(args).ok();
        for line in text.lines().filter(|line| !line.starts_with("  ")) {
            assert!(line.chars().count() <= 100, "{name}: {line}");
        }
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn as_many_rows_of_a_lift_are_printed_as_are_asked_for() {
    let lift = ["lift", "status = paid", "--project", "shop", "--field", "source", "--field", "by"];
    let told = |args: &[&str]| insight(&[&lift[..], args].concat()).ok();
    let rows = |text: &str| text.lines().filter(|line| line.starts_with("params.")).count();
    let all = told(&["--all"]);
    assert_eq!((rows(&all), all.contains("more row")), (LINES, false), "{all}");
    for (limit, more) in [("1", "4 more rows: --all prints them."), ("4", "1 more row: --all prints it.")] {
        let text = told(&["--limit", limit]);
        assert_eq!(rows(&text).to_string(), limit, "{text}");
        assert!(text.contains(more), "{text}");
    }
    assert_eq!(rows(&told(&["--limit", "0"])), 0);
    assert!(!all.contains("counts twice"), "of one project each is one: {all}");
    assert_eq!(insight(&[&lift[..], &["--all", "--limit", "3"]].concat()).code, 2);
}

/// An import that says nothing of when is no gain of the month in which it came, and no revenue of any before it.
#[test]
fn what_is_imported_without_dates_has_a_column_of_its_own() {
    let server = Server::start(&[]);
    let key = server.project("app");
    let import = |users: &str| run(&mut server.client(&key, &["import", "-"]), users).ok();
    let told =
        || run(&mut server.client(&key, &["insight", "movements", "--period", "last 2 months"]), "").ok();
    import("email,status,mrr,first_seen,status_since\nada@x.com,paid,20,2024-05-01,2024-06-01\n");
    assert!(!told().contains("imported"), "{}", told());
    import("email,status,mrr,first_seen\nbob@x.com,paid,30,2024-05-01\ncleo@x.com,paid,5,2024-05-02\n");
    let table = told();
    // The header of a table, and its row of the month that goes on.
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let row = |heads: &[&str]| {
        let mut lines = table.lines().skip_while(|line| !heads.iter().all(|head| line.contains(head)));
        let header = cells(lines.next().expect("a table"));
        let goes_on =
            |row: &Vec<String>| row.first().is_some_and(|label| label.len() > 1 && label.ends_with('+'));
        (header, lines.map(cells).find(goes_on).expect("a month that goes on"))
    };
    let cell = |(heads, cells): &(Vec<String>, Vec<String>), name: &str| {
        cells[heads.iter().position(|head| head == name).unwrap()].clone()
    };
    let (sums, people) = (row(&["opening", "expansion"]), row(&["came", "gross"]));
    assert_eq!(
        ["opening", "new", "imported", "closing"].map(|name| cell(&sums, name)),
        ["20", "0", "35", "55"]
    );
    assert_eq!(["opening", "came", "imported"].map(|name| cell(&people, name)), ["1", "0", "2"], "{table}");
}

/// How many values can be tested there.
const LINES: usize = 5;

#[test]
fn a_number_that_is_none_is_told_by_the_name_of_its_option() {
    for (args, name) in [
        (
            &["conversion", "--within", "7,x"][..],
            "--within <DAYS>': write a number of days, as 14, 14d or 2w",
        ),
        (&["conversion", "--within", "7,0d"], "within: 0 is out of range; write 1 to 1000"),
        (&["conversion", "--days", "200w"], "days: 1400 is out of range; write 1 to 1000"),
        (&["conversion", "--limit", "0"], "limit: 0 is out of range; write 1 to 50"),
        (&["retention", "--periods", "0"], "periods: 0 is out of range; write 1 to 1000"),
        (&["lift", "status = paid", "--landmark", "x"], "--landmark <DAYS>': write a number of days"),
        (&["lift", "status = paid", "--landmark", "1001d"], "landmark: 1001 is out of range"),
    ] {
        let ran = insight(args);
        assert!(ran.code != 0 && ran.err.contains(name), "{args:?}: {ran:#?}");
    }
}
