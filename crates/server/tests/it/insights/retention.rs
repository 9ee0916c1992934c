//! Who stays.

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use server::store::project;

use super::{refusal, walk};
use crate::{series::world, support::server::TestServer};

#[tokio::test]
async fn every_cell_lists_its_people() {
    let mut rng = StdRng::seed_from_u64(20_261_127);
    let server = world(&mut rng).await;
    for project in project::list(&server.app.store, server.account).await.unwrap() {
        let since =
            if project.slug.as_str() == "other" { "2026-04-07T12:00:00Z" } else { "2026-01-01T12:00:00Z" };
        project::set_activity_since(&server.app.store, server.account, project.id, since.parse().unwrap())
            .await
            .unwrap();
    }
    let mut asked = 0;
    for case in 0..9 {
        let filter = ["", "plan exists", "mrr > 10 or status = paid"].choose(&mut rng).unwrap();
        let (unit, cohorts) =
            (["week", "month", "day"][case % 3], ["2026-02-01 .. 2026-04-20", "last 6 months"][case % 2]);
        let mut ask = json!({
            "unit": unit, "cohorts": cohorts, "periods": rng.random_range(1..5), "filter": filter,
        });
        if case % 3 == 2 {
            ask["cohorts"] = json!("2026-05-01 .. 2026-05-20");
        }
        let retained = [Value::Null, json!("status = paid"), json!("seen"), json!("plan = pro or mrr > 20")];
        ask["retained"] = retained.choose(&mut rng).unwrap().clone();
        ask["by"] = [Value::Null, json!("plan"), json!("status"), json!("project"), json!("tags")]
            .choose(&mut rng)
            .unwrap()
            .clone();
        ask["as_of"] = [Value::Null, json!("2026-07-15")].choose(&mut rng).unwrap().clone();
        let key = [&server.keys.secret, &server.keys.account][case % 2];
        let answer = server.call(key, "POST", "/v1/insights/retention", ask.to_string()).await.expect(200);
        asked += walk(&server, key, &answer, "relationships").await;
    }
    assert!(asked > 500, "{asked}");
}

/// Who came in two weeks of May, and on which days they were seen.
async fn two_weeks() -> TestServer {
    let server = TestServer::start().await;
    let days = [
        ("ada", "04", &["05", "12", "20"][..]),
        ("bob", "05", &["13"]),
        ("cleo", "06", &[]),
        ("dan", "11", &["19"]),
        ("eve", "12", &[]),
    ];
    for (name, first, seen) in days {
        for day in [first].iter().chain(seen) {
            let call =
                json!({ "email": format!("{name}@x.com"), "timestamp": format!("2026-05-{day}T10:00:00Z") });
            server.identify(call).await;
        }
    }
    let since = "2026-05-01T00:00:00Z".parse().unwrap();
    let project = server.project.id;
    project::set_activity_since(&server.app.store, server.account, project, since).await.unwrap();
    server.index_remembers().await;
    server
}

