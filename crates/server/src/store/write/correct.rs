//! Sets the past of a known customer right, because somebody who knows says so: when they were first seen and first paid,
//! and since when their status is what it is.
//!
//! The last two follow from the log. So what it says of the status goes, and is told anew; what else its changes say stays.

use std::collections::HashMap;

use filter::Status;
use jiff::{SignedDuration, Timestamp};

use super::{
    present::{Known, Present},
    rows,
    unite::{log, person, rows_of},
    words::date,
};
use crate::{
    model::{Change, CustomerId, ProjectId, Relationship, Source, body::EARLIEST, past::retold},
    store::{
        AccountId, Error, Store,
        batch::{Batch, Place},
        clock::Clock,
    },
};

/// The year of [`EARLIEST`].
const FIRST_YEAR: i16 = 1990;
/// So many changes of the status are listed.
const STATUSES_SHOWN: i64 = 50;

/// What is right; what is left out stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correction {
    /// When the customer was first seen.
    pub first_seen: Option<Timestamp>,
    /// When they first paid; `Some(None)`: they never have.
    pub first_paid: Option<Option<Timestamp>>,
    /// Since when the status is what it is.
    pub status_since: Option<Timestamp>,
}

/// What a correction comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Corrected {
    /// What was known before.
    pub before: Dates,
    /// What is known then.
    pub after: Dates,
}

/// What is known of a customer's past in a project.
#[derive(Clone, Debug, PartialEq)]
pub struct Dates {
    /// When they were first seen.
    pub first_seen: Timestamp,
    /// When they first paid.
    pub first_paid: Option<Timestamp>,
    /// Since when the status is what it is.
    pub status_since: Timestamp,
    /// The status.
    pub status: Status,
    /// The changes of the status that are told, the latest of them, in their order; `None` where it is not known.
    pub statuses: Vec<(Timestamp, Option<Status>)>,
}

/// What [`correct`] would do: it is done, and not committed.
pub async fn preview_correction(
    store: &Store,
    account: AccountId,
    project: ProjectId,
    customer: CustomerId,
    correction: Correction,
) -> Result<Corrected, Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    put_right(&mut batch, project, customer, correction, Source::Import(None)).await
}

/// Corrects the dates of a customer in a project. Returns what was done and the version.
pub async fn correct(
    store: &Store,
    account: AccountId,
    project: ProjectId,
    customer: CustomerId,
    correction: Correction,
    source: Source,
) -> Result<(Corrected, i64), Error> {
    let client = store.changing(account).await?;
    let mut batch = Batch::begin(store, &client, account).await?;
    let corrected = put_right(&mut batch, project, customer, correction, source).await?;
    Ok((corrected, batch.commit().await?))
}

async fn put_right(
    batch: &mut Batch<'_>,
    project: ProjectId,
    customer: CustomerId,
    correction: Correction,
    source: Source,
) -> Result<Corrected, Error> {
    let person = person(batch, customer).await?;
    let row = rows_of(batch, person.id).await?.remove(&project);
    let row =
        row.ok_or_else(|| Error::Conflict(format!("the customer {} is not in that project", person.email)))?;
    let statuses = correction.statuses(&row, &batch.clock)?;
    let place = (project, person.id);
    let before = past(batch, place, &row).await?;
    if !statuses.is_empty() {
        unsay_statuses(batch, place).await?;
        rows::enter(batch, &statuses.into_iter().map(|change| (place, source, change)).collect::<Vec<_>>());
    }
    batch.flush().await?;
    if let Some(seen) = correction.first_seen {
        date_zeros(batch, place, seen).await?;
    }
    let row = correction.apply(batch, place, row).await?;
    let after = past(batch, place, &row).await?;
    let mut known = Known::stored(row);
    (known.touched, known.altered) = (true, true);
    let mut present = Present::default();
    present.emails.insert(person.id, person.email);
    present.rows.insert(place, known);
    rows::write(batch, &mut present).await?;
    // The log was altered beside: it is read.
    present.hand_over(batch, HashMap::new());
    Ok(Corrected { before, after })
}

/// What a row and its log say of the past.
async fn past(batch: &Batch<'_>, (project, customer): Place, row: &Relationship) -> Result<Dates, Error> {
    let sql = "select at, fields -> 'status' ->> 'after' from change
               where account_id = $1 and project_id = $2 and customer_id = $3 and fields ? 'status'
               order by at desc, version desc, seq desc limit $4";
    let rows = batch.tx.query(sql, &[&batch.account.0, &project.0, &customer.0, &STATUSES_SHOWN]).await?;
    let told = |row: &tokio_postgres::Row| {
        (row.get(0), row.get::<_, Option<&str>>(1).and_then(|status| status.parse().ok()))
    };
    let Relationship { first_seen, first_paid, status_since, status, .. } = *row;
    let statuses = rows.iter().rev().map(told).collect();
    Ok(Dates { first_seen, first_paid, status_since, status, statuses })
}

