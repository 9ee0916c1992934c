//! What is said of the indexes at `/readyz` and `/metrics`.

use std::{fmt, sync::atomic::Ordering};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Registry,
};

use super::{super::Store, Indexes, standing::Standing};

/// The indexes of the process, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether the accounts that are loaded at the start have been, or were found too large.
    pub started: bool,
    /// Rows that were read to load what is there, and what is being loaded.
    pub read: u64,
    /// Accounts that are answered from memory.
    pub ready: u64,
    /// Those of them whose past is in memory too.
    pub past: u64,
    /// Accounts that are being loaded.
    pub loading: u64,
    /// Accounts that do not fit into memory.
    pub outside: u64,
    /// Bytes in memory, about.
    pub bytes: u64,
    /// Those among them that are distinct strings.
    pub text: u64,
    /// Relationships.
    pub rows: u64,
    /// Distinct paths of params, those of each account.
    pub paths: u64,
    /// Chunks of the columns.
    pub chunks: u64,
    /// How many versions the last account was behind, when it was last looked who had moved.
    pub behind: u64,
}

impl Store {
    /// How the indexes are.
    pub fn index_facts(&self) -> Facts {
        self.indexes.facts()
    }

    /// Adds what the indexes measure to a registry.
    pub fn register_index(&self, registry: &mut Registry) {
        let shared = &self.indexes.0;
        registry.register(
            "index_apply_seconds",
            "Time to bring the index forward after a commit",
            shared.seconds.clone(),
        );
        registry.register(
            "index_differences",
            "Relationships of which the index held something else than Postgres",
            shared.differences.clone(),
        );
        registry.register(
            "log_differences",
            "Relationships of which the log of changes, replayed, told something else than the row",
            self.log_differences.clone(),
        );
        registry.register_collector(Box::new(self.indexes.clone()));
    }
}

impl Indexes {
    fn facts(&self) -> Facts {
        let mut facts = Facts {
            started: *self.0.started.borrow(),
            behind: self.0.behind.load(Ordering::Relaxed).unsigned_abs(),
            ..Facts::default()
        };
        for held in self.all() {
            match held.published.standing() {
                Standing::Ready(_) => facts.ready += 1,
                Standing::Loading => facts.loading += 1,
                Standing::Outside => facts.outside += 1,
            }
            facts.past += u64::from(held.published.knows_past());
            let size = held.memory.size();
            facts.read += held.rows_read();
            facts.bytes += size.bytes;
            facts.text += size.text;
            facts.rows += size.rows;
            facts.paths += size.paths;
            facts.chunks += size.chunks;
        }
        facts
    }
}

impl fmt::Debug for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Indexes").field(&self.facts()).finish()
    }
}

impl Collector for Indexes {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let facts = self.facts();
        for (name, help, value) in [
            ("index_bytes", "Bytes of the index", facts.bytes),
            ("index_text_bytes", "Those of them that are distinct strings", facts.text),
            ("index_rows", "Relationships in the index", facts.rows),
            ("index_paths", "Distinct paths in the index, those of each account", facts.paths),
            ("index_chunks", "Chunks of the index", facts.chunks),
            ("index_behind", "Versions that the last account was behind its clock", facts.behind),
        ] {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let mut accounts = encoder.encode_descriptor(
            "index_accounts",
            "Accounts by the state of their index; past are those of the ready ones that know it too",
            None,
            MetricType::Gauge,
        )?;
        let states = [
            ("ready", facts.ready),
            ("past", facts.past),
            ("loading", facts.loading),
            ("outside", facts.outside),
        ];
        for (state, count) in states {
            ConstGauge::new(count).encode(accounts.encode_family(&[("state", state)])?)?;
        }
        Ok(())
    }
}
