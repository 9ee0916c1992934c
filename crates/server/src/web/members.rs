//! Members: who may sign in, and the links that let them.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::IntoResponse,
};
use serde::Deserialize;

use super::{frame::Frame, page::Page, session::Owner};
use crate::{
    http::{App, Code, Problem},
    model::{Email, MemberId, Role, now},
    store::{
        member::{self, Member},
        session,
    },
};

#[derive(Template)]
#[template(path = "members/list.html")]
struct MembersPage {
    frame: Frame,
    members: Vec<Member>,
    /// Who can sign in by which link: made just now, shown this once.
    link: Option<(String, String)>,
}

/// `GET /members`.
pub async fn list_members(State(app): State<App>, frame: Frame) -> Result<impl IntoResponse, Problem> {
    members_page(&app, frame, None).await
}

async fn members_page(
    app: &App,
    mut frame: Frame,
    invited: Option<&Member>,
) -> Result<Page<MembersPage>, Problem> {
    frame.here = "/members".to_owned();
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

/// What the form of a new member sends.
#[derive(Deserialize)]
pub struct MemberForm {
    email: String,
    role: String,
}

/// `POST /members`: adds a member and shows their sign-in link.
pub async fn add_member(
    State(app): State<App>,
    Owner(owner): Owner,
    frame: Frame,
    Form(form): Form<MemberForm>,
) -> Result<impl IntoResponse, Problem> {
    let email =
        Email::parse(&form.email).map_err(|error| Problem::new(Code::InvalidFields, error.to_string()))?;
    let role: Role = form.role.parse().map_err(|error: String| Problem::new(Code::InvalidFields, error))?;
    let member = member::add(&app.store, owner.account, &email, role, now()).await?;
    members_page(&app, frame, Some(&member)).await
}

/// `POST /members/{id}/link`: a new sign-in link for a member who has lost their password.
pub async fn link_member(
    State(app): State<App>,
    Owner(owner): Owner,
    frame: Frame,
    Path(id): Path<MemberId>,
) -> Result<impl IntoResponse, Problem> {
    let members = member::list(&app.store, owner.account).await?;
    let member = members.iter().find(|member| member.id == id);
    let member = member.ok_or_else(|| Problem::new(Code::NotFound, "There is no such member."))?;
    members_page(&app, frame, Some(member)).await
}
