//! What relationships were, read from the log for the index: one after the other as they come, and none for longer than it is
//! needed.

use std::{borrow::Cow, collections::HashMap, fmt, ops::ControlFlow, pin::pin};

use deadpool_postgres::GenericClient;
use filter::value::Instant;
use futures_util::TryStreamExt;
use index::{Entered, Life, Lived};
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;
use tokio_postgres::types::{FromSql, ToSql, Type};
use uuid::Uuid;

use super::super::{AccountId, Error, days::marked};
use crate::model::change::{Change, FIELDS, Kept};

/// A relationship: project and customer.
pub(super) type Place = (Uuid, Uuid);

/// The most bytes that one relationship's past may take while it is read, about.
const HEAVY: usize = 32 << 20;
/// And those of several that are needed together.
const TOGETHER: usize = 64 << 20;

/// Pasts that are not kept, because they are too large to be held while they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heavy {
    /// That of one relationship of a customer.
    One(Uuid),
    /// Those of several together: each alone could be.
    Many,
    /// All that are gathered: there is no memory left for them.
    Full,
}

impl fmt::Display for Heavy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Heavy::One(customer) => {
                write!(f, "what customer {customer} was takes more than {} MiB", HEAVY >> 20)
            }
            Heavy::Full => f.write_str("it does not fit into --index-memory"),
            Heavy::Many => {
                write!(f, "what was written at once has a past of more than {} MiB", TOGETHER >> 20)
            }
        }
    }
}

/// What a change alters, for the index.
pub(in crate::store) fn enter(life: &mut Life, change: &Change) {
    let at = Instant::from(change.at);
    for (name, sides) in &change.fields {
        life.field(at, name, sides.after.as_ref().map(value));
    }
    for (key, sides) in &change.params {
        life.param(at, key, sides.after.as_ref().map(value));
    }
}

/// What the log keeps of a value.
pub(in crate::store) fn value(kept: &Kept) -> Value {
    let (Kept::Whole(value) | Kept::Digest(value)) = kept;
    value.clone()
}

/// What the relationships at some places (projects, customers) were, as far as the log says; a place without one has no
/// past.
pub(super) async fn lives<C: GenericClient>(
    client: &C,
    account: AccountId,
    places: &(Vec<Uuid>, Vec<Uuid>),
) -> Result<Result<HashMap<Place, Entered>, Heavy>, Error> {
    let (mut lives, mut bytes) = (HashMap::new(), 0);
    let heavy = each(client, account, places, |n, lived| {
        bytes += lived.bytes();
        lives.insert((places.0[n], places.1[n]), Entered::Whole(lived));
        if bytes > TOGETHER { ControlFlow::Break(Heavy::Many) } else { ControlFlow::Continue(()) }
    });
    Ok(match heavy.await? {
        ControlFlow::Break(heavy) => Err(heavy),
        ControlFlow::Continue(()) => Ok(lives),
    })
}

