//! Idempotency keys: the answer of a request, kept for a day beside its effect, in the same transaction.
//!
//! A row holds no personal data: a keyed hash of the request, and outcomes that name keys and ids only.

use std::collections::HashMap;

use jiff::SignedDuration;
use tokio_postgres::{Statement, types::Json};
use uuid::Uuid;

use super::{
    AccountId, Error,
    batch::{Batch, Write},
    receipt::{Once, Outcome, Receipt},
    transaction::Transaction,
};
use crate::model::{KeyId, now};

/// How long an answer is kept.
pub(in crate::store) const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Deletes those of accounts `$1` that were given at `$2` or before.
pub(in crate::store) const EXPIRE: &str = "delete from idempotency where account_id = any($1) and at <= $2";

const FIND: &str = "
    select i.scope, i.key, i.request, i.version, i.codes
    from unnest($2::uuid[], $3::text[]) as u (scope, key)
    cross join lateral (
        select * from idempotency i
        where i.account_id = $1 and i.scope = u.scope and i.key = u.key and i.at > $4 offset 0
    ) as i";

/// The look-up of [`find`], prepared if there is anything to look up.
pub(in crate::store) async fn prepare(
    tx: &Transaction<'_>,
    onces: &[&Once],
) -> Result<Option<Statement>, Error> {
    if onces.is_empty() {
        return Ok(None);
    }
    Ok(Some(tx.prepare_cached(FIND).await?))
}

/// What was answered before to requests under these keys: the same answer, or that the key is taken by another request.
pub(in crate::store) async fn find(
    tx: &Transaction<'_>,
    prepared: Option<&Statement>,
    account: AccountId,
    onces: &[&Once],
) -> Result<HashMap<Once, Result<Receipt, Error>>, Error> {
    let Some(statement) = prepared else { return Ok(HashMap::new()) };
    let (scopes, keys): (Vec<Uuid>, Vec<&str>) =
        onces.iter().map(|once| (once.scope.0, once.key.as_str())).unzip();
    let rows = tx.query(statement, &[&account.0, &scopes, &keys, &(now() - KEPT)]).await?;
    let mut found = HashMap::new();
    for row in rows {
        let (scope, key, request): (_, &str, &[u8]) = (KeyId(row.get(0)), row.get(1), row.get(2));
        let Some(once) = onces.iter().find(|once| once.scope == scope && once.key == key) else { continue };
        let answer = if once.request == request {
            let Json(outcomes): Json<Vec<Outcome>> = row.try_get(4)?;
            Ok(Receipt { version: row.get(3), outcomes })
        } else {
            Err(Error::KeyReused)
        };
        found.insert((*once).clone(), answer);
    }
    Ok(found)
}

/// Keeps answers with what the batch commits; one that has expired makes room.
pub(in crate::store) fn keep(batch: &mut Batch<'_>, answers: &[(&Once, Receipt)]) {
    if answers.is_empty() {
        return;
    }
    let scopes: Vec<Uuid> = answers.iter().map(|(once, _)| once.scope.0).collect();
    let keys: Vec<String> = answers.iter().map(|(once, _)| once.key.clone()).collect();
    let requests: Vec<Vec<u8>> = answers.iter().map(|(once, _)| once.request.to_vec()).collect();
    let codes: Vec<Json<Vec<Outcome>>> =
        answers.iter().map(|(_, receipt)| Json(receipt.outcomes.clone())).collect();
    let (version, now) = (batch.clock.version, batch.clock.now);
    batch.put(Write {
        sql: "
            insert into idempotency (account_id, scope, key, request, version, codes, at)
            select $1, u.scope, u.key, u.request, $6, u.codes, $7
            from unnest($2::uuid[], $3::text[], $4::bytea[], $5::jsonb[]) as u (scope, key, request, codes)
            on conflict (account_id, scope, key) do update
            set request = excluded.request, version = excluded.version, codes = excluded.codes, at = excluded.at",
        parameters: vec![
            Box::new(scopes),
            Box::new(keys),
            Box::new(requests),
            Box::new(codes),
            Box::new(version),
            Box::new(now),
        ],
    });
}
