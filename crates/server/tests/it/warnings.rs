//! Warnings of answers: what the asker may have meant otherwise. Both engines say the same.

use serde_json::{Value, json};

use super::query::{ask, story};
use crate::support::server::TestServer;

/// The story, with a date in another form and a key inside another.
async fn odd() -> TestServer {
    let server = story().await;
    let params = json!({ "trial": "03/01/2026", "company": { "country": "DE" } });
    server.identify(json!({ "email": "grace@example.com", "params": params })).await;
    server.index_ready().await;
    server
}

/// The warnings of a filter, the same ones from both engines.
async fn told(server: &TestServer, filter: &str) -> Value {
    server.index_ready().await;
    let question = |engine| json!({ "filter": filter, "select": ["count"], "engine": engine });
    let [index, sql] = [ask(server, question("index")).await, ask(server, question("sql")).await];
    assert_eq!(index["warnings"], sql["warnings"], "{filter}");
    index["warnings"].clone()
}

#[tokio::test]
async fn warnings_explain_a_zero() {
    let server = odd().await;
    for (filter, code, fix) in [
        ("params.plna = \"pro\"", "unknown_path", json!("params.plan")),
        ("params.source = \"ProductHunt\"", "case_differs", json!("\"producthunt\"")),
        ("params.plan = 1", "type_differs", Value::Null),
        ("params.mrr = true", "type_differs", Value::Null),
        // A fix finds somebody, or there is none.
        ("params.beta = \"False\"", "type_differs", json!("false")),
        ("params.beta = \"true\"", "type_differs", Value::Null),
        ("params.beta = off", "type_differs", json!("false")),
        ("params.beta = 0", "type_differs", json!("false")),
        ("params.mrr = \"19.90\"", "type_differs", json!("19.90")),
        ("params.tags = vip", "type_differs", json!("params.tags has \"vip\"")),
        ("params.tags in (vip, x)", "type_differs", Value::Null),
        ("params.plan has pro", "type_differs", json!("params.plan = \"pro\"")),
        ("params.beta contains x", "type_differs", Value::Null),
        ("params.tags = null", "type_differs", json!("not params.tags exists")),
        // Text compares letter by letter, so it is no other form of a number.
        ("params.upgraded_at > 1", "type_differs", Value::Null),
        ("params.upgraded_at > 2025", "date_form", json!("2025-01-01")),
        ("churned in last month", "unknown_path", json!("(status changed to churned in last month)")),
        ("trial_ends in this week", "unknown_path", json!("params.trial")),
        ("mmr > 5", "unknown_path", json!("params.mrr")),
        ("params.mailto = 1", "unknown_path", Value::Null),
        ("params.country = DE", "unknown_path", json!("params.company.country")),
        ("params.stauts = paid", "unknown_path", json!("status")),
        ("params.trial > 2026-01-01", "date_form", Value::Null),
        ("params.plan > 2026-01-01", "type_differs", Value::Null),
        ("zzz", "nothing_found", Value::Null),
        ("active", "nothing_found", json!("status = paid")),
        ("plan pro", "nothing_found", json!("plan = pro")),
        ("plan", "nothing_found", json!("params.plan exists")),
        ("beta", "nothing_found", json!("params.beta exists")),
        ("zzz or plan", "nothing_found", json!("params.plan exists")),
        ("not plan", "nothing_found", json!("(params.plan exists)")),
        ("not zzz", "nothing_found", Value::Null),
        ("has plan", "nothing_found", json!("params.plan exists")),
        ("no tags", "nothing_found", json!("not params.tags exists")),
        ("no tags and status = paid", "nothing_found", json!("not params.tags exists")),
        ("created > 2026", "unknown_path", json!("first_seen > 2026-01-01")),
        ("created > today", "unknown_path", json!("first_seen")),
        ("ada grace", "nothing_found", Value::Null),
        (
            "params.source != \"x\"",
            "includes_missing",
            json!("(params.source != \"x\" and params.source exists)"),
        ),
        ("not params.source = \"x\"", "includes_missing", Value::Null),
    ] {
        let warnings = told(&server, filter).await;
        let warning = &warnings[0];
        assert_eq!((warning["code"].as_str(), &warning["fix"]), (Some(code), &fix), "{filter}: {warnings}");
    }
}