/// Tells of each relationship at some places (projects, customers) what it was, one after the other: which place it is, and
/// its past.
pub(super) async fn each<C: GenericClient>(
    client: &C,
    account: AccountId,
    (projects, customers): &(Vec<Uuid>, Vec<Uuid>),
    mut tell: impl FnMut(usize, Lived) -> ControlFlow<Heavy> + Send,
) -> Result<ControlFlow<Heavy>, Error> {
    let parameters: [&(dyn ToSql + Sync); 3] = [&account.0, projects, customers];
    let (began, changes, days) = tokio::try_join!(
        client.prepare_cached(BEGAN),
        client.prepare_cached(CHANGES),
        client.prepare_cached(DAYS)
    )?;
    let (began, days) =
        tokio::try_join!(client.query(&began, &parameters), client.query(&days, &parameters))?;
    let mut days = days.into_iter().peekable();
    let mut changes = pin!(client.query_raw(&changes, parameters).await?);
    let mut next = changes.try_next().await?;
    for row in began {
        let (n, began): (i64, Timestamp) = (row.get(0), row.get(1));
        let place = n as usize - 1; // Postgres counts from 1
        let mut life = Life::default();
        // What nobody has begun is passed over.
        while let Some(change) = next.take_if(|change| change.get::<_, i64>(0) <= n) {
            if change.get::<_, i64>(0) == n {
                read(&change, &mut life)?;
            }
            if life.bytes() > HEAVY {
                return Ok(ControlFlow::Break(Heavy::One(customers[place])));
            }
            next = changes.try_next().await?;
        }
        while let Some(year) = days.next_if(|year| year.get::<_, i64>(0) <= n) {
            let own = year.get::<_, i64>(0) == n;
            marked(year.get(1), year.get(2)).into_iter().filter(|_| own).for_each(|day| life.see(day));
        }
        if let ControlFlow::Break(heavy) = tell(place, life.whole(began.into())) {
            return Ok(ControlFlow::Break(heavy));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Takes a change in as it is stored.
fn read(row: &tokio_postgres::Row, life: &mut Life) -> Result<(), Error> {
    let at = Instant::from(row.get::<_, Timestamp>(1));
    let (fields, params): (Stored<'_>, Stored<'_>) = (row.try_get(2)?, row.try_get(3)?);
    for (name, after) in fields.read()?.0 {
        if let Some(name) = FIELDS.into_iter().find(|field| *field == name) {
            life.field(at, name, after);
        }
    }
    for (key, after) in params.read()?.0 {
        life.param(at, &key, after);
    }
    Ok(())
}

/// Named sides as they are stored, unread.
struct Stored<'r>(&'r [u8]);

impl<'r> FromSql<'r> for Stored<'r> {
    fn from_sql(_: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        // The first byte is the version of the format.
        raw.split_first().map(|(_, text)| Stored(text)).ok_or_else(|| "jsonb without a version".into())
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::JSONB
    }
}

impl<'r> Stored<'r> {
    fn read(&self) -> Result<Named<'r>, Error> {
        serde_json::from_slice(self.0).map_err(|error| Error::Batch(error.to_string()))
    }
}

/// What some names became, in the order in which they are stored, which has each once.
struct Named<'r>(Vec<(Cow<'r, str>, Option<Value>)>);

impl<'de> Deserialize<'de> for Named<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Named<'de>, D::Error> {
        struct Names;
        impl<'de> Visitor<'de> for Names {
            type Value = Named<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of sides")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<'de>, A::Error> {
                let mut all = Vec::new();
                while let Some((Name(name), Side(after))) = map.next_entry()? {
                    all.push((name, after));
                }
                Ok(Named(all))
            }
        }
        from.deserialize_map(Names)
    }
}

/// A key, which is only copied where it is escaped.
#[derive(Deserialize)]
struct Name<'r>(#[serde(borrow)] Cow<'r, str>);

/// What a name became.
struct Side(Option<Value>);

impl<'de> Deserialize<'de> for Side {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Side, D::Error> {
        #[derive(Deserialize)]
        struct Sides {
            #[serde(default, deserialize_with = "some")]
            after: Option<Value>,
            after_large: Option<Value>,
        }
        let sides = Sides::deserialize(from)?;
        Ok(Side(sides.after.or(sides.after_large)))
    }
}

/// A value that is there, null too.
fn some<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

const BEGAN: &str = "
    select u.n, r.began from unnest($2::uuid[], $3::uuid[]) with ordinality as u (project_id, customer_id, n)
    join relationship r on r.account_id = $1 and r.project_id = u.project_id and r.customer_id = u.customer_id
    order by u.n";

const CHANGES: &str = "
    select u.n, ch.at, ch.fields, ch.params
    from unnest($2::uuid[], $3::uuid[]) with ordinality as u (project_id, customer_id, n)
    join change ch on ch.account_id = $1 and ch.customer_id = u.customer_id and ch.project_id = u.project_id
    order by u.n, ch.at, ch.version, ch.seq";

const DAYS: &str = "
    select u.n, a.year, a.days from unnest($2::uuid[], $3::uuid[]) with ordinality as u (project_id, customer_id, n)
    join activity a on a.account_id = $1 and a.project_id = u.project_id and a.customer_id = u.customer_id
    order by u.n";
