//! What users read when a filter is wrong: the wording is reviewed like code.

use filter::{Names as _, Scope, Segment, check, parse};

use crate::table::Catalogue;

/// Filters that cannot be read.
const UNREADABLE: &[&str] = &[
    // Operators of other languages, and ours misspelt.
    "plan === pro",
    "plan =~ pro",
    "plan ~ pro",
    "mrr => 20",
    "mrr =< 20",
    "a = 1 & b = 2",
    "a = 1 | b = 2",
    "plan like \"pro%\"",
    "mrr over 20",
    "mrr between 1 and 2",
    "plan containz pro",
    "plan equals pro",
    "name startz with A",
    // Times of the customer's own.
    "first_paid < first_seen + 1mo",
    "first_paid < first_seen - 2 years",
    "first_paid < first_seen + 12mo",
    "first_paid < first_seen + 1y",
    "first_paid < first_seen + 4 quarters",
    "first_paid < first_seen + 14",
    "first_paid < first_seen + 5m",
    "first_paid < first_sen",
    "first_paid < first_seen .. now",
    "first_paid in first_seen + 14d",
    "first_paid in (first_seen)",
    "trial_ends < first_seen + 14d",
    "trial_ends = first_seen + 14d",
    "trial_ends < first_seen",
    "mrr > 14 days after first_seen",
    "was (plan = pro) in first_seen + 14d",
    "first (plan = pro)",
    "not first (plan = pro) and mrr > 3",
    "first (plan = pro) exists",
    "first (plan = pro) on 2026-01-01",
    "first (plan = pro) 30 days ago",
    "first (plan = pro) last month",
    "first (plan = pro) = last month",
    "first (plan = pro) contains a",
    "first (plan = pro) in (2026-01-01)",
    "first (plan = pro) in first_seen",
    "first (plan = pro) < frist_seen",
    "first (plan = pro) < first_sen",
    "first (plan = pro) < first_seen + 2mo",
    "first (plan = pro",
    "first ()",
    "first (plan = pro on 2026-01-01) < first_paid",
    "first (plan = pro) < first (plan = free) on 2026-01-01",
    "first (ada",
    "plan = first (plan = pro)",
    "mrr < first (plan = pro) + 3d",
    "plan in first (plan = pro)",
    "was (plan = pro) in first (plan = pro)",
    "plan changed to pro or first (plan = free) < first_paid or",
    "seen in first_seen",
    "plan = pro on first_seen + 14d",
    "plan = pro and plan was free and status was trial on first_seen + 14d",
    // Something missing.
    "plan =",
    "plan in",
    "plan in (",
    "plan in ()",
    "plan in (pro,",
    "plan in (pro team)",
    "plan not pro",
    "status",
    "status paid",
    "email contains",
    "email starts \"a\"",
    "plan is pro",
    "plan \"pro\"",
    "mrr 20",
    "not",
    "(plan = pro",
    "plan = pro)",
    "plan = pro and",
    "and plan = pro",
    "plan = pro or or mrr > 1",
    "plan = pro mrr > 20",
    "plan = pro max",
    "Total Spend > 100",
    "plan = pro and Last Order Date in last 7 days",
    "ada status = paid",
    "ada@x.com mrr > 20",
    "mrr > 20 EUR",
    "mrr in (20 $, 30)",
    "name = Ada Lovelace",
    "mrr > 1,000",
    "in newsletter",
    "in project",
    "in project newsletter where plan = pro",
    "in segment",
    "search",
    // Fields and paths.
    "params = 1",
    "params. = 1",
    "params.a..b = 1",
    "params.tags[0] = 1",
    "tags[0] = vip",
    "params.a@b = 1",
    "status.x = 1",
    "\"plan\" = \"pro\"",
    "\"my plan\" = \"pro\"",
    "params.plan",
    "params.\"a\"b = 1",
    // Strings.
    "plan = \"pro",
    "plan = 'pro",
    "plan = \"a\\x\"",
    "plan = \"\\ud800\"",
    "plan = *pro*",
    "plan = {}",
    "plan = pro; drop table customer",
    // Dates.
    "first_seen > 2026-02-30",
    "first_seen > 2026-03-10T25:00",
    "first_seen > now - 14",
    "first_seen > now - 14m",
    "first_seen > last 7 days",
    "first_seen in last 0 days",
    "first_seen in this 3 days",
    "first_seen in this hour",
    "first_seen in last 7",
    "first_seen in 2026-01-01 ..",
    "first_seen in 2026-01-01 .. soon",
    "first_seen > 99999999999 days ago",
    "first_seen since 2024-01-01",
    "status = paid and first_seen until today",
    "first_seen older than 30 days",
    // Nearly dates.
    "first_seen > Mar 1 2026",
    "first_seen > Mar 1, 2026",
    "first_seen = March 2026",
    "first_seen <= March 2026",
    "first_seen > 2026-01-01 10:00",
    "first_seen > \"March 2026\" 1",
    "first_seen > 3 days",
    "trial_ends < 3 weeks and plan = pro",
    "first_seen in 3 days",
    "first_seen in 3d",
    "first_seen in past 7 days",
    "first_seen in previous month",
    "first_seen in 2026",
    "first_seen in March 2026",
    "first_seen in Q1 2026",
    "first_seen in 2026/1/1 .. 2026/2/1",
    "first_seen in 2026-01-01 .. 2026/2/1",
    "first_seen in 2026/1/1 .. 2026-02-01",
    "first_seen in 1.1.2026 .. Mar 2026",
    "first_seen in 2026 .. soon",
    "first_seen in last 2026",
    "first_seen between 2026/1/1 and 2026/2/1",
    "first_seen between 2025 and 2026",
    "trial_ends between 1.1.2026 and 31.1.2026",
    "mrr between 2000 and 2026",
    "first_seen > today - 3",
    "first_seen > now-3",
    // Whether something is there.
    "not params.plan",
    "params.plan and mrr > 3",
    "(params.plan or mrr > 1)",
    "first_paid",
    "plan is missing",
    "plan is not missing",
    "plan is empty",
    "plan is set",
    "plan is not set",
    "plan is not pro",
    "plan not is pro",
    "plan is \"pro\"",
    "plan is int",
    "plan is not bool",
    "status is active",
    "plan is",
    "plan is and",
    // Sentences: words of the language are no silent search.
    "paid",
    "not Churned",
    "paid customers and mrr > 20",
    "upgraded last week",
    "churned last month and plan = pro",
    "signed up in the last week",
    "trial_ends this week",
    "status was",
    "status active",
    "first_seen soon",
    "mrr more than 20",
    "mrr is more than 20",
    "mrr is at least 20",
    "last 7 days",
    "today",
    // What was.
    "was plan = free",
    "was (plan = free",
    "was (plan = free) on",
    "was (plan = free) on last month",
    "was (plan = free) in",
    "was (plan = free) in soon",
    "was (plan = free) in 30 days",
    "was (plan = free) on February 2026",
    "was (plan = free) before 2026-01-01",
    "was () on 2026-01-01",
    "plan was",
    "plan was not",
    "seen in",
    "seen in 30 days",
    "seen in past 7 days",
    "seen at least",
    "seen at least 3",
    "seen at least 3 days",
    "seen at least 3 times in last 7 days",
    "seen at least three days in last 7 days",
    "seen at least 0 days in last 7 days",
    "seen 3 days in last 7 days",
    "seen last 7",
    "plan changed from",
    "plan changed to",
    "plan changed in",
    "plan changed from free to",
    "plan changed pro",
    "plan changed = pro",
    "plan changed to pro team",
    "plan changed after 2026-01-01",
    "plan changed to pro before 2026-01-01",
    "plan changed \"pro\" and mrr > 3",
    "plan changed until today - 30d and mrr > 3",
    "plan changed between 2026-01-01 and 2026-02-28 and mrr > 3",
    "plan changed between 2026-01-01 .. yesterday",
    "plan changed before yesterday",
    "plan changed before today - 1mo",
    "plan changed after 14 days ago",
    "plan changed before launch",
    "mrr increased before 2026-01-01",
    "mrr decreased between 2026-01-01 and today",
    "was (plan = free) between 2026-01-01 and 2026-02-28",
    "plan was free until 2026-03-01T10:00:00Z",
    // A condition and a time.
    "plan = free on 2026-03-01",
    "status = paid last month",
    "mrr > 20 on 2026-03-01 and plan = pro",
    "plan = free and status = paid on 2026-03-01",
    "(plan = free or mrr > 3) in last 30 days",
    "(plan in (free, pro) 30 days ago)",
    "plan exists since 2026-01-01",
    "plan = free in next month",
    "plan = free on Mondays",
    "first_seen in last 7 days on yesterday",
    "was (plan = free on 2026-03-01)",
    "in project app where (plan = free) on 2026-03-01",
    "mrr increased",
    "mrr decreased in",
    "mrr increased by 5 in last month",
    "mrr grew last month",
    "used to be paid",
    "not seen for 30 days and mrr > 3",
    "mrr > 3 and not returned",
    "who changed plan last month",
    "ada seen last week",
    "changed last month",
    "paid for < 6 months ago",
    "plan has changed",
    "plan changed recently",
    // Values joined as if they were conditions.
    "plan changed from \"pro\" or \"team\" to free",
    "mrr > 3 and plan changed to pro or team in last month",
    "plan changed to pro or team",
    "plan changed from free or trial to pro or team or missing",
    "plan changed from free and trial to pro",
    "plan changed from a or b or c to d or e or f",
    "plan not changed to pro or team",
    "plan was changed to pro or team",
    "plan changed in last month to pro or team",
    "plan was \"pro\" or \"team\" on 2026-03-01",
    "plan was pro or team or missing 30 days ago",
    "plan was not pro or team",
    "plan was pro and team on 2026-03-01",
    "plan was free and status was paid on 2026-03-01",
    "mrr > 3 and (plan was free or plan was pro or status was paid last month)",
    // On the third line.
    "status = paid\nand plan = pro\n  and mrr >> 3",
];

