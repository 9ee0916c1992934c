//! The dashboard without a browser: sessions, cookies, forged forms, roles, guesses, and pages for problems.

mod customer;
mod members;

use axum::{body::Body, http::Request};
use futures_util::future::join_all;
use serde_json::json;
use server::{
    config,
    http::App,
    model::{Email, Role, now},
    router,
    store::{member, session},
};
use tower::ServiceExt;

use crate::support::{
    server::{TestServer, metrics, settings},
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
async fn whom_nobody_counts_is_ignored_by_a_form() {
    let server = TestServer::start().await;
    let (viewer, admin) = (server.visitor(Role::Viewer).await, server.visitor(Role::Admin).await);
    server.identify(json!({ "email": "me@my-company.com" })).await;
    let wrong = admin.post("/settings/ignored", "pattern=everybody").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("*.my-company.com"), "{}", wrong.text());
    let form = "pattern=+%40My-Company.com";
    assert_eq!(admin.post("/settings/ignored", form).await.header("location"), "/settings#ignored");
    assert!(admin.get("/settings").await.text().contains("Erase 1 customer"));
    let shown = viewer.get("/settings").await.text();
    assert!(shown.contains("@my-company.com") && !shown.contains("/settings/ignored"), "{shown}");
    assert_eq!(server.identify(json!({ "email": "you@my-company.com" })).await["ignored"], true);
    admin.post("/settings/ignored/erase", form).await;
    assert_eq!(server.count("customer").await, 0);
    admin.post("/settings/ignored/remove", form).await;
    assert!(!admin.get("/settings").await.text().contains("@my-company.com</code></td>"));
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

#[tokio::test]
async fn the_page_says_when_the_database_answers() {
    let (server, other) = (TestServer::start().await, TestServer::without_index().await);
    server.index_ready().await;
    for server in [&server, &other] {
        server.identify(serde_json::json!({ "email": "ada@x.com", "params": { "plan": "pro" } })).await;
    }
    let page = server.visitor(Role::Viewer).await.get("/customers").await;
    assert!(page.text().contains("ada@x.com") && !page.text().contains("Answered by the database"));
    assert!(page.text().contains(r#"class="facet""#), "the rail comes with the page");
    let counted = metrics(&server.app).await;
    assert!(counted.contains(r#"tinycrm_query_seconds_count{engine="index"}"#), "{counted}");
    let visitor = other.visitor(Role::Viewer).await;
    // At first the index loads, then it has outgrown its memory.
    for _ in 0..100 {
        let page = visitor.get("/customers").await;
        if page.text().contains("does not fit the index") {
            assert!(page.text().contains("hx-get=\"/customers/rail"), "the rail comes after the page");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nothing is said of memory");
}

/// What may have been meant otherwise is a click away: words of the filter, the order, what is summed and shown.
#[tokio::test]
async fn doubts_have_a_link_that_puts_them_right() {
    let server = TestServer::start().await;
    let params = serde_json::json!({ "plan": "pro", "mrr": 29, "company": { "country": "DE" } });
    let ada = serde_json::json!({ "email": "ada@x.com", "status": "paid", "params": params });
    server.identify(ada).await;
    let visitor = server.visitor(Role::Viewer).await;
    for (address, link) in [
        ("filter=plna+%3D+pro", "filter=params.plan%20=%20pro"),
        ("filter=upgraded+last+week", "filter=status%20changed%20to%20paid%20in%20last%20week"),
        ("filter=paid", "filter=status%20=%20paid"),
        ("filter=active", "filter=status%20=%20paid"),
        ("sort=-created", "sort=-first_seen"),
        ("sum=mrrr", "sum=params.mrr"),
        ("columns=status,country,plan", "columns=status,params.company.country,plan"),
    ] {
        let page = visitor.get(&format!("/customers?{address}")).await;
        let text = page.text().replace("&#38;", "&");
        assert!(page.status == 200 && text.contains(&format!("/customers?{link}\"")), "{address}: {text}");
    }
}
