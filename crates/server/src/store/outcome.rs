//! What became of a batch whose connection was lost while it committed: nobody may be told that nothing was stored, nor that
//! all was, before that is known.
//!
//! Each batch leaves a random token in the feed beside what it writes. Who finds it there knows that the batch was
//! committed; who does not find it, while holding the account's turn, knows that it never will be.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{AccountId, Error, clock, index::Indexes};

/// How long a database that is away is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The wait between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// What proves that a batch was committed.
pub(in crate::store) struct Proof {
    /// Whose batch it was.
    pub(in crate::store) account: AccountId,
    /// The version that it was to make.
    pub(in crate::store) version: i64,
    /// What it wrote into the feed.
    pub(in crate::store) token: Uuid,
}

/// Whether the batch was stored. When that cannot be found out in time the error is [`Error::Unknown`], whose text is `lost`.
pub(in crate::store) async fn stored(indexes: &Indexes, proof: &Proof, lost: &str) -> Result<bool, Error> {
    let Proof { account, version, .. } = proof;
    let asked = async {
        loop {
            match ask(indexes, proof).await {
                Ok(stored) => return stored,
                Err(error) => {
                    tracing::debug!(%account, version, %error, "a batch could not be looked up yet");
                }
            }
            sleep(PAUSE).await;
        }
    };
    let stored = tokio::select! {
        stored = timeout(PATIENCE, asked) => stored.ok(),
        // It has been waited for long enough already.
        () = indexes.lost() => None,
    };
    let stored = stored.ok_or_else(|| Error::Unknown(lost.to_owned()))?;
    tracing::warn!(%account, version, lost, stored, "a connection was lost while a batch committed: it was looked up");
    Ok(stored)
}

/// Looks for the token on another connection: of those that are the index's, as the lost ones still take the places of the
/// writers'.
async fn ask(indexes: &Indexes, proof: &Proof) -> Result<bool, Error> {
    let mut client = indexes.client().await?;
    let tx = client.transaction().await?;
    tx.batch_execute("set local lock_timeout = '2s'").await?;
    // The old transaction may still be committing: it has the turn until it has ended.
    clock::hold(&tx, proof.account).await?;
    // A statement of its own, so that it sees what was committed before the turn came.
    let sql = "select from feed where account_id = $1 and version = $2 and token = $3";
    let found = tx.query_opt(sql, &[&proof.account.0, &proof.version, &proof.token]).await?;
    Ok(found.is_some())
}
