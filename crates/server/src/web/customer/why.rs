//! Why somebody is among the people of a filter, or is not: each of its parts with what the person has, and whether it is true.

mod parts;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use parts::{Part, parts};
use serde::Deserialize;

use super::day::{Day, Known};
use crate::{
    http::{
        App, Problem,
        extract::{Path, Query},
    },
    model::{CustomerId, Project, ProjectId},
    store::{
        View,
        customer::{self, Person},
        query::{Relationship, why},
        segment::{self, Segment},
    },
    web::{
        customers::{address::Address, table::cell},
        frame::Frame,
        page::{Page, value::Shown},
    },
};

#[derive(Template)]
#[template(path = "customer/why.html")]
struct WhyPage {
    frame: Frame,
    /// The day that it is asked of.
    day: Day,
    person: Person,
    /// The filter as it was typed, then in its strict form.
    typed: String,
    filter: String,
    /// The project that it is about; nothing where it is about all.
    project: Option<Project>,
    columns: Vec<Project>,
    lines: Vec<Line>,
    /// Whether there are more parts than are asked.
    cut: bool,
    wrong: Option<String>,
}

/// A part of the filter, and what it comes to in each column.
struct Line {
    part: Part,
    cells: Vec<Option<Cell>>,
}

/// What a part comes to in a project.
struct Cell {
    holds: bool,
    /// What the person has there.
    value: Vec<Shown>,
}

/// Which filter.
#[derive(Deserialize)]
pub struct WhyForm {
    #[serde(default)]
    filter: String,
    #[serde(default)]
    project: String,
    /// The day of the past that it is asked of.
    #[serde(default)]
    as_of: String,
}

/// `GET /customers/{who}/why`.
pub async fn show_why(
    State(app): State<App>,
    frame: Frame,
    Path(who): Path<String>,
    Query(form): Query<WhyForm>,
) -> Result<Response, Problem> {
    let view = View::account(frame.member.account);
    let id = customer::find(&app.store, &view, &who).await?;
    let day = Day::read(&form.as_of, frame.today())?;
    let Known { person, untold, .. } = day.known(&app, &view, id).await?;
    let (expr, wrong) = match filter::parse(&form.filter) {
        Ok(expr) => (expr, None),
        Err(error) => (filter::Expr::new(None), Some(error.to_string())),
    };
    let parts = parts(&expr);
    let texts: Vec<String> = parts.iter().map(|part| part.filter.clone()).collect();
    let truths = why::truths(&app.store, &view, id, &texts, day.asked().as_deref()).await?;
    Ok(WhyPage::of((frame, day), person, form, (&expr, wrong.or(untold)), parts, &truths).respond())
}

impl WhyPage {
    fn of(
        (frame, day): (Frame, Day),
        person: Person,
        form: WhyForm,
        (expr, wrong): (&filter::Expr, Option<String>),
        parts: Vec<Part>,
        truths: &[(ProjectId, Vec<bool>)],
    ) -> WhyPage {
        let cut = parts.len() > why::ASKED_MAX;
        let project = frame.project(&form.project).cloned();
        let lines = lines(&frame, &person, project.as_ref(), parts, truths);
        let columns = columns(&frame, &person, project.as_ref()).map(|(project, _)| project).collect();
        let (typed, filter) = (form.filter, expr.to_string());
        let frame = frame.about(person.projects());
        WhyPage { frame, day, person, typed, filter, project, columns, lines, cut, wrong }
    }

    /// The person's page, now or on the day.
    fn of_person(&self) -> String {
        self.day.at(&format!("/customers/{}", self.person.id))
    }

    /// The same question of now.
    fn of_now(&self) -> String {
        let project = self.project.as_ref().map(|project| project.slug.to_string()).unwrap_or_default();
        let asked = Address { project, filter: self.filter.clone(), ..Address::default() };
        asked.at(&format!("/customers/{}/why", self.person.id))
    }

    fn respond(self) -> Response {
        let status = if self.wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        (status, Page(self)).into_response()
    }
}

/// The projects of the person that the filter is about, with what each knows.
fn columns<'a>(
    frame: &'a Frame,
    person: &'a Person,
    only: Option<&'a Project>,
) -> impl Iterator<Item = (Project, &'a Relationship)> {
    let known = person.relationships.iter();
    let known = known.filter_map(|one| Some((frame.project_of(one.project)?.clone(), one)));
    known.filter(move |(project, _)| only.is_none_or(|only| only.id == project.id))
}

fn lines(
    frame: &Frame,
    person: &Person,
    only: Option<&Project>,
    parts: Vec<Part>,
    truths: &[(ProjectId, Vec<bool>)],
) -> Vec<Line> {
    let account = &frame.account;
    let cell = |place: usize, part: &Part, project: &Project, known: &Relationship| {
        // What is asked of another project is told in its column.
        if part.project.as_ref().is_some_and(|slug| *slug != project.slug.as_str()) {
            return None;
        }
        let (_, holds) = truths.iter().find(|(id, _)| *id == project.id)?;
        let value =
            part.field.as_ref().map(|field| cell(&person.email, std::slice::from_ref(known), field, account));
        Some(Cell { holds: *holds.get(place)?, value: value.unwrap_or_default() })
    };
    let line = |(place, part): (usize, Part)| {
        let cells = columns(frame, person, only);
        Line { cells: cells.map(|(project, known)| cell(place, &part, &project, known)).collect(), part }
    };
    parts.into_iter().take(why::ASKED_MAX).enumerate().map(line).collect()
}

/// A segment that somebody is in.
pub(super) struct In {
    pub(super) name: String,
    pub(super) filter: String,
    /// The slug of the project that it speaks of; empty where it speaks of all.
    pub(super) project: String,
    /// Everybody in it.
    pub(super) link: String,
}

/// The segments that somebody is in, or was by what they mean today, of the first that can be asked at once; and whether there are more.
pub(super) async fn segments(
    app: &App,
    view: &View,
    id: CustomerId,
    day: Day,
) -> Result<(Vec<In>, bool), Problem> {
    let all = segment::list(&app.store, view).await?;
    let filters: Vec<String> = all.iter().map(|segment| segment.filter.clone()).collect();
    let truths = why::truths(&app.store, view, id, &filters, day.asked().as_deref()).await?;
    let more = all.len() > why::ASKED_MAX;
    let asked = all.into_iter().take(why::ASKED_MAX).enumerate();
    let found = asked.filter(|(place, segment)| is_in(segment, *place, &truths));
    Ok((found.map(|(_, segment)| In::of(segment, day)).collect(), more))
}

/// Whether the segment at a place has the person in one of the projects that it speaks of.
fn is_in(segment: &Segment, place: usize, truths: &[(ProjectId, Vec<bool>)]) -> bool {
    let told = |project: ProjectId| segment.project.is_none_or(|own| own == project);
    truths.iter().any(|(project, holds)| told(*project) && holds.get(place) == Some(&true))
}

impl In {
    fn of(segment: Segment, day: Day) -> In {
        let project = segment.project_slug.unwrap_or_default();
        let link = day.customers(&project).in_segment(&segment.slug).link();
        In { name: segment.name, filter: segment.filter, project, link }
    }
}