/// Filters that read well but ask for what is not there or cannot be.
const UNANSWERABLE: &[&str] = &[
    "first_paid < first_seen + 36526d",
    "was (plan = pro) on first_paid - 999999999w",
    "first (plan = pro) < first_paid + 36526d",
    "first (plan = pro) < soon",
    "first (plan = pro) = null",
    "first (plan = pro) = true",
    "first (ada) < first_paid",
    "first (\"ada lovelace\") < first_paid",
    "first (not ada) in last month",
    "first (plan = pro and search a@b.c) < first_paid",
    "first_paid > first (signed_up_at) + 3d",
    "first (in project app where (ada)) < first_paid",
    "first (in segment ada) < first_paid",
    "first (was (plan = pro)) < first_paid",
    "first (first (plan = pro) < first_paid) < first_paid",
    "first (first_paid > first (plan = pro)) < first_paid",
    "first_paid > first (was (plan = pro))",
    "was (first (plan = pro) < first_paid)",
    "was (in project app where (first_paid > first (plan = pro))) on yesterday",
    "first (in segment upgraded) > 2026-01-01",
    "was (plan = pro) on first (in segment twice) + 3d",
    "first (status = active) > 2026-01-01",
    "first (plan = pro) in 2026-03-01 .. 2026-01-01",
    "was (was (plan = pro) on first_seen) on first_paid",
    "status = active",
    "status = activ",
    "status = inactiv",
    "status = Paid",
    "status in (free, canceled)",
    "status = 5",
    "status = null",
    "status > free",
    "project = newsleter",
    "project > app",
    "project contains app",
    "in project newsleter",
    "in project nowhere",
    "in segment \"power user\"",
    "in segment loop",
    "in segment broken",
    "in segment stale",
    "in project app where (in segment loop)",
    "email = 5",
    "name = null",
    "user_id = 42",
    "email = true",
    "name = today",
    "email has \"a\"",
    "email in last 7 days",
    "first_seen = 5",
    "first_seen > 2026",
    "first_seen = 2026",
    "first_seen != 2026-03",
    "first_seen <= 2026-03",
    "first_seen in (2026, 2025)",
    "first_seen in (2026/1/1)",
    "first_seen > 2026-1-1",
    "first_seen > 2026/01/01",
    "first_seen > 01.03.2026",
    "first_seen > 03/01/2026",
    "first_seen > \"2026-1-1\"",
    "first_seen > \"Mar 1, 2026\"",
    "first_seen > 1772355600",
    "first_seen > 1e999999999",
    "first_seen > March",
    "first_seen > yes",
    "first_seen = soon",
    "first_seen > 14d",
    "first_paid = null",
    "first_seen contains \"2026\"",
    "mrr > true",
    "mrr >= null",
    "mrr > 12345678901234567890123456789012345678901",
    "mrr = 1e999999999",
    "first_seen in 2026-03-01 .. 2026-01-01",
    "first_seen > now - 99999y",
    "first_seen in last 999999 weeks",
    "first_seen > 0001-01-01 and first_seen < today - 4294967295d",
    "plan = \"a\\u0000b\"",
    "params.\"a\\u0000b\" = 1",
    // What was: once, of what has been, as far as it is kept.
    "was (was (plan = pro))",
    "was (plan = pro and (mrr > 3 or not was (plan = free) on yesterday))",
    "was (in project app where (was (plan = free)))",
    "was (in segment upgraded)",
    "was (in segment twice) on yesterday",
    "in segment twice",
    "was (status = active)",
    "was (plan = pro) on tomorrow",
    "was (plan = pro) on 2026-04-01",
    "was (plan = pro) on now + 1h",
    "was (plan = pro) in next month",
    "was (plan = pro) in 2026-04-01 .. 2026-05-01",
    "was (plan = pro) in 2026-03-01 .. 2026-01-01",
    "was (plan = pro) on today - 9999y",
    "was (plan = pro) in next 7 days",
    "was (plan = pro) in 2026-04-01 .. today",
    "was (plan = pro) in yesterday .. today - 7d",
    "first_seen in 2026-04-01 .. today",
    "seen in next week",
    "seen in next 7 days",
    "plan changed in next 24 hours",
    "mrr increased in next 7 days",
    "seen in last 24 hours",
    "seen in 2026-03-01T10:00:00Z .. today",
    "seen in now - 3d .. today",
    "seen at least 8 days in last 7 days",
    "seen at least 2 days in yesterday",
    "plan changed in tomorrow",
    "plan changed in 2026-03-01 .. 2026-01-01",
    "plan changed to \"a\\u0000b\"",
    "plan changed to 1e999999999",
    "status changed to active",
    "status changed from 5",
    "name changed to 5",
    "email changed to null",
    "domain changed",
    "project changed to app",
    "first_seen changed",
    "status_since changed in last month",
    "first_paid changed",
    "last_activity changed to today",
    "status increased in last month",
    "name decreased in last month",
    "last_activity increased in last month",
    "mrr increased in next month",
    "mrr increased in 2026-03-01 .. 2026-01-01",
];

