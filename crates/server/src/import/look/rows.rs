//! The rows of a file, one by one, each with what it makes.

use std::sync::Arc;

use crate::import::{
    fault::Fault,
    file::reader::{Reader, Step},
    look::plan::Plan,
    row::Row,
};

/// The rows of a file. They end before the place where it is broken; an error ends them too: it cannot be read on.
pub struct Rows {
    reader: Reader,
    plan: Arc<Plan>,
    record: u64,
    from: u64,
    is_over: bool,
}

impl Rows {
    /// The rows after the first `from`, of a reader that stands before the first.
    pub(crate) fn new(reader: Reader, plan: Arc<Plan>, from: u64) -> Rows {
        Rows { reader, plan, record: 0, from, is_over: false }
    }
}

impl Iterator for Rows {
    type Item = Result<Row, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            match self.reader.next() {
                Ok(Step::Row(found)) => {
                    self.record += 1;
                    if self.record > self.from {
                        let line = found.line;
                        let (raw, made) = self.plan.made(found);
                        return Some(Ok(Row { record: self.record, line, raw, made }));
                    }
                }
                Ok(Step::End | Step::Broken(..)) => self.is_over = true,
                Err(fault) => {
                    self.is_over = true;
                    return Some(Err(fault));
                }
            }
        }
        None
    }
}
