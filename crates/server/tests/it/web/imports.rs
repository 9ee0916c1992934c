//! The pages of imports: a file is looked at, read otherwise, brought in; and what is said of it.

use axum::body::Body;
use server::model::Role;

use crate::support::{
    server::{Answer, TestServer},
    visitor::Visitor,
};

/// Sends a form with a file, as browsers do.
async fn send(visitor: &Visitor<'_>, fields: &[(&str, &str)], file: (&str, &str)) -> Answer {
    let (name, text) = file;
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--x-1\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += &format!(
        "--x-1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{text}\r\n--x-1--\r\n"
    );
    let request = visitor.request("POST", "/imports").header("sec-fetch-site", "same-origin");
    let mut request = request.body(Body::from(body)).unwrap();
    let kind = "multipart/form-data; boundary=x-1".parse().unwrap();
    request.headers_mut().insert("content-type", kind);
    visitor.server.send(request).await
}

/// The address of a file that was sent.
async fn waiting(visitor: &Visitor<'_>, name: &str, text: &str) -> String {
    let answer = send(visitor, &[("project", "app")], (name, text)).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location").to_owned()
}

/// Begins the import of a file, and waits for the page that says that it is done.
async fn import(visitor: &Visitor<'_>, file: &str) -> (String, String) {
    let begun = visitor.post(&format!("{file}/begin"), "").await;
    assert_eq!(begun.status, 303, "{}", begun.text());
    let place = begun.header("location").to_owned();
    loop {
        let page = visitor.get(&place).await.expect_page(200);
        if !page.contains("hx-trigger=\"load delay:1s\"") {
            return (place, page);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

const USERS: &str = "Email,Name,Plan,ZIP\nada@example.com,Ada,pro,01234\nnobody,Bob,free,1\ngrace@example.com,Grace,free,02\n";

#[tokio::test]
async fn a_file_is_looked_at_read_otherwise_and_brought_in() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let file = waiting(&admin, "users.csv", USERS).await;
    let page = admin.get(&file).await.expect_page(200);
    for said in ["users.csv", "3 rows", "rows of\n      csv", "value=\"params.Plan\"", "01234"] {
        assert!(page.contains(said), "{said} in {page}");
    }
    assert_eq!(server.count("customer").await, 0);
    let effect = admin.get(&format!("{file}/effect")).await.expect_page(200);
    assert!(
        effect.contains("<strong>2</strong> new") && effect.contains("<strong>1</strong> rejected"),
        "{effect}"
    );
    assert!(admin.get(&format!("{file}?effect=1")).await.expect_page(200).contains("<strong>2</strong> new"));
    assert_eq!(server.count("customer").await, 0);

    let form = "column=Plan&became=params.Plan&becomes=params.tier&type=auto\
                &column=ZIP&became=params.ZIP&becomes=params.zip&type=string\
                &column=Name&became=name&becomes=nothing&type=auto";
    assert_eq!(admin.post(&file, form).await.header("location"), file);
    let page = admin.get(&file).await.expect_page(200);
    assert!(page.contains("value=\"params.tier\"") && page.contains("value=\"nothing\""), "{page}");
    // Emptied, it is found anew.
    admin.post(&file, "column=Name&became=nothing&becomes=&type=auto").await;
    let (place, done) = import(&admin, &file).await;
    assert!(done.contains("All 3 rows were read."), "{done}");
    let ada = server.get("/v1/customers/ada@example.com").await.expect(200);
    let params = &ada["relationships"][0]["params"];
    assert_eq!((&params["tier"], &params["zip"]), (&"pro".into(), &"01234".into()), "{ada}");
    assert_eq!(ada["relationships"][0]["name"], "Ada", "{ada}");

    let rejected = admin.get(&format!("{place}/rejected")).await;
    assert_eq!(rejected.header("content-disposition"), "attachment; filename=\"rejected.csv\"");
    assert!(rejected.text().contains("nobody,Bob,free,1"), "{}", rejected.text());
    let list = admin.get("/imports").await.expect_page(200);
    assert!(list.contains(&format!("href=\"{place}\"")) && list.contains("finished"), "{list}");
    // It was begun, so it waits no longer.
    assert_eq!(admin.get(&file).await.status, 404);
}

#[tokio::test]
async fn what_cannot_be_read_says_why_and_is_read_with_what_is_said_of_it() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let file = waiting(&admin, "kunden.csv", "Kunde;seit\nada@example.com;31/12/2025\n").await;
    let page = admin.get(&file).await.expect_page(200);
    assert!(page.contains("No column says who") && page.contains("name=\"map\""), "{page}");
    assert!(!page.contains("Import it into"), "{page}");
    let wrong = admin.post(&file, "map=Kunde&types=seit%3Ddates&format=pdf").await.expect_page(422);
    for why in ["has no =", "is no type", "is no format"] {
        assert!(wrong.contains(why), "{why} in {wrong}");
    }
    let said =
        "map=Kunde%3Demail%0D%0Aseit%3Dfirst_seen&types=seit%3Ddate%3A%25d%2F%25m%2F%25Y&delimiter=%3B";
    assert_eq!(admin.post(&file, said).await.status, 303);
    let page = admin.get(&file).await.expect_page(200);
    assert!(page.contains("Import it into") && page.contains("first_seen"), "{page}");
    import(&admin, &file).await;
    let ada = server.get("/v1/customers/ada@example.com").await.expect(200);
    assert!(ada["relationships"][0]["first_seen"].as_str().unwrap().starts_with("2025-12-3"), "{ada}");
}

#[tokio::test]
async fn what_a_note_proposes_is_one_click() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let rows =
        "Email,Full Name,MRR,State\nada@example.com,Ada,$29.00,Active\nbob@example.com,Bob,$1.50,Gone\n";
    let file = waiting(&admin, "users.csv", rows).await;
    let page = admin.get(&file).await.expect_page(200);
    for (flag, value) in [("map", "Full Name=name"), ("type", "MRR=money")] {
        assert!(page.contains(&format!("name=\"value\" value=\"{value}\"")), "{value} in {page}");
        let form = format!("add={flag}&value={}", value.replace(' ', "+").replace('=', "%3D"));
        assert_eq!(admin.post(&file, &form).await.status, 303, "{form}");
    }
    admin.post(&file, "add=map&value=State%3Dstatus").await;
    let page = admin.get(&file).await.expect_page(200);
    assert!(page.contains("value=\"active=paid"), "the statuses are translated by a click: {page}");
    admin.post(&file, "add=status-map&value=active%3Dpaid%2Cgone%3Dchurned").await;
    for wrong in ["add=resume-from&value=3", "add=type&value=MRR"] {
        admin.post(&file, wrong).await.expect_page(422);
    }
    import(&admin, &file).await;
    let ada = server.get("/v1/customers/ada@example.com").await.expect(200);
    let of = &ada["relationships"][0];
    let mrr = of["params"]["MRR"].as_f64();
    assert_eq!((&of["name"], &of["status"], mrr), (&"Ada".into(), &"paid".into(), Some(29.0)), "{ada}");
}

