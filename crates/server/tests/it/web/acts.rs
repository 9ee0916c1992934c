//! What is done to many customers at once: chosen, previewed, refused, stopped in the middle, undone.

use serde_json::{Value, json};
use server::{
    http::App,
    model::{ActId, MemberId, Role, What},
    store::{Rows, act, query::targets::Targets},
};

use crate::support::{
    server::{Answer, TestServer},
    visitor::Visitor,
};

/// A server with people, each on the plan of that number.
async fn server(people: usize) -> TestServer {
    let server = TestServer::start().await;
    for from in (0..people).step_by(1_000) {
        let items: Vec<Value> = (from..people.min(from + 1_000))
            .map(|n| json!({ "email": format!("p{n:05}@x.com"), "params": { "n": n, "tags": ["old"] } }))
            .collect();
        server.batch(json!(items)).await;
    }
    server
}

/// The ids of the people with these numbers.
async fn ids(server: &TestServer, numbers: &[usize]) -> Vec<String> {
    let emails: Vec<String> = numbers.iter().map(|n| format!("p{n:05}@x.com")).collect();
    let sql = "select to_jsonb(id) from customer where email = any($1) order by email";
    let rows = server.query(sql, &[&emails]).await;
    rows.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

fn form(pairs: &[(&str, &str)]) -> String {
    let encode = |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    pairs.join("&")
}

/// The form of an act on some people, previewed: what the preview says, and the page of the act that it became.
async fn act_on(visitor: &Visitor<'_>, whom: &[(&str, &str)], what: &[(&str, &str)], said: &str) -> Answer {
    let body = form(&[whom, what, &[("said", said)]].concat());
    visitor.post("/acts", &body).await
}

/// The page that an act leads to; it is done.
async fn done(visitor: &Visitor<'_>, answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let place = answer.header("location").to_owned();
    for _ in 0..200 {
        let page = visitor.get(&place).await.expect_page(200);
        if !page.contains("are done.") {
            return (place, page);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it does not end");
}

async fn param(server: &TestServer, number: usize, key: &str) -> Value {
    let row = server.row(server.project.id, &format!("p{number:05}@x.com")).await.unwrap();
    row["params"][key].clone()
}

const APP: (&str, &str) = ("project", "app");

#[tokio::test]
async fn chosen_people_get_a_param_and_give_it_back() {
    let server = server(5).await;
    let visitor = server.visitor(Role::Admin).await;
    let page = visitor.get("/customers?project=app").await.expect_page(200);
    assert!(page.contains(r#"form="choose""#) && page.contains(r#"action="/acts/new""#), "{page}");
    let chosen = ids(&server, &[1, 3]).await;
    let whom = [APP, ("who", &chosen[0]), ("who", &chosen[1]), ("count", "5")];
    let what = [("kind", "set"), ("key", "plan"), ("as", "text"), ("value", "pro <b>")];

    let asked = visitor.post("/acts/new", &form(&whom)).await.expect_page(200);
    assert!(asked.contains("2 people chosen") && asked.contains("All 5 that match instead"), "{asked}");
    let preview = visitor.post("/acts/new", &form(&[&whom[..], &what].concat())).await.expect_page(200);
    assert!(preview.contains("Set plan to &#34;pro &#60;b&#62;&#34; for 2 people."), "{preview}");
    assert_eq!(param(&server, 1, "plan").await, Value::Null, "a preview writes nothing");

    let (place, page) = done(&visitor, &act_on(&visitor, &whom, &what, "2").await).await;
    assert!(page.contains("<strong>2</strong> were changed"), "{page}");
    assert_eq!(
        (param(&server, 1, "plan").await, param(&server, 2, "plan").await),
        (json!("pro <b>"), Value::Null)
    );
    let changes = server.changes("p00001@x.com").await;
    let last = changes.last().unwrap();
    assert_eq!(
        (&last["source"], place.ends_with(last["source_id"].as_str().unwrap())),
        (&json!("act"), true)
    );
    let told = visitor.get(&format!("/customers/{}", chosen[0])).await.expect_page(200);
    assert!(told.contains(&place), "the timeline leads to the act");
    assert!(visitor.get("/acts").await.expect_page(200).contains(&place));

    // One of them is changed since: it stays.
    server.identify(json!({ "email": "p00003@x.com", "params": { "plan": "team" } })).await;
    let (undoing, page) = done(&visitor, &visitor.post(&format!("{place}/undo"), "").await).await;
    assert!(page.contains("<strong>1</strong> are as they were before"), "{page}");
    assert!(page.contains("<strong>1</strong> had been changed since"), "{page}");
    assert_eq!(
        (param(&server, 1, "plan").await, param(&server, 3, "plan").await),
        (Value::Null, json!("team"))
    );
    assert_eq!(visitor.post(&format!("{place}/undo"), "").await.status, 409, "once");

    // An undoing is an act too.
    let (_, page) = done(&visitor, &visitor.post(&format!("{undoing}/undo"), "").await).await;
    assert!(page.contains("<strong>1</strong> are as they were before"), "{page}");
    assert_eq!(param(&server, 1, "plan").await, json!("pro <b>"));
    assert_eq!(server.count("act_target").await, 0, "nobody is listed any more");
}

#[tokio::test]
async fn tags_and_statuses_come_and_go() {
    let server = server(3).await;
    let visitor = server.visitor(Role::Admin).await;
    let all = [APP, ("scope", "all"), ("filter", "n < 2"), ("count", "2")];
    let tag = |kind, value| [("kind", kind), ("key", "tags"), ("as", "text"), ("value", value)];
    for value in ["vip", "old"] {
        done(&visitor, &act_on(&visitor, &all, &tag("add", value), "2").await).await;
    }
    assert_eq!(
        (param(&server, 0, "tags").await, param(&server, 2, "tags").await),
        (json!(["old", "vip"]), json!(["old"]))
    );
    let (place, page) = done(&visitor, &act_on(&visitor, &all, &tag("remove", "old"), "2").await).await;
    assert!(page.contains("<strong>2</strong> were changed"), "{page}");
    assert_eq!(param(&server, 1, "tags").await, json!(["vip"]));
    done(&visitor, &visitor.post(&format!("{place}/undo"), "").await).await;
    assert_eq!(param(&server, 1, "tags").await, json!(["old", "vip"]));

    // What is no array takes no tag; who was refused is told.
    let wrong = [("kind", "add"), ("key", "n"), ("as", "number"), ("value", "1")];
    let (_, page) = done(&visitor, &act_on(&visitor, &all, &wrong, "2").await).await;
    assert!(page.contains("<strong>2</strong> were refused") && page.contains("not an array"), "{page}");

    let paid = [("kind", "status"), ("to", "paid")];
    let (place, _) = done(&visitor, &act_on(&visitor, &all, &paid, "2").await).await;
    assert_eq!(server.row(server.project.id, "p00000@x.com").await.unwrap()["status"], "paid");
    done(&visitor, &visitor.post(&format!("{place}/undo"), "").await).await;
    let row = server.row(server.project.id, "p00000@x.com").await.unwrap();
    assert_eq!((&row["status"], row["first_paid"].is_null()), (&json!("free"), false));
    let page = visitor.get(&place).await.expect_page(200);
    assert!(page.contains("a first payment that this\n  act wrote stays"), "what stays is said: {page}");
    let report = server::store::log::check(&server.app.store, server.account).await.unwrap();
    assert_eq!(report.differences, 0, "the log still tells the rows");
}

#[tokio::test]
async fn an_act_is_refused_when_the_count_has_moved() {
    let server = server(4).await;
    let visitor = server.visitor(Role::Admin).await;
    let all = [APP, ("scope", "all"), ("filter", "n < 10"), ("count", "4")];
    let what = [("kind", "set"), ("key", "plan"), ("as", "text"), ("value", "pro")];
    visitor.post("/acts/new", &form(&all)).await.expect_page(200);
    server.identify(json!({ "email": "new@x.com", "params": { "n": 9 } })).await;
    let page = visitor.post("/acts/new", &form(&all)).await.expect_page(409);
    assert!(page.contains("5 people match now, and not 4"), "{page}");
    let page = act_on(&visitor, &all, &what, "4").await.expect_page(409);
    assert!(page.contains("This would be done to 5 people now, and not to 4"), "{page}");
    assert_eq!((server.count("act").await, param(&server, 0, "plan").await), (0, Value::Null));
    for what in [
        &[("kind", "set"), ("key", ""), ("as", "text"), ("value", "x")][..],
        &[("kind", "set"), ("key", "n"), ("as", "number"), ("value", "x")],
        &[("kind", "status"), ("to", "gone")],
        &[],
    ] {
        act_on(&visitor, &all, what, "5").await.expect_page(422);
    }
    act_on(&visitor, &[APP], &what, "0").await.expect_page(422);
    done(&visitor, &act_on(&visitor, &all, &what, "5").await).await;
    assert_eq!(param(&server, 0, "plan").await, json!("pro"));
}

#[tokio::test]
async fn viewers_export_what_they_ticked_and_change_nothing() {
    let server = server(3).await;
    let visitor = server.visitor(Role::Viewer).await;
    let chosen = ids(&server, &[0, 2]).await;
    let whom = form(&[APP, ("who", &chosen[0]), ("who", &chosen[1]), ("columns", "params.n")]);
    for path in ["/acts/new", "/acts"] {
        assert_eq!(visitor.post(path, &whom).await.status, 403, "{path}");
    }
    let file = visitor.post("/acts/export", &whom).await.expect_page(200);
    let lines: Vec<&str> = file.trim_start_matches('\u{feff}').lines().collect();
    assert!(lines.len() == 3 && file.contains("p00000@x.com") && file.contains("p00002@x.com"), "{file}");
    assert_eq!(visitor.post("/acts/export", &form(&[APP])).await.status, 400, "nobody is ticked");
    // The columns that came by themselves are in the file too.
    let page = visitor.get("/customers?project=app").await.expect_page(200);
    let shown = page.split("name=\"shown\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(shown.contains("params.n"), "{shown}");
    let whom = form(&[APP, ("who", &chosen[0]), ("shown", shown)]);
    let file = visitor.post("/acts/export", &whom).await.expect_page(200);
    let head = file.trim_start_matches('\u{feff}').lines().next().unwrap();
    assert_eq!(head, format!("email,name,status,{shown},last_activity"));
    let page = visitor.get("/customers?project=app").await.expect_page(200);
    assert!(page.contains("Export the ticked") && !page.contains("Act on this page"), "{page}");
    let past = visitor.get("/customers?project=app&as_of=2020-01-01").await.expect_page(200);
    assert!(!past.contains("data-pick-all"), "nothing is done to the past");
}

/// Begins an act without running it.
async fn begin(server: &TestServer, what: &What, filter: &str, said: u64) -> ActId {
    let rows = Rows::Project("app".to_owned());
    let targets = Targets { rows, filter: filter.to_owned(), ..Targets::default() };
    let member = MemberId::new();
    act::begin(&server.app.store, server.account, member, (what, &targets), said).await.unwrap()
}

/// One step of an act, as the process that runs it takes it.
async fn step(app: &App, server: &TestServer, id: ActId) {
    let portion = act::next(&app.store, server.account, id).await.unwrap().expect("there is more");
    app.acts.step(server.account, portion).await.unwrap();
}

#[tokio::test]
async fn an_act_that_was_stopped_goes_on_and_writes_each_once() {
    let server = server(1_200).await;
    let visitor = server.visitor(Role::Admin).await;
    let what = What::Set { key: "wave".to_owned(), value: json!(1) };
    let id = begin(&server, &what, "", 1_200).await;
    // The process that took the first step has been killed; what it had read of the next is written by nobody.
    step(&server.app, &server, id).await;
    let lost = act::next(&server.app.store, server.account, id).await.unwrap().unwrap();
    let page = visitor.get(&format!("/acts/{id}")).await.expect_page(200);
    assert!(page.contains("Stopped at 500 of"), "{page}");
    // Somebody has changed one who is done: going on leaves them alone.
    server.identify(json!({ "email": "p00000@x.com", "params": { "wave": 2 } })).await;
    let (_, page) = done(&visitor, &visitor.post(&format!("/acts/{id}/go"), "").await).await;
    assert!(page.contains("<strong>1,200</strong> were changed"), "{page}");
    let sql = "select to_jsonb(count(*)) from change where source = 'act'";
    assert_eq!(server.query(sql, &[]).await, [json!(1_200)], "each once");
    assert!(server.app.acts.step(server.account, lost).await.is_err(), "what comes too late is refused");
    let waves = "select to_jsonb(count(*)) from relationship where params -> 'wave' = '1'";
    assert_eq!(server.query(waves, &[]).await.len(), 1);
}

#[tokio::test]
async fn an_act_that_was_stopped_is_undone_as_far_as_it_came() {
    let server = server(700).await;
    let visitor = server.visitor(Role::Admin).await;
    let id = begin(&server, &What::status("paid").unwrap(), "status = free", 700).await;
    step(&server.app, &server, id).await;
    let (_, page) = done(&visitor, &visitor.post(&format!("/acts/{id}/undo"), "").await).await;
    assert!(page.contains("<strong>500</strong> are as they were before"), "{page}");
    let paid = "select to_jsonb(count(*)) from relationship where status = 'paid'";
    assert_eq!(server.query(paid, &[]).await, [json!(0)]);
    let gone = act::next(&server.app.store, server.account, id).await;
    assert!(gone.is_err(), "it has ended");
    assert_eq!(server.count("act_target").await, 0);
}

#[tokio::test]
async fn on_all_customers_the_projects_are_chosen() {
    let server = server(2).await;
    let (other, key) = server.project("other").await;
    let both = json!({ "email": "p00000@x.com", "params": { "n": 0 } }).to_string();
    server.call(&key, "POST", "/v1/identify", both).await.expect(200);
    let visitor = server.visitor(Role::Admin).await;
    let all = [("scope", "all"), ("filter", ""), ("count", "2")];
    let what = [("kind", "set"), ("key", "plan"), ("as", "text"), ("value", "pro")];
    let page = visitor.post("/acts/new", &form(&all)).await.expect_page(200);
    assert!(page.contains(r#"name="into" value="other""#), "{page}");
    act_on(&visitor, &all, &what, "2").await.expect_page(422);
    let unknown = [&what[..], &[("into", "nowhere")]].concat();
    act_on(&visitor, &all, &unknown, "2").await.expect_page(422);
    let into = [&what[..], &[("into", "other")]].concat();
    let preview = visitor.post("/acts/new", &form(&[&all[..], &into].concat())).await.expect_page(200);
    assert!(preview.contains("for 1 person.") && preview.contains("1 relationship"), "{preview}");
    done(&visitor, &act_on(&visitor, &all, &into, "1").await).await;
    assert_eq!(param(&server, 0, "plan").await, Value::Null);
    assert_eq!(server.row(other.id, "p00000@x.com").await.unwrap()["params"]["plan"], "pro");
}

#[tokio::test]
async fn people_are_erased_when_their_number_is_typed_and_nothing_names_them() {
    let server = server(4).await;
    let visitor = server.visitor(Role::Admin).await;
    let filter = "email = \"p00001@x.com\" or email = \"p00002@x.com\"";
    let all = [APP, ("scope", "all"), ("filter", filter), ("count", "2")];
    let page =
        visitor.post("/acts/new", &form(&[&all[..], &[("kind", "erase")]].concat())).await.expect_page(200);
    assert!(page.contains("Erase 2 people from every project") && page.contains("Type 2"), "{page}");
    act_on(&visitor, &all, &[("kind", "erase"), ("typed", "3")], "2").await.expect_page(422);
    server.identify(json!({ "email": "p00001@x.com", "user_id": "uid-77" })).await;
    let both = "user_id = \"uid-77\" or email = \"p00003@x.com\"";
    let both = [APP, ("scope", "all"), ("filter", both), ("count", "2")];
    let seen = [("kind", "set"), ("key", "note"), ("as", "text"), ("value", "seen twice")];
    done(&visitor, &act_on(&visitor, &both, &seen, "2").await).await;
    let set = [("kind", "set"), ("key", "note"), ("as", "text"), ("value", "calls p00001")];
    let one = [APP, ("scope", "all"), ("filter", "p00001@x.com"), ("count", "1")];
    done(&visitor, &act_on(&visitor, &one, &set, "1").await).await;
    let (place, page) =
        done(&visitor, &act_on(&visitor, &all, &[("kind", "erase"), ("typed", "2")], "2").await).await;
    assert!(page.contains("<strong>2</strong> are erased") && !page.contains("Undo"), "{page}");
    assert_eq!(server.count("relationship").await, 2);
    let left = server.everything().await;
    assert!(
        !left.contains("uid-77") && left.contains("seen twice"),
        "the filter is forgotten, the act is not: {left}"
    );
    assert!(!left.contains("p00001") && !left.contains("p00002"), "{left}");
    assert_eq!(visitor.post(&format!("{place}/undo"), "").await.status, 409);
}

/// Neither an act, nor the undoing of one from before, nor one that was begun before writes to what was put away.
#[tokio::test]
async fn an_archived_project_is_left_alone() {
    let server = server(3).await;
    let visitor = server.visitor(Role::Admin).await;
    let chosen = ids(&server, &[1]).await;
    let whom = [APP, ("who", &chosen[0]), ("count", "3")];
    let what = [("kind", "set"), ("key", "vip"), ("as", "text"), ("value", "yes")];
    let (place, _) = done(&visitor, &act_on(&visitor, &whom, &what, "1").await).await;
    let targets = Targets { rows: Rows::Project("app".to_owned()), ..Targets::default() };
    let unset = What::Unset { key: "n".to_owned() };
    let (store, account) = (&server.app.store, server.account);
    let begun = act::begin(store, account, MemberId::new(), (&unset, &targets), 3).await.unwrap();
    assert_eq!(visitor.post("/projects/app/archive", "").await.status, 303);
    let into = [("into", "app"), ("who", &chosen[0]), ("count", "3")];
    for whom in [whom, into] {
        let refused = act_on(&visitor, &whom, &what, "1").await.expect_page(422);
        assert!(refused.contains("is archived: nothing is written to it"), "{refused}");
    }
    // What would be refused is not offered; erasing is.
    let offered = visitor.post("/acts/new", &form(&whom)).await.expect_page(200);
    let (order, kinds) = (offered.split("class=\"order").nth(1).unwrap(), ["set", "status", "add", "remove"]);
    assert!(kinds.iter().all(|kind| !order.contains(&format!("name=\"kind\" value=\"{kind}\""))), "{order}");
    assert!(order.contains("name=\"kind\" value=\"erase\""), "{order}");
    assert!(offered.contains("is archived: nothing is written to it"), "{offered}");
    for path in [format!("{place}/undo"), format!("/acts/{begun}/go")] {
        assert_eq!(visitor.post(&path, "").await.status, 403, "{path}");
    }
    assert!(act::next(store, account, begun).await.is_err(), "what runs stops");
    assert_eq!((param(&server, 1, "vip").await, param(&server, 1, "n").await), (json!("yes"), json!(1)));
    assert_eq!(visitor.post("/projects/app/unarchive", "").await.status, 303);
    done(&visitor, &visitor.post(&format!("{place}/undo"), "").await).await;
    assert_eq!(param(&server, 1, "vip").await, Value::Null);
}

#[tokio::test]
async fn a_preview_shows_the_first_people_before_and_after_and_leads_to_all() {
    let server = server(12).await;
    server.identify(json!({ "email": "p00001@x.com", "params": { "plan": "pro" } })).await;
    server.identify(json!({ "email": "p00002@x.com", "params": { "plan": "free", "tags": "none" } })).await;
    assert!(server.app.store.index_ready(server.account).await);
    let visitor = server.visitor(Role::Admin).await;
    let lines = |page: &str| {
        let table = page.split("class=\"plain sample\"").nth(1).unwrap().split("</table>").next().unwrap();
        let text = |row: &str| {
            let bare = row.split('<').filter_map(|tag| tag.split_once('>')).map(|(_, text)| text.trim());
            bare.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
        };
        table.split("<tr>").skip(1).map(text).collect::<Vec<_>>()
    };
    let all = [APP, ("scope", "all"), ("filter", ""), ("sort", "email"), ("count", "12")];
    let set = [("kind", "set"), ("key", "plan"), ("as", "text"), ("value", "pro")];
    let page = visitor.post("/acts/new", &form(&[&all[..], &set].concat())).await.expect_page(200);
    assert_eq!(lines(&page).len(), 10, "{page}");
    assert!(page.contains("Look at all 12</a>"), "{page}");

    let chosen = ids(&server, &[1, 2, 3]).await;
    let whom = [APP, ("who", &chosen[0]), ("who", &chosen[1]), ("who", &chosen[2]), ("count", "12")];
    let page = visitor.post("/acts/new", &form(&[&whom[..], &set].concat())).await.expect_page(200);
    let mut told = lines(&page);
    told.sort();
    assert_eq!(
        told,
        ["p00001@x.com app pro as it is", "p00002@x.com app free → pro", "p00003@x.com app missing → pro"]
    );
    let link = page.split("<a href=\"").find(|part| part.contains(">Look at all 3<")).unwrap();
    let people = visitor.get(&link.split('"').next().unwrap().replace("&#38;", "&")).await.expect_page(200);
    assert!(people.contains("p00002@x.com") && !people.contains("p00004@x.com"), "{people}");

    // A tag goes into the list of tags, unless another is named; what is no list refuses it.
    let tag = [("kind", "add"), ("key", ""), ("as", "text"), ("value", "vip")];
    let page = visitor.post("/acts/new", &form(&[&whom[..], &tag].concat())).await.expect_page(200);
    let mut told = lines(&page);
    told.sort();
    assert_eq!(told[0], "p00001@x.com app old → old, vip");
    assert!(
        told[1].starts_with("p00002@x.com app refused: the present value is a string, not an array"),
        "{told:?}"
    );
    // One that is named wrongly is not the usual one.
    let wrong = [("kind", "add"), ("key", "plan.labels"), ("as", "text"), ("value", "vip")];
    let page = visitor.post("/acts/new", &form(&[&whom[..], &wrong].concat())).await.text();
    assert!(page.contains("plan.labels is a place within plan") && !page.contains("plain sample"), "{page}");
    // What looks alike may be another.
    server.identify(json!({ "email": "p00001@x.com", "params": { "of": { "a": 1 } } })).await;
    let like = [("kind", "set"), ("key", "of"), ("as", "json"), ("value", "{\"a\":2}")];
    let page = visitor.post("/acts/new", &form(&[&whom[..], &like].concat())).await.expect_page(200);
    assert!(lines(&page).iter().all(|line| !line.ends_with("as it is")), "{page}");
    let erase = [("kind", "erase")];
    let page = visitor.post("/acts/new", &form(&[&whom[..], &erase].concat())).await.expect_page(200);
    assert_eq!(lines(&page).len(), 3, "{page}");
    assert_eq!(param(&server, 3, "plan").await, Value::Null, "a preview writes nothing");
}
