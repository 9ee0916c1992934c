//! Warnings: what the asker may have meant otherwise. Looked for only where an answer looks odd: nothing matches, a negation
//! also matches those who lack the field, nobody has what is summed, grouped or sorted by, or dates have another form.
//!
//! An engine answers first ([`Outcome`]); then it says what the rows, matching or not, hold where something looks odd
//! ([`Doubts`], [`Seen`]); the rest is here.

mod condition;
mod dates;
mod kinds;
mod meant;
mod named;
mod past;
mod search;
mod similar;
mod value;
mod values;

use filter::{Path, Predicate, Span, value::Kind};
use index::{Facet, Groups, Probe, Total, insight::Place};

pub(super) use condition::lacking;
pub(super) use past::told;
pub(super) use values::fields as words;

use super::{Page, Plan};

/// Keys that one nobody has may resemble: the widest.
pub(super) const PATHS_MAX: usize = 1_000;

/// What may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningCode {
    /// Nobody has such a key.
    UnknownPath,
    /// The text is there in another case.
    CaseDiffers,
    /// Nobody has that text, and there are few others.
    UnknownValue,
    /// The field holds values of another type than the literal's.
    TypeDiffers,
    /// Those who lack the field match too.
    IncludesMissing,
    /// The field holds dates in a form that is not read.
    DateForm,
    /// A search finds nobody.
    NothingFound,
    /// Nobody is where it was asked, but somebody in test projects.
    OnlyTestProjects,
    /// The address is one that a merged customer had.
    IsAlias,
    /// It was asked of a time of which nothing is known.
    PastUnknown,
    /// It was asked of the past, and who somebody is is known of the present.
    AsksPresent,
}

impl WarningCode {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            WarningCode::UnknownPath => "unknown_path",
            WarningCode::CaseDiffers => "case_differs",
            WarningCode::UnknownValue => "unknown_value",
            WarningCode::TypeDiffers => "type_differs",
            WarningCode::IncludesMissing => "includes_missing",
            WarningCode::DateForm => "date_form",
            WarningCode::NothingFound => "nothing_found",
            WarningCode::OnlyTestProjects => "only_test_projects",
            WarningCode::IsAlias => "is_alias",
            WarningCode::PastUnknown => "past_unknown",
            WarningCode::AsksPresent => "asks_present",
        }
    }
}

/// The part of a question that a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The filter.
    Filter,
    /// One of the aggregates.
    Aggregates,
    /// The grouping.
    GroupBy,
    /// The order.
    Sort,
    /// One of the facets.
    Facets,
    /// One of the columns that are shown.
    Columns,
    /// Another filter of an insight.
    Insight(Place),
}

impl Subject {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Subject::Filter => "filter",
            Subject::Aggregates => "aggregates",
            Subject::GroupBy => "group_by",
            Subject::Sort => "sort",
            Subject::Facets => "facets",
            Subject::Columns => "columns",
            Subject::Insight(place) => place.as_str(),
        }
    }
}

/// Something the asker may have meant otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What.
    pub code: WarningCode,
    /// Of which part of the question.
    pub subject: Subject,
    /// That part's text: the filter's as it was written, anything else in its strict form.
    pub text: String,
    /// The words of the text that it is about; none where it is about all of the question.
    pub span: Span,
    /// What was found.
    pub detail: String,
    /// What to write in place of the span, when there is something to suggest.
    pub fix: Option<String>,
}

impl Warning {
    /// A warning about words of the filter. A fix that does not make a filter is none.
    pub(super) fn of_filter(
        plan: &Plan,
        code: WarningCode,
        span: Span,
        detail: String,
        fix: Option<String>,
    ) -> Warning {
        let text = plan.expr.text();
        let (before, after) = (&text[..span.start], &text[span.end..]);
        let helps = |fix: &String| plan.check(&format!("{before}{fix}{after}")).is_ok();
        Warning {
            code,
            subject: Subject::Filter,
            text: text.to_owned(),
            span,
            detail,
            fix: fix.filter(helps),
        }
    }

