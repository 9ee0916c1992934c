//! What a member writes on the page of one person, and takes back.

use serde_json::{Value, json};
use server::{model::Role, store::log};

use super::customer::read;
use crate::support::{server::TestServer, visitor::Visitor};

/// What a form holds: the values of its hidden fields and what was typed.
async fn form(admin: &Visitor<'_>, path: &str) -> String {
    let page = admin.get(path).await.expect_page(200);
    let form = page.split("<form class=\"edit\"").nth(1).unwrap_or_else(|| panic!("{page}"));
    let hidden = form.split("<input type=\"hidden\"").skip(1).map(|input| {
        let part = |name: &str| input.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
        let value: String = part("value").replace("&#34;", "%22").replace(' ', "+");
        format!("{}={value}", part("name"))
    });
    hidden.collect::<Vec<_>>().join("&")
}

impl TestServer {
    async fn params(&self, email: &str) -> Value {
        self.person(email).await["relationships"][0]["params"].clone()
    }
}

/// The address to which an answer leads.
fn place(answer: &crate::support::server::Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location").to_owned()
}

#[tokio::test]
async fn a_value_is_edited_said_undone_and_done_again() {
    let server = TestServer::start().await;
    let (admin, viewer) = (server.visitor(Role::Admin).await, server.visitor(Role::Viewer).await);
    let call = json!({ "params": { "mrr": 29, "company": { "country": "US", "size": 3 } } });
    let ada = server.customer("ada@x.com", "2024-01-01", call).await;
    let (page, slug) = (format!("/customers/{ada}"), server.project.slug.to_string());
    let edit = format!("{page}/edit?project={slug}&field=params.mrr");
    let seen = server.person("ada@x.com").await["relationships"][0]["last_activity"].clone();
    assert!(admin.get(&page).await.text().contains("field=params.mrr"));
    let shown = viewer.get(&page).await.expect_page(200);
    assert!(!shown.contains("/edit"), "who may not write is offered nothing: {shown}");

    let sent = format!("{}&kind=number&value=49.90", form(&admin, &edit).await);
    let said = place(&admin.post(&format!("{page}/edit"), &sent).await);
    let text = admin.get(&said).await.expect_page(200);
    assert!(read(&text).contains("mrr 29 → 49.90 Undo"), "{}", read(&text));
    assert_eq!(server.params("ada@x.com").await["mrr"].to_string(), "49.90");
    let change = server.changes("ada@x.com").await.pop().unwrap();
    assert_eq!((&change["source"], &change["params"]["mrr"]["before"]), (&json!("member"), &json!(29)));
    assert!(read(&text).contains("by admin@"), "the history names the member: {}", read(&text));
    assert_eq!(
        server.person("ada@x.com").await["relationships"][0]["last_activity"],
        seen,
        "who is written of was not there"
    );

    let version = said.split("version=").nth(1).unwrap().to_owned();
    let undo = format!("project={slug}&version={version}");
    let undone = place(&admin.post(&format!("{page}/undo"), &undo).await);
    assert_eq!(server.params("ada@x.com").await["mrr"], json!(29));
    assert!(read(&admin.get(&undone).await.text()).contains("mrr 49.90 → 29 Undo"));
    let late = admin.post(&format!("{page}/undo"), &undo).await;
    assert!(read(&late.expect_page(409)).contains("It was changed since: nothing was undone."));
    assert_eq!(server.params("ada@x.com").await["mrr"], json!(29));
    let unknown = admin.post(&format!("{page}/undo"), &format!("project={slug}&version=1")).await;
    unknown.expect_page(404);

    let inner = format!("{page}/edit?project={slug}&field=params.company.country");
    let sent = format!("{}&kind=text&value=CA", form(&admin, &inner).await);
    place(&admin.post(&format!("{page}/edit"), &sent).await);
    assert_eq!(server.params("ada@x.com").await["company"], json!({ "country": "CA", "size": 3 }));
    assert_eq!(log::check(&server.app.store, server.account).await.unwrap().differences, 0);
}

#[tokio::test]
async fn what_was_changed_meanwhile_is_shown_beside_what_was_written() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let ada = server.customer("ada@x.com", "2024-01-01", json!({ "params": { "plan": "free" } })).await;
    let (page, slug) = (format!("/customers/{ada}"), server.project.slug.to_string());
    let edit = format!("{page}/edit?project={slug}&field=params.plan");
    let sent = format!("{}&kind=text&value=mine", form(&admin, &edit).await);
    server.identify(json!({ "email": "ada@x.com", "params": { "plan": "theirs", "other": 1 } })).await;
    let answer = admin.post(&format!("{page}/edit"), &sent).await.expect_page(409);
    let text = read(&answer);
    assert!(text.contains("Now theirs Yours mine"), "{text}");
    assert!(answer.contains("mine</textarea>"), "nothing is lost: {answer}");
    assert_eq!(server.params("ada@x.com").await["plan"], "theirs");
    let was = answer.split("name=\"was\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let again = format!("project={slug}&field=params.plan&was={was}&kind=text&value=mine");
    place(&admin.post(&format!("{page}/edit"), &again).await);
    assert_eq!(server.params("ada@x.com").await, json!({ "plan": "mine", "other": 1 }));
    // Who has gone meanwhile is not made anew.
    let sent = format!("{}&kind=text&value=again", form(&admin, &edit).await);
    admin.post(&format!("{page}/erase"), "").await;
    assert_eq!(admin.post(&format!("{page}/edit"), &sent).await.status, 404);
    assert_eq!(server.count("customer").await, 0);
}

