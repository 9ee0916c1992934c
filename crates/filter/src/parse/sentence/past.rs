//! Sentences about what was: `used to be paid`, `mrr went up last month`, `inactive for 30 days`.

use super::{FILLERS, became, content, is, plain, step, time};
use crate::status::Status;

/// The condition on the past that words probably mean.
pub(super) fn meant(words: &[&str]) -> Option<String> {
    if let Some(days) = seen_on_days(words).or_else(|| away(words)) {
        return Some(days);
    }
    let said = (0..words.len()).find_map(|at| Some((at, time(&words[at..])?)));
    let (at, time) = said.map_or((words.len(), None), |(at, time)| (at, Some(time)));
    let said = &words[..at];
    let subject = content(said).join(" ").to_lowercase();
    let (subject, time) = (subject.as_str(), time.as_deref());
    came_back(subject, time)
        .or_else(|| was_once(subject, time))
        .or_else(|| used_to(&content(said), time))
        .or_else(|| turned(subject, time))
        .or_else(|| went(said, time))
        .or_else(|| changed(&content(said), time))
        .or_else(|| moved(&content(said), time))
}

/// Words that tell of the past. What they stand in is no key of several words.
pub(super) const TELLING: [&str; 22] = [
    "became",
    "change",
    "changed",
    "changes",
    "decreased",
    "downgraded",
    "ever",
    "increased",
    "moved",
    "never",
    "once",
    "reactivated",
    "returned",
    "seen",
    "switched",
    "turned",
    "unchanged",
    "upgraded",
    "used",
    "was",
    "went",
    "were",
];

/// A time as a period: `in last week`, `in yesterday`, `in 2026-01-01 .. today`.
pub(super) fn period(time: &str) -> Option<String> {
    let (operator, date) = time.split_once(' ')?;
    match operator {
        "in" => Some(time.to_owned()),
        "=" => Some(format!("in {date}")),
        ">=" => Some(format!("in {date} .. today")),
        _ => None,
    }
}

/// What is said without a time has none; one that is no period makes the sentence another one.
pub(super) fn period_if_said(time: Option<&str>) -> Option<String> {
    time.map_or(Some(String::new()), |time| period(time).map(|period| format!(" {period}")))
}

/// `active at least 3 days in last 7 days`, `seen 3 times in the last week`
fn seen_on_days(words: &[&str]) -> Option<String> {
    let content = content(words);
    let (verb, words) = content.split_first()?;
    // `at` is a filler.
    let (more, words) = match words {
        [least, rest @ ..] if is(least, &["least"]) => (0, rest),
        [more, than, rest @ ..] if is(more, &["more"]) && is(than, &["than"]) => (1, rest),
        _ => (0, words),
    };
    let [number, days, when @ ..] = words else { return None };
    let is_day = is(days, &["day", "days", "time", "times"]) && is(verb, &SEEN);
    let least = number.parse::<u32>().ok().filter(|_| is_day)?.checked_add(more)?;
    Some(format!("seen at least {least} days {}", period(&time(when)?)?))
}

/// Words for somebody who was there.
const SEEN: [&str; 4] = ["seen", "active", "online", "visited"];

/// `inactive for 30 days`, `not seen for 2 weeks`, `inactive since 2026-01-01`
fn away(words: &[&str]) -> Option<String> {
    let words = content(words);
    if let [never, seen] = words.as_slice()
        && is(never, &["never"])
        && is(seen, &SEEN)
    {
        return Some("not seen in last 12 months".to_owned());
    }
    let when = match words.as_slice() {
        [away, when @ ..] if is(away, &["inactive", "away", "gone", "absent"]) => when,
        [not, seen, when @ ..] if is(not, &["not", "never"]) && is(seen, &SEEN) => when,
        _ => return None,
    };
    let when = if let [word, rest @ ..] = when
        && is(word, &["for"])
    {
        rest
    } else {
        when
    };
    match when {
        [amount, unit] if amount.parse::<u32>().is_ok() && step(unit).is_some() => {
            Some(format!("not seen in last {amount} {}", unit.to_lowercase()))
        }
        when => Some(format!("not seen {}", period(&time(when)?)?)),
    }
}

/// `came back last month`, `reactivated`
fn came_back(subject: &str, time: Option<&str>) -> Option<String> {
    let back =
        ["came back", "come back", "won back", "reactivated", "resubscribed", "returned", "returned to paid"];
    back.contains(&subject)
        .then(|| Some(format!("status changed from churned to paid{}", period_if_said(time)?)))?
}

