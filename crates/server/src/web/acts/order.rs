//! An act is put together: what is to be done, what that comes to, and then it begins.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    draft::{Draft, TAGS},
    sample::{Becomes, Sample, sample},
};
use crate::{
    http::{App, Problem, extract::Form},
    model::{ActId, Formats, Project, What},
    store::{
        self, AccountId, act,
        query::{
            self,
            targets::{Reach, reach},
        },
    },
    web::{
        frame::Frame,
        page::{Page, format},
        session::Admin,
    },
};

/// How often an act that has just begun is looked at before its page is shown, and how long in between: most are done by then.
const LOOKS: usize = 15;
const LOOK: Duration = Duration::from_millis(100);

const NOBODY: &str = "Nobody is chosen. Go back, and tick the people whom you mean.";

#[derive(Template)]
#[template(path = "acts/new.html")]
struct OrderPage {
    frame: Frame,
    draft: Draft,
    /// Whom it could be about, wherever it writes.
    reach: Reach,
    preview: Option<Preview>,
    /// Why it cannot be.
    wrong: Option<String>,
}

/// What it comes to.
struct Preview {
    what: What,
    reach: Reach,
    /// The first of those whom it is about.
    sample: Option<Sample>,
}

/// Why an act was not begun.
struct Wrong(StatusCode, String);

impl OrderPage {
    /// The projects in which it could write, each with how many relationships, and whether it is chosen.
    fn projects(&self) -> Vec<(&Project, u64, bool)> {
        let is_on = |project: &Project| {
            self.draft.kind.is_empty() || self.draft.into.iter().any(|slug| slug == project.slug.as_str())
        };
        let own = self.reach.projects.iter();
        own.filter_map(|(id, count)| Some((self.frame.project_of(*id)?, *count)))
            .filter(|(project, _)| !project.archived)
            .map(|(project, count)| (project, count, is_on(project)))
            .collect()
    }

    /// Whether there is a project to be chosen.
    fn is_wide(&self) -> bool {
        self.draft.address.project.is_empty()
    }

    /// The project of the view, where it is archived: nothing is written to it, and people can still be erased.
    fn archived(&self) -> Option<&Project> {
        self.frame.project(&self.draft.address.project).filter(|project| project.archived)
    }

    /// Whom it is about, in words.
    fn whom(&self) -> String {
        let people = self.frame.formats().of(self.reach.people, "person", "people");
        if self.draft.all { format!("All {people} who match") } else { format!("{people} chosen") }
    }

    /// How many more match than were chosen; nothing where all are.
    fn more(&self) -> Option<u64> {
        self.draft.count.filter(|count| !self.draft.all && *count > self.reach.people)
    }

    /// The filter in English.
    fn english(&self) -> String {
        filter::parse(&self.draft.address.filter).map(|expr| filter::describe(&expr)).unwrap_or_default()
    }
}

impl Preview {
    /// What will be done, in a sentence.
    fn sentence(&self, formats: Formats) -> String {
        let people = formats.of(self.reach.people, "person", "people");
        match &self.what {
            What::Erase => format!("Erase {people} from every project, with all that is known of them."),
            What::Add { .. } | What::Remove { .. } => format!("{}, for {people}.", self.what.order()),
            what => format!("{} for {people}.", what.order()),
        }
    }

    fn is_erasure(&self) -> bool {
        self.what == What::Erase
    }

    /// How many relationships are written in a project.
    fn count(&self, project: &Project) -> u64 {
        self.reach.projects.iter().find(|(id, _)| *id == project.id).map_or(0, |(_, count)| *count)
    }
}

/// `POST /acts/new`: asks what is to be done to those who were chosen, and shows what that comes to.
pub async fn order(
    State(app): State<App>,
    Admin(_): Admin,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    order_page(&app, frame, Draft::read(pairs)?, None).await
}

/// `POST /acts`: begins it.
pub async fn begin_act(
    State(app): State<App>,
    Admin(_): Admin,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let draft = Draft::read(pairs)?;
    match begin(&app, &frame, &draft).await? {
        Ok(id) => Ok(follow(&app, frame.member.account, id).await.into_response()),
        Err(wrong) => order_page(&app, frame, draft, Some(wrong)).await,
    }
}

