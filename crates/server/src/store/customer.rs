//! One person: all relationships that a view may see, what was changed and when, and the days of activity.

use std::{fmt, str::FromStr};

use deadpool_postgres::GenericClient;
use jiff::{Timestamp, civil::Date};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    AccountId, Error, Store, View, alias,
    days::marked,
    query::{CursorError, Relationship},
    row::RELATIONSHIP_COLUMNS,
};
use crate::model::{Change, CustomerId, DatedBy, Email, MemberId, ProjectId, Source, change};

/// Changes on a page of a timeline.
pub const CHANGES: usize = 50;

/// A page of a timeline also ends with the change that passes this many bytes of values.
const PAGE_BYTES: usize = 2 << 20;

/// What a person may be called by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The customer's id.
    Id(CustomerId),
    /// The e-mail.
    Email(Email),
    /// The id that an app has given.
    UserId(String),
}

/// A person.
#[derive(Clone, Debug)]
pub struct Person {
    /// The id.
    pub id: CustomerId,
    /// The e-mail, normalised.
    pub email: String,
    /// Other addresses of the person, of those that may be seen.
    pub aliases: Vec<String>,
    /// The name given last in any project that may be seen.
    pub name: Option<String>,
    /// The relationships that may be seen, oldest project first.
    pub relationships: Vec<Relationship>,
    /// The days of activity of each relationship, in the same order: days of the account's zone when they were marked.
    pub activity: Vec<Vec<Date>>,
}

impl Person {
    /// The projects of the relationships that may be seen.
    pub fn projects(&self) -> impl Iterator<Item = ProjectId> {
        self.relationships.iter().map(|relationship| relationship.project)
    }
}

/// A change, as the timeline shows it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it stands in the timeline.
    pub place: Place,
    /// What one call altered.
    pub change: Change,
    /// Who wrote it.
    pub source: Source,
    /// Whether it was written afterwards, from what was left of a time that kept less.
    pub inferred: bool,
}

/// Where a change stands in the timeline of a customer: the order of the log, and the project where two are level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    at: Timestamp,
    version: i64,
    seq: i32,
    /// In which project it is.
    pub project: ProjectId,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { at, version, seq, project } = self;
        write!(f, "{}.{version}.{seq}.{project}", at.as_microsecond())
    }
}

impl Place {
    /// Behind every change up to a moment.
    pub fn until(moment: Timestamp) -> Place {
        Place { at: moment, ..END }
    }

    /// The one of two that is of the earlier moment.
    pub fn earlier(self, other: Place) -> Place {
        if self.at <= other.at { self } else { other }
    }
}

/// Behind every change: the last second that Postgres and the calendar share.
const END: Place = Place {
    at: Timestamp::constant(253_402_207_200, 0),
    version: i64::MAX,
    seq: i32::MAX,
    project: ProjectId(Uuid::max()),
};

/// 1970: nothing is dated before 1990, and Postgres does not know every year that there is.
const OLDEST: Timestamp = Timestamp::UNIX_EPOCH;

impl FromStr for Place {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Place, CursorError> {
        let mut parts = text.split('.');
        let mut read = || {
            let at =
                Timestamp::from_microsecond(parts.next()?.parse().ok()?).ok().filter(|at| *at >= OLDEST)?;
            let (version, seq) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some(Place { at, version, seq, project: parts.next()?.parse().ok()? })
        };
        read().filter(|_| parts.next().is_none()).ok_or(CursorError::Invalid)
    }
}

/// A key that a browser tried to set and stored state refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedKey {
    /// In which project.
    pub project: ProjectId,
    /// The key of params.
    pub key: String,
    /// How often.
    pub times: i64,
    /// When last.
    pub last_at: Timestamp,
}

impl Who {
    /// Reads what stands in an address: an id, an e-mail, else an app's own id.
    pub fn parse(text: &str) -> Who {
        if let Ok(id) = text.parse() {
            return Who::Id(id);
        }
        match Email::parse(text) {
            Ok(email) => Who::Email(email),
            Err(_) => Who::UserId(text.to_owned()),
        }
    }
}

/// Finds a person among those that a view may see. An app's id that looks like a customer's or like an e-mail is found
/// too, after those.
pub async fn find(store: &Store, view: &View, text: &str) -> Result<CustomerId, Error> {
    let user_id = Who::UserId(text.to_owned());
    let who = Who::parse(text);
    for who in [who.clone()].into_iter().chain((who != user_id).then_some(user_id)) {
        if let Some(id) = look_up(store, view, &who).await? {
            return Ok(id);
        }
    }
    Err(Error::Missing("customer"))
}

