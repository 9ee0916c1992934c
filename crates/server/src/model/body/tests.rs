//! Bodies that are right, wrong and hostile.

use serde_json::json;

use super::*;
use crate::model::Edit;

fn terms(publishable: bool) -> Terms {
    Terms { now: "2026-06-01T12:00:00Z".parse().unwrap(), publishable, live: true }
}

fn read(body: &str) -> Result<Call, Refusal> {
    identify(json::raw(body.as_bytes())?, terms(false))
}

/// The pointer and detail of each fault of a body that must be refused.
fn faults(body: &str) -> Vec<(String, String)> {
    let refusal = read(body).unwrap_err();
    refusal.faults.into_iter().map(|fault| (fault.pointer, fault.detail)).collect()
}

fn only(body: &str) -> (String, String) {
    let all = faults(body);
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().unwrap()
}

#[test]
fn the_example_of_the_design_is_read_whole() {
    let body = r#"{ "email": " Ada@Example.com", "user_id": "u_42", "name": "Ada", "status": "paid",
      "params": { "plan": "pro", "mrr": 29.90 }, "set_once": { "source": "producthunt" }, "unset": ["trial_ends"],
      "increment": { "logins": 1 }, "add": { "tags": "vip" }, "remove": { "old": ["lead"] },
      "timestamp": "2026-03-01T09:00:00Z", "first_seen": "2026-02-01" }"#;
    let Call::Identify(call) = read(body).unwrap() else { panic!("an identify") };
    assert_eq!(call.who.email.unwrap().as_str(), "ada@example.com");
    assert_eq!((call.name.as_deref(), call.status), (Some("Ada"), Some(Status::Paid)));
    assert_eq!(call.edits.len(), 7);
    assert_eq!(call.edits["mrr"], Edit::Set(serde_json::from_str("29.90").unwrap()));
    assert_eq!(call.edits["tags"], Edit::Add(vec![json!("vip")]));
    assert_eq!(call.at.unwrap().to_string(), "2026-03-01T09:00:00Z");
    assert_eq!(call.past.first_seen.unwrap().to_string(), "2026-02-01T00:00:00Z");
}