    /// The part's text with the fix in it.
    pub fn fixed(&self) -> Option<String> {
        let (before, after) = (self.text.get(..self.span.start)?, self.text.get(self.span.end..)?);
        Some(format!("{before}{}{after}", self.fix.as_ref()?))
    }
}

/// What an engine has answered, as far as it may look odd.
pub(super) struct Outcome<'a> {
    /// Relationships that match, where they were counted.
    pub(super) relationships: Option<u64>,
    /// For each of [`lacking`]: how many of these lack the field.
    pub(super) lacking: &'a [u64],
    pub(super) totals: &'a [Total],
    pub(super) groups: Option<&'a Groups>,
    pub(super) facets: &'a [Facet],
    /// Whether the first customer in order has nothing that it is sorted by.
    pub(super) unsorted: bool,
}

impl Outcome<'_> {
    /// Whether the filter matches nobody.
    fn is_nobody(&self) -> bool {
        self.relationships == Some(0)
    }
}

/// Whether the first customer of the first page has nothing that it is sorted by.
pub(super) fn is_unsorted(plan: &Plan, page: Option<&Page>) -> bool {
    let path = plan.question.sort.field.path();
    let lacks = |path: &Path, page: &Page| {
        let first = page.rows.first().into_iter().flat_map(|row| &row.relationships);
        first.into_iter().all(|relationship| path.find(&relationship.params).is_none())
    };
    plan.after.is_none() && path.zip(page).is_some_and(|(path, page)| lacks(path, page))
}

/// A field that the rows, matching or not, must be looked at for.
pub(super) struct Look<'p> {
    pub(super) field: &'p filter::Field,
    /// The text that is asked for.
    pub(super) text: Option<&'p str>,
    /// Whether dates are asked for.
    pub(super) dates: bool,
    /// Whether it need not be looked at where all values are of one kind.
    pub(super) only_if_mixed: bool,
    about: About<'p>,
}

impl Look<'_> {
    /// What was seen, if it says anything.
    pub(super) fn of_use(&self, probe: Probe) -> Option<Probe> {
        let kinds = probe.kinds.iter().filter(|(kind, _)| *kind != Kind::Null);
        (!self.only_if_mixed || kinds.count() > 1).then_some(probe)
    }

    /// The path, if it was asked what it was: then only the log can say that nobody had it.
    pub(super) fn of_the_past(&self) -> Option<&Path> {
        self.field.path().filter(|_| matches!(self.about, About::Past(_)))
    }
}

/// Why a field is looked at.
enum About<'p> {
    /// A condition, what its literal may have been meant as, and for each the trial that says whether it finds anybody.
    Condition(&'p filter::predicate::Condition, Vec<(String, usize)>),
    Named(named::Named),
    /// A condition on what was.
    Past(&'p filter::predicate::Condition),
}

/// What may be wrong with a question that is answered, and what must be known to say so.
pub(super) struct Doubts<'p> {
    plan: &'p Plan,
    /// The fields to look at.
    pub(super) looks: Vec<Look<'p>>,
    /// Filters of which is counted how many rows each matches by itself.
    pub(super) trials: Vec<Predicate>,
    searches: Vec<search::Group>,
    unborn: Vec<past::Unborn>,
}

/// What the rows hold.
#[derive(Default)]
pub(super) struct Seen {
    /// For each look, if it was needed and of use.
    pub(super) probes: Vec<Option<Probe>>,
    /// For each trial.
    pub(super) counts: Vec<u64>,
    /// The widest paths, where [`Seen::unknown`].
    pub(super) paths: Vec<Path>,
    /// For each look, whether it is known that the log names no such path; empty where that is not known.
    pub(super) never: Vec<bool>,
    /// What all rows hold in [`words`], where [`Doubts::seeks_values`]. Only memory says it: the database would count everybody.
    pub(super) values: Vec<Facet>,
}

impl Seen {
    /// Whether nobody has some field, so that other keys must be known.
    pub(super) fn unknown(&self) -> bool {
        self.probes.iter().flatten().any(|probe| probe.present == 0)
    }
}

