//! Group commit: calls that arrive together share one transaction and one fsync; each gets its own answer.
//!
//! `writer` gathers and hands out, `queue` says who is next, `claim` which keys are under way; `run` makes a transaction of
//! what was gathered, `present` reads the rows concerned and `recall` as much of their past as late calls need, `fold` puts
//! the calls through the pure merge in order, `rows` writes what changed, `relocate` moves a relationship to another
//! customer. `unite` makes one person of two, and `interleave` one log; `undo` takes that back, and `correct` sets dates of
//! the past right; `words` says what either comes to.

mod begun;
mod claim;
mod correct;
mod entered;
mod fold;
mod interleave;
mod present;
mod queue;
mod recall;
mod relocate;
mod request;
mod rows;
mod run;
mod undo;
mod unite;
mod words;
mod writer;

pub(in crate::store) use begun::Begun;
pub use correct::{Corrected, Correction, Dates, correct, preview_correction};
pub(in crate::store) use recall::POINTS;
pub use relocate::move_customer;
pub(in crate::store) use undo::{KEPT as MERGES_KEPT, expire as expire_merges};
pub use undo::{Undo, undo_merge, undoable};
pub use unite::{Difference, Merge, Part, merge_customers, preview_merge};
pub use writer::Writer;

pub use super::receipt::{Identified, Once, Outcome, Receipt};
