//! Sentences that people type without an operator: `upgraded last week`, `plan was free`, `paid`. They hold words of the
//! language, so as a search they would find nobody; here is the condition that each probably means.

mod past;

use super::date::step;
use crate::date_form;
use crate::expr::Comparison;
use crate::field::Field;
use crate::path;
use crate::status::Status;
use crate::value;

/// The filter that words without an operator, or with one that fits nothing, probably mean; `None` where they are only
/// words to search for.
///
/// ```
/// assert_eq!(filter::meant("upgraded last week").unwrap(), "status changed to paid in last week");
/// assert_eq!(filter::meant("trial_ends within 7 days").unwrap(), "trial_ends in next 7 days");
/// assert_eq!(filter::meant("signed up within 7 days").unwrap(), "first_seen in last 7 days");
/// assert_eq!(filter::meant("ada lovelace"), None);
/// ```
pub fn meant(text: &str) -> Option<String> {
    // What is offered must be a condition, whatever the words were.
    offered(text).filter(|offered| super::is_filter(offered))
}

/// The same before it is known to be one. Whoever reads an offer asks no more: of an offer that is a sentence again there would
/// be no end.
pub(super) fn offered(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().take(WORDS_MAX + 1).collect();
    if words.len() > WORDS_MAX {
        return None;
    }
    past::meant(&words).or_else(|| compared(&words)).or_else(|| within(&words)).or_else(|| {
        match (0..words.len()).find_map(|at| Some((at, time(&words[at..])?))) {
            Some((at, time)) => {
                let subject = content(&words[..at]);
                // Nobody is older than their first day here.
                let is_age = is(words[at], &["older", "newer"]) && subject.is_empty();
                timed(if is_age { &["joined"] } else { &subject }, &time)
            }
            None => untimed(&words),
        }
    })
}

/// Whether words tell of a time of the past, although nothing can be offered for them.
pub(super) fn tells_of_past(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().take(WORDS_MAX).collect();
    words.iter().any(|word| is(word, &past::TELLING))
        && (0..words.len()).any(|at| time(&words[at..]).is_some())
}

/// Whether words begin as `paid for < 6 months` does.
pub(super) fn asks_how_long(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    matches!(words.as_slice(), [status, word] if became(status).is_some() && is(word, &["for", "since"]))
}

/// Nobody says a condition in more words.
const WORDS_MAX: usize = 32;

/// Words that say nothing of what is asked.
const FILLERS: [&str; 36] = [
    "a",
    "all",
    "are",
    "at",
    "be",
    "been",
    "during",
    "everybody",
    "everyone",
    "find",
    "from",
    "get",
    "had",
    "has",
    "have",
    "in",
    "is",
    "list",
    "my",
    "of",
    "on",
    "our",
    "people",
    "show",
    "that",
    "the",
    "their",
    "those",
    "users",
    "user",
    "customers",
    "customer",
    "which",
    "who",
    "whose",
    "within",
];

fn is(word: &str, words: &[&str]) -> bool {
    words.iter().any(|other| other.eq_ignore_ascii_case(word))
}

/// The words without fillers.
fn content<'t>(words: &[&'t str]) -> Vec<&'t str> {
    words.iter().copied().filter(|word| !is(word, &FILLERS)).collect()
}

