//! Two customers who are one person: what merging them comes to, then the merge, and its undoing.

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{Done, timeline::Diff};
use crate::{
    http::{
        App, Code, Problem,
        extract::{Form, Path, Query},
    },
    model::{CustomerId, Email, Formats, Project, Relationship, Source},
    store::{
        self, View,
        customer::{self, Person},
        write::{self, Difference, Merge},
    },
    web::{
        frame::Frame,
        page::{Page, format, value::Shown},
        session::Admin,
    },
};

#[derive(Template)]
#[template(path = "customer/merge.html")]
struct MergePage {
    frame: Frame,
    person: Person,
    /// The other address, as it was written.
    other: String,
    preview: Option<Preview>,
    wrong: Option<String>,
}

/// What the merge comes to.
struct Preview {
    sentence: String,
    /// The address that becomes an alias.
    alias: String,
    /// Whose it is.
    other: CustomerId,
    cards: Vec<Card>,
    /// The projects where nothing changes.
    stay: Vec<Project>,
}

/// A project in which the other is.
struct Card {
    project: Project,
    what: &'static str,
    row: Relationship,
    /// What the other's values alter.
    diffs: Vec<Diff>,
    /// Whether both are in it.
    both: bool,
}

/// What the forms send: the other address.
#[derive(Default, Deserialize)]
pub struct MergeForm {
    #[serde(default)]
    other: String,
}

/// `GET /customers/{id}/merge`: asks for the other address, and shows what the merge with it comes to.
pub async fn show_merge(
    State(app): State<App>,
    Admin(_): Admin,
    frame: Frame,
    Path(id): Path<CustomerId>,
    Query(form): Query<MergeForm>,
) -> Result<Response, Problem> {
    merge_page(&app, frame, id, form).await
}

/// `POST /customers/{id}/merge`: the other becomes one with this customer.
pub async fn merge(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Path(id): Path<CustomerId>,
    Form(form): Form<MergeForm>,
) -> Result<Response, Problem> {
    let (store, account) = (&app.store, member.account);
    let merged = async {
        let other = customer::other_at(store, account, id, &form.other).await?;
        write::merge_customers(store, account, id, other, Source::Member(member.id)).await
    };
    match merged.await {
        Ok(_) => Ok(Done::Merged.redirect(id).into_response()),
        Err(store::Error::Conflict(_)) => merge_page(&app, frame, id, form).await,
        Err(error) => Err(error.into()),
    }
}

/// `POST /customers/{id}/unmerge`: the customer and one of the aliases are two again.
pub async fn unmerge(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<CustomerId>,
    Form(form): Form<MergeForm>,
) -> Result<Redirect, Problem> {
    let person = customer::load(&app.store, &View::account(member.account), id).await?;
    // As it is stored; else in any form.
    let forms = Email::parse(&form.other).map(|email| email.forms()).unwrap_or_default();
    let mut meant = [form.other.clone()].into_iter().chain(forms);
    let alias = meant.find(|address| person.aliases.contains(address)).ok_or_else(|| {
        Problem::new(Code::NotFound, format!("{:?} is no alias of {}.", form.other, person.email))
    })?;
    write::undo_merge(&app.store, member.account, &alias).await?;
    Ok(Done::Undone.redirect(id))
}

async fn merge_page(app: &App, frame: Frame, id: CustomerId, form: MergeForm) -> Result<Response, Problem> {
    let person = customer::load(&app.store, &View::account(frame.member.account), id).await?;
    let (preview, wrong) = match preview(app, &frame, &person, &form.other).await? {
        Ok(preview) => (preview, None),
        Err(wrong) => (None, Some(wrong)),
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = frame.about(person.projects());
    let page = MergePage { frame, person, other: form.other, preview, wrong };
    Ok((status, Page(page)).into_response())
}

/// What the merge would be, once an address is given; or why there can be none.
async fn preview(
    app: &App,
    frame: &Frame,
    person: &Person,
    other: &str,
) -> Result<Result<Option<Preview>, String>, Problem> {
    if other.trim().is_empty() {
        return Ok(Ok(None));
    }
    let (store, account) = (&app.store, frame.member.account);
    let previewed = async {
        let other = customer::other_at(store, account, person.id, other).await?;
        Ok((write::preview_merge(store, account, person.id, other).await?, other))
    };
    match previewed.await {
        Ok((merge, other)) => Ok(Ok(Some(Preview::of(frame, person, merge, other)))),
        Err(store::Error::Conflict(detail)) => Ok(Err(format::sentence(&detail))),
        Err(error) => Err(error.into()),
    }
}

impl Preview {
    fn of(frame: &Frame, person: &Person, merge: Merge, other: CustomerId) -> Preview {
        let sentence = merge.sentence();
        let touched: Vec<_> = merge.parts.iter().map(|part| part.project).collect();
        let stay = person.relationships.iter().map(|relationship| relationship.project);
        let stay = stay.filter(|project| !touched.contains(project));
        let stay = stay.filter_map(|project| frame.project_of(project).cloned()).collect();
        let card = |part: write::Part| {
            let (project, what, both) = (frame.project_of(part.project)?.clone(), part.what(), part.both);
            let diffs = part.of_other.iter().map(|of| diff(of, frame.formats())).collect();
            Some(Card { project, what, row: part.row, diffs, both })
        };
        let cards = merge.parts.into_iter().filter_map(card).collect();
        Preview { sentence, alias: merge.other, other, cards, stay }
    }
}

fn diff(Difference { name, before, after }: &Difference, formats: Formats) -> Diff {
    let shown = |side: &Option<serde_json::Value>| side.as_ref().map(|value| Shown::cell(value, formats));
    Diff { key: name.clone(), before: shown(before), after: shown(after) }
}
