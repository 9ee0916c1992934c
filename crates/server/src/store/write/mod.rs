//! Group commit: calls that arrive together share one transaction and one fsync; each gets its own answer.
//!
//! `queue` gathers and hands out, `run` makes a transaction of what was gathered, `present` reads the rows concerned,
//! `fold` puts the calls through the pure merge in order, `rows` writes what changed, `relocate` moves a relationship to
//! another customer.

mod fold;
mod present;
mod queue;
mod relocate;
mod request;
mod rows;
mod run;

pub use queue::Writer;
pub use relocate::move_customer;

pub use super::receipt::{Identified, Once, Outcome, Receipt};
