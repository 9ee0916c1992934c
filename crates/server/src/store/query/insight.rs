//! Insights: asked of the index only, for they look at everybody at many moments. Where an account's history is not in memory,
//! the answer says so; nothing is estimated.

mod ask;
pub mod changes;
mod further;

use std::{
    fmt,
    time::{Duration, Instant},
};

pub use ask::Ask;
use filter::{Expr, Field, Predicate, calendar::Unit, expr::Start};
use further::Further;
use index::{
    Part, Question, Scope, Snapshot,
    insight::{
        self, By, Ground, Home, Place,
        breakdown::{self, Breakdown},
        conversion::{self, Conversion},
        lift::{self, Lift},
        movements::{self, Movements},
        overlap,
        referrals::{self, Order, Referrals},
        retention::{self, PERIODS_MAX, Retained, Retention},
    },
};
use jiff::{Timestamp, civil::Date};

use super::{Error, LONGEST, PATIENCE, Plan, Warning, elsewhere, live, standing, undated, unseen};
use crate::{
    heavy::heavy,
    store::{
        Store, View,
        index::{Live, Needs, Standing},
        project,
    },
};

/// What is said of a part of a question that the index never tells.
const UNKEPT: &str = "insights are told from memory, which does not keep this of the past: inside was (…) and first (…) seen, last_activity, \
                      changed, increased and other projects, and paths that change without end";

/// An insight, of one version.
#[derive(Clone, Debug)]
pub struct Insight<A> {
    /// The account's version that was answered from.
    pub version: i64,
    /// The time that `now` meant.
    pub now: Timestamp,
    /// The moment that it is of, where that is not the present.
    pub as_of: Option<Timestamp>,
    /// The filter in its strict form.
    pub filter: String,
    /// What was found.
    pub answer: A,
    /// What the asker may have meant otherwise.
    pub warnings: Vec<Warning>,
    /// How long it took, without the wait for a version.
    pub took: Duration,
}

/// Why an insight is not told.
#[derive(Debug, thiserror::Error)]
pub enum InsightError {
    /// A period is none, or has not begun.
    #[error("{0}: {1}")]
    Period(&'static str, filter::Error),
    /// A filter besides the one that says who is told of makes no sense.
    #[error("{0}: {1}")]
    Filter(&'static str, filter::Error),
    /// A part of the question makes no sense, or all of it where none is named, and why.
    #[error("{1}")]
    Refused(Option<&'static str>, String),
    /// The index does not tell.
    #[error("insights are told from memory, and {0}")]
    NotInMemory(Absent),
}

/// Why the index does not tell an insight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The account, or its history, is being read.
    Loading,
    /// The account, or its history, does not fit; about so much it takes.
    TooLarge(Needs),
    /// The account, or its history, could not be read.
    Unread,
}

/// In words.
impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Absent::Loading => "the account is being read into it",
            Absent::TooLarge(Needs { past: true, .. }) => "the account's history does not fit into it",
            Absent::TooLarge(_) => "the account does not fit into it",
            Absent::Unread => "the account, or its history, could not be read into it",
        })
    }
}

impl From<insight::Error> for Error {
    fn from(error: insight::Error) -> Error {
        let detail = error.to_string();
        match (error.place(), error) {
            (Some(Place::Filter), insight::Error::Filter(_, error)) => Error::Filter(error),
            (Some(place), insight::Error::Filter(_, error)) if place != Place::Path => {
                InsightError::Filter(place.as_str(), error).into()
            }
            (place, _) => InsightError::Refused(place.map(Place::as_str), detail).into(),
        }
    }
}

/// Who stays, as it is asked.
#[derive(Clone, Debug)]
pub struct RetentionAsk {
    /// What time is cut into.
    pub unit: Unit,
    /// When people began.
    pub began: Field,
    /// The period in which the cohorts began, as the language writes it; without one the last twelve units.
    pub cohorts: Option<String>,
    /// How many periods follow.
    pub periods: usize,
    /// Who counts as retained; without it that is found.
    pub retained: Option<Retained>,
    /// Whose values are told apart.
    pub by: Option<By>,
}

/// How many customers projects have in common, as it is asked.
#[derive(Clone, Copy, Debug)]
pub struct OverlapAsk;

