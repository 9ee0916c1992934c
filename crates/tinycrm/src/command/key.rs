//! `tinycrm key`: the API keys of the account.

use std::collections::HashMap;

use serde_json::{Value, json};
use server::{
    model::{KeyId, KeyKind, Overlap, Project, ProjectId, Slug, now},
    store::{self, key::KeyInfo},
};

use crate::{
    command::at::At,
    database::{self, Opened},
    failure::Failure,
    output::note,
    table::Table,
};

/// Create, list, rotate, label and revoke API keys
#[derive(Debug, clap::Subcommand)]
pub enum Key {
    Create(Create),
    List(List),
    Rotate(Rotate),
    Label(Label),
    Revoke(Revoke),
}

/// Create an API key and print it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The key is shown this once; the database keeps only its hash. A running server knows it at once.

Kinds:
  secret       writes and reads one project: for your servers
  read         reads one project
  publishable  only adds to one project: for browsers
  account      only reads, across all projects

Examples:
  tinycrm key create --project my-app
  tinycrm key create --project my-app --kind publishable --label 'landing page'
  tinycrm key create --kind account --label reports --json")]
pub struct Create {
    /// The project that it is for (all kinds but account)
    #[arg(long, value_name = "SLUG")]
    project: Option<Slug>,

    /// secret, read, publishable or account
    #[arg(long, default_value_t = KeyKind::Secret)]
    kind: KeyKind,

    /// What to call it in lists
    #[arg(long, default_value = "")]
    label: String,

    #[command(flatten)]
    at: At,
}

/// List the API keys: what they may do, when they were last used
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only those of this project
    #[arg(long, value_name = "SLUG")]
    project: Option<Slug>,

    #[command(flatten)]
    at: At,
}

/// Make a new key in the place of another one, and let both work for a while
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The new key has the kind and the label of the old one, and is shown this once. The old one stops by
itself when the overlap is over; `tinycrm key revoke` ends it at once.

Examples:
  tinycrm key rotate tcrm_proj_4fQx
  tinycrm key rotate tcrm_proj_4fQx --overlap 1h --json")]
pub struct Rotate {
    /// The key, the part of it that `tinycrm key list` shows, or its id
    key: String,

    /// For how long the old key works on: 1h, 1d, 7d or 30d
    #[arg(long, default_value_t = Overlap::Week)]
    overlap: Overlap,

    #[command(flatten)]
    at: At,
}

/// Call a key something else in lists
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tinycrm key label tcrm_proj_4fQx 'production server'")]
pub struct Label {
    /// The key, the part of it that `tinycrm key list` shows, or its id
    key: String,

    /// The label
    label: String,

    #[command(flatten)]
    at: At,
}

/// Revoke an API key: a running server refuses it within a second
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tinycrm key list
  tinycrm key revoke tcrm_proj_4fQx")]
pub struct Revoke {
    /// The key, the part of it that `tinycrm key list` shows, or its id
    key: String,

    #[command(flatten)]
    at: At,
}

impl Key {
    /// Runs the subcommand.
    pub async fn run(self) -> Result<(), Failure> {
        match self {
            Key::Create(create) => create.run().await,
            Key::List(list) => list.run().await,
            Key::Rotate(rotate) => rotate.run().await,
            Key::Label(label) => label.run().await,
            Key::Revoke(revoke) => revoke.run().await,
        }
    }
}

impl Create {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let project = self.project(&db).await?;
        let id = project.as_ref().map(|project| project.id);
        let (key_id, key) =
            store::key::create(&db.store, db.account, id, self.kind, &self.label, now()).await?;
        let shown = json!({
            "id": key_id, "key": key.reveal(), "kind": self.kind, "label": self.label,
            "project": project.as_ref().map(|project| project.slug.as_str()),
        });
        self.at.show(&shown, || key.reveal().to_owned())
    }

    /// The project that the key is for; none for account keys.
    async fn project(&self, db: &Opened) -> Result<Option<Project>, Failure> {
        match (self.kind, &self.project) {
            (KeyKind::Account, None) => Ok(None),
            (KeyKind::Account, Some(slug)) => {
                note(format_args!("note: an account key reads all projects, {slug} and the others"));
                Ok(None)
            }
            (_, Some(slug)) => database::project(&db.store, db.account, slug).await.map(Some),
            (kind, None) => {
                Err(Failure::usage(format!("A {kind} key belongs to a project, and none was named."))
                    .hint("Add --project SLUG; `tinycrm project list` shows them."))
            }
        }
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let mut keys = store::key::list(&db.store, db.account).await?;
        if let Some(slug) = &self.project {
            let project = database::project(&db.store, db.account, slug).await?;
            keys.retain(|key| key.project == Some(project.id));
        }
        let projects = store::project::list(&db.store, db.account).await?;
        let slugs: HashMap<ProjectId, String> =
            projects.into_iter().map(|p| (p.id, p.slug.to_string())).collect();
        self.at.show(&keys.iter().map(|key| describe(key, &slugs)).collect(), || table(&keys, &slugs))
    }
}

