//! Relationships as Postgres sends them, turned into rows of the index.

use deadpool_postgres::GenericClient;
use index::Preparing;
use uuid::Uuid;

use super::super::{
    AccountId, Error,
    row::{Columns, RELATIONSHIP_COLUMNS, Stored},
};

/// Reads [`RELATIONSHIP_COLUMNS`].
pub(super) fn read(row: &impl Columns) -> Result<index::Row, Error> {
    let stored = Stored::at(row, 0);
    Ok(index::Row::of(stored.customer()?, &stored.document()?, stored.params()?))
}

/// Reads [`RELATIONSHIP_COLUMNS`] straight into columns: nothing of the row is kept but what these hold.
pub(super) fn prepare(row: &impl Columns, into: &mut Preparing) -> Result<(), Error> {
    let stored = Stored::at(row, 0);
    let pushed = into.push_text(stored.customer()?, &stored.document()?, stored.json()?);
    pushed.map_err(|e| Error::Config(e.to_string()))
}

/// The rows at these places (projects, customers), as they are now; a place without one has no row.
pub(super) async fn at<C: GenericClient>(
    client: &C,
    account: AccountId,
    (projects, customers): &(Vec<Uuid>, Vec<Uuid>),
) -> Result<Vec<index::Row>, Error> {
    let sql = format!(
        "select {RELATIONSHIP_COLUMNS} from unnest($2::uuid[], $3::uuid[]) as u (project_id, customer_id)
         join relationship r on r.account_id = $1 and r.project_id = u.project_id and r.customer_id = u.customer_id
         join customer c on c.account_id = $1 and c.id = u.customer_id"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &[&account.0, projects, customers]).await?.iter().map(read).collect()
}