/// What stands in place of the words, for people who click on it, makes a filter that can be answered.
#[test]
fn every_fix_is_one() {
    let catalogue = catalogue();
    let now = "2026-03-10T12:00:00Z".parse().unwrap();
    let scope =
        Scope { now, horizon: None, zone: jiff::tz::TimeZone::UTC, names: &catalogue, account_wide: true };
    let mut fixes = 0;
    for text in UNREADABLE.iter().chain(UNANSWERABLE) {
        let error = parse(text).and_then(|expr| check(&expr, &scope)).unwrap_err();
        for fix in &error.candidates {
            let fixed = format!("{}{fix}{}", &text[..error.span.start], &text[error.span.end..]);
            let answer = parse(&fixed).and_then(|expr| check(&expr, &scope));
            assert!(answer.is_ok(), "{text}: {fixed}: {answer:?}");
            fixes += 1;
        }
    }
    assert!(fixes > 20, "only {fixes}");
}

/// A period is understood after `=` too, as a single date is after `in`.
#[test]
fn equals_takes_a_period() {
    for (text, strict) in [
        ("first_seen = 2026-01-01 .. today", "first_seen in 2026-01-01 .. today"),
        ("first_seen != 2026-01-01 .. today", "first_seen not in 2026-01-01 .. today"),
        ("first_seen in today", "first_seen = today"),
    ] {
        assert_eq!(parse(text).unwrap().to_string(), strict, "{text}");
    }
}

