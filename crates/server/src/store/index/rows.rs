//! Relationships as Postgres sends them, turned into rows of the index.

use std::error::Error as StdError;

use deadpool_postgres::GenericClient;
use filter::{Document, Status};
use index::Preparing;
use serde_json::{Map, Value};
use tokio_postgres::{
    binary_copy::BinaryCopyOutRow,
    types::{FromSql, Type},
};
use uuid::Uuid;

use super::super::{AccountId, Error};

/// The columns of a row, from relationship `r` and customer `c`.
pub(super) const COLUMNS: &str = "r.project_id, r.customer_id, c.email, r.user_id, r.name, r.status, r.status_since, \
                                  r.first_paid, r.first_seen, r.last_activity, r.params";

/// Their types.
pub(super) const TYPES: [Type; 11] = [
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
    Type::JSONB,
];

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

/// Reads [`COLUMNS`].
pub(super) fn read(row: &impl Columns) -> Result<index::Row, Error> {
    let params = row.column::<Params>(10)?.0;
    Ok(index::Row::of(row.column(1)?, &document(row, &Map::new())?, params))
}

/// Reads [`COLUMNS`] straight into columns: nothing of the row is kept but what these hold.
pub(super) fn prepare(row: &impl Columns, into: &mut Preparing) -> Result<(), Error> {
    let params: Json<'_> = row.column(10)?;
    let pushed = into.push_text(row.column(1)?, &document(row, &Map::new())?, params.0);
    pushed.map_err(|e| Error::Config(e.to_string()))
}

/// Everything of a row but its params, which are the caller's.
fn document<'a>(row: &'a impl Columns, params: &'a Map<String, Value>) -> Result<Document<'a>, Error> {
    let status: Status =
        row.column::<&str>(5)?.parse().map_err(|e: filter::UnknownStatus| Error::Config(e.to_string()))?;
    Ok(Document {
        project: row.column(0)?,
        test: false,
        email: row.column(2)?,
        user_id: row.column(3)?,
        name: row.column(4)?,
        status,
        status_since: row.column(6)?,
        first_paid: row.column(7)?,
        first_seen: row.column(8)?,
        last_activity: row.column(9)?,
        params,
    })
}

/// The rows at these places (projects, customers), as they are now; a place without one has no row.
pub(super) async fn at<C: GenericClient>(
    client: &C,
    account: AccountId,
    (projects, customers): &(Vec<Uuid>, Vec<Uuid>),
) -> Result<Vec<index::Row>, Error> {
    let sql = format!(
        "select {COLUMNS} from unnest($2::uuid[], $3::uuid[]) as u (project_id, customer_id)
         join relationship r on r.account_id = $1 and r.project_id = u.project_id and r.customer_id = u.customer_id
         join customer c on c.account_id = $1 and c.id = u.customer_id"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &[&account.0, projects, customers]).await?.iter().map(read).collect()
}

/// How many bytes of params a row was sent with: what a row takes in memory goes by that.
pub(super) fn weight(row: &impl Columns) -> Result<usize, Error> {
    Ok(row.column::<Length>(10)?.0)
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
