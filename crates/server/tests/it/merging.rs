//! Two people who are one: their projects put together, the other's names as aliases, and all of it undone.

mod alias;
mod undo;

use serde_json::{Value, json};
use server::{
    model::{CustomerId, Email, Source},
    store::{Error, customer, log, write},
};

use crate::support::server::TestServer;

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

impl TestServer {
    async fn merge(&self, keep: &str, other: &str) -> Result<write::Merge, Error> {
        let (store, source) = (&self.app.store, Source::Import(None));
        let (keep, other) = self.two(keep, other).await?;
        let merged = write::merge_customers(store, self.account, keep, other, source).await?;
        self.is_told().await;
        Ok(merged.0)
    }

    /// Who they are, of two addresses.
    async fn two(&self, keep: &str, other: &str) -> Result<(CustomerId, CustomerId), Error> {
        let keep = customer::at(&self.app.store, self.account, keep).await?;
        Ok((keep, customer::other_at(&self.app.store, self.account, keep, other).await?))
    }

    async fn previewed(&self, keep: &str, other: &str) -> Result<write::Merge, Error> {
        let (keep, other) = self.two(keep, other).await?;
        write::preview_merge(&self.app.store, self.account, keep, other).await
    }

    async fn undo(&self, other: &str) -> Result<String, Error> {
        let undone = write::undo_merge(&self.app.store, self.account, other).await?;
        self.is_told().await;
        Ok(undone.0)
    }

    /// The log says every row, and so does the index.
    async fn is_told(&self) {
        let report = log::check(&self.app.store, self.account).await.unwrap();
        assert_eq!(report.differences, 0, "{:?}", report.listed);
        self.index_ready().await;
        let report = server::store::index::check(&self.app.store, self.account).await.unwrap();
        assert_eq!(report.differences, 0, "{:?}", report.listed);
    }

    pub(crate) async fn person(&self, who: &str) -> Value {
        self.call(&self.keys.account, "GET", &format!("/v1/customers/{who}"), "").await.expect(200)
    }

    async fn emails(&self, filter: &str) -> Vec<String> {
        let body = json!({ "filter": filter, "select": ["customers"], "sort": "email" });
        let answer = self.call(&self.keys.account, "POST", "/v1/query", body.to_string()).await.expect(200);
        let customers = answer["customers"].as_array().unwrap().iter();
        customers.map(|one| one["email"].as_str().unwrap().to_owned()).collect()
    }

    /// Everything that is known, as it is compared before and after.
    async fn known(&self) -> Vec<Vec<Value>> {
        let mut all = self.dump().await;
        all.push(self.query("select to_jsonb(t) from user_alias t order by 1", &[]).await);
        for row in all.iter_mut().flatten() {
            // A row that was put back is news; what its log says is not.
            if row.get("params").is_some() && row.get("began").is_some() {
                row.as_object_mut().unwrap().remove("version");
            }
        }
        all.iter_mut().for_each(|rows| rows.sort_by_key(Value::to_string));
        all
    }

    /// A login and a billing address of one person, in a project where both are and two where one is.
    async fn two_who_are_one(&self) -> (String, String) {
        let (_, shop) = self.project("shop").await;
        let (_, news) = self.project("news").await;
        let at = |call: Value, day: &str| {
            let mut call = call;
            call["timestamp"] = json!(day);
            call
        };
        let login = json!({ "email": "ada@login.com", "user_id": "u1", "name": "Ada", "params": { "plan": "free", "seats": 2 } });
        self.identify(at(login, "2024-01-01")).await;
        let bill = json!({ "email": "billing@ada.com", "user_id": "cus_9", "name": "Ada Ltd", "status": "paid", "params": { "mrr": 19.90, "plan": "pro" } });
        self.identify(at(bill, "2024-02-01")).await;
        self.identify(at(json!({ "email": "ada@login.com", "params": { "seats": 3 } }), "2024-03-01")).await;
        self.identify(at(json!({ "email": "billing@ada.com", "unset": ["plan"] }), "2024-03-02")).await;
        for (key, who) in [(&shop, "billing@ada.com"), (&news, "ada@login.com")] {
            let call = json!({ "email": who, "user_id": who, "params": { "in": who } });
            self.call(key, "POST", "/v1/identify", call.to_string()).await.expect(200);
        }
        let blocked = json!({ "email": "billing@ada.com", "params": { "mrr": 1 } }).to_string();
        self.call(&self.keys.publishable, "POST", "/v1/identify", blocked).await.expect(202);
        (shop, news)
    }
}