impl Correction {
    /// The changes of the status as they are to be told, if they are.
    fn statuses(&self, row: &Relationship, clock: &Clock) -> Result<Vec<Change>, Error> {
        let date = |at: Timestamp| date(at, &clock.zone);
        let dates = [
            ("first_seen", self.first_seen),
            ("first_paid", self.first_paid.flatten()),
            ("status_since", self.status_since),
        ];
        for (name, at) in dates.into_iter().filter_map(|(name, at)| Some((name, at?))) {
            if at < EARLIEST {
                return Err(Error::Conflict(format!("the date {name} ({}) lies before 1990", date(at))));
            }
            if at > clock.now {
                return Err(Error::Conflict(format!("the date {name} ({}) lies in the future", date(at))));
            }
        }
        let since = self.status_since.unwrap_or(row.status_since);
        let paid = self.first_paid.unwrap_or(row.first_paid);
        for (name, at) in [("first_paid", paid), ("status_since", Some(since))] {
            let before = at.zip(self.first_seen).filter(|(at, seen)| (EARLIEST..*seen).contains(at));
            if let Some((at, seen)) = before {
                let detail = format!(
                    "the date {name} ({}) lies before first_seen ({}): correct both",
                    date(at),
                    date(seen)
                );
                return Err(Error::Conflict(detail));
            }
        }
        if self.first_paid.is_none() && self.status_since.is_none() {
            return Ok(Vec::new());
        }
        let (status, pays) = (row.status, row.status == Status::Paid);
        let detail = match paid {
            None if pays && self.first_paid.is_some() => {
                Some("who is paid has paid: first_paid is a date".to_owned())
            }
            Some(paid) if paid > since || paid == since && !pays => Some(format!(
                "the date first_paid ({}) lies not before status_since ({}), when the status became {status}: correct both",
                date(paid),
                date(since)
            )),
            _ => None,
        };
        detail.map_or_else(|| Ok(retold(status, since, paid)), |detail| Err(Error::Conflict(detail)))
    }

    /// The row that the log says now, with the date that it does not say.
    async fn apply(
        &self,
        batch: &Batch<'_>,
        place: Place,
        mut row: Relationship,
    ) -> Result<Relationship, Error> {
        let paid = self.first_paid.unwrap_or(row.first_paid).filter(|paid| *paid >= EARLIEST);
        let standing = log(batch, place, paid).await?.standing(None);
        row.stand(standing.unwrap_or(row.standing()));
        // Since when they have the status is told now.
        row.imported = row.imported.filter(|_| self.first_paid.is_none() && self.status_since.is_none());
        let sql = "select max(at), min(at) filter (where created) from change
                   where account_id = $1 and project_id = $2 and customer_id = $3";
        let ends = batch.tx.query_one(sql, &[&batch.account.0, &place.0.0, &place.1.0]).await?;
        row.last_change = ends.get::<_, Option<Timestamp>>(0).unwrap_or(row.last_change);
        // Who paid was there: as with a call of older data, first_seen moves.
        let told = self.first_paid.flatten().into_iter().chain(self.status_since).min();
        row.first_seen = told.map_or(row.first_seen, |told| told.min(row.first_seen));
        if let Some(seen) = self.first_seen {
            row.began = ends.get::<_, Option<Timestamp>>(1).unwrap_or(row.began.max(EARLIEST));
            row.first_seen = seen;
            row.last_activity = row.last_activity.max(seen);
            row.last_day = row.last_day.filter(|day| day.year() >= FIRST_YEAR);
        }
        Ok(row)
    }
}

/// Takes what the log says of the status out of it. A change that said nothing else goes, unless the relationship began with it.
async fn unsay_statuses(batch: &Batch<'_>, (project, customer): Place) -> Result<(), Error> {
    for sql in [
        "delete from change where account_id = $1 and project_id = $2 and customer_id = $3
             and fields ? 'status' and fields - 'status' = '{}' and params = '{}' and not created",
        "update change set fields = fields - 'status'
         where account_id = $1 and project_id = $2 and customer_id = $3 and fields ? 'status'",
    ] {
        batch.tx.execute(sql, &[&batch.account.0, &project.0, &customer.0]).await?;
    }
    Ok(())
}

/// Dates what the log holds of before 1990, which is some language's zero, by when the customer was first seen: before all that
/// is dated rightly, and in the order that it had. Days of such a time go.
async fn date_zeros(batch: &Batch<'_>, (project, customer): Place, seen: Timestamp) -> Result<(), Error> {
    let (account, project, customer) = (&batch.account.0, &project.0, &customer.0);
    let sql = "select min(at) from change
               where account_id = $1 and project_id = $2 and customer_id = $3 and at >= $4";
    let first = batch.tx.query_one(sql, &[account, project, customer, &EARLIEST]).await?;
    let before = first.get::<_, Option<Timestamp>>(0).map(|at| at - SignedDuration::from_micros(1));
    let last = before.map_or(seen, |before| before.min(seen));
    let sql = "
        update change c set at = z.dated from (
            select z.at, z.version, z.seq, $5::timestamptz - (max(z.n) over () - z.n) * interval '1 microsecond' as dated
            from (
                select at, version, seq, dense_rank() over (order by at) as n from change
                where account_id = $1 and project_id = $2 and customer_id = $3 and at < $4
            ) as z
        ) as z
        where c.account_id = $1 and c.project_id = $2 and c.customer_id = $3
          and c.at = z.at and c.version = z.version and c.seq = z.seq";
    batch.tx.execute(sql, &[account, project, customer, &EARLIEST, &last]).await?;
    let sql = "delete from activity
               where account_id = $1 and project_id = $2 and customer_id = $3 and year < $4";
    batch.tx.execute(sql, &[account, project, customer, &FIRST_YEAR]).await?;
    Ok(())
}
