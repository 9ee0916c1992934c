//! What the crate writes: the strict form, SQL and English.

use std::fmt::Write as _;

use filter::{Binds, Predicate, Scope, Segment, check, describe, parse, sql};

use crate::table::Catalogue;

/// What a newcomer types, and every shape of the grammar.
const FILTERS: &[&str] = &[
    "",
    "plan = pro",
    "plan:pro",
    "\u{feff}plan\u{a0}=\u{200b}pro ",
    "Plan == 'pro'",
    "mrr > 20",
    "mrr>=20",
    "status == 'paid' && plan = “pro”",
    "status = paid || !(mrr < 5)",
    "ada",
    "@acme.com",
    "ada lovelace",
    "\"ada lovelace\"",
    "search ada",
    "first_seen > 14 days ago",
    "last_seen before yesterday",
    "last_seen after now-3mo",
    "first_seen > \"2026-01-01\"",
    "tags not has vip",
    "plan not exists",
    "name not contains 'test'",
    "plan <> free",
    "beta = false",
    "referral = null",
    "zip = 02134",
    "ratio = .5",
    "price = 19.90",
    "params.\"weird key\".b = 1",
    "company.country in (US, CA)",
    "params.company.country not in (\"US\")",
    "utm-source = google/cpc",
    "status in (free, trial) and first_seen < now - 14d",
    "params.trial_ends in next 7 days",
    "params.trial_ends not in next 7 days",
    "trial_ends in this month",
    "trial_ends in yesterday",
    "trial_ends in 2026-01-01..2026-03-31",
    "trial_ends in last 2 quarters",
    "trial_ends in last hour",
    "trial_ends = 2026-03-29T10:00:00+02:00",
    "trial_ends <= today",
    "mrr is number",
    "mrr is not null",
    "EMAIL ENDS WITH '@ACME.com'",
    "email startswith ada",
    "domain = @Acme.com",
    "user_id = u_42",
    "user_id exists",
    "first_paid exists",
    "not first_paid exists",
    "imported exists",
    "not imported exists and not imported > 2026-03-01",
    "project = newsletter",
    "project in (app, newsletter)",
    "name < M",
    "name <= \"M\"",
    "params.mrr >= 29 and not params.company.country in (\"US\", \"CA\")",
    "in project newsletter where (params.plan = \"pro\") and not in project analytics",
    "in segment \"power users\" and params.tags has \"vip\"",
    "not in segment pros",
    "a = 1 and (b = 2 or c = 3) and not (d = 4 and e = 5)",
    "not not a = 1",
    "tags has vip and tags has lead and plan = pro and company.country = US and company.size > 10",
    "plan = pro and plan = team",
    "a = 1 and a.b = 2",
    "tags has today",
    "name contains \"K.*ſ\"",
    // What was.
    "was (plan = free) on 2026-02-01",
    "WAS(plan = free)",
    "was (plan = free) 30 days ago",
    "was (status = paid or mrr > 20) last month",
    "was (mrr > 20) during last 3 months",
    "was (mrr > 20) at 2026-02-01T10:00:00Z",
    "was (mrr > 20) since 2026-02-01",
    "was (mrr > 20) in yesterday",
    "not was (plan = pro) in last 90 days",
    "not was (plan = pro) on yesterday",
    "not was (plan = pro)",
    "was (in segment pros and not in project newsletter where (opens > 1)) in last month",
    "in project newsletter where (was (opens > 1))",
    "was (seen in last month and plan changed)",
    "was (last_activity < 2026-01-01) on 2026-02-01",
    "was (status_since in last month and first_paid exists) on yesterday",
    "plan was free 30 days ago",
    "plan was free last month",
    "plan was not free",
    "plan was ever free",
    "plan was once on 2026-02-01",
    "plan was missing on 2026-02-01",
    "mrr was > 20 last month",
    "plan was in (free, pro) last month",
    "plan was not in (free, pro) on 2026-02-01",
    "name was not contains ada",
    "tags was has vip yesterday",
    "seen in last 7 days",
    "seen at least 3 days in last 30 days",
    "seen at least 1 day in this month",
    "seen last week",
    "seen today",
    "not seen since 2026-01-01",
    "seen 3 days ago and seen on 2026-03-01",
    "seen at least 3 days last 7 days",
    "not seen in last month",
    "not seen at least 3 days in last month",
    "seen during 2026-01-01 .. 2026-02-01",
    "plan changed",
    "not plan changed",
    "plan changed from free to pro in last 14 days",
    "plan changed to pro from free",
    "plan changed in last month to pro",
    "plan changed to pro last month from free",
    "plan changed to \"missing\" last month",
    "plan changed to missing last month",
    "plan changed from missing to null",
    "plan changed yesterday",
    "plan changed on 2026-02-01",
    "plan changed at 2026-02-01",
    "plan changed 3 days ago",
    "plan changed within last 24 hours",
    "plan changed since 2026-01-01",
    "plan not changed in 2026-01-01 .. 2026-03-01",
    "company.size changed from 10 to 20.0",
    "renews changed from today to 2026-03-01",
    "status changed to churned in this year",
    "status CHANGED FROM trial",
    "email changed from Ada@X.com",
    "name changed to missing",
    "user_id changed",
    "mrr increased in last month",
    "mrr decreased last 3 months",
    "mrr not increased in 2026-01-01 .. 2026-01-31",
    "was (status = paid) and status != paid",
    "mrr > 3 and not was (plan = pro) on yesterday and tags has vip and first_seen in last month",
    "was (plan = pro or mrr > 3) or not plan exists or was (mrr > 9)",
    "plan = pro and (was (mrr > 3) or plan changed)",
    // Times of the customer's own.
    "first_paid < first_seen + 14d",
    "first_paid<=first_seen+14d",
    "FIRST_PAID > First_Seen - 2 weeks",
    "first_paid != first_seen + 36h",
    "first_paid = first_seen",
    "imported > first_seen + 7d and first_paid < imported",
    "not first_paid = 90min after first_seen",
    "last_seen >= last_seen - 1d",
    "status_since after first_paid +1w",
    "first_paid not before 14 days after first_seen",
    "was (status = paid) on first_seen + 14d",
    "not was (plan = pro) on first_paid",
    "was (plan = pro) 14 days after first_seen",
    "plan was pro at first_seen+14d",
    "was (first_paid < first_seen + 14d and last_activity > status_since) in last month",
    "in project newsletter where (was (opens > 1) on first_seen + 7d) or first_paid > first_seen",
    "plan = first_seen and plan = \"first_paid\" and first_seen-3d",
    // The first time that something was true.
    "first (plan = pro) < first_seen + 14d",
    "FIRST(plan = pro)<=First_Paid+14d",
    "first (status = paid) <= first (plan = trial) + 30d",
    "first_paid >= first (plan = trial)",
    "first_paid != first (plan = trial or mrr > 3)-2w",
    "first_paid after 14 days after first (plan = trial)",
    "not first (plan = trial) <= 2026-01-01T10:00:00Z",
    "first (plan = trial) != 2026-01-01",
    "first (plan = trial) = \"2026-01-01\"",
    "first (plan = trial and mrr > 3) = 2026-01-01 .. 2026-02-01",
    "first (plan = trial) in last 30 days",
    "first (plan = trial) not in last month",
    "first (plan = trial) not before 30 days ago",
    "first (plan = trial) during last month and mrr > 3",
    "first_paid > first (plan = trial) and mrr > 3",
    "was (status = paid) on first (plan = trial) + 14d",
    "was (status = paid) 14d after first (seen in last month or last_activity < 2026-01-01)",
    "in project newsletter where (first (opens > 1 and plan changed) > first_seen)",
    "(first (in segment pros) < first_paid or not (first (plan = a) = now))",
    // The words of it are keys too.
    "first = 1 and ada first name and first and tags has first",
    "was = 3 and seen > 3 and changed exists and increased = 1",
    "params.was in (1, 2) and seen in (1, 2) and missing = 1",
];

