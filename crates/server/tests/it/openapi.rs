//! What describes the API equals the API: `/openapi.json`, `docs/errors.md`.
//!
//! `TINYCRM_BLESS=1 cargo test -p server --test it openapi` writes them anew.

use std::{fmt::Write, path::Path};

use serde_json::Value;
use server::http::Code;

use crate::support::server::TestServer;

/// Holds a file of the repository against what the code says.
#[track_caller]
fn hold(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("TINYCRM_BLESS").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == text, "{path} is not what the code says; TINYCRM_BLESS=1 writes it anew");
}

#[tokio::test]
async fn the_api_is_described() {
    let server = TestServer::start().await;
    let described: Value = server.get("/openapi.json").await.expect(200);
    hold("openapi.json", &format!("{}\n", serde_json::to_string_pretty(&described).unwrap()));
    let router = include_str!("../../src/router.rs");
    let paths = described["paths"].as_object().unwrap();
    for route in router.split('"').filter(|text| text.starts_with("/v1/")) {
        assert!(paths.contains_key(route), "{route} is not described");
    }
    let answers = described["paths"].to_string();
    for code in Code::ALL.iter().map(|code| code.name()) {
        assert!(answers.contains(&format!("#/components/examples/{code}\"")), "no call answers {code}");
    }
}

#[test]
fn every_error_is_described() {
    let mut text = String::from(
        "# Errors\n\nEvery error is an RFC 9457 problem, `application/problem+json`, with one of these codes. This page is made from the\n\
         table in `crates/server/src/http/problem.rs`; a test keeps it equal.\n\n```json\n{ \"type\": \"/errors#invalid_filter\", \
         \"title\": \"The filter could not be understood.\",\n  \"status\": 422, \"code\": \"invalid_filter\", \"detail\": \"what happened to this request\",\n  \
         \"hint\": \"what to do about it\", \"request_id\": \"0190…\",\n  \"errors\": [{ \"pointer\": \"/params/mrr\", \"detail\": \"one for each wrong field\" }],\n  \
         \"place\": { \"start\": 0, \"end\": 4, \"line\": 1, \"column\": 1, \"length\": 4, \"candidates\": [\"plan\"] } }\n```\n\n\
         `errors` and `place` are there where they apply; one of `errors` that is of a text of the filter language (a period, a sort, a filter of\n\
         an insight) has a `hint` and a `place` of its own. 429 and 503 carry `Retry-After`; their requests may be repeated, after\n\
         `outcome_unknown` under the same `Idempotency-Key`.\n\n| code | status | meaning |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        writeln!(
            text,
            "| <a id=\"{0}\"></a>`{0}` | {1} | {2} |",
            code.name(),
            code.status().as_u16(),
            code.title()
        )
        .unwrap();
    }
    hold("../../docs/errors.md", &text);
}
