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

/// The address of a file that a page names.
fn file<'p>(page: &'p str, name: &str) -> &'p str {
    let mut named = page.split('"').filter(|part| part.starts_with("/static/"));
    named.find(|part| part.ends_with(name)).unwrap_or_else(|| panic!("no {name} in {page}"))
}

#[tokio::test]
async fn a_page_asks_for_few_files_and_browsers_keep_them() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Viewer).await;
    let page = visitor.get("/customers").await.text();
    let files = ["style.css", "htmx-2.0.11.min.js", "frame.js", "customers.js"];
    for name in files {
        let answer = visitor.get(file(&page, name)).await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable", "{name}");
        let kind = if name.ends_with("css") { "text/css" } else { "text/javascript" };
        assert_eq!(answer.header("content-type"), format!("{kind}; charset=utf-8"), "{name}");
    }
    assert_eq!(page.matches("<link rel=\"stylesheet\"").count(), 1);
    assert_eq!(page.matches("<script ").count(), files.len() - 1);
    let old = visitor.get("/static/000000000000/style.css").await;
    assert_eq!((old.status, old.header("cache-control")), (200, "no-cache"));
}

/// A message may begin with a name, and `First_seen` is none: only the filter in English, which begins with "customers", is
/// given a capital by the style.
#[tokio::test]
async fn no_style_changes_the_case_of_a_name() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Viewer).await;
    let page = visitor.get("/customers").await.text();
    let css = visitor.get(file(&page, "style.css")).await.text();
    let cased: Vec<&str> = css.lines().filter(|line| line.contains("text-transform")).collect();
    assert_eq!(cased, [".english::first-letter { text-transform: uppercase; }"]);
}
