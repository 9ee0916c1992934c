//! Faults under load: what was acknowledged is there once and whole, of what was refused nothing is, and all goes on by itself.
//!
//! A normal run is the short form. The long form of each, from seconds to an hour:
//!
//! | variable | what it says |
//! |---|---|
//! | `SERVER_KILLS`, `POSTGRES_KILLS` | how often each is killed: 200 and 100 |
//! | `PRUNING_KILLS` | how often the server is killed while it prunes: 10 |
//! | `IMPORT_ROWS` | rows of the import in whose middle the server is killed: 100,000 |
//! | `AWAY` | seconds that a database is stopped, frozen, read-only, out of connections or of room: 60 |
//! | `FAILOVERS` | how often a standby takes over |
//! | `SLOW` | slow connections at once: 2,000 |
//! | `OVERLOAD` | seconds of load at capacity, then of ten times as many callers |
//! | `STEADY` | seconds of half the load, over which the memory is looked at: 3,600 |

// A failed step of a test is a panic, in its helpers too; what was counted is told.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "faults/cluster.rs"]
mod cluster;
#[path = "faults/crowd.rs"]
mod crowd;
#[path = "faults/database.rs"]
mod database;
#[path = "faults/kills.rs"]
mod kills;
#[path = "faults/load.rs"]
mod load;
#[path = "faults/server.rs"]
mod server;

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a fault may have its effects before the test gives up.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a variable says, or what a normal run has.
fn long(variable: &str, normal: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(normal)
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)));
    config.build().into()
}

#[track_caller]
fn wait_until(mut done: impl FnMut() -> bool, what: &str) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}
