//! `/v1/imports`: files as strangers have them, what becomes of their rows, and that each is written once.

mod forget;
mod past;
mod round_trip;
mod upload;

use serde_json::{Value, json};
use server::{
    budget::Share,
    import::{Imports, Job, Options, Spool},
    store::{
        erase::{self, Whom},
        write::Writer,
    },
};

use crate::support::server::{Answer, TestServer};

/// Imports a file with the secret key.
async fn send(server: &TestServer, query: &str, file: impl Into<axum::body::Body>) -> Answer {
    server.call(&server.keys.secret, "POST", &format!("/v1/imports?{query}"), file).await
}

/// What became of the rows of an import that has ended: new, updated, unchanged, stale, rejected.
fn counts(report: &Value) -> [u64; 5] {
    assert_ne!(report["state"], "running", "{report:#}");
    ["new", "updated", "unchanged", "stale", "rejected"].map(|name| report[name].as_u64().unwrap())
}

pub(crate) async fn import(server: &TestServer, query: &str, file: impl Into<axum::body::Body>) -> Value {
    send(server, query, file).await.expect(200)
}

const USERS: &str = "\
email,user_id,name,status,plan,mrr
ada@x.com,u1,Ada,paid,pro,29.90
bob@x.com,u2,Bob,free,free,
nobody,u3,,free,,
carl@x.com,null,Carl,trialing,pro,
";

#[tokio::test]
async fn every_row_is_counted_and_what_was_rejected_can_be_mended() {
    let server = TestServer::start().await;
    let report = import(&server, "name=users.csv", USERS).await;
    assert_eq!(counts(&report), [2, 0, 0, 0, 2], "{report:#}");
    assert_eq!(
        (&report["state"], &report["rows"], &report["done"]),
        (&json!("finished"), &json!(4), &json!(4))
    );
    assert_eq!((&report["project"], &report["file"]), (&json!("app"), &json!("users.csv")));
    assert_eq!(report["first_rejected"][0]["line"], 4);
    let rejected = server.get(&format!("/v1/imports/{}/rejected", report["id"].as_str().unwrap())).await;
    insta::assert_snapshot!(rejected.text().trim_start_matches('\u{feff}'), @r#"
    reason,email,user_id,name,status,plan,mrr
    "email: ""nobody"" is not an e-mail address",nobody,u3,,free,,
    "status: ""trialing"" is not a status: trial is probably meant. A status is free, trial, paid or churned",carl@x.com,null,Carl,trialing,pro,
    "#);
    let mended = rejected.text().replace("nobody,u3", "dora@x.com,u3").replace("Carl,trialing", "Carl,trial");
    let report = import(&server, "", mended).await;
    assert_eq!(counts(&report), [2, 0, 0, 0, 0], "{report:#}");
    let again = import(&server, "name=users.csv", USERS.replace("29.90", "39")).await;
    assert_eq!(counts(&again), [0, 1, 1, 0, 2], "{again:#}");
    let all = server.get("/v1/imports").await.expect(200);
    assert_eq!(all["imports"].as_array().unwrap().len(), 3, "{all:#}");
    assert_eq!(all["imports"][0]["about"]["columns"], json!([]), "{all:#}");
    assert_eq!(server.row(server.project.id, "ada@x.com").await.unwrap()["params"]["mrr"], json!(39));
}

#[tokio::test]
async fn an_import_is_no_activity_and_tells_its_past() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "old@x.com", "timestamp": "2025-02-01" })).await;
    let file = "email,status,first_seen,first_paid,status_since,plan\n\
                payer@x.com,churned,2023-05-01,2023-06-01,2024-10-01,pro\n\
                old@x.com,paid,2025-01-01,,,pro\n";
    let report = import(&server, "", file).await;
    assert_eq!(counts(&report), [1, 1, 0, 0, 0], "{report:#}");
    let told: Vec<(String, Value)> = server
        .changes("payer@x.com")
        .await
        .iter()
        .map(|change| {
            (change["at"].as_str().unwrap()[..10].to_owned(), change["fields"]["status"]["after"].clone())
        })
        .collect();
    let expected =
        [("2023-05-01", Value::Null), ("2023-06-01", json!("paid")), ("2024-10-01", json!("churned"))];
    assert_eq!(told, expected.map(|(at, status)| (at.to_owned(), status)));
    for email in ["payer@x.com", "old@x.com"] {
        let row = server.row(server.project.id, email).await.unwrap();
        assert!(row["last_activity"].as_str().unwrap() < "2025-03", "{row:#}");
        assert_eq!(server.days(email, 2026).await, [0; 0]);
    }
    let row = server.row(server.project.id, "old@x.com").await.unwrap();
    assert!(row["first_seen"].as_str().unwrap().starts_with("2025-01-01"), "{row:#}");
    // What is known of somebody stays, and the report says of which rows.
    let told =
        import(&server, "", "email,status,first_paid,plan\nbob@x.com,,,pro\nold@x.com,paid,2024-01-01,pro\n")
            .await;
    assert_eq!(counts(&told), [1, 0, 1, 1, 0], "{told:#}");
    let stale = json!([{ "row": 2, "line": 3, "names": ["first_paid"] }]);
    assert_eq!(told["first_stale"], stale, "{told:#}");
    // Nothing that it says is new: nothing is written, not even that somebody was seen.
    let before = server.dump().await;
    assert_eq!(counts(&import(&server, "", file).await)[2..], [2, 0, 0]);
    assert_eq!(server.dump().await, before);
    let seen = import(&server, "seen=true", file).await;
    assert_eq!(counts(&seen), [0, 0, 2, 0, 0], "{seen:#}");
    assert!(
        server.row(server.project.id, "old@x.com").await.unwrap()["last_activity"].as_str() > Some("2026")
    );
}

