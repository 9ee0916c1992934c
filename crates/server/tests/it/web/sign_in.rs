//! Signing in and out: links, passwords, guesses, cookies.

use axum::{body::Body, http::Request};
use futures_util::future::join_all;
use server::{
    config,
    http::App,
    model::{Role, now},
    router,
    store::{member, session},
};
use tower::ServiceExt;

use crate::support::{
    server::{TestServer, settings},
    visitor::Visitor,
};

#[tokio::test]
async fn a_link_works_once_and_makes_a_new_session() {
    let server = TestServer::start().await;
    let member = server.member("ada@example.com", Role::Owner).await;
    let token = session::link(&server.app.store, member.id, now()).await.unwrap();
    let path = format!("/sign-in/{token}");
    for _ in 0..3 {
        assert_eq!(server.stranger().get(&path).await.status, 200, "reading the link must not use it up");
    }
    let answer = server.stranger().post(&path, "").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/password"));
    let set = answer.header("set-cookie");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && !set.contains("Secure"), "{set}");
    let visitor = Visitor { server: &server, cookie: answer.cookie() };
    assert_eq!(visitor.get("/projects").await.status, 200);
    let again = server.stranger().post(&path, "").await;
    assert_eq!(again.status, 404);
    assert!(again.text().contains("was used already"), "{}", again.text());
    assert!(!again.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_changed_password_ends_every_other_session() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Admin).await;
    let member = member::list(&server.app.store, server.account).await.unwrap().remove(0);
    let other = session::begin(&server.app.store, &member, now()).await.unwrap().unwrap();
    let other = Visitor { server: &server, cookie: format!("tinycrm={other}") };
    assert_eq!(other.get("/projects").await.status, 200);
    for (form, why) in [("password=short", "at least 10"), ("password=admin%40example.com", "first thing")] {
        let answer = visitor.post("/password", form).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text().contains(why), "{}", answer.text());
    }
    let answer = visitor.post("/password", "password=correct+horse+battery").await;
    assert_eq!(answer.status, 303);
    assert_ne!(answer.cookie(), visitor.cookie);
    assert_eq!(other.get("/projects").await.header("location"), "/sign-in?next=%2Fprojects");
    assert_eq!(visitor.get("/projects").await.status, 303);
    let renewed = Visitor { server: &server, cookie: answer.cookie() };
    assert_eq!(renewed.get("/projects").await.status, 200);
    let wrong = renewed.post("/password", "present=wrong&password=another+long+one").await;
    assert_eq!(wrong.status, 422, "whoever finds an open browser must not take the account over");
}

#[tokio::test]
async fn an_owner_without_an_address_gives_it_with_the_first_password() {
    let server = TestServer::start().await;
    server.member("taken@example.com", Role::Admin).await;
    let owner = server.member(member::UNNAMED, Role::Owner).await;
    let token = session::begin(&server.app.store, &owner, now()).await.unwrap().unwrap();
    let visitor = Visitor { server: &server, cookie: format!("tinycrm={token}") };
    assert!(visitor.get("/password").await.text().contains("Your e-mail"));
    for (email, why) in [
        ("", "no e-mail address"),
        ("ada", "no e-mail address"),
        ("owner%40example.com", "your own"),
        ("taken%40example.com", "another member"),
    ] {
        let answer =
            visitor.post("/password", &format!("email={email}&password=correct+horse+battery")).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text().contains(why), "{email}: {}", answer.text());
    }
    let short = visitor.post("/password", "email=ada%40example.com&password=short").await;
    assert!(short.text().contains("value=\"ada@example.com\""), "what was written stays: {}", short.text());
    let named = visitor.post("/password", "email=Ada%40Example.com&password=correct+horse+battery").await;
    assert_eq!(named.status, 303);
    let signed_in = "email=ada%40example.com&password=correct+horse+battery";
    assert_eq!(server.stranger().post("/sign-in", signed_in).await.status, 303);
    // Whoever has an address keeps it, whatever a form says.
    let again = Visitor { server: &server, cookie: named.cookie() };
    let form = "email=eve%40example.com&present=correct+horse+battery&password=another+long+one";
    assert_eq!(again.post("/password", form).await.status, 303);
    let members = member::list(&server.app.store, server.account).await.unwrap();
    assert_eq!(members[1].email, "ada@example.com");
}

#[tokio::test]
async fn signing_out_ends_the_session_itself() {
    let server = TestServer::start().await;
    let visitor = server.visitor(Role::Viewer).await;
    let answer = visitor.post("/sign-out", "").await;
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(visitor.get("/projects").await.status, 303, "the old cookie is worth nothing");
}

#[tokio::test]
async fn over_https_the_cookie_belongs_to_this_host_alone() {
    let server = TestServer::start().await;
    let member = server.member("ada@example.com", Role::Owner).await;
    let token = session::link(&server.app.store, member.id, now()).await.unwrap();
    let config = config::Server { public_url: Some("https://crm.example.com".to_owned()), ..settings() };
    let router = router::router(App::new(server.db.store(), config));
    let request = Request::post(format!("/sign-in/{token}"))
        .header("origin", "https://crm.example.com")
        .header("host", "internal:7878")
        .header("content-type", "application/x-www-form-urlencoded");
    let theme = Request::post("/theme")
        .header("origin", "https://crm.example.com")
        .header("content-type", "application/x-www-form-urlencoded");
    for (request, body, name) in [(request, "", "tinycrm"), (theme, "theme=dark", "theme")] {
        let response = router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let set = response.headers()["set-cookie"].to_str().unwrap();
        let is_ours = set.starts_with(&format!("__Host-{name}=")) && set.contains("; Path=/;");
        assert!(is_ours && set.contains("; Secure") && !set.contains("Domain"), "{set}");
    }
}

#[tokio::test]
async fn guesses_are_limited_and_the_owner_still_gets_in() {
    let server = TestServer::start().await;
    let owner = server.member("ada@example.com", Role::Owner).await;
    member::set_password(&server.app.store, &owner, "correct horse battery").await.unwrap();
    let wrong = "email=ada%40example.com&password=wrong+wrong+wrong";
    let stranger = "email=nobody%40example.com&password=wrong+wrong+wrong";
    let (known, unknown) =
        (server.stranger().post("/sign-in", wrong).await, server.stranger().post("/sign-in", stranger).await);
    assert_eq!((known.status, unknown.status), (401, 401));
    assert_eq!(
        known.text().replace("ada@", "nobody@"),
        unknown.text(),
        "nothing tells whether somebody has an account"
    );
    // All at once: what comes one after the other gets time back, on a machine that is slow enough.
    let stranger = server.stranger();
    let guesses = join_all((0..12).map(|_| stranger.post("/sign-in", wrong))).await;
    let refused = guesses.iter().find(|guess| guess.status == 429).expect("12 are more than 10 a minute");
    assert!(refused.headers.contains_key("retry-after"));
    let token = session::link(&server.app.store, owner.id, now()).await.unwrap();
    let link = server.stranger().post(&format!("/sign-in/{token}"), "").await;
    assert_eq!(link.status, 303, "a link is not held to the account's limit");
    let right = "email=ada%40example.com&password=correct+horse+battery";
    let answer = server.stranger().post("/sign-in", right).await;
    assert_eq!(answer.status, 303, "nor is an address that has signed in before");
}
