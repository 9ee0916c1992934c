//! The relationships of one person as they were at a moment, with the names and ids that they had then.

use filter::Bind;
use jiff::Timestamp;

use crate::{
    model::CustomerId,
    store::{query::Plan, row::RELATIONSHIP_COLUMNS, statement::Statement},
};

impl Plan {
    /// A row each; before its columns the e-mail and when it was last named, after them the name and the id of then.
    pub(in crate::store) fn person_at(&self, id: CustomerId, moment: Timestamp) -> Statement {
        Statement::make(|binds| {
            let customer = binds.bind(Bind::Uuid(id.0));
            let of_customer = self.of_customer_at(&customer, moment, binds);
            let told = |what: &str, of: &str| {
                format!(
                    "(select {what} from change h where h.account_id = $1 and h.customer_id = r.customer_id \
                       and h.project_id = r.project_id and h.fields ? '{of}' and h.at <= r.moment \
                     order by h.at desc, h.version desc, h.seq desc limit 1)"
                )
            };
            let named = told("h.at", "name");
            let (name, user_id) = (
                told("h.fields -> 'name' ->> 'after'", "name"),
                told("h.fields -> 'user_id' ->> 'after'", "user_id"),
            );
            format!(
                "select c.email, {named}, {RELATIONSHIP_COLUMNS}, {name}, {user_id} from {of_customer} \
                 join customer c on c.account_id = $1 and c.id = r.customer_id order by r.project_id"
            )
        })
    }
}