/// What moves a sum, as it is asked.
#[derive(Clone, Debug)]
pub struct MovementsAsk {
    /// The path of the numbers.
    pub path: Field,
    /// While this filter is true they count.
    pub holds: Expr,
    /// What time is cut into.
    pub unit: Unit,
    /// From when to when, as the language writes it; without one the last twelve units.
    pub period: Option<String>,
    /// Whose values are told apart.
    pub by: Option<By>,
    /// Whether by what each held then, and not by what it holds.
    pub then: bool,
    /// The path of the currencies; without one `params.currency`, where somebody has it.
    pub currency: Option<Field>,
}

/// What came by each code, as it is asked.
#[derive(Clone, Debug)]
pub struct ReferralsAsk {
    /// The path of the code.
    pub path: Field,
    /// The path of the numbers that are added up; without one `params.mrr`, where somebody has it, unless nothing is.
    pub sum: Option<Field>,
    /// Whether nothing is added up.
    pub no_sum: bool,
    /// The path of the currencies; without one `params.currency`, where somebody has it.
    pub currency: Option<Field>,
    /// Where codes are carried; without it that is found.
    pub carries: Option<Field>,
    /// Which codes come first.
    pub order: Order,
    /// So many codes are told one by one.
    pub limit: usize,
}

/// A question that the index answers with an insight.
pub trait Tell {
    /// What it answers.
    type Answer;

    /// Asks the index; none where it does not know what is asked of the past.
    #[doc(hidden)]
    fn tell(&self, told: &Told<'_>) -> Result<Option<Self::Answer>, Error>;

    /// Whether it asks since when people have what they have, and tells nobody apart of whom that is not known.
    #[doc(hidden)]
    fn asks_values(&self) -> bool {
        false
    }

    /// The filters besides the one that says who is told of.
    #[doc(hidden)]
    fn further(&self) -> Vec<Further> {
        Vec::new()
    }

    /// Whether an answer says that nobody was found by one of them.
    #[doc(hidden)]
    fn is_odd(&self, _: &Self::Answer, _: Place) -> bool {
        false
    }
}

impl Tell for OverlapAsk {
    type Answer = overlap::Answer;

    fn tell(&self, told: &Told<'_>) -> Result<Option<overlap::Answer>, Error> {
        Ok(told.snapshot.overlap(&told.scope, &told.ground)?)
    }
}

impl Tell for Breakdown {
    type Answer = breakdown::Answer;

    fn tell(&self, told: &Told<'_>) -> Result<Option<breakdown::Answer>, Error> {
        // Money has a currency, whatever the number is called.
        let currency = self.currency.clone().or_else(|| told.currency()).filter(|_| self.number.is_some());
        let question = Breakdown { currency, ..self.clone() };
        Ok(told.snapshot.breakdown(&told.scope, &told.ground, &question)?)
    }
}

impl Tell for Conversion {
    type Answer = conversion::Answer;

    fn tell(&self, told: &Told<'_>) -> Result<Option<conversion::Answer>, Error> {
        Ok(told.snapshot.conversion(&told.scope, &told.ground, self)?)
    }

    fn asks_values(&self) -> bool {
        true
    }

    fn further(&self) -> Vec<Further> {
        let first = |(place, start): (Place, &Start)| match start {
            Start::First(node) => Some(Further::first(place, &Expr::new(Some(*node.clone())))),
            Start::Field(_) => None,
        };
        [(Place::From, &self.from), (Place::To, &self.to)].into_iter().filter_map(first).collect()
    }

    fn is_odd(&self, answer: &conversion::Answer, place: Place) -> bool {
        let all = answer.groups.first();
        all.is_none_or(|all| match place {
            Place::From => all.entered.count + all.before.count == 0,
            _ => all.converted.count + all.before.count == 0,
        })
    }
}

impl Tell for Lift {
    type Answer = lift::Answer;

    fn tell(&self, told: &Told<'_>) -> Result<Option<lift::Answer>, Error> {
        Ok(told.snapshot.lift(&told.scope, &told.ground, self)?)
    }

    fn asks_values(&self) -> bool {
        self.landmark.is_some()
    }

    fn further(&self) -> Vec<Further> {
        let there = self.landmark.as_ref().map(|landmark| Further::then(Place::There, &landmark.there));
        [Further::now(Place::Outcome, &self.outcome)].into_iter().chain(there).collect()
    }

    fn is_odd(&self, answer: &lift::Answer, place: Place) -> bool {
        place == Place::Outcome || answer.all.rate.all == 0
    }
}

impl Tell for MovementsAsk {
    type Answer = movements::Answer;

