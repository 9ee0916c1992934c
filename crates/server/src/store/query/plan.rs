//! A query made ready: its filter checked, its rows, its time and its place in the order fixed.

use std::sync::Arc;

use filter::{Expr, Field, Lift, Predicate};
use index::{Aggregate, Part, Question};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Query,
    cursor::{self, Place},
    key::Key,
};
use crate::{
    model::now,
    store::{Rows, View, lexicon::Lexicon},
};

/// What every engine answers from.
#[derive(Clone, Debug)]
pub(in crate::store) struct Plan {
    pub(in crate::store) lexicon: Arc<Lexicon>,
    /// The project that is asked about by its name.
    pub(in crate::store) project: Option<Uuid>,
    /// The projects whose relationships are rows.
    pub(in crate::store) rows: Vec<Uuid>,
    pub(in crate::store) expr: Expr,
    pub(in crate::store) predicate: Predicate,
    pub(in crate::store) question: Question,
    /// Fields that are shown beside the answer.
    pub(in crate::store) columns: Vec<Field>,
    /// Those of them whose dates are asked for.
    pub(in crate::store) dates: Vec<Field>,
    /// What `now` means; a cursor keeps it.
    pub(in crate::store) now: Timestamp,
    /// The moment that everything is asked of, where that is not the present. It is `now` then.
    pub(in crate::store) past: Option<Timestamp>,
    /// Where the page begins.
    pub(in crate::store) after: Option<Place>,
    /// Tells this query from others, for its cursors.
    pub(in crate::store) print: u64,
}

impl Plan {
    /// Checks the query against the words that its view may use.
    pub(in crate::store) fn make(lexicon: Arc<Lexicon>, view: &View, query: &Query) -> Result<Plan, Error> {
        Plan::make_at(lexicon, view, query, now())
    }

    /// The same where `present` is what a clock says.
    pub(in crate::store) fn make_at(
        lexicon: Arc<Lexicon>,
        view: &View,
        query: &Query,
        present: Timestamp,
    ) -> Result<Plan, Error> {
        let rows = lexicon.rows(&query.rows).ok_or_else(|| match &query.rows {
            Rows::Project(slug) => Error::NoSuchProject(slug.clone()),
            Rows::Live | Rows::Test => Error::NoSuchProject(String::new()),
        })?;
        let after = query.cursor.as_deref().map(cursor::read).transpose()?;
        let asked = match (&after, &query.as_of) {
            (Some(after), _) => after.past.then(|| after.now.to_string()),
            (None, asked) => asked.clone(),
        };
        let past = asked.map(|moment| lexicon.moment(&moment, present)).transpose();
        let past = past.map_err(Error::Moment)?.flatten();
        let now = past.or(after.as_ref().map(|after| after.now)).unwrap_or(present);
        let project = match query.rows {
            Rows::Project(_) => rows.first().copied(),
            Rows::Live | Rows::Test => None,
        };
        let (expr, predicate) = lexicon.check_of(project, &query.filter, now)?;
        let print = cursor::print(
            view.account,
            &rows,
            &expr.to_string(),
            query.as_of.as_deref(),
            (&query.question.sort, &query.told),
        );
        let after = after.map(|after| after.of(print)).transpose()?;
        let question = match query.lift_own {
            true => query.question.clone().lifted(&expr, &predicate),
            false => query.question.clone(),
        };
        Ok(Plan {
            lexicon,
            project,
            rows,
            expr,
            predicate,
            question,
            columns: query.columns.clone(),
            dates: query.dates.clone(),
            now,
            past,
            after,
            print,
        })
    }

    /// Checks another filter as if it were the query's.
    pub(in crate::store) fn check(&self, filter: &str) -> Result<Predicate, filter::Error> {
        let (_, predicate) = self.lexicon.check_of(self.project, filter, self.now)?;
        Ok(predicate)
    }

    /// For each field that is lifted, what is asked of the rows of which only the rest of the filter is true.
    pub(in crate::store) fn lifted(&self) -> impl Iterator<Item = (Plan, &Lift)> {
        let question = Question { lifts: Vec::new(), ..self.question.clone() };
        let plain = Plan { question, ..self.clone() };
        let without = move |lift: &Lift| Plan { predicate: lift.predicate.clone(), ..plain.clone() };
        self.question.lifts.iter().map(move |lift| (without(lift), lift))
    }

    /// The cursor for what comes after a place of this query.
    pub(in crate::store) fn cursor(&self, key: Key, customer: Uuid, project: Option<Uuid>) -> String {
        cursor::write(&Place {
            print: self.print,
            now: self.now,
            past: self.past.is_some(),
            key,
            customer,
            project,
        })
    }

    /// Whether the present alone does not answer it.
    pub(in crate::store) fn asks_past(&self) -> bool {
        self.past.is_some() || self.predicate.asks_past()
    }

    /// Whether rows come from several projects, so that a customer may have several.
    pub(in crate::store) fn is_wide(&self) -> bool {
        self.rows.len() > 1
    }

    /// Whether something is said of everything that matches, and with it what the asker may have meant otherwise.
    pub(in crate::store) fn wants_counts(&self) -> bool {
        self.question.wants(Part::Count) || self.question.wants(Part::Aggregates)
    }

    /// The aggregates that are wanted over everything, and not only for groups.
    pub(in crate::store) fn aggregates(&self) -> &[Aggregate] {
        if self.question.wants(Part::Aggregates) { &self.question.aggregates } else { &[] }
    }

    /// Whether any facet is wanted.
    pub(in crate::store) fn wants_facets(&self) -> bool {
        let facets = &self.question.facets;
        self.question.wants(Part::Facets) && (facets.auto || !facets.fields.is_empty())
    }
}