#[tokio::test]
async fn rows_are_pasted_and_forms_without_any_say_so() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let fields = [("project", "app"), ("text", "email,plan\nada@example.com,pro\n")];
    let answer = send(&admin, &fields, ("", "")).await;
    let (_, done) = import(&admin, answer.header("location")).await;
    assert!(done.contains("pasted"), "{done}");
    assert_eq!(server.count("customer").await, 1);
    let none = send(&admin, &[("project", "app")], ("", "")).await.expect_page(422);
    assert!(none.contains("Choose a file, or paste its rows."), "{none}");
    assert_eq!(send(&admin, &[("project", "nope")], ("a.csv", USERS)).await.status, 404);
    assert_eq!(admin.post("/imports", "project=app").await.status, 422);
}

#[tokio::test]
async fn viewers_see_imports_and_make_none() {
    let server = TestServer::start().await;
    let (viewer, admin) = (server.visitor(Role::Viewer).await, server.visitor(Role::Admin).await);
    assert_eq!(send(&viewer, &[("project", "app")], ("a.csv", USERS)).await.status, 403);
    let file = waiting(&admin, "a.csv", USERS).await;
    for path in [file.clone(), format!("{file}/effect")] {
        assert_eq!(viewer.get(&path).await.status, 403, "{path}");
    }
    assert_eq!(viewer.post(&format!("{file}/begin"), "").await.status, 403);
    let (place, _) = import(&admin, &file).await;
    assert!(viewer.get(&place).await.expect_page(200).contains("rejected"));
    let list = viewer.get("/imports").await.expect_page(200);
    assert!(list.contains("Ask an admin") && list.contains("a.csv"), "{list}");
}

#[tokio::test]
async fn of_an_account_the_file_that_waits_longest_goes_for_the_fifth() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let mut files = Vec::new();
    for number in 0..4 {
        files.push(waiting(&admin, &format!("{number}.csv"), USERS).await);
    }
    // Who is looked at waits anew.
    admin.get(&files[0]).await.expect_page(200);
    files.push(waiting(&admin, "5.csv", USERS).await);
    let gone = admin.get(&files[1]).await.expect_page(404);
    assert!(gone.contains("Choose it again under Import."), "{gone}");
    for place in [0, 2, 3, 4] {
        admin.get(&files[place]).await.expect_page(200);
    }
}

