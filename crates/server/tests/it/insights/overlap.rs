//! How many customers projects have in common.

use rand::{SeedableRng, rngs::StdRng};
use serde_json::json;

use super::walk;
use crate::{series::world, support::server::TestServer};

#[tokio::test]
async fn every_cell_lists_its_customers() {
    let server = world(&mut StdRng::seed_from_u64(7)).await;
    for (filter, as_of) in
        [("", None), ("plan exists", None), ("status = paid or mrr > 10", Some("2026-06-01"))]
    {
        let ask = json!({ "filter": filter, "as_of": as_of });
        let answer = server
            .call(&server.keys.account, "POST", "/v1/insights/overlap", ask.to_string())
            .await
            .expect(200);
        let names: Vec<_> =
            answer["projects"].as_array().unwrap().iter().map(|project| &project["project"]).collect();
        assert_eq!(names.len(), 2, "{answer}");
        let pair = &answer["pairs"][0];
        assert_eq!(pair["of_first"]["count"], pair["of_second"]["count"]);
        let (both, either) = (pair["of_first"]["count"].as_f64().unwrap(), pair["either"].as_f64().unwrap());
        assert!((pair["jaccard"].as_f64().unwrap() - both / either).abs() < 1e-6);
        assert!(walk(&server, &server.keys.account, &answer, "count").await > 6);
    }
    // A project's key sees its own only, which is said.
    let refused = server.get("/v1/insights/overlap").await.expect(403);
    assert_eq!(refused["detail"], "A key of kind secret may not set projects side by side here.");
}

#[tokio::test]
async fn numbers_are_those_of_the_manual() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    let call = |name: &str, status: &str| json!({ "email": format!("{name}@x.com"), "status": status });
    let own = [call("ada", "paid"), call("bob", "free"), call("cleo", "free")];
    let others = [call("ada", "paid"), call("cleo", "paid"), call("dan", "free")];
    for (key, items) in [(&server.keys.secret, own), (&other, others)] {
        server.call(key, "POST", "/v1/batch", json!({ "items": items }).to_string()).await.expect(200);
    }
    server.index_remembers().await;
    let answer = server.call(&server.keys.account, "POST", "/v1/insights/overlap", "{}").await.expect(200);
    let pair = &answer["pairs"][0];
    let counts =
        [&pair["of_first"], &pair["of_second"]].map(|cell| json!([cell["count"], cell["of"], cell["rate"]]));
    assert_eq!(json!(counts), json!([[2, 3, 0.666667], [2, 3, 0.666667]]));
    assert_eq!(json!([pair["either"], pair["jaccard"], pair["paid"]["count"]]), json!([4, 0.5, 1]));
}
