//! What imports have noted of people: it goes with them, by the addresses in it, and by the words that it holds.

use std::pin::pin;

use futures_util::TryStreamExt;
use serde_json::Value;
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

use super::words::Words;
use crate::{
    model::ProjectId,
    store::{AccountId, Error, transaction::Transaction},
};

/// Imports in which one of some words stands, be it within another: whether it stands there by itself is told in Rust, where
/// the letters of all languages are known.
const FOUND: &str = "
    select t.id, t.name, t.about, t.problem
    from (
        -- Each text is made once, and not for each word.
        select id, name, about, problem, lower(name) as said_name,
            lower(about::text || coalesce(to_json(problem)::text, '')) as said
        from import where account_id = $1 and ($3::uuid is null or project_id = $3) offset 0
    ) as t
    where exists (
        select from unnest($2::text[]) w, lateral trim('\"' from to_json(w)::text) as json
        where strpos(t.said_name, lower(w)) > 0 or strpos(t.said, lower(json)) > 0)";
/// What an import says of people goes: its notes, and what else of it speaks of them.
const NOTES: &str = "
    update import i set
        about = i.about || '{\"notes\": []}' || case when said.columns then '{\"columns\": []}' else '{}'::jsonb end
            || case when said.sheet then '{\"sheet\": null}' else '{}'::jsonb end,
        rejects = case when said.columns and i.rejects ? 'table' then jsonb_set(i.rejects, '{table,header}', '[]')
                       else i.rejects end,
        name = case when said.name then '' else i.name end, problem = left(i.problem, 0), emails = '[]'
    from (
        select t.id, t.name ~ '@' or w.name is true as name, t.about ->> 'columns' ~ '@' or w.columns is true as columns,
            t.about ->> 'sheet' ~ '@' or w.sheet is true as sheet, w.id is not null as anywhere
        from import t left join unnest($3::uuid[], $4::bool[], $5::bool[], $6::bool[]) as w (id, name, columns, sheet) on w.id = t.id
        where t.account_id = $1
    ) as said
    where i.account_id = $1 and i.id = said.id and (i.emails ?| $2 or said.anywhere)
      and ($7::uuid is null or i.project_id = $7)";
/// All that imports into a project say of people goes.
pub(super) const ALL_NOTES: &str = "
    update import i set
        about = i.about || '{\"notes\": []}' || case when said.columns then '{\"columns\": []}' else '{}'::jsonb end
            || case when said.sheet then '{\"sheet\": null}' else '{}'::jsonb end,
        rejects = case when said.columns and i.rejects ? 'table' then jsonb_set(i.rejects, '{table,header}', '[]')
                       else i.rejects end,
        name = case when i.name ~ '@' then '' else i.name end, problem = left(i.problem, 0), emails = '[]'
    from (
        select id, about ->> 'columns' ~ '@' as columns, about ->> 'sheet' ~ '@' as sheet from import where account_id = $1
    ) as said
    where i.account_id = $1 and i.id = said.id and i.project_id = $2 and i.emails <> '[]'";

/// Where words stand in what was noted of files: a line for each import.
#[derive(Debug, Default)]
struct Places {
    imports: Vec<Uuid>,
    /// Whether they stand in the file's name.
    names: Vec<bool>,
    /// In the names and examples of its columns.
    columns: Vec<bool>,
    /// In the name of its sheet.
    sheets: Vec<bool>,
}

/// Takes away what imports have noted of people who have one of the addresses, or whom one of the words names; with `only`
/// of those into that project. Returns of how many.
pub(super) async fn forget(
    tx: &Transaction<'_>,
    account: AccountId,
    (emails, words): (&[String], &Words),
    only: Option<ProjectId>,
) -> Result<u64, Error> {
    let (account, only) = (&account.0, only.map(|project| project.0));
    let Places { imports, names, columns, sheets } = find(tx, account, words, only).await?;
    Ok(tx.execute(NOTES, &[account, &emails, &imports, &names, &columns, &sheets, &only]).await?)
}

/// Looks for words, one import after the other: what was noted of a file may be long.
async fn find(
    tx: &Transaction<'_>,
    account: &Uuid,
    words: &Words,
    only: Option<Uuid>,
) -> Result<Places, Error> {
    let parameters: [&(dyn ToSql + Sync); 3] = [account, words.written(), &only];
    let mut rows = pin!(tx.query_raw(FOUND, parameters).await?);
    let mut places = Places::default();
    while let Some(row) = rows.try_next().await? {
        let (name, Json::<Value>(about), problem) = (row.get(1), row.get(2), row.get::<_, Option<&str>>(3));
        let in_name = words.stand_in(name);
        if in_name || words.stand_within(&about) || problem.is_some_and(|problem| words.stand_in(problem)) {
            places.imports.push(row.get(0));
            places.names.push(in_name);
            places.columns.push(words.stand_within(&about["columns"]));
            places.sheets.push(words.stand_within(&about["sheet"]));
        }
    }
    Ok(places)
}