#[tokio::test]
async fn a_dry_run_tells_everything_and_writes_nothing() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    let before = server.dump().await;
    let report = import(&server, "name=users.csv&dry_run=true", USERS).await;
    assert_eq!(counts(&report), [1, 1, 0, 0, 2], "{report:#}");
    assert_eq!((&report["id"], &report["dry_run"]), (&Value::Null, &json!(true)));
    assert_eq!(report["first_calls"][0]["params"]["plan"], "pro", "{report:#}");
    assert_eq!(server.dump().await, before);
    assert_eq!(server.count("import").await, 0);
}

#[tokio::test]
async fn a_file_that_breaks_off_is_imported_up_to_there() {
    let server = TestServer::start().await;
    let mut file = "email,notes\n".to_owned();
    for row in 0..50 {
        let quote = if row == 10 { "\"" } else { "" };
        file += &format!("a{row}@x.com,{quote}likes 5 inch\n");
    }
    let report = import(&server, "", file).await;
    assert_eq!((&report["state"], &report["new"]), (&json!("failed"), &json!(10)), "{report:#}");
    let problem = report["problem"].as_str().unwrap();
    assert_eq!(
        problem,
        "The quote that opens on line 12 is never closed: it would swallow 39 lines to the end of the file."
    );
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_before_anything_is_written() {
    let server = TestServer::start().await;
    let wrong = send(&server, "delimiter=ab&type=zip=blob&map=x&dry_runs=1", USERS).await.expect(422);
    let pointers: Vec<&str> =
        wrong["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/dry_runs"], "{wrong:#}");
    let wrong = send(&server, "delimiter=ab&type=zip=blob&map=x", USERS).await.expect(422);
    let pointers: Vec<&str> =
        wrong["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/delimiter", "/type/0", "/map/0"], "{wrong:#}");
    for (file, code) in
        [("", "invalid_file"), ("name,plan\nAda,pro\n", "invalid_file"), ("\0\u{1}\u{2}", "invalid_file")]
    {
        let refused = send(&server, "", file).await.expect(422);
        assert_eq!(refused["code"], code, "{file:?}: {refused:#}");
    }
    for key in [&server.keys.read, &server.keys.publishable, &server.keys.account] {
        assert_eq!(server.call(key, "POST", "/v1/imports", USERS).await.status, 403);
    }
    assert_eq!(server.count("import").await, 0);
    assert_eq!(server.get("/v1/imports/nonsense").await.status, 404);
    let unknown = uuid::Uuid::now_v7();
    server.get(&format!("/v1/imports/{unknown}")).await.expect(404);
}

#[tokio::test]
async fn another_project_sees_nothing_of_an_import() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    let id = import(&server, "", USERS).await["id"].as_str().unwrap().to_owned();
    for path in [format!("/v1/imports/{id}"), format!("/v1/imports/{id}/rejected")] {
        server.call(&other, "GET", &path, "").await.expect(404);
        assert_eq!(server.call(&server.keys.account, "GET", &path, "").await.status, 200);
    }
    let none = server.call(&other, "GET", "/v1/imports", "").await.expect(200);
    assert_eq!(none["imports"], json!([]));
}

