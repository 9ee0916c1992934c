//! What imports keep of people goes with them, however it names them.

use std::time::Duration;

use serde_json::json;
use server::{
    model::Source,
    store::{
        customer, erase, ignored,
        import::{Fresh, begin},
        write,
    },
};

use super::import;
use crate::support::server::TestServer;

/// However a file wrote somebody, and whoever erases them how: what was rejected of them goes too.
#[tokio::test]
async fn rejected_rows_are_found_by_every_name_of_a_person() {
    let server = TestServer::start().await;
    let (other, key) = server.project("other").await;
    for (email, user_id) in [("émile@münchen.de", "usr_e"), ("old@x.com", "usr_o"), ("alias@x.com", "usr_a")]
    {
        server.identify(json!({ "email": email, "user_id": user_id })).await;
    }
    server.identify(json!({ "user_id": "usr_o", "email": "émile@x.com" })).await;
    let (store, account) = (&server.app.store, server.account);
    for who in ["alias@x.com", "émile@x.com"] {
        let keep = customer::at(store, account, "émile@münchen.de").await.unwrap();
        let other = customer::at(store, account, who).await.unwrap();
        write::merge_customers(store, account, keep, other, Source::Import(None)).await.unwrap();
    }
    let table = "email,user_id,status,note\n\
        ÉMILE@MÜNCHEN.de,,odd,\nemile,usr_e,odd,\nÉmile@xn--mnchen-3ya.de,,odd,\nOld@x.com,,odd,\n,usr_o,odd,\n\
        ,usr_a,odd,\nbob@x.com,,odd,from <alias@x.com>\nbob@x.com,7,odd,usr_e\n";
    let objects = "{\"user_id\":\"usr_e\",\"status\":\"odd\"}\n{\"Email\":\"\\u00c9mile@x.com\",\"status\":\"odd\"}\n{\"email\":\"alias@x.com\",";
    import(&server, "", table).await;
    import(&server, "", objects).await;
    assert_eq!(server.count("import_rejected").await, 11);
    let elsewhere = "user_id,status\nusr_e,odd\n";
    server.call(&key, "POST", "/v1/imports", elsewhere).await.expect(200);
    server.call(&server.keys.secret, "DELETE", "/v1/customers/usr_e", "").await.expect(200);
    let left = server.query("select to_jsonb(raw) from import_rejected order by raw", &[]).await;
    assert_eq!(left.len(), 2, "{left:?}: a note is no name, and another project's usr_e is somebody else");
    let everything = server.everything().await;
    for name in ["mile@", "mnchen", "old@x.com", "alias@x.com", "usr_o", "usr_a"] {
        assert!(!everything.to_lowercase().contains(name), "{name}");
    }
    assert!(everything.contains("bob@x.com") && everything.contains(&other.id.to_string()));
}

/// A name is looked for as a word: who is called Mark is not in every column of remarks.
#[tokio::test]
async fn what_was_noted_of_a_file_goes_with_those_whom_it_names_as_a_word() {
    let server = TestServer::start().await;
    let (store, account) = (&server.app.store, server.account);
    server.identify(json!({ "email": "mt@x.com", "user_id": "usr_4", "name": "Mark" })).await;
    let about = |word: &str| json!({ "sheet": format!("of {word}"), "columns": [{ "name": word }], "notes": [{ "detail": format!("1 row\n{word}") }] });
    for (n, word) in ["remark", "usr_42", "MARK", "usr_4", "mt@x.com"].into_iter().enumerate() {
        let fresh = Fresh {
            project: server.project.id,
            name: &format!("{word}.xlsx"),
            fingerprint: [n as u8; 32],
            about: &about(word),
            rejects: &json!({ "table": { "header": [word], "delimiter": 44 } }),
            records: 1,
        };
        begin(store, account, &fresh).await.unwrap();
    }
    server.call(&server.keys.secret, "DELETE", "/v1/customers/usr_4", "").await.expect(200);
    let sql = "select jsonb_build_array(name, about, rejects -> 'table' -> 'header') from import order by fingerprint";
    let gone = json!(["", { "sheet": null, "columns": [], "notes": [] }, []]);
    assert_eq!(
        server.query(sql, &[]).await,
        [
            json!(["remark.xlsx", about("remark"), ["remark"]]),
            json!(["usr_42.xlsx", about("usr_42"), ["usr_42"]]),
            gone.clone(),
            gone.clone(),
            gone
        ]
    );
}

/// Erasing whom the account ignores, and emptying a test project, forget what was rejected as well.
#[tokio::test]
async fn rejected_rows_go_with_everybody_who_is_erased_at_once() {
    let server = TestServer::start().await;
    let (sandbox, key) = server.test_project("sandbox").await;
    let file =
        "email,user_id,status\nada@y.com,u-1,free\nADA@Y.com,,odd\n,u-1,odd\nbob@x.com,u-2,free\n,u-2,odd\n";
    import(&server, "", file).await;
    server.call(&key, "POST", "/v1/imports", file).await.expect(200);
    assert_eq!(server.count("import_rejected").await, 6);
    let (store, account, pattern) = (&server.app.store, server.account, "@y.com".parse().unwrap());
    ignored::add(store, account, &pattern).await.unwrap();
    assert_eq!(erase::ignored(store, account, &pattern).await.unwrap(), 1);
    assert_eq!(server.count("import_rejected").await, 2);
    assert!(!server.everything().await.to_lowercase().contains("ada@"));
    erase::reset(store, account, &sandbox).await.unwrap();
    assert_eq!(server.count("import_rejected").await, 1);
}

/// There may be a hundred thousand of them: they go before the account's turn is taken, so that nobody who writes waits.
#[tokio::test]
async fn rejected_rows_of_a_reset_go_without_a_turn() {
    let server = TestServer::start().await;
    let (sandbox, key) = server.test_project("sandbox").await;
    let file = "email,status\nada@y.com,free\n".to_owned() + &"bob@x.com,odd\n".repeat(2_500);
    import(&server, "", "email,status\nbob@x.com,odd\n").await;
    server.call(&key, "POST", "/v1/imports", file).await.expect(200);
    assert_eq!(server.count("import_rejected").await, 2_501);
    let client = server.db.client().await;
    client.batch_execute("begin; select from clock for update").await.unwrap();
    let gone = async {
        while server.count("import_rejected").await > 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let mut reset = std::pin::pin!(erase::reset(&server.app.store, server.account, &sandbox));
    tokio::select! {
        reset = &mut reset => panic!("it took no turn: {reset:?}"),
        gone = tokio::time::timeout(Duration::from_secs(60), gone) => gone.unwrap(),
    }
    client.batch_execute("rollback").await.unwrap();
    assert_eq!(reset.await.unwrap(), 1);
    assert_eq!(server.count("import_rejected").await, 1, "another project's stays");
}

#[tokio::test]
async fn an_id_that_is_longer_than_anybodys_is_rejected_as_any_other_fault() {
    let server = TestServer::start().await;
    let long: String = (1..2_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string()).collect();
    let report =
        import(&server, "", format!("email,user_id\nada@x.com,{long}\nbob@x.com,1\n,no\u{0}body\n")).await;
    assert_eq!((&report["new"], &report["rejected"]), (&json!(1), &json!(2)), "{report:#}");
}