#[tokio::test]
async fn projects_are_put_together_and_the_newer_value_of_each_key_holds() {
    let server = TestServer::start().await;
    let (shop, _) = server.two_who_are_one().await;
    let other = server.person("billing@ada.com").await["id"].clone();
    let merge = server.merge("ada@login.com", "billing@ada.com").await.unwrap();
    assert_eq!(
        (merge.keep.as_str(), merge.other.as_str(), merge.parts.len()),
        ("ada@login.com", "billing@ada.com", 2)
    );
    let person = server.person("ada@login.com").await;
    assert_eq!(person["aliases"], json!(["billing@ada.com"]));
    let in_project = |slug: &str| {
        let all = person["relationships"].as_array().unwrap();
        all.iter().find(|one| one["project"] == slug).unwrap_or_else(|| panic!("{person}")).clone()
    };
    let app = in_project("app");
    assert_eq!(app["params"], json!({ "seats": 3, "mrr": 19.90 }), "plan was removed later than it was set");
    assert_eq!(
        (&app["status"], &app["name"], &app["user_id"]),
        (&json!("paid"), &json!("Ada Ltd"), &json!("cus_9"))
    );
    assert_eq!(
        (&app["status_since"], &app["first_paid"], &app["first_seen"]),
        (&json!("2024-02-01T00:00:00Z"), &json!("2024-02-01T00:00:00Z"), &json!("2024-01-01T00:00:00Z"))
    );
    assert_eq!(in_project("shop")["params"], json!({ "in": "billing@ada.com" }));
    assert_eq!(in_project("news")["params"], json!({ "in": "ada@login.com" }));
    let births: i64 =
        server.changes("ada@login.com").await.iter().filter(|change| change["created"] == true).count()
            as i64;
    assert_eq!((births, server.count("relationship").await), (3, 3));
    assert_eq!(server.days("ada@login.com", 2024).await, [1, 32, 61, 62], "both were there");
    assert_eq!(server.emails("").await, ["ada@login.com"], "one person, in the index too");
    for who in ["billing@ada.com", "cus_9", "u1", other.as_str().unwrap()] {
        assert_eq!(server.person(who).await["email"], "ada@login.com", "{who}");
    }
    let seen = server.call(&shop, "GET", "/v1/customers/ada@login.com", "").await.expect(200);
    assert_eq!(seen["aliases"], json!(["billing@ada.com"]), "its own history names it");
}

