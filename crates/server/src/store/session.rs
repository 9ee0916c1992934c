//! Sessions and single-use sign-in links: 256 random bits each, stored as SHA-256.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::{
    Error, Store,
    member::{self, Member},
};
use crate::model::MemberId;

/// How long a session lasts.
pub const SESSION: SignedDuration = SignedDuration::from_hours(24 * 30);
/// How long a sign-in link waits to be used.
pub const LINK: SignedDuration = SignedDuration::from_hours(24 * 7);

/// A new session of a member; returns the cookie's value.
pub async fn begin(store: &Store, member: MemberId, now: Timestamp) -> Result<String, Error> {
    let token = token();
    let client = store.client().await?;
    client
        .execute(
            "insert into session (token_hash, member_id, created_at, expires_at) values ($1, $2, $3, $4)",
            &[&hash(&token), &member.0, &now, &(now + SESSION)],
        )
        .await
        .map_err(Error::of_write)?;
    Ok(token)
}

/// Who a cookie belongs to.
pub async fn find(store: &Store, token: &str, now: Timestamp) -> Result<Option<Member>, Error> {
    let client = store.client().await?;
    let sql = format!(
        "select {} from session join member on member.id = session.member_id where token_hash = $1 and expires_at > $2",
        member::COLUMNS
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_opt(&statement, &[&hash(token), &now]).await?;
    row.as_ref().map(member::read).transpose()
}

/// Ends a session, and clears away those that expired.
pub async fn end(store: &Store, token: &str, now: Timestamp) -> Result<(), Error> {
    let client = store.client().await?;
    client
        .execute("delete from session where token_hash = $1 or expires_at <= $2", &[&hash(token), &now])
        .await
        .map_err(Error::of_write)?;
    Ok(())
}

/// A single-use token that signs the member in.
pub async fn link(store: &Store, member: MemberId, now: Timestamp) -> Result<String, Error> {
    let token = token();
    let client = store.client().await?;
    client
        .execute(
            "insert into sign_in_link (token_hash, member_id, expires_at) values ($1, $2, $3)",
            &[&hash(&token), &member.0, &(now + LINK)],
        )
        .await
        .map_err(Error::of_write)?;
    Ok(token)
}

/// Uses a sign-in link up. `None`: it was used, has expired, or never was.
pub async fn redeem(store: &Store, token: &str, now: Timestamp) -> Result<Option<Member>, Error> {
    let client = store.client().await?;
    let sql = format!(
        "with used as (delete from sign_in_link where token_hash = $1 returning member_id, expires_at)
         select {} from used join member on member.id = used.member_id where used.expires_at > $2",
        member::COLUMNS
    );
    let row = client.query_opt(&sql, &[&hash(token), &now]).await.map_err(Error::of_write)?;
    row.as_ref().map(member::read).transpose()
}

fn token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
