//! What surrounds every page of a signed-in member: navigation, projects with their counts, the account.

pub mod errors;
pub mod theme;

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Response},
};

use filter::calendar::day_of;
use jiff::civil::Date;

use theme::Theme;

use crate::{
    http::{App, Problem},
    model::{Formats, Project, ProjectId, Role, now},
    store::{self, Account, member::Member, project, query},
    web::session::SignedIn,
};

/// What forms say when they have done something, by the word that addresses have for it.
const SAVED: [(&str, &str); 20] = [
    ("project", "Saved: the project has this name and colour from now on."),
    ("archived", "Archived: nothing is written to this project any more."),
    ("unarchived", "Unarchived: its keys write again."),
    ("emptied", "Emptied: its customers and their history are gone."),
    ("deleted", "Deleted: the project is gone, with its customers and keys."),
    ("ended", "Ended: that browser has to sign in again."),
    ("others-ended", "Ended: you are signed in here alone."),
    ("name", "Saved: the account has this name from now on."),
    ("zone", "Saved: days begin and end in this time zone from now on."),
    ("formats", "Saved: pages write numbers, dates and money like this from now on."),
    ("history", "Saved: history is kept for so long from now on."),
    ("ignored", "Ignored: nothing is stored of them from now on."),
    ("stored-again", "Saved: what is told of them is stored again."),
    ("erased", "Erased: those who were here before are gone."),
    ("email", "Saved: you sign in by this address from now on."),
    ("role", "Saved: the role holds from the next request on."),
    ("removed", "Removed: they are signed out and cannot sign in any more."),
    ("signed-out", "Ended: they are signed out everywhere."),
    ("label", "Saved: the key has this label from now on."),
    ("revoked", "Revoked: the key stops within a second."),
];

/// The frame of a page; also says who is looking.
pub struct Frame {
    /// Who is signed in.
    pub member: Member,
    /// Their account.
    pub account: Account,
    /// Every project with how many customers it has, oldest first.
    pub projects: Vec<(Project, u64)>,
    /// The colours that the visitor chose.
    pub theme: Theme,
    /// The page's path and query: where reloading it leads.
    pub here: String,
    /// Whether the page is of people who are only in test projects; pages that name no project learn it from those.
    is_of_test: bool,
}

impl Frame {
    /// The frame of the page at `here`.
    pub async fn load(app: &App, member: Member, theme: Theme, here: String) -> Result<Frame, query::Error> {
        let account = store::account(&app.store, member.account).await?;
        let projects = project::list(&app.store, member.account).await?;
        let counts = query::by_project(&app.store, member.account).await?;
        let counted = |project: Project| {
            let count = counts.get(&project.id).copied().unwrap_or(0);
            (project, count)
        };
        let projects = projects.into_iter().map(counted).collect();
        Ok(Frame { member, account, projects, theme, here, is_of_test: false })
    }

    /// The frame of a page about people in these projects: where all of them are test projects, links across projects lead to
    /// test data.
    pub fn about(self, projects: impl IntoIterator<Item = ProjectId>) -> Frame {
        let is_test = |id| self.project_of(id).is_some_and(|project| project.test);
        let each: Vec<bool> = projects.into_iter().map(is_test).collect();
        Frame { is_of_test: !each.is_empty() && each.into_iter().all(|is_test| is_test), ..self }
    }

    /// The projects that count; the others are for trying things out.
    pub fn live(&self) -> impl Iterator<Item = &(Project, u64)> {
        self.projects.iter().filter(|(project, _)| project.is_live())
    }

    /// The test projects that are not archived.
    pub fn test(&self) -> impl Iterator<Item = &(Project, u64)> {
        self.open().filter(|(project, _)| project.test)
    }

    /// The projects that are written to: all but the archived ones.
    pub fn open(&self) -> impl Iterator<Item = &(Project, u64)> {
        self.projects.iter().filter(|(project, _)| !project.archived)
    }

    /// The archived projects.
    pub fn archived(&self) -> impl Iterator<Item = &(Project, u64)> {
        self.projects.iter().filter(|(project, _)| project.archived)
    }

