//! Calls on their way together: as many as one batch takes.

use serde_json::{Map, Value};

use super::report::Rejected;

/// The most calls of a batch.
const CALLS_MAX: usize = 1000;
/// The most bytes of their JSON: well under the 16 MiB of a batch's body.
const BYTES_MAX: usize = 4 << 20;

/// Lines that are sent, or rejected, in one step.
#[derive(Default)]
pub struct Chunk {
    /// The calls as JSON, each with its line.
    pub calls: Vec<(u64, String)>,
    /// Lines that make no call.
    pub rejected: Vec<Rejected>,
    bytes: usize,
}

impl Chunk {
    /// Whether a call fits beside those that are in already.
    pub fn takes(&self, call: &str) -> bool {
        self.calls.is_empty() || self.calls.len() < CALLS_MAX && self.bytes + call.len() < BYTES_MAX
    }

    /// Whether there is enough to note as a step.
    pub fn is_full(&self) -> bool {
        self.calls.len() >= CALLS_MAX || self.rejected.len() >= CALLS_MAX
    }

    /// Adds a call.
    pub fn push(&mut self, line: u64, call: String) {
        self.bytes += call.len();
        self.calls.push((line, call));
    }

    /// Adds a line that makes no call.
    pub fn reject(&mut self, line: u64, reason: String) {
        self.rejected.push(Rejected { line, reason });
    }

    /// The last line in it.
    pub fn last_line(&self) -> Option<u64> {
        let call = self.calls.last().map(|(line, _)| *line);
        call.max(self.rejected.last().map(|rejected| rejected.line))
    }
}

/// A call as it is sent.
pub fn text(call: Map<String, Value>) -> String {
    Value::Object(call).to_string()
}
