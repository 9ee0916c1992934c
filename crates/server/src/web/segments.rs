//! Segments: filters that were saved under a name. They are always evaluated live.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;

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
        page::{Page, name::named},
        projects,
        session::Admin,
    },
};

#[derive(Template)]
#[template(path = "segments/list.html")]
struct SegmentsPage {
    frame: Frame,
    segments: Vec<Segment>,
}

impl SegmentsPage {
    fn project(&self, segment: &Segment) -> Option<&Project> {
        self.frame.project_of(segment.project?)
    }

    /// The customers of a segment.
    fn link(&self, segment: &Segment) -> String {
        let project = self.project(segment).map_or_else(String::new, |project| project.slug.to_string());
        let filter = format!("in segment {}", serde_json::Value::from(segment.slug.as_str()));
        Address { project, ..Address::default() }.filtered(filter).link()
    }
}

/// `GET /segments`.
pub async fn list_segments(State(app): State<App>, frame: Frame) -> Result<impl IntoResponse, Problem> {
    let segments = segment::list(&app.store, &View::account(frame.member.account)).await?;
    Ok(Page(SegmentsPage { frame, segments }))
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
    let slug = Slug::nearest(&name).ok_or_else(|| {
        Problem::new(Code::InvalidFields, format!("No slug can be made of the name {name:?}."))
            .hint("Use a name with a letter from a to z, as in power users.")
    })?;
    let project = match form.project.as_str() {
        "" => None,
        slug => Some(projects::find(&app, member.account, slug).await?.id),
    };
    let draft = Draft { slug, name, filter: form.filter, project };
    segment::create(&app.store, &View::account(member.account), &draft, now()).await?;
    Ok(Redirect::to("/segments"))
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
