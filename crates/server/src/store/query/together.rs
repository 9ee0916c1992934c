//! Several questions at once: what stands beside each other on a page is of one version.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Answer, Engine, Error, Fallback, Query, Series, SeriesAnswer, live, series};
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

/// Asks them all of one snapshot in memory; those that have had no turn when the time is over were too slow. Where there is no
/// snapshot, Postgres answers the questions one after the other, and no series is told.
pub async fn together(
    store: &Store,
    view: &View,
    queries: &[Query],
    asked: &[Series],
    patience: Duration,
) -> Result<Together, Error> {
    let until = Instant::now() + patience;
    for _ in 0..ATTEMPTS {
        let Standing::Ready(live) = store.live(view.account) else { break };
        let Some(answers) = of(store, view, queries, &live, until).await? else { continue };
        let mut series = Vec::with_capacity(asked.len());
        for ask in asked {
            let is_late = Instant::now() >= until;
            series.push(if is_late {
                Err(Error::TooSlow)
            } else {
                series::of(store, view, ask, &live).await
            });
        }
        return Ok(Together { answers, series });
    }
    let mut answers = Vec::with_capacity(queries.len());
    for query in queries {
        let is_late = Instant::now() >= until;
        answers.push(match is_late {
            true => Err(Error::TooSlow),
            false => own(super::answer(store, view, query).await.map(|answered| answered.answer))?,
        });
    }
    let why = answers.iter().flatten().find_map(|answer| answer.fallback).unwrap_or(Fallback::Busy);
    Ok(Together { answers, series: asked.iter().map(|_| Err(Error::IndexNotReady(why))).collect() })
}

/// The answers of a snapshot; none where it does not know one of them, or where what it says is not new enough for a page.
async fn of(
    store: &Store,
    view: &View,
    queries: &[Query],
    live: &Arc<Live>,
    until: Instant,
) -> Result<Option<Vec<Result<Answer, Error>>>, Error> {
    let mut answers = Vec::with_capacity(queries.len());
    for query in queries {
        let begin = Instant::now();
        if begin >= until {
            answers.push(Err(Error::TooSlow));
            continue;
        }
        match own(live::answer(store, view, query, Arc::clone(live)).await)? {
            Ok(Ok((plan, findings, last))) if Arc::ptr_eq(&last, live) => {
                answers.push(Ok(plan.answer(findings, Engine::Index, None, begin.elapsed())));
            }
            Ok(_) => return Ok(None),
            Err(error) => answers.push(Err(error)),
        }
    }
    Ok(Some(answers))
}

/// What is wrong with a question is its own; a database that does not answer fails all of them.
fn own<T>(answer: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match answer {
        Err(error @ Error::Store(_)) => Err(error),
        answer => Ok(answer),
    }
}
