//! A jsonb parameter that is written once, and owned.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use serde::Serialize;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// JSON text on its way into a jsonb column.
#[derive(Debug)]
pub(in crate::store) struct Jsonb(Vec<u8>);

impl Jsonb {
    /// Writes a value down. It must be one that has a JSON text: any of ours, for their keys are texts.
    pub(in crate::store) fn of<T: Serialize + ?Sized>(value: &T) -> Jsonb {
        Jsonb(serde_json::to_vec(value).expect("maps with text keys have a JSON text"))
    }
}

impl ToSql for Jsonb {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_u8(1); // the version of the format
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::JSONB
    }

    to_sql_checked!();
}
