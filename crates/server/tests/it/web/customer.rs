//! What a member does to one person: merging two, undoing that, and setting the past right.

use serde_json::{Value, json};
use server::{
    model::{Email, Role, now},
    store::{log, member, session},
};

use crate::support::{server::TestServer, visitor::Visitor};

impl TestServer {
    /// A customer of the first project who was there on a day, with a param; the id.
    pub(super) async fn customer(&self, email: &str, day: &str, call: Value) -> String {
        let mut body = json!({ "email": email, "timestamp": day });
        body.as_object_mut().unwrap().extend(call.as_object().unwrap().clone());
        self.identify(body).await;
        self.person(email).await["id"].as_str().unwrap().to_owned()
    }

    /// The owner of another account.
    pub(super) async fn foreigner(&self) -> Visitor<'_> {
        let other = server::store::open_account(&self.app.store, "Other", now()).await.unwrap();
        let email = Email::parse("eve@example.com").unwrap();
        let eve = member::add(&self.app.store, other, &email, Role::Owner, now()).await.unwrap();
        let token = session::begin(&self.app.store, &eve, now()).await.unwrap().unwrap();
        Visitor { server: self, cookie: format!("tinycrm={token}") }
    }
}

/// The text of a page as it is read.
pub(super) fn read(text: &str) -> String {
    let mut inside = false;
    let kept = text.chars().map(|c| {
        let tag = inside || c == '<';
        inside = (inside || c == '<') && c != '>';
        if tag { ' ' } else { c }
    });
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn two_customers_are_previewed_merged_and_two_again() {
    let server = TestServer::start().await;
    let (admin, viewer) = (server.visitor(Role::Admin).await, server.visitor(Role::Viewer).await);
    let ada =
        server.customer("ada@x.com", "2024-01-01", json!({ "params": { "plan": "free", "seats": 2 } })).await;
    let call = json!({ "status": "paid", "name": "Ada Ltd", "params": { "plan": "pro" } });
    let bill = server.customer("bill@x.com", "2024-02-01", call).await;
    let (shop, shop_key) = server.project("shop").await;
    server
        .call(&shop_key, "POST", "/v1/identify", json!({ "email": "bill@x.com" }).to_string())
        .await
        .expect(200);
    let (page, before) = (format!("/customers/{ada}"), server.dump().await);
    assert!(admin.get(&page).await.text().contains(&format!("{page}/merge")));

    let preview = admin.get(&format!("{page}/merge?other=+Bill%40X.com")).await;
    let text = read(&preview.expect_page(200));
    for told in [
        "bill@x.com becomes an alias of ada@x.com",
        "both become one Status paid Status since 1 Feb 2024",
        "status free → paid",
        "name Ada Ltd",
        "params.plan free → pro",
        &format!("{} moves as it is", shop.name),
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(!text.contains("seats"), "what stays is not listed: {text}");
    assert_eq!(server.dump().await, before, "a preview leaves nothing");

    let merged = admin.post(&format!("{page}/merge"), "other=bill%40x.com").await;
    let said = format!("{page}?done=merged");
    assert_eq!((merged.status, merged.header("location")), (303, said.as_str()));
    assert!(admin.get(&said).await.expect_page(200).contains("The two are one customer now."));
    let other = admin.get(&format!("{page}?done=%3Cb%3E")).await.expect_page(200);
    assert!(!other.contains("class=\"done\""), "{other}");
    assert_eq!(server.person("bill@x.com").await["email"], "ada@x.com");
    let change = server.changes("ada@x.com").await.pop().unwrap();
    assert_eq!(change["source"], "member", "{change}");
    let text = admin.get(&format!("/customers/{bill}")).await.expect_page(200);
    assert!(text.contains("<h1>ada@x.com</h1>"), "the old address leads to whom was kept");
    let read_by = |text: &str| (read(text).contains("can be undone until"), text.contains("/unmerge"));
    assert_eq!(read_by(&text), (true, true), "{text}");
    let seen = viewer.get(&page).await.expect_page(200);
    assert!(seen.contains("bill@x.com") && read_by(&seen) == (false, false), "{seen}");
    assert!(!seen.contains("/merge") && !seen.contains("/correct"), "{seen}");

    let undone = admin.post(&format!("{page}/unmerge"), "other=bill%40x.com").await;
    let said = format!("{page}?done=undone");
    assert_eq!((undone.status, undone.header("location")), (303, said.as_str()));
    assert!(admin.get(&said).await.expect_page(200).contains("They are two customers again"));
    assert_eq!(server.person("bill@x.com").await["id"], bill.as_str());
    assert_eq!(log::check(&server.app.store, server.account).await.unwrap().differences, 0);
}

#[tokio::test]
async fn what_was_touched_since_stays_merged_and_says_so() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let ada = server.customer("ada@x.com", "2024-01-01", json!({})).await;
    server.customer("bill@x.com", "2024-01-02", json!({})).await;
    let page = format!("/customers/{ada}");
    admin.post(&format!("{page}/merge"), "other=bill%40x.com").await;
    server.identify(json!({ "email": "ada@x.com", "params": { "plan": "pro" } })).await;
    let text = admin.get(&page).await.expect_page(200);
    assert!(text.contains("something was stored of them since") && !text.contains("/unmerge"), "{text}");
    let late = admin.post(&format!("{page}/unmerge"), "other=bill%40x.com").await;
    assert!(late.expect_page(409).contains("cannot be undone any more"));
    server.query("delete from merged returning to_jsonb(1)", &[]).await;
    let text = admin.get(&page).await.expect_page(200);
    assert!(text.contains("the merge cannot be undone any more"), "{text}");
}

#[tokio::test]
async fn a_merge_that_cannot_be_says_why_beside_the_address() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let ada = server.customer("ada@x.com", "2024-01-01", json!({})).await;
    let path = format!("/customers/{ada}/merge");
    for (other, why) in [
        ("ada", "is not an e-mail address"),
        ("nobody%40x.com", "Nobody has the address nobody@x.com"),
        ("ada%40x.com", "Both addresses are of one customer already"),
    ] {
        for answer in [
            admin.get(&format!("{path}?other={other}")).await,
            admin.post(&path, &format!("other={other}")).await,
        ] {
            let text = answer.expect_page(422);
            assert!(text.contains(why) && text.contains("aria-invalid"), "{other}: {text}");
            assert!(!text.contains("Merge the two"), "{text}");
        }
    }
    assert_eq!(admin.get(&path).await.status, 200);
    let stranger = admin.post(&format!("/customers/{ada}/unmerge"), "other=ada%40x.com").await;
    assert!(stranger.expect_page(404).contains("no alias of ada@x.com"));
}