fn catalogue() -> Catalogue {
    let pros = Segment { text: "params.plan = \"pro\"".to_owned(), project: None };
    let power =
        Segment { text: "params.opens > 10".to_owned(), project: crate::table::project_id("newsletter") };
    Catalogue { segments: [("pros".to_owned(), pros), ("power users".to_owned(), power)].into() }
}

fn predicate(text: &str) -> Predicate {
    let catalogue = catalogue();
    let scope = Scope {
        now: "2026-03-10T12:00:00Z".parse().unwrap(),
        horizon: None,
        zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap(),
        names: &catalogue,
        account_wide: true,
    };
    let checked = parse(text).and_then(|expr| check(&expr, &scope));
    checked.unwrap_or_else(|error| panic!("{}", error.caret(text)))
}

/// Each filter and what becomes of it, one below the other.
fn listing(write: impl Fn(&str) -> String) -> String {
    FILTERS.iter().fold(String::new(), |mut listing, text| {
        writeln!(listing, "{text}\n    {}", write(text)).unwrap();
        listing
    })
}

#[test]
fn strict_form() {
    insta::assert_snapshot!(listing(|text| parse(text).unwrap().to_string()));
}

#[test]
fn english() {
    insta::assert_snapshot!(listing(|text| describe(&parse(text).unwrap())));
}