#[tokio::test]
async fn values_are_added_removed_and_of_the_kind_that_was_chosen() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let ada = server.customer("ada@x.com", "2024-01-01", json!({})).await;
    let (page, slug) = (format!("/customers/{ada}"), server.project.slug.to_string());
    let post =
        async |rest: &str| admin.post(&format!("{page}/edit"), &format!("project={slug}&{rest}")).await;
    for (kind, typed, stored) in [
        ("text", "42", json!("42")),
        ("number", "42", json!(42)),
        ("boolean", "true", json!(true)),
        ("date", "2026-03-29", json!("2026-03-29")),
        ("json", "%5B1%2Cnull%5D", json!([1, null])),
    ] {
        place(&post(&format!("key=%22a.{kind}%22&was=&kind={kind}&value={typed}")).await);
        assert_eq!(server.params("ada@x.com").await[format!("a.{kind}")], stored, "{kind}");
    }
    let taken = post("key=%22a.text%22&was=&kind=text&value=other").await.expect_page(409);
    assert!(read(&taken).contains("Now 42 Yours other"), "what is there is not overwritten: {taken}");
    for (rest, why) in [
        ("key=b&was=&kind=number&value=ten", "is no number, as 29 or 19.90 is"),
        ("key=b&was=&kind=json&value=%7B", "It is no JSON"),
        ("key=b&was=&kind=text&value=%00", "Holds the character"),
        ("key=&field=&was=&kind=text&value=x", "A new value needs a key"),
    ] {
        let text = post(rest).await.expect_page(422);
        assert!(text.contains(why), "{rest}: {text}");
    }
    for (field, status) in
        [("email", 404), ("first_seen", 404), ("params.", 404), ("status", 200), ("name", 200)]
    {
        let answer = admin.get(&format!("{page}/edit?project={slug}&field={field}")).await;
        assert_eq!(answer.status, status, "{field}");
    }
    let edit = format!("{page}/edit?project={slug}&field=params.%22a.text%22");
    let gone = place(
        &admin
            .post(&format!("{page}/edit"), &format!("{}&act=remove&value=42", form(&admin, &edit).await))
            .await,
    );
    assert!(server.params("ada@x.com").await.get("a.text").is_none());
    assert!(read(&admin.get(&gone).await.text()).contains("a.text 42 → removed Undo"));

    let status = form(&admin, &format!("{page}/edit?project={slug}&field=status")).await;
    place(&admin.post(&format!("{page}/edit"), &format!("{status}&value=paid")).await);
    let name = form(&admin, &format!("{page}/edit?project={slug}&field=name")).await;
    place(&admin.post(&format!("{page}/edit"), &format!("{name}&value=Ada")).await);
    let same = form(&admin, &format!("{page}/edit?project={slug}&field=name")).await;
    let same = place(&admin.post(&format!("{page}/edit"), &format!("{same}&value=Ada")).await);
    assert!(read(&admin.get(&same).await.text()).contains("It was so already"));
    let known = server.person("ada@x.com").await["relationships"][0].clone();
    assert_eq!((&known["status"], &known["name"]), (&json!("paid"), &json!("Ada")));
    assert_eq!(log::check(&server.app.store, server.account).await.unwrap().differences, 0);
}

#[tokio::test]
async fn whoever_may_not_write_is_refused_and_text_is_never_markup() {
    let server = TestServer::start().await;
    let (admin, viewer) = (server.visitor(Role::Admin).await, server.visitor(Role::Viewer).await);
    let ada = server.customer("ada@x.com", "2024-01-01", json!({ "params": { "plan": "pro" } })).await;
    let eve = server.foreigner().await;
    let (page, slug) = (format!("/customers/{ada}"), server.project.slug.to_string());
    let before = server.dump().await;
    let sent = format!("project={slug}&key=vip&was=&kind=text&value=x&version=1");
    for act in ["edit", "undo"] {
        assert_eq!(viewer.post(&format!("{page}/{act}"), &sent).await.status, 403, "{act}");
        assert_eq!(eve.post(&format!("{page}/{act}"), &sent).await.status, 404, "{act}");
    }
    assert_eq!(viewer.get(&format!("{page}/edit?project={slug}&field=status")).await.status, 403);
    assert_eq!(eve.get(&format!("{page}/edit?project={slug}&field=status")).await.status, 404);
    assert_eq!(server.dump().await, before);

    let evil = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    let said = admin
        .post(&format!("{page}/edit"), &format!("project={slug}&key={evil}&was=&kind=text&value={evil}"))
        .await;
    let field = "params.%22%5C%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E%22";
    for path in [place(&said), format!("{page}/edit?project={slug}&field={field}")] {
        let text = admin.get(&path).await.expect_page(200);
        assert!(!text.contains("<script>alert") && text.contains("alert(1)"), "{path}: {text}");
    }
}

