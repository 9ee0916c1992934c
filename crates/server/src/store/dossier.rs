//! All that an account holds of one person, as far as a view may see it: in one snapshot, at constant memory, however long
//! the history is.

use filter::Bind;
use futures_util::Stream;
use jiff::{Timestamp, civil::Date};
use tokio_postgres::Row;

use super::{
    Store, View, alias,
    customer::{self, ENTRY_COLUMNS, Entry, RefusedKey},
    export::SETTINGS,
    import::{Mention, Names},
    note::Note,
    pages::Pages,
    query::{Error, Plan, Relationship},
    row::RELATIONSHIP_COLUMNS,
    snapshot::Snapshot,
    statement::Statement,
};
use crate::model::{CustomerId, Email, Pattern, ProjectId, now};

/// The cursor in the database.
const CURSOR: &str = "held";
/// The account's projects.
const PROJECTS: &str = "select id, slug from project where account_id = $1 order by created_at, id";
/// Rows that are read at a time.
const PAGE: usize = 100;

/// A person whose snapshot is open.
pub struct Dossier {
    /// Who they are, and all that is short.
    pub head: Head,
    view: View,
    names: Names,
    snapshot: Snapshot,
}

/// Who a person is, and all that is short.
#[derive(Clone, Debug)]
pub struct Head {
    /// The id; none of who is no customer.
    pub id: Option<CustomerId>,
    /// The e-mail; of who is no customer the one that was asked for, if it was one.
    pub email: Option<String>,
    /// Other addresses of the person, of those that may be seen.
    pub aliases: Vec<String>,
    /// What apps called them before a merge.
    pub user_ids: Vec<(ProjectId, String)>,
    /// What of the account's list of who is ignored is about them; only the whole account's views see it.
    pub ignored: Vec<Pattern>,
    /// Merges of which a copy of both people is kept, with when they were merged; only the whole account's views see them.
    pub merges: Vec<(String, Timestamp)>,
    /// The days of activity, project by project.
    pub activity: Vec<(ProjectId, Vec<Date>)>,
    /// The slugs of the account's projects.
    pub projects: Vec<(ProjectId, String)>,
    /// The account's version that all of it is of.
    pub version: i64,
    /// When it was read.
    pub at: Timestamp,
}

/// Something that is held of a person. They come in this order.
#[derive(Clone, Debug)]
pub enum Item {
    /// What a project knows.
    Relationship(Box<Relationship>),
    /// A key that a browser tried to set in vain.
    Refused(RefusedKey),
    /// What a member has noted; only the whole account's views see it.
    Note(Note),
    /// What an import has kept that names them.
    Mention(Mention),
    /// What one call altered, the oldest first.
    Change(Box<Entry>),
}

/// Opens the snapshot of whoever is meant, of those whom a view may see: a customer, by an id, an address or an app's own id, or
/// somebody whom only rejected rows and notes of imports name. [`super::Error::Missing`] when there is nothing.
pub async fn open(store: &Store, view: &View, who: &str) -> Result<Dossier, Error> {
    match customer::find(store, view, who).await {
        Ok(id) => of_customer(store, view, id).await,
        Err(super::Error::Missing(_)) => of_stranger(store, view, who).await,
        Err(error) => Err(error.into()),
    }
}

