//! A series by Postgres: each point is asked by itself, all of them in one snapshot.

use std::{sync::Arc, time::Instant};

use index::Datum;
use jiff::Timestamp;

use super::{Point, Series, SeriesAnswer, SeriesError, Step, steps, told_apart};
use crate::{
    model::now,
    store::{
        Store, View,
        lexicon::{self, Lexicon},
        query::{Engine, Error, LONGEST, Plan, sql},
        snapshot::Snapshot,
        statement::Statement,
    },
};

pub(super) async fn answer(store: &Store, view: &View, ask: &Series) -> Result<SeriesAnswer, Error> {
    let (begin, present) = (Instant::now(), now());
    let words = Arc::new(lexicon::load(store, view).await?);
    let steps = steps(&words, ask, present)?;
    let snapshot = Snapshot::open(store, view).await?;
    let mut walk =
        Walk { ask, view, words, present, snapshot, until: begin + LONGEST, done: 0, of: steps.len() };
    // The last point says which values are told apart.
    let mut rest = steps.into_iter().rev();
    let Some(last) = rest.next() else { return Err(SeriesError::TooMany.into()) };
    let (mut plan, mut told) = walk.ask(last, None).await?;
    let listed = told.findings.groups.as_ref().map(told_apart);
    let all = told.findings.groups.as_ref().map_or(0, |groups| groups.rows.len());
    if listed.as_ref().is_some_and(|listed| listed.len() < all) {
        (plan, told) = walk.ask(last, listed.as_deref()).await?;
    }
    walk.done = 1;
    let (version, filter) = (told.findings.version, plan.expr.to_string());
    let mut points = vec![point(last, &plan, &told)];
    for step in rest {
        let (plan, told) = walk.ask(step, listed.as_deref()).await?;
        points.push(point(step, &plan, &told));
        walk.done += 1;
    }
    points.reverse();
    let warnings = sql::warn(&plan, &mut walk.snapshot, &told, &store.live_unasked(view.account)).await?;
    walk.snapshot.ask(&[], true).await?;
    Ok(SeriesAnswer {
        version,
        engine: Engine::Sql,
        fallback: None,
        now: present,
        filter,
        points,
        warnings,
        took: begin.elapsed(),
    })
}

/// Goes from step to step, in one snapshot.
struct Walk<'a> {
    ask: &'a Series,
    view: &'a View,
    words: Arc<Lexicon>,
    present: Timestamp,
    snapshot: Snapshot,
    until: Instant,
    done: usize,
    of: usize,
}

impl Walk<'_> {
    /// What Postgres says of a step, and of which question.
    async fn ask(&mut self, step: Step, listed: Option<&[Datum]>) -> Result<(Plan, sql::Told), Error> {
        let left = self.until.saturating_duration_since(Instant::now()).as_millis();
        let slow = SeriesError::TooSlow { done: self.done, of: self.of };
        if left == 0 {
            return Err(slow.into());
        }
        let timeout = Statement::make(|_| format!("set local statement_timeout = {left}"));
        self.snapshot.ask(&[timeout], false).await?;
        let plan = self.ask.plan(step, listed, (&self.words, self.view), self.present)?;
        let told = sql::find(&plan, &mut self.snapshot, false).await.map_err(|error| match error {
            Error::TooSlow => slow.into(),
            error => error,
        })?;
        Ok((plan, told))
    }
}

fn point((from, to): Step, plan: &Plan, told: &sql::Told) -> Point {
    let findings = &told.findings;
    Point {
        from,
        to,
        at: plan.now,
        is_over: plan.past.is_some(),
        count: findings.count,
        totals: findings.totals.clone(),
        groups: findings.groups.clone(),
    }
}