/// Words of which each is a value of a field of its own; memory says so, whichever engine answers.
#[tokio::test]
async fn words_that_are_values_are_told_their_conditions() {
    let server = TestServer::start().await;
    for n in 0..3 {
        let params = json!({ "plan": "pro", "source": "producthunt", "tags": ["vip", "new"], "n": n });
        server.identify(json!({ "email": format!("p{n}@x.com"), "params": params })).await;
    }
    server.index_ready().await;
    let words = "no e-mail, name or user_id contains";
    for (filter, detail, fix) in [
        (
            "Pro producthunt",
            format!(
                "{words} \"Pro\" or \"producthunt\"; \"pro\" is a value of plan, \"producthunt\" is a value of source"
            ),
            json!("params.plan = \"pro\" and params.source = \"producthunt\""),
        ),
        ("VIP", format!("{words} \"VIP\"; \"vip\" is a value of tags"), json!("params.tags has \"vip\"")),
        ("pro nowhere", format!("{words} \"pro\" or \"nowhere\""), Value::Null),
        ("vip new", format!("{words} \"vip\" or \"new\""), Value::Null),
    ] {
        for engine in ["index", "sql"] {
            let answer =
                ask(&server, json!({ "filter": filter, "select": ["count"], "engine": engine })).await;
            let warning = &answer["warnings"][0];
            assert_eq!((&warning["detail"], &warning["fix"]), (&json!(detail), &fix), "{filter}, {engine}");
        }
        if let Some(fix) = fix.as_str() {
            assert_eq!(
                ask(&server, json!({ "filter": fix, "select": ["count"] })).await["count"],
                3,
                "{fix}"
            );
        }
    }
    // What is said more than words is no longer a question of names.
    for filter in ["pro and status = free", "pro or nowhere"] {
        let answer = ask(&server, json!({ "filter": filter, "select": ["count"], "engine": "index" })).await;
        assert_eq!(answer["warnings"][0]["fix"], Value::Null, "{filter}: {answer}");
    }
}

#[tokio::test]
async fn who_is_found_is_not_warned_of() {
    let server = odd().await;
    let answer = ask(&server, json!({ "filter": "zzz or status = paid" })).await;
    assert_eq!(answer["warnings"], json!([]), "somebody was found");
    let answer = ask(&server, json!({ "filter": "status = paid and zzz ada" })).await;
    assert_eq!(answer["warnings"][0]["detail"], "no e-mail, name or user_id contains \"zzz\"");
    assert_eq!(answer["warnings"][0]["span"], json!({ "start": 18, "end": 21 }));
    for filter in [
        "params.plan = \"pro\"",
        "params.plan = \"pro\" and params.mrr > 100",
        "",
        "not params.zzz exists",
        "ada or grace",
        "not ada",
    ] {
        let answer = ask(&server, json!({ "filter": filter, "select": ["count"] })).await;
        assert_eq!(answer["warnings"], json!([]), "{filter}");
    }
}

/// The story, with few texts and many.
async fn tiers() -> TestServer {
    let server = story().await;
    let plans = ["free", "pro", "free", "business", "free", "pro", "a", "b", "c", "d"];
    for (n, plan) in plans.into_iter().cycle().take(50).enumerate() {
        let kind = if n % 2 == 0 { "one" } else { "two" };
        let mixed = if n % 2 == 0 { json!(1) } else { json!("on") };
        let long = if n == 7 { "x".repeat(101) } else { "short".to_owned() };
        let params = json!({
            "tier": plan, "kind": kind, "many": format!("v{n}"), "more": format!("w{n}"), "long": long, "mixed": mixed,
            "only": "basic",
        });
        server.identify(json!({ "email": format!("p{n}@x.com"), "params": params })).await;
    }
    server.identify(json!({ "email": "last@x.com", "params": { "many": "v50" } })).await;
    server.index_remembers().await;
    server
}

