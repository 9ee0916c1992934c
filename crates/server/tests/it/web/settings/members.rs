//! Members: their roles, how they leave, how their sessions end, and how a lost password is replaced.

use std::{pin::pin, time::Duration};

use axum::body::Body;
use futures_util::future::join_all;
use server::{
    http::App,
    model::{Role, now},
    router,
    store::{member, session, sweep},
};
use tokio::join;
use tower::ServiceExt;

use crate::support::{
    server::{TestServer, settings},
    visitor::Visitor,
};

const SIGN_IN: &str = "email=ada%40example.com&password=correct+horse+battery";

/// Somebody who is signed in, and their id.
async fn member<'s>(server: &'s TestServer, email: &str, role: Role) -> (member::Member, Visitor<'s>) {
    let member = server.member(email, role).await;
    let token = session::begin(&server.app.store, &member, now()).await.unwrap().unwrap();
    (member, Visitor { server, cookie: format!("tinycrm={token}") })
}

#[tokio::test]
async fn a_role_holds_from_the_next_request_on() {
    let server = TestServer::start().await;
    let owner = server.visitor(Role::Owner).await;
    let (grace, hers) = member(&server, "grace@example.com", Role::Viewer).await;
    let role = format!("/members/{}/role", grace.id);
    assert_eq!(hers.post("/settings/zone", "zone=UTC").await.status, 403);
    assert_eq!(owner.post(&role, "role=admin").await.header("location"), "/members?saved=role");
    assert_eq!(hers.post("/settings/zone", "zone=UTC").await.status, 303);
    assert_eq!(hers.post(&role, "role=owner").await.status, 403, "nobody makes themselves an owner");
    owner.post(&role, "role=viewer").await;
    assert_eq!(hers.post("/settings/zone", "zone=UTC").await.status, 403);
    assert_eq!(owner.post(&role, "role=king").await.status, 400);
}

#[tokio::test]
async fn whoever_is_removed_is_out_at_once() {
    let server = TestServer::start().await;
    let owner = server.visitor(Role::Owner).await;
    let (grace, hers) = member(&server, "grace@example.com", Role::Owner).await;
    let grace = member::set_password(&server.app.store, &grace, "correct horse battery").await.unwrap();
    let token = session::begin(&server.app.store, &grace, now()).await.unwrap().unwrap();
    let hers = Visitor { cookie: format!("tinycrm={token}"), ..hers };
    let link = session::link(&server.app.store, grace.id, now()).await.unwrap();
    assert_eq!(hers.get("/projects").await.status, 200);
    assert_eq!(owner.post(&format!("/members/{}/remove", grace.id), "").await.status, 303);
    assert_eq!(hers.get("/projects").await.header("location"), "/sign-in?next=%2Fprojects");
    assert_eq!(hers.post("/projects", "name=Mine").await.header("location"), "/sign-in?next=%2F");
    for (method, path) in [("GET", "/customers/rail"), ("POST", "/settings/zone"), ("POST", "/members")] {
        let request = hers.request(method, path).header("hx-request", "true");
        let part = server.send(request.body(Body::from("zone=UTC")).unwrap()).await;
        assert!(part.header("hx-redirect").starts_with("/sign-in?next="), "{method} {path}: {}", part.status);
        assert!(part.text().is_empty(), "{}", part.text());
    }
    let sign_in = "email=grace%40example.com&password=correct+horse+battery";
    assert_eq!(server.stranger().post("/sign-in", sign_in).await.status, 401);
    assert_eq!(server.stranger().post(&format!("/sign-in/{link}"), "").await.status, 404);
    assert!(!owner.get("/members").await.text().contains("grace@"));
    // As if the password had been right just before.
    assert_eq!(session::begin(&server.app.store, &grace, now()).await.unwrap(), None);
    assert_eq!(owner.post(&format!("/members/{}/remove", grace.id), "").await.status, 404);
}

