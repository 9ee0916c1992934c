//! Forgetting people: rejected rows and notes of imports that name somebody who was erased.
//!
//! Each row is kept with the addresses in it, in their one form, and with the `user_id` of whom it is about: so it is
//! found however the file wrote them.

use std::collections::BTreeSet;

use filter::{Bind, Binds, email::normalised};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    model::{CustomerId, Email, Ignored, ImportId, Pattern, ProjectId},
    store::{AccountId, Error, Store, View, batch::Batch, statement::Statement, transaction::Transaction},
};

/// What ends an address wherever it stands.
const ENDS: &str = "\"<>()[]{},;:\\|";
/// What may be a part of an address, and stands before one more often.
const MAY_END: &str = "=/&?#'*!%$^`~";
/// No address takes more bytes, in whatever form.
const LONGEST: usize = 2_000;

/// What an import notes of people goes.
const NOTES: &str =
    "update import set about = about || '{\"notes\": []}', problem = left(problem, 0), emails = '[]'
                     where account_id = $1";
/// Rejected rows go, with their import at hand.
const REJECTED: &str = "delete from import_rejected r using import i
                        where i.account_id = $1 and r.account_id = $1 and r.import_id = i.id";
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
}

impl Names {
    /// Those of customers who are still there: with aliases, and with what they were called before.
    pub(in crate::store) async fn of(batch: &Batch<'_>, customers: &[Uuid]) -> Result<Names, Error> {
        let account = &batch.account.0;
        let emails = batch.tx.query(&emails(None), &[account, &customers]).await?;
        let ids = batch.tx.query(&ids(None), &[account, &customers]).await?;
        Ok(Names::read(&emails, &ids))
    }

    /// What asks for those of a customer that a view may know; [`Names::read`] reads the answers.
    pub(in crate::store) fn statements(view: &View, customer: CustomerId) -> [Statement; 2] {
        [emails, ids].map(|sql| {
            Statement::make(|binds| {
                binds.bind(Bind::Uuids(vec![customer.0]));
                sql(view.project.map(|project| binds.bind(Bind::Uuid(project.0))).as_deref())
            })
        })
    }

    /// Reads what was answered.
    pub(in crate::store) fn read(emails: &[Row], ids: &[Row]) -> Names {
        Names {
            emails: emails.iter().map(|row| normalised(row.get(0))).collect(),
            projects: ids.iter().map(|row| row.get(0)).collect(),
            user_ids: ids.iter().map(|row| row.get(1)).collect(),
        }
    }

    /// Whether an entry of the list of who is ignored is about one of them.
    pub(in crate::store) fn are(&self, pattern: &Pattern) -> bool {
        let one: Ignored = [pattern.clone()].into_iter().collect();
        self.emails.iter().any(|email| one.has(email))
    }

    /// Asks for what imports have kept that names them, as far as a view may see it.
    pub(in crate::store) fn mentions(&self, view: &View, wrap: fn(&str) -> String) -> [Statement; 2] {
        let rows = |binds: &mut Binds, only: &str| {
            let emails = binds.bind(Bind::Texts(self.emails.clone()));
            let projects = binds.bind(Bind::Uuids(self.projects.clone()));
            let ids = binds.bind(Bind::Texts(self.user_ids.clone()));
            format!(
                "select i.id, i.project_id, i.name, r.line, r.reason, r.raw from import i \
                 join import_rejected r on r.account_id = $1 and r.import_id = i.id \
                 where i.account_id = $1 {only} and (r.emails ?| {emails} \
                     or (i.project_id, r.user_id) in (select * from unnest({projects}, {ids}))) \
                 order by i.started_at, i.id, r.record"
            )
        };
        let notes = |binds: &mut Binds, only: &str| {
            let emails = binds.bind(Bind::Texts(self.emails.clone()));
            format!(
                "select i.id, i.project_id, i.name, null::bigint, \
                     concat_ws(' ', (select string_agg(n ->> 'detail', ' ') from jsonb_array_elements(i.about -> 'notes') n), \
                         i.problem), null::text \
                 from import i where i.account_id = $1 {only} and i.emails ?| {emails} order by i.started_at, i.id"
            )
        };
        let statement = |sql: &dyn Fn(&mut Binds, &str) -> String| {
            Statement::make(|binds| {
                let project = view.project.map(|project| binds.bind(Bind::Uuid(project.0)));
                let only =
                    project.map_or_else(String::new, |project| format!("and i.project_id = {project}"));
                wrap(&sql(binds, &only))
            })
        };
        [statement(&rows), statement(&notes)]
    }
}