    /// What a form has just done, as the address says it that the form led to.
    pub fn saved(&self) -> Option<&'static str> {
        let word = self.argument("saved")?;
        SAVED.iter().find(|(known, _)| *known == word).map(|(_, told)| *told)
    }

    /// Whether all customers that there are, are only there for trying things out. What is archived is still one's own.
    pub fn is_demo(&self) -> bool {
        self.put_away().is_empty()
            && self.live().all(|(_, count)| *count == 0)
            && self.test().any(|(_, count)| *count > 0)
    }

    /// Whether the page shows what is only there for trying things out: by its address, or by whom it is about.
    pub fn shows_test(&self) -> bool {
        let of_start = self.path().strip_prefix("/projects/").and_then(|rest| rest.strip_suffix("/start"));
        match self.argument("project").or(of_start) {
            Some(slug) => self.project(slug).is_some_and(|project| project.test),
            None => self.is_of_test || self.argument("test").is_some(),
        }
    }

    /// What the address of a page across projects says, so that whoever looks at test data stays there.
    pub fn demo(&self) -> &'static str {
        if self.is_demo() || self.shows_test() { "?test=1" } else { "" }
    }

    /// The visitor's own projects where all of them are archived, or the test projects where these are archived and there are no
    /// others: nobody is counted then, and nobody is gone.
    pub fn put_away(&self) -> Vec<&Project> {
        if self.live().next().is_some() {
            return Vec::new();
        }
        let archived = || self.archived().map(|(project, _)| project);
        let own: Vec<&Project> = archived().filter(|project| !project.test).collect();
        if own.is_empty() && self.test().next().is_none() { archived().collect() } else { own }
    }

    /// How the account's pages write numbers and dates.
    pub fn formats(&self) -> Formats {
        self.account.formats
    }

    /// Today, in the account's zone.
    pub fn today(&self) -> Date {
        day_of(now(), &self.account.zone)
    }

    /// The page's path, without its query.
    pub fn path(&self) -> &str {
        self.here.split('?').next().unwrap_or_default()
    }

    /// Whether a link of the navigation leads to this page.
    pub fn is(&self, link: &str) -> bool {
        let path = self.path();
        path == link || path.strip_prefix(link).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether the page is narrowed to a project, or shows its call.
    pub fn is_project(&self, slug: &str) -> bool {
        let own = self.path().strip_prefix("/projects/").and_then(|rest| rest.strip_suffix("/start"));
        self.path() == "/customers" && self.argument("project") == Some(slug) || own == Some(slug)
    }

    /// Whether the page shows every live project.
    pub fn is_everything(&self) -> bool {
        self.path() == "/customers" && self.argument("project").is_none() && self.argument("test").is_none()
    }

    /// Whether the page shows every test project.
    pub fn is_test(&self) -> bool {
        self.is("/customers") && self.argument("test").is_some()
    }

    /// Whether the member may make projects and keys, and delete.
    pub fn admin(&self) -> bool {
        self.member.role >= Role::Admin
    }

    /// Whether the member may manage members.
    pub fn owner(&self) -> bool {
        self.member.role >= Role::Owner
    }

    /// The project of that slug.
    pub fn project(&self, slug: &str) -> Option<&Project> {
        self.projects.iter().map(|(project, _)| project).find(|project| project.slug.as_str() == slug)
    }

    /// The project of that id.
    pub fn project_of(&self, id: ProjectId) -> Option<&Project> {
        self.projects.iter().map(|(project, _)| project).find(|project| project.id == id)
    }

    fn argument(&self, name: &str) -> Option<&str> {
        let query = self.here.split_once('?')?.1;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value)
    }
}

impl FromRequestParts<App> for Frame {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let SignedIn(member) = SignedIn::from_request_parts(parts, app).await?;
        let Ok(theme) = Theme::from_request_parts(parts, app).await;
        let here = parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
        Frame::load(app, member, theme, here).await.map_err(|error| Problem::from(error).into_response())
    }
}
