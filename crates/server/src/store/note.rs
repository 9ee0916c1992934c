//! What members have noted of a person: plain text, the newest first. It goes with the person wherever they go.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{AccountId, Error, Store, batch::Batch};
use crate::model::{CustomerId, MemberId, NoteId};

/// The longest note, in characters.
pub const TEXT_MAX: usize = 10_000;
/// Notes on a page; the export of the person has all.
const LISTED: i64 = 100;

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// Who wrote it.
    pub member: MemberId,
    /// Their e-mail, as long as they are a member.
    pub email: Option<String>,
    /// The text.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
    /// When it was edited last.
    pub edited: Option<Timestamp>,
}

impl Note {
    /// Reads id, member, their e-mail, text, when and when edited.
    pub(super) fn read(row: &Row) -> Note {
        Note {
            id: NoteId(row.get(0)),
            member: MemberId(row.get(1)),
            email: row.get(2),
            text: row.get(3),
            at: row.get(4),
            edited: row.get(5),
        }
    }
}

/// The latest notes of a customer, the newest first.
pub async fn list(store: &Store, account: AccountId, customer: CustomerId) -> Result<Vec<Note>, Error> {
    let client = store.client().await?;
    let sql = "select n.id, n.member_id, m.email, n.text, n.at, n.edited from note n
               left join member m on m.account_id = $1 and m.id = n.member_id
               where n.account_id = $1 and n.customer_id = $2 order by n.at desc, n.id desc limit $3";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&account.0, &customer.0, &LISTED]).await?;
    Ok(rows.iter().map(Note::read).collect())
}

/// Notes something of a customer, or of who was kept of a merge with them.
pub async fn add(
    store: &Store,
    account: AccountId,
    customer: CustomerId,
    member: MemberId,
    text: &str,
    now: Timestamp,
) -> Result<NoteId, Error> {
    let id = NoteId::new();
    // A merge that is under way ends first.
    let sql = "insert into note (account_id, id, customer_id, member_id, text, at)
               select $1, $3, coalesce(alias_of, id), $4, $5, $6 from customer
               where account_id = $1 and id = $2 for share";
    let client = store.changing(account).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&account.0, &customer.0, &id.0, &member.0, &text, &now];
    match client.execute(sql, &parameters).await? {
        0 => Err(Error::Missing("customer")),
        _ => Ok(id),
    }
}

/// Writes a note anew; only who wrote it may. Returns of whom it is.
pub async fn edit(
    store: &Store,
    account: AccountId,
    note: NoteId,
    member: MemberId,
    text: &str,
    now: Timestamp,
) -> Result<CustomerId, Error> {
    let sql = "update note set text = $4, edited = $5
               where account_id = $1 and id = $2 and member_id = $3 returning customer_id";
    let client = store.changing(account).await?;
    let row = client.query_opt(sql, &[&account.0, &note.0, &member.0, &text, &now]).await?;
    Ok(CustomerId(row.ok_or(Error::Missing("note of yours"))?.get(0)))
}

/// Takes a note away. Returns of whom it was.
pub async fn delete(store: &Store, account: AccountId, note: NoteId) -> Result<CustomerId, Error> {
    let sql = "delete from note where account_id = $1 and id = $2 returning customer_id";
    let client = store.changing(account).await?;
    let row = client.query_opt(sql, &[&account.0, &note.0]).await?;
    Ok(CustomerId(row.ok_or(Error::Missing("note"))?.get(0)))
}

/// Gives the notes of one customer to another.
pub(super) async fn carry(batch: &Batch<'_>, old: Uuid, new: Uuid) -> Result<(), Error> {
    let sql = "update note set customer_id = $3 where account_id = $1 and customer_id = $2";
    batch.tx.execute(sql, &[&batch.account.0, &old, &new]).await?;
    Ok(())
}
