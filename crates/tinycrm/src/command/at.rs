//! What every administrative command takes besides its own: which database, and how the answer is printed.

use serde_json::Value;

use crate::{
    database::{Opened, Place},
    failure::Failure,
    output::Output,
};

/// Where a command is at work.
#[derive(Clone, Debug, clap::Args)]
pub struct At {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    place: Place,
}

impl At {
    /// Opens the database and finds the account.
    pub async fn open(&self) -> Result<Opened, Failure> {
        self.place.open().await
    }

    /// Prints the answer: as JSON when asked for, else as text for people.
    pub fn show(&self, json: &Value, text: impl FnOnce() -> String) -> Result<(), Failure> {
        self.output.show(json, text)
    }
}
