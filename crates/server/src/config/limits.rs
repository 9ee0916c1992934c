//! How much of everything one may take: each limit with its flag and default. docs/operations.md lists them, by a test.

use std::{num::NonZeroU32, time::Duration};

use super::Bytes;

/// The limits of the server.
#[derive(Clone, Debug, clap::Args)]
pub struct Limits {
    /// Connections at once; what the process may open as files limits them too
    #[arg(long, env = "TINYCRM_CONNECTIONS", value_name = "COUNT", value_parser = count, default_value_t = 10_000)]
    pub connections: usize,

    /// Connections at once from one address; a trusted proxy may have all
    #[arg(long, env = "TINYCRM_CONNECTIONS_PER_ADDRESS", value_name = "COUNT", value_parser = count, default_value_t = 4_000)]
    pub connections_per_address: usize,

    /// How long the headers of a request may take
    #[arg(long, env = "TINYCRM_HEAD_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub head_timeout: Duration,

    /// How long a connection is kept between two requests: longer than a proxy in front keeps it
    #[arg(long, env = "TINYCRM_IDLE_TIMEOUT", value_name = "DURATION", default_value = "75s", value_parser = duration)]
    pub idle_timeout: Duration,

    /// How long a client is waited for while it sends a body or takes an answer; what it moves gives it time back
    #[arg(long, env = "TINYCRM_PATIENCE", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub patience: Duration,

    /// How many bytes give a second of it back
    #[arg(long, env = "TINYCRM_PATIENCE_RATE", value_name = "BYTES", default_value = "4K")]
    pub patience_rate: Bytes,

    /// Memory for bodies that are read or worked on, at once
    #[arg(long, env = "TINYCRM_BODY_MEMORY", value_name = "BYTES", default_value = "256M")]
    pub body_memory: Bytes,

    /// The same for one address; a trusted proxy that forwards none may have all
    #[arg(long, env = "TINYCRM_BODY_MEMORY_PER_ADDRESS", value_name = "BYTES", default_value = "64M")]
    pub body_memory_per_address: Bytes,

    /// Requests a second from one address; a trusted proxy that forwards none may send any number
    #[arg(long, env = "TINYCRM_REQUESTS_PER_ADDRESS", value_name = "COUNT", value_parser = rate, default_value = "10000")]
    pub requests_per_address: NonZeroU32,

    /// Requests a second with the keys of one account
    #[arg(long, env = "TINYCRM_REQUESTS_PER_ACCOUNT", value_name = "COUNT", value_parser = rate, default_value = "10000")]
    pub requests_per_account: NonZeroU32,

    /// Requests a second with one key
    #[arg(long, env = "TINYCRM_REQUESTS_PER_KEY", value_name = "COUNT", value_parser = rate, default_value = "5000")]
    pub requests_per_key: NonZeroU32,

    /// Calls a minute with publishable keys from one address, and as many at once
    #[arg(long, env = "TINYCRM_BROWSER_CALLS_PER_ADDRESS", value_name = "COUNT", value_parser = rate, default_value = "600")]
    pub browser_calls_per_address: NonZeroU32,

    /// Imports that are received or written at once
    #[arg(long, env = "TINYCRM_IMPORTS", value_name = "COUNT", value_parser = count, default_value_t = 8)]
    pub imports: usize,

    /// Imports of one account at once
    #[arg(long, env = "TINYCRM_IMPORTS_PER_ACCOUNT", value_name = "COUNT", value_parser = count, default_value_t = 4)]
    pub imports_per_account: usize,

    /// Streams of events that are open at once
    #[arg(long, env = "TINYCRM_STREAMS", value_name = "COUNT", value_parser = count, default_value_t = 2_000)]
    pub streams: usize,

    /// Streams of one account at once
    #[arg(long, env = "TINYCRM_STREAMS_PER_ACCOUNT", value_name = "COUNT", value_parser = count, default_value_t = 200)]
    pub streams_per_account: usize,

    /// Streams to one address at once; a trusted proxy that forwards none may have all
    #[arg(long, env = "TINYCRM_STREAMS_PER_ADDRESS", value_name = "COUNT", value_parser = count, default_value_t = 100)]
    pub streams_per_address: usize,

    /// How long the database may be silent before whoever waits for it is told that it is away
    #[arg(long, env = "TINYCRM_DATABASE_PATIENCE", value_name = "DURATION", default_value = "4s", value_parser = duration)]
    pub database_patience: Duration,

    /// New keys of params that a publishable key may bring its project in a day
    #[arg(long, env = "TINYCRM_NEW_PATHS_PER_PUBLISHABLE_KEY", value_name = "COUNT", value_parser = count, default_value_t = 1_000)]
    pub new_paths_per_publishable_key: usize,
}

/// Nobody is waited for longer, and a clock must be able to count to it.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A time as people write it: `75s`, `1m 30s`, or seconds alone.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().map(Duration::from_secs);
    let written = || Duration::try_from(text.parse::<jiff::SignedDuration>().ok()?).ok();
    let read = seconds.or_else(written).filter(|duration| !duration.is_zero() && *duration <= LONGEST);
    read.ok_or_else(|| "a time is a number with its unit, such as 75s, 500ms or 2m; at most a day".to_owned())
}

/// How often something may be: more than a million times a second is no limit, and no clock tells it apart.
fn rate(text: &str) -> Result<NonZeroU32, String> {
    text.parse()
        .ok()
        .filter(|count: &NonZeroU32| count.get() <= 1_000_000)
        .ok_or_else(|| "it is a whole number from 1 to 1000000".to_owned())
}

/// How many of something: with none of it, nobody would be answered.
pub(super) fn count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "it is a whole number from 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_people_write_it() {
        for (text, millis) in
            [("75", 75_000), ("75s", 75_000), ("1m 30s", 90_000), ("500ms", 500), ("2m", 120_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "0", "0s", "-1s", "soon", "1 fortnight", "1e9", "25h", "18446744073709551615"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_limit_is_not_nothing() {
        assert_eq!(count("1"), Ok(1));
        for text in ["", "0", "-1", "many", "1.5"] {
            assert!(count(text).is_err(), "{text}");
        }
    }
}