/// Of few texts the one that was meant is told, or the most common; of many, of long ones and of people's names nothing.
#[tokio::test]
async fn a_text_that_nobody_has_is_told_where_there_are_few_others() {
    let server = tiers().await;
    let code = "unknown_value";
    for (filter, detail, words, fix) in [
        ("tier = prro", "nobody has \"prro\" in params.tier; pro?", "prro", json!("\"pro\"")),
        ("tier in (prro, frree)", "nobody has \"prro\" in params.tier; pro?", "prro", json!("\"pro\"")),
        (
            "tier = zzz",
            "nobody has \"zzz\" in params.tier; there are free, pro, a, b, business and more",
            "zzz",
            Value::Null,
        ),
        ("kind = zzz", "nobody has \"zzz\" in params.kind; there are one, two", "zzz", Value::Null),
        ("only = zzz", "nobody has \"zzz\" in params.only; there is basic", "zzz", Value::Null),
        ("more = w7x", "nobody has \"w7x\" in params.more; w7?", "w7x", json!("\"w7\"")),
        ("mixed = onn", "nobody has \"onn\" in params.mixed; on?", "onn", json!("\"on\"")),
        (
            "tier = prro and status = paid",
            "nobody has \"prro\" in params.tier; pro?",
            "prro",
            json!("\"pro\""),
        ),
        ("was (tier = prro)", "nobody has \"prro\" in params.tier today; pro?", "prro", json!("\"pro\"")),
        (
            "tier changed to prro",
            "nobody has \"prro\" in params.tier today; pro?",
            "tier changed to prro",
            Value::Null,
        ),
    ] {
        let warnings = told(&server, filter).await;
        let warning = &warnings[0];
        let place = |end: &str| warning["span"][end].as_u64().unwrap_or_default() as usize;
        assert_eq!(
            (&warning["code"], &warning["detail"]),
            (&json!(code), &json!(detail)),
            "{filter}: {warnings}"
        );
        assert_eq!((&filter[place("start")..place("end")], &warning["fix"]), (words, &fix), "{filter}");
    }
    for filter in [
        "many = v51",
        "long = shorrt",
        "name = Adda",
        "status = paid and mrr > 100000 and tier = pro",
        "tier in (prro, free)",
        "not tier = prro",
        "tier != prro",
        "tier contains prro",
        // Somebody may have had it.
        "was (tier = zzz)",
        "tier changed from gold to zzz",
    ] {
        let warnings = told(&server, filter).await;
        let codes: Vec<&Value> =
            warnings.as_array().unwrap().iter().map(|warning| &warning["code"]).collect();
        assert!(!codes.contains(&&json!(code)), "{filter}: {warnings}");
    }
    let cased = told(&server, "tier = PRO").await;
    assert_eq!(cased[0]["code"], "case_differs");
}

/// What is asked as dates and holds none is told.
#[tokio::test]
async fn what_is_grouped_by_periods_holds_dates() {
    let server = odd().await;
    for engine in ["sql", "index"] {
        for (by, code, detail) in [
            ("month(plan)", "type_differs", "params.plan holds strings, none of them a date"),
            ("week(mrr)", "type_differs", "params.mrr holds numbers and strings, none of them a date"),
            (
                "month(trial)",
                "date_form",
                "1 have text in params.trial that is not read as a date, as \"03/01/2026\"; import it with --type trial=date:%m/%d/%Y or, if the day comes first, with --type trial=date:%d/%m/%Y",
            ),
        ] {
            let answer = ask(&server, json!({ "group_by": by, "engine": engine })).await;
            let warning = &answer["warnings"][0];
            let told = (&warning["code"], &warning["in"], &warning["detail"]);
            assert_eq!(told, (&json!(code), &json!("group_by"), &json!(detail)), "{by} {engine}: {answer}");
        }
        let answer = ask(&server, json!({ "group_by": "month(upgraded_at)", "engine": engine })).await;
        assert_eq!(answer["warnings"], json!([]));
    }
}

