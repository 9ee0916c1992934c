//! What is stored of people, as our own export prints it: a cell that prints the same is no news.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::Survey;
use crate::{
    export::{Line, Table},
    model::{Email, Project},
    store::{AccountId, Error, Store, import},
};

/// The people whom rows are about.
#[derive(Debug, Default)]
pub(super) struct People {
    /// Their e-mails, in every form under which one may be stored.
    emails: Vec<String>,
    /// Or the project's own ids of them.
    user_ids: Vec<String>,
}

/// What is stored of people.
#[derive(Debug, Default)]
pub(super) struct Known {
    all: Vec<Stored>,
    by_email: HashMap<String, usize>,
    by_user_id: HashMap<String, usize>,
}

/// What is stored of somebody.
#[derive(Debug)]
pub(super) struct Stored {
    /// Their e-mail.
    pub(super) email: String,
    /// What the export prints in each column of the file.
    pub(super) cells: Vec<String>,
    /// Their params.
    pub(super) params: Map<String, Value>,
}

impl People {
    /// Those of some rows, by e-mail or `user_id`.
    pub(super) fn of(who: impl Iterator<Item = (Option<String>, Option<String>)>) -> People {
        let mut people = People::default();
        for (email, user_id) in who {
            people.emails.extend(email.into_iter().flat_map(|email| forms(&email)));
            people.user_ids.extend(user_id);
        }
        people
    }

    /// Whether there is nobody.
    pub(super) fn is_empty(&self) -> bool {
        self.emails.is_empty() && self.user_ids.is_empty()
    }
}

impl Known {
    /// Reads what is stored of people in a project, and prints it as the columns of the file are.
    pub(super) async fn read(
        store: &Store,
        account: AccountId,
        project: &Project,
        columns: &PrintedColumns,
        people: &People,
    ) -> Result<Known, Error> {
        let rows = import::known(store, account, project.id, &people.emails, &people.user_ids).await?;
        let mut known = Known::default();
        for row in &rows {
            let (customer, document, params) = (row.customer()?, row.document()?, row.params()?);
            let line = Line { customer, project: project.slug.as_str(), document, params, aliases: &[] };
            let email = line.document.email.to_owned();
            let user_ids = [row.user_alias(), line.document.user_id].into_iter().flatten();
            known.by_email.insert(email.clone(), known.all.len());
            known.by_user_id.extend(user_ids.map(|id| (id.to_owned(), known.all.len())));
            let params = serde_json::from_str(line.params).unwrap_or_default();
            known.all.push(Stored { email, cells: columns.cells(&line), params });
        }
        Ok(known)
    }

    /// Whom a row is about, as a call would find them: a known `user_id` wins.
    pub(super) fn find(&self, (email, user_id): &(Option<String>, Option<String>)) -> Option<&Stored> {
        let by_user_id = user_id.as_ref().and_then(|user_id| self.by_user_id.get(user_id));
        let by_email = || forms(email.as_ref()?).iter().find_map(|email| self.by_email.get(email));
        self.all.get(*by_user_id.or_else(by_email)?)
    }
}

/// The columns of a file that is an export of ours, as the export prints them.
pub(super) struct PrintedColumns {
    table: Table,
    /// Of each column of the file whether the export prints anything there.
    printed: Vec<bool>,
}

impl PrintedColumns {
    /// Those of a file; none of a file that is no export of ours.
    pub(super) fn of(survey: &Survey) -> PrintedColumns {
        let printed = survey.printed().iter();
        PrintedColumns {
            table: Table::new(printed.clone().flatten().cloned().collect()),
            printed: printed.map(Option::is_some).collect(),
        }
    }

    /// What the export prints in each column of the file.
    fn cells(&self, line: &Line<'_>) -> Vec<String> {
        let mut cells = self.table.cells(line).into_iter();
        let cell = |printed: &bool| printed.then(|| cells.next()).flatten().unwrap_or_default();
        self.printed.iter().map(cell).collect()
    }
}

/// The forms under which an address may be stored: as it stands, for an export prints it so, and as a call stores it.
fn forms(email: &str) -> Vec<String> {
    let known = Email::parse(email).map(|email| email.forms()).unwrap_or_default();
    [vec![email.trim().to_lowercase()], known].concat()
}