    fn tell(&self, told: &Told<'_>) -> Result<Option<movements::Answer>, Error> {
        let MovementsAsk { path, holds, unit, by, then, .. } = self.clone();
        let period = last_units(told.plan, unit, self.period.as_deref(), "period")?;
        let currency = self.currency.clone().or_else(|| told.currency());
        let question = Movements { path, holds, unit, period, by, then, currency };
        Ok(told.snapshot.movements(&told.scope, &told.ground, &question)?)
    }

    fn further(&self) -> Vec<Further> {
        vec![Further::then(Place::While, &self.holds)]
    }

    fn is_odd(&self, answer: &movements::Answer, _: Place) -> bool {
        let all = answer.currencies.iter().filter_map(|currency| currency.groups.first());
        let mut steps = all.flat_map(|group| &group.steps);
        steps.all(|step| step.opening.people.count + step.closing.people.count == 0)
    }
}

impl Tell for ReferralsAsk {
    type Answer = (Referrals, referrals::Answer);

    fn tell(&self, told: &Told<'_>) -> Result<Option<Self::Answer>, Error> {
        let ReferralsAsk { path, sum, no_sum, currency, carries, order, limit } = self.clone();
        let sum = sum.or_else(|| told.had("mrr")).filter(|_| !no_sum);
        let currency = currency.or_else(|| told.currency());
        let question = Referrals { path, sum, currency, carries, order, limit };
        let answer = told.snapshot.referrals(&told.scope, &told.ground, &question)?;
        Ok(answer.map(|answer| (question, answer)))
    }
}

/// The first and the last day of a period, or of the last twelve units.
fn last_units(
    plan: &Plan,
    unit: Unit,
    said: Option<&str>,
    name: &'static str,
) -> Result<(Date, Date), Error> {
    let said = said.map_or_else(|| format!("last 12 {}s", unit.as_str()), str::to_owned);
    let days = plan.lexicon.period(&said, plan.now);
    Ok(days.map_err(|error| InsightError::Period(name, error))?)
}

/// What an insight is told from.
pub struct Told<'a> {
    plan: &'a Plan,
    live: &'a Live,
    snapshot: &'a Snapshot,
    scope: Scope<'a>,
    ground: Ground<'a>,
}

impl Told<'_> {
    /// Where the currency of people's money stands, if some of them have one.
    fn currency(&self) -> Option<Field> {
        self.had("currency")
    }

    /// How many there are of whom something is true.
    fn count(&self, predicate: &Predicate) -> u64 {
        let question = Question { select: vec![Part::Count], ..Question::default() };
        self.snapshot.answer(&Scope { predicate, ..self.scope }, &question, None, &[]).relationships
    }

    /// A key of params, if some people have it, or had it.
    fn had(&self, key: &str) -> Option<Field> {
        let path = filter::Path::new(vec![key.to_owned()])?;
        self.snapshot.had(&self.scope, &path).then_some(Field::Params(path))
    }
}

impl Tell for RetentionAsk {
    type Answer = retention::Answer;

    fn tell(&self, told: &Told<'_>) -> Result<Option<retention::Answer>, Error> {
        Ok(told.snapshot.retention(&told.scope, &told.ground, &self.checked(told.plan)?)?)
    }

    fn asks_values(&self) -> bool {
        self.retained != Some(Retained::Seen)
    }

    fn further(&self) -> Vec<Further> {
        match &self.retained {
            Some(Retained::While(holds)) => vec![Further::then(Place::Retained, holds)],
            Some(Retained::Seen) | None => Vec::new(),
        }
    }

    fn is_odd(&self, answer: &retention::Answer, _: Place) -> bool {
        let totals = answer.groups.first().into_iter().flat_map(|all| &all.totals);
        let mut cells = totals.filter_map(|total| total.cell.as_ref());
        cells.all(|cell| cell.rate.some == 0)
    }
}

impl RetentionAsk {
    /// The question with its words understood.
    fn checked(&self, plan: &Plan) -> Result<Retention, Error> {
        let RetentionAsk { unit, began, periods, retained, by, .. } = self.clone();
        let cohorts = last_units(plan, unit, self.cohorts.as_deref(), "cohorts")?;
        Ok(Retention { unit, began, cohorts, periods: periods.min(PERIODS_MAX), retained, by })
    }
}