/// Since when it is so nobody told, until somebody does.
#[tokio::test]
async fn who_was_imported_without_dates_is_told_until_the_dates_are_corrected() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    crate::imports::import(&server, "", "email,status,first_seen\nada@x.com,paid,2024-01-01\n").await;
    let page = format!("/customers/{}", server.person("ada@x.com").await["id"].as_str().unwrap());
    let told = async || read(&admin.get(&page).await.expect_page(200)).contains("Imported without dates");
    assert!(told().await);
    for (form, is_told) in
        [("first_seen=2023-05-01&first_paid=", true), ("first_seen=&first_paid=2024-02-01", false)]
    {
        let since = if is_told { "" } else { "2024-02-01" };
        let form = format!("project={}&{form}&status_since={since}", server.project.slug);
        assert_eq!(admin.post(&format!("{page}/correct"), &form).await.status, 303, "{form}");
        assert_eq!(told().await, is_told, "{form}");
    }
}

#[tokio::test]
async fn the_past_is_previewed_and_set_right_in_one_project() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    server::store::set_zone(&server.app.store, server.account, "Europe/Berlin").await.unwrap();
    server.customer("ada@x.com", "2024-01-01", json!({ "status": "trial" })).await;
    let ada = server.customer("ada@x.com", "2024-06-01", json!({ "status": "churned" })).await;
    let (page, before) = (format!("/customers/{ada}"), server.dump().await);
    let slug = &server.project.slug;
    assert!(admin.get(&page).await.text().contains(&format!("{page}/correct?project={slug}")));
    let form = format!("project={slug}&first_seen=2023-05-01&first_paid=2023-06-01&status_since=");
    let text = read(&admin.get(&format!("{page}/correct?{form}")).await.expect_page(200));
    for told in [
        "First seen 1 Jan 2024, 01:00 1 May 2023",
        "First paid never 1 Jun 2023",
        "Status since 1 Jun 2024, 02:00 the same",
        "trial 2024-01-01 01:00:00 churned 2024-06-01 02:00:00 paid 2023-06-01 churned 2024-06-01 02:00:00",
        "cannot be brought back",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert_eq!(server.dump().await, before, "a preview leaves nothing");
    let corrected = admin.post(&format!("{page}/correct"), &form).await;
    let said = format!("{page}?done=corrected");
    assert_eq!((corrected.status, corrected.header("location")), (303, said.as_str()));
    let text = read(&admin.get(&said).await.expect_page(200));
    assert!(
        text.contains("The dates are corrected.")
            && text.contains("First paid 1 Jun 2023 First seen 1 May 2023"),
        "{text}"
    );
    let dates = async || {
        let known = server.person("ada@x.com").await["relationships"][0].clone();
        ["first_seen", "first_paid", "status_since"].map(|name| known[name].clone())
    };
    let told = [json!("2023-04-30T22:00:00Z"), json!("2023-05-31T22:00:00Z"), json!("2024-06-01T00:00:00Z")];
    assert_eq!(dates().await, told, "a day begins in the account's zone");
    admin.post(&format!("{page}/correct"), &format!("project={slug}&never=1")).await;
    assert_eq!(dates().await[1], Value::Null);
    assert_eq!(log::check(&server.app.store, server.account).await.unwrap().differences, 0);
}

