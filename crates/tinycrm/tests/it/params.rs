//! params: what people read of what the params hold.

use serde_json::json;

use crate::support::{Server, run};

#[test]
fn every_path_is_a_line_with_who_has_it_and_what() {
    let server = Server::start(&[]);
    let key = server.project("shop");
    let params = |args: &[&str]| run(&mut server.client(&key, &[&["params"], args].concat()), "");
    assert_eq!(params(&[]).ok(), "Nobody has any params.\n");
    for n in 0..12 {
        let plan = if n % 3 == 0 { "pro" } else { "free" };
        let params = match n {
            0 => json!({ "plan": 7, "note": "", "ends": "2026-05-01" }),
            _ => json!({ "plan": plan, "seats": n, "company": { "size": n % 2 }, "tags": ["a", "b"] }),
        };
        let status = if n < 6 { "paid" } else { "trial" };
        let call = json!({ "email": format!("p{n}@x.com"), "status": status, "params": params });
        run(&mut server.client(&key, &["identify", "-"]), &call.to_string()).ok();
    }
    let all = params(&[]);
    insta::assert_snapshot!("params", all.ok());
    insta::assert_snapshot!("params-of-some", params(&["status = paid", "--limit", "2"]).ok());
    let cut = params(&["--limit", "2"]);
    assert_eq!(cut.err, "There are 7; --limit lists more, --json all.\n");
    let told = params(&["--json", "--limit", "1"]).json();
    assert_eq!((&told["relationships"], told["params"].as_array().map(Vec::len)), (&json!(12), Some(7)));
    let past = params(&["--as-of", "2026-01-01"]).ok();
    assert_eq!(past, "Nobody has any params.\n");
    let wrong = params(&["status = = paid"]);
    assert!(wrong.code == 1 && wrong.err.contains('^'), "{wrong:#?}");
    let wrong = params(&["--project", "none"]);
    assert!(wrong.code == 1 && wrong.err.contains("none"), "{wrong:#?}");
}
