//! `/v1/segments`: saved in their strict form, used by their names, seen by whom they belong to.

use jiff::ToSpan as _;
use serde_json::{Value, json};
use server::{
    model::{
        ProjectId, Slug, now,
        ready::{READY, Ready},
    },
    store::{
        View,
        query::Error,
        segment::{self, Draft, Segment},
    },
};

use crate::support::server::TestServer;

async fn count(server: &TestServer, filter: &str) -> Value {
    count_with(server, &server.keys.secret, json!({ "filter": filter })).await
}

async fn count_with(server: &TestServer, key: &str, mut query: Value) -> Value {
    query["select"] = json!(["count"]);
    let answer = server.call(key, "POST", "/v1/query", query.to_string()).await;
    answer.expect(200)["count"].clone()
}

/// Saves a segment of the account, or of a project, as a member does.
async fn save(
    server: &TestServer,
    project: Option<ProjectId>,
    name: &str,
    filter: &str,
) -> Result<Segment, Error> {
    let slug = Slug::nearest(name).unwrap();
    let draft = Draft { slug, name: name.to_owned(), filter: filter.to_owned(), project };
    segment::create(&server.app.store, &View::account(server.account), &draft, now()).await
}

/// What a refusal says.
fn conflict(refused: Result<Segment, Error>) -> String {
    match refused {
        Err(Error::Store(server::store::Error::Conflict(detail))) => detail,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_segment_is_made_used_changed_and_deleted() {
    let server = TestServer::start().await;
    for (email, mrr) in [("a@x.com", 10), ("b@x.com", 30)] {
        server.identify(json!({ "email": email, "params": { "mrr": mrr } })).await;
    }
    let made = server
        .post("/v1/segments", json!({ "name": "Power Users", "filter": "mrr >= 29" }))
        .await
        .expect(201);
    assert_eq!((&made["slug"], &made["filter"]), (&json!("power-users"), &json!("params.mrr >= 29")));
    assert!(!made["description"].as_str().unwrap().is_empty());
    assert_eq!(count(&server, "in segment \"Power Users\"").await, 1);
    assert_eq!(count(&server, "not in segment power-users").await, 1);
    let body = json!({ "name": "Everybody", "filter": "" }).to_string();
    let path = "/v1/segments/power-users";
    let changed = server.call(&server.keys.secret, "PUT", path, body).await.expect(200);
    assert_eq!((&changed["slug"], &changed["name"]), (&json!("power-users"), &json!("Everybody")));
    assert_eq!(count(&server, "in segment Everybody").await, 2);
    assert_eq!(server.get("/v1/segments").await.expect(200)["segments"].as_array().unwrap().len(), 1);
    assert_eq!(server.get(path).await.expect(200)["filter"], "");
    assert_eq!(server.call(&server.keys.secret, "DELETE", path, "").await.status, 204);
    assert_eq!(server.call(&server.keys.secret, "DELETE", path, "").await.status, 404);
    let gone = server.post("/v1/query", json!({ "filter": "in segment Everybody" })).await.expect(422);
    assert_eq!(gone["code"], "invalid_filter");
}

#[tokio::test]
async fn what_is_no_segment_is_refused() {
    let server = TestServer::start().await;
    server.post("/v1/segments", json!({ "name": "a", "filter": "plan = pro" })).await.expect(201);
    for (body, status, code) in [
        (json!({ "name": "a", "filter": "plan = free" }), 409, "conflict"),
        (json!({ "name": "b", "filter": "plan =" }), 422, "invalid_filter"),
        (json!({ "name": "b", "filter": "in segment b" }), 422, "invalid_filter"),
        (json!({ "name": "b" }), 422, "invalid_fields"),
        (json!({ "filter": "x = 1" }), 422, "invalid_fields"),
        (json!({ "name": "日本", "filter": "x = 1" }), 422, "invalid_fields"),
        (json!({ "name": "b", "slug": "No Slug", "filter": "x = 1" }), 422, "invalid_fields"),
        (
            json!({ "name": "b", "filter": "x = 1", "account_id": "00000000-0000-0000-0000-000000000000" }),
            422,
            "invalid_fields",
        ),
        (json!({ "name": "b", "filter": "x = 1", "project": "other" }), 422, "invalid_fields"),
    ] {
        let problem = server.post("/v1/segments", body.clone()).await;
        assert_eq!(problem.expect(status)["code"], code, "{body}");
    }
    let circle = json!({ "name": "a", "filter": "in segment a" }).to_string();
    let problem = server.call(&server.keys.secret, "PUT", "/v1/segments/a", circle).await;
    assert_eq!(problem.expect(422)["code"], "invalid_filter", "a segment may not lead back to itself");
}

#[tokio::test]
async fn segments_belong_to_their_project() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    let body = json!({ "name": "theirs", "filter": "x = 1" }).to_string();
    server.call(&other, "POST", "/v1/segments", body.clone()).await.expect(201);
    assert_eq!(server.get("/v1/segments").await.expect(200)["segments"], json!([]));
    assert_eq!(server.get("/v1/segments/theirs").await.status, 404);
    assert_eq!(server.call(&server.keys.secret, "DELETE", "/v1/segments/theirs", "").await.status, 404);
    assert_eq!(
        server.call(&server.keys.secret, "PUT", "/v1/segments/theirs", body.clone()).await.status,
        404
    );
    let refused = server.post("/v1/query", json!({ "filter": "in segment theirs" })).await;
    assert_eq!(refused.expect(422)["code"], "invalid_filter");
    for key in [&server.keys.read, &server.keys.publishable, &server.keys.account] {
        assert_eq!(server.call(key, "POST", "/v1/segments", body.clone()).await.status, 403);
    }
    let seen = server.call(&server.keys.account, "GET", "/v1/segments", "").await.expect(200);
    let own = seen["segments"].as_array().unwrap().iter().filter(|segment| segment["project"] != json!(null));
    assert_eq!(own.map(|segment| &segment["slug"]).collect::<Vec<_>>(), ["theirs"]);
}

#[tokio::test]
async fn a_projects_key_learns_no_segment_of_the_account() {
    let server = TestServer::start().await;
    save(&server, None, "Whales", "params.mrr > 1000").await.unwrap();
    for name in ["whales", "whale"] {
        let body = json!({ "filter": format!("in segment {name}"), "select": ["count"] });
        let refused = server.post("/v1/query", body.clone()).await.expect(422);
        assert!(!refused.to_string().contains("Whales"), "{refused}");
    }
    let body = json!({ "filter": "in segment whales", "select": ["count"] }).to_string();
    assert_eq!(server.call(&server.keys.account, "POST", "/v1/query", body).await.expect(200)["count"], 0);
}

/// What the account calls something, no project's key can call otherwise; what another project does, no key learns.
#[tokio::test]
async fn a_name_is_of_one_segment_among_those_that_are_seen_together() {
    let server = TestServer::start().await;
    let (other, key) = server.project("other").await;
    save(&server, None, "Big Whales", "params.mrr > 1000").await.unwrap();
    save(&server, Some(other.id), "Minnows", "params.mrr < 10").await.unwrap();
    let make = async |key: &str, name: &str, slug: &str| {
        let body = json!({ "name": name, "slug": slug, "filter": "email exists" });
        server.call(key, "POST", "/v1/segments", body.to_string()).await
    };
    for (name, slug) in [("Big Whales", "x"), ("x", "big-whales"), ("big-whales", "x")] {
        let refused = make(&key, name, slug).await.expect(409);
        assert_eq!(refused["detail"], "The whole account has a segment with that name or slug already.");
    }
    for (name, slug) in [("Minnows", "x"), ("x", "minnows"), ("minnows", "x")] {
        let refused = make(&key, name, slug).await.expect(409);
        assert_eq!(refused["detail"], "There is a segment with that name or slug already.");
    }
    make(&server.keys.secret, "Minnows", "minnows").await.expect(201);
    let refused = save(&server, None, "minnows", "").await;
    assert_eq!(conflict(refused), "A project has a segment with that name or slug already.");
    make(&key, "Others", "others").await.expect(201);
    let body = json!({ "name": "Big Whales", "filter": "" }).to_string();
    assert_eq!(server.call(&key, "PUT", "/v1/segments/others", body).await.status, 409);
    let body = json!({ "name": "Others", "filter": "params.x = 1" }).to_string();
    assert_eq!(
        server.call(&key, "PUT", "/v1/segments/others", body).await.status,
        200,
        "its own name is free"
    );
    let seen = server.call(&server.keys.account, "GET", "/v1/segments", "").await.expect(200);
    let seen: Vec<_> =
        seen["segments"].as_array().unwrap().iter().map(|s| (&s["slug"], &s["project"])).collect();
    let seen: Vec<_> =
        seen.into_iter().filter(|(slug, _)| READY.iter().all(|ready| *slug != ready.slug)).collect();
    let expected = [
        ("big-whales", json!(null)),
        ("minnows", json!("other")),
        ("minnows", json!("app")),
        ("others", json!("other")),
    ];
    let expected: Vec<_> = expected.into_iter().map(|(slug, project)| (json!(slug), project)).collect();
    assert_eq!(seen, expected.iter().map(|(slug, project)| (slug, project)).collect::<Vec<_>>());
}

/// Of one name in several places, the account's goes first, then that of the project which is asked about, then the oldest;
/// in the text of a project's segment its project's.
#[tokio::test]
async fn a_name_means_one_segment_wherever_it_is_asked() {
    let server = TestServer::start().await;
    let (other, key) = server.project("other").await;
    for (key, people) in [(&server.keys.secret, 1), (&key, 3)] {
        for n in 0..people {
            let body = json!({ "email": format!("{n}@x.com"), "params": { "kind": "whale" } });
            server.call(key, "POST", "/v1/identify", body.to_string()).await.expect(200);
        }
    }
    let whales = "params.kind = whale";
    save(&server, Some(server.project.id), "whales", whales).await.unwrap();
    save(&server, Some(other.id), "whales", whales).await.unwrap();
    save(&server, Some(other.id), "fish", "in segment whales").await.unwrap();
    save(&server, None, "swimmers", "in segment whales").await.unwrap();
    for (query, customers) in [
        (json!({ "filter": "in segment whales" }), 1),
        (json!({ "filter": "in segment whales", "project": "app" }), 1),
        (json!({ "filter": "in segment whales", "project": "other" }), 3),
        (json!({ "filter": "in segment fish" }), 3),
        (json!({ "filter": "in segment swimmers", "project": "other" }), 1),
    ] {
        let counted = count_with(&server, &server.keys.account, query.clone()).await;
        assert_eq!(counted, customers, "{query}");
    }
    // As an earlier version let them be.
    let sql = "update segment set slug = 'whales', name = 'whales', filter = 'params.kind = \"none\"' where slug = 'swimmers'";
    server.db.client().await.batch_execute(sql).await.unwrap();
    server::store::set_zone(&server.app.store, server.account, "UTC").await.unwrap();
    for project in [json!(null), json!("app"), json!("other")] {
        let query = json!({ "filter": "in segment whales", "project": project });
        assert_eq!(count_with(&server, &server.keys.account, query).await, 0, "{project}");
    }
    assert_eq!(count_with(&server, &key, json!({ "filter": "in segment whales" })).await, 3);
}

/// What every account begins with: understood, of nobody where there is nobody, and not doubted; who deletes one has done so.
#[tokio::test]
async fn segments_are_ready_and_may_be_deleted() {
    let server = TestServer::start().await;
    for Ready { slug, name, filter } in READY {
        let path = format!("/v1/segments/{slug}");
        let ready = server.call(&server.keys.account, "GET", &path, "").await.expect(200);
        assert_eq!(
            (&ready["name"], &ready["filter"], &ready["project"]),
            (&json!(name), &json!(filter), &json!(null))
        );
        let query = json!({ "filter": format!("in segment {slug}"), "select": ["count"] }).to_string();
        let answer = server.call(&server.keys.account, "POST", "/v1/query", query).await.expect(200);
        assert_eq!((&answer["count"], &answer["warnings"]), (&json!(0), &json!([])), "{slug}");
    }
    let (soon, late) = (now() + 72.hours(), now() + 720.hours());
    let before = now() - 960.hours();
    for (email, at, status, params) in [
        ("soon@x.com", None, "trial", json!({ "trial_ends": soon.to_string() })),
        ("late@x.com", None, "trial", json!({ "trial_ends": late.to_string() })),
        ("paid@x.com", None, "paid", json!({ "trial_ends": soon.to_string() })),
        ("away@x.com", Some(before), "paid", json!({})),
        ("back@x.com", Some(before), "churned", json!({})),
        ("back@x.com", None, "paid", json!({})),
    ] {
        let at = at.unwrap_or_else(now).to_string();
        server.identify(json!({ "email": email, "timestamp": at, "status": status, "params": params })).await;
    }
    for (slug, found) in [
        ("trial-ends-soon", json!(["soon@x.com"])),
        ("paid-but-away", json!(["away@x.com"])),
        ("new-this-week", json!(["late@x.com", "paid@x.com", "soon@x.com"])),
        ("won-back", json!(["back@x.com"])),
    ] {
        let query = json!({ "filter": format!("in segment {slug}"), "sort": "email" }).to_string();
        let answer = server.call(&server.keys.account, "POST", "/v1/query", query).await.expect(200);
        let who: Vec<_> =
            answer["customers"].as_array().unwrap().iter().map(|who| who["email"].clone()).collect();
        assert_eq!(Value::from(who), found, "{slug}");
    }
    let id = segment::list(&server.app.store, &View::account(server.account)).await.unwrap()[0].id;
    segment::delete_by_id(&server.app.store, server.account, id).await.unwrap();
    server::store::migrate::run(&server.app.store).await.unwrap();
    let left = segment::list(&server.app.store, &View::account(server.account)).await.unwrap();
    assert!(left.len() == READY.len() - 1 && left.iter().all(|segment| segment.id != id), "{left:?}");
}

/// What a segment means is checked when it has the account's turn, with what was saved before it.
#[tokio::test]
async fn two_segments_that_are_changed_at_once_do_not_lead_to_each_other() {
    let server = TestServer::start().await;
    for (name, filter) in [("first", "status = paid"), ("second", "status = trial")] {
        save(&server, None, name, filter).await.unwrap();
    }
    let locker = server.db.client().await;
    locker.batch_execute("begin; select 1 from clock for update").await.unwrap();
    let change = |slug: &'static str, filter: &'static str| {
        let store = server.app.store.clone();
        let (view, slug) = (View::account(server.account), Slug::nearest(slug).unwrap());
        let draft = Draft { name: slug.to_string(), slug, filter: filter.to_owned(), project: None };
        async move { segment::update(&store, &view, &draft, now()).await }
    };
    let letting = async {
        let watcher = server.db.client().await;
        let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
        while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        locker.batch_execute("rollback").await.unwrap();
    };
    let (one, other, ()) = futures_util::future::join3(
        change("first", "in segment second"),
        change("second", "in segment first"),
        letting,
    )
    .await;
    let refused: Vec<&Error> = [&one, &other].into_iter().filter_map(|saved| saved.as_ref().err()).collect();
    assert!(matches!(refused[..], [Error::Filter(_)]), "{one:?} {other:?}");
    for slug in ["first", "second"] {
        let question = json!({ "filter": format!("in segment {slug}") });
        assert_eq!(
            count_with(&server, &server.keys.account, question).await,
            0,
            "{slug} still has a meaning"
        );
    }
}
