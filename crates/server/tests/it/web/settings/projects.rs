//! Projects: their names, how they are archived, and how they are deleted.

use serde_json::json;
use server::model::Role;

use crate::support::server::TestServer;

#[tokio::test]
async fn a_project_gets_another_name_and_colour_and_keeps_its_slug() {
    let server = TestServer::start().await;
    let (viewer, admin) = (server.visitor(Role::Viewer).await, server.visitor(Role::Admin).await);
    assert_eq!(viewer.post("/projects/app/edit", "name=x&colour=teal").await.status, 403);
    let to = admin.post("/projects/app/edit", "name=+My+%3Capp%3E+&colour=pink").await;
    assert_eq!(to.header("location"), "/projects/app?saved=project");
    let told = server.get("/v1/projects").await.expect(200)["projects"][0].clone();
    assert_eq!(
        (&told["slug"], &told["name"], &told["colour"]),
        (&json!("app"), &json!("My <app>"), &json!("pink"))
    );
    let page = admin.get("/projects/app?saved=project").await.expect_page(200);
    assert!(page.contains("this name and colour from now on") && page.contains("My &#60;app&#62;"), "{page}");
    let odd = admin.post("/projects/app/edit", "name=x&colour=mauve").await;
    assert!(odd.status == 422 && odd.text().contains("violet"), "{}", odd.text());
    assert_eq!(admin.post("/projects/nowhere/edit", "name=x&colour=teal").await.status, 404);
}

/// How many customers are found in all projects, in test projects, in the one, and beside it of those who are in it.
async fn counts(server: &TestServer) -> [u64; 4] {
    let mut all = [0; 4];
    for (place, ask) in [
        json!({ "filter": "", "select": ["count"] }),
        json!({ "filter": "", "select": ["count"], "test": true }),
        json!({ "filter": "", "select": ["count"], "project": "app" }),
        json!({ "filter": "in project app", "select": ["count"], "project": "beside" }),
    ]
    .into_iter()
    .enumerate()
    {
        let answer =
            server.call(&server.keys.account, "POST", "/v1/query", ask.to_string()).await.expect(200);
        all[place] = answer["count"].as_u64().unwrap();
    }
    all
}

