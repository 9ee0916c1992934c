//! What the calls of a batch meet: the customers and relationships that they speak of, read in one go.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use filter::calendar::day_of;
use futures_util::future::try_join;
use index::Entered;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use tokio_postgres::{Row, Statement, types::ToSql};
use uuid::Uuid;

use super::request::Task;
use crate::{
    model::{Change, CustomerId, Identify, Log, ProjectId, Relationship, Source},
    store::{
        AccountId, Error,
        batch::{Batch, Place},
        row::{RELATIONSHIP_COLUMNS, Stored, WRITTEN_COLUMNS},
        transaction::Transaction,
    },
};

/// The rows that a batch works on, and what it has made of them so far.
#[derive(Default)]
pub(super) struct Present {
    /// Customers by e-mail, by that of an alias too.
    pub(super) customers: HashMap<String, CustomerId>,
    /// Their e-mails.
    pub(super) emails: HashMap<CustomerId, String>,
    /// Customers that are new.
    pub(super) new_customers: Vec<CustomerId>,
    /// Relationships by `user_id`, by an alias too.
    pub(super) users: HashMap<(ProjectId, String), CustomerId>,
    /// `user_id`s that were given up here and are still taken in the database.
    pub(super) released: HashSet<(ProjectId, String)>,
    /// Relationships.
    pub(super) rows: HashMap<Place, Known>,
    /// What is to be written into history, in order.
    pub(super) changes: Vec<(Place, Source, Change)>,
    /// What publishable calls were refused: how often.
    pub(super) refusals: HashMap<(Place, String), i64>,
    /// The bytes of the values in the changes.
    pub(super) weight: usize,
}

/// A relationship in hand.
pub(super) struct Known {
    pub(super) row: Relationship,
    /// As much of its past as the calls of the batch can ask for.
    pub(super) log: Log,
    /// What of it was read for late calls.
    pub(super) recalled: Questions,
    /// Its latest change that is stored.
    pub(super) stored_change: Timestamp,
    /// Its changes of this batch, as places among all of them, that the log does not know yet.
    pub(super) own: Vec<usize>,
    /// It is not in the database yet.
    pub(super) created: bool,
    /// Something of it differs from the database.
    pub(super) touched: bool,
    /// And that is not only when it was seen.
    pub(super) altered: bool,
    pub(super) params_changed: bool,
    /// The bytes of its params, once a call has counted them.
    pub(super) size: Option<usize>,
    /// Days on which it was seen and that may not be marked yet.
    pub(super) days: BTreeSet<Date>,
}

/// What late calls ask of a log: at their dates, the keys that they name; `None` is all, where one replaces.
#[derive(Default)]
pub(super) struct Questions(pub(super) BTreeMap<Timestamp, Option<BTreeSet<String>>>);

impl Questions {
    /// Adds what a call asks at its date.
    pub(super) fn add(&mut self, date: Timestamp, call: &Identify) {
        let asked = self.0.entry(date).or_insert_with(|| Some(BTreeSet::new()));
        match asked {
            Some(keys) if !call.replace => keys.extend(call.edits.keys().cloned()),
            _ => *asked = None,
        }
    }

    /// Whether what a call asks at its date is among it.
    pub(super) fn cover(&self, date: Timestamp, call: &Identify) -> bool {
        match self.0.get(&date) {
            None => false,
            Some(None) => true,
            Some(Some(keys)) => !call.replace && call.edits.keys().all(|key| keys.contains(key)),
        }
    }
}

impl Known {
    /// A row that is new.
    pub(super) fn new(row: Relationship) -> Known {
        Known { created: true, log: Log::default(), ..Known::stored(row) }
    }

    /// A row that was read.
    pub(super) fn stored(row: Relationship) -> Known {
        Known {
            log: Log::from(row.standing()),
            recalled: Questions::default(),
            stored_change: row.last_change,
            own: Vec::new(),
            created: false,
            touched: false,
            altered: false,
            params_changed: false,
            size: None,
            days: BTreeSet::new(),
            row,
        }
    }