/// A time in words, with the operator that asks for it: `in last week`, `= 3 days ago`.
fn time(words: &[&str]) -> Option<String> {
    let counts = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let is_unit = |word: &str| step(word).is_some();
    // `7d`, `30days`
    let is_amount = |word: &str| {
        let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
        unit.len() < word.len() && is_unit(unit)
    };
    let span = words.join(" ").to_lowercase();
    let is_ago = |words: &[&str]| match words {
        [amount, ago] => is_amount(amount) && is(ago, &["ago"]),
        [amount, unit, ago] => counts(amount) && is_unit(unit) && is(ago, &["ago"]),
        _ => false,
    };
    let is_date =
        |word: &str| value::moment(word).is_some() || is(word, &["today", "yesterday", "tomorrow", "now"]);
    match words {
        [bound, rest @ ..]
            if bounded(bound).is_some() && (is_ago(rest) || matches!(rest, [day] if is_date(day))) =>
        {
            Some(format!("{} {}", bounded(bound)?, rest.join(" ")))
        }
        [age, than, rest @ ..] if is(than, &["than"]) && is_ago(&[rest, &["ago"]].concat()) => {
            Some(format!("{} {} ago", aged(age)?, rest.join(" ")))
        }
        [age, than, rest @ ..] if is(than, &["than"]) && is_ago(rest) => {
            Some(format!("{} {}", aged(age)?, rest.join(" ")))
        }
        [day] if is(day, &["today", "yesterday", "tomorrow"]) => Some(format!("= {span}")),
        [turn, unit] if is(turn, &["last", "this", "next"]) && (is_unit(unit) || is_amount(unit)) => {
            Some(format!("in {span}"))
        }
        [turn, amount, unit] if is(turn, &["last", "next"]) && counts(amount) && is_unit(unit) => {
            Some(format!("in {span}"))
        }
        [turn, amount, unit] if is(turn, &["past"]) && counts(amount) && is_unit(unit) => {
            Some(format!("in last {amount} {unit}"))
        }
        [amount, unit, ago] if counts(amount) && is_unit(unit) && is(ago, &["ago"]) => {
            Some(format!("= today - {amount}{}", unit.to_lowercase()))
        }
        [amount, ago] if is_amount(amount) && is(ago, &["ago"]) => {
            Some(format!("= today - {}", amount.to_lowercase()))
        }
        [day] if value::moment(day).is_some() => Some(format!("= {day}")),
        _ => None,
    }
}

/// `trial_ends within 7 days`: of what an app has written such a time is ahead, of what happens to customers it is over. A number
/// alone is one of days.
fn within(words: &[&str]) -> Option<String> {
    let at = words.iter().position(|word| is(word, &["within"]))?;
    let (subject, span) = (content(&words[..at]), &words[at + 1..]);
    let span = match span {
        [days] if days.bytes().all(|byte| byte.is_ascii_digit()) => &[*days, "days"],
        span => span,
    };
    time(&[&["last"], span].concat())?;
    let span = span.join(" ").to_lowercase();
    let told = meant(&format!("{} last {span}", words[..at].join(" ")))?;
    let path = named(&subject).filter(|path| told.starts_with(path.as_str()));
    let is_own = |path: &String| Field::names().any(|name| name.eq_ignore_ascii_case(path));
    Some(path.filter(|path| !is_own(path)).map_or(told, |path| format!("{path} in next {span}")))
}

/// The operator of a word that stands before the end or the beginning of a time.
fn bounded(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "since" => ">=",
        "after" => ">",
        "until" | "till" => "<=",
        "before" => "<",
        _ => return None,
    })
}

/// The operator of a word that compares how long ago something was.
fn aged(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "older" | "more" | "longer" | "earlier" => "<",
        "newer" | "less" | "later" | "younger" => ">",
        _ => return None,
    })
}

/// What happened then.
fn timed(subject: &[&str], time: &str) -> Option<String> {
    let joined = subject.join("_");
    if let Some(status) = became(&joined) {
        return Some(format!("status = {status} and status_since {time}"));
    }
    let field = match joined.to_ascii_lowercase().as_str() {
        // Of days it is known who was there, be they back since or not.
        "active" | "seen" | "logged" | "online" | "visited" if !time.starts_with(['<', '>']) => {
            return Some(format!("seen {}", past::period(time)?));
        }
        "" | "active" | "seen" | "last_seen" | "logged" | "online" | "visited" => "last_activity",
        "signed_up" | "joined" | "registered" | "created" | "new" | "added" | "started" | "first_seen" => {
            "first_seen"
        }
        "first_paid" | "paid_first" => "first_paid",
        _ => {
            return stated(subject, Some(time))
                .or_else(|| named(subject).map(|path| format!("{path} {time}")));
        }
    };
    Some(format!("{field} {time}"))
}