#[tokio::test]
async fn a_correction_that_cannot_be_says_why_and_where() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let ada = server.customer("ada@x.com", "2024-01-01", json!({ "status": "churned" })).await;
    let (slug, path) = (&server.project.slug, format!("/customers/{ada}/correct"));
    server.project("shop").await;
    for (form, why, fields) in [
        ("first_seen=May", "first_seen: &#34;May&#34; is no date, as in 2026-03-01", vec!["first_seen"]),
        ("first_seen=&first_paid=&status_since=", "Write at least one date", vec![]),
        ("first_paid=2023-01-01&never=1", "give first_paid, or say never", vec!["first_paid"]),
        ("status_since=2999-01-01", "status_since (2999-01-01) lies in the future", vec!["status_since"]),
        ("first_seen=1989-01-01", "first_seen (1989-01-01) lies before 1990", vec!["first_seen"]),
        (
            "first_paid=2024-03-01",
            "(2024-03-01) lies not before status_since (2024-01-01)",
            vec!["first_paid", "status_since"],
        ),
    ] {
        let form = format!("project={slug}&{form}");
        for answer in [admin.get(&format!("{path}?{form}")).await, admin.post(&path, &form).await] {
            let text = answer.expect_page(422);
            assert!(text.contains(why) && !text.contains("Correct it"), "{form}: {text}");
            let marked = text.split("<input").filter(|input| input.contains("aria-invalid"));
            let named =
                |input: &str| input.split("name=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
            assert_eq!(marked.map(named).collect::<Vec<_>>(), fields, "{form}: {text}");
        }
    }
    for elsewhere in ["project=shop", "project=nowhere", ""] {
        assert_eq!(admin.get(&format!("{path}?{elsewhere}")).await.status, 404, "{elsewhere}");
        let form = format!("{elsewhere}&first_seen=2023-01-01");
        assert_eq!(admin.post(&path, &form).await.status, 404, "{elsewhere}");
    }
}

