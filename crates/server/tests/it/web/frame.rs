//! Problems as pages.

use server::model::Role;

use crate::support::server::TestServer;

#[tokio::test]
async fn problems_are_pages_for_browsers_and_json_for_apps() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Viewer).await;
    for path in [
        "/nowhere",
        "/%ff",
        "/customers/nobody@example.com",
        "/customers?project=nowhere",
        "/projects/nowhere",
    ] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert!(answer.text().contains("Nothing is here"), "{path}");
        assert!(answer.header("content-security-policy").contains("script-src 'self'"), "{path}");
    }
    let answer = server.get("/nowhere").await;
    assert_eq!(answer.expect(404)["code"], "not_found");
    let answer = visitor.post("/customers", "").await;
    assert_eq!(answer.status, 405);
    let answer = server.call(&server.keys.secret, "PATCH", "/v1/projects", "").await;
    assert_eq!(answer.expect(405)["code"], "method_not_allowed");
}

#[tokio::test]
async fn without_its_tables_a_page_says_so_and_hides_the_cause() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Viewer).await;
    server.db.client().await.batch_execute("alter table project rename to gone").await.unwrap();
    let answer = visitor.get("/projects").await;
    assert_eq!(answer.status, 500);
    let text = answer.text();
    assert!(text.contains("Something went wrong") && text.contains(answer.header("x-request-id")), "{text}");
    assert!(!text.contains("relation") && !text.contains("42P01"), "{text}");
    let answer = server.get("/v1/projects").await;
    assert_eq!(answer.expect(500)["code"], "internal");
}
