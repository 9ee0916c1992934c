//! Several questions at once: what stands beside each other on a page is of one version.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Answer, Answered, Engine, Error, Fallback, Query, Series, SeriesAnswer, by_sql, live, series};
use crate::store::{
    Store, View,
    index::{Live, Standing},
};

/// How often all is asked anew because a page's rows were newer than the rest.
const ATTEMPTS: usize = 3;

/// The answers, in the order of the questions.
#[derive(Debug)]
pub struct Together {
    /// What was asked. Each stands alone: one that is wrong or takes too long spoils no other.
    pub answers: Vec<Result<Answer, Error>>,
    /// What was asked as a series.
    pub series: Vec<Result<SeriesAnswer, Error>>,
}

/// Asks them all of one snapshot in memory; those that are not answered when the time is over were too slow. What that does not
/// know of the past Postgres is asked last, of its own version. Where there is no snapshot, Postgres answers the questions one
/// after the other, and no series is told.
pub async fn together(
    store: &Store,
    view: &View,
    queries: &[Query],
    asked: &[Series],
    patience: Duration,
) -> Result<Together, Error> {
    let until = Instant::now() + patience;
    let mut why = Fallback::Busy;
    for _ in 0..ATTEMPTS {
        let live = match store.live_soon(view.account).await {
            Standing::Ready(live) => live,
            Standing::Loading => {
                why = Fallback::Loading;
                break;
            }
            Standing::Outside => {
                why = Fallback::Memory;
                break;
            }
        };
        let Some(told) = of(store, view, queries, &live, until).await? else { continue };
        let mut series = Vec::with_capacity(asked.len());
        for ask in asked {
            let told = series::of(store, view, ask, &live, Some(until));
            series.push(if Instant::now() < until { told.await } else { Err(Error::TooSlow) });
        }
        return Ok(Together { answers: whole(store, view, queries, told, until).await?, series });
    }
    let mut answers = Vec::with_capacity(queries.len());
    for query in queries {
        answers.push(alone(super::answer(store, view, query, Some(until)), until).await?);
    }
    Ok(Together { answers, series: asked.iter().map(|_| Err(Error::IndexNotReady(why))).collect() })
}

/// What a page was answered from: whatever else stands on it is asked of the same.
#[derive(Clone, Default)]
pub struct Held(pub(super) Option<Arc<Live>>);

/// Asks what stands beside an answer of what that was answered from; where it was not memory, or the page is of no answer, of the
/// present.
pub async fn beside(
    store: &Store,
    view: &View,
    queries: &[Query],
    Held(live): &Held,
    patience: Duration,
) -> Result<Vec<Result<Answer, Error>>, Error> {
    let until = Instant::now() + patience;
    if let Some(live) = live
        && let Some(told) = of(store, view, queries, live, until).await?
    {
        return whole(store, view, queries, told, until).await;
    }
    Ok(together(store, view, queries, &[], patience).await?.answers)
}

/// What a snapshot told, and of the rest what Postgres knows.
async fn whole(
    store: &Store,
    view: &View,
    queries: &[Query],
    told: Vec<Told>,
    until: Instant,
) -> Result<Vec<Result<Answer, Error>>, Error> {
    let mut answers = Vec::with_capacity(queries.len());
    for (query, told) in queries.iter().zip(told) {
        answers.push(match told {
            Some(answer) => answer,
            None => alone(by_sql(store, view, query, Some(Fallback::Past), Some(until)), until).await?,
        });
    }
    Ok(answers)
}

/// An answer; none where a snapshot does not know what was asked of the past.
type Told = Option<Result<Answer, Error>>;

/// What a snapshot says of each question, `None` where it does not know what was asked of the past; none at all where what it says
/// is not new enough for a page.
async fn of(
    store: &Store,
    view: &View,
    queries: &[Query],
    live: &Arc<Live>,
    until: Instant,
) -> Result<Option<Vec<Told>>, Error> {
    let mut answers = Vec::with_capacity(queries.len());
    for query in queries {
        let begin = Instant::now();
        if begin >= until {
            answers.push(Some(Err(Error::TooSlow)));
            continue;
        }
        match own(live::answer(store, view, query, Arc::clone(live), Some(until)).await)? {
            Ok(Ok((plan, findings, last))) if Arc::ptr_eq(&last, live) => {
                answers.push(Some(Ok(plan.answer(findings, Engine::Index, None, begin.elapsed()))));
            }
            Ok(Err(Fallback::Past)) => answers.push(None),
            Ok(_) => return Ok(None),
            Err(error) => answers.push(Some(Err(error))),
        }
    }
    Ok(Some(answers))
}

/// The answer to a question that is asked by itself, if there is time left for it.
async fn alone(
    answer: impl Future<Output = Result<Answered, Error>>,
    until: Instant,
) -> Result<Result<Answer, Error>, Error> {
    if Instant::now() >= until {
        return Ok(Err(Error::TooSlow));
    }
    own(answer.await.map(|answered| answered.answer))
}

/// What is wrong with a question is its own; a database that does not answer fails all of them.
fn own<T>(answer: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match answer {
        Err(error @ Error::Store(_)) => Err(error),
        answer => Ok(answer),
    }
}