/// What people type, and the condition that it means.
const SENTENCES: &[(&str, &str)] = &[
    ("paid", "status = paid"),
    ("Free", "status = free"),
    ("users who churned", "status = churned"),
    ("all customers on trial", "status = trial"),
    ("paying customers", "status = paid"),
    ("active users", "last_activity in last 30 days"),
    ("cancelled users", "status = churned"),
    ("upgraded last week", "status changed to paid in last week"),
    ("churned in last month", "status changed to churned in last month"),
    ("who cancelled in the past 30 days", "status changed to churned in last 30 days"),
    ("downgraded yesterday", "status changed to free in yesterday"),
    ("paid last month", "status = paid and status_since in last month"),
    ("first paid last month", "first_paid in last month"),
    ("signed up last 7d", "first_seen in last 7d"),
    ("joined 3 days ago", "first_seen = today - 3days"),
    ("logged in today", "seen in today"),
    ("last 7 days", "last_activity in last 7 days"),
    ("trial_ends this week", "trial_ends in this week"),
    ("trial ends next 7 days", "trial_ends in next 7 days"),
    ("company.renewal 2026-03-01", "company.renewal = 2026-03-01"),
    ("status_since this month", "status_since in this month"),
    ("plan was free 30 days ago", "was (plan = free) in today - 30days"),
    ("status was paid", "was (status = paid)"),
    ("first_seen since 2024-01-01", "first_seen >= 2024-01-01"),
    ("first_seen until 2024-01-01", "first_seen <= 2024-01-01"),
    ("signed up before 2024-01-01", "first_seen < 2024-01-01"),
    ("joined after yesterday", "first_seen > yesterday"),
    ("active since 3 days ago", "last_activity >= 3 days ago"),
    ("churned since 2024-01-01", "status changed to churned in 2024-01-01 .. today"),
    ("churned before 2024-01-01", "status = churned and status_since < 2024-01-01"),
    ("trial ends before 2024-01-01", "trial_ends < 2024-01-01"),
    ("first_seen older than 30 days", "first_seen < 30 days ago"),
    ("customers newer than 30d", "first_seen > 30d ago"),
    ("last_seen more than 30 days ago", "last_activity < 30 days ago"),
    ("mrr more than 20", "mrr > 20"),
    ("mrr at least 20", "mrr >= 20"),
    ("mrr between 10 and 20", "mrr >= 10 and mrr <= 20"),
    ("trial between 2026-01-01 and 2026-02-01", "trial in 2026-01-01 .. 2026-02-01"),
    ("mrr went up last month", "mrr increased in last month"),
    ("mrr grew in last 3 months", "mrr increased in last 3 months"),
    ("MRR dropped yesterday", "MRR decreased in yesterday"),
    ("customers whose mrr fell since 2026-01-01", "mrr decreased in 2026-01-01 .. today"),
    ("mrr went down", "mrr decreased in last month"),
    ("plan became pro last week", "plan changed to pro in last week"),
    ("became paid this month", "status changed to paid in this month"),
    ("converted last month", "status changed to paid in last month"),
    ("used to be paid", "was (status = paid) and status != paid"),
    ("was churned", "was (status = churned)"),
    ("who were once on trial", "was (status = trial)"),
    ("was paid last month", "was (status = paid) in last month"),
    ("was trial 30 days ago", "was (status = trial) on today - 30days"),
    ("was once paid", "first_paid exists"),
    ("ever paid", "first_paid exists"),
    ("customers who never paid", "not first_paid exists"),
    ("never churned", "not was (status = churned)"),
    ("not seen in 30 days", "not seen in last 30 days"),
    ("inactive for 30 days", "not seen in last 30 days"),
    ("inactive since 2026-01-01", "not seen in 2026-01-01 .. today"),
    ("seen 3 days in last 7 days", "seen at least 3 days in last 7 days"),
    ("seen at least 3 times in the last week", "seen at least 3 days in last week"),
    ("active at least 3 days in last 7 days", "seen at least 3 days in last 7 days"),
    ("active more than 3 days in last 7 days", "seen at least 4 days in last 7 days"),
    ("seen last week", "seen in last week"),
    ("not seen for 30 days", "not seen in last 30 days"),
    ("never seen", "not seen in last 12 months"),
    ("was ever paid", "first_paid exists"),
    ("was ever on trial", "was (status = trial)"),
    ("plan used to be pro", "was (plan = pro) and plan != pro"),
    ("used to be on pro", "was (plan = pro) and plan != pro"),
    ("plan changes", "plan changed"),
    ("plan change last month", "plan changed in last month"),
    ("changed plan last month", "plan changed in last month"),
    ("who changed plan", "plan changed"),
    ("customers who switched plan since 2026-01-01", "plan changed in 2026-01-01 .. today"),
    ("trial_ends within 7 days", "trial_ends in next 7 days"),
    ("trial_ends within 7d", "trial_ends in next 7d"),
    ("trial_ends within 7", "trial_ends in next 7 days"),
    ("signed up within 7", "first_seen in last 7 days"),
    ("churned within 30", "status changed to churned in last 30 days"),
    ("users who signed up within 3 weeks", "first_seen in last 3 weeks"),
    ("churned within 30 days", "status changed to churned in last 30 days"),
    ("plan unchanged", "not plan changed"),
    ("plan unchanged in last 3 months", "not plan changed in last 3 months"),
    ("moved from free to pro", "plan changed from free to pro"),
    ("went from Trial to paid last month", "status changed from trial to paid in last month"),
    ("switched to pro last month", "plan changed to pro in last month"),
    ("upgraded to team", "plan changed to team"),
    ("plan went from free to pro", "plan changed from free to pro"),
    ("tier moved to gold last week", "tier changed to gold in last week"),
    ("switched from pro", "plan changed from pro"),
    ("trial to paid", "status changed from trial to paid"),
    ("trial to paid last month", "status changed from trial to paid in last month"),
    ("returned", "status changed from churned to paid"),
    ("returned last month", "status changed from churned to paid in last month"),
    ("came back", "status changed from churned to paid"),
    ("reactivated last month", "status changed from churned to paid in last month"),
];