/// What is summed, grouped and sorted by, counted and shown is warned of as the filter is.
#[tokio::test]
async fn fields_that_nobody_has_are_warned_of_everywhere() {
    let server = odd().await;
    for (question, place, fix) in [
        (json!({ "aggregates": ["sum(params.mrrr)"] }), "aggregates", json!("sum(params.mrr)")),
        (
            json!({ "aggregates": ["sum(mrr)", "max(upgraded)"] }),
            "aggregates",
            json!("max(params.upgraded_at)"),
        ),
        (json!({ "aggregates": ["sum(created)"] }), "aggregates", Value::Null),
        (json!({ "aggregates": ["max(created)"] }), "aggregates", json!("max(first_seen)")),
        (json!({ "sort": "-created" }), "sort", json!("-first_seen")),
        (json!({ "sort": "mrrr" }), "sort", json!("params.mrr")),
        (json!({ "group_by": "params.sorce" }), "group_by", json!("params.source")),
        (json!({ "group_by": "month(upgraded)" }), "group_by", json!("month(params.upgraded_at)")),
        (
            json!({ "group_by": "bucket(mrrr, 10)", "select": ["groups"] }),
            "group_by",
            json!("bucket(params.mrr, 10)"),
        ),
        (
            json!({ "group_by": "plan", "aggregates": ["sum(mrrr)"], "select": ["groups"] }),
            "aggregates",
            json!("sum(params.mrr)"),
        ),
        (json!({ "facets": ["status", "params.sorce"] }), "facets", json!("params.source")),
        (json!({ "columns": ["email", "params.country"] }), "columns", json!("params.company.country")),
    ] {
        for engine in ["sql", "index"] {
            let mut asked = question.clone();
            asked["engine"] = json!(engine);
            let answer = ask(&server, asked).await;
            let warning = &answer["warnings"][0];
            assert_eq!(
                (&warning["code"], &warning["in"], &warning["fix"]),
                (&json!("unknown_path"), &json!(place), &fix),
                "{question} {engine}: {answer}"
            );
            assert_eq!(answer["warnings"].as_array().unwrap().len(), 1, "{question}");
        }
    }
    let answer = ask(&server, json!({ "group_by": "month(trial)" })).await;
    assert_eq!(
        (&answer["warnings"][0]["code"], &answer["warnings"][0]["in"]),
        (&json!("date_form"), &json!("group_by"))
    );
    for question in [
        json!({ "filter": "status = trial and not name exists", "aggregates": ["sum(mrr)"], "sort": "-mrr", "group_by": "plan" }),
        json!({ "sort": "-source", "facets": ["tags"], "columns": ["name", "mrr"], "group_by": "year(upgraded_at)" }),
    ] {
        assert_eq!(ask(&server, question.clone()).await["warnings"], json!([]), "{question}");
    }
}

fn only_test_projects(answer: &Value) -> bool {
    answer["warnings"].as_array().unwrap().iter().any(|warning| warning["code"] == "only_test_projects")
}

