//! Who is erased is in no file of the database any more, once its tables have been written anew.

use std::{fs, path::Path};

use base64::prelude::{BASE64_STANDARD, Engine};
use jiff::SignedDuration;
use serde_json::json;
use server::{
    model::{Email, Role, Source, now},
    store::{
        Error, customer,
        erase::{self, Whom},
        session, sweep, vacuum, write,
    },
};

use crate::support::server::TestServer;

/// What nobody else is called, or has.
const TOKENS: [&str; 12] = [
    "xq-7731@forgetme.example",
    "xq-old-7732@forgetme.example",
    "xq-moved-7733@forgetme.example",
    "Xanthippe",
    "Quillfeather",
    "uid-zz-90817",
    "uid-zz-90818",
    "paramval-55121",
    "longval-55122",
    "odd-word-55123",
    "forgetme",
    "key-of-7734",
];

/// The files of the database in which one of the tokens stands, but for the write-ahead log.
async fn leftovers(server: &TestServer) -> Vec<String> {
    let client = server.db.client().await;
    client.batch_execute("checkpoint").await.unwrap();
    let directory: String = client.query_one("show data_directory", &[]).await.unwrap().get(0);
    let (mut found, mut folders) = (Vec::new(), vec![Path::new(&directory).to_owned()]);
    folders.extend(Path::new(&directory).parent().map(|parent| parent.join("postgres.log")));
    while let Some(path) = folders.pop() {
        if path.is_dir() {
            let inside = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
            folders.extend(inside.filter(|path| !path.ends_with("pg_wal")));
            continue;
        }
        // Others' files come and go.
        let Ok(bytes) = fs::read(&path) else { continue };
        let stands = |token: &&str| has(&bytes, token.as_bytes());
        found.extend(
            TOKENS.iter().filter(|token| stands(token)).map(|token| format!("{token} in {}", path.display())),
        );
    }
    found
}

fn has(bytes: &[u8], token: &[u8]) -> bool {
    let (first, rest) = token.split_first().unwrap();
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first) {
        from += at + 1;
        if bytes[from..].starts_with(rest) {
            return true;
        }
    }
    false
}

/// Whatever can be known of somebody, in every table that keeps anything.
async fn live(server: &TestServer) {
    // What Postgres cannot make smaller it keeps as it is.
    let long = BASE64_STANDARD.encode(rand::random_iter().take(30_000).collect::<Vec<u8>>());
    for (email, user_id) in
        [("xq-old-7732@forgetme.example", "uid-zz-90817"), ("xq-7731@forgetme.example", "uid-zz-90818")]
    {
        let body = json!({
            "email": email, "user_id": user_id, "name": "Xanthippe Quillfeather", "status": "trial",
            "params": { "plain": "paramval-55121", "long": format!("longval-55122{long}"), "list": ["odd-word-55123"] },
        });
        server.post_once(&format!("key-of-7734-{email}"), "/v1/identify", &body).await.expect(200);
    }
    for round in 0..20 {
        let params = json!({ "plain": format!("paramval-55121-{round}"), "list": [round] });
        server
            .identify(json!({ "email": "xq-7731@forgetme.example", "status": "paid", "params": params }))
            .await;
    }
    let tried = json!({ "email": "xq-7731@forgetme.example", "params": { "plain": "odd-word-55123" } });
    server.call(&server.keys.publishable, "POST", "/v1/identify", tried.to_string()).await.expect(202);
    server.ping(json!({ "user_id": "uid-zz-90818" })).await;
    // Files that name them: in rows that are not taken, in their own names, in a header that is none, in what is no JSON.
    let csv = "email,user_id,status\nXQ-7731@forgetme.example,,odd-word-55123\n,uid-zz-90817,odd-word-55123\nbob@x.com,,free\n";
    let objects =
        "{\"email\":\"carol@x.com\"}\n{\"user_id\":\"uid-zz-90818\",\"plain\":\"paramval-55121\",\n";
    for (query, file) in [
        ("name=of%20xanthippe%20quillfeather.csv", csv),
        ("name=xq-7731%40forgetme.example.ndjson", objects),
        (
            "map=xq-7731%40forgetme.example%3Demail",
            "xq-7731@forgetme.example,Xanthippe,paramval-55121\nbob@x.com,,\n",
        ),
    ] {
        let answer = server.call(&server.keys.secret, "POST", &format!("/v1/imports?{query}"), file).await;
        assert!([200, 400, 422].contains(&answer.status), "{}", answer.text());
    }
    let (store, account) = (&server.app.store, server.account);
    let keep = customer::at(store, account, "xq-7731@forgetme.example").await.unwrap();
    let other = customer::at(store, account, "xq-old-7732@forgetme.example").await.unwrap();
    write::merge_customers(store, account, keep, other, Source::Import(None)).await.unwrap();
    write::undo_merge(store, account, "xq-old-7732@forgetme.example").await.unwrap();
    write::merge_customers(store, account, keep, other, Source::Import(None)).await.unwrap();
    let address = |text: &str| Email::parse(text).unwrap();
    let (old, new) = (address("xq-7731@forgetme.example"), address("xq-moved-7733@forgetme.example"));
    write::move_customer(store, account, &old, &new, Source::Import(None)).await.unwrap();
}

