//! Dates in SQL: the strings that `filter::value::moment` reads, told by a regular expression that admits only days
//! that exist, so that no cast after it can fail; and the numbers that `filter::epoch` reads. No zone is named: zones are
//! applied in Rust.

use filter::{date_form, epoch::Epoch};

/// A day that exists, of the years 0001 to 9999.
const DAY: &str = "(?:(?!0000)[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])\
                   |(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))\
                   |(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29)";
/// A time of day and, if any, how far it is from Greenwich.
const CLOCK: &str = "[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]+)?)?\
                     (?:[Zz]| UTC| ?[+-](?:(?:0[0-9]|1[0-3])(?::?[0-5][0-9])?|14(?::?00)?))?";

/// Whether a jsonb expression, whose text is given, is a date; may be null.
pub(super) fn is_dated(value: &str, text: &str) -> String {
    let number = epoch(&format!("({value})::numeric"));
    format!(
        "case jsonb_typeof({value}) when 'string' then {text} ~ '^{DAY}(?:{CLOCK})?$' \
         when 'number' then {number} is not null else false end"
    )
}

/// Whether a text looks like a date in another form.
pub(super) fn is_foreign(text: &str) -> String {
    let (pattern, longest) = (date_form::PATTERN, date_form::CHARS_MAX);
    format!("length({text}) <= {longest} and {text} ~* '{pattern}' and not {text} ~ '^{DAY}(?:{CLOCK})?$'")
}

/// A text that is a date without a time; null for anything else.
pub(super) fn day(text: &str) -> String {
    format!("case when {text} ~ '^{DAY}$' then {text} end")
}

/// The microseconds since 1970 of a text that is a date with a time; null for anything else.
pub(super) fn instant(text: &str) -> String {
    let part = |from: u8| format!("substr({text}, {from}, 2)::int");
    let days = format!("(left({text}, 10)::date - date '1970-01-01')::bigint");
    let minutes = format!("({days} * 1440 + {} * 60 + {})", part(12), part(15));
    format!(
        "case when {text} ~ '^{DAY}{CLOCK}$' then ({minutes} - {}) * 60000000 + {} end",
        offset(text),
        seconds(text)
    )
}

/// The microseconds since 1970 of a number that is a point in time; null for any other.
pub(super) fn epoch(number: &str) -> String {
    let cases = Epoch::ALL.map(|epoch| {
        let ((from, until), places) = (epoch.numbers(), epoch.places());
        format!(" when {number} >= {from} and {number} < {until} then trunc({number} * 1e{places})::bigint")
    });
    format!("(case{} end)", cases.concat())
}

/// The microseconds of a date-time's seconds, cut off below.
fn seconds(text: &str) -> String {
    let fraction =
        format!("(substring({text} from '^.{{17}}([0-9]{{2}}[.][0-9]{{1,6}})')::numeric * 1000000)::bigint");
    format!(
        "case when substr({text}, 17, 1) <> ':' then 0 when substr({text}, 20, 1) = '.' then {fraction} \
         else substr({text}, 18, 2)::bigint * 1000000 end"
    )
}

/// The minutes by which a date-time's clock is ahead of Greenwich. Most end with Z, which costs no search.
fn offset(text: &str) -> String {
    let written = format!("substring({text} from '^.{{16}}[0-9:.]* ?([+-].*)$')");
    let minutes = format!("case when length({written}) > 3 then right({written}, 2)::int else 0 end");
    format!(
        "case when right({text}, 1) in ('Z', 'z') then 0 else coalesce((case left({written}, 1) when '-' then -1 else 1 end) \
         * (substr({written}, 2, 2)::int * 60 + {minutes}), 0) end"
    )
}
