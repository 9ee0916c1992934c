//! Members: who may sign in, and the links that let them.

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use serde::Deserialize;

use super::{frame::Frame, page::Page, session::Owner};
use crate::{
    http::{App, Code, Problem, extract::Form},
    model::{Email, Role, now},
    store::{
        AccountId,
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
    let email =
        Email::parse(&form.email).map_err(|error| Problem::new(Code::InvalidFields, error.to_string()))?;
    let member = match form.role {
        Some(role) => member::add(&app.store, owner.account, &email, role, now()).await?,
        None => find(&app, owner.account, &email).await?,
    };
    members_page(&app, frame, Some(&member)).await
}

async fn find(app: &App, account: AccountId, email: &Email) -> Result<Member, Problem> {
    let members = member::list(&app.store, account).await?;
    let member = members.into_iter().find(|member| member.email == email.as_str());
    member.ok_or_else(|| Problem::new(Code::NotFound, format!("There is no member {email}.")))
}
