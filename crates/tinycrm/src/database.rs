//! The database of an administrative command: the one named by --database-url, or the running server's own.

use server::{
    config,
    model::{Email, Project, Slug},
    store::{self, AccountId, Store},
};

use crate::failure::{Failure, sentence};

/// Connections of a command: one writes, one reads along.
const POOL: usize = 4;

/// Which database, and which account in it.
#[derive(Clone, Debug, clap::Args)]
pub struct Place {
    #[command(flatten)]
    database: config::Database,

    /// The account's id, when the database has several
    #[arg(long, env = "TINYCRM_ACCOUNT", value_name = "ID")]
    account: Option<String>,
}

/// An open database, and the account that the command is about.
pub struct Opened {
    pub store: Store,
    pub account: AccountId,
}

impl Place {
    /// Opens the database and finds the account.
    pub async fn open(&self) -> Result<Opened, Failure> {
        let store = open(&self.database).await?;
        let accounts = store::accounts(&store).await?;
        let account = self.choose(&accounts)?;
        Ok(Opened { store, account })
    }

    fn choose(&self, accounts: &[AccountId]) -> Result<AccountId, Failure> {
        let names = || accounts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match (&self.account, accounts) {
            (None, [one]) => Ok(*one),
            (_, []) => Err(Failure::new("This database has no account yet.")
                .hint("Start the server once: `tinycrm serve` makes the account and its owner.")),
            (None, _) => Err(Failure::usage(format!("This database has {} accounts.", accounts.len()))
                .hint(format!("Name one with --account: {}.", names()))),
            (Some(id), _) => accounts.iter().find(|a| a.to_string() == *id).copied().ok_or_else(|| {
                Failure::new(format!("No account {id} in this database."))
                    .hint(format!("It has: {}.", names()))
            }),
        }
    }
}

/// Opens the database with its schema up to date.
async fn open(database: &config::Database) -> Result<Store, Failure> {
    let store = Store::open(settings(database).await?, POOL)?;
    store::migrate::run(&store).await?;
    Ok(store)
}

/// How to connect: as --database-url says, or to the private Postgres of the data directory.
pub async fn settings(database: &config::Database) -> Result<tokio_postgres::Config, Failure> {
    let Some(url) = &database.database_url else {
        return Err(Failure::usage("No database was named.").hint("Name one with --database-url."));
    };
    url.parse().map_err(|_| {
        // The URL may hold a password: it is not repeated.
        Failure::usage("That --database-url is not a Postgres address.")
            .hint("It looks like postgres://user:password@host:5432/name.")
    })
}

/// The project of that slug, or an error that names those that exist.
pub async fn project(store: &Store, account: AccountId, slug: &Slug) -> Result<Project, Failure> {
    let all = store::project::list(store, account).await?;
    let names = all.iter().map(|p| p.slug.as_str()).collect::<Vec<_>>().join(", ");
    all.into_iter().find(|p| p.slug == *slug).ok_or_else(|| {
        let among = if names.is_empty() { String::new() } else { format!("It has {names}. ") };
        Failure::new(format!("There is no project {slug} in this account."))
            .hint(format!("{among}`tinycrm project create {slug}` makes it."))
    })
}

/// Reads an e-mail address of the command line.
pub fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|e| sentence(&e.to_string()))
}
