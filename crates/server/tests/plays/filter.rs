//! Any text as a filter: what is read is printed as what is read again, and what is checked is evaluated, compiled and said.

use filter::{
    Binds, Document, Names, Scope, Segment, Status, check, complete, describe, eval, parse, sql, tokens,
};
use jiff::{Timestamp, tz::TimeZone};
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
        if let Ok(predicate) = predicate {
            sql(&predicate, filter::Tense::Present, &mut Binds::starting_at(2));
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
                params: &params,
                history: None,
            });
        });
    }
}