#[tokio::test]
async fn an_insight_of_nobody_says_that_there_are_only_test_projects() {
    let server = TestServer::start().await;
    let (_, sandbox) = server.test_project("sandbox").await;
    let ada = json!({ "email": "ada@x.com" }).to_string();
    server.call(&sandbox, "POST", "/v1/identify", ada).await.expect(200);
    server.index_remembers().await;
    let asked = [
        "insights/retention",
        "insights/conversion",
        "insights/movements",
        "insights/overlap",
        "insights/breakdown",
        "insights/lift?outcome=status+%3D+paid",
        "insights/referrals?path=referred_by",
        "changes",
    ];
    let warned = async |path: &str, more: &str| {
        let sign = if path.contains('?') { '&' } else { '?' };
        let path = format!("/v1/{path}{sign}{more}");
        only_test_projects(&server.call(&server.keys.account, "GET", &path, "").await.expect(200))
    };
    for path in asked {
        assert!(warned(path, "").await, "{path}");
        assert!(!warned(path, "test=true").await, "{path}");
    }
    server.identify(json!({ "email": "bob@x.com" })).await;
    for path in asked {
        assert!(!warned(path, "").await, "{path}: there is bob");
    }
}

#[tokio::test]
async fn a_zero_says_that_there_are_only_test_projects() {
    let server = TestServer::start().await;
    let (_, sandbox) = server.test_project("sandbox").await;
    let warned = async |key: &str, question: Value| {
        let answer = server.call(key, "POST", "/v1/query", question.to_string()).await.expect(200);
        only_test_projects(&answer)
    };
    let all = json!({ "filter": "", "select": ["count"] });
    assert!(!warned(&server.keys.account, all.clone()).await, "nobody is anywhere");
    let ada = json!({ "email": "ada@x.com" }).to_string();
    server.call(&sandbox, "POST", "/v1/identify", ada).await.expect(200);
    assert!(warned(&server.keys.account, all.clone()).await);
    assert!(warned(&server.keys.account, json!({ "filter": "ada", "select": ["count"] })).await);
    assert!(
        !warned(&server.keys.account, json!({ "test": true, "filter": "bob", "select": ["count"] })).await
    );
    assert!(!warned(&server.keys.account, json!({ "project": "app", "select": ["count"] })).await);
    assert!(!warned(&server.keys.secret, all.clone()).await, "a project's key asks about its own");
    server.identify(json!({ "email": "bob@x.com" })).await;
    assert!(!warned(&server.keys.account, json!({ "filter": "ada", "select": ["count"] })).await);
}

/// Customers with dates in all forms.
async fn dated() -> TestServer {
    let server = TestServer::start().await;
    for (number, [us, eu]) in [["01/02/2026", "01/02/2026"], ["03/13/2026", "13/03/2026"]].iter().enumerate()
    {
        let params = json!({
            "us": us, "eu": eu, "either": "01/02/2026", "mixed": if number == 0 { us } else { eu }, "mixed too": us,
            "long": "Mar 1, 2026", "nested": { "the end": us }, "ends": format!("2026-03-0{}", number + 1),
            "stamp": 1_772_355_600, "version": "v1.3",
        });
        server.identify(json!({ "email": format!("{number}@x.com"), "params": params })).await;
    }
    let other = json!({ "mixed": "12/31/2026" });
    server.identify(json!({ "email": "other@x.com", "params": other })).await;
    server
}