    /// Whether its params are to be written.
    pub(super) fn carries_params(&self) -> bool {
        self.created || self.params_changed
    }

    /// Notes that it was seen on the day of `at`. A later day than all before it touches the row; whether an earlier one
    /// is marked already, its year tells.
    pub(super) fn mark(&mut self, at: Timestamp, zone: &TimeZone) {
        let day = day_of(at, zone);
        if self.row.last_day == Some(day) {
            return;
        }
        self.days.insert(day);
        if self.row.last_day.is_none_or(|last| last < day) {
            self.row.last_day = Some(day);
            self.touched = true;
        }
    }

    /// Notes when a call says that the customer was there: an import's does not, unless it tells the day.
    pub(super) fn see(&mut self, call: &Identify, at: Timestamp, zone: &TimeZone) {
        if call.live {
            self.mark(at, zone);
        }
        if let Some(seen) = call.past.last_activity {
            self.mark(seen, zone);
        }
    }

    /// Lets the log know what was entered in this batch. Most rows meet one call, and never need it.
    pub(super) fn catch_up(&mut self, changes: &[(Place, Source, Change)]) {
        for place in self.own.drain(..) {
            self.log.enter(&changes[place].2);
        }
    }
}

impl Present {
    /// Reads what the tasks speak of.
    pub(super) async fn read(batch: &Batch<'_>, tasks: &[Task<'_>]) -> Result<Present, Error> {
        let wanted = Wanted::of(tasks);
        let look_ups = LookUps::prepare(&batch.tx, &wanted).await?;
        let rows = look_ups.run(&batch.tx, batch.account, &wanted).await?;
        Present::of(&rows)
    }

    /// What was looked up for the tasks.
    pub(super) fn of(rows: &[Row]) -> Result<Present, Error> {
        let mut present = Present::default();
        for row in rows {
            present.take(row)?;
        }
        Ok(present)
    }

    fn take(&mut self, row: &Row) -> Result<(), Error> {
        let stored = Stored::at(row, 3);
        let (customer, email) = (CustomerId(row.get(2)), stored.email()?.to_owned());
        self.emails.insert(customer, email.clone());
        let asked = row.get::<_, Option<String>>(0);
        self.customers.extend([email].into_iter().chain(asked).map(|email| (email, customer)));
        if !stored.is_there()? {
            return Ok(());
        }
        let (project, relationship) = (ProjectId(stored.project()?), stored.relationship()?);
        let asked = row.get::<_, Option<String>>(1);
        let user_ids = relationship.user_id.iter().cloned().chain(asked);
        self.users.extend(user_ids.map(|user_id| ((project, user_id), customer)));
        self.rows.entry((project, customer)).or_insert_with(|| Known::stored(relationship));
        Ok(())
    }

    /// Tells the batch which rows were written, and hands it those rows: nobody works on them any more. `past` is what was
    /// entered into the past of each, where that is in hand.
    pub(super) fn hand_over(&mut self, batch: &mut Batch<'_>, mut past: HashMap<Place, Entered>) {
        for (place, known) in self.rows.drain().filter(|(_, known)| known.touched) {
            let email = self.emails.get(&place.1).map(String::as_str).unwrap_or_default();
            batch.touch(place, known.row, email);
            batch.enter(place, past.remove(&place));
        }
    }
}

