//! `tinycrm erase`: a person goes from every project.

use serde_json::json;
use server::{
    model::{Email, Slug},
    store::{
        self,
        erase::{Erased, Whom},
    },
};

use crate::{
    command::at::At,
    database::{self, Opened},
    failure::{Failure, sentence},
};

/// Erase a person from every project: params, history, activity, everything
#[derive(Debug, clap::Args)]
#[command(after_help = "\
There is no way back. Customers ask for this under the GDPR, Article 17. Whoever is only named by
rejected rows of imports is forgotten there too. Postgres overwrites what was deleted as it needs
the space: `tinycrm vacuum` leaves nothing in the files of tables and indexes.

Examples:
  tinycrm erase ada@example.com --dry-run
  tinycrm erase ada@example.com
  tinycrm erase usr_42 --project my-app")]
pub struct Erase {
    /// Whom to erase: an e-mail address, or with --project the app's own id. An alias stands for the customer whose it is
    #[arg(value_name = "WHO")]
    who: String,

    /// The project whose id it is
    #[arg(long, value_name = "SLUG")]
    project: Option<Slug>,

    /// Say who would go, and write nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    at: At,
}

impl Erase {
    /// Erases the person.
    pub async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let whom = self.whom(&db).await?;
        let (erased, version) = self.erase(&db, &whom).await.map_err(|error| stranger(error, &self.who))?;
        let emails: Vec<&str> = erased.people.iter().map(|named| named.email.as_str()).collect();
        let projects: u64 = erased.people.iter().map(|named| named.projects).sum();
        let json = json!({
            "erased": emails.join(", "), "asked": asked(&whom), "projects": projects,
            "rejected_rows": erased.forgotten.rows, "dry_run": self.dry_run, "version": version,
        });
        self.at.show(&json, || self.said(&erased, &emails, projects, asked(&whom)))
    }

    async fn whom(&self, db: &Opened) -> Result<Whom, Failure> {
        match &self.project {
            Some(slug) => {
                let project = database::project(&db.store, db.account, slug).await?;
                Ok(Whom::UserId(project.id, self.who.clone()))
            }
            None => match Email::parse(&self.who) {
                Ok(email) => Ok(Whom::Email(email)),
                Err(error) => Err(Failure::usage(sentence(&error.to_string()))
                    .hint("If it is an id of an app, say of which project with --project.")),
            },
        }
    }

    /// Who goes, and the version; none where it is only tried.
    async fn erase(&self, db: &Opened, whom: &Whom) -> Result<(Erased, Option<i64>), store::Error> {
        if self.dry_run {
            return Ok((store::erase::preview_person(&db.store, db.account, whom).await?, None));
        }
        let (erased, version) = store::erase::person(&db.store, db.account, whom).await?;
        db.settle().await;
        Ok((erased, Some(version)))
    }

    fn said(&self, erased: &Erased, emails: &[&str], projects: u64, asked: &str) -> String {
        let rows = match erased.forgotten.rows {
            0 => String::new(),
            1 => "1 rejected row of an import".to_owned(),
            rows => format!("{rows} rejected rows of imports"),
        };
        let what = if emails.is_empty() {
            let rows = if rows.is_empty() { "what imports have noted" } else { &rows };
            format!("{rows} about {asked}, who is no customer")
        } else {
            let projects =
                if projects == 1 { "1 project".to_owned() } else { format!("{projects} projects") };
            let with = if rows.is_empty() { rows } else { format!(", with {rows}") };
            format!("{}, from {projects}{with}", whom(emails, asked))
        };
        match self.dry_run {
            true => format!("Nothing was written. It would erase {what}."),
            false => format!("Erased {what}."),
        }
    }
}

fn asked(whom: &Whom) -> &str {
    match whom {
        Whom::Email(email) => email.as_str(),
        Whom::UserId(_, user_id) => user_id,
    }
}

/// The customers' own addresses, and whose alias was asked for.
fn whom(emails: &[&str], asked: &str) -> String {
    let all = emails.join(" and ");
    match asked {
        _ if emails.contains(&asked) => all,
        alias if alias.contains('@') => format!("{all}, of whom {alias} is an alias"),
        user_id => format!("{all}, whom an app calls {user_id}"),
    }
}

/// Nobody is called so: most often it is a slip.
fn stranger(error: store::Error, who: &str) -> Failure {
    match error {
        store::Error::Missing(_) => {
            Failure::new(format!("No customer is called {who}, nor does a rejected row name one."))
                .hint(format!("`tinycrm query {}` searches for it.", who.split('@').next().unwrap_or("ada")))
        }
        error => error.into(),
    }
}