impl Rotate {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let keys = store::key::list(&db.store, db.account).await?;
        let (found, now) = (find(&keys, &self.key)?, now());
        let (old, id, key) = store::key::rotate(&db.store, db.account, found.id, self.overlap, now).await?;
        let stops = now + self.overlap.duration();
        let shown = json!({
            "id": id, "key": key.reveal(), "kind": old.kind, "label": old.label,
            "instead_of": { "id": old.id, "prefix": old.prefix, "expires_at": stops.to_string() },
        });
        self.at.show(&shown, || {
            let (key, words) = (key.reveal(), self.overlap.words());
            format!(
                "{key}\n\nThis is the new key. It is shown this once. {} works on for {words}.",
                old.prefix
            )
        })
    }
}

impl Label {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let keys = store::key::list(&db.store, db.account).await?;
        let key = find(&keys, &self.key)?;
        store::key::relabel(&db.store, db.account, key.id, &self.label).await?;
        let shown = json!({ "id": key.id, "prefix": key.prefix, "label": self.label });
        self.at.show(&shown, || format!("{} is called {:?} from now on.", key.prefix, self.label))
    }
}

impl Revoke {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let keys = store::key::list(&db.store, db.account).await?;
        let key = find(&keys, &self.key)?;
        store::key::revoke(&db.store, db.account, key.id, now()).await?;
        self.at.show(&json!({ "id": key.id, "revoked": true }), || format!("Revoked {}.", key.prefix))
    }
}

/// The one key that a text means: its id, the whole key, or the beginning that lists show.
fn find<'a>(keys: &'a [KeyInfo], text: &str) -> Result<&'a KeyInfo, Failure> {
    let id = text.parse::<KeyId>().ok();
    let shown = |key: &KeyInfo| {
        let prefix = key.prefix.trim_end_matches('…');
        text.starts_with(prefix) || prefix.starts_with(text.trim_end_matches('…'))
    };
    let means = |key: &&KeyInfo| if id.is_some() { id == Some(key.id) } else { shown(key) };
    let found: Vec<&KeyInfo> = keys.iter().filter(means).collect();
    let hint = "`tinycrm key list --json` shows the ids.";
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::new("There is no such key in this account.").hint(hint)),
        many => Err(Failure::new(format!("{} keys begin like that.", many.len())).hint(hint)),
    }
}

fn slug<'a>(key: &KeyInfo, slugs: &'a HashMap<ProjectId, String>) -> Option<&'a str> {
    key.project.and_then(|id| slugs.get(&id)).map(String::as_str)
}

fn describe(key: &KeyInfo, slugs: &HashMap<ProjectId, String>) -> Value {
    json!({
        "id": key.id,
        "project": slug(key, slugs),
        "kind": key.kind,
        "prefix": key.prefix,
        "label": key.label,
        "created_at": key.created_at.to_string(),
        "last_used_at": key.last_used_at.map(|at| at.to_string()),
        "expires_at": key.expires_at.map(|at| at.to_string()),
        "revoked_at": key.revoked_at.map(|at| at.to_string()),
    })
}

fn table(keys: &[KeyInfo], slugs: &HashMap<ProjectId, String>) -> String {
    if keys.is_empty() {
        return "No key yet. Make one with `tinycrm key create --project SLUG`.".to_owned();
    }
    let mut table =
        Table::new(["key", "kind", "project", "label", "created", "last used", "stops", "revoked"]);
    let day =
        |at: Option<jiff::Timestamp>| at.map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
    for key in keys {
        table.row([
            key.prefix.clone(),
            key.kind.to_string(),
            slug(key, slugs).unwrap_or("all").to_owned(),
            key.label.clone(),
            day(Some(key.created_at)),
            day(key.last_used_at),
            day(key.expires_at),
            day(key.revoked_at),
        ]);
    }
    table.render()
}
