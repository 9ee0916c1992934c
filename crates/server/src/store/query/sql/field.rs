//! Fields as SQL expressions over `r` (relationship) and `c` (customer). Keys of paths are binds; nothing here can
//! fail on what is stored.

use filter::{Bind, Binds, Field, FieldKind};

use crate::store::query::key::{ARRAY, FALSE, NULL, NUMBER, OBJECT, STRING, TIME, TRUE};

/// The expressions of a [`Key`](crate::store::query::key::Key). `rank` is null when the value is missing.
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
            number: format!("coalesce({}, 0)::numeric", micros(&column)),
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

/// The column or expression of a built-in field. A project is its slug.
pub(super) fn column(field: &Field) -> Option<String> {
    let column = filter::column(field, "r")?;
    Some(match field.kind() {
        FieldKind::Project => {
            format!("(select p.slug from project p where p.account_id = $1 and p.id = {column})")
        }
        _ => column,
    })
}

/// A timestamptz as microseconds since 1970.
pub(super) fn micros(column: &str) -> String {
    format!("(extract(epoch from {column}) * 1000000)::bigint")
}
