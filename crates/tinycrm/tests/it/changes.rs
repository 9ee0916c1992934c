//! changes: what people read of what has become of customers, and what is said of words that are none.

use serde_json::json;

use crate::support::{Server, run};

#[test]
fn what_has_become_of_customers_is_a_line_each() {
    let server = Server::start(&[]);
    let key = server.project("shop");
    for call in [
        json!({ "email": "ada@x.com", "name": "Ada", "status": "paid", "params": { "mrr": 10 }, "timestamp": "2026-01-05T10:00:00Z" }),
        json!({ "email": "bob@x.com", "status": "paid", "timestamp": "2026-01-06T10:00:00Z" }),
        json!({ "email": "ada@x.com", "params": { "mrr": 25.5 }, "timestamp": "2026-03-10T10:00:00Z" }),
        json!({ "email": "bob@x.com", "status": "churned", "timestamp": "2026-03-11T10:00:00Z" }),
        json!({ "email": "cleo@x.com", "timestamp": "2026-03-12T10:00:00Z" }),
    ] {
        run(&mut server.client(&key, &["identify", "-"]), &call.to_string()).ok();
    }
    let changes = |args: &[&str]| run(&mut server.client(&key, &[&["changes"], args].concat()), "");
    let march = ["--period", "2026-03-01 .. 2026-03-31"];
    insta::assert_snapshot!("changes", changes(&march).ok());
    insta::assert_snapshot!(
        "changes-csv",
        changes(&[&march[..], &["--csv", "--kind", "churned,new"]].concat()).ok()
    );
    let one = changes(&[&march[..], &["email = ada@x.com", "--json"]].concat()).json();
    assert_eq!((&one["changes"][0]["kind"], &one["changes"][0]["after"]), (&json!("value_up"), &json!(25.5)));
    let more = changes(&[&march[..], &["--limit", "1"]].concat());
    assert!(more.err.starts_with("There are more; --limit lists up to 200"), "{more:#?}");
    let since = changes(&["--since", "yesterday"]);
    assert!(since.out.starts_with("Nothing changed from "), "{since:#?}");
    let since = changes(&["--since", "2026-03-12"]).ok();
    assert!(since.contains("1 new.") && since.contains("cleo@x.com"), "{since}");
    let wrong = changes(&["--kind", "chuned"]);
    assert_eq!(wrong.code, 1, "{wrong:#?}");
    assert!(
        wrong.err.contains("\"chuned\" is no kind of change") && wrong.err.contains("churned"),
        "{}",
        wrong.err
    );
    let wrong = changes(&["--since", "soon"]);
    assert!(wrong.code == 1 && wrong.err.contains("\n  soon .. today\n  ^^^^"), "{wrong:#?}");
    let wrong = changes(&["plan = = pro"]);
    assert!(wrong.code == 1 && wrong.err.contains('^'), "{wrong:#?}");
}