/// A project that was put away is read and not written to, whichever page somebody comes by.
#[tokio::test]
async fn nothing_is_written_to_an_archived_project() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let ada = server.customer("ada@x.com", "2024-01-01", json!({ "params": { "mrr": 29 } })).await;
    let (page, slug) = (format!("/customers/{ada}"), server.project.slug.to_string());
    let edit = format!("{page}/edit?project={slug}&field=params.mrr");
    let form = format!("{}&kind=number&value=49", form(&admin, &edit).await);
    assert_eq!(admin.post(&format!("/projects/{slug}/archive"), "").await.status, 303);
    let refused = admin.post(&format!("{page}/edit"), &form).await.expect_page(403);
    assert!(refused.contains("This project is archived"), "{refused}");
    let dates = format!("project={slug}&first_seen=2024-01-01&first_paid=&status_since=");
    assert_eq!(admin.post(&format!("{page}/correct"), &dates).await.status, 403);
    assert_eq!(server.params("ada@x.com").await["mrr"], 29);
    // What would be refused is not offered.
    let shown = admin.get(&page).await.expect_page(200);
    for offered in ["/edit?", "/correct?", "Add a value", "class=\"pencil\""] {
        assert!(!shown.contains(offered), "{offered}: {shown}");
    }
    assert!(shown.contains("app is archived: nothing is written to it."), "{shown}");
}

/// A new key is a path, as filters read it.
#[tokio::test]
async fn a_new_value_is_put_where_its_path_leads() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let ada = server.customer("ada@x.com", "2024-01-01", json!({ "params": { "plan": { "y": 1 } } })).await;
    let (page, slug) = (format!("/customers/{ada}"), server.project.slug.to_string());
    let post = async |key: &str| {
        let form = format!("project={slug}&key={key}&was=&kind=text&value=v");
        admin.post(&format!("{page}/edit"), &form).await
    };
    for key in ["plan.x", "%22plan.x%22", "params.deep.er", "a+b"] {
        place(&post(key).await);
    }
    let params = json!({ "plan": { "x": "v", "y": 1 }, "plan.x": "v", "deep": { "er": "v" }, "a b": "v" });
    assert_eq!(server.params("ada@x.com").await, params);
    for key in ["plan.", ".x", "a..b", "deep.er.x"] {
        let refused = post(key).await.expect_page(422);
        let said =
            if key == "deep.er.x" { "nothing stands within it" } else { "is no place: write plan.name" };
        assert!(refused.contains(said), "{key}: {refused}");
    }
    assert_eq!(server.params("ada@x.com").await, params);
}

#[tokio::test]
async fn a_place_that_cannot_be_is_told_and_the_form_is_kept() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let params = json!({ "plan": "pro", "tags": ["a"], "company": { "size": 3 } });
    let ada = server.customer("ada@x.com", "2024-01-01", json!({ "params": params })).await;
    let (page, slug) = (format!("/customers/{ada}"), server.project.slug.to_string());
    for (field, why) in [
        (
            "params.plan.x",
            "Params.plan is a text, and nothing stands within it: write an object there first.",
        ),
        ("params.tags.%220%22", "Params.tags is a list, and nothing stands within it: edit all of it."),
        ("params.company.size.unit", "Params.company.size is a number, and nothing stands within it"),
    ] {
        let edit = format!("{page}/edit?project={slug}&field={field}");
        let sent = format!("{}&kind=text&value=kept", form(&admin, &edit).await);
        let text = admin.post(&format!("{page}/edit"), &sent).await.expect_page(422);
        assert!(text.contains(why), "{field}: {text}");
        assert!(text.contains("kept</textarea>"), "the form is kept: {text}");
        assert_eq!(server.params("ada@x.com").await, params, "{field}");
    }
    // What can be is made, with the objects on the way.
    let edit = format!("{page}/edit?project={slug}&field=params.company.address.city");
    let sent = format!("{}&kind=text&value=Oslo", form(&admin, &edit).await);
    place(&admin.post(&format!("{page}/edit"), &sent).await);
    let company = json!({ "size": 3, "address": { "city": "Oslo" } });
    assert_eq!(server.params("ada@x.com").await["company"], company);
}