#[tokio::test]
async fn stored_dates_in_another_form_are_told_with_how_to_import_them() {
    let server = dated().await;
    let unread = |count: u64, field: &str, example: &str, hint: &str| {
        format!("{count} have text in {field} that is not read as a date, as {example}{hint}")
    };
    let import = |flag: &str| format!("; import it with --type {flag}");
    for (filter, detail) in [
        ("us > 2026-01-01", unread(2, "params.us", "\"03/13/2026\"", &import("us=date:%m/%d/%Y"))),
        ("eu > 2026-01-01", unread(2, "params.eu", "\"13/03/2026\"", &import("eu=date:%d/%m/%Y"))),
        (
            "either > 2026-01-01",
            unread(
                2,
                "params.either",
                "\"01/02/2026\"",
                &import("either=date:%m/%d/%Y or, if the day comes first, with --type either=date:%d/%m/%Y"),
            ),
        ),
        (
            "mixed > 2026-01-01",
            unread(
                3,
                "params.mixed",
                "\"13/03/2026\" and \"12/31/2026\"",
                "; some begin with the day and some with the month, so no import can tell them apart",
            ),
        ),
        ("long > 2026-01-01", unread(2, "params.long", "\"Mar 1, 2026\"", &import("'long=date:%b %d, %Y'"))),
        (
            "params.\"mixed too\" > 2026-01-01",
            unread(2, "params.\"mixed too\"", "\"03/13/2026\"", &import("'mixed too=date:%m/%d/%Y'")),
        ),
        (
            "nested.\"the end\" in last 7 days",
            unread(
                2,
                "params.nested.\"the end\"",
                "\"03/13/2026\"",
                &import("'nested.\"the end\"=date:%m/%d/%Y'"),
            ),
        ),
        // Compared as text they would be in a false order.
        ("us > 02/01/2026", unread(2, "params.us", "\"03/13/2026\"", &import("us=date:%m/%d/%Y"))),
    ] {
        let warnings = told(&server, filter).await;
        assert_eq!(
            (&warnings[0]["code"], &warnings[0]["detail"]),
            (&json!("date_form"), &json!(detail)),
            "{filter}"
        );
    }
}

/// What is nearly a date in a filter is told with the date, where the rows hold dates.
#[tokio::test]
async fn nearly_dates_are_told_with_the_dates() {
    let server = dated().await;
    for (filter, fix) in [
        ("ends > 2026", json!("2026-01-01")),
        ("ends > 2026-3-1", json!("2026-03-01")),
        ("ends > \"2026/03/01\"", json!("2026-03-01")),
        ("ends > 01.03.2026", json!("2026-03-01")),
        ("ends = 2026", json!("2026-01-01 .. 2026-12-31")),
        ("not ends = 2026-03", json!("2026-03-01 .. 2026-03-31")),
        ("ends in (pro, 2026/3/2)", json!("2026-03-02")),
        ("ends > 1772355600", json!("2026-03-01T09:00:00Z")),
        ("stamp > \"2026-01-01\"", json!("2026-01-01")),
        // Nobody is there either.
        ("ends > 2027", Value::Null),
    ] {
        let warnings = told(&server, filter).await;
        let mut all = warnings.as_array().unwrap().iter();
        let warning = all.find(|warning| warning["code"] == "date_form");
        assert_eq!(warning.map(|warning| &warning["fix"]), Some(&fix), "{filter}: {warnings}");
    }
    for filter in [
        "us = \"03/13/2026\"",
        "stamp > 2026",
        "ends > \"2026-03-01\"",
        "ends > 2026-01-01",
        "version > \"1.2.2026\"",
    ] {
        assert_eq!(told(&server, filter).await, json!([]), "{filter}");
    }
}

/// A comparison that passes over half of the values or more says so.
#[tokio::test]
async fn values_of_another_type_are_counted() {
    let server = TestServer::start().await;
    for number in 0..4 {
        let params = json!({
            "few": if number == 0 { json!(7) } else { json!("7") }, "half": if number < 2 { json!(7) } else { json!(true) },
            "most": if number == 0 { json!("7") } else { json!(7) }, "gone": if number == 0 { json!(7) } else { Value::Null },
            "ends": if number == 0 { "2026-03-01" } else { "soon" }, "never": "soon", "paid": 7,
            "tags": if number == 0 { json!(["vip"]) } else { json!("vip, beta") },
            "labels": if number > 0 { json!(["vip"]) } else { json!("vip, beta") },
        });
        server.identify(json!({ "email": format!("{number}@x.com"), "params": params })).await;
    }
    for (filter, detail) in [
        ("few > 5", "params.few holds 1 number and 3 strings; this compares with the numbers only"),
        ("not few > 5", "params.few holds 1 number and 3 strings; this compares with the numbers only"),
        ("half <= 7", "params.half holds 2 numbers and 2 booleans; this compares with the numbers only"),
        ("most > \"5\"", "params.most holds 3 numbers and 1 string; this compares with the strings only"),
        ("ends > 2026-01-01", "3 have something in params.ends that is no date, 1 have a date"),
        ("never > 2026-01-01", "params.never holds strings, none of them a date"),
        ("tags has beta", "params.tags holds 3 strings and 1 array; has looks inside the arrays only"),
        ("tags has vip", "params.tags holds 3 strings and 1 array; has looks inside the arrays only"),
    ] {
        let warnings = told(&server, filter).await;
        assert_eq!(
            (&warnings[0]["code"], &warnings[0]["detail"]),
            (&json!("type_differs"), &json!(detail)),
            "{filter}: {warnings}"
        );
    }
    for filter in ["most > 5", "gone > 5", "few = 7", "few exists", "few > \"5\"", "labels has vip"] {
        assert_eq!(told(&server, filter).await, json!([]), "{filter}");
    }
    for filter in ["paid > 5$", "paid > $5", "paid > \"5 EUR\"", "paid = 7€"] {
        let number = if filter.contains('=') { "7" } else { "5" };
        assert_eq!(told(&server, filter).await[0]["fix"], number, "{filter}");
    }
}

