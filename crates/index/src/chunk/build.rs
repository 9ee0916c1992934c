//! Makes chunks of relationships, one after the other, in any order.

use filter::Document;
use uuid::Uuid;

use super::{BUILT_IN, Chunk, builders::Builders, text};
use crate::column::Symbol;

/// A chunk that takes rows in: relationships of one project, at most [`super::ROWS_MAX`].
#[derive(Default)]
pub(crate) struct ChunkBuilder {
    /// The customers of the rows, in order of appearance.
    customers: Vec<Uuid>,
    builders: Builders,
    /// The path of the value that is being taken in.
    key: String,
}

impl ChunkBuilder {
    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.customers.len()
    }

    /// Takes a relationship in.
    pub(crate) fn push(&mut self, customer: Uuid, document: &Document<'_>) {
        let row = self.begin(customer, document);
        self.builders.walk(row, document.params, &mut self.key, false);
    }

    /// Takes a relationship in whose params are JSON text; those of the document do not count. Fails on what is no object.
    pub(crate) fn push_text(
        &mut self,
        customer: Uuid,
        document: &Document<'_>,
        params: &[u8],
    ) -> Result<(), serde_json::Error> {
        let row = self.begin(customer, document);
        self.key.clear();
        text::read(params, &mut self.builders, row, &mut self.key)
    }

    fn begin(&mut self, customer: Uuid, document: &Document<'_>) -> u16 {
        let row = self.customers.len() as u16; // fits, see above
        self.customers.push(customer);
        for (field, builder) in BUILT_IN.iter().zip(self.builders.built_in()) {
            if let Some(value) = Symbol::read(document, field) {
                builder.put(row, &value);
            }
        }
        row
    }

    /// The chunk, and the customers of its rows in order. Of several rows of one customer the last counts.
    pub(crate) fn finish(mut self) -> (Vec<Uuid>, Chunk) {
        if self.customers.is_sorted_by(|a, b| a < b) {
            let chunk = self.builders.finish(self.customers.len());
            return (self.customers, chunk);
        }
        let mut order: Vec<usize> = (0..self.customers.len()).collect();
        order.sort_by(|a, b| self.customers[*a].cmp(&self.customers[*b]).then(b.cmp(a)));
        order.dedup_by_key(|row| self.customers[*row]);
        let mut places = vec![None; self.customers.len()];
        order.iter().enumerate().for_each(|(place, row)| places[*row] = Some(place as u16));
        self.builders.each(|builder| builder.renumber(&places));
        let customers = order.iter().map(|row| self.customers[*row]).collect();
        (customers, self.builders.finish(order.len()))
    }
}