#[tokio::test]
async fn the_last_owner_stays_one() {
    let server = TestServer::start().await;
    let (ada, hers) = member(&server, "ada@example.com", Role::Owner).await;
    server.member("grace@example.com", Role::Admin).await;
    for (act, form) in [("role", "role=viewer"), ("role", "role=admin"), ("remove", "")] {
        let refused = hers.post(&format!("/members/{}/{act}", ada.id), form).await;
        assert_eq!(refused.status, 409, "{act} {form}");
        assert!(refused.text().contains("The last owner"), "{}", refused.text());
    }
    assert_eq!(hers.post(&format!("/members/{}/role", ada.id), "role=owner").await.status, 303);
    let (bob, his) = member(&server, "bob@example.com", Role::Owner).await;
    assert_eq!(hers.post(&format!("/members/{}/remove", ada.id), "").await.status, 303);
    assert_eq!(hers.get("/members").await.header("location"), "/sign-in?next=%2Fmembers");
    assert_eq!(his.post(&format!("/members/{}/role", bob.id), "role=admin").await.status, 409);
}

#[tokio::test]
async fn two_owners_cannot_remove_each_other() {
    let server = TestServer::start().await;
    for round in 0..10 {
        let (ada, _) = member(&server, &format!("ada{round}@example.com"), Role::Owner).await;
        let (bob, _) = member(&server, &format!("bob{round}@example.com"), Role::Owner).await;
        let store = &server.app.store;
        let (first, second) = join!(
            member::remove(store, server.account, bob.id),
            member::set_role(store, server.account, ada.id, Role::Viewer),
        );
        assert!(first.is_ok() != second.is_ok(), "{first:?}, {second:?}");
        let left = member::list(store, server.account).await.unwrap();
        let owners: Vec<_> = left.iter().filter(|member| member.role == Role::Owner).collect();
        assert_eq!(owners.len(), 1, "{left:?}");
        let sql = "delete from member";
        server.db.client().await.batch_execute(sql).await.unwrap();
    }
}

#[tokio::test]
async fn a_lost_password_is_replaced_after_a_link() {
    let server = TestServer::start().await;
    let (store, stranger) = (&server.app.store, server.stranger());
    let (ada, _) = member(&server, "ada@example.com", Role::Admin).await;
    member::set_password(store, &ada, "a password that is lost").await.unwrap();
    let link = async || {
        let path = format!("/sign-in/{}", session::link(store, ada.id, now()).await.unwrap());
        let answer = stranger.post(&path, "next=/").await;
        assert_eq!(answer.header("location"), "/password");
        Visitor { server: &server, cookie: answer.cookie() }
    };
    let late = link().await;
    server
        .db
        .client()
        .await
        .batch_execute("update session set created_at = created_at - interval '61 minutes'")
        .await
        .unwrap();
    assert!(late.get("/password").await.text().contains("Present password"));
    assert_eq!(late.post("/password", "password=correct+horse+battery").await.status, 422);
    let came = link().await;
    let page = came.get("/password").await.text();
    assert!(page.contains("Choose a new password") && !page.contains("Present password"), "{page}");
    let replaced = came.post("/password", "password=correct+horse+battery").await;
    assert_eq!(replaced.status, 303);
    assert_eq!(late.get("/projects").await.status, 303, "every other session has ended");
    assert_eq!(stranger.post("/sign-in", SIGN_IN).await.status, 303);
    let renewed = Visitor { server: &server, cookie: replaced.cookie() };
    assert_eq!(
        renewed.post("/password", "password=another+long+one").await.status,
        422,
        "a link does it once"
    );
}

#[tokio::test]
async fn sessions_are_ended_by_their_member_and_by_owners() {
    let server = TestServer::start().await;
    let owner = server.visitor(Role::Owner).await;
    let (grace, first) = member(&server, "grace@example.com", Role::Viewer).await;
    let begin = async || {
        let token = session::begin(&server.app.store, &grace, now()).await.unwrap().unwrap();
        Visitor { server: &server, cookie: format!("tinycrm={token}") }
    };
    let second = begin().await;
    let link = session::link(&server.app.store, grace.id, now()).await.unwrap();
    let left = second.post("/sign-out-everywhere", "").await;
    assert!(left.header("set-cookie").contains("Max-Age=0") && left.header("location") == "/sign-in");
    assert_eq!((first.get("/projects").await.status, second.get("/projects").await.status), (303, 303));
    assert_eq!(server.stranger().post(&format!("/sign-in/{link}"), "").await.status, 404);
    let third = begin().await;
    assert_eq!(third.post(&format!("/members/{}/sign-out", grace.id), "").await.status, 403);
    assert_eq!(owner.post(&format!("/members/{}/sign-out", grace.id), "").await.status, 303);
    assert_eq!(third.get("/projects").await.status, 303);
    assert_eq!(owner.get("/projects").await.status, 200, "nobody else's sessions end");
}

