//! Rows on their way into an index, as segments already.

use serde_json::Value;
use uuid::Uuid;

use crate::{
    Row,
    segment::{ROWS_MAX, Segment},
};

/// A segment is also full when its rows hold so many bytes of text.
const BYTES_MAX: usize = 256 << 20;

/// Rows put into columns, on their way into an [`crate::Index`]. Making it is the costly part, and needs no index.
#[derive(Default)]
pub struct Prepared {
    pub(super) chunks: Vec<Chunk>,
}

/// Rows of one project.
pub(super) struct Chunk {
    pub(super) project: Uuid,
    /// The customers of the rows, in order.
    pub(super) customers: Vec<Uuid>,
    pub(super) segment: Segment,
}

impl Prepared {
    /// Puts rows into columns: any number, of any projects, in any order. Of several rows of one project and customer
    /// the last counts.
    pub fn new(mut rows: Vec<Row>) -> Prepared {
        let place = |row: &Row| (row.project, row.customer);
        if !rows.is_sorted_by(|a, b| place(a) < place(b)) {
            rows.reverse(); // the sort is stable: of equal ones, the last is now the first, which stays
            rows.sort_by_key(place);
            rows.dedup_by_key(|row| place(row));
        }
        let mut chunks = Vec::new();
        for rows in rows.chunk_by(|a, b| a.project == b.project) {
            let mut rest = rows;
            while !rest.is_empty() {
                let (rows, others) = rest.split_at(fitting(rest));
                let customers = rows.iter().map(|row| row.customer).collect();
                chunks.push(Chunk { project: rows[0].project, customers, segment: Segment::of(rows) });
                rest = others;
            }
        }
        Prepared { chunks }
    }
}

/// How many of the rows one segment can hold; one at least.
fn fitting(rows: &[Row]) -> usize {
    let mut bytes = 0;
    let fits = |row: &&Row| {
        bytes += row.email.len() * 2
            + row.params.iter().map(|(key, value)| key.len() + weight(value)).sum::<usize>();
        bytes <= BYTES_MAX
    };
    rows.iter().take(ROWS_MAX).take_while(fits).count().max(1)
}

/// Bytes of text in a value.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(members) => members.iter().map(weight).sum(),
        Value::Object(object) => object.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}
