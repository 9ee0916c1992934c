//! `tinycrm customer export`: all that is held of one person, as one JSON document.

use std::path::PathBuf;

use server::{
    export,
    store::{View, customer, dossier},
};

use super::told;
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
names them. Customers ask for this under the GDPR, Articles 15 and 20. Look at it before you hand it
on: a rejected row of an import may name others too.

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
        let id = customer::at(&db.store, db.account, &self.email).await.map_err(told)?;
        let view = View::account(db.account);
        let mut target = Target::open(self.output.as_deref())?;
        export::write_person(dossier::open(&db.store, &view, id).await?, &mut target).await?;
        target.finish()?;
        if let Some(path) = &self.output {
            note(format_args!("wrote {}", path.display()));
        }
        Ok(())
    }
}
