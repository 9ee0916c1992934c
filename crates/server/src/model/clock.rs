//! The one place that reads the clock; everything else is handed a time.

use jiff::{Timestamp, Unit};

/// The present instant, in whole microseconds: what Postgres can store.
pub fn now() -> Timestamp {
    Timestamp::now().round(Unit::Microsecond).unwrap_or(Timestamp::MAX)
}
