//! The rows of a plan as SQL: those that are asked about, and those of them that match.

use filter::{Bind, Binds, Predicate, Tense};
use jiff::Timestamp;

use crate::store::{clock, query::Plan, statement::Statement};

/// The customers of relationships. A left join, so that Postgres drops it where no column of `c` is used; every
/// relationship has its customer.
const CUSTOMERS: &str = "left join customer c on c.account_id = r.account_id and c.id = r.customer_id";

impl Plan {
    /// `from … where …`: the rows that match.
    pub(in crate::store) fn hits(&self, binds: &mut Binds) -> String {
        let matches = self.matches(binds);
        format!("{} and {matches}", self.visible(binds))
    }

    /// `from … where …`: the rows that are asked about, whether they match or not.
    pub(in crate::store) fn visible(&self, binds: &mut Binds) -> String {
        match self.past {
            None => {
                let rows = self.in_rows("r", binds);
                format!("from relationship r {CUSTOMERS} where r.account_id = $1 and {rows}")
            }
            Some(moment) => {
                let rows = self.in_rows("b", binds);
                format!("from {} {CUSTOMERS} where true", self.past_rows(&rows, moment, binds))
            }
        }
    }

    /// The same of one customer. That is said where the rows are read: what is said of rows of the past comes after all of them.
    pub(in crate::store) fn visible_of(&self, id: &str, binds: &mut Binds) -> String {
        match self.past {
            None => format!("{} and r.customer_id = {id}", self.visible(binds)),
            Some(moment) => format!("from {} {CUSTOMERS} where true", self.of_customer_at(id, moment, binds)),
        }
    }

    /// The relationships of one customer that are asked about, as `r`: what follows FROM.
    pub(in crate::store) fn of_customer(&self, id: &str, binds: &mut Binds) -> String {
        match self.past {
            None => {
                let rows = self.in_rows("r", binds);
                format!("relationship r where r.account_id = $1 and r.customer_id = {id} and {rows}")
            }
            Some(moment) => self.of_customer_at(id, moment, binds),
        }
    }

    /// The same as of a moment.
    pub(in crate::store) fn of_customer_at(&self, id: &str, moment: Timestamp, binds: &mut Binds) -> String {
        let rows = format!("b.customer_id = {id} and {}", self.in_rows("b", binds));
        self.past_rows(&rows, moment, binds)
    }

    fn past_rows(&self, whose: &str, moment: Timestamp, binds: &mut Binds) -> String {
        filter::past(whose, moment.into(), &self.lexicon.zone, binds)
    }

    /// That a relationship with this alias belongs to the projects that are asked about.
    fn in_rows(&self, r: &str, binds: &mut Binds) -> String {
        match self.rows.as_slice() {
            [one] => format!("{r}.project_id = {}::uuid", binds.bind(Bind::Uuid(*one))),
            many => format!("{r}.project_id = any({}::uuid[])", binds.bind(Bind::Uuids(many.to_vec()))),
        }
    }

    /// That a relationship matches the filter.
    pub(in crate::store) fn matches(&self, binds: &mut Binds) -> String {
        self.holds(&self.predicate, binds)
    }

    /// That a relationship matches another filter.
    pub(in crate::store) fn holds(&self, predicate: &Predicate, binds: &mut Binds) -> String {
        let tense = if self.past.is_some() { Tense::Past } else { Tense::Present };
        format!("({})", filter::sql(predicate, tense, binds))
    }

    /// Reads the version that the snapshot shows.
    pub(in crate::store) fn clock() -> Statement {
        Statement::make(|_| clock::VERSION.to_owned())
    }
}
