//! What every handler can reach.

use std::{ops::Deref, sync::Arc, time::Duration};

use super::{
    acts::Acts, budget::Budget, events::Streams, limit::SignInLimits, metrics::Metrics, paths::NewPaths,
    rate::Rates, rotations::Rotations,
};
use crate::{
    budget::Share,
    config,
    import::Imports,
    store::{
        Store, View,
        query::{
            self, Answer, Engine, Held, Query, Series, SeriesAnswer, Together,
            insight::{
                Ask, Insight, Tell,
                changes::{self, ChangesAsk},
            },
        },
        write::Writer,
    },
};

/// The application, one for the whole process: cheap to clone, which routes do many times a request.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What it is made of.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The one door for writes to customers.
    pub writer: Writer,
    /// Imports under way.
    pub imports: Imports,
    /// What members do to many customers at once.
    pub acts: Acts,
    /// The settings that handlers look at.
    pub config: Arc<config::Server>,
    /// Counters and histograms for `/metrics`.
    pub metrics: Metrics,
    /// What requests may take.
    pub budget: Budget,
    /// The streams of events that are open.
    pub streams: Arc<Streams>,
    /// How often they may come.
    pub rates: Rates,
    /// What publishable keys have named.
    pub new_paths: NewPaths,
    /// Keys that were rotated a moment ago.
    pub rotations: Arc<tokio::sync::Mutex<Rotations>>,
    /// Limits on guessing passwords.
    pub sign_in: SignInLimits,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// The application on a database that is migrated already. Begins to load the index, so it needs a runtime.
    pub fn new(store: Store, config: config::Server) -> App {
        store.keep_pulse(config.limits.database_patience);
        store.keep_index(config.index_memory());
        let writer = Writer::new(store.clone());
        let turns = Share::new(config.limits.imports, config.limits.imports_per_account);
        App(Arc::new(Parts {
            acts: Acts::new(store.clone(), writer.clone()),
            imports: Imports::new(store.clone(), writer.clone(), turns),
            budget: Budget::new(&config),
            streams: Arc::new(Streams::new(&config)),
            rates: Rates::new(&config.limits),
            rotations: Arc::default(),
            new_paths: NewPaths::new(config.limits.new_paths_per_publishable_key),
            writer,
            config: Arc::new(config),
            metrics: Metrics::new(&store),
            store,
            sign_in: SignInLimits::new(),
        }))
    }

    /// Answers a query as a view sees it, and counts it.
    pub async fn query(&self, view: &View, query: &Query) -> Result<Answer, query::Error> {
        let answer = query::run(&self.store, view, query).await?;
        self.metrics.queried(answer.engine.as_str(), answer.took);
        Ok(answer)
    }

    /// The same for a series.
    pub async fn series(&self, view: &View, series: &Series) -> Result<SeriesAnswer, query::Error> {
        let answer = query::series(&self.store, view, series).await?;
        self.metrics.queried(answer.engine.as_str(), answer.took);
        Ok(answer)
    }

    /// A query, and a series of the same snapshot where that is in memory.
    pub async fn query_with(
        &self,
        view: &View,
        query: &Query,
        series: &[Series],
    ) -> Result<(Answer, Vec<Result<SeriesAnswer, query::Error>>, Held), query::Error> {
        let (answer, told, held) = query::run_with(&self.store, view, query, series).await?;
        self.metrics.queried(answer.engine.as_str(), answer.took);
        for told in told.iter().flatten() {
            self.metrics.queried(told.engine.as_str(), told.took);
        }
        Ok((answer, told, held))
    }

    /// Several queries of what a page was answered from, as many as there is time for.
    pub async fn beside(
        &self,
        view: &View,
        queries: &[Query],
        held: &Held,
        patience: Duration,
    ) -> Result<Vec<Result<Answer, query::Error>>, query::Error> {
        let answers = query::beside(&self.store, view, queries, held, patience).await?;
        for answer in answers.iter().flatten() {
            self.metrics.queried(answer.engine.as_str(), answer.took);
        }
        Ok(answers)
    }

    /// Several queries and series of one snapshot, as many as there is time for.
    pub async fn together(
        &self,
        view: &View,
        queries: &[Query],
        series: &[Series],
        patience: Duration,
    ) -> Result<Together, query::Error> {
        let together = query::together(&self.store, view, queries, series, patience).await?;
        let asked = together.answers.iter().flatten().map(|answer| (answer.engine, answer.took));
        let told = together.series.iter().flatten().map(|answer| (answer.engine, answer.took));
        asked.chain(told).for_each(|(engine, took)| self.metrics.queried(engine.as_str(), took));
        Ok(together)
    }

    /// The same for an insight.
    pub async fn insight<Q: Tell>(
        &self,
        view: &View,
        ask: &Ask,
        question: &Q,
    ) -> Result<Insight<Q::Answer>, query::Error> {
        let insight = query::insight::tell(&self.store, view, ask, question).await?;
        self.metrics.queried(Engine::Index.as_str(), insight.took);
        Ok(insight)
    }

    /// The same for what has become of people.
    pub async fn changes(
        &self,
        view: &View,
        ask: &Ask,
        question: &ChangesAsk,
    ) -> Result<(Insight<changes::Found>, Vec<changes::Person>), query::Error> {
        let (insight, people) = changes::changes(&self.store, view, ask, question).await?;
        self.metrics.queried(Engine::Index.as_str(), insight.took);
        Ok((insight, people))
    }
}
