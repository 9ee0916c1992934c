//! Moves relationships, with their history and activity, to the customer of another e-mail.

use super::rows;
use crate::{
    model::{Change, CustomerId, DatedBy, Email, ProjectId, Sides, Source},
    store::{
        AccountId, Error, Store,
        batch::{Batch, Place, Write},
        erase,
    },
};

/// Moves one relationship; the customer that is left behind goes when that was the last one. Returns whose it is now, with
/// their address. The caller writes it into history.
pub(super) async fn relocate(
    batch: &mut Batch<'_>,
    (project, old): Place,
    to: &Email,
) -> Result<(CustomerId, String), Error> {
    let (new, email) = enrol(batch, to).await?;
    carry(batch, (project, old), new).await?;
    for sql in [
        // Who has gone altogether takes the aliases along.
        "update customer c set alias_of = $3 where c.account_id = $1 and c.alias_of = $2 and not exists (
             select from relationship r where r.account_id = $1 and r.customer_id = $2)",
        // And what was noted of them.
        "update note n set customer_id = $3 where n.account_id = $1 and n.customer_id = $2 and not exists (
             select from relationship r where r.account_id = $1 and r.customer_id = $2)",
        // What was merged before cannot be undone any more.
        "delete from merged where account_id = $1 and keep_id in ($2, $3)",
    ] {
        let statement = batch.tx.prepare_cached(sql).await?;
        batch.tx.execute(&statement, &[&batch.account.0, &old.0, &new.0]).await?;
    }
    erase::strangers(batch, &[old.0]).await?;
    Ok((new, email))
}

/// Gives a relationship to another customer of the account.
pub(super) async fn carry(
    batch: &mut Batch<'_>,
    (project, old): Place,
    new: CustomerId,
) -> Result<(), Error> {
    for sql in [
        "update relationship set customer_id = $4 where account_id = $1 and project_id = $2 and customer_id = $3",
        "update activity set customer_id = $4 where account_id = $1 and project_id = $2 and customer_id = $3",
        "update change set customer_id = $4 where account_id = $1 and project_id = $2 and customer_id = $3",
        "update refusal set customer_id = $4 where account_id = $1 and project_id = $2 and customer_id = $3",
    ] {
        let statement = batch.tx.prepare_cached(sql).await?;
        batch.tx.execute(&statement, &[&batch.account.0, &project.0, &old.0, &new.0]).await?;
    }
    batch.moved((project, old), (project, new));
    Ok(())
}

/// The customer of an e-mail or alias with the address, made if there is none.
async fn enrol(batch: &Batch<'_>, email: &Email) -> Result<(CustomerId, String), Error> {
    let find = "select k.id, k.email from customer c
                join customer k on k.account_id = $1 and k.id = coalesce(c.alias_of, c.id)
                where c.account_id = $1 and c.email = $2";
    let find = batch.tx.prepare_cached(find).await?;
    if let Some(row) = batch.tx.query_opt(&find, &[&batch.account.0, &email.as_str()]).await? {
        return Ok((CustomerId(row.get(0)), row.get(1)));
    }
    let id = CustomerId::new();
    let insert =
        batch.tx.prepare_cached("insert into customer (account_id, id, email) values ($1, $2, $3)").await?;
    batch.tx.execute(&insert, &[&batch.account.0, &id.0, &email.as_str()]).await?;
    Ok((id, email.to_string()))
}

/// Gives a customer another e-mail in every project: the change of address that no app told. Refused when the new
/// e-mail is in one of the customer's projects already. Returns the version.
pub async fn move_customer(
    store: &Store,
    account: AccountId,
    old: &Email,
    new: &Email,
    source: Source,
) -> Result<i64, Error> {
    if old == new {
        return Err(Error::Conflict("both e-mails are the same".to_owned()));
    }
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let places = places(&batch, old).await?;
    if places.is_empty() {
        return Err(Error::Missing("customer with that e-mail"));
    }
    let taken = self::places(&batch, new).await?;
    if places.iter().any(|place| taken.contains(place)) {
        return Err(Error::Conflict(format!("the addresses {old} and {new} are of one customer already")));
    }
    if places.iter().any(|(project, _)| taken.iter().any(|(other, _)| project == other)) {
        let detail = format!(
            "{new} is a customer of the same project already: merge the two, or erase one of them first"
        );
        return Err(Error::Conflict(detail));
    }
    for (project, customer) in places {
        let (place, to) = relocate(&mut batch, (project, customer), new).await?;
        record(&mut batch, (project, place), (old.as_str(), &to), source).await?;
    }
    batch.commit().await
}

async fn places(batch: &Batch<'_>, email: &Email) -> Result<Vec<Place>, Error> {
    let sql = "select r.project_id, r.customer_id from customer c
               join relationship r on r.account_id = c.account_id and r.customer_id = coalesce(c.alias_of, c.id)
               where c.account_id = $1 and c.email = $2";
    let rows = batch.tx.query(sql, &[&batch.account.0, &email.as_str()]).await?;
    Ok(rows.iter().map(|row| (ProjectId(row.get(0)), CustomerId(row.get(1)))).collect())
}

/// Enters the change of address into the log, and the date of it into the row.
pub(super) async fn record(
    batch: &mut Batch<'_>,
    place: Place,
    (old, new): (&str, &str),
    source: Source,
) -> Result<(), Error> {
    let ((project, customer), at) = (place, batch.clock.now);
    let mut change = Change::new(at, DatedBy::Receipt, false);
    change.fields.insert("email", Sides::text(Some(old), Some(new)));
    rows::enter(batch, &[(place, source, change)]);
    batch.put(Write {
        sql: "update relationship set version = $4, last_change = $5
              where account_id = $1 and project_id = $2 and customer_id = $3",
        parameters: vec![
            Box::new(project.0),
            Box::new(customer.0),
            Box::new(batch.clock.version),
            Box::new(at),
        ],
    });
    batch.flush().await
}
