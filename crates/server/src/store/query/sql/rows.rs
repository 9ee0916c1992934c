//! The rows of a plan as SQL: those that are asked about, and those of them that match.

use filter::{Bind, Binds};

use crate::store::{clock, query::Plan, statement::Statement};

/// Relationships with their customers.
pub(in crate::store) const RELATIONSHIPS: &str =
    "from relationship r left join customer c on c.account_id = r.account_id and c.id = r.customer_id";

impl Plan {
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
        Statement::make(|_| clock::VERSION.to_owned())
    }
}
