//! Series: one question at the end of each day, week, month or quarter of a period.
//!
//! A point is, exactly, what the question answers as of its moment: relative dates in the filter are relative to it, and only
//! what was known of then counts. A step that is not over is asked as of now. The index answers all points together (`live`);
//! Postgres answers each by itself, all of them in one snapshot (`sql`). Both end after as long as one question may.

mod live;
mod sql;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use filter::{
    Field,
    calendar::{Unit, day_of, first_instant},
};
use index::{Aggregate, Bucket, Datum, Grouping, Groups, Part, Question, Total};
use jiff::{Timestamp, civil::Date};

use super::{
    Count, Engine, Error, Fallback, PATIENCE, Plan, Query, Warning, reach, standing, unseen, warnings,
};
use crate::store::{
    Rows, Store, View,
    index::{Live, Standing},
    lexicon::{self, Lexicon},
};

/// The most points of one series.
pub const POINTS_MAX: usize = 1_000;
/// The period where none is named.
const PERIOD: &str = "last 12 months";

/// A question that is asked again and again.
#[derive(Clone, Debug)]
pub struct Series {
    /// The filter's text; empty is everything.
    pub filter: String,
    /// Whose relationships.
    pub rows: Rows,
    /// What is computed of those that match, beside how many they are.
    pub aggregates: Vec<Aggregate>,
    /// What the period is cut into.
    pub step: Unit,
    /// From when to when, as the language writes it; without one the last 12 months, as far as history is kept.
    pub period: Option<String>,
    /// The field whose values are told apart.
    pub by: Option<Field>,
    /// How many of its values are, those that most have at the last point; the rest are one, `other`.
    pub limit: usize,
    /// Just these of its values, also where nobody has one.
    pub listed: Option<Vec<Datum>>,
    /// Waits until the account has reached this version.
    pub min_version: i64,
    /// Only this engine answers; for tests.
    pub engine: Option<Engine>,
}

/// The points of a series, all of one version.
#[derive(Clone, Debug)]
pub struct SeriesAnswer {
    /// The account's version that was answered from.
    pub version: i64,
    /// What answered.
    pub engine: Engine,
    /// Why the index did not, where it was not left out on purpose.
    pub fallback: Option<Fallback>,
    /// The present that it was asked in.
    pub now: Timestamp,
    /// The filter in its strict form.
    pub filter: String,
    /// The points, oldest first.
    pub points: Vec<Point>,
    /// What the asker may have meant otherwise, of the last point.
    pub warnings: Vec<Warning>,
    /// How long it took, without the wait for a version.
    pub took: Duration,
}

/// What was so at the end of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The first day of the step.
    pub from: Date,
    /// The last one.
    pub to: Date,
    /// The moment that it is of: the last instant of that day, or now.
    pub at: Timestamp,
    /// Whether the step is over, and this not as of now.
    pub is_over: bool,
    /// How many matched.
    pub count: Count,
    /// The aggregates, in the order asked.
    pub totals: Vec<Total>,
    /// By value, where that was asked: the same values at every point, in the same order.
    pub groups: Option<Groups>,
}

/// Why there is no such series.
#[derive(Debug, thiserror::Error)]
pub enum SeriesError {
    /// The period is none, or has not begun.
    #[error("period: {0}")]
    Period(filter::Error),
    /// Its first steps end before the horizon.
    #[error("history is kept since {horizon}, and the {step} until {to} ends before", step = step.as_str())]
    Forgotten {
        /// What the period is cut into.
        step: Unit,
        /// The last day of the first step.
        to: Date,
        /// Since when history is kept.
        horizon: Timestamp,
    },
    /// It would have more points than [`POINTS_MAX`].
    #[error("more than {POINTS_MAX} points are too many for one series")]
    TooMany,
    /// The time was over before all points were asked.
    #[error("the series took too long: {done} of {of} points were answered")]
    TooSlow {
        /// Points that were answered.
        done: usize,
        /// How many there are.
        of: usize,
    },
}

/// The first and the last day of a step.
type Step = (Date, Date);

/// Answers a series as a view sees it.
///
/// Right after a start the past is still being read. Many points take the database longer than that, so it is waited for, though
/// not for long, and asked again where the database had not the time.
pub async fn series(store: &Store, view: &View, ask: &Series) -> Result<SeriesAnswer, Error> {
    let is_free = ask.engine.is_none();
    let mut told = by_index(store, view, ask).await?;
    if is_free && told.is_err() {
        // Whatever came of it, the next attempt says so.
        let _ = tokio::time::timeout(PATIENCE, store.index_remembers(view.account)).await;
        told = by_index(store, view, ask).await?;
    }
    let answer = match (told, ask.engine) {
        (Ok(answer), _) => answer,
        (Err(Some(fallback)), Some(Engine::Index)) => return Err(Error::IndexNotReady(fallback)),
        (Err(fallback), _) => {
            reach(store, view, ask.min_version).await?;
            match sql::answer(store, view, ask).await {
                Ok(answer) => SeriesAnswer { fallback, ..answer },
                Err(late @ Error::Series(SeriesError::TooSlow { .. })) if is_free => {
                    by_index(store, view, ask).await?.map_err(|_| late)?
                }
                Err(error) => return Err(error),
            }
        }
    };
    warned(store, view, ask, answer).await
}

