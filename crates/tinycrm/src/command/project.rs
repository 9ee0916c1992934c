//! `tinycrm project`: the products of the account.

use serde_json::json;
use server::{
    model::{self, KeyKind, Slug, now},
    store::{self, AccountId, Store},
};

use crate::{command::at::At, database, failure::Failure, table::Table};

/// Create, list and reset projects
#[derive(Debug, clap::Subcommand)]
pub enum Project {
    Create(Create),
    List(List),
    Reset(Reset),
}

/// Create a project and print its secret key
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The key is shown this once. A running server knows the project at once.

Examples:
  tinycrm project create newsletter
  tinycrm project create sandbox --name 'Sandbox' --test
  export TINYCRM_API_KEY=$(tinycrm project create my-app --json | jq -r .key)")]
pub struct Create {
    /// The project's name in URLs and filters: lower-case letters, digits and hyphens
    slug: Slug,

    /// Its name on pages [default: the slug]
    #[arg(long)]
    name: Option<String>,

    /// A test project: left out of account-wide views, can be reset
    #[arg(long)]
    test: bool,

    #[command(flatten)]
    at: At,
}

/// List the projects
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    at: At,
}

/// Remove all customers of a test project; its keys stay
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tinycrm project reset sandbox")]
pub struct Reset {
    /// The test project
    slug: Slug,

    #[command(flatten)]
    at: At,
}

impl Project {
    /// Runs the subcommand.
    pub async fn run(self) -> Result<(), Failure> {
        match self {
            Project::Create(create) => create.run().await,
            Project::List(list) => list.run().await,
            Project::Reset(reset) => reset.run().await,
        }
    }
}

impl Create {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let name = self.name.as_deref().unwrap_or(self.slug.as_str());
        let projects = store::project::list(&db.store, db.account).await?;
        if projects.iter().any(|project| project.slug == self.slug) {
            return Err(Failure::new(format!("The project {} exists already.", self.slug))
                .hint(format!("`tinycrm key create --project {}` makes another key of it.", self.slug)));
        }
        let (project, key) = make(&db.store, db.account, &self.slug, name, self.test).await?;
        db.settle().await;
        let mut shown = describe(&project);
        shown["key"] = json!(key.reveal());
        self.at.show(&shown, || {
            format!("{}\n\nThis is the secret key of {}. It is shown this once.", key.reveal(), project.slug)
        })
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let projects = store::project::list(&db.store, db.account).await?;
        self.at.show(&projects.iter().map(describe).collect(), || table(&projects))
    }
}

impl Reset {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let project = database::project(&db.store, db.account, &self.slug).await?;
        if !project.test {
            let what = format!("The project {} is no test project: it cannot be reset.", project.slug);
            return Err(Failure::new(what)
                .hint("A live project's customers are removed one by one: `tinycrm erase E-MAIL`."));
        }
        let removed = store::erase::reset(&db.store, db.account, &project).await?;
        db.settle().await;
        let json = json!({ "project": project.slug.as_str(), "removed_customers": removed });
        self.at.show(&json, || format!("Removed {removed} customers from {}.", project.slug))
    }
}

/// Makes a project with its first secret key.
pub async fn make(
    store: &Store,
    account: AccountId,
    slug: &Slug,
    name: &str,
    test: bool,
) -> Result<(model::Project, model::Secret), Failure> {
    let project = store::project::create(store, account, slug, name, test, now()).await?;
    let (_, key) =
        store::key::create(store, account, Some(project.id), KeyKind::Secret, "first key", now()).await?;
    Ok((project, key))
}

fn describe(project: &model::Project) -> serde_json::Value {
    json!({
        "id": project.id,
        "slug": project.slug.as_str(),
        "name": project.name,
        "colour": project.colour,
        "test": project.test,
    })
}

fn table(projects: &[model::Project]) -> String {
    if projects.is_empty() {
        return "No project yet. Make one with `tinycrm project create SLUG`.".to_owned();
    }
    let mut table = Table::new(["slug", "name", "test"]);
    for project in projects {
        table.row([project.slug.as_str(), &project.name, if project.test { "test" } else { "" }]);
    }
    table.render()
}
