//! The values that generated SQL refers to as `$1`, `$2` …: user text travels here and never in the SQL itself.

use std::collections::HashMap;

use jiff::civil::Date;
use serde_json::Value;
use uuid::Uuid;

use crate::value::Instant;

/// A value to send beside the SQL. The SQL casts each one, so Postgres infers exactly the type that is named here.
#[derive(Clone, Debug, PartialEq)]
pub enum Bind {
    /// `text`
    Text(String),
    /// `text[]`
    Texts(Vec<String>),
    /// `jsonb`; its numbers keep their digits.
    Json(Value),
    /// `uuid`
    Uuid(Uuid),
    /// `uuid[]`
    Uuids(Vec<Uuid>),
    /// `timestamptz`. In the binary protocol: big-endian microseconds since 2000-01-01, which is
    /// `instant.0 - 946_684_800_000_000`. It may lie beyond [`jiff::Timestamp`], so do not convert it to one.
    Instant(Instant),
    /// `timestamptz[]`
    Instants(Vec<Instant>),
    /// `date[]`
    Days(Vec<Date>),
    /// An exact number written out, sent as `text`; the SQL casts it to `numeric`.
    Number(String),
    /// `bigint`
    Integer(i64),
}

/// The binds of one statement, numbered in the order in which they were made; equal texts share a number.
#[derive(Clone, Debug, Default)]
pub struct Binds {
    first: usize,
    values: Vec<Bind>,
    texts: HashMap<String, usize>,
}

impl Binds {
    /// Binds whose first number is `first`: the statement's own parameters come before.
    pub fn starting_at(first: usize) -> Binds {
        Binds { first, ..Binds::default() }
    }

    /// Adds a value and answers its placeholder, `$n`. Text that is already bound keeps its number.
    pub fn bind(&mut self, bind: Bind) -> String {
        let next = self.first + self.values.len();
        if let Bind::Text(text) = &bind {
            let number = *self.texts.entry(text.clone()).or_insert(next);
            if number != next {
                return format!("${number}");
            }
        }
        self.values.push(bind);
        format!("${next}")
    }

    /// The values, in the order of their numbers.
    pub fn values(&self) -> &[Bind] {
        &self.values
    }
}