/// A series by the index, or why it does not answer; nothing where it was left out on purpose.
async fn by_index(
    store: &Store,
    view: &View,
    ask: &Series,
) -> Result<Result<SeriesAnswer, Option<Fallback>>, Error> {
    match (ask.engine, standing(store, view, ask.engine, ask.min_version).await?) {
        (Some(Engine::Sql), _) => Ok(Err(None)),
        (_, Standing::Loading) => Ok(Err(Some(Fallback::Loading))),
        (_, Standing::Outside) => Ok(Err(Some(Fallback::Memory))),
        (_, Standing::Ready(live)) => Ok(live::answer(store, view, ask, &live, None).await?.map_err(Some)),
    }
}

/// A series by what is in memory, and by nothing else, until its asker gives up.
pub(super) async fn of(
    store: &Store,
    view: &View,
    ask: &Series,
    live: &Live,
    until: Option<Instant>,
) -> Result<SeriesAnswer, Error> {
    live::answer(store, view, ask, live, until).await?.map_err(Error::IndexNotReady)
}

/// The answer with what cannot be known of its first point, which the last one need not tell.
async fn warned(
    store: &Store,
    view: &View,
    ask: &Series,
    mut answer: SeriesAnswer,
) -> Result<SeriesAnswer, Error> {
    let words = Arc::new(lexicon::load(store, view).await?);
    let Some(first) = steps(&words, ask, answer.now)?.into_iter().next() else { return Ok(answer) };
    let plan = ask.plan(first, None, (&words, view), answer.now)?;
    let mut warnings = warnings::told(&plan);
    warnings.extend(unseen::look(store, view, &plan).await?);
    let known =
        |one: &Warning| answer.warnings.iter().any(|own| own.code == one.code && own.span == one.span);
    warnings.retain(|one| !known(one));
    answer.warnings.extend(warnings);
    Ok(answer)
}

/// The steps that the period touches, each whole, oldest first: one at least.
fn steps(words: &Lexicon, ask: &Series, present: Timestamp) -> Result<Vec<Step>, SeriesError> {
    let period = ask.period.as_deref();
    let (mut first, last) = words.period(period.unwrap_or(PERIOD), present).map_err(SeriesError::Period)?;
    if let (None, Some(horizon)) = (period, words.horizon) {
        first = first.max(day_of(horizon, &words.zone)).min(last);
    }
    let firsts = ask.step.firsts(first).take_while(|first| *first <= last).take(POINTS_MAX + 1);
    let steps: Vec<Step> = firsts.map(|first| (first, ask.step.last(first))).collect();
    if steps.len() > POINTS_MAX {
        return Err(SeriesError::TooMany);
    }
    match (words.horizon, steps.first()) {
        (Some(horizon), Some((_, to))) if end(*to, words) < horizon => {
            Err(SeriesError::Forgotten { step: ask.step, to: *to, horizon })
        }
        _ => Ok(steps),
    }
}

/// The instant at which a day is over.
fn end(day: Date, words: &Lexicon) -> Timestamp {
    day.tomorrow().map_or(Timestamp::MAX, |next| first_instant(next, &words.zone).timestamp())
}

/// The values that are told apart, in the order in which the last point lists them. What is not shown whole is among the others.
fn told_apart(groups: &Groups) -> Vec<Datum> {
    let values = groups.rows.iter().filter_map(|(bucket, _)| match bucket {
        Bucket::Value(value) => Some(value.clone()),
        Bucket::Period(_) | Bucket::From(_) => None,
    });
    values.filter(Datum::is_whole).collect()
}

impl Series {
    /// The plan of a step. An error of one that is over names it: what is wrong may be so there only.
    fn plan(
        &self,
        step: Step,
        listed: Option<&[Datum]>,
        (words, view): (&Arc<Lexicon>, &View),
        present: Timestamp,
    ) -> Result<Plan, Error> {
        let query = self.query(step, listed, words, present);
        Plan::make_at(Arc::clone(words), view, &query, present).map_err(|error| match error {
            Error::Filter(error) if query.as_of.is_some() => {
                let message = format!("as of {}, a point of this series: {}", step.1, error.message);
                Error::Filter(filter::Error { message, ..error })
            }
            error => error,
        })
    }

    /// The question of a step: what is not over is asked now. `listed` are the values that are told apart, where that is known.
    fn query(&self, (_, to): Step, listed: Option<&[Datum]>, words: &Lexicon, present: Timestamp) -> Query {
        let Series { filter, rows, aggregates, by, limit, .. } = self;
        let select =
            [Part::Count, Part::Aggregates].into_iter().chain(by.as_ref().map(|_| Part::Groups)).collect();
        let question = Question {
            select,
            aggregates: aggregates.clone(),
            group_by: by.clone().map(Grouping::Value),
            group_limit: *limit,
            listed: listed.map(<[Datum]>::to_vec).or_else(|| self.listed.clone()),
            ..Question::default()
        };
        let as_of = (end(to, words) <= present).then(|| to.to_string());
        Query { filter: filter.clone(), rows: rows.clone(), question, as_of, ..Query::default() }
    }
}
