//! Dates in SQL: the strings that `filter::value::moment` reads, told by a regular expression that admits only days
//! that exist, so that no cast after it can fail. No zone is named: zones are applied in Rust.

/// A day that exists, of the years 0001 to 9999.
const DAY: &str = "(?:(?!0000)[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])\
                   |(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))\
                   |(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29)";
/// A time of day and, if any, how far it is from Greenwich.
const CLOCK: &str = "[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]+)?)?\
                     (?:Z| UTC|[+-](?:(?:0[0-9]|1[0-3])(?::?[0-5][0-9])?|14(?::?00)?))?";

/// The text of a jsonb string that is a date without a time; null for anything else.
pub(super) fn day(value: &str) -> String {
    let text = format!("({value} #>> '{{}}')");
    format!("case when jsonb_typeof({value}) = 'string' and {text} ~ '^{DAY}$' then {text} end")
}

/// The microseconds since 1970 of a jsonb string that is a date with a time; null for anything else.
pub(super) fn instant(value: &str) -> String {
    let text = format!("({value} #>> '{{}}')");
    let part = |from: u8, length: u8| format!("substr({text}, {from}, {length})::int");
    let seconds =
        format!("coalesce(substring({text} from '^.{{16}}:([0-9]{{2}}(?:[.][0-9]{{1,6}})?)')::float8, 0)");
    let local = format!(
        "make_timestamp({}, {}, {}, {}, {}, {seconds})",
        part(1, 4),
        part(6, 2),
        part(9, 2),
        part(12, 2),
        part(15, 2)
    );
    format!(
        "case when jsonb_typeof({value}) = 'string' and {text} ~ '^{DAY}{CLOCK}$' \
         then (extract(epoch from {local}) * 1000000)::bigint - {} end",
        offset(&text)
    )
}

/// The microseconds by which a date-time's clock is ahead of Greenwich.
fn offset(text: &str) -> String {
    let written = format!("substring({text} from '^.{{16}}[0-9:.]*([+-].*)$')");
    let minutes = format!("case when length({written}) > 3 then right({written}, 2)::bigint else 0 end");
    format!(
        "coalesce((case left({written}, 1) when '-' then -60000000 else 60000000 end) \
         * (substr({written}, 2, 2)::bigint * 60 + {minutes}), 0)"
    )
}