/// The addresses of customers, in their order; of those who are gone there is none.
pub async fn addresses(store: &Store, view: &View, ids: &[CustomerId]) -> Result<Vec<String>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let sql = "select email from customer where account_id = $1 and id = any($2) order by email";
    let rows = store.client().await?.query(sql, &[&view.account.0, &ids]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn look_up(store: &Store, view: &View, who: &Who) -> Result<Option<CustomerId>, Error> {
    let client = store.client().await?;
    let forms: Vec<String>;
    let (known, name): (&str, &(dyn tokio_postgres::types::ToSql + Sync)) = match who {
        Who::UserId(user_id) if user_id.contains('\0') => return Ok(None),
        Who::Id(id) => (
            "r.customer_id = (select coalesce(alias_of, id) from customer where account_id = $1 and id = $2)",
            &id.0,
        ),
        Who::Email(email) => {
            forms = email.forms();
            (
                "r.customer_id = (select coalesce(alias_of, id) from customer where account_id = $1 and email = any($2)
                               order by email = ($2::text[])[1] desc limit 1)",
                &forms,
            )
        }
        Who::UserId(user_id) => {
            // Naming the projects lets the unique indexes answer.
            (
                "(r.project_id, r.customer_id) in (
                     select project_id, customer_id from relationship
                     where account_id = $1 and user_id = $2 and project_id in (select id from project where account_id = $1)
                     union all
                     select project_id, customer_id from user_alias
                     where account_id = $1 and user_id = $2 and project_id in (select id from project where account_id = $1))",
                user_id,
            )
        }
    };
    let sql = format!(
        "select distinct r.customer_id from relationship r
         where r.account_id = $1 and ($3::uuid is null or r.project_id = $3) and {known}"
    );
    let statement = client.prepare_cached(&sql).await?;
    match client.query(&statement, &[&view.account.0, name, &only(view)]).await?.as_slice() {
        [] => Ok(None),
        [row] => Ok(Some(CustomerId(row.get(0)))),
        _ => Err(Error::Conflict(
            "Several projects know that user_id. Ask with a project's key, or by e-mail.".into(),
        )),
    }
}

/// Who has an address, or had it; [`Error::Conflict`] when nobody has. Where an earlier version stored two forms of the address
/// as two people, it is the one who has it as it is written here.
pub async fn at(store: &Store, account: AccountId, address: &str) -> Result<CustomerId, Error> {
    one_at(store, account, address, None).await
}

/// The same for somebody who is to become one with `keep`: if two have it, the other one.
pub async fn other_at(
    store: &Store,
    account: AccountId,
    keep: CustomerId,
    address: &str,
) -> Result<CustomerId, Error> {
    one_at(store, account, address, Some(keep)).await
}

async fn one_at(
    store: &Store,
    account: AccountId,
    address: &str,
    keep: Option<CustomerId>,
) -> Result<CustomerId, Error> {
    let email = Email::parse(address).map_err(|error| Error::Conflict(error.to_string()))?;
    let client = store.client().await?;
    let sql = "select coalesce(alias_of, id) from customer where account_id = $1 and email = any($2)
               order by coalesce(alias_of, id) is not distinct from $4, email = $3 desc, email = ($2::text[])[1] desc limit 1";
    let (written, keep) = (address.trim().to_lowercase(), keep.map(|keep| keep.0));
    let row = client.query_opt(sql, &[&account.0, &email.forms(), &written, &keep]).await?;
    let row = row.ok_or_else(|| Error::Conflict(format!("nobody has the address {email}")))?;
    Ok(CustomerId(row.get(0)))
}

/// Somewhere among the ids of an account's customers, which grow with time: any place is as likely as another.
pub(in crate::store) async fn somewhere<C: GenericClient>(
    client: &C,
    account: AccountId,
) -> Result<Option<Uuid>, Error> {
    let sql = "select (select id from customer where account_id = $1 order by id limit 1),
                      (select id from customer where account_id = $1 order by id desc limit 1)";
    let ends = client.query_one(sql, &[&account.0]).await?;
    let (first, last): (Option<Uuid>, Option<Uuid>) = (ends.get(0), ends.get(1));
    let within = |(first, last): (Uuid, Uuid)| {
        let span = (last.as_u128() - first.as_u128()).max(1);
        Uuid::from_u128(first.as_u128() + rand::random::<u128>() % span)
    };
    Ok(first.zip(last).map(within))
}

