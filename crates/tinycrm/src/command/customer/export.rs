//! `tinycrm customer export`: all that is held of one person, as one JSON document.

use std::path::PathBuf;

use server::{
    export,
    store::{self, View, customer, dossier, query},
};

use crate::{
    database::{self, Place},
    export::Target,
    failure::Failure,
    output::note,
};

/// Write all that is held of a customer as one JSON document
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Relationships of all projects, the whole history, days of activity, and what imports have kept that
names them; of somebody who never became a customer that alone. Customers ask for this under the
GDPR, Articles 15 and 20. Look at it before you hand it on: a rejected row of an import may name
others too.

Examples:
  tinycrm customer export ada@example.com --output ada.json
  tinycrm customer export ada@example.com | jq .changes")]
pub struct Export {
    /// Whose; an alias stands for the customer whose it is
    #[arg(value_name = "E-MAIL", value_parser = database::address)]
    email: String,

    /// The file to write; without it the document goes to stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    place: Place,
}

impl Export {
    /// Writes the document.
    pub(super) async fn run(self) -> Result<(), Failure> {
        let db = self.place.open().await?;
        let who = match customer::at(&db.store, db.account, &self.email).await {
            Ok(id) => id.to_string(),
            Err(store::Error::Conflict(_)) => self.email.clone(),
            Err(error) => return Err(error.into()),
        };
        let dossier = dossier::open(&db.store, &View::account(db.account), &who).await;
        let dossier = dossier.map_err(|error| stranger(error, &self.email))?;
        let mut target = Target::open(self.output.as_deref())?;
        export::write_person(dossier, &mut target).await?;
        target.finish()?;
        if let Some(path) = &self.output {
            note(format_args!("wrote {}", path.display()));
        }
        Ok(())
    }
}

/// Nobody is called so: most often it is a slip.
fn stranger(error: query::Error, email: &str) -> Failure {
    match error {
        query::Error::Store(store::Error::Missing(_)) => {
            Failure::new(format!("Nobody has the address {email}, nor does a rejected row name it."))
        }
        error => error.into(),
    }
}