#[tokio::test]
async fn nothing_of_a_person_stays_in_the_files() {
    let server = TestServer::start().await;
    let neighbours: Vec<_> = (0..900)
        .map(|n| json!({ "email": format!("n{n}@x.com"), "user_id": format!("n-{n}"), "params": { "plain": n } }))
        .collect();
    server.batch(json!(neighbours)).await;
    live(&server).await;
    server.db.client().await.batch_execute("analyze").await.unwrap();
    let found = leftovers(&server).await;
    for token in TOKENS.iter().filter(|token| **token != "key-of-7734") {
        assert!(
            found.iter().any(|one| one.starts_with(token)),
            "{token} is looked for where it is: {found:#?}"
        );
    }
    let whom = Whom::Email(Email::parse("xq-old-7732@forgetme.example").unwrap());
    erase::person(&server.app.store, server.account, &whom).await.unwrap();
    let everything = server.everything().await;
    for token in TOKENS {
        let at = everything.find(token);
        assert_eq!(at.map(|at| &everything[at.saturating_sub(200)..at + 40]), None, "a row has {token}");
    }
    server.db.client().await.batch_execute("vacuum freeze analyze").await.unwrap();
    vacuum::tables(&server.app.store).await.unwrap();
    assert_eq!(leftovers(&server).await, Vec::<String>::new());
    assert!(server.everything().await.contains("n899@x.com"), "others are there");
}

/// What a file says of somebody who never became a customer is found as well, under an address or under an id of an app.
#[tokio::test]
async fn who_is_in_a_rejected_row_alone_is_forgotten_there() {
    let server = TestServer::start().await;
    let (other, key) = server.project("other").await;
    let file = "email,user_id,status\nADA@X.com,,odd\n,u-17,odd\nbob@x.com,,odd\n";
    for key in [&server.keys.secret, &key] {
        server.call(key, "POST", "/v1/imports?name=ada%40x.com.csv", file).await.expect(200);
    }
    let broken = "{\"email\":\"carol@x.com\"}\n{\"user_id\":\"u\\u002d17\",\"status\":\n";
    server.call(&server.keys.secret, "POST", "/v1/imports?name=broken.ndjson", broken).await.expect(200);
    let (store, account) = (&server.app.store, server.account);
    let ada = Whom::Email(Email::parse("ada@x.com").unwrap());
    let previewed = erase::preview_person(store, account, &ada).await.unwrap();
    assert_eq!(
        (previewed.people.len(), previewed.forgotten.rows, server.count("import_rejected").await),
        (0, 2, 7)
    );
    assert_eq!(erase::person(store, account, &ada).await.unwrap().0, previewed);
    assert!(!server.everything().await.to_lowercase().contains("ada@x.com"));
    let id = |project| Whom::UserId(project, "u-17".to_owned());
    assert_eq!(erase::person(store, account, &id(server.project.id)).await.unwrap().0.forgotten.rows, 2);
    assert_eq!(
        server
            .query("select to_jsonb(r.user_id) from import_rejected r where user_id = 'u-17'", &[])
            .await
            .len(),
        1
    );
    erase::person(store, account, &id(other.id)).await.unwrap();
    for whom in [ada, id(other.id)] {
        assert!(matches!(erase::person(store, account, &whom).await, Err(Error::Missing(_))));
    }
    assert!(!server.everything().await.contains("u-17") && server.everything().await.contains("bob@x.com"));
}