#[test]
fn sentences_are_told_the_condition_that_they_mean() {
    for (sentence, meant) in SENTENCES {
        assert_eq!(filter::meant(sentence).as_deref(), Some(*meant), "{sentence}");
    }
    for words in [
        "ada",
        "Ada Lovelace",
        "active",
        "acme inc",
        "Adam Free",
        "not changed",
        "unchanged or",
        "not went up last month",
        "Trial Attorneys LLC",
        "Paid Inc",
        "free@x.com",
        "Last",
        "Will Next",
        "new",
        "search paid",
        "",
        "customers",
        "Maria de los Angeles",
        "at",
        "who",
        "month",
        "7",
        "A B C D",
        "since",
        "The Day After Tomorrow Land",
        "ada trial_ends before 2024-01-01",
        "Ada Gone",
        "Never Land Inc",
        "Was",
        "Up North LLC",
        "seen",
        "Ada to Bob",
        "changed",
        "Seen Co",
        "ada seen last week",
        "plan downgraded twice last month",
    ] {
        assert_eq!(filter::meant(words), None, "{words}");
    }
}

/// A name stays easy to search for, and so does a word of the language in quotes.
#[test]
fn searches_are_searches() {
    for (text, strict) in [
        ("ada lovelace", "search \"ada\" and search \"lovelace\""),
        ("search paid", "search \"paid\""),
        ("search \"upgraded last week\"", "search \"upgraded last week\""),
        ("\"paid\"", "search \"paid\""),
        ("'last week'", "search \"last week\""),
        ("acme paid", "search \"acme\" and search \"paid\""),
        ("not changed", "not search \"changed\""),
        ("not not unchanged", "not not search \"unchanged\""),
        ("ada or (not Changes)", "search \"ada\" or not search \"Changes\""),
    ] {
        assert_eq!(parse(text).unwrap().to_string(), strict, "{text}");
    }
}

