//! Whether the database can be trusted: a 200 means committed, so a database that may forget is refused.

use super::{Error, HEALTH, Store, index::CONNECTIONS};

/// The oldest Postgres whose SQL is used here, as `server_version_num` says it.
const OLDEST: i32 = 140_000;

/// What must not be off for a commit to be one.
const DURABLE: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];

/// Connections that are left to commands and to whoever looks after the database.
const SPARE: usize = 2;

/// What is worth telling the operator, though the server can start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The settings that are off, allowed by `--allow-unsafe-postgres`.
    Unsafe(Vec<String>),
    /// The role can do anything to every database there; one of its own would be better.
    Superuser(String),
    /// It is on another machine, and the connection is not encrypted.
    Plain,
    /// It allows fewer connections than the server was to have.
    Connections {
        /// How many it allows.
        allowed: usize,
        /// The pool that they are enough for.
        pool: usize,
    },
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Warning::Unsafe(off) => {
                write!(f, "this database may lose acknowledged writes: {} off, as allowed", off.join(", "))
            }
            Warning::Plain => f.write_str(
                "the connection to the database goes over the network without TLS; set sslmode=require in DATABASE_URL",
            ),
            Warning::Connections { allowed, pool } => write!(
                f,
                "this database allows {allowed} connections, so the pool has {pool}; raise max_connections for more"
            ),
            Warning::Superuser(role) => write!(
                f,
                "role {role} is a superuser of this database server; give TinyCRM a role and a database of its own"
            ),
        }
    }
}

/// Refuses a database that is too old, or that may lose what it has acknowledged unless `allow_unsafe`. `private` is
/// our own Postgres, whose superuser we are meant to be.
pub async fn check(store: &Store, private: bool, allow_unsafe: bool) -> Result<Vec<Warning>, Error> {
    let client = store.client().await?;
    let row = client
        .query_one(
            "select current_setting('server_version_num')::int, current_setting('server_version'),
                    current_user::text, (select rolsuper from pg_roles where rolname = current_user),
                    array(select name::text from pg_settings where name = any($1) and setting = 'off' order by name),
                    inet_server_addr() is not null and not inet_server_addr() <<= any('{127.0.0.0/8, ::1/128}'::inet[])
                        and not (select ssl from pg_stat_ssl where pid = pg_backend_pid())",
            &[&DURABLE.as_slice()],
        )
        .await?;
    let version: i32 = row.get(0);
    if version < OLDEST {
        return Err(Error::Config(format!(
            "this is Postgres {}; 14 or newer is needed",
            row.get::<_, &str>(1)
        )));
    }
    let off: Vec<String> = row.get(4);
    if !off.is_empty() && !allow_unsafe {
        return Err(refusal(&off));
    }
    let superuser = row.get::<_, bool>(3) && !private;
    let warnings = [
        (!off.is_empty()).then_some(Warning::Unsafe(off)),
        superuser.then(|| Warning::Superuser(row.get(2))),
        row.get::<_, bool>(5).then_some(Warning::Plain),
    ];
    Ok(warnings.into_iter().flatten().collect())
}

/// The pool that a database has connections for: the one that was wished for, or as much of it as there can be.
pub async fn pool(store: &Store, wished: usize) -> Result<(usize, Option<Warning>), Error> {
    let client = store.client().await?;
    let row = client
        .query_one(
            "select least(
                 current_setting('max_connections')::int - case when rolsuper then 0 else
                     current_setting('superuser_reserved_connections')::int
                         + coalesce(current_setting('reserved_connections', true), '0')::int end,
                 nullif(rolconnlimit, -1),
                 (select nullif(datconnlimit, -1) from pg_database where datname = current_database()))
             from pg_roles where rolname = current_user",
            &[],
        )
        .await?;
    let allowed = usize::try_from(row.get::<_, i32>(0)).unwrap_or(0);
    let fits = (1..=wished).rev().find(|size| size + of_index(*size) + HEALTH + SPARE <= allowed);
    let pool = fits.unwrap_or(1);
    Ok((pool, (pool < wished).then_some(Warning::Connections { allowed, pool })))
}

/// Connections for the index alone, beside a pool of so many.
pub(in crate::store) fn of_index(size: usize) -> usize {
    (size / 2).clamp(3, CONNECTIONS)
}

fn refusal(off: &[String]) -> Error {
    Error::Config(format!(
        "this database may lose what it has acknowledged: {} off. Turn that on in postgresql.conf (or for this role: \
         ALTER ROLE … SET), or start with --allow-unsafe-postgres if losing data is fine.",
        off.join(", ")
    ))
}
