//! The page of a segment: its people, what their number was, where it is used, and what a change of it would change.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use index::{Part, Question};
use serde::Deserialize;

use super::{Row, address, ask, english, link, missing, used};
use crate::{
    http::{
        App, Code, Problem,
        extract::{Form, Path, Query as UrlQuery},
    },
    model::{Formats, SegmentId, now},
    store::{
        View,
        query::{Error, Point, Query},
        segment::{self, Draft, Segment},
    },
    web::{
        customers::{address::Address, filter_box::FilterBox},
        frame::Frame,
        insights::chart::{self, Axis, Lines},
        page::{Page, name::named},
        session::Admin,
    },
};

/// How long it may be counted what a change would change.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

#[derive(Template)]
#[template(path = "segments/show.html")]
struct SegmentPage {
    frame: Frame,
    row: Row,
    chart: Option<Lines>,
    /// The name in the form.
    name: String,
    filter: FilterBox,
    preview: Option<Preview>,
    /// The page's whole address, to be handed on.
    share: String,
}

/// What would change if the form were saved.
struct Preview {
    /// The filter in its strict form.
    filter: String,
    english: String,
    /// How many there would be.
    count: u64,
    enter: Side,
    leave: Side,
    /// Whether anything would.
    is_same: bool,
}

/// Some people, and the link to them.
struct Side {
    count: u64,
    link: String,
}

/// What the form of the page says, before it is saved.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct EditIn {
    name: Option<String>,
    filter: Option<String>,
}

/// `GET /segments/{id}`: of a slug, or an id.
pub async fn show_segment(
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<String>,
    UrlQuery(edit): UrlQuery<EditIn>,
) -> Result<impl IntoResponse, Problem> {
    let all = segment::list(&app.store, &View::account(frame.member.account)).await?;
    let is = |segment: &&Segment| segment.slug.as_str() == id || segment.id.to_string() == id;
    let segment = all.iter().find(is).ok_or_else(missing)?;
    let told = ask::told(&app, &frame, std::slice::from_ref(segment)).await?.swap_remove(0);
    let row = Row::new(&frame, segment, &all, told);
    let (filter, preview) = edited(&app, &frame, segment, &edit).await?;
    let share = format!("{}{}", app.config.public_url(), row.link);
    let chart = drawn(segment, &row.told.points, frame.formats());
    let name = edit.name.unwrap_or_else(|| segment.name.clone());
    Ok(Page(SegmentPage { frame, row, chart, name, filter, preview, share }))
}

/// The filter's box, and what would change; nothing would where the form says nothing.
async fn edited(
    app: &App,
    frame: &Frame,
    segment: &Segment,
    edit: &EditIn,
) -> Result<(FilterBox, Option<Preview>), Problem> {
    let text = edit.filter.clone().unwrap_or_else(|| segment.filter.clone());
    let of = Address { filter: text.clone(), ..address(frame, segment) };
    let boxed = |error: Option<&filter::Error>| {
        FilterBox::of(&of, error, &|filter| {
            Address::default().filtered(filter).at(&format!("/segments/{}", segment.id))
        })
    };
    if edit.filter.is_none() && edit.name.is_none() {
        return Ok((boxed(None), None));
    }
    match preview(app, frame, segment, &text).await {
        Ok(preview) => Ok((boxed(None), Some(preview))),
        Err(Error::Filter(error)) => Ok((boxed(Some(&error)), None)),
        Err(other) => Err(other.into()),
    }
}

