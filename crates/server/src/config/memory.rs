//! Memory: how much the machine has, and amounts of it as people write them.

use std::{fmt, fs, str::FromStr};

const GIB: u64 = 1 << 30;

/// What is assumed where the machine does not say how much memory it has.
const UNKNOWN: u64 = 2 * GIB;

/// What may follow a number, and what it multiplies by.
const SUFFIXES: [(&str, u64); 4] = [("T", GIB << 10), ("G", GIB), ("M", 1 << 20), ("K", 1 << 10)];

/// An amount of memory: `512M`, `4G`, or plain bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = text.trim().to_ascii_uppercase();
        let plain = plain.strip_suffix('B').unwrap_or(&plain);
        let plain = plain.strip_suffix('I').unwrap_or(plain);
        let of = |(suffix, factor): &(&str, u64)| Some((plain.strip_suffix(suffix)?, *factor));
        let (number, factor) = SUFFIXES.iter().find_map(of).unwrap_or((plain, 1));
        let number: Option<u64> = number.trim().parse().ok();
        number
            .and_then(|number| number.checked_mul(factor))
            .map(Bytes)
            .ok_or_else(|| "an amount of memory is a number with K, M, G or T, such as 512M or 4G".to_owned())
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |(_, factor): &&(&str, u64)| self.0 != 0 && self.0.is_multiple_of(*factor);
        match SUFFIXES.iter().find(whole) {
            Some((suffix, factor)) => write!(f, "{}{suffix}", self.0 / factor),
            None => self.0.fmt(f),
        }
    }
}

/// The memory of the machine, or of the container if that is less.
pub fn available() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text)).unwrap_or(UNKNOWN);
    let container =
        fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    machine.min(container.unwrap_or(u64::MAX))
}

/// The bytes in `MemTotal:       24689852 kB`.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_how_much_it_has() {
        assert_eq!(total("MemTotal:       16777216 kB\nMemFree: 1 kB\n"), Some(16 * GIB));
        assert_eq!(total("nonsense"), None);
        assert!(available() > 0);
    }

    #[test]
    fn amounts_are_read_and_written_as_people_write_them() {
        for (text, bytes) in
            [("512M", 512 << 20), ("4g", 4 * GIB), ("2GiB", 2 * GIB), ("100 kB", 100 << 10), ("77", 77)]
        {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
        for text in ["", "M", "-1", "1.5G", "4X", "99999999999T"] {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
        }
        for text in ["512M", "4G", "77", "3T", "0"] {
            assert_eq!(text.parse::<Bytes>().map(|bytes| bytes.to_string()), Ok(text.to_owned()));
        }
    }
}