/// That of somebody who never became a customer, or is none any more.
async fn of_stranger(store: &Store, view: &View, who: &str) -> Result<Dossier, Error> {
    let missing = || Error::from(super::Error::Missing("customer"));
    if who.contains('\0') {
        return Err(missing());
    }
    let mut snapshot = Snapshot::of_person(store, view).await?;
    let projects = Statement::make(|_| PROJECTS.to_owned());
    let rows = snapshot.ask(&[Plan::clock(), projects], false).await?;
    let [clock, projects] = rows.as_slice() else { return Err(unexpected()) };
    let projects: Vec<_> = projects.iter().map(|row| (ProjectId(row.get(0)), row.get(1))).collect();
    let seen = projects.iter().map(|(id, _)| *id).filter(|id| view.project.is_none_or(|only| only == *id));
    let names = Names::asked(who, &seen.collect::<Vec<_>>());
    let exist = names.mentions(view, |sql| format!("select exists ({sql})"));
    let rows = snapshot.ask(&exist, false).await?;
    if !rows.iter().flatten().any(|row| row.get(0)) {
        snapshot.ask(&[], true).await?;
        return Err(missing());
    }
    let head = Head {
        id: None,
        email: Email::parse(who).ok().map(|email| email.as_str().to_owned()),
        aliases: Vec::new(),
        user_ids: Vec::new(),
        ignored: Vec::new(),
        merges: Vec::new(),
        activity: Vec::new(),
        projects,
        version: clock.first().map_or(0, |row| row.get(0)),
        at: now(),
    };
    Ok(Dossier { head, view: *view, names, snapshot })
}

/// That of a customer.
async fn of_customer(store: &Store, view: &View, id: CustomerId) -> Result<Dossier, Error> {
    let mut snapshot = Snapshot::of_person(store, view).await?;
    let statements = statements(view, id);
    let rows = snapshot.ask(&statements, false).await?;
    let [clock, customer, aliases, user_ids, activity, merges, ignored, projects, emails, ids] =
        rows.as_slice()
    else {
        return Err(unexpected());
    };
    let email: String = customer.first().ok_or(super::Error::Missing("customer"))?.get(0);
    let names = Names::read(emails, ids);
    let projects: Vec<_> = projects.iter().map(|row| (ProjectId(row.get(0)), row.get(1))).collect();
    let days = |(project, _): &(ProjectId, String)| (*project, customer::days(activity, *project));
    let head = Head {
        id: Some(id),
        email: Some(email),
        aliases: aliases.iter().map(|row| row.get(0)).collect(),
        user_ids: user_ids.iter().map(|row| (ProjectId(row.get(0)), row.get(1))).collect(),
        ignored: ignored.iter().map(|row| Pattern::kept(row.get(0))).filter(|one| names.are(one)).collect(),
        merges: merges.iter().map(|row| (row.get(0), row.get(1))).collect(),
        activity: projects.iter().map(days).filter(|(_, days)| !days.is_empty()).collect(),
        projects,
        version: clock.first().map_or(0, |row| row.get(0)),
        at: now(),
    };
    Ok(Dossier { head, view: *view, names, snapshot })
}

fn unexpected() -> Error {
    super::Error::Config("the statements have other answers".to_owned()).into()
}