/// The API forgets them too, in the key's project, by an address and by an id of the app, and says what there is before.
#[tokio::test]
async fn a_projects_key_exports_and_deletes_who_is_in_its_rejected_rows() {
    let server = TestServer::start().await;
    let (_, other) = server.project("other").await;
    let file = "email,user_id,status\nADA@X.com,,odd\n,u-17,odd\nbob@x.com,,odd\n";
    let broken = "{\"email\":\"carol@x.com\"}\n{\"user_id\":\"u\\u002d17\",\"status\":\n";
    for key in [&server.keys.secret, &other] {
        for file in [file, broken] {
            server.call(key, "POST", "/v1/imports?name=theirs", file).await.expect(200);
        }
    }
    let call = async |key: &str, method: &str, path: &str| {
        server.call(key, method, &format!("/v1/customers/{path}"), "").await
    };
    let own = async |method: &str, path: &str| call(&server.keys.secret, method, path).await;
    for (who, email, rows) in [("ada@x.com", json!("ada@x.com"), 1), ("u-17", json!(null), 2)] {
        let export = format!("{who}/export");
        let told = own("GET", &export).await.expect(200);
        assert_eq!((&told["id"], &told["email"], &told["changes"]), (&json!(null), &email, &json!([])));
        let seen = async |key: &str| {
            call(key, "GET", &export).await.expect(200)["imports"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|one| !one["raw"].is_null())
                .count()
        };
        assert_eq!((seen(&server.keys.secret).await, seen(&server.keys.account).await), (rows, 2 * rows));
        assert!(own("DELETE", who).await.expect(200)["version"].is_number());
        for (method, path) in [("GET", export.as_str()), ("DELETE", who)] {
            assert_eq!(own(method, path).await.expect(404)["code"], "not_found");
        }
        assert_eq!(
            (seen(&other).await, seen(&server.keys.account).await),
            (rows, rows),
            "another project's stay"
        );
    }
    for nobody in ["nobody@x.com", "no%00body", "7c0cbd5e-3f0c-7000-8000-000000000000"] {
        for (method, path) in [("GET", &format!("{nobody}/export")), ("DELETE", &nobody.to_owned())] {
            own(method, path).await.expect(404);
        }
    }
    assert_eq!(server.count("import_rejected").await, 5);
}

/// Sessions and links end by themselves, and then they go.
#[tokio::test]
async fn what_has_expired_is_cleared_away() {
    let server = TestServer::start().await;
    let member = server.member("ada@example.com", Role::Owner).await;
    let store = &server.app.store;
    session::begin(store, &member, now()).await.unwrap().unwrap();
    session::link(store, member.id, now()).await.unwrap();
    for (later, sessions, links) in
        [(SignedDuration::ZERO, 1, 1), (session::LINK, 1, 0), (session::SESSION, 0, 0)]
    {
        sweep::all(store, now() + later).await.unwrap();
        assert_eq!((server.count("session").await, server.count("sign_in_link").await), (sessions, links));
    }
}