/// `used to be paid`, `was once paid`, `never churned`, `was paid last month`
fn was_once(subject: &str, time: Option<&str>) -> Option<String> {
    let (words, status) = subject.rsplit_once(' ')?;
    let status = became(status)?;
    if words == "used to" {
        return Some(format!("was (status = {status}) and status != {status}"));
    }
    let not = match words {
        "was" | "were" | "once" | "was once" | "were once" | "once was" => "",
        "ever" | "was ever" | "were ever" | "ever was" => "",
        "never" | "was never" | "were never" | "not ever" => "not ",
        _ => return None,
    };
    Some(match time {
        // It is known of everybody, however long history is kept.
        None if status == Status::Paid => format!("{not}first_paid exists"),
        None => format!("{not}was (status = {status})"),
        Some(time) => match time.strip_prefix("= ") {
            Some(day) => format!("{not}was (status = {status}) on {day}"),
            None => format!("{not}was (status = {status}) {}", period(time)?),
        },
    })
}

/// `used to be on pro`, `plan used to be pro`
fn used_to(subject: &[&str], time: Option<&str>) -> Option<String> {
    let (field, value) = match subject {
        [used, to, value] if is(used, &["used"]) && is(to, &["to"]) => ("plan", value),
        [field, used, to, value] if is(used, &["used"]) && is(to, &["to"]) => (plain(field)?, value),
        _ => return None,
    };
    let when = period_if_said(time)?;
    Some(format!("was ({field} = {value}){when} and {field} != {value}"))
}

/// `plan changes`, `changed plan last month`, `plan unchanged in last 3 months`
fn changed(subject: &[&str], time: Option<&str>) -> Option<String> {
    let [first, second] = subject else { return None };
    let change = ["changed", "change", "changes", "switched"];
    let (field, not) = match (is(first, &change), is(second, &change)) {
        (true, false) => (second, ""),
        (false, true) => (first, ""),
        _ if is(second, &["unchanged"]) => (first, "not "),
        _ if is(first, &["unchanged"]) => (second, "not "),
        _ => return None,
    };
    let field = plain(field)?;
    Some(format!("{not}{field} changed{}", period_if_said(time)?))
}

/// `moved from free to pro`, `plan switched to pro last month`, `trial to paid`. Where no field is said, what is no status is a plan.
fn went(words: &[&str], time: Option<&str>) -> Option<String> {
    let words: Vec<&str> =
        words.iter().copied().filter(|word| is(word, &["from", "to"]) || !is(word, &FILLERS)).collect();
    let verbs = ["moved", "went", "switched", "changed", "converted", "upgraded", "downgraded", "turned"];
    let (field, verb, sides) = match words.as_slice() {
        [verb, sides @ ..] if is(verb, &verbs) => (None, true, sides),
        [field, verb, sides @ ..] if is(verb, &verbs) => (Some(plain(field)?), true, sides),
        sides => (None, false, sides),
    };
    let (from, to) = match sides {
        [word, from, into, to] if is(word, &["from"]) && is(into, &["to"]) => (Some(from), Some(to)),
        [from, into, to] if is(into, &["to"]) => (Some(from), Some(to)),
        [into, to] if verb && is(into, &["to"]) => (None, Some(to)),
        [word, from] if verb && is(word, &["from"]) => (Some(from), None),
        _ => return None,
    };
    let is_status =
        [from, to].into_iter().flatten().all(|side| side.to_lowercase().parse::<Status>().is_ok());
    // Without a verb it may be a name.
    if !verb && !is_status {
        return None;
    }
    let side = |word: &str, side: Option<&&str>| match side {
        Some(side) if is_status => format!(" {word} {}", side.to_lowercase()),
        Some(side) => format!(" {word} {side}"),
        None => String::new(),
    };
    let field = field.unwrap_or(if is_status { "status" } else { "plan" });
    Some(format!("{field} changed{}{}{}", side("from", from), side("to", to), period_if_said(time)?))
}

/// `upgraded last month`, `became paid last week`
fn turned(subject: &str, time: Option<&str>) -> Option<String> {
    let time = period(time?)?;
    let status = match subject {
        "upgraded" | "converted" | "churned" | "canceled" | "cancelled" | "left" | "lost" | "quit"
        | "downgraded" => became(subject)?,
        _ => became(subject.strip_prefix("became ").or_else(|| subject.strip_prefix("turned "))?)?,
    };
    Some(format!("status changed to {status} {time}"))
}

/// `mrr went up last month`
fn moved(subject: &[&str], time: Option<&str>) -> Option<String> {
    let (field, rest) = subject.split_first()?;
    let rest = rest.join(" ").to_lowercase();
    let direction = match rest.as_str() {
        "went up" | "grew" | "rose" | "climbed" => "increased",
        "went down" | "dropped" | "fell" | "shrank" | "declined" | "sank" => "decreased",
        _ => return None,
    };
    let time = time.map_or(Some("in last month".to_owned()), period)?;
    Some(format!("{} {direction} {time}", plain(field)?))
}
