//! The columns of a CSV: which there may be, what they are called, and how their names are read back.

use std::fmt;

use filter::Field;

/// What the column of all params that have none of their own is called.
const REST: &str = "params";

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// A built-in field, or a path of params.
    Field(Field),
    /// What params hold beside the paths that have a column, as one object.
    Rest,
}

impl Column {
    /// The column that an export calls so; `None` if none is.
    pub fn named(name: &str) -> Option<Column> {
        if name == REST {
            return Some(Column::Rest);
        }
        filter::parse_field(name).ok().filter(|field| field.to_string() == name).map(Column::Field)
    }

    /// The column that somebody asks for, as leniently as filters name fields.
    pub fn read(text: &str) -> Result<Column, filter::Error> {
        if text.eq_ignore_ascii_case(REST) {
            return Ok(Column::Rest);
        }
        filter::parse_field(text).map(Column::Field)
    }

    /// The built-in fields that a table of all columns has; the domain is part of the e-mail.
    pub fn built_in(wide: bool) -> impl Iterator<Item = Column> {
        let fields = Field::built_in().filter(move |field| wide || **field != Field::Project);
        fields.filter(|field| **field != Field::Domain).cloned().map(Column::Field)
    }
}

/// Its name in the header.
impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Column::Field(field) => field.fmt(f),
            Column::Rest => f.write_str(REST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_no_columns() {
        for name in ["email", "last_activity", "params.plan", "params.\"=cmd\".x", "params.email", "params"] {
            assert_eq!(Column::named(name).map(|column| column.to_string()).as_deref(), Some(name));
        }
        for name in ["", "plan", "Email", "last_seen", "params.", " email"] {
            assert_eq!(Column::named(name), None, "{name}");
        }
    }
}