/// Loads a person; [`Error::Missing`] when the view may see none of their relationships.
pub async fn load(store: &Store, view: &View, id: CustomerId) -> Result<Person, Error> {
    let client = store.client().await?;
    let binds: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&view.account.0, &id.0, &only(view)];
    let relationships = async {
        let sql = format!(
            "select c.email, (select max(h.at) from change h where h.account_id = $1 and h.customer_id = $2
                                and h.project_id = r.project_id and h.fields ? 'name'), {RELATIONSHIP_COLUMNS}
             from relationship r
             join customer c on c.account_id = $1 and c.id = r.customer_id
             where r.account_id = $1 and r.customer_id = $2 and ($3::uuid is null or r.project_id = $3)
             order by r.project_id"
        );
        client.query(&client.prepare_cached(&sql).await?, &binds).await
    };
    let activity = async {
        let sql = "select project_id, year, days from activity
                   where account_id = $1 and customer_id = $2 and ($3::uuid is null or project_id = $3)
                     and project_id in (select id from project where account_id = $1)
                   order by project_id, year";
        client.query(&client.prepare_cached(sql).await?, &binds).await
    };
    let aliases = async {
        let sql = format!(
            "select c.email from customer c
             where c.account_id = $1 and c.alias_of = $2 and ($3::uuid is null or {}) order by c.email",
            alias::told("$3")
        );
        client.query(&client.prepare_cached(&sql).await?, &binds).await
    };
    let (rows, activity, aliases) = futures_util::future::try_join3(relationships, activity, aliases).await?;
    let first = rows.first().ok_or(Error::Missing("customer"))?;
    let relationships: Vec<Relationship> =
        rows.iter().map(|row| Relationship::read(row, 2)).collect::<Result<_, _>>()?;
    let activity = relationships.iter().map(|relationship| days(&activity, relationship.project)).collect();
    Ok(Person {
        id,
        email: first.get(0),
        aliases: aliases.iter().map(|row| row.get(0)).collect(),
        name: last_name(&rows, &relationships),
        relationships,
        activity,
    })
}

/// The name of the relationship where one was given last.
pub(super) fn last_name(rows: &[Row], relationships: &[Relationship]) -> Option<String> {
    let given = rows.iter().map(|row| row.get::<_, Option<Timestamp>>(1));
    let named = given.zip(relationships).filter(|(_, relationship)| relationship.name.is_some());
    let last = named.max_by_key(|(given, relationship)| (*given, relationship.last_activity))?;
    last.1.name.clone()
}

/// The days of a project's bitmaps, in order.
pub(super) fn days(rows: &[Row], project: ProjectId) -> Vec<Date> {
    let mut days = Vec::new();
    for row in rows.iter().filter(|row| row.get::<_, Uuid>(0) == project.0) {
        days.extend(marked(row.get(1), row.get(2)));
    }
    days
}

/// A page of a timeline.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The changes, newest first.
    pub changes: Vec<Entry>,
    /// The cursor of older ones, where there are some.
    pub next: Option<Place>,
}

/// Which changes of a person; what is left out asks nothing.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// What they are: `created`, `status`, `params`, `address`, `name` or `late`.
    pub kind: Option<String>,
    /// In which project.
    pub project: Option<ProjectId>,
    /// What they alter: a key of params, or a built-in field.
    pub name: Option<String>,
    /// The kind of who wrote them, as [`Source::kind`] says it.
    pub source: Option<String>,
    /// A text that stands in a name or a value.
    pub text: Option<String>,
}

/// The changes of a person, newest first, from the cursor of the page before on: at most `limit`, and none after the one that
/// passes 2 MiB.
pub async fn timeline(
    store: &Store,
    view: &View,
    id: CustomerId,
    cursor: Option<Place>,
    limit: usize,
) -> Result<Timeline, Error> {
    timeline_of(store, view, id, &Which::default(), cursor, limit).await
}

