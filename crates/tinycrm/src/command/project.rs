//! `tinycrm project`: the products of the account.

use serde_json::json;
use server::{
    model::{self, COLOURS, KeyKind, Slug, now},
    store::{self, AccountId, Store},
};

use crate::{command::at::At, database, failure::Failure, table::Table};

/// Create, list, rename, archive, reset and delete projects
#[derive(Debug, clap::Subcommand)]
pub enum Project {
    Create(Create),
    List(List),
    Rename(Rename),
    Archive(Archive),
    Unarchive(Unarchive),
    Reset(Reset),
    Delete(Delete),
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

/// Give a project another name, another colour, or both
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The slug stays: filters, addresses and apps name it.

Examples:
  tinycrm project rename my-app 'My great app'
  tinycrm project rename my-app --colour teal")]
pub struct Rename {
    /// The project
    slug: Slug,

    /// Its new name on pages [default: the one that it has]
    name: Option<String>,

    /// violet, blue, teal, green, amber, orange, red or pink [default: the one that it has]
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(COLOURS), hide_possible_values = true)]
    colour: Option<String>,

    #[command(flatten)]
    at: At,
}

/// Archive a project: it keeps everything, and what its keys write is refused
#[derive(Debug, clap::Args)]
#[command(after_help = "\
An archived project is left out where projects are taken together; asked for by name it answers as ever.

Examples:
  tinycrm project archive old-app")]
pub struct Archive {
    /// The project
    slug: Slug,

    #[command(flatten)]
    at: At,
}

/// Take back that a project was archived: its keys write again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tinycrm project unarchive old-app")]
pub struct Unarchive {
    /// The project
    slug: Slug,

    #[command(flatten)]
    at: At,
}

/// Delete a project with its customers, their history, its segments and its keys
#[derive(Debug, clap::Args)]
#[command(after_help = "\
This cannot be undone. `tinycrm project archive` keeps everything.

Examples:
  tinycrm project delete old-app --confirm old-app")]
pub struct Delete {
    /// The project
    slug: Slug,

    /// The slug once more
    #[arg(long, value_name = "SLUG")]
    confirm: String,

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
            Project::Rename(rename) => rename.run().await,
            Project::Archive(archive) => set_archived(&archive.at, &archive.slug, true).await,
            Project::Unarchive(unarchive) => set_archived(&unarchive.at, &unarchive.slug, false).await,
            Project::Reset(reset) => reset.run().await,
            Project::Delete(delete) => delete.run().await,
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

impl Rename {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let mut project = database::project(&db.store, db.account, &self.slug).await?;
        if self.name.is_none() && self.colour.is_none() {
            return Err(Failure::usage("Neither a name nor a colour was given.")
                .hint(format!("`tinycrm project rename {} 'Another name'`", project.slug)));
        }
        project.name = self.name.unwrap_or(project.name);
        project.colour = self.colour.unwrap_or(project.colour);
        store::project::rename(&db.store, db.account, project.id, &project.name, &project.colour).await?;
        db.settle().await;
        self.at.show(&describe(&project), || {
            format!("{} is called {:?} from now on, in {}.", project.slug, project.name, project.colour)
        })
    }
}

async fn set_archived(at: &At, slug: &Slug, archived: bool) -> Result<(), Failure> {
    let db = at.open().await?;
    let mut project = database::project(&db.store, db.account, slug).await?;
    store::project::set_archived(&db.store, db.account, project.id, archived).await?;
    db.settle().await;
    project.archived = archived;
    at.show(&describe(&project), || match archived {
        true => format!("{slug} is archived: it keeps everything, and its keys write nothing."),
        false => format!("{slug} is not archived any more: its keys write again."),
    })
}

impl Delete {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let project = database::project(&db.store, db.account, &self.slug).await?;
        if self.confirm != project.slug.as_str() {
            let what = format!("{} was not deleted: --confirm says {:?}.", project.slug, self.confirm);
            return Err(Failure::usage(what).hint(format!("--confirm {} deletes it.", project.slug)));
        }
        let removed = store::erase::project(&db.store, db.account, project.id).await?;
        db.settle().await;
        let json = json!({ "project": project.slug.as_str(), "deleted": true, "removed_customers": removed });
        self.at.show(&json, || format!("Deleted {} with its {removed} customers.", project.slug))
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
        "archived": project.archived,
    })
}

fn table(projects: &[model::Project]) -> String {
    if projects.is_empty() {
        return "No project yet. Make one with `tinycrm project create SLUG`.".to_owned();
    }
    let mut table = Table::new(["slug", "name", "test", "archived"]);
    for project in projects {
        let (test, archived) =
            (if project.test { "test" } else { "" }, if project.archived { "archived" } else { "" });
        table.row([project.slug.as_str(), &project.name, test, archived]);
    }
    table.render()
}
