//! What may be wrong with fields that a question names outside of its filter: what it sums, groups and sorts by, counts or
//! shows.

use filter::{Field, Path, Span};
use index::{Aggregate, Grouping, Part, Probe, Sort};

use super::{Outcome, Subject, Warning, WarningCode, dates, similar};
use crate::store::query::Plan;

/// A field where it is named.
pub(super) struct Named {
    subject: Subject,
    what: What,
}

/// The part of the question around a field.
enum What {
    Aggregate(Aggregate),
    Grouping(Grouping),
    Sort(Sort),
    Field,
    /// A field whose dates are asked for.
    Dates,
}

/// The fields that the rows, matching or not, must be looked at for: those that nothing was found in, and those that were
/// asked as dates and hold what is none.
pub(super) fn odd<'p>(plan: &'p Plan, outcome: &Outcome<'_>) -> Vec<(&'p Field, Named)> {
    let question = &plan.question;
    let mut odd = Vec::new();
    let named = |subject, what| Named { subject, what };
    for (at, aggregate) in question.aggregates.iter().enumerate() {
        if lacks_all(outcome, at) {
            odd.push((&aggregate.field, named(Subject::Aggregates, What::Aggregate(aggregate.clone()))));
        }
    }
    if let (Some(grouping), Some(groups)) = (&question.group_by, outcome.groups)
        && (groups.rows.is_empty() || groups.skipped.is_some() && matches!(grouping, Grouping::Period(..)))
    {
        odd.push((grouping.field(), named(Subject::GroupBy, What::Grouping(grouping.clone()))));
    }
    if question.wants(Part::Customers) && outcome.unsorted {
        odd.push((&question.sort.field, named(Subject::Sort, What::Sort(question.sort.clone()))));
    }
    let unheld =
        |field: &&Field| outcome.facets.iter().any(|facet| facet.field == **field && facet.coverage == 0);
    let facets = question.facets.fields.iter().filter(unheld);
    odd.extend(facets.map(|field| (field, named(Subject::Facets, What::Field))));
    let what = |field| if plan.dates.contains(field) { What::Dates } else { What::Field };
    odd.extend(plan.columns.iter().map(|field| (field, named(Subject::Columns, what(field)))));
    odd.retain(|(field, _)| field.path().is_some());
    odd
}

/// Whether no row has what an aggregate is about.
fn lacks_all(outcome: &Outcome<'_>, at: usize) -> bool {
    let groups = outcome.groups.into_iter().flat_map(|groups| {
        let rest = [&groups.other, &groups.skipped, &groups.missing];
        groups.rows.iter().map(|(_, group)| group).chain(rest.into_iter().flatten())
    });
    let in_groups = groups.filter_map(|group| group.totals.get(at));
    let mut asked = outcome.totals.get(at).into_iter().chain(in_groups).peekable();
    asked.peek().is_some() && asked.all(|total| total.counted + total.skipped == 0)
}

impl Named {
    /// Whether it asks for dates.
    pub(super) fn is_date(&self) -> bool {
        matches!(self.what, What::Grouping(Grouping::Period(..)) | What::Dates)
    }

    /// What is odd about the field, given what the rows hold there.
    pub(super) fn explain(&self, field: &Field, probe: &Probe, paths: &[Path]) -> Option<Warning> {
        let text = self.text(field);
        let span = Span::new(0, text.len());
        let warning =
            |code, detail, fix| Some(Warning { code, subject: self.subject, text, span, detail, fix });
        if probe.present > 0 {
            if !self.is_date() {
                return None;
            }
            return match dates::stored(field, &probe.foreign) {
                Some(detail) => warning(WarningCode::DateForm, detail, None),
                None if probe.dated == 0 => {
                    warning(WarningCode::TypeDiffers, dates::none(field, probe), None)
                }
                None => None,
            };
        }
        let near = similar::fields(field, paths).into_iter().find(|near| self.takes(near));
        let detail = match &near {
            Some(near) => format!("nobody has {field}; {near}?"),
            None => format!("nobody has {field}"),
        };
        warning(WarningCode::UnknownPath, detail, near.map(|near| self.text(&near)))
    }

    /// The part of the question about a field, in its strict form.
    fn text(&self, field: &Field) -> String {
        let field = field.clone();
        match &self.what {
            What::Aggregate(aggregate) => Aggregate { field, ..aggregate.clone() }.to_string(),
            What::Grouping(Grouping::Value(_)) => Grouping::Value(field).to_string(),
            What::Grouping(Grouping::Period(unit, _)) => Grouping::Period(*unit, field).to_string(),
            What::Grouping(Grouping::Bucket(_, width)) => Grouping::Bucket(field, width.clone()).to_string(),
            What::Sort(sort) => Sort { field, ..sort.clone() }.to_string(),
            What::Field | What::Dates => field.to_string(),
        }
    }

    /// Whether this part of a question can be about a field.
    fn takes(&self, field: &Field) -> bool {
        let text = self.text(field);
        match &self.what {
            What::Aggregate(_) => text.parse::<Aggregate>().is_ok(),
            What::Grouping(_) => text.parse::<Grouping>().is_ok(),
            What::Sort(_) => text.parse::<Sort>().is_ok(),
            What::Dates => field.is_time() || field.path().is_some(),
            What::Field => self.subject != Subject::Facets || text.parse::<index::Facets>().is_ok(),
        }
    }
}
