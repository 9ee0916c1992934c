//! Forgetting people: rejected rows and notes of imports that name somebody who was erased.
//!
//! Each row is kept with the addresses in it, in their one form, and with the `user_id` of whom it is about: so it is
//! found however the file wrote them.

use filter::{Bind, email::normalised};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{notes, words::Words};
use crate::{
    model::{CustomerId, Email, Ignored, ImportId, Pattern, ProjectId},
    store::{AccountId, Error, Store, View, batch::Batch, statement::Statement, transaction::Transaction},
};

/// Rejected rows in which an address stands go.
const BY_ADDRESS: &str = "
    delete from import_rejected r using import i, unnest($2::text[]) e
    where i.account_id = $1 and r.account_id = $1 and r.import_id = i.id and r.emails @> jsonb_build_array(e)
      and ($3::uuid is null or i.project_id = $3)";
/// So do those about an id.
const BY_ID: &str = "
    delete from import_rejected r using import i, unnest($2::uuid[], $3::text[]) as u (project, id)
    where i.account_id = $1 and r.account_id = $1 and r.import_id = i.id and i.project_id = u.project
      and r.user_id = u.id and ($4::uuid is null or i.project_id = $4)";
/// Of what could not be read nobody knows which of its words is an id.
const BY_WORD: &str = "
    delete from import_rejected r using import i, unnest($2::uuid[], $3::text[]) as u (project, id)
    where i.account_id = $1 and r.account_id = $1 and r.import_id = i.id and i.project_id = u.project
      and r.user_id is null and u.id !~ '@' and r.emails @> jsonb_build_array(u.id)
      and ($4::uuid is null or i.project_id = $4)";
/// All rejected rows of a project go.
const ALL_ROWS: &str = "
    delete from import_rejected r using import i
    where i.account_id = $1 and r.account_id = $1 and r.import_id = i.id and i.project_id = $2";
/// Rejected rows that are deleted at a time.
const CHUNK: i64 = 2_000;

/// By what people are, or were, known.
#[derive(Debug, Default)]
pub(in crate::store) struct Names {
    /// Their addresses.
    emails: Vec<String>,
    /// Their ids, each with the project whose id it is.
    projects: Vec<Uuid>,
    user_ids: Vec<String>,
    /// What they are called: it may stand in the name of a file, or where a file has no header.
    called: Vec<String>,
}

impl Names {
    /// Those of customers who are still there: with aliases, and with what they were called before.
    pub(in crate::store) async fn of(batch: &Batch<'_>, customers: &[Uuid]) -> Result<Names, Error> {
        let account = &batch.account.0;
        let everywhere: [Uuid; 0] = [];
        let emails = batch.tx.query(EMAILS, &[account, &customers, &everywhere.as_slice()]).await?;
        let ids = batch.tx.query(IDS, &[account, &customers, &everywhere.as_slice()]).await?;
        let called = "
            select name from relationship where account_id = $1 and customer_id = any($2) and name is not null
            union
            select side.value from change h, jsonb_each_text(h.fields -> 'name') as side
            where h.account_id = $1 and h.customer_id = any($2) and h.fields ? 'name' and side.value is not null";
        let called = batch.tx.query(called, &[account, &customers]).await?;
        Ok(Names { called: called.iter().map(|row| row.get(0)).collect(), ..Names::read(&emails, &ids) })
    }

    /// Those by which somebody is asked for who is no customer: an address, and an id in each of some projects.
    pub(in crate::store) fn asked(who: &str, projects: &[ProjectId]) -> Names {
        let names =
            Email::parse(who).map_or_else(|_| Names::default(), |email| Names::default().with_email(&email));
        projects.iter().fold(names, |names, project| names.with_user_id(*project, who))
    }

    /// As they stand in a filter, in small letters: addresses however they are written, other names as texts.
    pub(in crate::store) fn in_filters(&self) -> Vec<String> {
        let texts = self.user_ids.iter().chain(&self.called);
        let texts = texts.map(|name| serde_json::Value::from(name.as_str()).to_string());
        self.emails.iter().cloned().chain(texts).map(|text| text.to_lowercase()).collect()
    }

    /// Adds an address, in its one form.
    pub(in crate::store) fn with_email(mut self, email: &Email) -> Names {
        self.emails.push(email.as_str().to_owned());
        self
    }

