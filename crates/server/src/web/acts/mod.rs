//! Acts: what members do to many customers at once, from the table of customers: put together, begun, followed and undone.

mod draft;
pub mod export;
pub mod order;
mod sample;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};

use crate::{
    http::{App, Problem, auth, extract::Path},
    model::{ActId, Formats, Project, ProjectId, What},
    store::{
        act::{self, Act},
        member::Member,
        project,
    },
    web::{customers::address::Address, frame::Frame, page::Page, session::Admin},
};

#[derive(Template)]
#[template(path = "acts/list.html")]
struct ActsPage {
    frame: Frame,
    acts: Vec<(Act, Standing)>,
}

#[derive(Template)]
#[template(path = "acts/show.html")]
struct ActPage {
    frame: Frame,
    act: Act,
    state: Standing,
}

/// How an act stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Running,
    /// It has not ended, and nobody runs it.
    Stopped,
    Ended,
    Undone,
}

impl Standing {
    fn of(app: &App, act: &Act) -> Standing {
        match act {
            Act { undone_by: Some(_), .. } => Standing::Undone,
            Act { ended_at: Some(_), .. } => Standing::Ended,
            _ if app.acts.is_running(act.id) => Standing::Running,
            _ => Standing::Stopped,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Standing::Running => "running",
            Standing::Stopped => "stopped",
            Standing::Ended => "done",
            Standing::Undone => "undone",
        }
    }
}

/// What was done, to whom, in a line.
fn title(act: &Act, formats: Formats) -> String {
    let people =
        act.people.map_or("the people of another act".to_owned(), |n| formats.of(n, "person", "people"));
    match &act.what {
        What::Undo { .. } => format!("Undo an act, for {people}"),
        What::Erase => format!("Erase {people}"),
        what => format!("{}, for {people}", what.order()),
    }
}

impl ActsPage {
    fn title(&self, act: &Act) -> String {
        title(act, self.frame.formats())
    }

    fn projects(&self, act: &Act) -> Vec<&Project> {
        projects(&self.frame, &act.projects)
    }
}

fn projects<'a>(frame: &'a Frame, ids: &[ProjectId]) -> Vec<&'a Project> {
    ids.iter().filter_map(|id| frame.project_of(*id)).collect()
}

impl ActPage {
    fn title(&self) -> String {
        title(&self.act, self.frame.formats())
    }

    fn projects(&self) -> Vec<&Project> {
        projects(&self.frame, &self.act.projects)
    }

    /// The act that this one undoes.
    fn undoes(&self) -> Option<ActId> {
        match self.act.what {
            What::Undo { act } => Some(act),
            _ => None,
        }
    }

    /// Those who match its filter now.
    fn people(&self) -> Option<String> {
        let filter = self.act.filter.as_ref()?;
        let project = match self.projects().as_slice() {
            [one] => one.slug.to_string(),
            _ => String::new(),
        };
        let test = if project.is_empty() && self.frame.shows_test() { "1" } else { "" }.to_owned();
        Some(Address { project, test, ..Address::default() }.filtered(filter).link())
    }

    /// How many people and relationships it is about, where these are not as many.
    fn wide(&self) -> Option<(i64, i64)> {
        self.act.people.zip(self.act.total).filter(|(people, total)| people != total)
    }

    /// What has become of those who are done: how many, and what of them.
    fn report(&self) -> Vec<(i64, &'static str)> {
        let Act { changed, stayed, refused, what, .. } = &self.act;
        let words = match what {
            What::Undo { .. } => [
                "are as they were before",
                "were so already",
                "had been changed since, or are gone, and were left",
            ],
            What::Erase => ["are erased", "", "were gone already"],
            _ => ["were changed", "were so already", "are gone, or ignored"],
        };
        let [did, same, left] = words;
        let all =
            [(*changed, did), (self.act.same().max(0), same), (*stayed, left), (*refused, "were refused")];
        all.into_iter().filter(|(count, _)| *count > 0).collect()
    }

    /// Whether an undoing leaves dates: those of the status follow from the history, which says both that it was so and that it is not.
    fn leaves_dates(&self) -> bool {
        matches!(self.act.what, What::Status { .. })
    }

    fn can_go_on(&self) -> bool {
        self.frame.admin() && self.state == Standing::Stopped
    }

    fn can_undo(&self) -> bool {
        let ended = matches!(self.state, Standing::Stopped | Standing::Ended);
        self.frame.admin() && ended && self.act.what.can_be_undone() && self.act.changed > 0
    }
}

/// `GET /acts`.
pub async fn list_acts(State(app): State<App>, frame: Frame) -> Result<impl IntoResponse, Problem> {
    let acts = act::list(&app.store, frame.member.account).await?;
    let acts = acts.into_iter().map(|act| (Standing::of(&app, &act), act)).map(|(state, act)| (act, state));
    let acts = acts.collect();
    Ok(Page(ActsPage { frame, acts }))
}

/// `GET /acts/{id}`: how far it is, and what has become of it.
pub async fn show_act(
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<ActId>,
) -> Result<impl IntoResponse, Problem> {
    let act = act::find(&app.store, frame.member.account, id).await?;
    let state = Standing::of(&app, &act);
    let frame = frame.about(act.projects.iter().copied());
    Ok(Page(ActPage { frame, act, state }))
}

/// Refuses where the act writes to a project that has been archived since.
async fn refuse_archived(app: &App, member: &Member, id: ActId) -> Result<(), Problem> {
    let act = act::find(&app.store, member.account, id).await?;
    let projects = project::list(&app.store, member.account).await?;
    let mut own =
        projects.iter().filter(|project| act.what != What::Erase && act.projects.contains(&project.id));
    own.try_for_each(auth::refuse_archived)
}

/// `POST /acts/{id}/go`: goes on where it was stopped.
pub async fn go_on(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<ActId>,
) -> Result<Redirect, Problem> {
    refuse_archived(&app, &member, id).await?;
    Ok(order::follow(&app, member.account, id).await)
}

/// `POST /acts/{id}/undo`: what it wrote becomes what it was, where nobody has changed it since.
pub async fn undo_act(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<ActId>,
) -> Result<Redirect, Problem> {
    refuse_archived(&app, &member, id).await?;
    let undoing = act::begin_undo(&app.store, member.account, member.id, id).await?;
    Ok(order::follow(&app, member.account, undoing).await)
}
