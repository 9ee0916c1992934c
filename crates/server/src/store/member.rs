//! Members: the people who sign in. An identity look-up: a member yields their account.

use std::fmt;

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use deadpool_postgres::Transaction;
use jiff::Timestamp;
use tokio::{sync::Semaphore, task::spawn_blocking};
use tokio_postgres::{Row, error::SqlState};

use super::{AccountId, Error, Store};
use crate::model::{Email, MemberId, Role};

/// A person who signs in.
#[derive(Clone, Debug)]
pub struct Member {
    /// Their id.
    pub id: MemberId,
    /// The account that they belong to.
    pub account: AccountId,
    /// Their e-mail, normalised.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// The columns of the table of customers that they have chosen for good, as an address has them; empty: none.
    pub columns: String,
    /// What their password was checked against, or is; `None` as long as they have chosen none.
    pub(in crate::store) password: Option<Hash>,
}

/// The hash of a password, which is shown nowhere.
#[derive(Clone)]
pub struct Hash(pub(in crate::store) String);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash")
    }
}

/// Who owns an account whose owner has not said their address yet.
pub const UNNAMED: &str = "owner@example.com";

impl Member {
    /// Whether they have chosen a password yet.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// Whether they have not said their address yet.
    pub fn is_unnamed(&self) -> bool {
        self.email == UNNAMED
    }
}

pub(in crate::store) const COLUMNS: &str =
    "member.id, member.account_id, member.email, member.role, member.password_hash, member.columns";

pub(in crate::store) fn read(row: &Row) -> Result<Member, Error> {
    Ok(Member {
        id: MemberId(row.get(0)),
        account: AccountId(row.get(1)),
        email: row.get(2),
        role: row.get::<_, &str>(3).parse().map_err(Error::Config)?,
        columns: row.get(5),
        password: row.get::<_, Option<String>>(4).map(Hash),
    })
}

/// Every member of the account, oldest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<Member>, Error> {
    let client = store.client().await?;
    let sql = format!("select {COLUMNS} from member where account_id = $1 order by created_at, id");
    client.query(&sql, &[&account.0]).await?.iter().map(read).collect()
}

/// Chooses the columns of the table of customers for good; none, where it is empty.
pub async fn set_columns(store: &Store, member: &Member, columns: &str) -> Result<(), Error> {
    let sql = "update member set columns = $3 where account_id = $1 and id = $2";
    let client = store.client().await?;
    client.execute(sql, &[&member.account.0, &member.id.0, &columns]).await.map_err(Error::of_write)?;
    Ok(())
}

/// Adds a member without a password: a sign-in link lets them choose one.
pub async fn add(
    store: &Store,
    account: AccountId,
    email: &Email,
    role: Role,
    now: Timestamp,
) -> Result<Member, Error> {
    let id = MemberId::new();
    let client = store.client().await?;
    let inserted = client
        .execute(
            "insert into member (id, account_id, email, role, created_at) values ($1, $2, $3, $4, $5)",
            &[&id.0, &account.0, &email.as_str(), &role.as_str(), &now],
        )
        .await;
    match inserted {
        Ok(_) => {
            Ok(Member { id, account, email: email.to_string(), role, columns: String::new(), password: None })
        }
        Err(error) => Err(taken(error, email)),
    }
}

/// Gives a member another address, by which they sign in from now on. Links that were sent to the old one end.
pub async fn set_email(store: &Store, member: Member, email: &Email) -> Result<Member, Error> {
    let mut client = store.client().await?;
    let tx = client.transaction().await?;
    let set = readdress(&tx, member.account, member.id, email).await?;
    tx.execute("delete from sign_in_link where member_id = $1", &[&member.id.0]).await?;
    done(tx, set).await?;
    Ok(Member { email: email.to_string(), ..member })
}

/// The same for somebody else, whose sessions and password end too: who knows them may be another person than who has the new
/// address, and chooses a password with the link that is made for it.
pub async fn move_to(store: &Store, account: AccountId, id: MemberId, email: &Email) -> Result<(), Error> {
    let mut client = store.client().await?;
    let tx = client.transaction().await?;
    let set = readdress(&tx, account, id, email).await?;
    if set > 0 {
        tx.execute("update member set password_hash = null where id = $1", &[&id.0]).await?;
        forget(&tx, id).await?;
    }
    done(tx, set).await
}

async fn readdress(
    tx: &Transaction<'_>,
    account: AccountId,
    id: MemberId,
    email: &Email,
) -> Result<u64, Error> {
    let sql = "update member set email = $3 where account_id = $1 and id = $2";
    let set = tx.execute(sql, &[&account.0, &id.0, &email.as_str()]).await;
    set.map_err(|error| taken(error, email))
}