#[tokio::test]
async fn rows_before_a_line_are_skipped_and_said() {
    let server = TestServer::start().await;
    for query in ["resume_from=4&dry_run", "resume_from=4"] {
        let report = import(&server, query, USERS).await;
        assert_eq!((counts(&report), &report["skipped"]), ([0, 0, 0, 0, 2], &json!(2)), "{report:#}");
        assert_eq!((&report["done"], &report["went_on_after"]), (&json!(4), &Value::Null), "{report:#}");
    }
}

/// Rejected rows are counted without end, and kept up to a number and up to a size.
#[tokio::test]
async fn no_import_fills_the_disk_with_rejected_rows() {
    let server = TestServer::start().await;
    let set = async |kept: i64, bytes: i64| {
        let client = server.db.client().await;
        let sql = "update import set kept = $1, rejected = $1, kept_bytes = $2, finished_at = null, told = false, done = 0";
        client.execute(sql, &[&kept, &bytes]).await.unwrap();
        client.execute("delete from import_rejected", &[]).await.unwrap();
    };
    let mut file = "email\n".to_owned();
    (0..30).for_each(|row| file += &format!("nobody{row}\n"));
    let first = import(&server, "", file.clone()).await;
    assert_eq!((&first["rejected"], &first["rejected_kept"]), (&json!(30), &json!(30)), "{first:#}");
    for (kept, bytes, fit) in [(99_990, 0, 10), (100_000, 0, 0), (5, (256 << 20) - 160, 3)] {
        set(kept, bytes).await;
        let report = import(&server, "", file.clone()).await;
        assert_eq!(report["rejected_kept"], json!(kept + fit), "{report:#}");
        assert_eq!(server.count("import_rejected").await, fit);
    }
}

/// One that did not fit is the last that is kept, whatever fits of a later step.
#[tokio::test]
async fn the_first_rejected_rows_are_kept_without_a_gap() {
    let server = TestServer::start().await;
    let long = "x".repeat(2_000);
    let rows: String = (0..1_010).map(|row| format!("nobody{row}\n")).collect();
    let file = format!("email\n{long}\n{rows}");
    import(&server, "", file.clone()).await;
    let client = server.db.client().await;
    let sql = "update import set kept = 0, rejected = 0, kept_bytes = $1, finished_at = null, told = false, done = 0";
    client.execute(sql, &[&((256_i64 << 20) - 1_000)]).await.unwrap();
    client.execute("delete from import_rejected", &[]).await.unwrap();
    let report = import(&server, "", file).await;
    assert_eq!((&report["rejected"], &report["rejected_kept"]), (&json!(1_011), &json!(0)), "{report:#}");
    assert_eq!(server.count("import_rejected").await, 0);
}

/// Two processes that import one file at once: what one has written, the other leaves out.
#[tokio::test]
async fn two_that_import_the_same_file_at_once_write_each_row_once() {
    let server = TestServer::start().await;
    let mut file = String::new();
    for row in 0..6_000 {
        file += &format!("{{\"email\":\"a{row}@x.com\",\"increment\":{{\"n\":1}}}}\n");
    }
    let job = || {
        let spooled = Spool::new().unwrap().read(file.as_bytes()).unwrap();
        Job::of(spooled, "a.ndjson", &server.project.slug, &Options::default()).unwrap()
    };
    let run = async || {
        let imports =
            Imports::new(server.app.store.clone(), Writer::new(server.app.store.clone()), Share::new(1, 1));
        let begun = imports.begin(server.account, &server.project, "a.ndjson", job()).await.unwrap();
        imports.wait(begun.id, std::time::Duration::from_secs(60)).await;
        begun.id
    };
    let (one, other) = tokio::join!(run(), run());
    assert_eq!(one, other, "it is one import");
    let report = server.get(&format!("/v1/imports/{one}")).await.expect(200);
    assert_eq!(counts(&report), [6_000, 0, 0, 0, 0], "{report:#}");
    let sums =
        server.query("select to_jsonb(count(*)) from relationship where params = '{\"n\": 1}'", &[]).await;
    assert_eq!(sums, [json!(6_000)]);
}

