//! What every page tells the browser.

use server::model::Role;

use crate::support::server::TestServer;

#[tokio::test]
async fn every_page_forbids_foreign_scripts_and_frames() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Owner).await;
    for path in
        ["/sign-in", "/customers", "/projects", "/keys", "/members", "/settings", "/segments", "/password"]
    {
        let answer = visitor.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let text = answer.text();
        for inline in ["<script>", " style=", " onclick=", "javascript:"] {
            assert!(!text.contains(inline), "{path} has {inline}");
        }
    }
}