/// The field that words name together. One that is a field by itself stands behind something else.
fn named(subject: &[&str]) -> Option<String> {
    let is_field =
        |word: &&str| word.contains('_') || Field::names().any(|name| name.eq_ignore_ascii_case(word));
    let tells = |word: &&str| is(word, &past::TELLING);
    if subject.len() > 1 && subject.iter().any(is_field) || subject.iter().any(tells) {
        return None;
    }
    plain(&subject.join("_")).map(str::to_owned)
}

/// The status that somebody has who did that.
fn became(did: &str) -> Option<Status> {
    Some(match did.to_ascii_lowercase().as_str() {
        "churned" | "canceled" | "cancelled" | "left" | "lost" | "quit" => Status::Churned,
        "paid" | "upgraded" | "converted" | "subscribed" | "bought" | "purchased" => Status::Paid,
        "trial" | "trialing" | "trialling" | "started_trial" | "trialed" => Status::Trial,
        "free" | "downgraded" => Status::Free,
        _ => return None,
    })
}

/// What is said without a time.
fn untimed(words: &[&str]) -> Option<String> {
    let content = content(words);
    let only = match content.as_slice() {
        [only] => *only,
        _ => return stated(words, None),
    };
    if let Ok(status) = only.to_ascii_lowercase().parse::<Status>() {
        return Some(format!("status = {status}"));
    }
    // Other words of the trade are told among fillers only: alone they may be a name.
    let said = only.to_ascii_lowercase();
    match said.as_str() {
        _ if words.len() == 1 => None,
        "active" => Some("last_activity in last 30 days".to_owned()),
        "paying" | "subscribed" => Some("status = paid".to_owned()),
        _ => became(&said).map(|status| format!("status = {status}")),
    }
}

/// `plan was free`, `plan became pro last week`
fn stated(words: &[&str], time: Option<&str>) -> Option<String> {
    let [field, verb, value] = words else { return None };
    let (field, when) = (plain(field)?, past::period_if_said(time));
    match verb.to_ascii_lowercase().as_str() {
        "was" | "were" => Some(format!("was ({field} = {value}){}", when?)),
        "became" | "becomes" => Some(format!("{field} changed to {value}{}", when?)),
        "equals" => Some(format!("{field} = {value}")),
        _ => None,
    }
}

/// `mrr more than 20`, `mrr at least 20`, `mrr between 10 and 20`
fn compared(words: &[&str]) -> Option<String> {
    if let [field, between, from, and, to] = words
        && is(between, &["between"])
        && is(and, &["and"])
    {
        let field = plain(field)?;
        let ends =
            date(field, from, Comparison::GreaterOrEqual).zip(date(field, to, Comparison::LessOrEqual));
        return Some(match ends {
            Some((from, to)) => format!("{field} in {from} .. {to}"),
            None => format!("{field} >= {from} and {field} <= {to}"),
        });
    }
    let (field, operator, value) = match words {
        [field, more, than, value] if is(than, &["than"]) => {
            let operator = match *more {
                more if is(more, &["more", "greater", "higher", "larger", "bigger", "later"]) => ">",
                less if is(less, &["less", "lower", "fewer", "smaller", "earlier"]) => "<",
                _ => return None,
            };
            (field, operator, value)
        }
        [field, at, least, value] if is(at, &["at"]) && is(least, &["least"]) => (field, ">=", value),
        [field, at, most, value] if is(at, &["at"]) && is(most, &["most"]) => (field, "<=", value),
        _ => return None,
    };
    Some(format!("{} {operator} {value}", plain(field)?))
}

/// The date that a word names as an end of a period. A plain number is one for fields that are times only.
fn date(field: &str, word: &str, comparison: Comparison) -> Option<String> {
    let is_time = || Field::built_in().any(|known| known.is_time() && known.to_string() == field);
    if word.parse::<serde_json::Number>().is_ok() && !is_time() {
        return None;
    }
    date_form::named(word).first()?.literal(Some(comparison))
}

/// A word that can be a field or a key as it stands.
fn plain(word: &str) -> Option<&str> {
    let is_field = Field::names().any(|name| name.eq_ignore_ascii_case(word));
    let is_path = word.split('.').all(path::is_identifier) && !is(word, &["and", "not", "or"]);
    (is_field || is_path).then_some(word)
}
