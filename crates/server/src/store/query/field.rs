//! Fields as SQL expressions over `r` (relationship) and `c` (customer). Keys of paths are binds; nothing here can
//! fail on what is stored.

use bigdecimal::BigDecimal;
use filter::{Bind, Binds, Field};
use index::Datum;
use jiff::Timestamp;

/// How a value's kind is ordered: the order of [`Datum`]. Zero and [`LAST`] are free for what is missing.
const NUMBER: i32 = 1;
const STRING: i32 = 2;
const FALSE: i32 = 3;
const TRUE: i32 = 4;
const NULL: i32 = 5;
const ARRAY: i32 = 6;
const OBJECT: i32 = 7;
const TIME: i32 = 8;
/// After every kind.
pub(super) const LAST: i32 = 9;

/// A value taken apart into what Postgres can compare: its kind, its number and its text. Neither of the latter is
/// null, so that equal values are equal in every column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Key {
    pub(in crate::store) rank: i32,
    pub(in crate::store) number: String,
    pub(in crate::store) text: String,
}

impl Key {
    /// The value again; `None` for what is missing.
    pub(in crate::store) fn datum(self) -> Option<Datum> {
        Some(match self.rank {
            NUMBER => Datum::Number(decimal(&self.number)),
            STRING => Datum::String(self.text),
            FALSE => Datum::False,
            TRUE => Datum::True,
            NULL => Datum::Null,
            ARRAY => Datum::Array,
            OBJECT => Datum::Object,
            TIME => Datum::Time(self.number.parse().ok().and_then(time).unwrap_or_default()),
            _ => return None,
        })
    }
}

fn time(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

/// A number that Postgres printed.
pub(super) fn decimal(text: &str) -> BigDecimal {
    text.parse::<BigDecimal>().unwrap_or_default().normalized()
}

/// The expressions of a [`Key`]. `rank` is null when the value is missing.
pub(super) struct Parts {
    pub(super) rank: String,
    pub(super) number: String,
    pub(super) text: String,
}

/// Takes a field apart.
pub(super) fn parts(field: &Field, binds: &mut Binds) -> Parts {
    match column(field) {
        Some(column) if field.is_time() => Parts {
            rank: format!("case when {column} is not null then {TIME} end"),
            number: format!("coalesce({}, 0)::numeric", micros(column)),
            text: "''".to_owned(),
        },
        Some(column) => Parts {
            rank: format!("case when {column} is not null then {STRING} end"),
            number: "0::numeric".to_owned(),
            text: format!("coalesce({column}, '')"),
        },
        None => json_parts(&json(field, binds)),
    }
}

/// Takes a jsonb expression apart.
pub(super) fn json_parts(value: &str) -> Parts {
    Parts {
        rank: format!(
            "case jsonb_typeof({value}) when 'number' then {NUMBER} when 'string' then {STRING} \
             when 'boolean' then case when {value} = 'true'::jsonb then {TRUE} else {FALSE} end \
             when 'null' then {NULL} when 'array' then {ARRAY} when 'object' then {OBJECT} end"
        ),
        number: format!("coalesce({}, 0)", number(value)),
        text: format!("case when jsonb_typeof({value}) = 'string' then {value} #>> '{{}}' else '' end"),
    }
}

/// A jsonb expression's number; null when it is none.
pub(super) fn number(value: &str) -> String {
    format!("case when jsonb_typeof({value}) = 'number' then ({value})::numeric end")
}

/// A jsonb expression's text; null when it is no string.
pub(super) fn string(value: &str) -> String {
    format!("case when jsonb_typeof({value}) = 'string' then {value} #>> '{{}}' end")
}

/// A field as jsonb; null when it is missing. Not for time fields, which JSON does not have.
pub(in crate::store) fn json(field: &Field, binds: &mut Binds) -> String {
    match (field.path(), column(field)) {
        (Some(path), _) => {
            let keys = path.keys().iter().map(|key| binds.bind(Bind::Text(key.clone())));
            let steps: String = keys.map(|key| format!(" -> {key}::text")).collect();
            format!("(r.params{steps})")
        }
        (None, Some(column)) => format!("to_jsonb({column})"),
        (None, None) => "null::jsonb".to_owned(),
    }
}

/// The column or expression of a built-in field.
pub(super) fn column(field: &Field) -> Option<&'static str> {
    Some(match field {
        Field::Email => "c.email",
        Field::Domain => "substring(c.email from '[^@]*$')",
        Field::Name => "r.name",
        Field::UserId => "r.user_id",
        Field::Project => "(select p.slug from project p where p.account_id = $1 and p.id = r.project_id)",
        Field::Status => "r.status",
        Field::StatusSince => "r.status_since",
        Field::FirstPaid => "r.first_paid",
        Field::FirstSeen => "r.first_seen",
        Field::LastActivity => "r.last_activity",
        Field::Params(_) => return None,
    })
}

/// A timestamptz as microseconds since 1970.
pub(super) fn micros(column: &str) -> String {
    format!("(extract(epoch from {column}) * 1000000)::bigint")
}
