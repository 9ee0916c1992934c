//! Highlighting and completion.

use std::fmt::Write as _;

use filter::{CompletionKind, complete, tokens};

/// Texts as they are while someone types.
const TYPED: &[&str] = &[
    "params.plan = \"pro\" and not mrr > 20",
    "status in (free, \"trial\") or first_seen in last 7 days",
    "in project newsletter where (tags has vip)",
    "search ada",
    "ada @acme.com",
    "x is not null and d > now - 14d",
    "d in 2026-01-01 .. today",
    "plan = pro and (",
    "plan containz pro and mrr > 3",
    "plan = \"unclosed",
    "a = [1]",
    "",
    "was (plan = free) on 2026-02-01 and plan = pro",
    "was (plan = free) in last mon",
    "was (plan = ",
    "first (plan = pro) < first (mrr > 3) + 14d",
    "a = 1 = first (plan = pro) - 14d",
    "not seen at least 3 days in last 7 days",
    "seen at least",
    "plan changed from free to missing in last 14 days",
    "plan changed from",
    "mrr increased in",
    "was plan = free and mrr > 3",
];

#[test]
fn highlighting() {
    let listing = TYPED.iter().fold(String::new(), |mut listing, text| {
        writeln!(listing, "{text}").unwrap();
        for (span, role) in tokens(text) {
            writeln!(listing, "    {:?} {role:?}", span.of(text)).unwrap();
        }
        listing
    });
    insta::assert_snapshot!(listing);
}

/// Where someone is typing: `|` is the cursor.
const CURSORS: &[&str] = &[
    "|",
    "pl|",
    "plan |",
    "plan =|",
    "plan = |",
    "plan = p|ro",
    "plan = pro |",
    "plan = pro a|",
    "plan = pro and |",
    "status |",
    "status = |",
    "status in |",
    "status in (|",
    "status in (free, |",
    "first_seen |",
    "first_seen > |",
    "first_seen in |",
    "not |",
    "(|",
    "(plan = pro |",
    "(plan = pro) |",
    "in project |",
    "in project new|",
    "in project app |",
    "in project app where (|",
    "in segment |",
    "x is |",
    "x is not |",
    "email contains |",
    "email co|",
    "plan not |",
    "tags has |",
    "plan = \"p|",
    "plan = = |",
    "plan === |",
    "params.company.|",
    "pl| = 3",
    "x exists |",
    "in |",
    "wa|",
    "was |",
    "was (|",
    "was (plan |",
    "was (plan = pro |",
    "fir|",
    "first |",
    "first (|",
    "first (plan = |",
    "first (plan = pro) |",
    "first (plan = pro) not |",
    "first (plan = pro) < |",
    "first (plan = pro) < first_seen |",
    "first (plan = pro) in |",
    "first_paid < first (|",
    "first_paid < first (plan = pro) |",
    "was (plan = pro) |",
    "was (plan = pro) o|",
    "was (plan = pro) on |",
    "was (plan = pro) on yes|",
    "was (plan = pro) in |",
    "was (plan = pro) in last 7 days |",
    "was (plan = pro) on yesterday |",
    "was (plan = pro) since |",
    "see|",
    "seen |",
    "seen in |",
    "seen in last 7 days |",
    "seen at |",
    "seen at least |",
    "seen at least 3 |",
    "seen at least 3 days |",
    "seen at least 3 days in |",
    "plan chan|",
    "plan changed |",
    "plan changed fr|",
    "plan changed from |",
    "plan changed from free |",
    "plan changed to pro |",
    "plan changed in last month from free |",
    "plan changed to |",
    "status changed to |",
    "plan changed from free to pro |",
    "plan changed in |",
    "plan changed in last 7 days |",
    "mrr increased |",
    "mrr increased in |",
    "plan was |",
    "plan was free |",
];

#[test]
fn completion() {
    let listing = CURSORS.iter().fold(String::new(), |mut listing, typed| {
        let cursor = typed.find('|').unwrap();
        let text = typed.replacen('|', "", 1);
        let completion = complete(&text, cursor);
        let told = completion.map(|completion| {
            format!(
                "{:?} replaces {:?}; {:?}",
                completion.kind,
                completion.span.of(&text),
                completion.kind.words()
            )
        });
        writeln!(listing, "{typed}\n    {}", told.as_deref().unwrap_or("nothing")).unwrap();
        listing
    });
    insta::assert_snapshot!(listing);
}

/// Every operator that completion offers for a field can be used on it.
#[test]
fn offered_operators_are_accepted() {
    for field in filter::Field::names().chain(["params.plan"]) {
        let field = filter::parse_field(field).unwrap();
        let value = match &field {
            time if time.is_time() => "today",
            filter::Field::Status => "paid",
            filter::Field::Project => "app",
            _ => "\"x\"",
        };
        for operator in CompletionKind::Operator(field.clone()).words() {
            let operand = match operator {
                "in" | "not in" => format!("({value})"),
                "exists" | "changed" => String::new(),
                "increased" | "decreased" => "in last month".to_owned(),
                "is" => "null".to_owned(),
                _ => value.to_owned(),
            };
            let text = format!("{field} {operator} {operand}");
            let catalogue = crate::table::Catalogue::default();
            let now = "2026-03-10T12:00:00Z".parse().unwrap();
            let scope = filter::Scope {
                now,
                horizon: None,
                zone: jiff::tz::TimeZone::UTC,
                names: &catalogue,
                account_wide: true,
            };
            let checked = filter::parse(&text).and_then(|expr| filter::check(&expr, &scope));
            assert!(checked.is_ok(), "{text}: {checked:?}");
        }
    }
}