/// Gives a member another role: each request of theirs is held to it from now on. The last owner stays one.
pub async fn set_role(store: &Store, account: AccountId, id: MemberId, role: Role) -> Result<(), Error> {
    let mut client = store.client().await?;
    let tx = client.transaction().await?;
    if role != Role::Owner {
        another_owner(&tx, account, id).await?;
    }
    let sql = "update member set role = $3 where account_id = $1 and id = $2";
    let set = tx.execute(sql, &[&account.0, &id.0, &role.as_str()]).await?;
    done(tx, set).await
}

/// Removes a member with their sessions and links. The last owner stays.
pub async fn remove(store: &Store, account: AccountId, id: MemberId) -> Result<(), Error> {
    let mut client = store.client().await?;
    let tx = client.transaction().await?;
    another_owner(&tx, account, id).await?;
    let removed =
        tx.execute("delete from member where account_id = $1 and id = $2", &[&account.0, &id.0]).await?;
    done(tx, removed).await
}

/// Ends every session of a member, and the links that would begin one.
pub async fn sign_out(store: &Store, account: AccountId, id: MemberId) -> Result<(), Error> {
    let mut client = store.client().await?;
    let tx = client.transaction().await?;
    let sql = "select from member where account_id = $1 and id = $2 for update";
    tx.query_opt(sql, &[&account.0, &id.0]).await?.ok_or(Error::Missing("member"))?;
    forget(&tx, id).await?;
    tx.commit().await.map_err(Error::of_write)
}

/// Ends the sessions and links of a member who was looked up in their account.
async fn forget(tx: &Transaction<'_>, id: MemberId) -> Result<(), Error> {
    tx.execute("delete from session where member_id = $1", &[&id.0]).await?;
    tx.execute("delete from sign_in_link where member_id = $1", &[&id.0]).await?;
    Ok(())
}

/// Refuses where the account has no owner but this one. Of two who remove each other at once, the second finds itself the
/// last: the owners are locked, in one order.
async fn another_owner(tx: &Transaction<'_>, account: AccountId, id: MemberId) -> Result<(), Error> {
    let sql = "select id from member where account_id = $1 and role = 'owner' order by id for update";
    let owners = tx.query(sql, &[&account.0]).await?;
    match owners.as_slice() {
        [last] if last.get::<_, uuid::Uuid>(0) == id.0 => {
            Err(Error::Conflict("The last owner of an account stays its owner.".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Commits what altered a member, if there was one.
async fn done(tx: Transaction<'_>, members: u64) -> Result<(), Error> {
    if members == 0 {
        return Err(Error::Missing("member"));
    }
    tx.commit().await.map_err(Error::of_write)
}

/// An address belongs to one member.
fn taken(error: tokio_postgres::Error, email: &Email) -> Error {
    match error.code() {
        Some(&SqlState::UNIQUE_VIOLATION) => Error::Conflict(format!("a member {email} exists already")),
        _ => Error::of_write(error),
    }
}

/// The member of that e-mail, if the password is theirs. Unknown e-mails take as long as wrong passwords.
pub async fn authenticate(store: &Store, email: &Email, password: &str) -> Result<Option<Member>, Error> {
    let client = store.client().await?;
    let sql = format!("select {COLUMNS} from member where email = $1");
    let row = client.query_opt(&sql, &[&email.as_str()]).await?;
    drop(client);
    let member = row.as_ref().map(read).transpose()?;
    let stored = member.as_ref().and_then(|member| member.password.clone());
    let password = password.to_owned();
    let right = hashing(move || verify(stored.as_ref(), &password)).await.unwrap_or(false);
    Ok(member.filter(|_| right))
}

/// Sets the password and ends every session of the member, who is returned with it.
pub async fn set_password(store: &Store, member: &Member, password: &str) -> Result<Member, Error> {
    let password = password.to_owned();
    let hash =
        hashing(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()));
    let hash = hash.await?.map_err(|error| Error::Config(error.to_string()))?;
    let mut client = store.client().await?;
    let tx = client.transaction().await?;
    let sql = "update member set password_hash = $3 where account_id = $1 and id = $2";
    let set = tx.execute(sql, &[&member.account.0, &member.id.0, &hash]).await?;
    forget(&tx, member.id).await?;
    done(tx, set).await?;
    Ok(Member { password: Some(Hash(hash)), ..member.clone() })
}

/// Does what a password costs: 19 MiB and tens of milliseconds of a processor, so two at a time. Others wait.
async fn hashing<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    static TURNS: Semaphore = Semaphore::const_new(2);
    let turn = TURNS.acquire().await.map_err(|error| Error::Config(error.to_string()))?;
    let hashed = spawn_blocking(move || {
        let _until_done = turn; // also where the caller has gone
        job()
    });
    hashed.await.map_err(|error| Error::Config(error.to_string()))
}

/// Checks a password; without a stored hash it does the same work against a fresh one and says no.
fn verify(stored: Option<&Hash>, password: &str) -> bool {
    let argon = Argon2::default();
    match stored.and_then(|hash| PasswordHash::new(&hash.0).ok()) {
        Some(hash) => argon.verify_password(password.as_bytes(), &hash).is_ok(),
        None => argon.hash_password(password.as_bytes()).is_err(),
    }
}
