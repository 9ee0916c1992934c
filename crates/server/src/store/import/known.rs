//! What is stored of the people whom a file names.

use filter::Document;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    model::ProjectId,
    store::{
        AccountId, Error, Store,
        row::{RELATIONSHIP_COLUMNS, Stored},
    },
};

/// A relationship; it reads its columns when it is asked.
pub struct Known(Row);

/// Those of a project who have one of the e-mails, be it as an alias, which they then appear under, or one of the `user_id`s,
/// be it one that they had before a merge. Who has one of each may be there twice.
pub async fn known(
    store: &Store,
    account: AccountId,
    project: ProjectId,
    emails: &[String],
    user_ids: &[String],
) -> Result<Vec<Known>, Error> {
    let client = store.client().await?;
    // There are no statistics of names, so that a join with the whole account seems as cheap as any: what is lateral and fenced
    // off is done once for each, as in `write/present.rs`.
    let sql = format!(
        "select {RELATIONSHIP_COLUMNS}, null::text as user_alias from unnest($3::text[]) as u (email)
         cross join lateral (
            select * from customer c where c.account_id = $1 and c.email >= u.email order by c.email limit 1
         ) as c
         cross join lateral (
            select * from relationship r
            where r.account_id = $1 and r.project_id = $2 and r.customer_id = coalesce(c.alias_of, c.id) offset 0
         ) as r
         where c.email = u.email
         union all
         select {RELATIONSHIP_COLUMNS}, null from unnest($4::text[]) as u (user_id)
         cross join lateral (
            select * from relationship r
            where r.account_id = $1 and r.project_id = $2 and r.user_id >= u.user_id order by r.user_id limit 1
         ) as r
         cross join lateral (
            select * from customer c where c.account_id = $1 and c.id = r.customer_id offset 0
         ) as c
         where r.user_id = u.user_id
         union all
         select {RELATIONSHIP_COLUMNS}, a.user_id from unnest($4::text[]) as u (user_id)
         cross join lateral (
            select * from user_alias a
            where a.account_id = $1 and a.project_id = $2 and a.user_id >= u.user_id order by a.user_id limit 1
         ) as a
         cross join lateral (
            select * from relationship r
            where r.account_id = $1 and r.project_id = $2 and r.customer_id = a.customer_id offset 0
         ) as r
         cross join lateral (
            select * from customer c where c.account_id = $1 and c.id = r.customer_id offset 0
         ) as c
         where a.user_id = u.user_id"
    );
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&account.0, &project.0, &emails, &user_ids]).await?;
    Ok(rows.into_iter().map(Known).collect())
}

impl Known {
    /// The customer's id.
    pub fn customer(&self) -> Result<Uuid, Error> {
        Stored::at(&self.0, 0).customer()
    }

    /// The `user_id` from before a merge that they were found by.
    pub fn user_alias(&self) -> Option<&str> {
        self.0.get("user_alias")
    }

    /// Everything but the params, of which the document has none.
    pub fn document(&self) -> Result<Document<'_>, Error> {
        Stored::at(&self.0, 0).document()
    }

    /// The params as JSON text.
    pub fn params(&self) -> Result<&str, Error> {
        let json = Stored::at(&self.0, 0).json()?;
        std::str::from_utf8(json).map_err(|error| Error::Config(error.to_string()))
    }
}
