//! The database of an administrative command: the one named by --database-url, or the running server's own.

use server::{
    config,
    embedded::{DataDir, Postgres},
    model::{Email, Project, Slug},
    store::{self, AccountId, Store},
};

use crate::{
    failure::{Failure, sentence},
    output::note,
};

/// Connections of a command: one writes, one reads along.
const POOL: usize = 4;

/// Which database, and which account in it.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Database")]
pub struct Place {
    #[command(flatten)]
    database: config::Database,

    /// The account's id, when the database has several
    #[arg(long, env = "TINYCRM_ACCOUNT", value_name = "ID")]
    account: Option<String>,
}

/// An open database, and the account that the command is about.
pub struct Opened {
    /// The database.
    pub store: Store,
    /// The account.
    pub account: AccountId,
    /// Goes last: what closes the store's connections before the private Postgres may stop.
    _database: Database,
}

impl Opened {
    /// Waits until a running server has seen what the command wrote, so that whoever asks it next finds that there.
    pub async fn settle(&self) {
        // What was written stands. If nobody can say how far the server is, that is no failure of the command.
        let _ = self.store.followed(self.account).await;
    }
}

impl Place {
    /// Opens the database and finds the account.
    pub async fn open(&self) -> Result<Opened, Failure> {
        let database = Database::attach(&self.database).await?;
        let store = Store::open(database.settings.clone(), POOL)?;
        store::migrate::run(&store).await?;
        let accounts = store::accounts(&store).await?;
        let account = self.choose(&accounts)?;
        Ok(Opened { store, account, _database: database })
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

/// A database that can be connected to. The private Postgres, where there is one, is held as long as this lives.
pub struct Database {
    /// How to connect.
    pub settings: tokio_postgres::Config,
    /// The private Postgres.
    pub private: Option<Postgres>,
}

impl Database {
    /// For the server: starts the private Postgres unless another database is named.
    pub async fn start(database: &config::Database) -> Result<Database, Failure> {
        if let Some(url) = &database.database_url {
            return external(url);
        }
        let dir = DataDir::locate(database)?;
        if let Some(asked) = dir.moved_from() {
            let (asked, path) = (asked.display(), dir.path().display());
            note(format_args!("note: the data is in {path}, because the user postgres cannot reach {asked}"));
        }
        Ok(private(Postgres::start(&dir).await?))
    }

    /// For a command: the database of the running server, or of one that is started just for the command.
    async fn attach(database: &config::Database) -> Result<Database, Failure> {
        if let Some(url) = &database.database_url {
            return external(url);
        }
        let dir = DataDir::locate(database)?;
        if !dir.path().join("postgres").exists() {
            // Only if it is empty: looking for it has just made it.
            let _ = std::fs::remove_dir(dir.path());
            return Err(Failure::new(format!("There is no database in {}.", dir.path().display()))
                .hint("Run this where the server runs, or name its --data-dir or --database-url."));
        }
        Ok(private(Postgres::attach(&dir).await?))
    }
}

fn private(postgres: Postgres) -> Database {
    Database { settings: postgres.config(), private: Some(postgres) }
}

fn external(url: &str) -> Result<Database, Failure> {
    let settings = url.parse().map_err(|_| {
        // The URL may hold a password: it is not repeated.
        Failure::usage("That --database-url is not a Postgres address.")
            .hint("It looks like postgres://user:password@host:5432/name.")
    })?;
    Ok(Database { settings, private: None })
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

/// Reads an address that names a customer: as it is written, for an earlier version may have stored it so.
pub fn address(text: &str) -> Result<String, String> {
    email(text).map(|_| text.trim().to_lowercase())
}

/// Reads an e-mail address of the command line.
pub fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|e| sentence(&e.to_string()))
}