#[tokio::test]
async fn totals_pool_people_and_what_is_not_over_is_no_rate() {
    let server = two_weeks().await;
    let ask = json!({ "cohorts": "2026-05-04 .. 2026-05-17", "periods": 2, "as_of": "2026-05-20" });
    let answer = server.post("/v1/insights/retention", ask).await.expect(200);
    let all = &answer["groups"][0];
    let told = |cohort: usize| {
        let periods = all["cohorts"][cohort]["periods"].as_array().unwrap();
        let cell = |period: &Value| {
            let cell = &period["retained"];
            (period["state"].as_str().unwrap().to_owned(), cell["count"].as_u64(), cell["rate"].as_f64())
        };
        periods.iter().map(cell).collect::<Vec<_>>()
    };
    let over = |count, rate| ("over".to_owned(), Some(count), Some(rate));
    let running = |count| ("running".to_owned(), Some(count), None);
    assert_eq!(told(0), [over(3, 1.0), over(2, 0.666667), running(1)]);
    assert_eq!(told(1), [over(2, 1.0), running(1)]);
    let totals: Vec<_> = all["totals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|total| (&total["cohorts"], &total["retained"]["of"]))
        .collect();
    assert_eq!(totals, [(&json!(2), &json!(5)), (&json!(1), &json!(3)), (&json!(0), &Value::Null)]);
    assert_eq!((&answer["retained"], &answer["outside"]), (&json!("seen"), &json!(0)));
    let cell = &all["totals"][1]["retained"];
    assert_eq!(
        (&cell["low"], &cell["high"], &cell["small"]),
        (&json!(0.20766), &json!(0.938508), &json!(true))
    );
}

#[tokio::test]
async fn days_before_activity_was_known_are_unknown() {
    let server = two_weeks().await;
    let since = "2026-05-11T00:00:00Z".parse().unwrap();
    project::set_activity_since(&server.app.store, server.account, server.project.id, since).await.unwrap();
    let ask = json!({ "cohorts": "2026-05-04 .. 2026-05-10", "periods": 1, "as_of": "2026-05-20" });
    let answer = server.post("/v1/insights/retention", ask).await.expect(200);
    let periods = &answer["groups"][0]["cohorts"][0]["periods"];
    assert_eq!((&periods[0]["state"], &periods[0]["retained"]), (&json!("unknown"), &Value::Null));
    assert_eq!((&periods[1]["state"], &periods[1]["retained"]["count"]), (&json!("over"), &json!(2)));
    // Where no whole period is known, who pays is told, which is said.
    let since = "2026-05-19T00:00:00Z".parse().unwrap();
    project::set_activity_since(&server.app.store, server.account, server.project.id, since).await.unwrap();
    let ask = json!({ "cohorts": "2026-05-04 .. 2026-05-10", "periods": 1, "as_of": "2026-05-20" });
    let answer = server.post("/v1/insights/retention", ask).await.expect(200);
    assert_eq!(
        (&answer["retained"], &answer["retained_by_default"]),
        (&json!("status = \"paid\""), &json!(true))
    );
}

#[tokio::test]
async fn a_unit_that_goes_on_may_be_the_only_one() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com", "status": "paid" })).await;
    let (project, since) = (server.project.id, "2026-01-01T00:00:00Z".parse().unwrap());
    project::set_activity_since(&server.app.store, server.account, project, since).await.unwrap();
    server.index_remembers().await;
    for retained in ["status = paid", "seen"] {
        for unit in ["day", "week", "month"] {
            let ask = json!({ "unit": unit, "cohorts": format!("this {unit}"), "retained": retained });
            let answer = server.post("/v1/insights/retention", ask).await.expect(200);
            let period = &answer["groups"][0]["cohorts"][0]["periods"][0];
            let told = (&period["state"], &period["retained"]["count"], &period["retained"]["rate"]);
            assert_eq!(told, (&json!("running"), &json!(1), &Value::Null), "{unit} {retained}");
        }
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_at_its_place() {
    let server = TestServer::start().await;
    server.identify(json!({ "email": "ada@x.com" })).await;
    server.index_remembers().await;
    for (ask, place, words) in [
        (json!({ "unit": "year" }), "/unit", "\"year\" is no unit; there are day, week, month"),
        (
            json!({ "unit": "day", "cohorts": "last 2 years" }),
            "/cohorts",
            "there are more than 200 cohorts; take",
        ),
        (
            json!({ "unit": "day", "cohorts": "1001-01-01 .. 2026-01-01" }),
            "/cohorts",
            "there are more than 200 cohorts; take",
        ),
        (json!({ "cohorts": "next week" }), "/cohorts", "the future"),
        (json!({ "cohorts": "lately" }), "/cohorts", "period"),
        (json!({ "periods": 5000 }), "/periods", "5000 is out of range; write 1 to 1000"),
        (json!({ "retained": "was (status = paid)" }), "/retained", "no other was can stand inside"),
        (json!({ "retained": "staus = and" }), "/retained", "expected"),
        (json!({ "by": "first_seen" }), "/by", "first_seen holds times"),
        (json!({ "by": "month(first_seen)" }), "/by", "is no field"),
        (json!({ "limit": 0 }), "/limit", "0 is out of range; write 1 to 50"),
        (json!({ "as_of": "" }), "/as_of", "expected"),
        (json!({ "began": "bucket(mrr, 5)" }), "/began", "is no field"),
        (json!({ "began": "status" }), "/began", "status holds no dates"),
    ] {
        let (pointer, detail) = refusal(&server, "retention", ask.clone()).await;
        assert_eq!(pointer, place, "{ask}: {detail}");
        assert!(detail.contains(words), "{ask}: {detail}");
    }
    let address = "/v1/insights/retention?unit=week&cohorts=last%203%20weeks&periods=2";
    let answer = server.get(address).await.expect(200);
    assert_eq!(answer["groups"][0]["cohorts"].as_array().map(Vec::len), Some(4));
    let long = vec!["plan = pro"; 990].join(" or ");
    let refused = server.post("/v1/insights/retention", json!({ "filter": long })).await.expect(422);
    assert_eq!(refused["code"], "invalid_filter", "{refused}");
}
