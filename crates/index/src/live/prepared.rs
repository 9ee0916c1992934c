//! Rows on their way into an index, as chunks already.

use std::collections::{BTreeMap, HashMap};

use filter::Document;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Row,
    chunk::{Chunk, ChunkBuilder, ROWS_MAX},
    past::Entered,
};

/// A chunk is also full when its rows hold so many bytes of text.
const BYTES_MAX: usize = 256 << 20;

/// Rows put into columns, on their way into an [`crate::Index`]. Making it is the costly part, and needs no index.
#[derive(Default)]
pub struct Prepared {
    pub(super) closed: Vec<Closed>,
    /// What was entered into the past, by project and customer.
    pub(super) past: HashMap<(Uuid, Uuid), Entered>,
}

/// Rows of one project.
pub(super) struct Closed {
    pub(super) project: Uuid,
    /// The customers of the rows, in order.
    pub(super) customers: Vec<Uuid>,
    pub(super) chunk: Chunk,
}

impl Prepared {
    /// Puts rows into columns: any number, of any projects, in any order. Of several rows of one project and customer
    /// the last counts.
    pub fn new(rows: &[Row]) -> Prepared {
        let mut preparing = Preparing::default();
        rows.iter().for_each(|row| preparing.push(row));
        preparing.finish()
    }

    /// The same with what is entered into the past of its rows, by project and customer. It counts where the index
    /// remembers.
    pub fn with_past(self, past: HashMap<(Uuid, Uuid), Entered>) -> Prepared {
        Prepared { past, ..self }
    }
}

/// Rows that are put into columns as they come.
#[derive(Default)]
pub struct Preparing {
    open: BTreeMap<Uuid, Open>,
    full: Vec<Closed>,
}

/// A chunk of a project that takes rows in.
#[derive(Default)]
struct Open {
    chunk: ChunkBuilder,
    bytes: usize,
}

impl Preparing {
    /// Takes a row in.
    pub fn push(&mut self, row: &Row) {
        let bytes = row.params.iter().map(|(key, value)| key.len() + weight(value)).sum::<usize>();
        self.open(row.project, bytes + row.email.len()).push(row.customer, &row.document(false));
    }

    /// Takes a row in whose params are JSON text; those of the document do not count. Fails on what is no object; then
    /// everything that was taken in is of no use.
    pub fn push_text(
        &mut self,
        customer: Uuid,
        document: &Document<'_>,
        params: &[u8],
    ) -> Result<(), serde_json::Error> {
        self.open(document.project, params.len() + document.email.len()).push_text(customer, document, params)
    }

    /// The chunk that has room for one row more of so many bytes.
    fn open(&mut self, project: Uuid, bytes: usize) -> &mut ChunkBuilder {
        let open = self.open.entry(project).or_default();
        if open.chunk.len() == ROWS_MAX || (open.bytes + bytes > BYTES_MAX && open.chunk.len() > 0) {
            self.full.push(Closed::of(project, std::mem::take(open)));
        }
        open.bytes += bytes;
        &mut open.chunk
    }

    /// Everything that was taken in.
    pub fn finish(self) -> Prepared {
        let open = self.open.into_iter().map(|(project, open)| Closed::of(project, open));
        Prepared { closed: self.full.into_iter().chain(open).collect(), past: HashMap::new() }
    }
}

impl Closed {
    fn of(project: Uuid, open: Open) -> Closed {
        let (customers, chunk) = open.chunk.finish();
        Closed { project, customers, chunk }
    }
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