/// Who would enter and who would leave: those whom the new filter lists and the old one does not, and the other way round.
async fn preview(app: &App, frame: &Frame, segment: &Segment, text: &str) -> Result<Preview, Error> {
    let new = filter::parse(text)?.to_string();
    let old = segment.filter.as_str();
    let of = address(frame, segment);
    let filters = [Some(new.clone()), but(&new, old), but(old, &new)];
    let count = Question { select: vec![Part::Count], ..Question::default() };
    let query = |filter: &String| Query {
        filter: filter.clone(),
        rows: of.rows(),
        question: count.clone(),
        ..Query::default()
    };
    let queries: Vec<Query> = filters.iter().flatten().map(query).collect();
    let view = View::account(frame.member.account);
    let together = app.together(&view, &queries, &[], PATIENCE).await?;
    let mut answers = together.answers.into_iter();
    let mut sides = Vec::with_capacity(filters.len());
    for filter in filters {
        let Some(filter) = filter else {
            sides.push(Side { count: 0, link: String::new() });
            continue;
        };
        let answer = answers.next().ok_or(Error::TooSlow)??;
        let count = answer.count.unwrap_or_default().customers;
        sides.push(Side { count, link: of.filtered(filter).link() });
    }
    let is_same = new == old;
    let [whole, enter, leave] = <[Side; 3]>::try_from(sides).map_err(|_| Error::TooSlow)?;
    Ok(Preview { english: english(&new), filter: new, count: whole.count, enter, leave, is_same })
}

/// Those of one filter who are not of another; none where that is of everybody.
fn but(filter: &str, other: &str) -> Option<String> {
    match (filter, other) {
        (_, "") => None,
        ("", other) => Some(format!("not ({other})")),
        (filter, other) => Some(format!("({filter}) and not ({other})")),
    }
    .map(|text| filter::parse(&text).map_or(text, |expr| expr.to_string()))
}

/// The last ninety days as a drawing.
fn drawn(segment: &Segment, points: &[Point], formats: Formats) -> Option<Lines> {
    let most = points.iter().map(|point| point.count.customers).max()?;
    let axis = Axis::of(0.0, (most as f64).max(4.0), 4);
    let point = |(place, point): (usize, &Point)| chart::Point {
        x: chart::middle(place, points.len()),
        y: axis.y(point.count.customers as f64),
        title: format!("{}: {}", formats.date(point.to), formats.count(point.count.customers)),
        link: String::new(),
    };
    let line = points.iter().enumerate().map(point).collect();
    let every = chart::every(points.len(), 8);
    let label = |(place, point): (usize, &Point)| match place % every {
        0 => formats.short(point.to),
        _ => String::new(),
    };
    Some(Lines {
        marks: axis.marks().into_iter().map(|mark| formats.group(&mark.to_string())).collect(),
        grid: axis.grid(),
        labels: points.iter().enumerate().map(label).collect(),
        band: String::new(),
        lines: vec![chart::Line::through(segment.name.clone(), "violet", line)],
    })
}

/// What the form sends when it is saved.
#[derive(Deserialize)]
pub struct UpdateForm {
    name: String,
    filter: String,
    /// The filter that it takes the place of.
    seen: String,
}

/// A filter that names a segment by its name would not find it any more.
fn refuse_renaming(segment: &Segment, all: &[Segment]) -> Result<(), Problem> {
    let others: Vec<String> = used::by_name(segment, all).into_iter().map(|other| other.name).collect();
    if others.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "{} says in segment {:?}: under another name it would not find it.",
        others.join(", "),
        segment.name
    );
    let hint = format!("Write in segment {} there first, or keep the name.", segment.slug);
    Err(Problem::new(Code::Conflict, detail).hint(hint))
}

/// `POST /segments/{id}`: changes its name and its filter.
pub async fn update_segment(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<SegmentId>,
    Form(form): Form<UpdateForm>,
) -> Result<Redirect, Problem> {
    let view = View::account(member.account);
    let all = segment::list(&app.store, &view).await?;
    let old = all.iter().find(|segment| segment.id == id).ok_or_else(missing)?;
    let name = named(&form.name, "")?;
    if name.is_empty() {
        return Err(Problem::new(Code::InvalidFields, "A segment has a name."));
    }
    if name != old.name {
        refuse_renaming(old, &all)?;
    }
    let draft = Draft { slug: old.slug.clone(), name, filter: form.filter, project: old.project };
    segment::update_by_id(&app.store, member.account, id, (&draft, &form.seen), now()).await?;
    Ok(Redirect::to(&link(old, &all)))
}
