//! `tinycrm serve`: the server, and what it says when it is ready.

use std::{io::IsTerminal, net::SocketAddr};

use server::{
    config,
    http::App,
    model::{Email, Role, now},
    store::{self, AccountId, Store, member},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::{member::sign_in_link, welcome};
use crate::{
    database::{self, Database},
    demo::Recipe,
    failure::Failure,
    output::{line, note},
};

/// Start the server
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without --database-url it runs a private Postgres of its own in the data directory. On an empty
database it makes the account and its owner. Ctrl-C (or SIGTERM) finishes what was accepted,
then stops.

Examples:
  tinycrm serve              on http://127.0.0.1:7878, data in ./data
  tinycrm serve --welcome    the same, with demo projects and a first project of your own
  tinycrm serve --database-url postgres://crm@db.example.com/crm \\
    --public-url https://crm.example.com")]
pub struct Serve {
    /// Fill a new account with demo projects and an empty project my-app, and print how to begin
    #[arg(long)]
    welcome: bool,

    /// The owner of a new account
    #[arg(long, env = "TINYCRM_OWNER", value_name = "E-MAIL", default_value = member::UNNAMED, value_parser = database::email)]
    owner: Email,

    /// How many customers the demo has: tests need few
    #[arg(long, env = "TINYCRM_DEMO_CUSTOMERS", value_name = "COUNT", default_value_t = 20_000, hide = true)]
    demo_customers: usize,

    #[command(flatten, next_help_heading = "Server")]
    server: config::Server,
    #[command(flatten, next_help_heading = "Database")]
    database: config::Database,
}

impl Serve {
    /// Serves until it is told to stop.
    pub async fn run(self) -> Result<(), Failure> {
        start_log();
        let stop = Stop::listen()?;
        server::vacant(&self.server).await?;
        let database = Database::start(&self.database).await?;
        let pool = self.trust(&database).await?;
        let (settings, server) = (database.settings.clone(), config::Server { pool, ..self.server.clone() });
        let ready = async |app: &App, address| self.ready(app, address, stop.clone()).await;
        let served = server::serve(settings, server, ready, stop.clone().asked()).await;
        if let Some(postgres) = database.private {
            postgres.stop().await;
        }
        Ok(served?)
    }

    /// Refuses a database that may forget what it has acknowledged. Returns how many connections the pool may have.
    async fn trust(&self, database: &Database) -> Result<usize, Failure> {
        let store = Store::open(database.settings.clone(), 1)?;
        let private = database.private.is_some();
        let warnings = store::settings::check(&store, private, self.database.allow_unsafe_postgres).await?;
        let (pool, fewer) = store::settings::pool(&store, self.server.pool).await?;
        for warning in warnings.into_iter().chain(fewer) {
            tracing::warn!("{warning}");
        }
        Ok(pool)
    }

    /// Says where the server is and how to get in; filling the demo ends at once when the server is to stop.
    async fn ready(&self, app: &App, address: SocketAddr, stop: Stop) {
        tokio::select! {
            greeted = self.greet(app, address) => {
                if let Err(failure) = greeted {
                    note(failure);
                }
            }
            () = stop.asked() => {}
        }
    }

    async fn greet(&self, app: &App, address: SocketAddr) -> Result<(), Failure> {
        // With port 0 only the bound address knows the port.
        let url = config::Server { listen: address, ..self.server.clone() }.public_url();
        let account = account(&app.store).await?;
        let invited = owner_without_password(&app.store, account, &self.owner).await?;
        let recipe = Recipe { customers: self.demo_customers, ..Recipe::default() };
        let key = if self.welcome { welcome::prepare(&app.store, account, recipe).await? } else { None };
        let link = match &invited {
            Some(owner) => Some(sign_in_link(&app.store, owner, &url).await?),
            None => None,
        };
        line(welcome::text(&url, link.as_deref(), key.as_ref()))
    }
}

/// The account of the database; a new one when it has none.
async fn account(store: &Store) -> Result<AccountId, Failure> {
    match store::accounts(store).await?.first() {
        Some(account) => Ok(*account),
        None => Ok(store::open_account(store, "My products", now()).await?),
    }
}

/// Who gets in by a link only: the account's first owner, a new one where there is none, and nobody once an owner has a
/// password. What a start prints may be kept in a log for long; so each link ends the one before.
async fn owner_without_password(
    store: &Store,
    account: AccountId,
    email: &Email,
) -> Result<Option<member::Member>, Failure> {
    let mut owners = member::list(store, account).await?;
    owners.retain(|member| member.role == Role::Owner);
    if owners.iter().any(|owner| owner.has_password()) {
        return Ok(None);
    }
    match owners.into_iter().next() {
        Some(owner) => Ok(Some(owner)),
        None => Ok(Some(member::add(store, account, email, Role::Owner, now()).await?)),
    }
}

/// Whether the process was asked to stop, by Ctrl-C or SIGTERM.
#[derive(Clone)]
struct Stop(watch::Receiver<bool>);

impl Stop {
    fn listen() -> Result<Stop, Failure> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (tell, told) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("stopping: finishing what was accepted");
            let _ = tell.send(true);
        });
        Ok(Stop(told))
    }

    /// Resolves when it was asked.
    async fn asked(mut self) {
        // An error means that the sender has gone, which it does after it has told.
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}

/// The server's log goes to stderr; RUST_LOG says how much of it. The pool's own remarks repeat what its callers say. What
/// cannot be written (into a file on a full disk, say) is left out: to complain of it there would be a panic.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,deadpool=error"));
    let ansi = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    log.with_ansi(ansi).with_writer(std::io::stderr).init();
}