#[test]
fn sql_and_its_binds() {
    insta::assert_snapshot!(listing(|text| {
        let mut binds = Binds::starting_at(2);
        let mut written = sql(&predicate(text), filter::Tense::Present, &mut binds);
        for (number, bind) in binds.values().iter().enumerate() {
            let shown: String = format!("{bind:?}").chars().take(100).collect();
            write!(written, "\n    ${} {shown}", number + 2).unwrap();
        }
        written
    }));
}

/// The store asks of what, and where, to warn about what nobody has.
#[test]
fn conditions_are_listed_for_warnings() {
    let text = "plan = pro and not (mrr > 3 or tags not in (a, b)) and in segment pros \
                and in project newsletter where (opens != 5)";
    let predicate = predicate(text);
    let listed: Vec<String> = predicate
        .conditions()
        .iter()
        .map(|asked| {
            let literal = asked.condition.literal.as_ref().map(|(span, _)| span.of(text)).unwrap_or_default();
            let place = if asked.projects.is_some() { " elsewhere" } else { "" };
            let negated = if asked.negated { "not " } else { "" };
            format!(
                "{negated}{:?} {literal} at {:?}{place}",
                asked.condition.operator,
                asked.condition.span.of(text)
            )
        })
        .collect();
    insta::assert_snapshot!(listed.join("\n"));
}

/// Injection texts as values, paths, names and needles: none of them may reach the SQL.
#[test]
fn user_text_never_becomes_sql() {
    const HOSTILE: [&str; 8] = [
        "' or 1=1 --",
        "\"; drop table relationship; --",
        "$1",
        "\\",
        "'||pg_sleep(9)||'",
        "$$;select 1;$$",
        "🙂\n*/",
        "a') or ('1'='1",
    ];
    let templates = [
        "params.k = {}",
        "params.{} = 1",
        "params.{} > 1",
        "params.{} > 2026-01-01",
        "params.{} contains {}",
        "name contains {}",
        "email = {}",
        "user_id < {}",
        "params.k in ({}, 1)",
        "params.k has {}",
        "search {}",
        "in project app where (params.{}.x exists)",
        "params.{} is null",
        "not domain ends with {}",
    ];
    for template in templates {
        let shape = |text: &str| {
            let text = template.replace("{}", &serde_json::to_string(text).unwrap());
            sql(&predicate(&text), filter::Tense::Present, &mut Binds::starting_at(2))
        };
        // Two texts that differ from each other, because equal texts share a bind.
        let harmless = shape("harmless");
        for hostile in HOSTILE {
            assert_eq!(shape(hostile), harmless, "{template} with {hostile}");
        }
    }
}
