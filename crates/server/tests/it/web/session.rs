//! Who may do what: roles, forged forms, and accounts that never see each other.

use axum::body::Body;
use server::{
    model::{Email, Role, now},
    store::{member, session},
};

use crate::support::{server::TestServer, visitor::Visitor};

#[tokio::test]
async fn forms_of_other_sites_are_refused_everywhere() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Owner).await;
    let project = format!("/projects/{}", server.project.slug);
    let paths = [
        "/projects",
        &project,
        "/keys",
        "/members",
        "/members/01a20945-00ba-712e-84f6-a76982995db0/role",
        "/members/01a20945-00ba-712e-84f6-a76982995db0/remove",
        "/members/01a20945-00ba-712e-84f6-a76982995db0/sign-out",
        "/settings/zone",
        "/settings/formats",
        "/settings/ignored",
        "/customers/01a20945-00ba-712e-84f6-a76982995db0/merge",
        "/customers/01a20945-00ba-712e-84f6-a76982995db0/unmerge",
        "/customers/01a20945-00ba-712e-84f6-a76982995db0/correct",
        "/sign-out",
        "/sign-out-everywhere",
        "/password",
        "/theme",
    ];
    let foreign = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "http://127.0.0.1:9999"),
        ("origin", "null"),
    ];
    let ours = server.app.config.public_url();
    for path in paths {
        for (name, value) in foreign {
            let mut request = visitor.request("POST", path).header(name, value);
            if name != "origin" {
                request = request.header("origin", &ours); // no help to it
            }
            let answer = server.send(request.body(Body::from("name=x&zone=UTC")).unwrap()).await;
            assert_eq!(answer.status, 403, "{path} with {name}: {value}");
        }
    }
    assert_eq!(visitor.get("/projects").await.status, 200, "still signed in");
}

#[tokio::test]
async fn roles_are_kept_by_every_form() {
    let server = TestServer::start().await;
    let project = format!("/projects/{}", server.project.slug);
    let reset = format!("{project}/reset");
    let delete = format!("{project}/delete");
    let start = format!("{project}/start");
    let customer = |act: &str| format!("/customers/01a20945-00ba-712e-84f6-a76982995db0/{act}");
    let [erase, merge, unmerge, correct] = ["erase", "merge", "unmerge", "correct"].map(customer);
    let key = "/keys/01a20945-00ba-712e-84f6-a76982995db0/revoke";
    let admins = [
        "/projects",
        &project,
        &start,
        &reset,
        &delete,
        "/remove-test-projects",
        "/keys",
        key,
        "/settings/zone",
        "/settings/formats",
        "/settings/ignored",
        "/settings/ignored/remove",
        "/settings/ignored/erase",
        "/segments",
        "/segments/01a20945-00ba-712e-84f6-a76982995db0/delete",
        &erase,
        &merge,
        &unmerge,
        &correct,
    ];
    let viewer = server.visitor(Role::Viewer).await;
    let admin = server.visitor(Role::Admin).await;
    for path in admins {
        assert_eq!(
            viewer.post(path, "name=x&filter=&zone=UTC&kind=read&pattern=%40x.com").await.status,
            403,
            "{path}"
        );
        assert_eq!(server.stranger().post(path, "").await.header("location"), "/sign-in?next=%2F", "{path}");
    }
    for page in [&merge, &correct] {
        assert_eq!(viewer.get(page).await.status, 403, "{page}: a preview is a write");
    }
    for visitor in [&viewer, &admin] {
        assert_eq!(visitor.post("/members", "email=eve%40example.com&role=owner").await.status, 403);
    }
    assert_eq!(admin.post(&delete, "").await.status, 409, "a live project is not deleted by a click");
    let shown = viewer.get(&project).await.text();
    assert!(!shown.contains("Create key") && !shown.contains("Revoke"), "{shown}");
}

#[tokio::test]
async fn one_account_never_sees_another() {
    let server = TestServer::start().await;
    server
        .identify(serde_json::json!({ "email": "secret@example.com", "params": { "plan": "platypus" } }))
        .await;
    let other = server::store::open_account(&server.app.store, "Other", now()).await.unwrap();
    let email = Email::parse("eve@example.com").unwrap();
    let eve = member::add(&server.app.store, other, &email, Role::Owner, now()).await.unwrap();
    let token = session::begin(&server.app.store, &eve, now()).await.unwrap().unwrap();
    let eve = Visitor { server: &server, cookie: format!("tinycrm={token}") };
    let project = format!("/projects/{}", server.project.slug);
    for path in ["/customers/secret@example.com", &project, "/customers?project=app"] {
        let answer = eve.get(path).await;
        assert!(matches!(answer.status, 404), "{path}: {}", answer.status);
    }
    for path in
        ["/customers", "/customers/rail", "/customers/help?filter=plan%20=%20&at=7", "/customers/export.csv"]
    {
        let text = eve.get(path).await.text();
        assert!(!text.contains("platypus") && !text.contains("secret@"), "{path}: {text}");
    }
    assert_eq!(eve.post(&project, "kind=secret").await.status, 404);
}