/// What the tasks name, as columns for the statements.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    projects: Vec<Uuid>,
    emails: Vec<&'a str>,
    user_projects: Vec<Uuid>,
    user_ids: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(tasks: &[Task<'a>]) -> Wanted<'a> {
        let (mut projects, mut emails, mut users) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut wanted = Wanted::default();
        for task in tasks {
            let who = task.call.who();
            projects.insert(task.project.0);
            if let Some(email) = &who.email {
                emails.insert(email.as_str());
            }
            if let Some(user_id) = &who.user_id {
                users.insert((task.project.0, user_id.as_str()));
            }
        }
        wanted.projects.extend(projects);
        wanted.emails.extend(emails);
        (wanted.user_projects, wanted.user_ids) = users.into_iter().unzip();
        wanted
    }
}

/// The look-ups of a batch, prepared; one that nobody asked for is left out.
pub(super) struct LookUps {
    by_email: Option<Statement>,
    by_user: Option<Statement>,
}

impl LookUps {
    /// Prepares those that are wanted. Nothing happens to what is prepared already.
    pub(super) async fn prepare(tx: &Transaction<'_>, wanted: &Wanted<'_>) -> Result<LookUps, Error> {
        let (mut by_email, mut by_user) = (None, None);
        if !wanted.emails.is_empty() {
            by_email = Some(tx.prepare_cached(&self::by_email()).await?);
        }
        if !wanted.user_ids.is_empty() {
            by_user = Some(tx.prepare_cached(&self::by_user()).await?);
        }
        Ok(LookUps { by_email, by_user })
    }

    /// Looks up, in one go.
    pub(super) async fn run(
        &self,
        tx: &Transaction<'_>,
        account: AccountId,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<Row>, Error> {
        let with_emails: [&(dyn ToSql + Sync); 3] = [&account.0, &wanted.emails, &wanted.projects];
        let with_user_ids: [&(dyn ToSql + Sync); 3] = [&account.0, &wanted.user_projects, &wanted.user_ids];
        let query = async |statement: &Option<Statement>, parameters: &[&(dyn ToSql + Sync)]| match statement
        {
            Some(statement) => tx.query(statement, parameters).await,
            None => Ok(Vec::new()),
        };
        let (mut rows, more) =
            try_join(query(&self.by_email, &with_emails), query(&self.by_user, &with_user_ids)).await?;
        rows.extend(more);
        Ok(rows)
    }
}

// Plans of these are made once, perhaps for tables that are empty yet, so that costs tell the planner nothing. What is
// lateral and fenced off (by `limit` or `offset`) can only be done once for each that was asked for; and what is in order
// without being sorted, which is switched off, can only come from the index that has it in order.

fn by_email() -> String {
    format!(
        "select u.email, null::text, c.id, {RELATIONSHIP_COLUMNS}, {WRITTEN_COLUMNS} from unnest($2::text[]) as u (email)
         cross join lateral (
            select c.id, c.email, c.alias_of from customer c
            where c.account_id = $1 and c.email >= u.email order by c.email limit 1
         ) as a
         left join lateral (
            select k.email from customer k where k.account_id = $1 and k.id = a.alias_of offset 0
         ) as k on true
         cross join lateral (select coalesce(a.alias_of, a.id) as id, coalesce(k.email, a.email) as email) as c
         left join lateral (
            select * from relationship r
            where r.account_id = $1 and r.customer_id = c.id and r.project_id = any($3) offset 0
         ) as r on true
         where a.email = u.email"
    )
}

fn by_user() -> String {
    format!(
        "select null::text, u.user_id, c.id, {RELATIONSHIP_COLUMNS}, {WRITTEN_COLUMNS}
         from unnest($2::uuid[], $3::text[]) as u (project_id, user_id)
         cross join lateral (
            select * from relationship r
            where r.account_id = $1 and r.project_id = u.project_id and r.user_id >= u.user_id
            order by r.user_id limit 1
         ) as r
         cross join lateral (
            select c.id, c.email from customer c where c.account_id = $1 and c.id = r.customer_id offset 0
         ) as c
         where r.user_id = u.user_id
         union all
         select null::text, u.user_id, c.id, {RELATIONSHIP_COLUMNS}, {WRITTEN_COLUMNS}
         from unnest($2::uuid[], $3::text[]) as u (project_id, user_id)
         cross join lateral (
            select a.user_id, a.customer_id from user_alias a
            where a.account_id = $1 and a.project_id = u.project_id and a.user_id >= u.user_id
            order by a.user_id limit 1
         ) as a
         cross join lateral (
            select * from relationship r
            where r.account_id = $1 and r.project_id = u.project_id and r.customer_id = a.customer_id offset 0
         ) as r
         cross join lateral (
            select c.id, c.email from customer c where c.account_id = $1 and c.id = r.customer_id offset 0
         ) as c
         where a.user_id = u.user_id"
    )
}
