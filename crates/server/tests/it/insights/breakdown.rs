//! People told apart by any two fields.

use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::walk;
use crate::{series::world, support::server::TestServer};

async fn ask(server: &TestServer, question: Value) -> Value {
    server
        .call(&server.keys.account, "POST", "/v1/insights/breakdown", question.to_string())
        .await
        .expect(200)
}

#[tokio::test]
async fn every_cell_lists_its_people() {
    let server = world(&mut StdRng::seed_from_u64(7)).await;
    for question in [
        json!({}),
        json!({ "by": "plan", "across": "status" }),
        json!({ "by": "status", "across": "plan", "limit": 1, "as_of": "2026-06-01" }),
        json!({ "by": "plan", "across": "project", "number": "mrr", "how": "avg", "filter": "mrr exists" }),
        json!({ "by": "plan", "across": "status", "number": "mrr", "currency": "plan" }),
    ] {
        let answer = ask(&server, question.clone()).await;
        assert!(
            walk(&server, &server.keys.account, &answer, "relationships").await > 2,
            "{question}: {answer}"
        );
    }
}

#[tokio::test]
async fn numbers_are_those_of_the_manual() {
    let server = TestServer::start().await;
    let call = |name: &str, status: &str, plan: &str, mrr: f64| json!({ "email": format!("{name}@x.com"), "status": status, "params": { "plan": plan, "mrr": mrr } });
    let items =
        [call("ada", "paid", "pro", 29.0), call("bob", "paid", "team", 9.5), call("cyd", "free", "pro", 1.0)];
    server.post("/v1/batch", json!({ "items": items })).await.expect(200);
    server.index_remembers().await;
    let answer = ask(&server, json!({ "by": "status", "across": "plan", "number": "mrr" })).await;
    assert_eq!(
        json!([answer["by"], answer["across"], answer["number"]]),
        json!(["status", "params.plan", "sum(params.mrr)"])
    );
    let cells = |row: &Value| -> Value {
        let cell = |cell: &Value| json!([cell["value"], cell["count"], cell["numbers"][0]["value"]]);
        row["cells"].as_array().unwrap().iter().map(cell).collect()
    };
    let rows: Vec<Value> = answer["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["of"], row["value"], cells(row)]))
        .collect();
    assert_eq!(
        json!(rows),
        json!([
            ["all", null, [[null, 3, 39.5], ["pro", 2, 30], ["team", 1, 9.5]]],
            ["value", "paid", [[null, 2, 38.5], ["pro", 1, 29], ["team", 1, 9.5]]],
            ["value", "free", [[null, 1, 1], ["pro", 1, 1], ["team", 0, null]]],
        ])
    );
    let wrong = json!({ "by": "first_seen", "across": "(", "number": "status", "how": "most", "limit": 51 });
    let refused = server.post("/v1/insights/breakdown", wrong).await.expect(422);
    assert_eq!(refused["errors"].as_array().unwrap().len(), 5, "{refused}");
}

#[tokio::test]
async fn a_number_that_nobody_can_add_up_is_refused() {
    let server = TestServer::start().await;
    let items = [
        json!({ "email": "ada@x.com", "params": { "plan": "pro", "mrr": 29 } }),
        json!({ "email": "bob@x.com", "params": { "plan": "team", "mrr": "none", "gone": null } }),
    ];
    server.post("/v1/batch", json!({ "items": items })).await.expect(200);
    server.index_remembers().await;
    let said = |refused: Value| json!([refused["errors"][0]["pointer"], refused["errors"][0]["detail"]]);
    let texts = [json!({ "number": "plan" }), json!({ "number": "plan", "currency": "mrr", "how": "avg" })];
    for question in texts {
        let refused = server.post("/v1/insights/breakdown", question.clone()).await.expect(422);
        let detail =
            "params.plan holds no numbers of those who are told of; name a path that does, as params.mrr";
        assert_eq!(said(refused), json!(["/number", detail]), "{question}");
    }
    let none = json!({ "number": "mrr", "filter": "plan = team" });
    let refused = server.post("/v1/insights/breakdown", none).await.expect(422);
    assert_eq!(said(refused)[0], json!("/number"));
    for how in ["sum", "avg"] {
        let alone = json!({ "how": how, "number": "" });
        let refused = server.post("/v1/insights/breakdown", alone).await.expect(422);
        assert_eq!(said(refused), json!(["/how", "it is of a number: name one too, as params.mrr"]), "{how}");
    }
    // Where somebody has a number, others may hold what they like; and what nobody holds is said to be unknown, as ever.
    for number in ["mrr", "gone", "nobody_has_it"] {
        ask(&server, json!({ "number": number, "how": "avg" })).await;
    }
}