#[tokio::test]
async fn rejected_rows_go_with_the_person_and_with_time() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    import(&server, "", "email,status\nada@x.com,odd\nbob@x.com,odd\n").await;
    assert_eq!(server.count("import_rejected").await, 2);
    let email = server::model::Email::parse("ada@x.com").unwrap();
    erase::person(&server.app.store, server.account, &Whom::Email(email)).await.unwrap();
    assert_eq!(server.count("import_rejected").await, 1);
    let later = server::model::now() + jiff::SignedDuration::from_hours(31 * 24);
    server::store::sweep::expired(&server.app.store, &[server.account], later).await.unwrap();
    assert_eq!(server.count("import_rejected").await, 0);
}

/// Our own export of several projects, imported into one of them: what is the other's stays there.
#[tokio::test]
async fn rows_of_another_project_are_not_taken() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    for (key, email) in [(&server.keys.secret, "ada@x.com"), (&other, "bob@x.com")] {
        let body = json!({ "email": email, "user_id": "1" }).to_string();
        server.call(key, "POST", "/v1/identify", body).await.expect(200);
    }
    let before = server.dump().await;
    for format in ["csv", "ndjson"] {
        let path = format!("/v1/export?format={format}");
        let file = server.call(&server.keys.account, "GET", &path, "").await.text();
        let report = import(&server, "", file).await;
        assert_eq!(counts(&report), [0, 0, 1, 0, 1], "{report:#}");
        let reason = report["first_rejected"][0]["reason"].as_str().unwrap();
        assert_eq!(reason, "it is of the project other, and this import goes into app");
    }
    assert_eq!(server.dump().await, before);
}

/// A number that a spreadsheet wrote in its own way is not silently made a text.
#[tokio::test]
async fn a_corrected_cell_that_loses_its_type_is_rejected() {
    let server = TestServer::start().await;
    let params = json!({ "mrr": 29.9, "ends": "2026-12-28" });
    server.identify(json!({ "email": "ada@x.com", "params": params })).await;
    let file = server.get("/v1/export").await.text();
    for (from, to, flag, value) in [
        ("29.9", "\"56,9\"", "type=params.mrr%3Dmoney", json!(56.9)),
        ("2026-12-28", "29.12.2026", "type=params.ends%3Ddate:%25d.%25m.%25Y", json!("2026-12-29")),
    ] {
        let file = file.replace(from, to);
        let report = import(&server, "", file.clone()).await;
        assert_eq!(counts(&report), [0, 0, 0, 0, 1], "{report:#}");
        let report = import(&server, flag, file).await;
        assert_eq!(counts(&report), [0, 1, 0, 0, 0], "{report:#}");
        let row = server.row(server.project.id, "ada@x.com").await.unwrap();
        assert!(row["params"].as_object().unwrap().values().any(|known| *known == value), "{row:#}");
    }
}

#[tokio::test]
async fn what_an_import_keeps_of_a_person_goes_with_them() {
    let server = TestServer::start().await;
    import(&server, "", "email,name\ncat@x.com,Cat\nbob@x.com,Bob\n").await;
    let email = server::model::Email::parse("cat@x.com").unwrap();
    erase::person(&server.app.store, server.account, &Whom::Email(email)).await.unwrap();
    for table in ["import", "import_rejected", "customer", "relationship", "change"] {
        let kept = server.query(&format!("select to_jsonb(t) from {table} t"), &[]).await;
        let text = serde_json::to_string(&kept).unwrap().to_lowercase();
        assert!(!text.contains("cat@x.com") && !text.contains("\"cat\""), "{table}: {text}");
    }
}

#[tokio::test]
async fn an_import_that_was_cut_off_does_not_go_on_in_a_project_that_was_reset() {
    let server = TestServer::start().await;
    let (project, _) = server.test_project("sandbox").await;
    let store = &server.app.store;
    let spooled = Spool::new().unwrap().read(USERS.as_bytes()).unwrap();
    let job = Job::of(spooled, "u.csv", &project.slug, &Options::default()).unwrap();
    let about = json!({});
    let fresh = server::store::import::Fresh {
        project: project.id,
        name: "u.csv",
        fingerprint: job.fingerprint,
        about: &about,
        rejects: &about,
        records: 4,
    };
    let first = server::store::import::begin(store, server.account, &fresh).await.unwrap();
    let again = server::store::import::begin(store, server.account, &fresh).await.unwrap();
    assert_eq!(first.id, again.id);
    erase::reset(store, server.account, &project).await.unwrap();
    let anew = server::store::import::begin(store, server.account, &fresh).await.unwrap();
    assert_ne!(first.id, anew.id);
}
