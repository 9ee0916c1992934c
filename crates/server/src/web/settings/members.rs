//! Members: who may sign in and do what, the links that let them in, and how their sessions end.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use crate::{
    http::{
        App, Code, Problem,
        extract::{Form, Path},
    },
    model::{Email, MemberId, Role, now},
    store::{
        AccountId,
        member::{self, Member},
        session,
    },
    web::{
        frame::Frame,
        page::Page,
        session::{Owner, saved},
    },
};

#[derive(Template)]
#[template(path = "settings/members.html")]
struct MembersPage {
    frame: Frame,
    members: Vec<Member>,
    /// Who can sign in by which link: made just now, shown this once.
    link: Option<(String, String)>,
}

impl MembersPage {
    fn roles(&self) -> [Role; 3] {
        [Role::Viewer, Role::Admin, Role::Owner]
    }
}

/// `GET /members`.
pub async fn list_members(State(app): State<App>, frame: Frame) -> Result<impl IntoResponse, Problem> {
    members_page(&app, frame, None).await
}

async fn members_page(
    app: &App,
    frame: Frame,
    invited: Option<&Member>,
) -> Result<Page<MembersPage>, Problem> {
    let members = member::list(&app.store, frame.member.account).await?;
    let link = match invited {
        Some(member) => {
            let token = session::link(&app.store, member.id, now()).await?;
            Some((member.email.clone(), format!("{}/sign-in/{token}", app.config.public_url())))
        }
        None => None,
    };
    Ok(Page(MembersPage { frame, members, link }))
}

/// What the forms send: a new member with a role, or one who exists without.
#[derive(Deserialize)]
pub struct MemberForm {
    email: String,
    #[serde(default)]
    role: Option<Role>,
}

/// `POST /members`: adds a member, or finds the one of that e-mail, and shows a sign-in link for them.
pub async fn invite_member(
    State(app): State<App>,
    Owner(owner): Owner,
    frame: Frame,
    Form(form): Form<MemberForm>,
) -> Result<impl IntoResponse, Problem> {
    let email = address(&form.email)?;
    let member = match form.role {
        Some(role) => member::add(&app.store, owner.account, &email, role, now()).await?,
        None => find(&app, owner.account, &email).await?,
    };
    members_page(&app, frame, Some(&member)).await
}

/// What the form of an address sends.
#[derive(Deserialize)]
pub struct EmailForm {
    email: String,
}

/// `POST /members/{id}/email`: they sign in by it from now on. Of somebody else every session ends, and a link for the new address is
/// shown.
pub async fn set_email(
    State(app): State<App>,
    Owner(owner): Owner,
    frame: Frame,
    Path(id): Path<MemberId>,
    Form(form): Form<EmailForm>,
) -> Result<Response, Problem> {
    let email = address(&form.email)?;
    if id == owner.id {
        member::set_email(&app.store, owner, &email).await?;
        return Ok(saved("/members", "email").into_response());
    }
    member::move_to(&app.store, owner.account, id, &email).await?;
    tracing::info!(by = %owner.id, member = %id, "a member's address was set");
    let member = find(&app, owner.account, &email).await?;
    Ok(members_page(&app, frame, Some(&member)).await?.into_response())
}

/// What the form of a role sends.
#[derive(Deserialize)]
pub struct RoleForm {
    role: Role,
}

/// `POST /members/{id}/role`: holds from the member's next request on.
pub async fn set_role(
    State(app): State<App>,
    Owner(owner): Owner,
    Path(id): Path<MemberId>,
    Form(form): Form<RoleForm>,
) -> Result<Redirect, Problem> {
    member::set_role(&app.store, owner.account, id, form.role).await?;
    tracing::info!(by = %owner.id, member = %id, role = %form.role, "a member's role was set");
    Ok(saved("/members", "role"))
}

/// `POST /members/{id}/remove`: whatever is open in their browsers leads to the sign-in page.
pub async fn remove_member(
    State(app): State<App>,
    Owner(owner): Owner,
    Path(id): Path<MemberId>,
) -> Result<Redirect, Problem> {
    member::remove(&app.store, owner.account, id).await?;
    tracing::info!(by = %owner.id, member = %id, "a member was removed");
    Ok(saved("/members", "removed"))
}

/// `POST /members/{id}/sign-out`: every session of theirs ends, and their link.
pub async fn sign_out_member(
    State(app): State<App>,
    Owner(owner): Owner,
    Path(id): Path<MemberId>,
) -> Result<Redirect, Problem> {
    member::sign_out(&app.store, owner.account, id).await?;
    tracing::info!(by = %owner.id, member = %id, "a member's sessions were ended");
    Ok(saved("/members", "signed-out"))
}

fn address(text: &str) -> Result<Email, Problem> {
    Email::parse(text).map_err(|error| Problem::new(Code::InvalidFields, error.to_string()))
}

async fn find(app: &App, account: AccountId, email: &Email) -> Result<Member, Problem> {
    let members = member::list(&app.store, account).await?;
    let member = members.into_iter().find(|member| member.email == email.as_str());
    member.ok_or_else(|| Problem::new(Code::NotFound, format!("There is no member {email}.")))
}
