//! Hostile JSON and injection: clear 4xx, nothing stored, no 5xx, neighbours in the same batch stored.

use serde_json::{Value, json};

use crate::support::server::TestServer;

/// Values and bodies that have bitten systems like this one, with the status and code that each gets.
fn hostile() -> Vec<(String, u16, &'static str)> {
    let value = |value: &str| format!(r#"{{"email":"evil@x.com","params":{{"k":{value}}}}}"#);
    let nested = |depth: usize| value(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    vec![
        (value(r#""a\u0000b""#), 422, "invalid_fields"),
        (value(r#"{"a\u0000":1}"#), 422, "invalid_fields"),
        (value(r#""\ud800""#), 422, "invalid_fields"),
        (value(r#"{"\udfff":1}"#), 422, "invalid_fields"),
        (value("1e400"), 422, "invalid_fields"),
        (value("-1e400"), 422, "invalid_fields"),
        (value("1e131071"), 422, "invalid_fields"),
        (value("1e131072"), 422, "invalid_fields"),
        (value(&"9".repeat(41)), 422, "invalid_fields"),
        (nested(31), 400, "too_deep"),
        (nested(10_000), 400, "too_deep"),
        (nested(200_000), 400, "too_deep"),
        (value(r#"{"$serde_json::private::Number":"NaN"}"#), 422, "invalid_fields"),
        (value(r#"{"$serde_json::private::RawValue":"]"}"#), 422, "invalid_fields"),
        (value(&format!(r#"{{"{}":1}}"#, "k".repeat(1025))), 422, "invalid_fields"),
        (r#"{"email":"a\u0000@x.com"}"#.into(), 422, "invalid_fields"),
        (r#"{"email":"evil@x.com","name":"\u0000"}"#.into(), 422, "invalid_fields"),
        (r#"{"user_id":"\ud800"}"#.into(), 422, "invalid_fields"),
        (format!(r#"{{"email":"{}@x.com"}}"#, "a".repeat(300)), 422, "invalid_fields"),
        (format!(r#"{{"email":"evil@x.com","user_id":"{}"}}"#, "u".repeat(256)), 422, "invalid_fields"),
        (
            r#"{"email":"evil@x.com","account_id":"0190","project_id":"1","version":9,"customer":"x"}"#
                .into(),
            422,
            "invalid_fields",
        ),
        (r#"{"email":["evil@x.com"]}"#.into(), 422, "invalid_fields"),
        (r#"{"email":{"$serde_json::private::Number":"1"}}"#.into(), 422, "invalid_fields"),
        (r#"[]"#.into(), 422, "invalid_fields"),
        (r#""evil@x.com""#.into(), 422, "invalid_fields"),
        (r#"null"#.into(), 422, "invalid_fields"),
    ]
}

#[tokio::test]
async fn hostile_calls_are_refused_and_nothing_is_stored() {
    let server = TestServer::start().await;
    let not_json = [
        ("{\"email\":\"evil@x.com\",\"params\":{\"k\":NaN}}", 400, "invalid_json"),
        ("{", 400, "invalid_json"),
        ("", 400, "invalid_json"),
    ];
    let rows =
        hostile().into_iter().chain(not_json.map(|(body, status, code)| (body.to_owned(), status, code)));
    for (body, status, code) in rows {
        let shown: String = body.chars().take(100).collect();
        let answer = server.call(&server.keys.secret, "POST", "/v1/identify", body).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{shown}: {}",
            answer.text()
        );
        assert!(answer.body.len() < 20_000, "{shown}");
    }
    let bytes = b"{\"email\":\"evil@x.com\",\"name\":\"\xff\xfe\"}".to_vec();
    let answer = server.call(&server.keys.secret, "POST", "/v1/identify", bytes).await;
    assert_eq!(answer.expect(400)["code"], "invalid_json");
    assert_eq!(server.count("customer").await + server.count("change").await, 0);
}

#[tokio::test]
async fn neighbours_of_hostile_items_are_stored() {
    let server = TestServer::start().await;
    let rows = hostile();
    let items: Vec<String> = rows
        .iter()
        .enumerate()
        .flat_map(|(n, (body, _, _))| {
            [body.clone(), format!(r#"{{"email":"good{n}@x.com","params":{{"n":{n}}}}}"#)]
        })
        .collect();
    let body = format!(r#"{{"items":[{}]}}"#, items.join(","));
    let answer = server.call(&server.keys.secret, "POST", "/v1/batch", body).await.expect(200);
    let results = answer["results"].as_array().unwrap();
    for (n, (_, status, code)) in rows.iter().enumerate() {
        assert_eq!(
            (&results[2 * n]["status"], &results[2 * n]["code"]),
            (&json!(status), &json!(code)),
            "{n}"
        );
        assert_eq!(results[2 * n + 1]["ok"], true, "{n}");
    }
    assert_eq!(server.count("relationship").await, rows.len() as i64);
}

#[tokio::test]
async fn odd_and_injected_text_is_only_text() {
    let server = TestServer::start().await;
    let corpus = [
        "",
        "'",
        "\"",
        "\\",
        "'; drop table customer; --",
        "$1",
        "${1}",
        "{{7*7}}",
        "%s%n",
        "a.b",
        "$.a[*]",
        "`id`",
        "__proto__",
        "constructor",
        "\u{202e}gnp",
        "\u{200b}",
        "\r\n",
        "\u{7f}",
        "😀",
        "null",
        "-0",
        "<script>alert(1)</script>",
        "') or 1=1 --",
        "E'\\x27'",
        "$$ select pg_sleep(9) $$",
        "a\tb",
        "=cmd|' /C calc'!A0",
        "\u{1}",
        "é",
        "e\u{301}",
    ];
    let params: Value = corpus.iter().map(|text| ((*text).to_owned(), json!(text))).collect();
    let body =
        json!({ "email": "o'hara+\u{65}@x.com", "user_id": corpus[4], "name": corpus[21], "params": params });
    server.identify(body).await;
    let stored = server.row(server.project.id, "o'hara+e@x.com").await.unwrap();
    assert_eq!(stored["params"], params);
    assert_eq!((&stored["user_id"], &stored["name"]), (&json!(corpus[4]), &json!(corpus[21])));
    let unset = server.identify(json!({ "user_id": corpus[4], "unset": corpus })).await;
    assert_eq!(unset["changed"], true);
    assert_eq!(server.row(server.project.id, "o'hara+e@x.com").await.unwrap()["params"], json!({}));
}

#[tokio::test]
async fn a_hundred_thousand_keys_are_stored_beside_small_calls() {
    let server = TestServer::start().await;
    let params: Value = (0..60_000).map(|n| (format!("k{n}"), json!(n))).collect();
    let large = json!({ "email": "wide@x.com", "params": params });
    let small = json!({ "email": "small@x.com", "params": { "n": 1 } });
    let (wide, narrow) = tokio::join!(server.identify(large), server.identify(small));
    assert_eq!((&wide["changed"], &narrow["changed"]), (&json!(true), &json!(true)));
    let stored = server.row(server.project.id, "wide@x.com").await.unwrap();
    assert_eq!(stored["params"].as_object().unwrap().len(), 60_000);
    let more: Value = (0..40_000).map(|n| (format!("other{n}"), json!(n))).collect();
    let refused = server.post("/v1/identify", json!({ "email": "wide@x.com", "params": more })).await;
    assert_eq!(refused.expect(422)["code"], "params_too_large");
}
