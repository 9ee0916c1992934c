//! Segments: filters that were saved under a name. They are always evaluated live.

mod ask;
pub mod show;
mod used;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;

use ask::Told;
use used::Use;

use crate::{
    http::{
        App, Code, Problem,
        extract::{Form, Path},
    },
    model::{Project, SegmentId, Slug, now},
    store::{
        View,
        segment::{self, Draft, Segment},
    },
    web::{
        customers::address::Address,
        frame::Frame,
        page::{Page, format, name::named},
        projects,
        session::Admin,
    },
};

/// So many names are tried for a copy.
const COPIES: usize = 100;

#[derive(Template)]
#[template(path = "segments/list.html")]
struct SegmentsPage {
    frame: Frame,
    rows: Vec<Row>,
    /// What took too long to be counted, or to be drawn.
    slow: Vec<String>,
}

/// A segment with what is told of it.
struct Row {
    segment: Segment,
    project: Option<Project>,
    /// Its page.
    link: String,
    /// Its customers, and the same as files.
    people: String,
    exports: [(&'static str, String); 2],
    /// Its filter in English.
    english: String,
    told: Told,
    /// The segments that name it.
    used: Vec<Use>,
}

/// `GET /segments`.
pub async fn list_segments(State(app): State<App>, frame: Frame) -> Result<impl IntoResponse, Problem> {
    let segments = segment::list(&app.store, &View::account(frame.member.account)).await?;
    let told = ask::told(&app, &frame, &segments).await?;
    let slow = segments.iter().zip(&told).filter(|(_, told)| told.is_slow);
    let slow = slow.map(|(segment, _)| segment.name.clone()).collect();
    let rows = segments.iter().zip(told).map(|(segment, told)| Row::new(&frame, segment, &segments, told));
    Ok(Page(SegmentsPage { rows: rows.collect(), slow, frame }))
}

impl Row {
    fn new(frame: &Frame, segment: &Segment, all: &[Segment], told: Told) -> Row {
        let address = address(frame, segment);
        Row {
            project: segment.project.and_then(|id| frame.project_of(id)).cloned(),
            link: link(segment, all),
            people: address.link(),
            exports: exports(&address),
            english: english(&segment.filter),
            told,
            used: used::of(segment, all),
            segment: segment.clone(),
        }
    }
}

/// The customers of a segment; of the demo, where there are no others.
fn address(frame: &Frame, segment: &Segment) -> Address {
    let project = segment.project.and_then(|id| frame.project_of(id));
    let project = project.map_or_else(String::new, |project| project.slug.to_string());
    // Named in a filter, a segment of the account is only of the projects that count.
    if segment.project.is_none() && frame.is_demo() {
        return Address { test: "1".to_owned(), ..Address::default() }.filtered(segment.filter.clone());
    }
    Address { project, ..Address::default() }.in_segment(&segment.slug)
}

/// Everything that is known of them, for a spreadsheet and for programs.
fn exports(address: &Address) -> [(&'static str, String); 2] {
    [("CSV", address.at("/customers/export.csv")), ("NDJSON", address.at("/customers/export.ndjson"))]
}

/// The page of a segment: by its slug where that means it and no other, else by its id.
fn link(segment: &Segment, all: &[Segment]) -> String {
    match all.iter().find(|other| other.slug == segment.slug) {
        Some(first) if first.id == segment.id => format!("/segments/{}", segment.slug),
        _ => format!("/segments/{}", segment.id),
    }
}

/// A filter in English.
fn english(text: &str) -> String {
    filter::parse(text).map_or_else(|_| text.to_owned(), |expr| format::capital(&filter::describe(&expr)))
}

/// What the form beside the filter sends.
#[derive(Deserialize)]
pub struct SegmentForm {
    name: String,
    filter: String,
    #[serde(default)]
    project: String,
}

/// `POST /segments`: saves the present filter.
pub async fn create_segment(
    State(app): State<App>,
    Admin(member): Admin,
    Form(form): Form<SegmentForm>,
) -> Result<Redirect, Problem> {
    let name = named(&form.name, "")?;
    let project = match form.project.as_str() {
        "" => None,
        slug => Some(projects::find(&app, member.account, slug).await?.id),
    };
    let draft = Draft { slug: slug(&name)?, name, filter: form.filter, project };
    let view = View::account(member.account);
    let made = segment::create(&app.store, &view, &draft, now()).await?;
    Ok(Redirect::to(&link(&made, &segment::list(&app.store, &view).await?)))
}

fn slug(name: &str) -> Result<Slug, Problem> {
    Slug::nearest(name).ok_or_else(|| {
        Problem::new(Code::InvalidFields, format!("No slug can be made of the name {name:?}."))
            .hint("Use a name with a letter from a to z, as in power users.")
    })
}

/// `POST /segments/{id}/copy`: the same filter under the next name that is free.
pub async fn copy_segment(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<SegmentId>,
) -> Result<Redirect, Problem> {
    let view = View::account(member.account);
    let all = segment::list(&app.store, &view).await?;
    let segment = all.iter().find(|segment| segment.id == id).ok_or_else(missing)?;
    let draft = copied(segment, &all)?;
    let made = segment::create(&app.store, &view, &draft, now()).await?;
    Ok(Redirect::to(&format!("/segments/{}", made.id)))
}

fn copied(segment: &Segment, all: &[Segment]) -> Result<Draft, Problem> {
    let names = (1..=COPIES).map(|n| match n {
        1 => format!("{} copy", segment.name),
        n => format!("{} copy {n}", segment.name),
    });
    for name in names {
        let slug = slug(&name)?;
        let is = |text: &str| text == name || text == slug.as_str();
        if !all.iter().any(|other| is(&other.name) || is(other.slug.as_str())) {
            return Ok(Draft { slug, name, filter: segment.filter.clone(), project: segment.project });
        }
    }
    Err(Problem::new(Code::Conflict, "There are very many copies of this segment already.")
        .hint("Rename or delete some of them."))
}

fn missing() -> Problem {
    Problem::new(Code::NotFound, "No such segment.")
}

/// `POST /segments/{id}/delete`: two projects may have one slug.
pub async fn delete_segment(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<SegmentId>,
) -> Result<Redirect, Problem> {
    segment::delete_by_id(&app.store, member.account, id).await?;
    Ok(Redirect::to("/segments"))
}
