//! Who may call what: every key against a route that reads, and none.

use crate::support::server::{TestServer, request};

#[tokio::test]
async fn a_key_opens_its_own_doors_only() {
    let server = TestServer::start().await;
    let keys = &server.keys;
    for (key, status) in
        [(&keys.secret, 200), (&keys.read, 200), (&keys.account, 200), (&keys.publishable, 403)]
    {
        let answer = server.call(key, "GET", "/v1/projects", String::new()).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let mistyped = keys.secret.to_lowercase();
    let answer = server.call(&mistyped, "GET", "/v1/projects", String::new()).await;
    assert_eq!(answer.expect(401)["code"], "unauthorized");
    let answer = server.send(request("GET", "/v1/projects").body(String::new().into()).unwrap()).await;
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
}

#[tokio::test]
async fn a_problem_says_where_its_code_is_explained() {
    let server = TestServer::start().await;
    let problem = server.get("/v1/nowhere").await.expect(404);
    let (page, code) = problem["type"].as_str().unwrap().split_once('#').unwrap();
    let page = server.get(page).await;
    assert!(page.text().contains(&format!("id=\"{code}\"")), "{}", page.text());
}
