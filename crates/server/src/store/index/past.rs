//! What relationships were, read from the log for the index.

use std::collections::{BTreeMap, HashMap};

use deadpool_postgres::GenericClient;
use filter::{History, Track, value::Instant};
use index::Entered;
use jiff::{Timestamp, civil::Date};
use serde_json::Value;
use uuid::Uuid;

use super::super::{AccountId, Error, days::marked};
use crate::model::change::{self, Kept};

/// A relationship: project and customer.
pub(super) type Place = (Uuid, Uuid);

/// What a relationship was, as it is read.
#[derive(Default)]
pub(in crate::store) struct Life {
    fields: BTreeMap<&'static str, Track>,
    params: BTreeMap<String, Track>,
    days: Vec<Date>,
}

impl Life {
    /// Takes a change in, which is later in the log's order than those before it.
    pub(in crate::store) fn enter(&mut self, change: &change::Change) {
        let at = Instant::from(change.at);
        for (name, sides) in &change.fields {
            self.fields.entry(name).or_default().insert(at, sides.after.as_ref().map(value));
        }
        for (key, sides) in &change.params {
            let after = sides.after.as_ref().map(value);
            match self.params.get_mut(key) {
                Some(track) => drop(track.insert(at, after)),
                None => drop(self.params.insert(key.clone(), Track::from([(at, after)]))),
            }
        }
    }

    /// Takes in a day on which it was seen.
    pub(in crate::store) fn see(&mut self, day: Date) {
        self.days.push(day);
    }

    /// All of it, of a relationship that began then.
    pub(in crate::store) fn whole(self, began: Timestamp) -> Entered {
        let fields = self.fields.into_iter().map(|(name, track)| (name.into(), track)).collect();
        let (params, days) = (self.params, Default::default());
        Entered::Whole(History { began: began.into(), fields, params, days }, self.days)
    }
}

/// What the log keeps of a value.
pub(in crate::store) fn value(kept: &Kept) -> Value {
    let (Kept::Whole(value) | Kept::Digest(value)) = kept;
    value.clone()
}

/// What the relationships at some places (projects, customers) were, as far as the log says; a place without one has no
/// past.
pub(in crate::store) async fn lives<C: GenericClient>(
    client: &C,
    account: AccountId,
    (projects, customers): &(Vec<Uuid>, Vec<Uuid>),
) -> Result<HashMap<Place, Entered>, Error> {
    let began = client.prepare_cached(BEGAN).await?;
    let changes = client.prepare_cached(CHANGES).await?;
    let days = client.prepare_cached(DAYS).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&account.0, projects, customers];
    let (began, changes, days) = tokio::try_join!(
        client.query(&began, &parameters),
        client.query(&changes, &parameters),
        client.query(&days, &parameters)
    )?;
    let mut lives: HashMap<Place, Life> = HashMap::new();
    for row in &changes {
        let life = lives.entry((row.get(0), row.get(1))).or_default();
        let mut change = change::Change::new(row.get(2), change::DatedBy::Caller, false);
        change.fields = change::read_fields(row.get(3));
        change.params = change::read_params(row.get(4));
        life.enter(&change);
    }
    for row in &days {
        let life = lives.entry((row.get(0), row.get(1))).or_default();
        marked(row.get(2), row.get(3)).into_iter().for_each(|day| life.see(day));
    }
    let whole = |row: &tokio_postgres::Row| {
        let place = (row.get(0), row.get(1));
        (place, lives.remove(&place).unwrap_or_default().whole(row.get(2)))
    };
    Ok(began.iter().map(whole).collect())
}

const BEGAN: &str = "
    select u.project_id, u.customer_id, r.began from unnest($2::uuid[], $3::uuid[]) as u (project_id, customer_id)
    join relationship r on r.account_id = $1 and r.project_id = u.project_id and r.customer_id = u.customer_id";

const CHANGES: &str = "
    select ch.project_id, ch.customer_id, ch.at, ch.fields, ch.params
    from unnest($2::uuid[], $3::uuid[]) as u (project_id, customer_id)
    join change ch on ch.account_id = $1 and ch.customer_id = u.customer_id and ch.project_id = u.project_id
    order by ch.at, ch.version, ch.seq";

const DAYS: &str = "
    select a.project_id, a.customer_id, a.year, a.days
    from unnest($2::uuid[], $3::uuid[]) as u (project_id, customer_id)
    join activity a on a.account_id = $1 and a.project_id = u.project_id and a.customer_id = u.customer_id";

/// The relationships of an account after a place, in order.
pub(super) async fn after<C: GenericClient>(
    client: &C,
    account: AccountId,
    (project, customer): Place,
    limit: i64,
) -> Result<(Vec<Uuid>, Vec<Uuid>), Error> {
    let sql = "select project_id, customer_id from relationship
               where account_id = $1 and (customer_id, project_id) > ($2, $3) and customer_id >= $2
               order by customer_id, project_id limit $4";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&account.0, &customer, &project, &limit]).await?;
    Ok(rows.iter().map(|row| (row.get::<_, Uuid>(0), row.get::<_, Uuid>(1))).unzip())
}
