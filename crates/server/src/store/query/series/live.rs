//! A series by the index: the last point says which values are told apart; the others are asked together, as long as the filter
//! means the same at one as at the next.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use index::{Datum, Found, Groups, Project, Question, Scope};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Point, Series, SeriesAnswer, SeriesError, Step, steps, told_apart};
use crate::{
    heavy::heavy,
    model::now,
    store::{
        Store, View,
        index::Live,
        lexicon::Lexicon,
        query::{Count, Engine, Error, Fallback, Plan, Warning, live},
    },
};

/// Answers a series until its asker gives up, or says why the database had better do.
pub(super) async fn answer(
    store: &Store,
    view: &View,
    ask: &Series,
    live: &Live,
    until: Option<Instant>,
) -> Result<Result<SeriesAnswer, Fallback>, Error> {
    let (begin, present) = (Instant::now(), now());
    let words = live.words.seen_by(view);
    let steps = steps(&words, ask, present)?;
    let _turn = live::turn(store, view, until).await?;
    let mut walk = Walk {
        ask,
        view,
        live,
        words,
        present,
        projects: live::projects(live),
        until: live::latest(until),
        of: steps.len(),
        points: Vec::new(),
    };
    let Some((filter, warnings)) = heavy(|| walk.go(steps))? else { return Ok(Err(Fallback::Past)) };
    walk.points.reverse();
    Ok(Ok(SeriesAnswer {
        version: live.snapshot.version(),
        engine: Engine::Index,
        fallback: None,
        now: present,
        filter,
        points: walk.points,
        warnings,
        took: begin.elapsed(),
    }))
}

/// Goes from step to step, the last one first.
struct Walk<'a> {
    ask: &'a Series,
    view: &'a View,
    live: &'a Live,
    words: Arc<Lexicon>,
    present: Timestamp,
    projects: BTreeMap<Uuid, Project>,
    until: Instant,
    of: usize,
    /// Those that are answered, the last one first.
    points: Vec<Point>,
}

/// Steps at which the filter means the same, the last one first, with the plan of that.
struct Run {
    plan: Plan,
    steps: Vec<(Step, Timestamp)>,
}

impl Walk<'_> {
    /// The filter in its strict form, and what may have been meant otherwise; `None` where the index does not know what was asked.
    fn go(&mut self, steps: Vec<Step>) -> Result<Option<(String, Vec<Warning>)>, Error> {
        let mut rest = steps.into_iter().rev();
        let Some(last) = rest.next() else { return Err(SeriesError::TooMany.into()) };
        let Some(plan) = self.plan(last, None, None)? else { return Ok(None) };
        let (found, warnings) = live::compute(&plan, self.live, &self.scope(&plan));
        let listed = found.groups.as_ref().map(told_apart);
        let found = self.listing(&plan, found, listed.as_deref());
        self.put(vec![(last, plan.now)], vec![found], plan.past.is_some())?;
        let mut run: Option<Run> = None;
        for step in rest {
            let Some(plan) = self.plan(step, listed.as_deref(), run.as_ref())? else { return Ok(None) };
            match &mut run {
                Some(run) if run.plan.predicate == plan.predicate => run.steps.push((step, plan.now)),
                _ => {
                    let next = Run { steps: vec![(step, plan.now)], plan };
                    run.replace(next).map_or(Ok(()), |run| self.run(run))?;
                }
            }
        }
        run.map_or(Ok(()), |run| self.run(run))?;
        Ok(Some((plan.expr.to_string(), warnings)))
    }

    /// The plan of a step; `None` where the index does not know what it asks. Of a run it is known that it does.
    fn plan(&self, step: Step, listed: Option<&[Datum]>, run: Option<&Run>) -> Result<Option<Plan>, Error> {
        if Instant::now() >= self.until {
            return Err(SeriesError::TooSlow { done: self.points.len(), of: self.of }.into());
        }
        let plan = self.ask.plan(step, listed, (&self.words, self.view), self.present)?;
        let is_known = run.is_some_and(|run| run.plan.predicate == plan.predicate);
        Ok((is_known || live::tells(&plan, self.live)).then_some(plan))
    }

    fn scope<'s>(&'s self, plan: &'s Plan) -> Scope<'s> {
        Scope {
            rows: &plan.rows,
            projects: &self.projects,
            zone: &plan.lexicon.zone,
            predicate: &plan.predicate,
            moment: plan.past.map(Into::into),
            until: Some(self.until),
        }
    }

    /// What was found of the last point, with just the groups that all points have.
    fn listing(&self, plan: &Plan, found: Found, listed: Option<&[Datum]>) -> Found {
        let (Some(Groups { rows, .. }), Some(listed)) = (&found.groups, listed) else { return found };
        if rows.len() == listed.len() {
            return found;
        }
        let question = Question { listed: Some(listed.to_vec()), ..plan.question.clone() };
        self.live.snapshot.answer(&self.scope(plan), &question, None, &[])
    }

    /// Answers the steps of a run. All of them are over.
    fn run(&mut self, run: Run) -> Result<(), Error> {
        let moments: Vec<_> = run.steps.iter().rev().map(|(_, at)| (*at).into()).collect();
        let scope = self.scope(&run.plan);
        let mut found = self.live.snapshot.answer_each(&scope, &run.plan.question, &moments);
        if found.len() == moments.len() {
            found.reverse();
        }
        self.put(run.steps, found, true)
    }

    /// Keeps what was found of steps, unless that came too late.
    fn put(&mut self, steps: Vec<(Step, Timestamp)>, found: Vec<Found>, is_over: bool) -> Result<(), Error> {
        if found.len() < steps.len() || Instant::now() >= self.until {
            return Err(SeriesError::TooSlow { done: self.points.len() + found.len(), of: self.of }.into());
        }
        let point = |(((from, to), at), found): ((Step, Timestamp), Found)| Point {
            from,
            to,
            at,
            is_over,
            count: Count { customers: found.customers, relationships: found.relationships },
            totals: found.aggregates,
            groups: found.groups,
        };
        self.points.extend(steps.into_iter().zip(found).map(point));
        Ok(())
    }
}
