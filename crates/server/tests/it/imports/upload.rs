//! How a file comes in: what is refused before it is read, and what programs do to files on the way.

use axum::body::Body;
use serde_json::{Value, json};

use super::{USERS, counts, import, send};
use crate::support::server::{TestServer, request};

/// Sends a file with a header of its own.
async fn with(server: &TestServer, header: (&'static str, &str), file: impl Into<Body>) -> (u16, Value) {
    let request = request("POST", "/v1/imports?dry_run=1")
        .header("authorization", format!("Bearer {}", server.keys.secret));
    let mut request = request.body(file.into()).unwrap();
    request.headers_mut().insert(header.0, header.1.parse().unwrap());
    let answer = server.send(request).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_before_it_is_read() {
    let server = TestServer::start().await;
    // A body of which nobody may ask for a byte.
    let unread = || Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let (status, problem) = with(&server, ("content-length", "8589934593"), unread()).await;
    assert_eq!((status, &problem["code"]), (413, &json!("too_large")), "{problem:#}");
    assert_eq!(problem["detail"], "The file is larger than 8 GiB.");
}

#[tokio::test]
async fn forms_are_told_how_a_file_is_sent() {
    let server = TestServer::start().await;
    let (form, one_line) = ("application/x-www-form-urlencoded", USERS.replace('\n', ""));
    for (kind, file, status, code) in [
        ("multipart/form-data; boundary=x", USERS.to_owned(), 415, "unsupported_media_type"),
        (form, one_line.clone(), 400, "invalid_request"),
        (form, format!("\u{feff}{one_line}"), 400, "invalid_request"),
    ] {
        let (found, problem) = with(&server, ("content-type", kind), file).await;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{problem:#}");
        assert_eq!(problem["hint"], "Send the file as it is: curl --data-binary @FILE.", "{problem:#}");
    }
    // What --data-binary sends is named a form as well, and so is JSON that is typed into a shell.
    for (file, rows) in [(USERS, 4), ("{\"email\":\"a@x.com\"}{\"email\":\"b@x.com\"}", 2)] {
        let (status, report) = with(&server, ("content-type", form), file).await;
        assert_eq!((status, &report["rows"]), (200, &json!(rows)), "{report:#}");
    }
}

#[tokio::test]
async fn yes_may_be_said_in_many_words_and_what_is_too_long_is_refused() {
    let server = TestServer::start().await;
    for query in ["dry_run", "dry_run=1", "dry_run=yes", "dry_run=True"] {
        let report = import(&server, query, USERS).await;
        assert_eq!((&report["dry_run"], counts(&report)), (&json!(true), [2, 0, 0, 0, 2]), "{query}");
    }
    let long = |chars| format!("dry_run&name={}", "%C3%A9".repeat(chars));
    import(&server, &long(255), USERS).await;
    for (query, pointer, detail) in [
        (long(256).as_str(), "/name", "the name of a file has at most 255 characters"),
        ("dry_run=perhaps", "/dry_run", "\"perhaps\" is neither true nor false"),
        ("wait=61", "/wait", "an answer is held back for at most 60 seconds; ask again at its Location"),
    ] {
        let wrong = send(&server, query, USERS).await.expect(422);
        assert_eq!(wrong["errors"], json!([{ "pointer": pointer, "detail": detail }]), "{wrong:#}");
    }
    assert_eq!(server.count("import").await, 0);
    for path in ["/v1/params?test=yes", "/v1/query?test&limit=5", "/v1/export?test=on"] {
        assert_eq!(server.call(&server.keys.account, "GET", path, "").await.status, 200, "{path}");
    }
}