    /// Adds an id of a project.
    pub(in crate::store) fn with_user_id(mut self, project: ProjectId, user_id: &str) -> Names {
        self.projects.push(project.0);
        self.user_ids.push(user_id.to_owned());
        self
    }

    /// What is looked for in texts.
    fn words(&self) -> Words {
        Words::of([&self.emails, &self.user_ids, &self.called].into_iter().flatten())
    }

    /// All of them, as texts.
    pub(in crate::store) fn all(&self) -> Vec<&str> {
        let all = [&self.emails, &self.user_ids, &self.called];
        all.into_iter().flatten().map(String::as_str).filter(|name| !name.is_empty()).collect()
    }

    /// What asks for those of a customer that a view may know; [`Names::read`] reads the answers.
    pub(in crate::store) fn statements(view: &View, customer: CustomerId) -> [Statement; 2] {
        [EMAILS, IDS].map(|sql| {
            Statement::make(|binds| {
                binds.bind(Bind::Uuids(vec![customer.0]));
                binds.bind(Bind::Uuids(only(view)));
                sql.to_owned()
            })
        })
    }

    /// Reads what was answered.
    pub(in crate::store) fn read(emails: &[Row], ids: &[Row]) -> Names {
        Names {
            emails: emails.iter().map(|row| normalised(row.get(0))).collect(),
            projects: ids.iter().map(|row| row.get(0)).collect(),
            user_ids: ids.iter().map(|row| row.get(1)).collect(),
            called: Vec::new(),
        }
    }

    /// Whether an entry of the list of who is ignored is about one of them.
    pub(in crate::store) fn are(&self, pattern: &Pattern) -> bool {
        let one: Ignored = [pattern.clone()].into_iter().collect();
        self.emails.iter().any(|email| one.has(email))
    }

    /// Asks for what imports have kept that names them, as far as a view may see it.
    pub(in crate::store) fn mentions(&self, view: &View, wrap: fn(&str) -> String) -> [Statement; 2] {
        let rows = Statement::make(|binds| {
            binds.bind(Bind::Uuids(only(view)));
            binds.bind(Bind::Texts(self.emails.clone()));
            binds.bind(Bind::Uuids(self.projects.clone()));
            binds.bind(Bind::Texts(self.user_ids.clone()));
            wrap(
                // By the same as what is deleted: an address, an id, a word of what could not be read.
                "select i.id, i.project_id, i.name, r.line, r.reason, r.raw
                 from (
                     select n.import_id, n.record from unnest($3::text[]) e cross join lateral (
                         select * from import_rejected r
                         where r.account_id = $1 and r.emails @> jsonb_build_array(e) offset 0) n
                     union
                     select n.import_id, n.record from unnest($4::uuid[], $5::text[]) as u (project, id) cross join lateral (
                         select * from import_rejected r where r.account_id = $1 and r.user_id = u.id offset 0) n
                     join import i on i.account_id = $1 and i.id = n.import_id and i.project_id = u.project
                     union
                     select n.import_id, n.record from unnest($4::uuid[], $5::text[]) as u (project, id) cross join lateral (
                         select * from import_rejected r
                         where r.account_id = $1 and r.emails @> jsonb_build_array(u.id) offset 0) n
                     join import i on i.account_id = $1 and i.id = n.import_id and i.project_id = u.project
                     where n.user_id is null and u.id !~ '@'
                 ) as n
                 join import i on i.account_id = $1 and i.id = n.import_id
                 join import_rejected r on r.account_id = $1 and r.import_id = n.import_id and r.record = n.record
                 where cardinality($2::uuid[]) = 0 or i.project_id = any($2)
                 order by i.started_at, i.id, r.record",
            )
        });
        let notes = Statement::make(|binds| {
            binds.bind(Bind::Uuids(only(view)));
            binds.bind(Bind::Texts(self.emails.clone()));
            wrap(
                "select i.id, i.project_id, i.name, null::bigint,
                     concat_ws(' ', (select string_agg(n ->> 'detail', ' ') from jsonb_array_elements(i.about -> 'notes') n),
                         i.problem), null::text
                 from import i
                 where i.account_id = $1 and (cardinality($2::uuid[]) = 0 or i.project_id = any($2))
                   and i.emails ?| $3 order by i.started_at, i.id",
            )
        });
        [rows, notes]
    }
}