async fn archived_is_left_out_and_read(server: TestServer) {
    let (_, beside) = server.project("beside").await;
    let admin = server.visitor(Role::Admin).await;
    for (key, email) in
        [(&server.keys.secret, "ada@x.com"), (&server.keys.secret, "bob@x.com"), (&beside, "ada@x.com")]
    {
        let body = json!({ "email": email, "params": { "plan": "pro" } }).to_string();
        server.call(key, "POST", "/v1/identify", body).await.expect(200);
    }
    assert_eq!(counts(&server).await, [2, 0, 2, 1]);
    assert_eq!(
        admin.post("/projects/app/archive", "").await.header("location"),
        "/projects/app?saved=archived"
    );
    assert_eq!(counts(&server).await, [1, 0, 2, 1]);
    let segment = json!({ "filter": "in segment \"all-pro\"", "select": ["count"] }).to_string();
    admin.post("/segments", "name=all-pro&filter=plan+%3D+pro&project=").await;
    for (project, expected) in [("app", 1), ("beside", 1)] {
        let mut ask: serde_json::Value = serde_json::from_str(&segment).unwrap();
        ask["project"] = json!(project);
        let answer =
            server.call(&server.keys.account, "POST", "/v1/query", ask.to_string()).await.expect(200);
        assert_eq!(answer["count"], expected, "{project}: an account's segment spans what is live");
    }
    for (path, body) in [
        ("/v1/identify", r#"{"email":"new@x.com"}"#),
        ("/v1/ping", r#"{"email":"ada@x.com"}"#),
        ("/v1/batch", r#"{"items":[{"email":"new@x.com"}]}"#),
    ] {
        for key in [&server.keys.secret, &server.keys.publishable] {
            let refused = server.call(key, "POST", path, body.to_owned()).await.expect(403);
            assert!(refused["detail"].as_str().unwrap().contains("is archived"), "{refused}");
        }
    }
    let refused =
        server.call(&server.keys.secret, "POST", "/v1/imports", "email\nnew@x.com\n").await.expect(403);
    assert!(refused["detail"].as_str().unwrap().contains("is archived"), "{refused}");
    assert_eq!(server.get("/v1/customers/ada@x.com").await.status, 200, "reading works");
    let erased = server.call(&server.keys.secret, "DELETE", "/v1/customers/bob@x.com", "").await;
    assert_eq!(erased.status, 200, "and so does erasing: {}", erased.text());
    let frame = admin.get("/customers").await.expect_page(200);
    assert!(!frame.contains("/customers?project=app\""), "the side bar leaves it out");
    assert!(admin.get("/projects").await.text().contains("<h2>Archived</h2>"));
    let page = admin.get("/customers?project=app").await.expect_page(200);
    assert!(page.contains("ada@x.com") && page.contains("app is archived: nothing is written"), "{page}");
    assert!(!admin.get("/imports").await.text().contains(r#"<option value="app""#));
    admin.post("/projects/app/unarchive", "").await;
    assert_eq!(counts(&server).await, [1, 0, 1, 1]);
    assert_eq!(server.post("/v1/identify", json!({ "email": "new@x.com" })).await.status, 200);
}

#[tokio::test]
async fn an_archived_project_is_read_and_left_out_and_written_to_no_more() {
    let server = TestServer::start().await;
    server.index_ready().await;
    archived_is_left_out_and_read(server).await;
}

#[tokio::test]
async fn so_it_is_where_postgres_answers() {
    archived_is_left_out_and_read(TestServer::without_index().await).await;
}

#[tokio::test]
async fn a_project_is_deleted_by_whoever_writes_its_slug() {
    let server = TestServer::start().await;
    let (_, beside) = server.project("beside").await;
    let (viewer, admin) = (server.visitor(Role::Viewer).await, server.visitor(Role::Admin).await);
    server.identify(json!({ "email": "ada@x.com" })).await;
    server.identify(json!({ "email": "bob@x.com" })).await;
    server
        .call(&beside, "POST", "/v1/identify", json!({ "email": "ada@x.com" }).to_string())
        .await
        .expect(200);
    assert_eq!(viewer.post("/projects/app/delete", "confirm=app").await.status, 403);
    for slip in ["", "confirm=", "confirm=apps", "confirm=APP"] {
        let refused = admin.post("/projects/app/delete", slip).await;
        assert!(refused.status == 409 && refused.text().contains("was not deleted"), "{}", refused.text());
    }
    assert_eq!(server.count("customer").await, 2);
    let gone = admin.post("/projects/app/delete", "confirm=+app+").await;
    assert_eq!(gone.header("location"), "/projects?saved=deleted");
    assert_eq!((server.count("customer").await, server.count("project").await), (1, 1));
    assert_eq!(server.get("/v1/projects").await.status, 401, "its keys are gone");
    assert_eq!(admin.get("/projects/app").await.status, 404);
}

#[tokio::test]
async fn the_list_says_how_projects_are_used() {
    let server = TestServer::start().await;
    let viewer = server.visitor(Role::Viewer).await;
    let before = viewer.get("/projects").await.expect_page(200);
    assert!(before.contains("nobody seen yet") && before.contains("3 keys"), "{before}");
    server.identify(json!({ "email": "ada@x.com" })).await;
    let revoke = "update api_key set revoked_at = now() where kind = 'read'";
    server.db.client().await.batch_execute(revoke).await.unwrap();
    let after = viewer.get("/projects").await.expect_page(200);
    for told in ["1 customer<", "2 keys<", "last seen", ">now</time>"] {
        assert!(after.contains(told), "{told}: {after}");
    }
}

/// Whoever comes back to a project without customers sees what may be shown of its key, and how to make another.
#[tokio::test]
async fn the_call_of_an_empty_project_names_its_key_later_too() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let made = admin.post("/projects", "name=Empty&slug=empty").await.expect_page(200);
    let key = made.split("Authorization: Bearer ").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let hint = server::model::Secret::parse(&key).unwrap().visible();
    let page = admin.get("/projects/empty/start").await.expect_page(200);
    assert!(page.contains(&format!("Bearer {hint}")) && !page.contains(&key), "{page}");
    assert!(page.contains("Make a new key and show the call with it"), "{page}");
    let viewer = server.visitor(Role::Viewer).await;
    let page = viewer.get("/projects/empty/start").await.expect_page(200);
    assert!(page.contains(&format!("<code>{hint}</code> below stands for it")), "{page}");
    let keys = admin.get("/projects/empty").await.expect_page(200);
    let id = keys.split("/keys/").nth(1).unwrap().split('/').next().unwrap();
    admin.post(&format!("/keys/{id}/revoke"), "next=%2Fprojects%2Fempty").await;
    let page = admin.get("/projects/empty/start").await.expect_page(200);
    assert!(page.contains("Bearer tcrm_proj_…") && page.contains("Make a key and show"), "{page}");
}
