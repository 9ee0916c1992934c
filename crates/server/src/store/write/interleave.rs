//! Two logs as one: which of two changes that say something of one name at one moment holds, and what becomes of the other.

use jiff::Timestamp;

use crate::{
    model::Relationship,
    store::{
        Error,
        batch::{Batch, Place},
    },
};

/// Takes what hangs on one relationship to another of the same project, and the emptied one away.
pub(super) async fn interleave(
    batch: &Batch<'_>,
    (from, their): (Place, &Relationship),
    (to, own): (Place, &Relationship),
) -> Result<(), Error> {
    let (account, project) = (&batch.account.0, &from.0.0);
    bear_once(batch, if own.began > their.began { to } else { from }).await?;
    if their.first_paid.is_some_and(|paid| own.first_paid.is_none_or(|own| paid < own)) {
        give_way(batch, from, to, their.first_paid).await?;
    } else {
        hush_unpaid(batch, from, own.first_paid).await?;
    }
    hush(batch, from, to).await?;
    for sql in [
        // Two that would be in one place, which only logs of before they had an order can be: those that were kept hold.
        "update change o set customer_id = $4, seq = o.seq - coalesce((
             select max(t.seq) - min(k.seq) + 1 from change k
             join change t on t.account_id = $1 and t.project_id = $2 and t.customer_id = $3
                 and t.at = k.at and t.version = k.version
             where k.account_id = $1 and k.project_id = $2 and k.customer_id = $4
                 and k.at = o.at and k.version = o.version
             having bool_or(k.seq = t.seq)), 0)
         where o.account_id = $1 and o.project_id = $2 and o.customer_id = $3",
        "insert into refusal (account_id, project_id, customer_id, key, times, last_at)
         select account_id, project_id, $4, key, times, last_at from refusal
         where account_id = $1 and project_id = $2 and customer_id = $3
         on conflict (account_id, project_id, customer_id, key) do update
         set times = refusal.times + excluded.times, last_at = greatest(refusal.last_at, excluded.last_at)",
        "update user_alias set customer_id = $4 where account_id = $1 and project_id = $2 and customer_id = $3",
    ] {
        batch.tx.execute(sql, &[account, project, &from.1.0, &to.1.0]).await?;
    }
    for sql in [
        "delete from refusal where account_id = $1 and project_id = $2 and customer_id = $3",
        "delete from activity where account_id = $1 and project_id = $2 and customer_id = $3",
        "delete from relationship where account_id = $1 and project_id = $2 and customer_id = $3",
    ] {
        batch.tx.execute(sql, &[account, project, &from.1.0]).await?;
    }
    Ok(())
}

/// Of the two births the earlier one stays; the later, where it says `free`, which is what calls begin with that say nothing of
/// it, is silent.
async fn bear_once(batch: &Batch<'_>, (project, customer): Place) -> Result<(), Error> {
    let sql = "update change set created = false, fields = case
                   when fields -> 'status' ->> 'after' = 'free' then fields - 'status' else fields end
               where account_id = $1 and project_id = $2 and customer_id = $3 and created";
    batch.tx.execute(sql, &[&batch.account.0, &project.0, &customer.0]).await?;
    Ok(())
}

/// Who is kept did not pay at the moment at which the other first did: what is said of their status there comes a microsecond
/// later, so that nobody who has paid loses the date.
async fn give_way(batch: &Batch<'_>, from: Place, to: Place, paid: Option<Timestamp>) -> Result<(), Error> {
    let (account, project, keep) = (&batch.account.0, &to.0.0, &to.1.0);
    let sql = "
        insert into change (account_id, project_id, customer_id, at, version, seq, created, inferred, dated_by, received,
                            source, source_id, source_name, fields, params, stale)
        select account_id, project_id, customer_id, at + interval '1 microsecond', version, seq, false, inferred, dated_by,
               received, source, source_id, source_name, jsonb_build_object('status', fields -> 'status'), '{}', '{}'
        from change h
        where account_id = $1 and project_id = $2 and customer_id = $3 and at = $5 and at < $6 and fields ? 'status'
          and not exists (
              select from change n where n.account_id = $1 and n.project_id = $2 and n.customer_id in ($3, $4)
                  and n.at = h.at + interval '1 microsecond' and n.fields ? 'status')
        order by version desc, seq desc limit 1";
    batch.tx.execute(sql, &[account, project, keep, &from.1.0, &paid, &batch.clock.now]).await?;
    let sql = "update change set fields = fields - 'status'
               where account_id = $1 and project_id = $2 and customer_id = $3 and at = $4 and fields ? 'status'";
    batch.tx.execute(sql, &[account, project, keep, &paid]).await?;
    Ok(())
}

/// Who is kept was the first to pay: of that very moment, which their log may not hold any more, the other says nothing else.
async fn hush_unpaid(batch: &Batch<'_>, from: Place, paid: Option<Timestamp>) -> Result<(), Error> {
    let sql = "update change set fields = fields - 'status'
               where account_id = $1 and project_id = $2 and customer_id = $3 and at = $4
                 and fields -> 'status' ->> 'after' is distinct from 'paid'";
    batch.tx.execute(sql, &[&batch.account.0, &from.0.0, &from.1.0, &paid]).await?;
    Ok(())
}

/// What both say of one name at one moment, who is kept says, in whatever order the two were written. Addresses stay: they are
/// what somebody was called.
async fn hush(batch: &Batch<'_>, from: Place, to: Place) -> Result<(), Error> {
    let (account, project, keep) = (&batch.account.0, &to.0.0, &to.1.0);
    let sql = "
        update change o set fields = o.fields - k.fields, params = o.params - k.params
        from (
            select h.at, array_remove(array_agg(n.field), null) as fields, array_remove(array_agg(n.param), null) as params
            from change h cross join lateral (
                select f, null from jsonb_object_keys(h.fields) f where f <> 'email'
                union all
                select null, p from jsonb_object_keys(h.params) p
            ) as n (field, param)
            where h.account_id = $1 and h.project_id = $2 and h.customer_id = $3
            group by h.at
        ) as k
        where o.account_id = $1 and o.project_id = $2 and o.customer_id = $4 and o.at = k.at
          and (o.fields ?| k.fields or o.params ?| k.params)";
    batch.tx.execute(sql, &[account, project, keep, &from.1.0]).await?;
    let sql = "delete from change
               where account_id = $1 and project_id = $2 and customer_id in ($3, $4)
                 and fields = '{}' and params = '{}' and not created";
    batch.tx.execute(sql, &[account, project, keep, &from.1.0]).await?;
    Ok(())
}