/// What joins a change is a condition of its own wherever it can be one.
#[test]
fn changes_are_joined_with_conditions() {
    for (text, strict) in [
        ("plan changed to pro or mrr > 3", "params.plan changed to \"pro\" or params.mrr > 3"),
        (
            "plan changed to pro or team in (a, b)",
            "params.plan changed to \"pro\" or params.team in (\"a\", \"b\")",
        ),
        (
            "plan changed to pro or ends in next week",
            "params.plan changed to \"pro\" or params.ends in next week",
        ),
        (
            "plan changed to pro or first_seen in today",
            "params.plan changed to \"pro\" or first_seen = today",
        ),
        (
            "plan changed to pro and ends in last week",
            "params.plan changed to \"pro\" and params.ends in last week",
        ),
        ("plan changed to pro and ada", "params.plan changed to \"pro\" and search \"ada\""),
        ("plan changed to pro or search ada", "params.plan changed to \"pro\" or search \"ada\""),
        (
            "plan changed to pro or was (plan = pro) and seen in today",
            "params.plan changed to \"pro\" or was (params.plan = \"pro\") and seen in today .. today",
        ),
        ("plan changed in today or ada", "params.plan changed in today .. today or search \"ada\""),
        ("plan was free or plan was pro", "was (params.plan = \"free\") or was (params.plan = \"pro\")"),
        (
            "(plan was free) and (plan was pro on today)",
            "was (params.plan = \"free\") and was (params.plan = \"pro\") on today",
        ),
        (
            "was (plan = free) and was (plan = pro) on today",
            "was (params.plan = \"free\") and was (params.plan = \"pro\") on today",
        ),
    ] {
        assert_eq!(parse(text).unwrap().to_string(), strict, "{text}");
    }
}

#[test]
fn pasted_addresses_are_found() {
    let strict = "email = \"maria.patel@example.com\"";
    for text in [
        "Maria Patel <maria.patel@example.com>",
        "Maria <maria.patel@example.com>",
        "\"Patel, Maria\" <maria.patel@example.com>",
        "Patel, Maria <maria.patel@example.com>",
        "<maria.patel@example.com>",
        "mailto:maria.patel@example.com",
        "mailto:maria.patel@example.com?subject",
        "(Maria Patel <maria.patel@example.com>)",
    ] {
        assert_eq!(parse(text).unwrap().to_string(), strict, "{text}");
    }
    let text = "status = paid and not Maria Patel <maria.patel@example.com> or plan < b@c";
    let read = parse(text).unwrap().to_string();
    assert_eq!(read, format!("status = \"paid\" and not {strict} or params.plan < \"b@c\""));
}

pub(crate) fn catalogue() -> Catalogue {
    let segments = [
        ("pros", "params.plan = \"pro\""),
        ("power users", "params.opens > 10"),
        ("ada", "plan = pro or ada"),
        ("loop", "status = \"free\" or in segment back"),
        ("back", "in segment loop"),
        ("broken", "params.plan = "),
        ("stale", "in project gone"),
        ("upgraded", "was (plan = free) and plan = pro"),
        ("twice", "was (in segment upgraded)"),
    ];
    let segments =
        segments.map(|(name, text)| (name.to_owned(), Segment { text: text.to_owned(), project: None }));
    Catalogue { segments: segments.into() }
}

/// Times of the customer's own, written as they are thought: what is to be written, and whether a click does.
const CALCULATIONS: &[(&str, &str, bool)] = &[
    ("first_seen + 14d < first_paid", "first_paid > first_seen + 14d", true),
    ("first_seen+14d<=first_paid", "first_paid >= first_seen + 14d", true),
    ("first_seen - 2 weeks > status_since", "status_since < first_seen - 2 weeks", true),
    ("first_seen +14d = frist_paid", "first_paid = first_seen + 14d", true),
    ("first_seen + 14d < now", "first_seen < now - 14d", true),
    ("trial_ends - 3d < today", "trial_ends < today + 3d", true),
    ("first_paid - first_seen < 14d", "first_paid < first_seen + 14d", true),
    ("first_paid-first_seen >= 2 weeks", "first_paid >= first_seen + 2 weeks", true),
    ("first_paid - signed_up_at < 14d", "first_paid < first_seen + 14d", false),
    ("converted_at - signed_up_at < 14d", "first_paid < first_seen + 14d", false),
    ("first_seen - signed_up_at < 14d", "first_seen < first_paid + 14d", false),
    ("first_paid > signed_up_at + 30d", "first_paid > first_seen + 30d", false),
    ("first_paid > signed_up_at+30d", "first_paid > first_seen + 30d", false),
    ("first_paid > signed_up_at - 30 days and plan = pro", "first_paid > first_seen - 30 days", false),
    ("first_seen > signed_up_at + 30d", "first_seen > first_paid + 30d", false),
    ("trial_ends < signed_up_at + 14d", "first_paid < first_seen + 14d", false),
    ("signed_up_at + 30d > first_paid", "first_paid < first_seen + 30d", false),
    ("plan = pro and signed_up_at +30d > first_paid", "first_paid < first_seen + 30d", false),
    ("first (plan = pro) < signed_up_at + 3d", "first (…) < first_seen + 3d", false),
    ("was (plan = pro) on signed_up_at + 3d", "was (…) on first_seen + 3d", false),
];

/// Words of such times that are nearly right, and what was meant.
const SLIPS: &[(&str, &str)] = &[
    ("first_payed < first_seen + 14d", "first_paid"),
    ("first_payed < first_seen", "first_paid"),
    ("frist_paid not < first_seen", "first_paid"),
    ("first_paid < frist_sen + 14d", "first_seen"),
    ("was (status = paid) on fist_seen + 40d", "first_seen"),
    ("was (status = paid) at first_payd", "first_paid"),
    ("first_paid < first_seen + 12mo", "365d"),
    ("first_paid < first_seen + 1y", "365d"),
    ("first_paid < first_seen + 6mo", "182d"),
];

