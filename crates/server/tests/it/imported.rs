//! `imported`: of whom an import told what they have and not since when, and what becomes of it.

use serde_json::{Value, json};
use server::{
    model::Source,
    store::{customer, write, write::Correction},
};

use crate::{imports::import, support::server::TestServer};

/// One that tells no dates, one that tells when people were first seen only, and those that tell since when.
const UNDATED: &str = "email,status,mrr\nnone@x.com,paid,1\n";
const SEEN: &str = "email,status,mrr,first_seen\nseen@x.com,paid,2,2024-01-01\nold@x.com,paid,3,2024-01-02\n\
                    young@x.com,paid,4,2024-01-03\nright@x.com,paid,5,2024-01-04\nsince@x.com,paid,6,2024-01-05\n";
const DATED: &str = "email,status,mrr,first_seen,first_paid,status_since,timestamp\n\
                     status@x.com,paid,1,2024-01-01,,2024-02-01,\nfirst@x.com,paid,1,2024-01-01,2024-02-01,,\n\
                     left@x.com,churned,1,2024-01-01,2024-02-01,,\nat@x.com,paid,1,2024-01-01,,,2024-02-01\n";

impl TestServer {
    /// Of each address whether it is imported without dates.
    async fn imported(&self) -> Vec<String> {
        let sql = "select to_jsonb(c.email) from relationship r join customer c on c.id = r.customer_id
                   where r.imported is not null order by 1";
        let emails = self.query(sql, &[]).await.into_iter();
        let stored: Vec<String> = emails.map(|email| email.as_str().unwrap().to_owned()).collect();
        // The index says the same.
        let ask = json!({ "filter": "imported exists and imported <= now", "select": ["customers"], "sort": "email", "engine": "index" });
        let found = self.call(&self.keys.account, "POST", "/v1/query", ask.to_string()).await.expect(200);
        let told = found["customers"].as_array().unwrap().iter();
        assert_eq!(told.map(|one| one["email"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), stored);
        stored.into_iter().map(|email| email.trim_end_matches("@x.com").to_owned()).collect()
    }

    async fn merge_into(&self, keep: &str, other: &str) {
        let (store, account) = (&self.app.store, self.account);
        let keep = customer::at(store, account, keep).await.unwrap();
        let other = customer::at(store, account, other).await.unwrap();
        write::merge_customers(store, account, keep, other, Source::Import(None)).await.unwrap();
    }

    async fn put_right(&self, email: &str, correction: Correction) {
        let (store, account, project) = (&self.app.store, self.account, self.project.id);
        let customer = customer::at(store, account, email).await.unwrap();
        write::correct(store, account, project, customer, correction, Source::Import(None)).await.unwrap();
    }

    /// Everybody's relationship, as it stands in the database.
    async fn stored(&self) -> Vec<Value> {
        self.query("select to_jsonb(r) from relationship r order by customer_id", &[]).await
    }
}

/// People of every kind, of some of whom something was told since.
async fn people() -> TestServer {
    let server = TestServer::start().await;
    for file in [UNDATED, SEEN, DATED] {
        import(&server, "", file).await;
    }
    server.index_ready().await;
    server
}

fn day(text: &str) -> jiff::Timestamp {
    format!("{text}T00:00:00Z").parse().unwrap()
}

#[tokio::test]
async fn who_came_without_dates_is_imported_when_that_was_received() {
    let server = people().await;
    let all = ["none", "old", "right", "seen", "since", "young"];
    assert_eq!(server.imported().await, all);
    let seen = server.row(server.project.id, "seen@x.com").await.unwrap();
    assert_eq!(seen["imported"], server.changes("seen@x.com").await[0]["received"], "{seen}");
    // What apps and imports tell later alters nothing, be it dated; nor does it make anybody imported.
    import(&server, "", DATED.replace("status@", "seen@")).await;
    import(&server, "", UNDATED.replace("none@", "status@")).await;
    server.identify(json!({ "email": "seen@x.com", "status": "churned", "timestamp": "2024-06-01", "first_seen": "2023-01-01" })).await;
    server.identify(json!({ "email": "app@x.com", "status": "paid", "first_seen": "2023-01-01" })).await;
    assert_eq!(server.imported().await, all);
    assert_eq!(server.row(server.project.id, "seen@x.com").await.unwrap()["imported"], seen["imported"]);
    // A move takes it along; whoever is erased and comes back is somebody new.
    let (store, account) = (&server.app.store, server.account);
    let [from, to] = ["seen@x.com", "moved@x.com"].map(|text| server::model::Email::parse(text).unwrap());
    write::move_customer(store, account, &from, &to, Source::Import(None)).await.unwrap();
    server.call(&server.keys.secret, "DELETE", "/v1/customers/none@x.com", "").await.expect(200);
    server.identify(json!({ "email": "none@x.com" })).await;
    assert_eq!(server.imported().await, ["moved", "old", "right", "since", "young"]);
}

#[tokio::test]
async fn a_correction_of_the_status_ends_it_and_a_merge_leaves_that_of_whom_began_first() {
    let server = people().await;
    server
        .put_right(
            "right@x.com",
            Correction { status_since: Some(day("2025-01-01")), ..Correction::default() },
        )
        .await;
    server
        .put_right("since@x.com", Correction { first_seen: Some(day("2023-01-01")), ..Correction::default() })
        .await;
    assert_eq!(server.imported().await, ["none", "old", "seen", "since", "young"]);
    // One app knows them for longer than what was imported says, the other since later.
    server.identify(json!({ "email": "long@x.com", "timestamp": "2023-05-01" })).await;
    server.identify(json!({ "email": "late@x.com", "timestamp": "2025-05-01" })).await;
    server.merge_into("long@x.com", "old@x.com").await;
    server.merge_into("late@x.com", "young@x.com").await;
    assert_eq!(server.imported().await, ["late", "none", "seen", "since"]);
    write::undo_merge(&server.app.store, server.account, "old@x.com").await.unwrap();
    write::undo_merge(&server.app.store, server.account, "young@x.com").await.unwrap();
    assert_eq!(server.imported().await, ["none", "old", "seen", "since", "young"]);
    server.merge_into("old@x.com", "long@x.com").await;
    assert_eq!(server.imported().await, ["none", "seen", "since", "young"], "whoever is kept");
}

/// An upgrade finds in the log what it would have been told.
#[tokio::test]
async fn an_upgrade_tells_who_came_without_dates() {
    let server = people().await;
    server
        .put_right(
            "right@x.com",
            Correction { first_paid: Some(Some(day("2024-01-04"))), ..Correction::default() },
        )
        .await;
    server.identify(json!({ "email": "long@x.com", "timestamp": "2023-05-01" })).await;
    server.identify(json!({ "email": "late@x.com", "timestamp": "2025-05-01" })).await;
    let undone = server.stored().await;
    server.merge_into("long@x.com", "old@x.com").await;
    server.merge_into("late@x.com", "young@x.com").await;
    let told = server.stored().await;
    assert_eq!(told.iter().filter(|row| !row["imported"].is_null()).count(), 4);
    // As it was before there was any.
    let client = server.db.client().await;
    let before = "alter table relationship drop column imported;
        update merged set before = jsonb_set(before, '{relationship}', (
            select jsonb_agg(r - 'imported') from jsonb_array_elements(before -> 'relationship') r))";
    client.batch_execute(before).await.unwrap();
    client.batch_execute(include_str!("../../migrations/0016_imported.sql")).await.unwrap();
    assert_eq!(server.stored().await, told);
    for other in ["old@x.com", "young@x.com"] {
        write::undo_merge(&server.db.store(), server.account, other).await.unwrap();
    }
    let imported =
        |rows: &[Value]| -> Vec<Value> { rows.iter().map(|row| row["imported"].clone()).collect() };
    assert_eq!(imported(&server.stored().await), imported(&undone), "a merge can still be taken back");
}

/// What was exported and comes back says nothing of it, and becomes no param.
#[tokio::test]
async fn an_export_tells_it_and_no_import_sets_it() {
    let server = people().await;
    server.identify(json!({ "email": "app@x.com", "params": { "imported": "yes" } })).await;
    let held = |rows: Vec<Value>| -> Vec<Value> {
        rows.into_iter().map(|row| json!([row["imported"], row["params"], row["status_since"]])).collect()
    };
    let before = held(server.stored().await);
    let (csv, ndjson) =
        (server.get("/v1/export").await.text(), server.get("/v1/export?format=ndjson").await.text());
    let header = csv.lines().next().unwrap();
    assert!(header.split(',').any(|name| name == "imported"), "{header}");
    let seen = ndjson.lines().find(|line| line.contains("seen@x.com")).unwrap();
    let seen: Value = serde_json::from_str(seen).unwrap();
    assert!(seen["imported"].is_string(), "{seen}");
    for file in [csv, ndjson.clone()] {
        let report = import(&server, "", file).await;
        assert_eq!((&report["unchanged"], &report["rows"]), (&json!(11), &json!(11)), "{report:#}");
    }
    assert_eq!(held(server.stored().await), before);
    let (_, other) = server.project("other").await;
    server.call(&other, "POST", "/v1/imports", ndjson).await.expect(200);
    let ask = |filter: &str| json!({ "filter": filter, "select": ["count"], "project": "other" }).to_string();
    for (filter, count) in [("params.imported exists", 1), ("imported exists", 0), ("", 11)] {
        let found = server.call(&server.keys.account, "POST", "/v1/query", ask(filter)).await.expect(200);
        assert_eq!(found["count"], count, "{filter}");
    }
}

/// A param of that name is asked for as any other that has the name of a field.
#[tokio::test]
async fn a_param_of_that_name_keeps_its_answers() {
    let server = people().await;
    server.identify(json!({ "email": "app@x.com", "params": { "imported": true } })).await;
    for (filter, count) in
        [("params.imported = true", 1), ("imported = 2024-01-01", 0), ("imported exists", 6)]
    {
        for engine in ["index", "sql"] {
            let ask = json!({ "filter": filter, "select": ["count"], "engine": engine });
            assert_eq!(
                server.post("/v1/query", ask).await.expect(200)["count"],
                count,
                "{filter} by {engine}"
            );
        }
    }
    let refused = server.post("/v1/query", json!({ "filter": "imported = true" })).await.expect(422);
    assert!(refused["detail"].as_str().unwrap().starts_with("imported is a time"), "{refused}");
}