#[test]
fn null_is_the_same_as_left_out() {
    let Call::Identify(call) =
        read(r#"{"email":"a@b.co","name":null,"status":null,"params":null,"user_id":null}"#).unwrap()
    else {
        panic!("an identify")
    };
    assert_eq!((call.name, call.status, call.edits.len(), call.who.user_id), (None, None, 0, None));
}

#[test]
fn all_faults_come_at_once() {
    let all = faults(
        r#"{"email":"nobody","status":"trialing","params":[],"increment":{"n":"1"},"parms":{},"plan":"pro"}"#,
    );
    let pointers: Vec<&str> = all.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/email", "/status", "/params", "/increment/n", "/parms", "/plan"]);
    assert!(all[1].1.contains("trial is probably meant"), "{}", all[1].1);
    assert!(all[4].1.contains("params is probably meant"), "{}", all[4].1);
    assert!(all[5].1.contains("go into params"), "{}", all[5].1);
}

#[test]
fn each_field_says_what_is_wrong_with_it() {
    for (body, pointer, part) in [
        (r#"{}"#, "", "Send email, or user_id"),
        (r#"{"email":5}"#, "/email", "found the number 5"),
        (r#"{"email":"a@b.co","user_id":42}"#, "/user_id", "send \"42\""),
        (r#"{"email":"a@b.co","user_id":""}"#, "/user_id", "is empty"),
        (r#"{"email":"a@b.co","user_id":"undefined"}"#, "/user_id", "stands for nobody"),
        (r#"{"email":"a@b.co","user_id":" [object Object] "}"#, "/user_id", "stands for nobody"),
        (r#"{"email":"a@b.co","userId":"x"}"#, "/userId", "user_id is probably meant"),
        (r#"{"email":"a@b.co","createdAt":"x"}"#, "/createdAt", "first_seen is probably meant"),
        (r#"{"email":"a@b.co","email_verified":true}"#, "/email_verified", "go into params"),
        (r#"{"email":"a@b.co","status":"active"}"#, "/status", "paid is probably meant"),
        (r#"{"email":"a@b.co","status":"canceled"}"#, "/status", "churned is probably meant"),
        (r#"{"email":"a@b.co","status":"zzzz"}"#, "/status", "free, trial, paid or churned"),
        (r#"{"email":"a@b.co","replace":true}"#, "/replace", "send those too"),
        (r#"{"email":"a@b.co","replace":1}"#, "/replace", "true or false"),
        (r#"{"email":"a@b.co","unset":"plan"}"#, "/unset", "array of keys"),
        (r#"{"email":"a@b.co","unset":[1]}"#, "/unset/0", "is a key"),
        (r#"{"email":"a@b.co","params":{"a/b":1},"unset":["a/b"]}"#, "/params/a~1b", "named by unset too"),
        (r#"{"email":"a@b.co","timestamp":"2026-06-01T12:05:01Z"}"#, "/timestamp", "in the future"),
        (r#"{"email":"a@b.co","timestamp":1700000000}"#, "/timestamp", "date or time"),
        (r#"{"email":"a@b.co","timestamp":"2026-02-30"}"#, "/timestamp", "date or time"),
        (r#"{"email":"a@b.co","timestamp":"0001-01-01T00:00:00Z"}"#, "/timestamp", "before 1990"),
        (r#"{"email":"a@b.co","first_seen":"1970-01-01"}"#, "/first_seen", "\"1970-01-01\" lies before 1990"),
        (r#"{"email":"a@b.co","status_since":"2026-01-01"}"#, "/status_since", "send status too"),
        (r#"{"email":"a@b.co","first_paid":"2026-01-01"}"#, "/first_paid", "send status too"),
        (
            r#"{"email":"a@b.co","status":"churned","first_paid":"2026-01-02","status_since":"2026-01-01"}"#,
            "/status_since",
            "before first_paid (2026-01-02T00:00:00Z)",
        ),
        (
            r#"{"email":"a@b.co","status":"paid","status_since":"2026-01-02","timestamp":"2026-01-01"}"#,
            "/status_since",
            "after timestamp",
        ),
        (r#"{"email":"a@b.co","account_id":"x"}"#, "/account_id", "no such field"),
    ] {
        let (at, detail) = only(body);
        assert_eq!(at, pointer, "{body}: {detail}");
        assert!(detail.contains(part), "{body}: {detail}");
    }
    assert!(read(r#"{"email":"a@b.co","timestamp":"2026-06-01T12:04:59Z"}"#).is_ok());
    let long = "x".repeat(256);
    assert!(only(&format!(r#"{{"user_id":"{long}"}}"#)).1.contains("256 characters"));
}

#[test]
fn hostile_json_is_refused_with_its_place() {
    for (value, pointer, part) in [
        (r#""a\u0000b""#, "/params/k", "u0000"),
        (r#"{"a\u0000b":1}"#, "/params/k", "u0000"),
        (r#"["ok","\ud800"]"#, "/params/k/1", "surrogate"),
        (r#""\udc00\ud800""#, "/params/k", "surrogate"),
        (r#"{"\ud800":1}"#, "/params/k", "surrogate"),
        ("1e400", "/params/k", "40 digits"),
        ("1e131071", "/params/k", "40 digits"),
        ("1e40", "/params/k", "40 digits"),
        ("-1e-40", "/params/k", "40 digits"),
        ("11111111111111111111111111111111111111111", "/params/k", "40 digits"),
        (
            "11111111111111111111111111111111111111111",
            "/params/k",
            "the number 111111111111111111111111… has",
        ),
        ("1e40", "/params/k", "the number 1e40 has"),
        (r#"{"$serde_json::private::Number":"1"}"#, "/params/k", "reserved"),
        (r#"{"$serde_json::private::RawValue":"[1,"}"#, "/params/k", "reserved"),
    ] {
        let (at, detail) = only(&format!(r#"{{"email":"a@b.co","params":{{"k":{value}}}}}"#));
        assert_eq!(at, pointer, "{value}: {detail}");
        assert!(detail.contains(part), "{value}: {detail}");
    }
    let key = "k".repeat(1025);
    assert!(only(&format!(r#"{{"email":"a@b.co","params":{{"{key}":1}}}}"#)).1.contains("1025 bytes"));
}

#[test]
fn what_is_no_json_is_said_with_its_line() {
    for body in [
        "",
        "{",
        "{\"email\":\"a@b.co\",\"params\":{\"x\":NaN}}",
        "{'a':1}",
        "{\"a\":1,}",
        "[1",
        "\u{feff}{}",
        "{} {}",
    ] {
        let refusal = read(body).unwrap_err();
        assert_eq!(refusal.reason, Reason::InvalidJson, "{body}");
        assert!(refusal.detail.starts_with("The body is not valid JSON: "), "{refusal}");
    }
    assert_eq!(json::raw(b"{\"a\":\"\xff\"}").unwrap_err().reason, Reason::InvalidJson);
    assert_eq!(read("[]").unwrap_err().reason, Reason::InvalidFields);
}

#[test]
fn depth_is_bounded_without_using_the_stack() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        read(&format!(r#"{{"email":"a@b.co","params":{{"k":{open}{close}}}}}"#))
    };
    assert!(nested(30).is_ok());
    for depth in [31, 1000, 200_000] {
        let refusal = nested(depth).unwrap_err();
        assert_eq!(refusal.reason, Reason::TooDeep, "{depth}");
        assert!(refusal.detail.contains("32 levels"), "{refusal}");
    }
}

#[test]
fn odd_keys_are_only_keys() {
    let body = r#"{"email":"a@b.co","params":{"":1,"__proto__":2,"constructor":3,"a.b":4,"\u202eabc":5,"\u200b":6}}"#;
    let Call::Identify(call) = read(body).unwrap() else { panic!("an identify") };
    assert_eq!(call.edits.len(), 6);
    let twice = read(r#"{"email":"a@b.co","params":{"d":1,"d":2}}"#).unwrap_err();
    assert_eq!((twice.reason, twice.faults[0].pointer.as_str()), (Reason::InvalidJson, "/params/d"));
}

#[test]
fn a_publishable_key_says_little() {
    let browser = |body: &str| identify(json::raw(body.as_bytes()).unwrap(), terms(true));
    assert!(
        browser(r#"{"email":"a@b.co","status":"free","params":{"a":1},"set_once":{"b":2},"name":null}"#)
            .is_ok()
    );
    let all = r#"{"email":"a@b.co","status":"paid","user_id":"u","name":"A","replace":true,"params":{},"unset":["x"],
        "increment":{"n":1},"add":{"t":1},"remove":{"u":1},"timestamp":"2026-01-01","first_seen":"2026-01-01"}"#;
    let faults = browser(all).unwrap_err().faults;
    assert_eq!(faults.len(), 10, "{faults:?}");
    assert!(faults.iter().all(|fault| fault.detail.contains("publishable key may")), "{faults:?}");
    let ping = |body: &str| ping(json::raw(body.as_bytes()).unwrap(), terms(true));
    assert!(ping(r#"{"email":"a@b.co"}"#).is_ok());
    assert!(ping(r#"{"user_id":"u"}"#).is_err());
}

#[test]
fn items_of_a_batch_may_be_pings() {
    let item = |body: &str| item(json::raw(body.as_bytes()).unwrap(), terms(false));
    assert!(matches!(item(r#"{"type":"ping","email":"a@b.co"}"#), Ok(Call::Ping(_))));
    assert!(matches!(item(r#"{"type":"identify","email":"a@b.co"}"#), Ok(Call::Identify(_))));
    assert!(item(r#"{"type":"track","email":"a@b.co"}"#).unwrap_err().detail.contains("identify and ping"));
    assert!(item(r#"{"type":"ping","email":"a@b.co","name":"A"}"#).is_err());
}

#[test]
fn a_hundred_thousand_faults_are_a_short_answer() {
    let values = vec![r#""\u0000""#; 100_000].join(",");
    let refusal = read(&format!(r#"{{"email":"a@b.co","params":{{"k":[{values}]}}}}"#)).unwrap_err();
    assert_eq!(refusal.faults.len(), 50);
    assert!(refusal.detail.starts_with("100000 things"), "{refusal}");
}

#[test]
fn a_placeholder_that_is_all_that_is_wrong_has_a_name_of_its_own() {
    let reason = |body: &str| read(body).unwrap_err().reason;
    assert_eq!(reason(r#"{"email":"a@b.co","user_id":"null"}"#), Reason::PlaceholderUserId);
    assert_eq!(reason(r#"{"email":"nobody","user_id":"null"}"#), Reason::InvalidFields);
    let ping = ping(json::raw(br#"{"user_id":"0"}"#).unwrap(), terms(false));
    assert_eq!(ping.unwrap_err().reason, Reason::PlaceholderUserId);
}