/// Tells an insight from the account's index. Right after a start that is still being read: it is waited for, but not for long.
pub async fn tell<Q: Tell>(
    store: &Store,
    view: &View,
    ask: &Ask,
    question: &Q,
) -> Result<Insight<Q::Answer>, Error> {
    match told(store, view, ask, question).await {
        Err(Error::Insight(InsightError::NotInMemory(Absent::Loading))) => {
            // Whatever came of it, the next attempt says so.
            let _ = tokio::time::timeout(PATIENCE, store.index_remembers(view.account)).await;
            told(store, view, ask, question).await
        }
        told => told,
    }
}

async fn told<Q: Tell>(
    store: &Store,
    view: &View,
    ask: &Ask,
    question: &Q,
) -> Result<Insight<Q::Answer>, Error> {
    let absent = |absent| Error::from(InsightError::NotInMemory(absent));
    let live = match standing(store, view, None, ask.min_version).await? {
        Standing::Loading => return Err(absent(Absent::Loading)),
        Standing::Outside => {
            let needs = store.index_needs(view.account);
            return Err(absent(needs.map_or(Absent::Unread, Absent::TooLarge)));
        }
        Standing::Ready(live) => live,
    };
    let begin = Instant::now();
    let query = ask.query();
    let plan = Plan::make(live.words.seen_by(view), view, &query)?;
    if !live::tells(&plan, &live) {
        return Err(untold(store, view, &live, Some(Place::Filter)));
    }
    let homes = homes(store, view, &plan).await?;
    let until = begin + LONGEST;
    let turn = store.lanes.answers.turn(*view).await?;
    let mut undated = None;
    let (answer, nobody, mut warnings) = heavy(|| {
        on(&plan, &live, &homes, until, |told| {
            let (found, mut warnings) = live::compute(&plan, &live, &told.scope);
            let answer = question.tell(told);
            if let Ok(Some(answer)) = &answer {
                for further in question.further() {
                    let is_odd = question.is_odd(answer, further.place);
                    warnings.extend(further.doubts(view, ask, told, is_odd));
                }
            }
            if question.asks_values() {
                undated = undated::look(&plan, |predicate| told.count(predicate));
            }
            (answer, found.relationships == 0, warnings)
        })
    });
    drop(turn);
    if Instant::now() >= until {
        return Err(Error::TooSlow);
    }
    let further = || question.further().into_iter().find(|further| !further.is_kept(view, ask, &plan, &live));
    let answer = answer?.ok_or_else(|| {
        // Otherwise it is the past of a field that is told apart or added up.
        untold(store, view, &live, further().map(|further| further.place))
    })?;
    warnings.extend(elsewhere::look(store, view, &query, nobody).await?);
    warnings.extend(unseen::look(store, view, &plan).await?);
    warnings.extend(undated);
    Ok(Insight {
        version: live.snapshot.version(),
        now: plan.now,
        as_of: plan.past,
        filter: plan.expr.to_string(),
        answer,
        warnings,
        took: begin.elapsed(),
    })
}

/// Why an index that can be asked does not tell what a part of the question asks of the past.
fn untold(store: &Store, view: &View, live: &Live, place: Option<Place>) -> Error {
    if live.snapshot.remembers() {
        return InsightError::Refused(place.map(Place::as_str), UNKEPT.to_owned()).into();
    }
    let needs = store.index_needs(view.account).filter(|needs| needs.past);
    let absent = match store.index_lacks_past(view.account) {
        true => needs.map_or(Absent::Unread, Absent::TooLarge),
        false => Absent::Loading,
    };
    InsightError::NotInMemory(absent).into()
}

/// Calls with what insights are told from.
fn on<T>(plan: &Plan, live: &Live, homes: &[Home], until: Instant, ask: impl FnOnce(&Told<'_>) -> T) -> T {
    let check = |expr: &Expr| plan.lexicon.checked_of(plan.project, expr, plan.now);
    let (zone, projects) = (&plan.lexicon.zone, live::projects(live));
    let (filter, now, horizon) = (&plan.expr, plan.now, plan.lexicon.horizon);
    let ground = Ground { filter, homes, zone, now, horizon, check: &check };
    let (rows, predicate, moment) = (&plan.rows, &plan.predicate, plan.past.map(Into::into));
    let scope = Scope { rows, projects: &projects, zone, predicate, moment, until: Some(until) };
    ask(&Told { plan, live, snapshot: &live.snapshot, scope, ground })
}

/// The projects whose relationships are rows.
async fn homes(store: &Store, view: &View, plan: &Plan) -> Result<Vec<Home>, Error> {
    let known = project::seen_since(store, view.account, &plan.rows).await?.into_iter();
    Ok(known.map(|(id, slug, seen_since)| Home { id, slug, seen_since }).collect())
}
