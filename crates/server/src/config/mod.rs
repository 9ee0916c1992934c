//! Every setting of the server: one struct, read from flags and environment; `--help` is its manual.

pub mod address;
mod limits;
pub mod memory;

use std::{net::SocketAddr, path::PathBuf};

pub use limits::Limits;
pub use memory::Bytes;

/// Where the database is. Commands that need it share these flags with `serve`.
#[derive(Clone, Debug, clap::Args)]
pub struct Database {
    /// Use this Postgres (14 or newer) instead of the private one
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// Where the private Postgres and its data live
    #[arg(long, env = "TINYCRM_DATA_DIR", value_name = "DIR", default_value = "data")]
    pub data_dir: PathBuf,

    /// The folder of the programs `postgres` and `initdb` that run the private Postgres [default: what is installed]
    #[arg(long, env = "TINYCRM_PG_BIN", value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,

    /// Start even if the database may lose what it has acknowledged (fsync, full_page_writes or synchronous_commit off)
    #[arg(long, env = "TINYCRM_ALLOW_UNSAFE_POSTGRES")]
    pub allow_unsafe_postgres: bool,
}

/// How the server listens.
#[derive(Clone, Debug, clap::Args)]
pub struct Server {
    /// The address to listen on
    #[arg(long, env = "TINYCRM_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:7878")]
    pub listen: SocketAddr,

    /// The address that people and apps use, for links and cookies [default: http://ADDRESS]
    #[arg(long, env = "TINYCRM_PUBLIC_URL", value_name = "URL", value_parser = address::origin)]
    pub public_url: Option<String>,

    /// Take the client's address from X-Forwarded-For when the request comes from this proxy (may be repeated)
    #[arg(long, env = "TINYCRM_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',')]
    pub trusted_proxy: Vec<std::net::IpAddr>,

    /// Serve /metrics for Prometheus, on this address alone: it tells of all accounts [default: nowhere]
    #[arg(long, env = "TINYCRM_METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,

    /// Connections to the database, beside up to 6 for the index and two to see that it answers; fewer where it allows fewer
    #[arg(long, env = "TINYCRM_POOL", value_name = "COUNT", value_parser = limits::count, default_value_t = 16)]
    pub pool: usize,

    /// Memory for the index, such as 512M or 4G; accounts that do not fit are answered by the database [default: a
    /// quarter of the machine's]
    #[arg(long, env = "TINYCRM_INDEX_MEMORY", value_name = "BYTES")]
    pub index_memory: Option<Bytes>,

    /// How much of everything one may take
    #[command(flatten, next_help_heading = "Limits")]
    pub limits: Limits,
}

impl Server {
    /// How many bytes the index may take.
    pub fn index_memory(&self) -> u64 {
        self.index_memory.map_or_else(|| memory::available() / 4, |bytes| bytes.0)
    }

    /// The address for links, without a slash at its end.
    pub fn public_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.clone(),
            None => format!("http://{}", self.listen),
        }
    }
}