#[tokio::test]
async fn later_calls_find_the_person_under_every_name() {
    let server = TestServer::start().await;
    let (_, news) = server.two_who_are_one().await;
    server.merge("ada@login.com", "billing@ada.com").await.unwrap();
    let id = server.person("ada@login.com").await["id"].clone();
    for (n, who) in [
        json!({ "email": "billing@ada.com" }),
        json!({ "email": "Billing@Ada.com", "user_id": "cus_9" }),
        json!({ "user_id": "u1" }),
        json!({ "user_id": "u1", "email": "billing@ada.com" }),
        json!({ "user_id": "u1", "email": "ada@login.com" }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut call = who.clone();
        call["params"] = json!({ "n": n });
        let answer = server.identify(call).await;
        assert_eq!((&answer["customer"], &answer["created"]), (&id, &json!(false)), "{who}");
        let row = server.row(server.project.id, "ada@login.com").await.unwrap();
        assert_eq!((&row["params"]["n"], &row["user_id"]), (&json!(n), &json!("cus_9")), "{who}");
        server.ping(who).await;
    }
    let call = json!({ "email": "billing@ada.com", "params": { "n": 1 } }).to_string();
    let told = server.call(&news, "POST", "/v1/identify", call).await.expect(200);
    assert_eq!((&told["customer"], &told["created"]), (&id, &json!(false)), "where the other never was");
    assert_eq!(server.emails("").await, ["ada@login.com"]);
    server.is_told().await;
    let late =
        json!({ "email": "billing@ada.com", "user_id": "u1", "status": "trial", "timestamp": "2024-01-15" });
    assert_eq!(server.identify(late).await["stale"], json!(["status"]));
    server.is_told().await;
}

#[tokio::test]
async fn a_person_with_aliases_goes_on_to_another_address() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "a@x.com", "user_id": "a" })).await;
    server.identify(json!({ "email": "b@x.com", "user_id": "b" })).await;
    server.merge("a@x.com", "b@x.com").await.unwrap();
    // By the id that is an alias; then by hand.
    server.identify(json!({ "email": "c@x.com", "user_id": "a" })).await;
    for who in ["b@x.com", "a", "b", "c@x.com"] {
        assert_eq!(server.person(who).await["email"], "c@x.com", "{who}");
    }
    write::move_customer(
        &server.app.store,
        server.account,
        &email("b@x.com"),
        &email("d@x.com"),
        Source::Import(None),
    )
    .await
    .unwrap();
    assert_eq!(server.person("b@x.com").await["email"], "d@x.com");
    let clash = write::move_customer(
        &server.app.store,
        server.account,
        &email("d@x.com"),
        &email("b@x.com"),
        Source::Import(None),
    )
    .await;
    assert!(matches!(clash, Err(Error::Conflict(detail)) if detail.contains("of one customer already")));
    // To the alias of somebody who is not in the project: it comes to them.
    let (_, other) = server.project("other").await;
    let call = json!({ "email": "z@x.com", "user_id": "z" }).to_string();
    server.call(&other, "POST", "/v1/identify", call).await.expect(200);
    let call = json!({ "email": "b@x.com", "user_id": "z" }).to_string();
    server.call(&other, "POST", "/v1/identify", call).await.expect(200);
    assert_eq!(server.person("b@x.com").await["relationships"].as_array().unwrap().len(), 2);
    assert_eq!(server.emails("").await, ["d@x.com"]);
    server.is_told().await;
}

#[tokio::test]
async fn a_payer_stays_one_when_a_later_account_began_as_free() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "a@x.com", "status": "paid", "timestamp": "2024-01-01" })).await;
    server.identify(json!({ "email": "b@x.com", "timestamp": "2024-02-01" })).await;
    server.identify(json!({ "email": "c@x.com", "status": "churned", "timestamp": "2024-03-01" })).await;
    for keep in ["a@x.com", "b@x.com"] {
        let other = if keep == "a@x.com" { "b@x.com" } else { "a@x.com" };
        server.merge(keep, other).await.unwrap();
        let row = server.row(server.project.id, keep).await.unwrap();
        assert_eq!(
            (&row["status"], &row["status_since"]),
            (&json!("paid"), &json!("2024-01-01T00:00:00+00:00"))
        );
        server.undo(other).await.unwrap();
    }
    server.merge("a@x.com", "c@x.com").await.unwrap();
    let row = server.row(server.project.id, "a@x.com").await.unwrap();
    assert_eq!(
        (&row["status"], &row["first_paid"]),
        (&json!("churned"), &json!("2024-01-01T00:00:00+00:00"))
    );
}

