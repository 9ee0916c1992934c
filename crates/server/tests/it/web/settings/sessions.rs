//! Sessions: where members are signed in, seen and ended by themselves and by owners.

use axum::body::Body;
use server::{
    model::{Email, Role, SessionId, now},
    store::{self, member, session},
};

use crate::support::{server::TestServer, visitor::Visitor};

const LINUX: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// Somebody who is signed in once more.
async fn another<'s>(server: &'s TestServer, member: &member::Member) -> Visitor<'s> {
    let token = session::begin(&server.app.store, member, now()).await.unwrap().unwrap();
    Visitor { server, cookie: format!("tinycrm={token}") }
}

/// The sessions of a member, the oldest first.
async fn sessions(server: &TestServer, member: &member::Member) -> Vec<SessionId> {
    let only = Some(member.id);
    let all = session::list(&server.app.store, server.account, only, "", now()).await.unwrap();
    all.into_iter().map(|session| session.id).collect()
}

#[tokio::test]
async fn a_session_says_since_when_it_is_in_which_browser_and_from_where() {
    let server = TestServer::with_flags(&["--trusted-proxy", "::"]).await;
    let ada = server.member("ada@example.com", Role::Viewer).await;
    member::set_password(&server.app.store, &ada, "correct horse battery").await.unwrap();
    let request = server.stranger().request("POST", "/sign-in").header("sec-fetch-site", "same-origin");
    let request = request.header("user-agent", LINUX).header("x-forwarded-for", "192.0.2.7");
    let form = Body::from("email=ada%40example.com&password=correct+horse+battery");
    let entered = server.send(request.body(form).unwrap()).await;
    let hers = Visitor { server: &server, cookie: entered.cookie() };
    let page = hers.get("/sessions").await.expect_page(200);
    for told in ["Chrome on Linux", "192.0.2.7", "this one", ">now</time>"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains("AppleWebKit") && !page.contains("End all others"), "{page}");
    let token = hers.cookie.split_once('=').unwrap().1;
    assert!(!page.contains(token), "a session's cookie is shown nowhere");
    let kept = server.query("select to_jsonb(s) from session s", &[]).await;
    assert!(kept.len() == 1 && !kept[0].to_string().contains("AppleWebKit"), "{kept:?}");
}

#[tokio::test]
async fn it_is_noted_when_a_session_was_last_used() {
    let server = TestServer::start().await;
    let viewer = server.visitor(Role::Viewer).await;
    let back = "update session set created_at = created_at - interval '3 days', used_at = now() - interval '2 hours'";
    server.db.client().await.batch_execute(back).await.unwrap();
    assert!(viewer.get("/sessions").await.text().contains("Last used"));
    let since = "select to_jsonb(now() - used_at < interval '1 minute') from session";
    for _ in 0..100 {
        if server.query(since, &[]).await == [serde_json::json!(true)] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the use of a session was not noted");
}

#[tokio::test]
async fn members_end_their_own_sessions_and_nobody_elses() {
    let server = TestServer::start().await;
    let (ada, bob) = (
        server.member("ada@example.com", Role::Admin).await,
        server.member("bob@example.com", Role::Viewer).await,
    );
    let (lost, here, his) =
        (another(&server, &ada).await, another(&server, &ada).await, another(&server, &bob).await);
    let (hers, of_bob) = (sessions(&server, &ada).await, sessions(&server, &bob).await);
    let page = here.get("/sessions").await.expect_page(200);
    assert!(page.contains("End all others") && !page.contains("bob@example.com"), "{page}");
    assert_eq!(here.post(&format!("/sessions/{}/end", of_bob[0]), "").await.status, 404);
    assert_eq!(his.get("/projects").await.status, 200);
    let ended = here.post(&format!("/sessions/{}/end", hers[0]), "").await;
    assert_eq!(ended.header("location"), "/sessions?saved=ended");
    assert_eq!((lost.get("/projects").await.status, here.get("/projects").await.status), (303, 200));
    assert_eq!(here.post(&format!("/sessions/{}/end", hers[0]), "").await.status, 404);
    let more = [another(&server, &ada).await, another(&server, &ada).await];
    assert_eq!(here.post("/end-other-sessions", "").await.header("location"), "/sessions?saved=others-ended");
    for gone in more {
        assert_eq!(gone.get("/projects").await.status, 303);
    }
    assert_eq!((here.get("/projects").await.status, his.get("/projects").await.status), (200, 200));
    let left = here.post(&format!("/sessions/{}/end", hers[1]), "").await;
    assert!(left.header("set-cookie").contains("Max-Age=0") && left.header("location") == "/sign-in");
    assert_eq!(here.get("/projects").await.status, 303);
}

#[tokio::test]
async fn owners_end_sessions_of_their_account_and_of_no_other() {
    let server = TestServer::start().await;
    let owner = server.visitor(Role::Owner).await;
    let bob = server.member("bob@example.com", Role::Admin).await;
    let his = another(&server, &bob).await;
    let store = &server.app.store;
    let elsewhere = store::open_account(store, "Another", now()).await.unwrap();
    let email = Email::parse("eve@example.com").unwrap();
    let eve = member::add(store, elsewhere, &email, Role::Owner, now()).await.unwrap();
    let hers = another(&server, &eve).await;
    let of_eve = session::list(store, elsewhere, None, "", now()).await.unwrap();
    let page = owner.get("/sessions").await.expect_page(200);
    assert!(page.contains("bob@example.com") && !page.contains("eve@example.com"), "{page}");
    assert_eq!(owner.post(&format!("/sessions/{}/end", of_eve[0].id), "").await.status, 404);
    assert_eq!(hers.get("/projects").await.status, 200);
    let of_bob = sessions(&server, &bob).await;
    assert_eq!(owner.post(&format!("/sessions/{}/end", of_bob[0]), "").await.status, 303);
    assert_eq!(his.get("/projects").await.status, 303);
    assert!(owner.get("/sessions").await.text().contains("Nobody else is signed in"));
}
