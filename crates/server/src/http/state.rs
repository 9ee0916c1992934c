//! What every handler can reach.

use std::sync::Arc;

use super::{limit::SignInLimits, metrics::Metrics};
use crate::{
    config,
    store::{Store, write::Writer},
};

/// The application: cheap to clone, one for the whole process.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub store: Store,
    /// The one door for writes to customers.
    pub writer: Writer,
    /// The settings that handlers look at.
    pub config: Arc<config::Server>,
    /// Counters and histograms for `/metrics`.
    pub metrics: Arc<Metrics>,
    /// Limits on guessing passwords.
    pub sign_in: Arc<SignInLimits>,
}

impl App {
    /// The application on a database that is migrated already.
    pub fn new(store: Store, config: config::Server) -> App {
        App {
            writer: Writer::new(store.clone()),
            store,
            config: Arc::new(config),
            metrics: Arc::new(Metrics::new()),
            sign_in: Arc::new(SignInLimits::new()),
        }
    }
}
