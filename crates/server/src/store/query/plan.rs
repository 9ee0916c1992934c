//! A query made ready: its filter checked, its rows, its time and its place in the order fixed.

use filter::{Bind, Binds, Expr, Predicate};
use index::{Part, Question};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Error, Query,
    cursor::{self, Place},
};
use crate::{
    model::now,
    store::{Rows, Store, View, lexicon, lexicon::Lexicon, statement::Statement},
};

/// What every statement of a query is made from.
#[derive(Debug)]
pub(in crate::store) struct Plan {
    pub(in crate::store) lexicon: Lexicon,
    /// The projects whose relationships are rows.
    pub(in crate::store) rows: Vec<Uuid>,
    pub(in crate::store) expr: Expr,
    pub(in crate::store) predicate: Predicate,
    pub(in crate::store) question: Question,
    /// What `now` means; a cursor keeps it.
    pub(in crate::store) now: Timestamp,
    /// Where the page begins.
    pub(in crate::store) after: Option<Place>,
    /// Tells this query from others, for its cursors.
    pub(in crate::store) print: u64,
}

impl Plan {
    /// Loads the words of the account and checks the query against them.
    pub(in crate::store) async fn make(store: &Store, view: &View, query: &Query) -> Result<Plan, Error> {
        let lexicon = lexicon::load(store, view).await?;
        let rows = lexicon.rows(&query.rows).ok_or_else(|| match &query.rows {
            Rows::Project(slug) => Error::NoSuchProject(slug.clone()),
            Rows::Live | Rows::Test => Error::NoSuchProject(String::new()),
        })?;
        let after = query.cursor.as_deref().map(cursor::read).transpose()?;
        let now = after.as_ref().map_or_else(now, |after| after.now);
        let (expr, predicate) = lexicon.check(&query.filter, now)?;
        let print = cursor::print(view.account, &rows, &expr.to_string(), &query.question.sort);
        let after = after.map(|after| after.of(print)).transpose()?;
        Ok(Plan { lexicon, rows, expr, predicate, question: query.question.clone(), now, after, print })
    }

    /// Whether rows come from several projects, so that a customer may have several.
    pub(in crate::store) fn is_wide(&self) -> bool {
        self.rows.len() > 1
    }

    /// `from … where …`: the rows that match. A left join, so that Postgres drops it where no column of `c` is used;
    /// every relationship has its customer.
    pub(in crate::store) fn hits(&self, binds: &mut Binds) -> String {
        let matches = self.matches(binds);
        format!("{} and {matches}", self.visible(binds))
    }

    /// `from … where …`: the rows that are asked about, whether they match or not.
    pub(in crate::store) fn visible(&self, binds: &mut Binds) -> String {
        let rows = self.in_rows(binds);
        format!("{RELATIONSHIPS} where r.account_id = $1 and {rows}")
    }

    /// That a relationship belongs to the projects that are asked about.
    pub(in crate::store) fn in_rows(&self, binds: &mut Binds) -> String {
        match self.rows.as_slice() {
            [one] => format!("r.project_id = {}::uuid", binds.bind(Bind::Uuid(*one))),
            many => format!("r.project_id = any({}::uuid[])", binds.bind(Bind::Uuids(many.to_vec()))),
        }
    }

    /// That a relationship matches the filter.
    pub(in crate::store) fn matches(&self, binds: &mut Binds) -> String {
        format!("({})", filter::sql(&self.predicate, binds))
    }

    /// Reads the version that the snapshot shows.
    pub(in crate::store) fn clock() -> Statement {
        Statement::make(|_| "select version from clock where account_id = $1".to_owned())
    }

    pub(in crate::store) fn wants_facets(&self) -> bool {
        let facets = &self.question.facets;
        self.question.wants(Part::Facets) && (facets.auto || !facets.fields.is_empty())
    }
}

/// Relationships with their customers.
pub(in crate::store) const RELATIONSHIPS: &str =
    "from relationship r left join customer c on c.account_id = r.account_id and c.id = r.customer_id";