/// The same of some changes.
pub async fn timeline_of(
    store: &Store,
    view: &View,
    id: CustomerId,
    which: &Which,
    cursor: Option<Place>,
    limit: usize,
) -> Result<Timeline, Error> {
    let client = store.client().await?;
    let Place { at, version, seq, project } = cursor.unwrap_or(END);
    let order = "at desc, version desc, seq desc, project_id desc";
    let sql = format!(
        "select {ENTRY_COLUMNS}, found
         from (select *, count(*) over () as found,
                      sum(length(fields::text) + length(params::text)) over (
                          order by {order} rows between unbounded preceding and 1 preceding) as bytes
               from (select * from change
                     where account_id = $1 and customer_id = $2 and ($3::uuid is null or project_id = $3)
                       and (at, version, seq, project_id) < ($4, $5, $6, $7) and {WHICH}
                     order by {order} limit $8) c) c
         where coalesce(bytes, 0) < {PAGE_BYTES} order by {order} limit $8 - 1"
    );
    let statement = client.prepare_cached(&sql).await?;
    // One more tells whether there are older ones.
    let rows = limit as i64 + 1;
    let Which { kind, project: of, name, source, text } = which;
    let of = of.map(|project| project.0);
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 13] = [
        &view.account.0,
        &id.0,
        &only(view),
        &at,
        &version,
        &seq,
        &project.0,
        &rows,
        kind,
        &of,
        name,
        source,
        text,
    ];
    let rows = client.query(&statement, &parameters).await?;
    let changes = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let found = rows.first().map_or(0, |row| row.get::<_, i64>(13));
    let last = changes.last().filter(|_| (changes.len() as i64) < found);
    Ok(Timeline { next: last.map(|last| last.place), changes })
}

/// What a member entered into the log of a relationship with a version, if they did.
pub async fn entered_by(
    store: &Store,
    (account, id, project): (AccountId, CustomerId, ProjectId),
    version: i64,
    member: MemberId,
) -> Result<Option<Entry>, Error> {
    let client = store.client().await?;
    let sql = format!(
        "select {ENTRY_COLUMNS} from change
         where account_id = $1 and customer_id = $2 and project_id = $3 and version = $4
           and source = 'member' and source_id = $5
         order by seq desc limit 1"
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_opt(&statement, &[&account.0, &id.0, &project.0, &version, &member.0]).await?;
    row.as_ref().map(entry).transpose()
}

/// The keys that publishable calls tried to set in vain, the latest first, at most a hundred.
pub async fn refused(store: &Store, view: &View, id: CustomerId) -> Result<Vec<RefusedKey>, Error> {
    let client = store.client().await?;
    let sql = "select project_id, key, times, last_at from refusal
               where account_id = $1 and customer_id = $2 and ($3::uuid is null or project_id = $3)
               order by last_at desc, key limit 100";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&view.account.0, &id.0, &only(view)]).await?;
    Ok(rows.iter().map(RefusedKey::read).collect())
}

impl RefusedKey {
    /// Reads project, key, times and when.
    pub(super) fn read(row: &Row) -> RefusedKey {
        let project = ProjectId(row.get(0));
        RefusedKey { project, key: row.get(1), times: row.get(2), last_at: row.get(3) }
    }
}

/// That a change is one of [`Which`], whose fields are `$9` to `$13`.
const WHICH: &str = "($9::text is null or case $9
         when 'created' then created when 'status' then fields ? 'status' and not created
         when 'params' then params <> '{}' when 'address' then fields ? 'email' and not created
         when 'name' then fields ? 'name' when 'late' then cardinality(stale) > 0 else true end)
     and ($10::uuid is null or project_id = $10)
     and ($11::text is null or params ? $11 or fields ? $11)
     and ($12::text is null or source = $12)
     and ($13::text is null or strpos(lower(fields::text || params::text), lower($13)) > 0)";

/// What [`entry`] reads of a change.
pub(super) const ENTRY_COLUMNS: &str = "at, version, seq, project_id, dated_by, created, fields, params, stale, source, source_id, source_name, inferred";

pub(super) fn entry(row: &Row) -> Result<Entry, Error> {
    let place =
        Place { at: row.get(0), version: row.get(1), seq: row.get(2), project: ProjectId(row.get(3)) };
    let unknown = |what: &str, word: &str| Error::Config(format!("a change has the {what} {word:?}"));
    let (dated_by, kind): (&str, &str) = (row.get(4), row.get(9));
    let change = Change {
        at: place.at,
        dated_by: DatedBy::of(dated_by).ok_or_else(|| unknown("date by", dated_by))?,
        created: row.get(5),
        fields: change::read_fields(row.get(6)),
        params: change::read_params(row.get(7)),
        stale: row.get(8),
    };
    let source = Source::of(kind, row.get(10), row.get(11)).ok_or_else(|| unknown("source", kind))?;
    Ok(Entry { place, change, source, inferred: row.get(12) })
}

fn only(view: &View) -> Option<Uuid> {
    view.project.map(|project| project.0)
}
