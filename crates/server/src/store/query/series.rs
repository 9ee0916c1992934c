//! Series: one question at the end of each day, week, month or quarter of a period.
//!
//! A point is, exactly, what the question answers as of its moment: relative dates in the filter are relative to it, and only
//! what was known of then counts. A step that is not over is asked as of now. Here each point is asked by itself, all of them in
//! one snapshot; that takes what it takes, so it ends after as long as one question may.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use filter::{
    Field,
    calendar::{Unit, day_of, first_instant},
};
use index::{
    Aggregate, Bucket, Datum, Extreme, Function, GROUP_TEXT, Group, Grouping, Groups, Part, Question, Sort,
    Total,
};
use jiff::{Timestamp, civil::Date};

use super::{Count, Engine, Error, Key, LONGEST, Plan, Query, Warning, reach, sql};
use crate::{
    model::now,
    store::{Rows, Store, View, lexicon, lexicon::Lexicon, snapshot::Snapshot, statement::Statement},
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
    /// Waits until the account has reached this version.
    pub min_version: i64,
}

/// The points of a series, all of one version.
#[derive(Clone, Debug)]
pub struct SeriesAnswer {
    /// The account's version that was answered from.
    pub version: i64,
    /// What answered.
    pub engine: Engine,
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
    #[error("the series took longer than 30 seconds: {done} of {of} points were answered")]
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
pub async fn series(store: &Store, view: &View, ask: &Series) -> Result<SeriesAnswer, Error> {
    reach(store, view, ask.min_version).await?;
    let (begin, present) = (Instant::now(), now());
    let words = Arc::new(lexicon::load(store, view).await?);
    let steps = steps(&words, ask, present)?;
    let snapshot = Snapshot::open(store, view).await?;
    let mut walk =
        Walk { ask, view, words, present, snapshot, until: begin + LONGEST, done: 0, of: steps.len() };
    // The last point says which values are told apart.
    let mut rest = steps.into_iter().rev();
    let Some(last) = rest.next() else { return Err(SeriesError::TooMany.into()) };
    let (plan, told) = walk.ask(last, None).await?;
    let chosen = told.findings.groups.as_ref().map(chosen);
    let (version, filter) = (told.findings.version, plan.expr.to_string());
    let mut points = vec![walk.point(last, &plan, &told.findings, chosen.as_deref())];
    for step in rest {
        let (plan, told) = walk.ask(step, chosen.as_deref()).await?;
        points.push(walk.point(step, &plan, &told.findings, chosen.as_deref()));
    }
    points.reverse();
    let warnings = sql::warn(&plan, &mut walk.snapshot, &told).await?;
    walk.snapshot.ask(&[], true).await?;
    Ok(SeriesAnswer {
        version,
        engine: Engine::Sql,
        now: present,
        filter,
        points,
        warnings,
        took: begin.elapsed(),
    })
}

/// The steps that the period touches, each whole, oldest first: one at least.
fn steps(words: &Lexicon, ask: &Series, present: Timestamp) -> Result<Vec<Step>, SeriesError> {
    let period = ask.period.as_deref();
    let (mut first, last) = words.period(period.unwrap_or(PERIOD), present).map_err(SeriesError::Period)?;
    if let (None, Some(horizon)) = (period, words.horizon) {
        first = first.max(day_of(horizon, &words.zone)).min(last);
    }
    let mut steps = Vec::new();
    let mut next = Some(ask.step.first(first));
    while let Some(from) = next.filter(|from| *from <= last) {
        if steps.len() == POINTS_MAX {
            return Err(SeriesError::TooMany);
        }
        next = ask.step.next(from);
        steps.push((from, next.and_then(|next| next.yesterday().ok()).unwrap_or(Date::MAX)));
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

/// The values that are told apart, in the order in which the last point lists them. What is too long to be shown whole is
/// among the others: by what is shown it cannot be found again.
fn chosen(groups: &Groups) -> Vec<Datum> {
    let whole = |value: &Datum| !matches!(value, Datum::String(text) if text.chars().count() >= GROUP_TEXT);
    let values = groups.rows.iter().filter_map(|(bucket, _)| match bucket {
        Bucket::Value(value) => Some(value.clone()),
        Bucket::Period(_) | Bucket::From(_) => None,
    });
    values.filter(whole).collect()
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
    async fn ask(&mut self, (_, to): Step, chosen: Option<&[Datum]>) -> Result<(Plan, sql::Told), Error> {
        let left = self.until.saturating_duration_since(Instant::now()).as_millis();
        let slow = SeriesError::TooSlow { done: self.done, of: self.of };
        if left == 0 {
            return Err(slow.into());
        }
        let timeout = Statement::make(|_| format!("set local statement_timeout = {left}"));
        self.snapshot.ask(&[timeout], false).await?;
        let mut plan = Plan::make_at(Arc::clone(&self.words), self.view, &self.query(to), self.present)?;
        plan.chosen = chosen.map(|values| {
            values.iter().map(|value| Key::of(&Some(value.clone()), &Sort::default())).collect()
        });
        let told = sql::find(&plan, &mut self.snapshot, false).await.map_err(|error| match error {
            Error::TooSlow => slow.into(),
            error => error,
        })?;
        self.done += 1;
        Ok((plan, told))
    }

    /// The question of a step: what is not over is asked now.
    fn query(&self, to: Date) -> Query {
        let Series { filter, rows, aggregates, by, limit, .. } = self.ask;
        let select =
            [Part::Count, Part::Aggregates].into_iter().chain(by.as_ref().map(|_| Part::Groups)).collect();
        let question = Question {
            select,
            aggregates: aggregates.clone(),
            group_by: by.clone().map(Grouping::Value),
            group_limit: *limit,
            ..Question::default()
        };
        let as_of = (end(to, &self.words) <= self.present).then(|| to.to_string());
        Query { filter: filter.clone(), rows: rows.clone(), question, as_of, ..Query::default() }
    }

    fn point(
        &self,
        (from, to): Step,
        plan: &Plan,
        findings: &super::Findings,
        chosen: Option<&[Datum]>,
    ) -> Point {
        let groups = findings.groups.clone().zip(chosen).map(|(groups, values)| self.in_line(groups, values));
        Point {
            from,
            to,
            at: plan.now,
            is_over: plan.past.is_some(),
            count: findings.count,
            totals: findings.totals.clone(),
            groups,
        }
    }

    /// The groups of those values, in their order; of some there may be none at this point.
    fn in_line(&self, mut groups: Groups, values: &[Datum]) -> Groups {
        let mut of = |value: &Datum| {
            let bucket = Bucket::Value(value.clone());
            let place = groups.rows.iter().position(|(found, _)| *found == bucket);
            let group = place.map_or_else(|| self.nobody(), |place| groups.rows.swap_remove(place).1);
            (bucket, group)
        };
        let rows = values.iter().map(&mut of).collect();
        Groups { rows, ..groups }
    }

    /// A group that nobody is in.
    fn nobody(&self) -> Group {
        let total = |aggregate: &Aggregate| Total {
            value: (aggregate.function == Function::Sum).then(|| Extreme::Number(0.into())),
            counted: 0,
            skipped: 0,
            missing: 0,
        };
        Group { count: 0, by_status: [0; 4], totals: self.ask.aggregates.iter().map(total).collect() }
    }
}
