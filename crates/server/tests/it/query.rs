//! `/v1/query`: the product page's story, what every part answers, and what is refused.

use serde_json::{Value, json};

use crate::support::server::TestServer;

/// Ada signs up, upgrades, and uses a second product; Grace and Linus stay.
pub(crate) async fn story() -> TestServer {
    let server = TestServer::start().await;
    let ada = json!({ "source": "producthunt", "referral": null, "signed_up_at": "2026-01-15T10:00:00Z" });
    server.identify(json!({ "email": "Ada@Example.com", "name": "Ada", "params": ada })).await;
    let mrr: Value = serde_json::from_str("19.90").unwrap();
    let pro = json!({ "plan": "pro", "mrr": mrr, "upgraded_at": "2026-02-01", "billing_cycle": "monthly" });
    server.identify(json!({ "email": "ada@example.com", "status": "paid", "params": pro })).await;
    let grace = json!({ "plan": "pro", "mrr": 0.1, "referral": "ada", "beta": false });
    server.identify(json!({ "email": "grace@example.com", "status": "paid", "params": grace })).await;
    let linus = json!({ "plan": "Pro", "mrr": "free", "referral": "ada", "tags": ["vip", "beta"] });
    server.identify(json!({ "email": "linus@kernel.org", "name": "Linus", "params": linus })).await;
    let (_, other) = server.project("newsletter").await;
    let body = json!({ "email": "ada@example.com", "name": "Ada L.", "params": { "role": "viewer" } });
    server.call(&other, "POST", "/v1/identify", body.to_string()).await.expect(200);
    server
}

pub(crate) async fn ask(server: &TestServer, question: Value) -> Value {
    server.post("/v1/query", question).await.expect(200)
}

async fn count(server: &TestServer, filter: &str) -> u64 {
    ask(server, json!({ "filter": filter, "select": ["count"] })).await["count"].as_u64().unwrap()
}

