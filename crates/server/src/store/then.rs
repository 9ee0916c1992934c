//! A person as they were at a moment of the past: what the log tells of status, name and params in each project, and the days until then.
//! Asked of Postgres, for the rows of one person are soon looked at.

use std::sync::Arc;

use filter::{Bind, calendar::day_of};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    Store, View,
    customer::{self, Person},
    lexicon,
    query::{Error, Plan, Query, Relationship},
    row::{RELATIONSHIP_COLUMNS, WIDTH},
    snapshot::Snapshot,
    statement::Statement,
};
use crate::model::CustomerId;

/// A person as of a moment.
#[derive(Clone, Debug)]
pub struct Then {
    /// The moment; `None` where it is the present.
    pub moment: Option<Timestamp>,
    /// What was so: without the projects that did not know them yet. E-mail and aliases are those of now.
    pub person: Person,
}

/// The person as of what the language calls a moment. [`Error::Moment`] where it is none, or lies before history.
pub async fn then(store: &Store, view: &View, id: CustomerId, as_of: &str) -> Result<Then, Error> {
    let person = customer::load(store, view, id).await?;
    let lexicon = Arc::new(lexicon::load(store, view).await?);
    let everywhere: Vec<Uuid> = lexicon.projects.iter().map(|project| project.id.0).collect();
    let query = Query { as_of: Some(as_of.to_owned()), ..Query::default() };
    let plan = Plan { rows: everywhere, ..Plan::make(lexicon, view, &query)? };
    let Some(moment) = plan.past else { return Ok(Then { moment: None, person }) };
    let rows = Snapshot::open(store, view).await?.ask(&[rows(&plan, id, moment)], true).await?.swap_remove(0);
    let relationships: Vec<Relationship> = rows.iter().map(read).collect::<Result<_, _>>()?;
    let last = day_of(moment, &plan.lexicon.zone);
    let days = |relationship: &Relationship| {
        let own = person.relationships.iter().position(|other| other.project == relationship.project);
        let days = own.map_or(&[][..], |place| &person.activity[place]);
        days.iter().copied().filter(|day| *day <= last).collect()
    };
    let (activity, name) =
        (relationships.iter().map(days).collect(), customer::last_name(&rows, &relationships));
    Ok(Then { moment: Some(moment), person: Person { name, relationships, activity, ..person } })
}

/// The person's rows as of the moment; before each its e-mail and when it was last named, after it the name and the id of then.
fn rows(plan: &Plan, id: CustomerId, moment: Timestamp) -> Statement {
    Statement::make(|binds| {
        let customer = binds.bind(Bind::Uuid(id.0));
        let of_customer = plan.of_customer_at(&customer, moment, binds);
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

fn read(row: &Row) -> Result<Relationship, Error> {
    let (name, user_id) = (row.get(2 + WIDTH), row.get(3 + WIDTH));
    Ok(Relationship { name, user_id, ..Relationship::read(row, 2)? })
}
