//! A person as they were at a moment of the past: what the log tells of status, name and params in each project, and the days until then.
//! Asked of Postgres, for the rows of one person are soon looked at.

use std::sync::Arc;

use filter::calendar::day_of;
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    Store, View,
    customer::{self, Person},
    lexicon,
    query::{Error, Plan, Query, Relationship},
    row::WIDTH,
    snapshot::Snapshot,
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
    let rows =
        Snapshot::open(store, view).await?.ask(&[plan.person_at(id, moment)], true).await?.swap_remove(0);
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

/// The relationship, under the name and the id of then, which follow it.
fn read(row: &Row) -> Result<Relationship, Error> {
    let (name, user_id) = (row.get(2 + WIDTH), row.get(3 + WIDTH));
    Ok(Relationship { name, user_id, ..Relationship::read(row, 2)? })
}
