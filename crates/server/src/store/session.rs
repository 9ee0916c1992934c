//! Sessions and single-use sign-in links: 256 random bits each, stored as SHA-256; and from where members have signed in.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tokio_postgres::Row;

use super::{
    AccountId, Error, Store,
    member::{self, Member},
};
use crate::model::{Email, MemberId, SessionId};

/// How long a session lasts.
pub const SESSION: SignedDuration = SignedDuration::from_hours(24 * 30);
/// How long a sign-in link waits to be used.
pub const LINK: SignedDuration = SignedDuration::from_hours(24 * 7);
/// How long after a link was used the password can be replaced without the present one.
const REPLACED_WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// How often `used_at` is written, at most.
const TOUCH: SignedDuration = SignedDuration::from_mins(5);
/// How long a network stays known from which nobody has signed in again.
const KNOWN: SignedDuration = SignedDuration::from_hours(24 * 90);

/// A new session of a member; returns the cookie's value. `None`: they were removed since they were looked up, or their
/// password was changed.
pub async fn begin(store: &Store, member: &Member, now: Timestamp) -> Result<Option<String>, Error> {
    let (token, checked) = (token(), member.password.as_ref().map(|hash| &hash.0));
    let client = store.client().await?;
    // Whoever changes a password ends the sessions that there are: this one has begun before, and is among them, or waits
    // for its turn and then finds another password.
    let sql = "insert into session (token_hash, member_id, created_at, expires_at, by_link)
               select $1, id, $3, $4, false from member where id = $2 and password_hash is not distinct from $5
               for share";
    let begun = client.execute(sql, &[&hash(&token), &member.id.0, &now, &(now + SESSION), &checked]).await;
    Ok((begun.map_err(Error::of_write)? == 1).then_some(token))
}

/// Whether a session began by a link so lately that the password may be replaced without the present one. Later it may be
/// an open browser that somebody has found.
pub async fn replaces_password(store: &Store, token: &str, now: Timestamp) -> Result<bool, Error> {
    let client = store.client().await?;
    let sql = "select from session where token_hash = $1 and by_link and created_at > $2";
    Ok(client.query_opt(sql, &[&hash(token), &(now - REPLACED_WITHIN)]).await?.is_some())
}

/// A session, as its member sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its row; the cookie cannot be told from it.
    pub id: SessionId,
    /// Whose it is.
    pub member: MemberId,
    /// Their address.
    pub email: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to a few minutes.
    pub used_at: Timestamp,
    /// The browser in a few words; empty where it is not known.
    pub browser: String,
    /// The network that it began from.
    pub network: Option<IpAddr>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// The sessions of an account that have not expired; `only` those of one member. `token` is the cookie of whoever asks.
pub async fn list(
    store: &Store,
    account: AccountId,
    only: Option<MemberId>,
    token: &str,
    now: Timestamp,
) -> Result<Vec<Session>, Error> {
    let client = store.client().await?;
    let sql =
        "select s.id, m.id, m.email, s.created_at, coalesce(s.used_at, s.created_at), s.browser, s.network,
                      s.token_hash = $3
               from session s join member m on m.id = s.member_id
               where m.account_id = $1 and ($2::uuid is null or m.id = $2) and s.expires_at > $4
               order by m.email, s.created_at, s.id";
    let only = only.map(|member| member.0);
    let rows = client.query(sql, &[&account.0, &only, &hash(token), &now]).await?;
    let session = |row: &Row| Session {
        id: SessionId(row.get(0)),
        member: MemberId(row.get(1)),
        email: row.get(2),
        created_at: row.get(3),
        used_at: row.get(4),
        browser: row.get(5),
        network: row.get(6),
        is_current: row.get(7),
    };
    Ok(rows.iter().map(session).collect())
}

/// Ends a session of the account; `only` one of that member.
pub async fn end_one(
    store: &Store,
    account: AccountId,
    only: Option<MemberId>,
    id: SessionId,
) -> Result<(), Error> {
    let client = store.client().await?;
    let sql = "delete from session s using member m
               where m.id = s.member_id and m.account_id = $1 and ($2::uuid is null or m.id = $2) and s.id = $3";
    let only = only.map(|member| member.0);
    let ended = client.execute(sql, &[&account.0, &only, &id.0]).await.map_err(Error::of_write)?;
    if ended == 0 { Err(Error::Missing("session")) } else { Ok(()) }
}

/// Ends every session of a member but the one of that cookie.
pub async fn end_others(store: &Store, member: MemberId, token: &str) -> Result<(), Error> {
    let client = store.client().await?;
    let sql = "delete from session where member_id = $1 and token_hash <> $2";
    client.execute(sql, &[&member.0, &hash(token)]).await.map_err(Error::of_write)?;
    Ok(())
}

/// Notes in what browser a session began, and from what network.
pub async fn note(store: &Store, token: &str, browser: &str, network: IpAddr) -> Result<(), Error> {
    let client = store.client().await?;
    let sql = "update session set browser = $2, network = $3 where token_hash = $1";
    client.execute(sql, &[&hash(token), &browser, &network]).await.map_err(Error::of_write)?;
    Ok(())
}

/// Notes that a session is used, off the path; a failure costs nothing but the date.
async fn touch(store: Store, token: Vec<u8>, now: Timestamp) {
    let result = async {
        let client = store.client().await?;
        let sql = "update session set used_at = $2 where token_hash = $1";
        client.execute(sql, &[&token, &now]).await?;
        Ok::<_, Error>(())
    };
    if let Err(error) = result.await {
        tracing::debug!(%error, "used_at of a session was not written");
    }
}

/// Who a cookie belongs to.
pub async fn find(store: &Store, token: &str, now: Timestamp) -> Result<Option<Member>, Error> {
    let client = store.client().await?;
    let sql = format!(
        "select {}, coalesce(used_at, session.created_at) <= $3 as is_idle
         from session join member on member.id = session.member_id where token_hash = $1 and expires_at > $2",
        member::COLUMNS
    );
    let statement = client.prepare_cached(&sql).await?;
    let Some(row) = client.query_opt(&statement, &[&hash(token), &now, &(now - TOUCH)]).await? else {
        return Ok(None);
    };
    drop(client);
    if row.get("is_idle") {
        tokio::spawn(touch(store.clone(), hash(token), now));
    }
    member::read(&row).map(Some)
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

/// Uses a sign-in link up and begins a session with it; returns whose it is, and the cookie's value. `None`: the link was used,
/// has expired, or never was.
pub async fn redeem(store: &Store, link: &str, now: Timestamp) -> Result<Option<(Member, String)>, Error> {
    let token = token();
    let client = store.client().await?;
    // The member comes first, as with whoever ends their links and sessions: of two who wait, neither waits for the other.
    let sql = format!(
        "with whose as (
           select member.id from sign_in_link l join member on member.id = l.member_id where l.token_hash = $1
           for share of member),
         used as (
           delete from sign_in_link l using whose where l.token_hash = $1 returning l.member_id, l.expires_at),
         begun as (
           insert into session (token_hash, member_id, created_at, expires_at, by_link)
           select $2, member_id, $3, $4, true from used where expires_at > $3 returning member_id)
         select {} from begun join member on member.id = begun.member_id",
        member::COLUMNS
    );
    let row = client.query_opt(&sql, &[&hash(link), &hash(&token), &now, &(now + SESSION)]).await;
    let member = row.map_err(Error::of_write)?.as_ref().map(member::read).transpose()?;
    Ok(member.map(|member| (member, token)))
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
