//! A relationship as Postgres sends it: which columns it has, of which types, and how they are read.

use std::{error::Error as StdError, sync::LazyLock};

use filter::{Document, Status, UnknownStatus};
use serde_json::{Map, Value};
use tokio_postgres::{
    binary_copy::BinaryCopyOutRow,
    types::{FromSql, Type},
};
use uuid::Uuid;

use super::Error;
use crate::model::Relationship;

/// The columns of a relationship `r` and its customer `c`.
pub(super) const RELATIONSHIP_COLUMNS: &str = "\
    r.project_id, r.customer_id, c.email, r.user_id, r.name, r.status, r.status_since, r.first_paid, r.first_seen, \
    r.last_activity, r.imported, r.params";

/// Their types.
pub(super) const TYPES: [Type; 12] = [
    Type::UUID,
    Type::UUID,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::JSONB,
];

/// How many there are: what a statement asks for beside them comes after so many.
pub(super) const WIDTH: usize = TYPES.len();

/// What the write path reads of a relationship beside [`RELATIONSHIP_COLUMNS`], after them.
pub(super) const WRITTEN_COLUMNS: &str = "r.open_keys, r.last_day, r.began, r.last_change";

/// A column by its place in [`RELATIONSHIP_COLUMNS`].
#[derive(Clone, Copy)]
enum Column {
    Project,
    Customer,
    Email,
    UserId,
    Name,
    Status,
    StatusSince,
    FirstPaid,
    FirstSeen,
    LastActivity,
    Imported,
    Params,
}

/// A row of either protocol.
pub(super) trait Columns {
    /// The value of a column.
    fn column<'a, T: FromSql<'a>>(&'a self, number: usize) -> Result<T, Error>;
}

impl Columns for tokio_postgres::Row {
    fn column<'a, T: FromSql<'a>>(&'a self, number: usize) -> Result<T, Error> {
        Ok(self.try_get(number)?)
    }
}

impl Columns for BinaryCopyOutRow {
    fn column<'a, T: FromSql<'a>>(&'a self, number: usize) -> Result<T, Error> {
        Ok(self.try_get(number)?)
    }
}

/// A relationship in a row, where its [`RELATIONSHIP_COLUMNS`] begin at some place.
pub(super) struct Stored<'r, R> {
    row: &'r R,
    first: usize,
}

/// The params of a document that is read without them.
static NO_PARAMS: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

impl<'r, R: Columns> Stored<'r, R> {
    /// The relationship whose columns begin at `first`.
    pub(super) fn at(row: &'r R, first: usize) -> Stored<'r, R> {
        Stored { row, first }
    }

    fn column<T: FromSql<'r>>(&self, column: Column) -> Result<T, Error> {
        self.row.column(self.first + column as usize)
    }

    /// Whether there is one: an outer join that finds none leaves the columns null.
    pub(super) fn is_there(&self) -> Result<bool, Error> {
        Ok(self.column::<Option<Uuid>>(Column::Project)?.is_some())
    }

    /// Its customer's e-mail, which is there also where the relationship is not.
    pub(super) fn email(&self) -> Result<&'r str, Error> {
        self.column(Column::Email)
    }

    /// Its project.
    pub(super) fn project(&self) -> Result<Uuid, Error> {
        self.column(Column::Project)
    }

    /// Its customer.
    pub(super) fn customer(&self) -> Result<Uuid, Error> {
        self.column(Column::Customer)
    }

    /// Everything but its params, which are read on their own: the document has none. Nor does it say whether the
    /// project is a test project.
    pub(super) fn document(&self) -> Result<Document<'r>, Error> {
        Ok(Document {
            project: self.project()?,
            test: false,
            email: self.column(Column::Email)?,
            user_id: self.column(Column::UserId)?,
            name: self.column(Column::Name)?,
            status: self.column::<Option<&str>>(Column::Status)?.map(status).transpose()?,
            status_since: self.column(Column::StatusSince)?,
            first_paid: self.column(Column::FirstPaid)?,
            first_seen: self.column(Column::FirstSeen)?,
            last_activity: self.column(Column::LastActivity)?,
            imported: self.column(Column::Imported)?,
            params: &NO_PARAMS,
            history: None,
        })
    }

    /// Its params.
    pub(super) fn params(&self) -> Result<Map<String, Value>, Error> {
        Ok(self.column::<Params>(Column::Params)?.0)
    }

    /// All of it, where [`WRITTEN_COLUMNS`] come next.
    pub(super) fn relationship(&self) -> Result<Relationship, Error> {
        let document = self.document()?;
        let next = self.first + WIDTH;
        Ok(Relationship {
            user_id: document.user_id.map(str::to_owned),
            name: document.name.map(str::to_owned),
            status: status(self.column(Column::Status)?)?,
            status_since: self.column(Column::StatusSince)?,
            first_paid: document.first_paid,
            params: self.params()?,
            open_keys: self.row.column::<Vec<String>>(next)?.into_iter().collect(),
            first_seen: document.first_seen,
            last_activity: self.column(Column::LastActivity)?,
            imported: document.imported,
            last_day: self.row.column(next + 1)?,
            began: self.row.column(next + 2)?,
            last_change: self.row.column(next + 3)?,
        })
    }

    /// Its params as the JSON text that they are sent as.
    pub(super) fn json(&self) -> Result<&'r [u8], Error> {
        Ok(self.column::<Json<'r>>(Column::Params)?.0)
    }

    /// How many bytes of params it was sent with: what a row takes in memory goes by that.
    pub(super) fn weight(&self) -> Result<usize, Error> {
        Ok(self.column::<Length>(Column::Params)?.0)
    }
}

/// The status that a stored word means. A check constraint admits no other; one that is there in spite of it was not
/// written by us.
pub(super) fn status(word: &str) -> Result<Status, Error> {
    word.parse().map_err(|error: UnknownStatus| Error::Config(format!("{error}; {word:?} is stored")))
}

/// A jsonb value as the text that it is sent as.
struct Json<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Json<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        match raw {
            [1, text @ ..] => Ok(Json(text)),
            _ => Err("jsonb of a version that is not known".into()),
        }
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::JSONB
    }
}

/// A jsonb object, parsed.
struct Params(Map<String, Value>);

impl<'a> FromSql<'a> for Params {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Params(serde_json::from_slice(Json::from_sql(kind, raw)?.0)?))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::JSONB
    }
}

/// How long a jsonb value is as text.
struct Length(usize);

impl FromSql<'_> for Length {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Length(raw.len()))
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::JSONB
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_the_types_and_the_places_agree() {
        assert_eq!(RELATIONSHIP_COLUMNS.split(", ").count(), WIDTH);
        let names: Vec<&str> = RELATIONSHIP_COLUMNS.split(", ").collect();
        for (column, name) in [
            (Column::Project, "r.project_id"),
            (Column::Email, "c.email"),
            (Column::Status, "r.status"),
            (Column::LastActivity, "r.last_activity"),
            (Column::Imported, "r.imported"),
            (Column::Params, "r.params"),
        ] {
            assert_eq!(names[column as usize], name);
        }
    }

    #[test]
    fn a_wrong_status_is_told() {
        assert_eq!(status("paid").unwrap(), Status::Paid);
        let error = status("gone").unwrap_err().to_string();
        assert_eq!(error, "a status is free, trial, paid or churned; \"gone\" is stored");
    }
}