#[tokio::test]
async fn a_new_link_ends_the_one_before() {
    let server = TestServer::start().await;
    let store = &server.app.store;
    let (ada, grace) = (
        server.member("ada@example.com", Role::Owner).await,
        server.member("grace@example.com", Role::Viewer).await,
    );
    let old = session::link(store, ada.id, now()).await.unwrap();
    let hers = session::link(store, grace.id, now()).await.unwrap();
    let (one, two) = join!(session::link(store, ada.id, now()), session::link(store, ada.id, now()));
    let redeem = async |token: &str| session::redeem(store, token, now()).await.unwrap().is_some();
    assert!(!redeem(&old).await);
    assert!(redeem(&one.unwrap()).await != redeem(&two.unwrap()).await, "one of two made at once");
    assert!(redeem(&hers).await, "another member's is not touched");
}

/// Whoever was found to have the right password a moment ago, or a link that is good, may have lost it since.
#[tokio::test]
async fn no_session_begins_with_what_has_ended() {
    let server = TestServer::start().await;
    let store = &server.app.store;
    let ada = server.member("ada@example.com", Role::Owner).await;
    let grace = server.member("grace@example.com", Role::Viewer).await;
    let first = member::set_password(store, &ada, "correct horse battery").await.unwrap();
    let second = member::set_password(store, &ada, "another long password").await.unwrap();
    assert_eq!(session::begin(store, &first, now()).await.unwrap(), None, "the password was changed");
    assert_eq!(session::begin(store, &ada, now()).await.unwrap(), None, "there was none");
    member::remove(store, server.account, grace.id).await.unwrap();
    assert_eq!(session::begin(store, &grace, now()).await.unwrap(), None, "who was removed");
    assert_eq!(server.count("session").await, 0);
    assert!(session::begin(store, &second, now()).await.unwrap().is_some());
}

