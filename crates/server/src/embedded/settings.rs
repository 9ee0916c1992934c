//! What Postgres is told: safe, private, quiet, and sized to the machine.

use crate::config::memory::available;

const MIB: u64 = 1 << 20;

/// The settings as `name=value`. They come before what the cluster's `postgresql.conf` says.
pub(super) fn all() -> Vec<String> {
    let mut settings: Vec<String> = FIXED.iter().map(|&setting| setting.to_owned()).collect();
    settings.extend(sized_to(available()));
    settings
}

/// `terse` and the level of statements keep customers' data out of the log: erasing a person must not miss a file.
const FIXED: [&str; 15] = [
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
    "log_checkpoints=off",
    // Filters are many, short and different: compiling them costs more than it saves.
    "jit=off",
    // Right after a first import the planner knows nothing yet of what was imported: it learns within seconds.
    "autovacuum_naptime=5s",
    "random_page_cost=1.1",
    "max_wal_size=2GB",
];

/// The server's own index lives in the same memory, so Postgres takes an eighth and counts on the system's cache.
fn sized_to(memory: u64) -> [String; 4] {
    let mib = |bytes: u64, least: u64, most: u64| (bytes / MIB).clamp(least, most);
    [
        format!("shared_buffers={}MB", mib(memory / 8, 32, 4096)),
        format!("effective_cache_size={}MB", mib(memory / 2, 128, 1 << 20)),
        format!("maintenance_work_mem={}MB", mib(memory / 32, 32, 1024)),
        format!("work_mem={}MB", mib(memory / 256, 4, 64)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_shared_out() {
        assert_eq!(sized_to(16384 * MIB)[0], "shared_buffers=2048MB");
        assert_eq!(
            sized_to(256 * MIB),
            [
                "shared_buffers=32MB",
                "effective_cache_size=128MB",
                "maintenance_work_mem=32MB",
                "work_mem=4MB"
            ]
        );
    }

    #[test]
    fn nothing_that_was_acknowledged_can_be_lost() {
        for setting in ["fsync=on", "full_page_writes=on", "synchronous_commit=on", "listen_addresses="] {
            assert!(all().iter().any(|s| s == setting), "{setting}");
        }
    }
}