/// Asks for the addresses that customers have, or had; of a project those that it was told.
fn emails(project: Option<&str>) -> String {
    let (aliases, only) = match project {
        Some(project) => (String::new(), format!("and h.project_id = {project}")),
        None => ("or alias_of = any($2)".to_owned(), String::new()),
    };
    format!(
        "select email from customer where account_id = $1 and (id = any($2) {aliases})
         union
         select side.value from change h, jsonb_each_text(h.fields -> 'email') as side
         where h.account_id = $1 and h.customer_id = any($2) {only} and h.fields ? 'email' and side.value is not null"
    )
}

/// Asks for the ids that customers have, or had, each with the project whose id it is.
fn ids(project: Option<&str>) -> String {
    let only = project.map_or_else(String::new, |project| format!("and project_id = {project}"));
    format!(
        "select project_id, user_id from relationship
         where account_id = $1 and customer_id = any($2) {only} and user_id is not null
         union
         select project_id, user_id from user_alias where account_id = $1 and customer_id = any($2) {only}
         union
         select project_id, side.value from change h, jsonb_each_text(h.fields -> 'user_id') as side
         where account_id = $1 and customer_id = any($2) {only} and h.fields ? 'user_id' and side.value is not null"
    )
}

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

/// Deletes what imports have kept that names somebody; with `only` those into that project.
pub(in crate::store) async fn forget(
    tx: &Transaction<'_>,
    account: AccountId,
    names: &Names,
    only: Option<ProjectId>,
) -> Result<(), Error> {
    let (account, only) = (&account.0, only.map(|project| project.0));
    for sql in [
        format!("{REJECTED} and r.emails ?| $2 and ($3::uuid is null or i.project_id = $3)"),
        format!("{NOTES} and emails ?| $2 and ($3::uuid is null or project_id = $3)"),
    ] {
        tx.execute(&sql, &[account, &names.emails, &only]).await?;
    }
    let sql = format!(
        "{REJECTED} and ($4::uuid is null or i.project_id = $4) and (i.project_id, r.user_id) in (
             select * from unnest($2::uuid[], $3::text[]))"
    );
    tx.execute(&sql, &[account, &names.projects, &names.user_ids, &only]).await?;
    Ok(())
}

/// Deletes all that imports into a project have kept of people.
pub(in crate::store) async fn forget_all(
    tx: &Transaction<'_>,
    account: AccountId,
    project: ProjectId,
) -> Result<(), Error> {
    for sql in [
        format!("{REJECTED} and i.project_id = $2"),
        format!("{NOTES} and project_id = $2 and emails <> '[]'"),
    ] {
        tx.execute(&sql, &[&account.0, &project.0]).await?;
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

/// Every address in a text, in its one form; a text that is JSON is looked into.
pub(super) fn addresses(text: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    look(text, &mut found);
    found.into_iter().collect()
}

fn look(text: &str, found: &mut BTreeSet<String>) {
    match serde_json::from_str(text) {
        Ok(Value::Null | Value::Bool(_) | Value::Number(_)) => {}
        Ok(value) => within(&value, found),
        Err(_) => read(text, found),
    }
}

fn within(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => look(text, found),
        Value::Array(values) => values.iter().for_each(|value| within(value, found)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            read(key, found);
            within(value, found);
        }),
        _ => {}
    }
}

/// Reads plain text: all of it, what stands between signs that end an address, and between those that may.
fn read(text: &str, found: &mut BTreeSet<String>) {
    if !text.contains('@') {
        return;
    }
    let ends = |c: char| c.is_whitespace() || c.is_control() || ENDS.contains(c);
    let words = text.split(ends).chain(text.split(|c| ends(c) || MAY_END.contains(c)));
    let words = [text].into_iter().chain(words);
    for word in words.filter(|word| word.len() <= LONGEST && word.contains('@')) {
        let word = word.trim_matches(['.', '\'']);
        found.extend(Email::parse(word).ok().map(|email| email.as_str().to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_however_they_are_written() {
        for (text, expected) in [
            ("", &[][..]),
            ("no address, a@b either", &[]),
            (r#"["Ada@X.com","Ada","1"]"#, &["ada@x.com"]),
            (r#"["ÉMILE@X.com","a@XN--Mnchen-3ya.de"]"#, &["a@münchen.de", "émile@x.com"]),
            (
                r#"["Ada <ada@x.com>, bob@x.com; mailto:cat@x.com."]"#,
                &["ada@x.com", "bob@x.com", "cat@x.com"],
            ),
            (r#"["https:?to=ada@x.com"]"#, &["?to=ada@x.com", "ada@x.com"]),
            (r#""{\"email\": \"ad\\u0061@x.com\", \"bob@x.com\": 1}""#, &["ada@x.com", "bob@x.com"]),
            (r#""{\"email\": \"ada@x.com\", ""#, &["ada@x.com"]),
            (r#"["{\"to\": [\"o'brien@x.com\"]}"]"#, &["brien@x.com", "o'brien@x.com"]),
            ("ada@x.com is on line 2.", &["ada@x.com"]),
        ] {
            assert_eq!(addresses(text), expected, "{text}");
        }
    }
}