/// What is asked for the head, in the order in which [`open`] takes it.
fn statements(view: &View, id: CustomerId) -> [Statement; 10] {
    let [emails, ids] = Names::statements(view, id);
    let of = |sql: &str| of(view, id, sql);
    [
        Plan::clock(),
        of("select c.email from customer c where c.account_id = $1 and c.id = $2 and exists (
                select from relationship where account_id = $1 and customer_id = $2
                  and (cardinality($3::uuid[]) = 0 or project_id = any($3)))"),
        of(&format!(
            "select c.email from customer c where c.account_id = $1 and c.alias_of = $2
               and (cardinality($3::uuid[]) = 0 or {}) order by 1",
            alias::told("any($3)")
        )),
        of("select project_id, user_id from user_alias where account_id = $1 and customer_id = $2
              and (cardinality($3::uuid[]) = 0 or project_id = any($3)) order by 1, 2"),
        of("select project_id, year, days from activity where account_id = $1 and customer_id = $2
              and (cardinality($3::uuid[]) = 0 or project_id = any($3)) order by project_id, year"),
        of("select o.email, m.at from merged m join customer o on o.account_id = $1 and o.id = m.other_id
            where m.account_id = $1 and m.keep_id = $2 and cardinality($3::uuid[]) = 0 order by m.at"),
        of("select pattern from ignored
            where account_id = $1 and cardinality($3::uuid[]) = 0 and $2::uuid is not null order by 1"),
        Statement::make(|_| PROJECTS.to_owned()),
        emails,
        ids,
    ]
}

/// A statement about a person, who is `$2`; `$3` are the only projects that may be seen, none of them where all may.
fn of(view: &View, id: CustomerId, sql: &str) -> Statement {
    Statement::make(|binds| {
        binds.bind(Bind::Uuid(id.0));
        binds.bind(Bind::Uuids(view.project.iter().map(|project| project.0).collect()));
        sql.to_owned()
    })
}

impl Dossier {
    /// All that may be long, page by page. The next page is read while one is used; no more than a few are in memory.
    pub fn items(self) -> impl Stream<Item = Result<Vec<Item>, Error>> + Send {
        Pages::of(|pages| self.read(pages))
    }

    async fn read(mut self, pages: Pages<Vec<Item>>) -> Result<(), Error> {
        let settings = SETTINGS.map(|sql| Statement::make(|_| sql.to_owned()));
        self.snapshot.ask(&settings, false).await?;
        if let Some(id) = self.head.id {
            self.relationships(&pages, id).await?;
        }
        for statement in self.names.mentions(&self.view, declare) {
            self.each(&pages, statement, |row| Ok(Item::Mention(Mention::read(row)))).await?;
        }
        if let Some(id) = self.head.id {
            self.changes(&pages, id).await?;
        }
        self.snapshot.ask(&[], true).await?;
        pages.end().await
    }

    async fn relationships(&mut self, pages: &Pages<Vec<Item>>, id: CustomerId) -> Result<(), Error> {
        let relationships = of(
            &self.view,
            id,
            &declare(&format!(
                "select {RELATIONSHIP_COLUMNS} from relationship r
                 join customer c on c.account_id = $1 and c.id = $2
                 where r.account_id = $1 and r.customer_id = $2
                   and (cardinality($3::uuid[]) = 0 or r.project_id = any($3)) order by r.project_id"
            )),
        );
        let read = |row: &Row| Ok(Item::Relationship(Box::new(Relationship::read(row, 0)?)));
        self.each(pages, relationships, read).await?;
        let refused = "select project_id, key, times, last_at from refusal
                       where account_id = $1 and customer_id = $2
                         and (cardinality($3::uuid[]) = 0 or project_id = any($3)) order by project_id, key";
        let refused = of(&self.view, id, &declare(refused));
        self.each(pages, refused, |row| Ok(Item::Refused(RefusedKey::read(row)))).await?;
        let notes = "select n.id, n.member_id, m.email, n.text, n.at, n.edited from note n
                     left join member m on m.account_id = $1 and m.id = n.member_id
                     where n.account_id = $1 and n.customer_id = $2 and cardinality($3::uuid[]) = 0
                     order by n.at, n.id";
        let notes = of(&self.view, id, &declare(notes));
        self.each(pages, notes, |row| Ok(Item::Note(Note::read(row)))).await
    }

    async fn changes(&mut self, pages: &Pages<Vec<Item>>, id: CustomerId) -> Result<(), Error> {
        let changes = format!(
            "select {ENTRY_COLUMNS} from change where account_id = $1 and customer_id = $2
               and (cardinality($3::uuid[]) = 0 or project_id = any($3)) order by at, version, seq, project_id"
        );
        let changes = of(&self.view, id, &declare(&changes));
        self.each(pages, changes, |row| Ok(Item::Change(Box::new(customer::entry(row)?)))).await
    }

    /// Sends what a cursor has, and closes it.
    async fn each(
        &mut self,
        pages: &Pages<Vec<Item>>,
        declared: Statement,
        read: impl Fn(&Row) -> Result<Item, super::Error>,
    ) -> Result<(), Error> {
        self.snapshot.ask(&[declared], false).await?;
        let read = |row: Row| Ok((read(&row)?, row.raw_size_bytes()));
        pages.send_all(&self.snapshot, CURSOR, PAGE, read).await?;
        self.snapshot.ask(&[Statement::make(|_| format!("close {CURSOR}"))], false).await?;
        Ok(())
    }
}

fn declare(sql: &str) -> String {
    format!("declare {CURSOR} no scroll cursor for {sql}")
}
