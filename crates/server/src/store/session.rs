//! Sessions and single-use sign-in links: 256 random bits each, stored as SHA-256; and from where members have signed in.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::{
    Error, Store,
    member::{self, Member},
};
use crate::model::{Email, MemberId};

/// How long a session lasts.
pub const SESSION: SignedDuration = SignedDuration::from_hours(24 * 30);
/// How long a sign-in link waits to be used.
pub const LINK: SignedDuration = SignedDuration::from_hours(24 * 7);
/// How long after a link was used the password can be replaced without the present one.
const REPLACED_WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// How long a network stays known from which nobody has signed in again.
const KNOWN: SignedDuration = SignedDuration::from_hours(24 * 90);

/// A new session of a member; returns the cookie's value.
pub async fn begin(store: &Store, member: MemberId, now: Timestamp) -> Result<String, Error> {
    insert(store, member, false, now).await
}

/// The same for whoever has just used a sign-in link, perhaps because the password is lost.
pub async fn begin_by_link(store: &Store, member: MemberId, now: Timestamp) -> Result<String, Error> {
    insert(store, member, true, now).await
}

async fn insert(store: &Store, member: MemberId, by_link: bool, now: Timestamp) -> Result<String, Error> {
    let token = token();
    let client = store.client().await?;
    // Whoever was removed a moment ago gets a cookie that opens nothing.
    client
        .execute(
            "insert into session (token_hash, member_id, created_at, expires_at, by_link)
             select $1, id, $3, $4, $5 from member where id = $2",
            &[&hash(&token), &member.0, &now, &(now + SESSION), &by_link],
        )
        .await
        .map_err(Error::of_write)?;
    Ok(token)
}

/// Whether a session began by a link so lately that the password may be replaced without the present one. Later it may be
/// an open browser that somebody has found.
pub async fn replaces_password(store: &Store, token: &str, now: Timestamp) -> Result<bool, Error> {
    let client = store.client().await?;
    let sql = "select from session where token_hash = $1 and by_link and created_at > $2";
    Ok(client.query_opt(sql, &[&hash(token), &(now - REPLACED_WITHIN)]).await?.is_some())
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

/// Ends a session.
pub async fn end(store: &Store, token: &str) -> Result<(), Error> {
    let client = store.client().await?;
    client
        .execute("delete from session where token_hash = $1", &[&hash(token)])
        .await
        .map_err(Error::of_write)?;
    Ok(())
}

/// A single-use token that signs the member in. Those that were made before end: one that lies about opens nothing.
pub async fn link(store: &Store, member: MemberId, now: Timestamp) -> Result<String, Error> {
    let token = token();
    let mut client = store.client().await?;
    let tx = client.transaction().await?;
    // Of two that are made at once, the second finds the first.
    let found = tx.query_opt("select from member where id = $1 for update", &[&member.0]).await?;
    found.ok_or(Error::Missing("member"))?;
    tx.execute("delete from sign_in_link where member_id = $1", &[&member.0]).await?;
    let sql = "insert into sign_in_link (token_hash, member_id, expires_at) values ($1, $2, $3)";
    tx.execute(sql, &[&hash(&token), &member.0, &(now + LINK)]).await?;
    tx.commit().await.map_err(Error::of_write)?;
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

/// Remembers that a member has signed in from a network.
pub async fn remember(store: &Store, member: MemberId, network: IpAddr, now: Timestamp) -> Result<(), Error> {
    let client = store.client().await?;
    let sql =
        "insert into known_network (member_id, network, seen_at) select id, $2, $3 from member where id = $1
               on conflict (member_id, network) do update set seen_at = excluded.seen_at";
    client.execute(sql, &[&member.0, &network, &now]).await?;
    Ok(())
}

/// Whether the member of that e-mail has signed in from a network before.
pub async fn is_known(store: &Store, email: &Email, network: IpAddr) -> Result<bool, Error> {
    let client = store.client().await?;
    let sql = "select from known_network k join member m on m.id = k.member_id where m.email = $1 and k.network = $2";
    Ok(client.query_opt(sql, &[&email.as_str(), &network]).await?.is_some())
}

/// Clears away the sessions and links that have expired, and the networks from which nobody comes any more.
pub(in crate::store) async fn expire(store: &Store, now: Timestamp) -> Result<(), Error> {
    let client = store.client().await?;
    client.execute("delete from session where expires_at <= $1", &[&now]).await?;
    client.execute("delete from sign_in_link where expires_at <= $1", &[&now]).await?;
    client.execute("delete from known_network where seen_at <= $1", &[&(now - KNOWN)]).await?;
    Ok(())
}

fn token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