/// Waits until somebody waits for a row.
async fn somebody_waits(server: &TestServer) {
    let client = server.db.client().await;
    let waits =
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while client.query(waits, &[]).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The same where the one does not know of the other yet.
#[tokio::test]
async fn who_is_signed_out_while_they_sign_in_is_out() {
    let server = TestServer::start().await;
    let ada = server.member("ada@example.com", Role::Owner).await;
    member::set_password(&server.app.store, &ada, "correct horse battery").await.unwrap();
    let link = session::link(&server.app.store, ada.id, now()).await.unwrap();
    let by_link = format!("/sign-in/{link}");
    let forget = "delete from session; delete from sign_in_link";
    for (meanwhile, path, form, refused) in [
        ("select from member for update", by_link.as_str(), "", 404),
        ("update member set password_hash = 'another'", "/sign-in", SIGN_IN, 401),
    ] {
        let ends = server.db.client().await;
        ends.batch_execute(&format!("begin; {meanwhile}; {forget}")).await.unwrap();
        let stranger = server.stranger();
        let mut answer = pin!(stranger.post(path, form));
        tokio::select! {
            answer = &mut answer => panic!("{} before it is known: {meanwhile}", answer.status),
            () = somebody_waits(&server) => {}
        }
        ends.batch_execute("commit").await.unwrap();
        assert_eq!(answer.await.status, refused, "{meanwhile}");
        assert_eq!(server.count("session").await, 0, "{meanwhile}");
    }
}

/// Who attacks from many places does not keep the owner out, also when the server has forgotten all since.
#[tokio::test]
async fn a_network_stays_known_over_a_restart() {
    let server = TestServer::start().await;
    let owner = server.member("ada@example.com", Role::Owner).await;
    member::set_password(&server.app.store, &owner, "correct horse battery").await.unwrap();
    let settings = || {
        let mut settings = settings();
        settings.trusted_proxy = vec!["::".parse().unwrap()];
        settings
    };
    let try_from = async |router: &axum::Router, address: &str, form: &'static str| {
        let request = server.stranger().request("POST", "/sign-in").header("sec-fetch-site", "same-origin");
        let request = request.header("x-forwarded-for", address).body(Body::from(form)).unwrap();
        router.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    let before = router::router(App::new(server.db.store(), settings()));
    assert_eq!(try_from(&before, "2001:db8:1::7", SIGN_IN).await, 303);
    let after = router::router(App::new(server.db.store(), settings()));
    // All at once: what comes one after the other gets time back, on a machine that is slow enough.
    let addresses: Vec<String> = (0..40).map(|n| format!("10.0.0.{n}")).collect();
    let strangers = join_all(addresses.iter().map(|address| try_from(&after, address, SIGN_IN))).await;
    assert!(strangers.contains(&429), "strangers are held to the limit of the account: {strangers:?}");
    assert_eq!(try_from(&after, "2001:db8:1::8", SIGN_IN).await, 303, "the same network");
    sweep::all(&server.app.store, now() + jiff::SignedDuration::from_hours(24 * 91)).await.unwrap();
    assert_eq!(server.count("known_network").await, 0);
    assert_eq!(server.count("session").await, 0);
}

#[tokio::test]
async fn an_owner_gives_a_member_another_address() {
    let server = TestServer::start().await;
    let (ada, owner) = member(&server, "ada@example.com", Role::Owner).await;
    let (grace, _) = member(&server, "grace@example.com", Role::Admin).await;
    let grace = member::set_password(&server.app.store, &grace, "correct horse battery").await.unwrap();
    let token = session::begin(&server.app.store, &grace, now()).await.unwrap().unwrap();
    let hers = Visitor { server: &server, cookie: format!("tinycrm={token}") };
    let link = session::link(&server.app.store, grace.id, now()).await.unwrap();
    let path = format!("/members/{}/email", grace.id);
    assert!(owner.get("/members").await.text().contains(&format!("action=\"{path}\"")));
    for (email, status) in [("no+address", 422), ("ada%40example.com", 409)] {
        assert_eq!(owner.post(&path, &format!("email={email}")).await.status, status, "{email}");
    }
    assert_eq!(hers.get("/projects").await.status, 200, "nothing has happened yet");
    assert_eq!(hers.post(&path, "email=mine%40example.com").await.status, 403);

    let page = owner.post(&path, "email=+Hopper%40Example.com").await.expect_page(200);
    assert!(page.contains("A sign-in link for hopper@example.com.") && !page.contains("grace@"), "{page}");
    assert_eq!(hers.get("/projects").await.header("location"), "/sign-in?next=%2Fprojects", "sessions end");
    assert_eq!(server.stranger().post(&format!("/sign-in/{link}"), "").await.status, 404, "and links");
    let sign_in = |email: &str| format!("email={email}%40example.com&password=correct+horse+battery");
    assert_eq!(server.stranger().post("/sign-in", &sign_in("grace")).await.status, 401);
    let known = server.stranger().post("/sign-in", &sign_in("hopper")).await.status;
    assert_eq!(known, 401, "who knew the password may be another person");
    let shown = page.split("/sign-in/").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!(
        server.stranger().post(&format!("/sign-in/{shown}"), "next=/").await.status,
        303,
        "it is theirs"
    );

    // Whoever changes their own goes on.
    let own = owner.post(&format!("/members/{}/email", ada.id), "email=lovelace%40example.com").await;
    assert_eq!(own.header("location"), "/members?saved=email");
    assert!(owner.get("/members").await.expect_page(200).contains("lovelace@example.com"));
    let unknown = format!("/members/{}/email", server.project.id);
    assert_eq!(owner.post(&unknown, "email=nobody%40example.com").await.status, 404);
}