/// Imports date by the day: of two that are level the kept one's word holds, whichever was stored first, and nobody who has
/// paid loses the date.
#[tokio::test]
async fn of_equal_dates_who_is_kept_wins_and_a_payment_is_never_lost() {
    let server = TestServer::start().await;
    let (day, next) = (json!("2024-01-01T00:00:00+00:00"), json!("2024-01-01T00:00:00.000001+00:00"));
    let file = "email,status,plan,mrr,first_seen,first_paid\n\
                paid@x.com,paid,pro,29,2024-01-01,2024-01-01\nfree@x.com,free,free,0,2024-01-01,\n\
                left@x.com,churned,old,5,2024-01-01,\nlate@x.com,paid,pro,29,2024-01-01,2024-01-01\n";
    server.call(&server.keys.secret, "POST", "/v1/imports?name=a.csv", file).await.expect(200);
    let again = json!({ "email": "trial@x.com", "status": "trial", "timestamp": "2024-01-01", "params": { "mrr": 1 } });
    server.identify(again).await;
    let before = server.known().await;
    for (keep, other, status, plan, mrr, since) in [
        ("paid@x.com", "free@x.com", "paid", "pro", 29, &day),
        ("paid@x.com", "left@x.com", "paid", "pro", 29, &day),
        ("late@x.com", "left@x.com", "paid", "pro", 29, &day),
        ("paid@x.com", "trial@x.com", "paid", "pro", 29, &day),
        ("free@x.com", "paid@x.com", "free", "free", 0, &next),
        ("left@x.com", "paid@x.com", "churned", "old", 5, &next),
        ("left@x.com", "late@x.com", "churned", "old", 5, &next),
        ("trial@x.com", "paid@x.com", "trial", "pro", 1, &next),
    ] {
        let case = format!("{keep} {other}");
        let preview = server.previewed(keep, other).await.unwrap();
        let merged = server.merge(keep, other).await.unwrap();
        assert_eq!(preview.parts[0].of_other, merged.parts[0].of_other, "{case}");
        let row = server.row(server.project.id, keep).await.unwrap();
        let params = json!({ "plan": plan, "mrr": mrr });
        assert_eq!((&row["status"], &row["params"]), (&json!(status), &params), "{case}");
        assert_eq!((&row["status_since"], &row["first_paid"]), (since, &day), "{case}");
        server.undo(other).await.unwrap();
        assert_eq!(server.known().await, before, "{case}");
    }
}

#[tokio::test]
async fn what_cannot_be_merged_is_told() {
    let server = TestServer::start().await;
    let half = "x".repeat(600 << 10);
    server.identify(json!({ "email": "a@x.com", "params": { "a": half } })).await;
    server.identify(json!({ "email": "b@x.com", "params": { "b": half } })).await;
    server.identify(json!({ "email": "c@x.com" })).await;
    let before = server.dump().await;
    for (keep, other, told) in [
        ("a@x.com", "a@x.com", "of one customer already"),
        ("a@x.com", "nobody@x.com", "nobody has the address nobody@x.com"),
        ("nobody@x.com", "a@x.com", "nobody has the address nobody@x.com"),
        ("a@x.com", "b@x.com", "they have at most 1048576"),
    ] {
        let error = server.merge(keep, other).await.unwrap_err();
        assert!(
            matches!(&error, Error::Conflict(detail) if detail.contains(told)),
            "{keep} {other}: {error}"
        );
    }
    assert_eq!(server.dump().await, before);
    server.merge("a@x.com", "c@x.com").await.unwrap();
    let error = server.merge("c@x.com", "a@x.com").await.unwrap_err();
    assert!(matches!(error, Error::Conflict(detail) if detail.contains("of one customer already")));
}

#[tokio::test]
async fn changes_of_one_place_find_room() {
    let server = TestServer::start().await;
    for (email, plan) in [("a@x.com", "kept"), ("b@x.com", "other")] {
        server
            .identify(json!({ "email": email, "params": { "plan": plan }, "timestamp": "2024-01-01" }))
            .await;
        server.identify(json!({ "email": email, "params": { "n": plan }, "timestamp": "2024-01-01" })).await;
    }
    // As an upgrade has left them.
    let client = server.db.client().await;
    client.execute("update change set seq = version, version = 0", &[]).await.unwrap();
    client.execute("update change set seq = seq - 2 where seq > 2", &[]).await.unwrap();
    server.is_told().await;
    let before = server.known().await;
    server.merge("a@x.com", "b@x.com").await.unwrap();
    let row = server.row(server.project.id, "a@x.com").await.unwrap();
    assert_eq!(
        row["params"],
        json!({ "plan": "kept", "n": "kept" }),
        "of two that were level the kept one's holds"
    );
    server.undo("b@x.com").await.unwrap();
    assert_eq!(server.known().await, before);
}