/// That some values are of another type is no reason for Postgres to read all rows of a large account once more.
#[tokio::test]
async fn postgres_looks_at_few_rows_for_other_types() {
    let server = TestServer::start().await;
    let client = server.db.client().await;
    let people = "insert into customer (account_id, id, email)
         select (select id from account), gen_random_uuid(), 'p' || n || '@x.com' from generate_series(1, 5001) n";
    client.execute(people, &[]).await.unwrap();
    let rows = "insert into relationship (account_id, project_id, customer_id, status, status_since, params, open_keys,
                                   first_seen, last_activity, began, last_change, version)
         select account_id, $1, id, 'free', now(), case when email < 'p2' then '{\"mrr\": 7}' else '{\"mrr\": \"7\"}' end::jsonb,
                '{}', now(), now(), now(), now(), 1
         from customer";
    client.execute(rows, &[&server.project.id.0]).await.unwrap();
    let question = |filter: &str| json!({ "filter": filter, "select": ["count"], "engine": "sql" });
    assert_eq!(ask(&server, question("mrr > 5")).await["warnings"], json!([]));
    let nobody = ask(&server, question("mrr > 7")).await;
    assert_eq!(nobody["warnings"][0]["code"], "type_differs", "of a zero all is told: {nobody}");
    client
        .execute(
            "delete from relationship r using customer c where c.id = r.customer_id and email = 'p5@x.com'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(ask(&server, question("mrr > 5")).await["warnings"][0]["code"], "type_differs");
}

/// An export tells in a header what a query tells of its columns and its order.
#[tokio::test]
async fn exports_are_warned_of_too() {
    let server = odd().await;
    for (asked, expected) in [
        ("sort=-created_at", json!([["sort", "-first_seen"]])),
        ("sort=-mrrr", json!([["sort", "-params.mrr"]])),
        ("sort=mrrr&columns=email,params.plna", json!([["sort", "params.mrr"], ["columns", "params.plan"]])),
        ("format=ndjson&sort=mrrr", json!([["sort", "params.mrr"]])),
        ("sort=-mrr&columns=email", Value::Null),
        ("sort=email", Value::Null),
        ("", Value::Null),
    ] {
        let answer = server.get(&format!("/v1/export?filter=status+%3D+paid&{asked}")).await;
        let header = answer.headers.get("tinycrm-warnings").map(|header| header.as_bytes().to_owned());
        let told: Value = serde_json::from_slice(&header.unwrap_or(b"null".to_vec())).unwrap();
        let told =
            told.as_array().map(|all| Value::from_iter(all.iter().map(|one| json!([one["in"], one["fix"]]))));
        assert_eq!((answer.status, told.unwrap_or_default()), (200, expected), "{asked}");
    }
}