#[tokio::test]
async fn what_a_file_says_is_text() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let evil = "<script>alert(1)</script>";
    let rows = format!("email,\"{evil}\"\nada@example.com,\"{evil}\"\n{evil},x\n");
    let file = waiting(&admin, &format!("{evil}.csv"), &rows).await;
    let mut pages = vec![admin.get(&file).await, admin.get(&format!("{file}/effect")).await];
    let (place, _) = import(&admin, &file).await;
    pages.extend([admin.get(&place).await, admin.get("/imports").await]);
    for page in pages {
        let page = page.expect_page(200);
        assert!(!page.contains("<script>alert"), "{page}");
    }
}

/// An import under way stops when its project is archived, and goes on when that is brought back.
#[tokio::test]
async fn an_import_stops_where_its_project_is_archived() {
    let server = TestServer::start().await;
    let admin = server.visitor(Role::Admin).await;
    let rows: String = (0..20_000).map(|n| format!("p{n}@example.com\n")).collect();
    let rows = format!("email\n{rows}");
    let file = waiting(&admin, "many.csv", &rows).await;
    let begun = admin.post(&format!("{file}/begin"), "").await;
    assert_eq!(admin.post("/projects/app/archive", "").await.status, 303);
    let report = format!("/v1{}", begun.header("location"));
    let stopped = loop {
        let report = server.get(&report).await.expect(200);
        if !report["problem"].is_null() {
            break report;
        }
        assert_eq!(report["finished_at"], serde_json::Value::Null, "it was archived too late: {report}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(stopped["problem"], "It stopped: the project was archived.");
    // It is said at once, and not when nothing has come for a while.
    let mut state = stopped["state"].clone();
    for _ in 0..100 {
        if state == "interrupted" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        state = server.get(&report).await.expect(200)["state"].clone();
    }
    assert_eq!(state, "interrupted");
    assert!(server.count("customer").await < 20_000);
    assert_eq!(admin.post("/projects/app/unarchive", "").await.status, 303);
    let file = waiting(&admin, "many.csv", &rows).await;
    import(&admin, &file).await;
    assert_eq!(server.count("customer").await, 20_000);
    assert_eq!(server.get(&report).await.expect(200)["state"], "finished", "it is the same import");
}

/// A column beside a param that is there under nearly that name is told, and all that is proposed is accepted at once.
#[tokio::test]
async fn nearly_known_params_are_proposed_and_all_proposals_are_one_click() {
    let server = TestServer::start().await;
    server
        .identify(
            serde_json::json!({ "email": "bob@x.com", "params": { "mrr": 9, "plan": "pro", "zip": "x" } }),
        )
        .await;
    assert!(server.app.store.index_ready(server.account).await);
    let admin = server.visitor(Role::Admin).await;
    let rows = "Email,MRR €,Plan,zip,Firma\nada@x.com,29,pro,K1A 0B1,Acme\n";
    let file = waiting(&admin, "users.csv", rows).await;
    let page = admin.get(&file).await.expect_page(200);
    assert!(
        page.contains("value=\"MRR €=params.mrr\"") && page.contains("value=\"Plan=params.plan\""),
        "{page}"
    );
    assert!(!page.contains("=params.zip\"") && !page.contains("Firma=params"), "{page}");
    let form = page.split("<form").find(|form| form.contains("Accept all")).unwrap();
    assert!(form.contains("Accept all 2 proposals"), "{form}");
    let pairs: Vec<String> = form
        .split("<input type=\"hidden\" ")
        .skip(1)
        .map(|input| {
            let part =
                |name: &str| input.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
            let value =
                percent_encoding::utf8_percent_encode(part("value"), percent_encoding::NON_ALPHANUMERIC);
            format!("{}={value}", part("name"))
        })
        .collect();
    assert_eq!(admin.post(&file, &pairs.join("&")).await.header("location"), file);
    let page = admin.get(&file).await.expect_page(200);
    assert!(!page.contains("Accept all") && !page.contains("If that is meant"), "{page}");
    import(&admin, &file).await;
    let ada = server.get("/v1/customers/ada@x.com").await.expect(200);
    let params = &ada["relationships"][0]["params"];
    assert_eq!((&params["mrr"], &params["plan"]), (&serde_json::json!(29), &serde_json::json!("pro")));
}