#[tokio::test]
async fn another_account_finds_nobody_to_merge_or_correct() {
    let server = TestServer::start().await;
    let ada = server.customer("ada@x.com", "2024-01-01", json!({})).await;
    server.customer("bill@x.com", "2024-01-01", json!({})).await;
    let eve = server.foreigner().await;
    let before = server.dump().await;
    for act in ["merge", "unmerge", "correct"] {
        let path = format!("/customers/{ada}/{act}");
        let form = format!("other=bill%40x.com&project={}&first_seen=2023-01-01", server.project.slug);
        assert_eq!(eve.post(&path, &form).await.status, 404, "{act}");
        if act != "unmerge" {
            assert_eq!(eve.get(&format!("{path}?{form}")).await.status, 404, "{act}");
        }
    }
    assert_eq!(server.dump().await, before);
}

/// Earlier versions stored an address and its punycode as two people: what is done on the page of one is done to that one.
#[tokio::test]
async fn two_forms_of_one_address_are_two_people_until_they_are_merged() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let old = server.customer("old@münchen.example", "2024-01-01", json!({ "status": "churned" })).await;
    server
        .query("update customer set email = 'a@xn--mnchen-3ya.example' where email like 'old%' returning to_jsonb(1)", &[])
        .await;
    let new = server.customer("gone@x.com", "2024-01-01", json!({ "status": "churned" })).await;
    server
        .query(
            "update customer set email = 'a@münchen.example' where email like 'gone%' returning to_jsonb(1)",
            &[],
        )
        .await;
    let form = format!("project={}&first_paid=2023-06-01", server.project.slug);
    let corrected = admin.post(&format!("/customers/{old}/correct"), &form).await;
    assert_eq!(corrected.status, 303);
    for (id, paid) in [(&old, json!("2023-06-01T00:00:00Z")), (&new, Value::Null)] {
        assert_eq!(server.person(id).await["relationships"][0]["first_paid"], paid, "{id}");
    }
    let (dash, plain) = ("a%40xn--mnchen-3ya.example", "a%40m%C3%BCnchen.example");
    for (keep, other, typed) in [(&old, &new, plain), (&new, &old, dash), (&new, &old, plain)] {
        let page = format!("/customers/{keep}");
        let text = admin.get(&format!("{page}/merge?other={typed}")).await.expect_page(200);
        assert!(text.contains(&format!("/customers/{other}/merge?other=")), "the other one is shown: {text}");
        let merged = admin.post(&format!("{page}/merge"), &format!("other={typed}")).await;
        assert_eq!(merged.status, 303, "{typed}");
        assert_eq!(server.person(other).await["id"], **keep, "{typed}");
        let text = admin.get(&page).await.expect_page(200);
        assert!(text.contains("/unmerge"), "{text}");
        let alias = if *keep == old { plain } else { dash };
        let undone = admin.post(&format!("{page}/unmerge"), &format!("other={alias}")).await;
        assert_eq!(undone.status, 303, "{typed}");
    }
    admin.post(&format!("/customers/{old}/erase"), "").await;
    assert_eq!(server.person(&new).await["email"], "a@münchen.example");
    assert_eq!(server.get(&format!("/v1/customers/{old}")).await.status, 404);
}

/// The page of customers says whose alias an address is, once, with the filter that finds them.
#[tokio::test]
async fn a_search_for_an_alias_leads_to_whom_it_is() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let ada = server.customer("ada@x.com", "2024-01-01", json!({})).await;
    server.customer("bill@x.com", "2024-01-01", json!({})).await;
    admin.post(&format!("/customers/{ada}/merge"), "other=bill%40x.com").await;
    let text = admin.get("/customers?filter=email+%3D+bill%40x.com").await.expect_page(200);
    assert_eq!(text.matches("the address bill@x.com is an alias of ada@x.com").count(), 1, "{text}");
    assert!(text.contains("/customers?filter=email%20=%20%22ada@x.com%22\""), "{text}");
}