#[tokio::test]
async fn the_product_pages_story() {
    let server = story().await;
    let pros = ask(&server, json!({ "filter": "plan = pro", "aggregates": ["sum(params.mrr)"] })).await;
    assert_eq!(pros["filter"], "params.plan = \"pro\"");
    assert_eq!(pros["count"], 2);
    assert_eq!(pros["aggregates"][0]["value"].to_string(), "20", "19.90 and 0.1, to the cent");
    let found = ask(&server, json!({ "filter": "email = \"ADA@example.com\"" })).await;
    let ada = &found["customers"][0];
    let params = &ada["relationships"][0]["params"];
    assert_eq!((ada["name"].as_str(), params["plan"].as_str()), (Some("Ada"), Some("pro")));
    assert_eq!((params["source"].as_str(), &params["referral"]), (Some("producthunt"), &Value::Null));
    assert_eq!(params["mrr"].to_string(), "19.90", "its decimals as they were written");
    for (filter, expected) in [
        ("params.referral exists", 3),
        ("params.referral is null", 1),
        ("params.beta = false", 1),
        ("not params.beta exists", 2),
        ("params.beta != true", 3),
        ("params.tags has \"vip\"", 1),
        ("params.mrr > 0", 2),
        ("params.plan != \"pro\"", 1),
        ("params.source = \"nowhere\"", 0),
        ("", 3),
    ] {
        assert_eq!(count(&server, filter).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn groups_rank_and_add_up() {
    let server = story().await;
    let question = json!({ "select": ["groups"], "group_by": "params.referral", "aggregates": ["sum(mrr)", "avg(mrr)"] });
    let groups = ask(&server, question).await["groups"].take();
    assert_eq!(groups["by"], "params.referral");
    let rows = groups["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["value"], &rows[0]["count"]), (&json!("ada"), &json!(2)));
    assert_eq!(rows[0]["by_status"], json!({ "free": 1, "trial": 0, "paid": 1, "churned": 0 }));
    assert_eq!(rows[0]["aggregates"][0]["skipped"], 1, "\"free\" is no number");
    assert_eq!((&rows[1]["value"], rows[1]["type"].as_str()), (&Value::Null, Some("null")));
    assert_eq!(rows[1]["share"].to_string(), "0.333333");
    assert_eq!(groups["missing"], Value::Null);
    let months = ask(&server, json!({ "select": ["groups"], "group_by": "month(signed_up_at)" })).await;
    let first = &months["groups"]["rows"][0];
    assert_eq!((first["value"].as_str(), first["from"].as_str()), (Some("2026-01"), Some("2026-01-01")));
    assert_eq!(months["groups"]["missing"]["count"], 2);
    let buckets = ask(&server, json!({ "select": ["groups"], "group_by": "bucket(mrr, 10)" })).await;
    let first = &buckets["groups"]["rows"][0];
    assert_eq!((first["value"].to_string(), first["to"].to_string()), ("0".to_owned(), "10".to_owned()));
    assert_eq!(buckets["groups"]["skipped"]["count"], 1);
}

#[tokio::test]
async fn facets_know_types_and_members() {
    let server = story().await;
    let answer = ask(&server, json!({ "select": ["facets"], "facets": ["status", "auto"] })).await;
    let facets = answer["facets"].as_array().unwrap();
    assert_eq!(facets[0]["field"], "status");
    let facet = |field: &str| {
        facets.iter().find(|facet| facet["field"] == field).unwrap_or_else(|| panic!("{field}"))
    };
    assert_eq!(facet("params.mrr")["types"], json!({ "number": 2, "string": 1 }));
    assert_eq!(facet("params.plan")["values"][0]["value"], "pro");
    let vip = json!({ "value": "vip", "type": "string", "member": true, "count": 1 });
    assert_eq!(facet("params.tags")["values"][1], vip);
    assert_eq!(answer.get("count"), None, "nothing is computed that was not selected");
}

/// From "pro" one goes to "starter" in one click: a facet counts its values without the filter's own condition on it.
#[tokio::test]
async fn a_facet_keeps_what_is_beside_the_chosen() {
    let server = TestServer::start().await;
    for (person, plan, status, tag) in [
        ("a", "pro", "paid", "vip"),
        ("b", "pro", "paid", "eu"),
        ("c", "starter", "paid", "eu"),
        ("d", "starter", "free", "eu"),
        ("e", "team", "free", "vip"),
    ] {
        let params = json!({ "plan": plan, "tags": [tag], "token": person });
        server
            .identify(json!({ "email": format!("{person}@x.com"), "status": status, "params": params }))
            .await;
    }
    server.index_ready().await;
    for engine in ["index", "sql"] {
        let asked = |filter: &str, facets: Value| json!({ "filter": filter, "select": ["count", "facets"], "facets": facets, "lift_own": true, "engine": engine });
        let named = ["params.plan", "status", "params.tags"];
        let answer = ask(&server, asked("plan = pro and status = paid", json!(named))).await;
        let [plan, status, tags] = [0, 1, 2].map(|place| &answer["facets"][place]);
        let counts = |facet: &Value| {
            let values = facet["values"].as_array().unwrap().iter();
            let count = |value: &Value| format!("{}: {}", value["value"].as_str().unwrap(), value["count"]);
            values.map(count).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(answer["count"], 2, "the answer itself is of the whole filter");
        assert_eq!(counts(plan), "pro: 2, starter: 1", "{engine}: of those who pay");
        assert_eq!(plan["lifted"], json!({ "filter": "status = \"paid\"", "relationships": 3 }), "{engine}");
        assert_eq!(counts(status), "paid: 2", "{engine}: nobody on pro is free");
        assert_eq!(counts(tags), "eu: 1, vip: 1", "{engine}: nothing is asked of the tags");
        assert_eq!(tags.get("lifted"), None, "{engine}");
        // What is chosen stays in the list, and its path among the facets, also where nobody has it.
        let answer =
            ask(&server, asked("plan in (team, gold) and status = paid and tags has 7", json!("auto"))).await;
        assert_eq!(answer["count"], 0);
        let facets = answer["facets"].as_array().unwrap();
        assert_eq!(facets.len(), 2, "{engine}: {answer:#}");
        assert_eq!(
            (&facets[0]["field"], &facets[1]["field"]),
            (&json!("params.plan"), &json!("params.tags"))
        );
        assert_eq!(counts(&facets[0]), "gold: 0, team: 0", "{engine}");
        assert_eq!(
            facets[1]["values"],
            json!([{ "value": 7, "type": "number", "member": true, "count": 0 }])
        );
        // Without being asked for it nothing is lifted.
        let plain = json!({ "filter": "plan = pro", "select": ["facets"], "facets": ["params.plan"], "engine": engine });
        let plain = ask(&server, plain).await;
        assert_eq!(counts(&plain["facets"][0]), "pro: 2", "{engine}");
        assert_eq!(plain["facets"][0].get("lifted"), None);
    }
    let path = "/v1/query?filter=plan%3Dpro&select=facets&facets=params.plan&lift_own=true";
    let answer = server.get(path).await.expect(200);
    assert_eq!(answer["facets"][0]["lifted"], json!({ "filter": "", "relationships": 5 }));
}

/// A value beyond those that are listed, and one of a path with too many to list, are told all the same.
#[tokio::test]
async fn the_chosen_value_is_told_however_many_there_are() {
    let server = TestServer::start().await;
    for batch in 0..2 {
        let person = |number: i32| {
            let (few, id) = (number % 40, format!("t{number}"));
            json!({ "email": format!("p{number}@x.com"), "params": { "few": few, "id": id } })
        };
        let items: Vec<Value> = (batch * 600..(batch + 1) * 600).map(person).collect();
        server.post("/v1/batch", json!({ "items": items })).await.expect(200);
    }
    server.index_ready().await;
    for engine in ["index", "sql"] {
        let question = json!({ "filter": "few = 39 and id = \"t79\"", "select": ["facets"], "facets": ["few", "id"],
            "lift_own": true, "engine": engine });
        let answer = ask(&server, question).await;
        let few = answer["facets"][0]["values"].as_array().unwrap();
        assert_eq!(few.len(), 1, "{engine}: of those with this id");
        assert_eq!(
            answer["facets"][1]["values"].as_array().unwrap().len(),
            20 + 1,
            "{engine}: t79 comes after the first twenty"
        );
        let question = json!({ "filter": "few = 39", "select": ["facets"], "facets": ["few"], "lift_own": true, "engine": engine });
        let answer = ask(&server, question).await;
        let few = answer["facets"][0]["values"].as_array().unwrap();
        assert_eq!(
            (few.len(), &few[20]["value"], &few[20]["count"]),
            (21, &json!(39), &json!(30)),
            "{engine}"
        );
        let question = json!({ "filter": "id = \"t7\"", "select": ["facets"], "facets": ["id"], "lift_own": true, "engine": engine });
        let id = &ask(&server, question).await["facets"][0];
        assert_eq!((&id["distinct"], id["coverage"].as_u64()), (&Value::Null, Some(1_200)), "{engine}");
        let t7 = json!([{ "value": "t7", "type": "string", "member": false, "count": 1 }]);
        assert_eq!((&id["values"], id["range"].is_object()), (&t7, true), "{engine}");
    }
}

#[tokio::test]
async fn the_address_asks_the_same() {
    let server = story().await;
    let path = "/v1/query?filter=plan+%3D+pro&aggregates=sum(params.mrr),max(params.mrr)&select=aggregates,count&limit=5";
    let answer = server.get(path).await.expect(200);
    assert_eq!((&answer["count"], answer["aggregates"].as_array().unwrap().len()), (&json!(2), 2));
    for (path, number) in [
        ("/v1/query?filter=plan%3Dpro", "2"),
        ("/v1/query?filter=plan%3Dpro&aggregates=sum(mrr)", "20"),
        ("/v1/query?filter=plan%3Dpro&aggregates=max(upgraded_at)", "2026-02-01"),
    ] {
        let request = axum::http::Request::get(path)
            .header("authorization", format!("Bearer {}", server.keys.secret))
            .header("accept", "text/plain");
        let answer = server.send(request.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, number), "{path}");
    }
}

#[tokio::test]
async fn keys_see_what_is_theirs() {
    let server = story().await;
    let wide = server.call(&server.keys.account, "POST", "/v1/query", "{}").await.expect(200);
    assert_eq!((&wide["count"], &wide["relationships"]), (&json!(3), &json!(4)));
    let ada =
        wide["customers"].as_array().unwrap().iter().find(|row| row["email"] == "ada@example.com").unwrap();
    assert_eq!(ada["name"], "Ada L.", "the name given last");
    assert_eq!(ada["relationships"].as_array().unwrap().len(), 2);
    let both = json!({ "filter": "plan = pro and in project newsletter" }).to_string();
    let both = server.call(&server.keys.account, "POST", "/v1/query", both).await.expect(200);
    assert_eq!((&both["count"], &both["relationships"]), (&json!(1), &json!(1)));
    let one = json!({ "project": "newsletter" }).to_string();
    assert_eq!(
        server.call(&server.keys.account, "POST", "/v1/query", one.clone()).await.expect(200)["count"],
        1
    );
    let other = server.call(&server.keys.secret, "POST", "/v1/query", one).await.expect(404);
    assert_eq!(other["code"], "not_found");
    let refused = server.post("/v1/query", json!({ "filter": "in project newsletter" })).await.expect(422);
    assert_eq!(refused["code"], "invalid_filter");
    assert!(!refused.to_string().contains("viewer"));
    assert_eq!(server.call(&server.keys.publishable, "POST", "/v1/query", "{}").await.status, 403);
    assert_eq!(server.call("tcrm_read_x", "POST", "/v1/query", "{}").await.status, 401);
}

#[tokio::test]
async fn pages_follow_each_other_and_no_other_query() {
    let server = story().await;
    let question = |sort: &str, cursor: &Value| json!({ "select": ["customers"], "sort": sort, "limit": 1, "cursor": cursor });
    let mut emails = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let page = ask(&server, question("-params.mrr", &cursor)).await;
        emails.extend(
            page["customers"].as_array().unwrap().iter().map(|row| row["email"].as_str().unwrap().to_owned()),
        );
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
        let other = server.post("/v1/query", question("params.mrr", &cursor)).await.expect(422);
        assert_eq!(other["code"], "cursor_mismatch");
    }
    assert_eq!(emails, ["linus@kernel.org", "ada@example.com", "grace@example.com"]);
    let forged = server.post("/v1/query", question("-params.mrr", &json!("x"))).await.expect(422);
    assert_eq!(forged["code"], "invalid_cursor");
}

/// What is asked for is answered, also where `select` names other parts.
#[tokio::test]
async fn nothing_that_is_asked_for_is_dropped() {
    let server = story().await;
    let parts = |answer: &Value| {
        let all = ["count", "customers", "aggregates", "groups", "facets"];
        all.into_iter().filter(|part| answer.get(part).is_some()).collect::<Vec<_>>()
    };
    for (address, expected) in [
        ("select=count&aggregates=sum(mrr)", vec!["count", "aggregates"]),
        ("select=count&group_by=params.plan", vec!["count", "groups"]),
        ("select=count&aggregates=sum(mrr)&group_by=params.plan", vec!["count", "aggregates", "groups"]),
        ("select=groups&aggregates=sum(mrr)&group_by=params.plan", vec!["groups"]),
        ("select=customers&facets=auto", vec!["customers", "facets"]),
        ("select=count", vec!["count"]),
    ] {
        let answer = server.get(&format!("/v1/query?{address}")).await.expect(200);
        assert_eq!(parts(&answer), expected, "{address}: {answer}");
    }
    let path = "/v1/query?select=count&aggregates=sum(mrr)&group_by=params.plna";
    let warnings = server.get(path).await.expect(200)["warnings"].take();
    assert_eq!(warnings[0]["fix"], "params.plan", "{warnings}");
}

/// A name that an address does not have is refused as an unknown field of a body is, with the names that there are.
#[tokio::test]
async fn addresses_have_no_unknown_names() {
    let server = story().await;
    for (path, name, known) in [
        ("/v1/query?select=count&aggregate=sum(mrr)", "aggregate", "aggregates"),
        ("/v1/query?filtr=status+%3D+paid", "filtr", "filter"),
        ("/v1/export?filtr=status+%3D+paid", "filtr", "filter"),
        ("/v1/params?tests=true", "tests", "test"),
        ("/v1/customers/ada@example.com?curser=x", "curser", "cursor"),
    ] {
        let problem = server.get(path).await.expect(422);
        let error = &problem["errors"][0];
        assert_eq!(error["pointer"], format!("/{name}"), "{path}");
        let detail = error["detail"].as_str().unwrap();
        assert!(detail.contains(&format!("`{known}`")), "{path}: {detail}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_and_placed() {
    let server = TestServer::start().await;
    let body = json!({ "limit": 0, "sort": "params.", "aggregates": ["sum(email)"], "group_by": "decade(x)", "select": ["x"], "facets": ["first_seen"] });
    let problem = server.post("/v1/query", body).await.expect(422);
    let mut pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/aggregates/0", "/facets/0", "/group_by", "/limit", "/select/0", "/sort"]);
    let unknown = server.post("/v1/query", json!({ "filer": "x", "limit": "ten" })).await.expect(422);
    assert_eq!(unknown["errors"].as_array().unwrap().len(), 2, "{unknown}");
    let problem = server.post("/v1/query", json!({ "filter": "params.plan = " })).await.expect(422);
    assert_eq!(problem["code"], "invalid_filter");
    assert_eq!(problem["place"]["line"], 1);
    let late = server.post("/v1/query", json!({ "min_version": 1_000, "select": ["count"] }));
    assert_eq!(late.await.expect(503)["code"], "version_not_reached");
    assert_eq!(
        server.call(&server.keys.secret, "POST", "/v1/query", "[1]").await.expect(400)["code"],
        "invalid_json"
    );
    assert_eq!(server.get("/v1/query?limit=1&limit=2").await.status, 422);
    for limit in ["50", "50.0", "5e1", "null"] {
        let body = format!(r#"{{"limit":{limit}}}"#);
        server.call(&server.keys.secret, "POST", "/v1/query", body).await.expect(200);
    }
    server.post("/v1/query", json!({ "limit": 1.5 })).await.expect(422);
    assert_eq!(server.get("/v1/query?filter=%ff").await.status, 400);
}

#[tokio::test]
async fn an_answer_waits_for_the_version_that_it_must_have() {
    let server = TestServer::start().await;
    let waiting = server.post("/v1/query", json!({ "min_version": 2, "select": ["count"] }));
    let writing = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        server.identify(json!({ "email": "late@example.com" })).await
    };
    let (answer, _) = futures_util::future::join(waiting, writing).await;
    let answer = answer.expect(200);
    assert_eq!((&answer["count"], &answer["version"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn a_query_that_is_stopped_says_so() {
    let server = TestServer::start().await;
    let locker = server.db.client().await;
    locker.batch_execute("begin; lock table relationship").await.unwrap();
    // Of Postgres: the index, once it is loaded, waits for no lock.
    let asking = server.post("/v1/query", json!({ "select": ["count"], "engine": "sql" }));
    let stopping = async {
        let canceller = server.db.client().await;
        let sql = "select pg_cancel_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'";
        while canceller.query(sql, &[]).await.unwrap().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let (answer, ()) = futures_util::future::join(asking, stopping).await;
    assert_eq!(answer.expect(422)["code"], "query_too_slow");
    locker.batch_execute("rollback").await.unwrap();
    assert_eq!(
        server.post("/v1/query", json!({})).await.expect(200)["count"],
        0,
        "the connection still serves"
    );
}

#[tokio::test]
async fn large_customers_make_short_pages() {
    let server = TestServer::start().await;
    for n in 0..7 {
        let text = "x".repeat(900 << 10);
        server.identify(json!({ "email": format!("p{n}@x.com"), "params": { "text": text } })).await;
    }
    let first = ask(&server, json!({ "sort": "email" })).await;
    assert_eq!(
        (&first["count"], first["customers"].as_array().unwrap().len()),
        (&json!(7), 5),
        "4 MiB and one more"
    );
    let second = ask(&server, json!({ "sort": "email", "cursor": first["next"] })).await;
    assert_eq!(second["customers"][0]["email"], "p5@x.com");
    assert_eq!((second["customers"].as_array().unwrap().len(), &second["next"]), (2, &Value::Null));
}
