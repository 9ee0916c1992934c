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
    let sql = format!(
        "select {RELATIONSHIP_COLUMNS}, null::text as user_alias from customer c
         join relationship r on r.account_id = c.account_id and r.customer_id = coalesce(c.alias_of, c.id)
         where c.account_id = $1 and r.project_id = $2 and c.email = any($3)
         union all
         select {RELATIONSHIP_COLUMNS}, null from relationship r
         join customer c on c.account_id = r.account_id and c.id = r.customer_id
         where r.account_id = $1 and r.project_id = $2 and r.user_id = any($4)
         union all
         select {RELATIONSHIP_COLUMNS}, a.user_id from user_alias a
         join relationship r using (account_id, project_id, customer_id)
         join customer c on c.account_id = r.account_id and c.id = r.customer_id
         where r.account_id = $1 and r.project_id = $2 and a.user_id = any($4)"
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