/// The only projects that a view sees; none where it sees all.
fn only(view: &View) -> Vec<Uuid> {
    view.project.iter().map(|project| project.0).collect()
}

/// The addresses that customers (`$2`) have, or had; where there are projects (`$3`) those that these were told.
const EMAILS: &str = "
    select email from customer
    where account_id = $1 and (id = any($2) or cardinality($3::uuid[]) = 0 and alias_of = any($2))
    union
    select side.value from change h, jsonb_each_text(h.fields -> 'email') as side
    where h.account_id = $1 and h.customer_id = any($2) and (cardinality($3) = 0 or h.project_id = any($3))
      and h.fields ? 'email' and side.value is not null";

/// The ids that customers have, or had, each with the project whose id it is.
const IDS: &str = "
    select project_id, user_id from relationship
    where account_id = $1 and customer_id = any($2) and (cardinality($3::uuid[]) = 0 or project_id = any($3))
      and user_id is not null
    union
    select project_id, user_id from user_alias
    where account_id = $1 and customer_id = any($2) and (cardinality($3) = 0 or project_id = any($3))
    union
    select h.project_id, side.value from change h, jsonb_each_text(h.fields -> 'user_id') as side
    where h.account_id = $1 and h.customer_id = any($2) and (cardinality($3) = 0 or h.project_id = any($3))
      and h.fields ? 'user_id' and side.value is not null";

/// What an import has kept that names somebody: a rejected row, or what was noted of the file.
#[derive(Clone, Debug)]
pub struct Mention {
    /// The run.
    pub import: ImportId,
    /// Into which project.
    pub project: ProjectId,
    /// The file's name.
    pub file: String,
    /// Of a row: on which line it begins.
    pub line: Option<i64>,
    /// Why the row was not taken, or what was noted.
    pub detail: String,
    /// The row as it stands in the file.
    pub raw: Option<String>,
}

impl Mention {
    /// Reads what [`Names::mentions`] asks for.
    pub(in crate::store) fn read(row: &Row) -> Mention {
        Mention {
            import: ImportId(row.get(0)),
            project: ProjectId(row.get(1)),
            file: row.get(2),
            line: row.get(3),
            detail: row.get(4),
            raw: row.get(5),
        }
    }
}

/// What of imports was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Rejected rows that are gone.
    pub rows: u64,
    /// Imports whose notes are.
    pub imports: u64,
}

/// Deletes what imports have kept that names somebody; with `only` those into that project.
pub(in crate::store) async fn forget(
    tx: &Transaction<'_>,
    account: AccountId,
    names: &Names,
    only: Option<ProjectId>,
) -> Result<Forgotten, Error> {
    let of = only.map(|project| project.0);
    let mut rows = tx.execute(BY_ADDRESS, &[&account.0, &names.emails, &of]).await?;
    for by_id in [BY_ID, BY_WORD] {
        rows += tx.execute(by_id, &[&account.0, &names.projects, &names.user_ids, &of]).await?;
    }
    let imports = notes::forget(tx, account, (&names.emails, &names.words()), only).await?;
    Ok(Forgotten { rows, imports })
}

/// Deletes all that imports into a project have kept of people.
pub(in crate::store) async fn forget_all(
    tx: &Transaction<'_>,
    account: AccountId,
    project: ProjectId,
) -> Result<(), Error> {
    for sql in [ALL_ROWS, notes::ALL_NOTES] {
        tx.execute(sql, &[&account.0, &project.0]).await?;
    }
    Ok(())
}

/// Deletes the rejected rows of a project's imports, of which there may be many, a few at a time: nobody who writes waits for
/// it, for it takes no turn.
pub(in crate::store) async fn forget_rejected(
    store: &Store,
    account: AccountId,
    project: ProjectId,
) -> Result<(), Error> {
    let sql = "delete from import_rejected where account_id = $1 and (import_id, record) in (
                   select r.import_id, r.record from import i
                   join import_rejected r on r.account_id = $1 and r.import_id = i.id
                   where i.account_id = $1 and i.project_id = $2 limit $3)";
    let client = store.client().await?;
    while client.execute(sql, &[&account.0, &project.0, &CHUNK]).await? > 0 {}
    Ok(())
}
