//! What a filter says without its own conditions on a field, and which values these name.

use filter::{Lift, Scope, check, parse};

/// The filter without its own conditions on a field, and how many values they name.
type Rest = (&'static str, usize);

/// A filter, a field, and what is left; nothing where nothing is lifted.
const LIFTS: &[(&str, &str, Option<Rest>)] = &[
    ("", "params.plan", None),
    ("plan = pro", "params.plan", Some(("", 1))),
    ("plan = pro", "params.mrr", None),
    ("plan = pro and mrr >= 20", "params.plan", Some(("params.mrr >= 20", 1))),
    ("plan = pro and mrr >= 20", "params.mrr", Some(("params.plan = \"pro\"", 0))),
    ("mrr >= 20 and mrr < 50 and status = paid", "params.mrr", Some(("status = \"paid\"", 0))),
    ("plan in (pro, free) and plan != free and beta = true", "params.plan", Some(("params.beta = true", 2))),
    ("plan not in (pro, free)", "params.plan", Some(("", 2))),
    ("not plan = pro", "params.plan", Some(("", 1))),
    ("not not plan exists", "params.plan", Some(("", 0))),
    ("tags has vip and tags has 7 and plan = pro", "params.tags", Some(("params.plan = \"pro\"", 2))),
    ("plan starts with p and mrr is null", "params.plan", Some(("params.mrr is null", 0))),
    ("trial_ends in next 7 days and plan = pro", "params.trial_ends", Some(("params.plan = \"pro\"", 0))),
    (
        "status = paid and plan = pro and seen in last 7 days",
        "status",
        Some(("params.plan = \"pro\" and seen in last 7 days", 1)),
    ),
    ("project = app and plan = pro", "project", Some(("params.plan = \"pro\"", 1))),
    // A path inside another is another field.
    ("company.country = US", "params.company", None),
    // What is said together with something else, of another time or of another project is no condition of its own.
    ("plan = pro or plan = free", "params.plan", None),
    ("status = paid and (plan = pro or plan = free)", "params.plan", None),
    ("not (plan = pro and mrr = 20)", "params.plan", None),
    ("was (plan = pro) and plan = free", "params.plan", Some(("was (params.plan = \"pro\")", 1))),
    (
        "plan changed to pro in last 7 days and plan = pro",
        "params.plan",
        Some(("params.plan changed to \"pro\" in last 7 days", 1)),
    ),
    ("mrr increased in last month", "params.mrr", None),
    ("in project newsletter where (plan = pro)", "params.plan", None),
    ("in segment pros and plan = free", "params.plan", Some(("in segment pros", 1))),
    ("first_paid < first_seen + 14d", "first_paid", None),
];

#[test]
fn a_filter_without_its_own_conditions() {
    let names = crate::generator::catalogue();
    let now = "2026-03-10T12:00:00Z".parse().unwrap();
    let scope =
        Scope { now, horizon: None, zone: jiff::tz::TimeZone::UTC, names: &names, account_wide: true };
    for (text, field, expected) in LIFTS {
        let expr = parse(text).unwrap();
        let predicate = check(&expr, &scope).unwrap_or_else(|error| panic!("{}", error.caret(text)));
        let field = filter::parse_field(field).unwrap();
        let lifts = Lift::all(&expr, &predicate, |_| true);
        let lift = lifts.iter().find(|lift| lift.field == field);
        let found = lift.map(|lift| (lift.expr.to_string(), lift.named.len()));
        assert_eq!(found, expected.map(|(rest, named)| (rest.to_owned(), named)), "{text}: {field}");
        if let Some(lift) = lift {
            assert_eq!(check(&lift.expr, &scope).unwrap().parts(), lift.predicate.parts(), "{text}: {field}");
        }
    }
}
