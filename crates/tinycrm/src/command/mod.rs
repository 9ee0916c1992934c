//! Every command on one page.

mod aggregates;
mod at;
mod changes;
mod check;
mod customer;
mod demo;
mod export;
mod history;
mod identify;
mod ignore;
mod import;
mod insight;
mod key;
mod member;
mod params;
mod project;
mod query;
mod series;
mod serve;
mod vacuum;
mod welcome;
mod whose;

use std::pin::Pin;

use crate::failure::Failure;

/// TinyCRM: filter, count, sum and export your customers by any JSON that your apps know of them
#[derive(Debug, clap::Parser)]
#[command(name = "tinycrm", version, max_term_width = 100, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  tinycrm serve                                  start the server, with its own Postgres in ./data
  tinycrm project create my-app                  make a project and print its secret key
  export TINYCRM_API_KEY=tcrm_proj_…             what the commands below send
  tinycrm identify ada@example.com --status paid --param plan=pro --param mrr=29
  tinycrm query 'params.plan = \"pro\"' --sum params.mrr
  tinycrm import users.csv --project my-app --dry-run

Every command has its own examples: tinycrm COMMAND --help";

#[derive(Debug, clap::Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    #[command(subcommand)]
    Project(project::Project),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Member(member::Member),
    #[command(subcommand)]
    Customer(customer::Customer),
    Erase(customer::Erase),
    #[command(subcommand)]
    Ignore(ignore::Ignore),
    Vacuum(vacuum::Vacuum),
    Check(check::Check),
    History(history::History),
    Identify(identify::Identify),
    Query(query::Query),
    Params(params::Params),
    Series(series::Series),
    Changes(changes::Changes),
    #[command(subcommand)]
    Insight(insight::Insight),
    Import(import::ImportFile),
    Export(export::Export),
}

impl Cli {
    /// Runs the command that was asked for.
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Serve(serve) => wait(serve.run()),
            Command::Demo(demo) => wait(demo.run()),
            Command::Project(project) => wait(project.run()),
            Command::Key(key) => wait(key.run()),
            Command::Member(member) => wait(member.run()),
            Command::Customer(customer) => wait(customer.run()),
            Command::Erase(erase) => wait(erase.run()),
            Command::Ignore(ignore) => wait(ignore.run()),
            Command::Vacuum(vacuum) => wait(vacuum.run()),
            Command::Check(check) => wait(check.run()),
            Command::History(history) => wait(history.run()),
            Command::Identify(identify) => identify.run(),
            Command::Query(query) => query.run(),
            Command::Params(params) => params.run(),
            Command::Series(series) => series.run(),
            Command::Changes(changes) => changes.run(),
            Command::Insight(insight) => insight.run(),
            Command::Import(import) => import.run(),
            Command::Export(export) => export.run(),
        }
    }
}

/// Runs a command that speaks to the database. Behind a pointer: the runtime waits in four ways, and would hold a copy of each
/// command for each of them.
fn wait(work: impl Future<Output = Result<(), Failure>> + 'static) -> Result<(), Failure> {
    let work: Pin<Box<dyn Future<Output = Result<(), Failure>>>> = Box::pin(work);
    tokio::runtime::Runtime::new()?.block_on(work)
}
