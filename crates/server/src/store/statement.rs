//! Statements that are made for one question, with their binds as the driver takes them.

use std::error::Error as StdError;

use bytes::{BufMut, BytesMut};
use filter::{Bind, Binds};
use tokio_postgres::{
    Client, Row,
    types::{IsNull, ToSql, Type, to_sql_checked},
};
use uuid::Uuid;

/// Microseconds from 1970, where our instants begin, to 2000, where those of Postgres do.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// A statement: `$1` is the account, user text is in the binds only.
#[derive(Debug)]
pub(in crate::store) struct Statement {
    sql: String,
    binds: Binds,
}

impl Statement {
    /// A statement whose text is made with its binds.
    pub(in crate::store) fn make(sql: impl FnOnce(&mut Binds) -> String) -> Statement {
        let mut binds = Binds::starting_at(2);
        let sql = sql(&mut binds);
        Statement { sql, binds }
    }

    /// Runs the statement unnamed, in one round trip, so that it is planned with its values.
    pub(in crate::store) async fn run(
        &self,
        client: &Client,
        account: Uuid,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let values: Vec<Value<'_>> = self.binds.values().iter().map(Value).collect();
        client.query_typed(&self.sql, &parameters(&account, &values)).await
    }
}

/// The account, then the binds, each with its type.
fn parameters<'a>(account: &'a Uuid, values: &'a [Value<'a>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    let mut all: Vec<(&(dyn ToSql + Sync), Type)> = vec![(account, Type::UUID)];
    all.extend(values.iter().map(|value| (value as &(dyn ToSql + Sync), value.kind())));
    all
}

/// A bind on its way to the driver.
#[derive(Debug)]
struct Value<'a>(&'a Bind);

impl Value<'_> {
    fn kind(&self) -> Type {
        match self.0 {
            Bind::Text(_) | Bind::Number(_) => Type::TEXT,
            Bind::Texts(_) => Type::TEXT_ARRAY,
            Bind::Json(_) => Type::JSONB,
            Bind::Uuid(_) => Type::UUID,
            Bind::Uuids(_) => Type::UUID_ARRAY,
            Bind::Instant(_) => Type::TIMESTAMPTZ,
            Bind::Instants(_) => Type::TIMESTAMPTZ_ARRAY,
            Bind::Days(_) => Type::DATE_ARRAY,
            Bind::Integer(_) => Type::INT8,
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self.0 {
            Bind::Text(text) | Bind::Number(text) => text.to_sql(kind, out),
            Bind::Texts(texts) => texts.to_sql(kind, out),
            Bind::Json(json) => json.to_sql(kind, out),
            Bind::Uuid(id) => id.to_sql(kind, out),
            Bind::Uuids(ids) => ids.to_sql(kind, out),
            Bind::Integer(integer) => integer.to_sql(kind, out),
            Bind::Days(days) => days.to_sql(kind, out),
            Bind::Instants(instants) => {
                let times: Vec<_> = instants.iter().map(|instant| instant.timestamp()).collect();
                times.to_sql(kind, out)
            }
            Bind::Instant(instant) => {
                out.put_i64(instant.0 - POSTGRES_EPOCH);
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A count that Postgres made.
pub(in crate::store) fn unsigned(row: &Row, column: usize) -> u64 {
    row.get::<_, i64>(column).unsigned_abs()
}