#[test]
fn calculations_are_told_the_comparison_that_they_mean() {
    let only =
        "only first_seen, first_paid, status_since, last_activity, imported and first (…) can stand there";
    let calculated = CALCULATIONS
        .iter()
        .map(|(text, meant, fixes)| (*text, format!("write {meant}; {only}"), fixes.then_some(*meant)));
    let slips = SLIPS.iter().map(|(text, meant)| (*text, format!("did you mean {meant}?"), Some(*meant)));
    for (text, hint, fix) in calculated.chain(slips) {
        let error = parse(text).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some(hint.as_str()), "{text}: {error}");
        assert_eq!(error.candidates.first().map(String::as_str), fix, "{text}");
        if let Some(fix) = fix {
            let fixed = format!("{}{fix}{}", &text[..error.span.start], &text[error.span.end..]);
            assert!(parse(&fixed).is_ok(), "{text}: {fixed}");
        }
    }
    // What has signs and is no calculation.
    for text in [
        "ada + bob",
        "plan = a+3d",
        "name = first_seen+1",
        "sign-up - x > 3",
        "ada+news@example.com",
        "a-b = 3",
        "first_login < 2026-01-01",
    ] {
        let hint = parse(text).err().and_then(|error| error.hint);
        assert!(!hint.unwrap_or_default().contains("can stand there"), "{text}");
    }
}

/// Keys of three letters share few, so one that is mistaken is all; of two letters nothing is guessed.
#[test]
fn what_looks_alike_is_found() {
    let names = ["mrr", "plan", "source", "ltv", "id", "k1"].map(str::to_owned);
    for (written, expected) in [
        ("mmr", Some("mrr")),
        ("mrt", Some("mrr")),
        ("rmr", Some("mrr")),
        ("lvt", Some("ltv")),
        ("MMR", Some("mrr")),
        ("mr", Some("mrr")),
        ("xmr", None),
        ("abc", None),
        ("di", None),
        ("ie", None),
        ("k2", None),
        ("plann", Some("plan")),
        ("soruce", Some("source")),
    ] {
        assert_eq!(filter::similar(written, &names).first().map(String::as_str), expected, "{written}");
    }
}

fn refusal(text: &str, account_wide: bool) -> String {
    let catalogue = catalogue();
    let scope = Scope {
        now: "2026-03-10T12:00:00Z".parse().unwrap(),
        horizon: None,
        zone: jiff::tz::TimeZone::UTC,
        names: &catalogue,
        account_wide,
    };
    match parse(text).and_then(|expr| check(&expr, &scope)) {
        Err(error) => error.caret(text),
        Ok(_) => panic!("this was accepted: {text}"),
    }
}

fn refusals(texts: &[&str], account_wide: bool) -> String {
    texts.iter().map(|text| refusal(text, account_wide) + "\n\n").collect()
}

#[test]
fn unreadable_filters() {
    insta::assert_snapshot!(refusals(UNREADABLE, true));
}

#[test]
fn unanswerable_filters() {
    insta::assert_snapshot!(refusals(UNANSWERABLE, true));
}

/// What has begun may go on: what of it is yet to come holds nothing.
#[test]
fn a_time_that_has_begun_may_end_later() {
    for text in ["was (plan = pro) in this month", "seen in today .. 2026-12-31", "plan changed in this year"]
    {
        assert!(!refuses(text), "{text}");
    }
}

/// What lies before the horizon is not known, and the error says from when on it is.
#[test]
fn nothing_is_asked_from_before_the_horizon() {
    let catalogue = catalogue();
    let scope = |horizon: &str| Scope {
        now: "2026-03-10T12:00:00Z".parse().unwrap(),
        horizon: Some(horizon.parse().unwrap()),
        zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap(),
        names: &catalogue,
        account_wide: true,
    };
    let midnight = scope("2026-01-31T23:00:00Z");
    let asked = [
        "was (plan = pro) on 2026-01-31",
        "was (plan = pro) on 2026-01-31T22:59:59.999999Z",
        "was (plan = pro) in 2026-01-31 .. 2026-03-01",
        "was (plan = pro) in last year",
        "plan changed to pro in last 2 months",
        "mrr increased in 2026-01-01 .. 2026-02-28",
        "seen in last 90 days",
        "in segment recent",
    ];
    let mut catalogue = catalogue.clone();
    let recent = Segment { text: "plan changed in last year".to_owned(), project: None };
    catalogue.segments.insert("recent".to_owned(), recent);
    let midnight = Scope { names: &catalogue, ..midnight };
    let refused = |text: &&str, scope: &Scope<'_>| match parse(text).and_then(|expr| check(&expr, scope)) {
        Err(error) => error.caret(text) + "\n\n",
        Ok(_) => panic!("this was accepted: {text}"),
    };
    let told: String = asked.iter().map(|text| refused(text, &midnight)).collect();
    let noon = scope("2026-01-31T12:00:00Z");
    insta::assert_snapshot!(told + &refused(&"was (plan = pro) on 2026-01-30", &noon));
    for (text, scope) in [
        ("was (plan = pro) on 2026-02-01", &midnight),
        ("was (plan = pro) on 2026-01-31T23:00:00Z", &midnight),
        ("was (plan = pro) in 2026-02-01 .. today and plan changed and not was (mrr > 3)", &midnight),
        ("was (plan = pro) on 2026-01-31", &noon),
    ] {
        let answer = parse(text).and_then(|expr| check(&expr, scope));
        assert!(answer.is_ok(), "{text}: {answer:?}");
    }
}

