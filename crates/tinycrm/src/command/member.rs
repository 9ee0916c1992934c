//! `tinycrm member`: the people who sign in to the dashboard.

use serde_json::{Value, json};
use server::{
    model::{Email, Role, now},
    store::{self, member},
};

use crate::{
    command::at::At,
    database::{self, Opened},
    failure::Failure,
    table::Table,
};

/// Add, list, change and remove the people who sign in to the dashboard
#[derive(Debug, clap::Subcommand)]
pub enum Member {
    Add(Add),
    Link(Link),
    Email(ChangeEmail),
    Role(ChangeRole),
    SignOut(SignOut),
    Remove(Remove),
    List(List),
}

/// Add a member and print a sign-in link for them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The link works once, within a week; the member chooses a password with it.

Roles:
  owner   everything, members included
  admin   makes projects, keys and segments, deletes customers
  viewer  sees, filters and exports

Examples:
  tinycrm member add grace@example.com --role admin")]
pub struct Add {
    /// Their e-mail address
    #[arg(value_name = "E-MAIL", value_parser = database::email)]
    email: Email,

    /// owner, admin or viewer
    #[arg(long, default_value_t = Role::Viewer)]
    role: Role,

    #[command(flatten)]
    address: Address,
    #[command(flatten)]
    at: At,
}

/// Print a fresh sign-in link for a member, e.g. for one who lost the password
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The link works once, within a week, in place of any that was made before. Within an hour of using it
the member can choose a new password without the one before.

Examples:
  tinycrm member link grace@example.com")]
pub struct Link {
    /// Their e-mail address
    #[arg(value_name = "E-MAIL", value_parser = database::email)]
    email: Email,

    #[command(flatten)]
    address: Address,
    #[command(flatten)]
    at: At,
}

/// Give a member another e-mail address, by which they sign in from now on
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tinycrm member email owner@example.com ada@example.com")]
pub struct ChangeEmail {
    /// Their present address
    #[arg(value_name = "E-MAIL", value_parser = database::email)]
    email: Email,

    /// The new one
    #[arg(value_name = "NEW", value_parser = database::email)]
    new: Email,

    #[command(flatten)]
    at: At,
}

/// Give a member another role, which holds at once
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The last owner of an account stays its owner.

Examples:
  tinycrm member role grace@example.com viewer")]
pub struct ChangeRole {
    /// Their e-mail address
    #[arg(value_name = "E-MAIL", value_parser = database::email)]
    email: Email,

    /// owner, admin or viewer
    #[arg(value_name = "ROLE")]
    role: Role,

    #[command(flatten)]
    at: At,
}

/// End every session of a member, and the link that would begin one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tinycrm member sign-out grace@example.com")]
pub struct SignOut {
    /// Their e-mail address
    #[arg(value_name = "E-MAIL", value_parser = database::email)]
    email: Email,

    #[command(flatten)]
    at: At,
}

/// Remove a member: they are signed out at once and cannot sign in any more
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What they did stays. The last owner of an account cannot be removed.

Examples:
  tinycrm member remove grace@example.com")]
pub struct Remove {
    /// Their e-mail address
    #[arg(value_name = "E-MAIL", value_parser = database::email)]
    email: Email,

    #[command(flatten)]
    at: At,
}

/// List the members
#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    at: At,
}

/// Where the dashboard is, for links.
#[derive(Debug, clap::Args)]
struct Address {
    /// The dashboard's address, for the link
    #[arg(long, env = "TINYCRM_PUBLIC_URL", value_name = "URL", default_value = "http://127.0.0.1:7878")]
    public_url: String,
}

impl Member {
    /// Runs the subcommand.
    pub async fn run(self) -> Result<(), Failure> {
        match self {
            Member::Add(add) => add.run().await,
            Member::Link(link) => link.run().await,
            Member::Email(change) => change.run().await,
            Member::Role(change) => change.run().await,
            Member::SignOut(sign_out) => sign_out.run().await,
            Member::Remove(remove) => remove.run().await,
            Member::List(list) => list.run().await,
        }
    }
}

impl Add {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let member = member::add(&db.store, db.account, &self.email, self.role, now()).await?;
        show(&db.store, &member, &self.address, &self.at).await
    }
}

impl Link {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let found = find(&db, &self.email).await?;
        show(&db.store, &found, &self.address, &self.at).await
    }
}

impl ChangeEmail {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let found = find(&db, &self.email).await?;
        let changed = member::set_email(&db.store, found, &self.new).await?;
        self.at.show(&describe(&changed), || format!("{} signs in as {} from now on.", self.email, self.new))
    }
}

impl ChangeRole {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let mut found = find(&db, &self.email).await?;
        member::set_role(&db.store, db.account, found.id, self.role).await?;
        found.role = self.role;
        self.at.show(&describe(&found), || format!("{} has the role {} from now on.", self.email, self.role))
    }
}

impl SignOut {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let found = find(&db, &self.email).await?;
        member::sign_out(&db.store, db.account, found.id).await?;
        self.at.show(&describe(&found), || format!("{} is signed out everywhere.", self.email))
    }
}

impl Remove {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let found = find(&db, &self.email).await?;
        member::remove(&db.store, db.account, found.id).await?;
        self.at.show(&describe(&found), || format!("{} is no member any more.", self.email))
    }
}

async fn find(db: &Opened, email: &Email) -> Result<member::Member, Failure> {
    let members = member::list(&db.store, db.account).await?;
    members.into_iter().find(|m| m.email == email.as_str()).ok_or_else(|| {
        Failure::new(format!("There is no member {email} in this account."))
            .hint("`tinycrm member list` shows them; `tinycrm member add` makes one.")
    })
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let db = self.at.open().await?;
        let members = member::list(&db.store, db.account).await?;
        let table = || {
            let mut table = Table::new(["e-mail", "role", "password"]);
            for m in &members {
                table.row([
                    m.email.as_str(),
                    m.role.as_str(),
                    if m.has_password() { "chosen" } else { "not yet" },
                ]);
            }
            table.render()
        };
        self.at.show(&members.iter().map(describe).collect(), table)
    }
}

/// A new single-use address that signs a member in.
pub async fn sign_in_link(
    store: &store::Store,
    member: &member::Member,
    public_url: &str,
) -> Result<String, Failure> {
    let token = store::session::link(store, member.id, now()).await?;
    Ok(format!("{}/sign-in/{token}", public_url.trim_end_matches('/')))
}

async fn show(
    store: &store::Store,
    member: &member::Member,
    address: &Address,
    at: &At,
) -> Result<(), Failure> {
    let link = sign_in_link(store, member, &address.public_url).await?;
    let mut shown = describe(member);
    shown["sign_in_link"] = json!(link);
    at.show(&shown, || {
        format!(
            "{link}\n\nThis link signs {} in, once, within a week. Links before it have ended.",
            member.email
        )
    })
}

fn describe(member: &member::Member) -> Value {
    json!({ "id": member.id, "email": member.email, "role": member.role, "has_password": member.has_password() })
}
