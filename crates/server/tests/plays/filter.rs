//! Any text as a filter: what is read is printed as what is read again, and what is checked is evaluated, compiled and said.

use std::collections::{BTreeMap, BTreeSet};

use filter::{
    Binds, Document, History, Names, Scope, Segment, Status, Tense, check, complete, describe, eval, moment,
    parse, sql, tokens,
};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::json;
use uuid::Uuid;

/// Plays the bytes as a filter in a zone with a changing clock, once for an account and once for a project's key.
pub(crate) fn play(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    tokens(text);
    (0..=text.len()).step_by(text.len() / 8 + 1).for_each(|cursor| drop(complete(text, cursor)));
    let expr = match parse(text) {
        Ok(expr) => expr,
        Err(error) => return assert!(error.span.end <= text.len() && error.span.start <= error.span.end),
    };
    let strict = expr.to_string();
    let again = parse(&strict).unwrap_or_else(|error| panic!("{text:?} is printed as {strict:?}: {error}"));
    assert_eq!(again.to_string(), strict, "{text:?}");
    assert!(!describe(&expr).is_empty());
    for account_wide in [false, true] {
        let scope = Scope {
            now: Timestamp::constant(1_774_700_000, 0),
            horizon: None,
            zone: TimeZone::get("America/Sao_Paulo").unwrap(),
            names: &One,
            account_wide,
        };
        let predicate = check(&expr, &scope);
        assert_eq!(predicate.is_ok(), check(&again, &scope).is_ok(), "{text:?} and {strict:?}");
        if let Ok(past) = moment(text, &scope) {
            assert!(past.is_none_or(|past| past < scope.now), "{text:?}");
        }
        if let Ok(predicate) = predicate {
            for tense in [Tense::Present, Tense::Past] {
                sql(&predicate, tense, &mut Binds::starting_at(2));
            }
            documents(|document| _ = eval(&predicate, &[document], 0));
        }
    }
}

struct One;

impl Names for One {
    fn project(&self, slug: &str) -> Option<Uuid> {
        (slug == "app").then(Uuid::nil)
    }

    fn projects(&self) -> Vec<String> {
        vec!["app".to_owned()]
    }

    fn segment(&self, name: &str, _: Option<&Segment>) -> Option<Segment> {
        let text = "params.a > 1 or params.b exists".to_owned();
        (name == "big").then_some(Segment { text, project: None })
    }

    fn segments(&self) -> Vec<String> {
        vec!["big".to_owned()]
    }
}

fn documents(each: impl Fn(Document<'_>)) {
    let at = Timestamp::constant(1_774_600_000, 123_456_000);
    let history = history(at);
    for params in [
        "{}",
        r#"{"a":1e40,"b":null,"c":[1,"x",{"d":true}],"d":{"e":"2026-03-29"},"mrr":19.90,"t":1774600000}"#,
    ] {
        let params = serde_json::from_str(params).unwrap();
        let named = [None, Some("Zoë İ")];
        named.into_iter().for_each(|name| {
            each(Document {
                project: Uuid::nil(),
                test: false,
                email: "ada@x.com",
                user_id: name,
                name,
                status: Some(Status::Paid),
                status_since: Some(at),
                first_paid: name.map(|_| at),
                first_seen: at,
                last_activity: Some(at),
                imported: name.map(|_| at),
                params: &params,
                history: name.map(|_| &history),
            });
        });
    }
}

/// What somebody was before they came to what they are.
fn history(at: Timestamp) -> History {
    let track = |values: [Option<serde_json::Value>; 3]| {
        let times = [0, 12, 24].map(|hours| (at + hours.hours()).into());
        times.into_iter().zip(values).collect()
    };
    History {
        began: at.into(),
        fields: BTreeMap::from([("status".into(), track([Some(json!("free")), None, Some(json!("paid"))]))]),
        params: BTreeMap::from([
            ("a".to_owned(), track([Some(json!(1)), Some(json!("2026-03-29")), None])),
            (
                "d".to_owned(),
                track([Some(json!({ "e": [1.0] })), Some(json!(null)), Some(json!({ "e": 2 }))]),
            ),
        ]),
        days: BTreeSet::from([at.into(), (at + 20.hours()).into()]),
        moment: None,
    }
}