#[test]
fn project_keys_see_their_project_only() {
    let asked = ["in project app", "not in project app where (status = paid)", "in segment pros"];
    insta::assert_snapshot!(refusals(&asked, false));
}

#[test]
fn places_count_characters_and_lines() {
    let text = "name = \"é🙂\" and\n  plan === 3";
    let error = parse(text).unwrap_err();
    assert_eq!((error.line, error.column), (2, 8));
    let text = "é = \"🙂\" x";
    let error = parse(text).unwrap_err();
    assert_eq!((error.line, error.column, error.length), (1, 9, 1));
    assert_eq!(error.span.of(text), "x");
}

#[test]
fn bounds_hold() {
    let bytes = format!("plan = \"{}\"", "x".repeat(filter::TEXT_BYTES_MAX));
    assert_eq!(parse(&bytes).unwrap_err().message, format!("this filter has {} bytes", bytes.len()));

    let nested = |depth: usize| format!("{}plan = 1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(filter::DEPTH_MAX)).is_ok());
    assert_eq!(
        parse(&nested(filter::DEPTH_MAX + 1)).unwrap_err().message,
        "this filter nests more than 64 deep"
    );
    let negated = |depth: usize| format!("{}plan = 1", "not ".repeat(depth));
    assert!(parse(&negated(filter::DEPTH_MAX)).is_ok());
    assert!(parse(&negated(filter::DEPTH_MAX + 1)).is_err());

    let many = |count: usize| vec!["a = 1"; count].join(" or ");
    assert!(!refuses(&many(filter::CONDITIONS_MAX)));
    assert!(refuses(&many(filter::CONDITIONS_MAX + 1)));
    let list = |count: usize| format!("a in ({})", vec!["1"; count].join(", "));
    assert!(!refuses(&list(filter::CONDITIONS_MAX)));
    assert!(refuses(&list(filter::CONDITIONS_MAX + 1)));

    let path = |keys: usize| format!("params{} = 1", ".k".repeat(keys));
    assert!(parse(&path(filter::Path::KEYS_MAX)).is_ok());
    assert!(parse(&path(filter::Path::KEYS_MAX + 1)).is_err());

    let needle = |length: usize| format!("name contains \"{}\"", "é".repeat(length));
    assert!(!refuses(&needle(filter::fold::Needle::CHARS_MAX)));
    assert!(refuses(&needle(filter::fold::Needle::CHARS_MAX + 1)));
}

/// The deepest filter that can be read can also be checked, evaluated and printed.
#[test]
fn the_deepest_filter_works() {
    let mut text = "a = 1".to_owned();
    for level in 0..filter::DEPTH_MAX {
        let join = if level % 2 == 0 { "and" } else { "or" };
        text = format!("({text}) {join} b = 2");
    }
    assert!(!refuses(&text));
    assert_eq!(parse(&parse(&text).unwrap().to_string()).unwrap(), parse(&text).unwrap());
}

fn refuses(text: &str) -> bool {
    let catalogue = catalogue();
    assert!(catalogue.segment("pros", None).is_some());
    let now = "2026-03-10T12:00:00Z".parse().unwrap();
    let scope =
        Scope { now, horizon: None, zone: jiff::tz::TimeZone::UTC, names: &catalogue, account_wide: true };
    parse(text).and_then(|expr| check(&expr, &scope)).is_err()
}

/// Conditions with commas between them are told with `and` in the place of each.
#[test]
fn commas_between_conditions_are_told_as_and() {
    for (text, meant) in [
        ("mrr>20,plan=pro", "mrr>20 and plan=pro"),
        ("mrr > 20, plan = pro, status = paid", "mrr > 20 and plan = pro and status = paid"),
        ("(plan = pro, status = paid) or ada", "(plan = pro and status = paid) or ada"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.span.of(text), &text[text.find(',').unwrap()..], "{text}");
        let mended = format!("{}{}", &text[..error.span.start], error.candidates[0]);
        assert_eq!(mended, meant);
        parse(&mended).unwrap();
    }
    for text in ["mrr > 1,000", "pro, team", "plan = pro, mrr >", &format!("a = 1{}", ", b = 2".repeat(20))] {
        assert!(parse(text).unwrap_err().candidates.is_empty(), "{text}");
    }
}
