//! An import: a file's lines become calls, go out in chunks, and what is done is noted after each.

mod chunk;
mod columns;
mod draft;
mod report;
mod rules;
mod sink;
mod source;
mod state;
mod value;

pub use columns::Columns;
pub use report::{Rejected, Report};
pub use rules::{Rules, Target};
pub use sink::Sink;
pub use source::{Format, Source};
pub use state::{Progress, State, subject};
pub use value::Type;

use chunk::Chunk;
use sink::Name;

use crate::failure::Failure;

/// An import under way.
pub struct Import {
    /// The file.
    pub source: Source,
    /// Where its calls go.
    pub sink: Sink,
    /// What is done.
    pub progress: Progress,
    /// What was rejected.
    pub report: Report,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Calls that were stored, those of earlier runs too.
    pub imported: u64,
    /// Lines that were rejected, those of earlier runs too.
    pub rejected: u64,
    /// The first calls, as they were sent.
    pub sample: Vec<String>,
    /// The first lines that were rejected in this run.
    pub refused: Vec<Rejected>,
}

/// How many calls and rejected lines are kept to be shown.
const SHOWN: usize = 5;

impl Import {
    /// Imports to the end of the file; `tick` hears after each step how many lines were imported and rejected.
    pub fn run(mut self, tick: impl Fn(&State)) -> Result<Outcome, Failure> {
        let mut outcome = Outcome::default();
        let mut chunk = Chunk::default();
        while let Some(line) = self.source.next()? {
            if line.number <= self.progress.state.line {
                continue;
            }
            match line.call.map(chunk::text) {
                Ok(call) => {
                    if !chunk.takes(&call) {
                        self.step(std::mem::take(&mut chunk), &mut outcome)?;
                        tick(&self.progress.state);
                    }
                    chunk.push(line.number, call);
                }
                Err(reason) => chunk.reject(line.number, reason),
            }
            if chunk.is_full() {
                self.step(std::mem::take(&mut chunk), &mut outcome)?;
                tick(&self.progress.state);
            }
        }
        self.step(chunk, &mut outcome)?;
        tick(&self.progress.state);
        let State { imported, rejected, .. } = self.progress.state;
        self.progress.finish()?;
        Ok(Outcome { imported, rejected, ..outcome })
    }

    /// Sends a chunk, reports what was rejected, notes that it is done: in this order, so that a kill between any two
    /// costs a repetition, which the idempotency key makes harmless, and never a line.
    fn step(&mut self, chunk: Chunk, outcome: &mut Outcome) -> Result<(), Failure> {
        let Some(last) = chunk.last_line() else { return Ok(()) };
        let state = &mut self.progress.state;
        let name = Name { import: state.import, line: state.line + 1 };
        let mut rejected = self.sink.send(&chunk, name)?;
        state.imported += (chunk.calls.len() - rejected.len()) as u64;
        rejected.extend(chunk.rejected);
        rejected.sort_by_key(|rejected| rejected.line);
        state.rejected += rejected.len() as u64;
        state.report_bytes = self.report.add(&rejected)?;
        state.line = last;
        self.progress.save()?;
        let room = SHOWN.saturating_sub(outcome.sample.len());
        outcome.sample.extend(chunk.calls.into_iter().take(room).map(|(_, call)| call));
        let room = SHOWN.saturating_sub(outcome.refused.len());
        outcome.refused.extend(rejected.into_iter().take(room));
        Ok(())
    }
}