impl<'p> Doubts<'p> {
    pub(super) fn of(plan: &'p Plan, outcome: &Outcome<'_>) -> Doubts<'p> {
        let (looks, trials, searches, unborn) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut doubts = Doubts { plan, looks, trials, searches, unborn };
        for odd in condition::odd(plan, outcome) {
            let condition = odd.asked.condition;
            let is_nearly_date = !dates::named(condition).is_empty();
            let meant = match outcome.is_nobody() || is_nearly_date {
                true => meant::literals(condition, odd.asked.negated),
                false => Vec::new(),
            };
            let trials = meant.into_iter().filter_map(|(fix, filter)| Some((fix, doubts.trial(&filter)?)));
            let about = About::Condition(condition, trials.collect());
            doubts.looks.push(Look {
                field: &condition.field,
                text: condition::literal(condition),
                dates: dates::asks(condition) || is_nearly_date,
                only_if_mixed: odd.only_if_mixed,
                about,
            });
        }
        for asked in condition::of_the_past(plan).filter(|asked| outcome.is_nobody() || asked.negated) {
            let (field, about) = (&asked.condition.field, About::Past(asked.condition));
            let text = condition::literal_then(asked.condition);
            doubts.looks.push(Look { field, text, dates: false, only_if_mixed: false, about });
        }
        for (field, named) in named::odd(plan, outcome) {
            let dates = named.is_date();
            let about = About::Named(named);
            doubts.looks.push(Look { field, text: None, dates, only_if_mixed: false, about });
        }
        if outcome.relationships.is_some() {
            doubts.searches = search::groups(plan, outcome.is_nobody(), |filter| doubts.trial(filter));
        }
        if outcome.relationships.is_some_and(|found| found > 0) {
            doubts.unborn = past::unborn(plan, |filter| doubts.trial(filter));
        }
        doubts
    }

    /// The place of a filter among the trials; `None` when it is none.
    fn trial(&mut self, filter: &str) -> Option<usize> {
        self.trials.push(self.plan.check(filter).ok()?);
        Some(self.trials.len() - 1)
    }

    /// Whether nothing must be looked at.
    pub(super) fn is_empty(&self) -> bool {
        self.looks.is_empty() && self.trials.is_empty()
    }

    /// Whether words that find nobody may be values that people have.
    pub(super) fn seeks_values(&self, counts: &[u64]) -> bool {
        self.searches.iter().any(|group| group.seeks_values(counts))
    }

    /// Whether all that may be told is that values are of several kinds.
    pub(super) fn only_if_mixed(&self) -> bool {
        self.trials.is_empty() && self.looks.iter().all(|look| look.only_if_mixed)
    }

    /// What is to be said.
    pub(super) fn warnings(&self, outcome: &Outcome<'_>, seen: &Seen) -> Vec<Warning> {
        let mut warnings = condition::including(self.plan, outcome);
        let found = |trial: usize| seen.counts.get(trial).copied().filter(|count| *count > 0);
        for (place, (look, probe)) in self.looks.iter().zip(&seen.probes).enumerate() {
            let Some(probe) = probe else { continue };
            warnings.extend(match &look.about {
                About::Named(named) => named.explain(look.field, probe, &seen.paths),
                About::Past(condition) => {
                    let never = probe.present == 0 && seen.never.get(place) == Some(&true);
                    match never {
                        true => Some(condition::unknown(self.plan, condition, &seen.paths, "has or had")),
                        false if outcome.is_nobody() => condition::explain_then(self.plan, condition, probe),
                        false => None,
                    }
                }
                About::Condition(condition, meant) => {
                    let fix = meant.iter().find_map(|(fix, trial)| Some((fix.clone(), found(*trial)?)));
                    condition::explain(self.plan, condition, outcome, probe, &seen.paths, fix)
                }
            });
        }
        if outcome.relationships.is_some() {
            warnings.extend(told(self.plan));
        }
        warnings.extend(self.unborn.iter().filter_map(|unborn| unborn.explain(self.plan, &seen.counts)));
        warnings.extend(self.searches.iter().filter_map(|group| group.explain(self.plan, seen)));
        warnings
    }
}