/// Runs an act, and leads to its page: soon, or when it is done.
pub(super) async fn follow(app: &App, account: AccountId, id: ActId) -> Redirect {
    app.acts.go(account, id);
    for _ in 0..LOOKS {
        if !app.acts.is_running(id) {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    Redirect::to(&format!("/acts/{id}"))
}

async fn begin(app: &App, frame: &Frame, draft: &Draft) -> Result<Result<ActId, Wrong>, Problem> {
    let unclear = |text| Ok(Err(Wrong(StatusCode::UNPROCESSABLE_ENTITY, text)));
    let what = match ready(frame, draft) {
        Ok(Some(what)) => what,
        Ok(None) => return unclear("Say what is to be done.".to_owned()),
        Err(wrong) => return unclear(wrong),
    };
    if draft.said == Some(0) {
        return unclear(NOBODY.to_owned());
    }
    let Some(said) = draft.said else { return unclear("Look at the preview first.".to_owned()) };
    if what == What::Erase && draft.typed.replace(',', "") != said.to_string() {
        return unclear(format!("Type {said}, the number of people, to erase them."));
    }
    let targets = if what == What::Erase { draft.everywhere(frame) } else { draft.targets(frame) };
    let (store, member) = (&app.store, &frame.member);
    match act::begin(store, member.account, member.id, (&what, &targets), said).await {
        Ok(id) => Ok(Ok(id)),
        Err(query::Error::Store(store::Error::Conflict(detail))) => {
            Ok(Err(Wrong(StatusCode::CONFLICT, format::sentence(&detail))))
        }
        Err(error) => Err(error.into()),
    }
}

/// What is to be done, where it says enough for it.
fn ready(frame: &Frame, draft: &Draft) -> Result<Option<What>, String> {
    let what = draft.what()?;
    if let Some(slug) = draft.into.iter().find(|slug| frame.project(slug).is_none()) {
        return Err(format!("There is no project {slug:?}."));
    }
    let is_written = what.as_ref().is_some_and(|what| *what != What::Erase);
    let mut named = draft.into.iter().chain([&draft.address.project]).filter_map(|slug| frame.project(slug));
    if let Some(project) = named.find(|project| is_written && project.archived) {
        return Err(format!("{} is archived: nothing is written to it.", project.name));
    }
    if is_written && draft.into.is_empty() && draft.address.project.is_empty() {
        return Err("Choose a project in which to write.".to_owned());
    }
    Ok(what)
}

async fn order_page(
    app: &App,
    frame: Frame,
    draft: Draft,
    wrong: Option<Wrong>,
) -> Result<Response, Problem> {
    let account = frame.member.account;
    let all = reach(&app.store, account, &draft.everywhere(&frame)).await?;
    let (what, unclear) = match ready(&frame, &draft) {
        Ok(what) => (what, None),
        Err(text) => (None, Some(Wrong(StatusCode::UNPROCESSABLE_ENTITY, text))),
    };
    let preview = match what {
        Some(what) => Some(preview(app, &frame, &draft, what, &all).await?),
        None => None,
    };
    let wrong = wrong.or(unclear).or_else(|| moved(&draft, &all, frame.formats())).or_else(|| nobody(&all));
    let (status, wrong) = wrong.map_or((StatusCode::OK, None), |Wrong(status, text)| (status, Some(text)));
    // From here on it is as many as this page says.
    let count = if draft.all { Some(all.matching) } else { draft.count };
    let draft = Draft { count, ..draft };
    Ok((status, Page(OrderPage { frame, draft, reach: all, preview, wrong })).into_response())
}

async fn preview(
    app: &App,
    frame: &Frame,
    draft: &Draft,
    what: What,
    all: &Reach,
) -> Result<Preview, Problem> {
    let reach = match what {
        What::Erase => all.clone(),
        _ => reach(&app.store, frame.member.account, &draft.targets(frame)).await?,
    };
    let sample = sample(app, frame, draft, &what).await?;
    Ok(Preview { what, reach, sample })
}

/// All who match are others than the view has said.
fn moved(draft: &Draft, reach: &Reach, formats: Formats) -> Option<Wrong> {
    let count = draft.count.filter(|count| draft.all && *count != reach.matching)?;
    let (now, then) = (formats.of(reach.matching, "person", "people"), formats.count(count));
    let text = format!(
        "{now} match now, and not {then} as the page said. Nothing was done: go on if you mean them."
    );
    Some(Wrong(StatusCode::CONFLICT, text))
}

fn nobody(reach: &Reach) -> Option<Wrong> {
    (reach.people == 0).then(|| Wrong(StatusCode::UNPROCESSABLE_ENTITY, NOBODY.to_owned()))
}
