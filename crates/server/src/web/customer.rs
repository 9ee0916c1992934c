//! One person: all projects side by side, their params as a typed tree, their days, and every change.

pub mod correct;
pub mod merge;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use filter::{Field, Path as ParamPath, calendar::day_of};
use index::Datum;
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    address::Address,
    calendar::Calendar,
    frame::Frame,
    narrow,
    page::Page,
    session::{Admin, SignedIn},
    value::Shown,
};
use crate::{
    http::{
        App, Problem,
        extract::{Path, Query as UrlQuery},
        person,
    },
    model::{CustomerId, DatedBy, Kept, Project, Sides, Source, now},
    store::{
        View,
        customer::{self, Entry, Person, RefusedKey, Timeline},
        erase,
        query::Relationship,
        write::{self, Undo},
    },
};

/// Changes on a page.
const CHANGES: usize = 50;
/// Lines of a project's params; the file has the others.
const LINES: usize = 500;
/// Keys of one change.
const DIFFS: usize = 50;
/// The longest text that everybody with the same value is asked for by: longer ones are no link.
const LINK_MAX: usize = 256;

#[derive(Template)]
#[template(path = "customer/page.html")]
struct CustomerPage {
    frame: Frame,
    person: Person,
    aliases: Vec<Alias>,
    cards: Vec<Card>,
    changes: Vec<ChangeView>,
    /// What has just been done.
    done: Option<&'static str>,
    /// Where the older changes are.
    older: Option<String>,
}

/// Another address of the person.
struct Alias {
    email: String,
    /// Whether the merge that made it one can be undone.
    can_undo: bool,
    /// Until when, or why not.
    undo: String,
}

/// A project of the person.
struct Card {
    project: Project,
    relationship: Relationship,
    tree: Vec<Branch>,
    /// How many lines are not shown, and the file that has all of them.
    more: usize,
    whole: String,
    /// What browsers tried to set in vain.
    refused: Vec<RefusedKey>,
    calendar: Calendar,
}

/// A line of the tree of params.
struct Branch {
    key: String,
    depth: usize,
    /// The value; nothing where the members follow.
    leaf: Option<Shown>,
    /// Everybody who has the same value there; empty where no filter can say it.
    link: String,
}

/// What one call altered.
struct ChangeView {
    at: Timestamp,
    clock: String,
    project: Option<Project>,
    source: String,
    /// What is to be said of its date.
    dated: &'static str,
    diffs: Vec<Diff>,
    /// How many other keys it altered.
    more: usize,
    stale: String,
}

/// A key before and after; nothing is a key that was missing.
struct Diff {
    key: String,
    before: Option<Shown>,
    after: Option<Shown>,
}

/// What the page is asked for.
#[derive(Default, Deserialize)]
pub struct Asked {
    /// The place in the timeline of the change that was shown last.
    #[serde(default)]
    before: String,
    /// What has just been done.
    #[serde(default)]
    done: String,
}

/// What a member has just done to the person. The page's address names it, and the page says it in words of its own.
#[derive(Clone, Copy)]
enum Done {
    Merged,
    Undone,
    Corrected,
}

impl Done {
    const ALL: [Done; 3] = [Done::Merged, Done::Undone, Done::Corrected];

    /// Its name in the address, and what the page says.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Done::Merged => ("merged", "The two are one customer now."),
            Done::Undone => ("undone", "They are two customers again, each as they were."),
            Done::Corrected => ("corrected", "The dates are corrected."),
        }
    }

    fn said(name: &str) -> Option<&'static str> {
        Done::ALL.into_iter().map(Done::words).find(|(own, _)| *own == name).map(|(_, said)| said)
    }

    /// To the page, which says it.
    fn redirect(self, customer: CustomerId) -> Redirect {
        Redirect::to(&format!("/customers/{customer}?done={}", self.words().0))
    }
}

/// `GET /customers/{id, e-mail or user_id}`.
pub async fn show_customer(
    State(app): State<App>,
    frame: Frame,
    Path(who): Path<String>,
    UrlQuery(asked): UrlQuery<Asked>,
) -> Result<impl IntoResponse, Problem> {
    let view = View::account(frame.member.account);
    let id = customer::find(&app.store, &view, &who).await?;
    let person = customer::load(&app.store, &view, id).await?;
    let timeline = customer::timeline(&app.store, &view, id, asked.before.parse().ok(), CHANGES).await?;
    let refused = customer::refused(&app.store, &view, id).await?;
    let undos = write::undoable(&app.store, view.account, id).await?;
    let page = page(frame, person, &timeline, &refused, &undos);
    Ok(Page(CustomerPage { done: Done::said(&asked.done), ..page }))
}

fn page(
    frame: Frame,
    person: Person,
    Timeline { changes, next }: &Timeline,
    refused: &[RefusedKey],
    undos: &[Undo],
) -> CustomerPage {
    let zone = &frame.account.zone;
    let cards = cards(&frame, &person, refused);
    let alias = |email: &String| {
        let undo = undos.iter().find(|undo| undo.other == *email);
        let can_undo = undo.is_some_and(|undo| undo.untouched);
        Alias { email: email.clone(), can_undo, undo: Undo::sentence(undo, zone) }
    };
    let aliases = person.aliases.iter().map(alias).collect();
    let older = next.map(|place| format!("/customers/{}?before={place}", person.id));
    let changes = changes.iter().map(|entry| change_view(&frame, zone, entry)).collect();
    CustomerPage { done: None, frame, person, aliases, cards, changes, older }
}

fn cards(frame: &Frame, person: &Person, refused: &[RefusedKey]) -> Vec<Card> {
    let today = day_of(now(), &frame.account.zone);
    let relationships = person.relationships.iter().zip(&person.activity);
    let card = |(relationship, days): (&Relationship, &Vec<jiff::civil::Date>)| {
        let project = find(frame, relationship.project)?.clone();
        let (tree, more) = tree(&project, &relationship.params);
        let whole = whole(&project, &person.email);
        let own = refused.iter().filter(|key| key.project == project.id).cloned().collect();
        let calendar = Calendar::of(days, today);
        Some(Card { tree, more, whole, project, relationship: relationship.clone(), refused: own, calendar })
    };
    relationships.filter_map(card).collect()
}

fn find(frame: &Frame, id: crate::model::ProjectId) -> Option<&Project> {
    frame.projects.iter().map(|(project, _)| project).find(|project| project.id == id)
}

/// The file with the relationship of the person as it is stored.
fn whole(project: &Project, email: &str) -> String {
    let condition = narrow::condition(&Field::Email, &Datum::String(email.to_owned()), false);
    let address = Address { project: project.slug.to_string(), ..Address::default() };
    address.filtered(condition.unwrap_or_default()).at("/customers/export.ndjson")
}

/// The params as lines, the members of an object below it: so many, and how many more there are.
fn tree(project: &Project, params: &Map<String, Value>) -> (Vec<Branch>, usize) {
    let (mut lines, mut more) = (Vec::new(), 0);
    grow(project, &mut Vec::new(), params, &mut |line| match lines.len() < LINES {
        true => lines.push(line()),
        false => more += 1,
    });
    (lines, more)
}

/// Puts the lines of an object, each made only where it is shown.
fn grow(
    project: &Project,
    keys: &mut Vec<String>,
    members: &Map<String, Value>,
    put: &mut impl FnMut(&dyn Fn() -> Branch),
) {
    for (key, value) in members {
        keys.push(key.clone());
        let depth = keys.len() - 1;
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                put(&|| Branch { key: key.clone(), depth, leaf: None, link: String::new() });
                grow(project, keys, inner, put);
            }
            other => put(&|| {
                let link = same(project, keys, other);
                Branch { key: key.clone(), depth, leaf: Some(Shown::leaf(other)), link }
            }),
        }
        keys.pop();
    }
}

/// Everybody in the project who has the same value at the same place.
fn same(project: &Project, keys: &[String], value: &Value) -> String {
    if value.as_str().is_some_and(|text| text.len() > LINK_MAX) {
        return String::new();
    }
    let field = ParamPath::new(keys.to_vec()).map(Field::Params);
    let condition = field.and_then(|field| narrow::condition(&field, &Datum::of(value), false));
    let address = Address { project: project.slug.to_string(), ..Address::default() };
    condition.map_or_else(String::new, |condition| address.filtered(condition).link())
}

fn change_view(frame: &Frame, zone: &TimeZone, entry: &Entry) -> ChangeView {
    let Entry { change, source, .. } = entry;
    let (fields, params) = (&change.fields, &change.params);
    let fields = fields.iter().map(|(name, sides)| diff(name, sides));
    ChangeView {
        at: change.at,
        clock: change.at.to_zoned(zone.clone()).strftime("%-d %b %Y, %H:%M").to_string(),
        project: find(frame, entry.place.project).cloned(),
        source: match source {
            Source::Secret(_) => "an API key".to_owned(),
            Source::Publishable(_) => "a browser".to_owned(),
            Source::Member(_) => "a member".to_owned(),
            Source::Import(_) => "an import".to_owned(),
            Source::Connector(_) => source.name().unwrap_or("a connector").to_owned(),
        },
        dated: match change.dated_by {
            _ if entry.inferred => "reconstructed by an upgrade",
            DatedBy::FirstSeen => "dated by first_seen",
            DatedBy::Caller | DatedBy::Receipt => "",
        },
        diffs: fields.chain(params.iter().map(|(key, sides)| diff(key, sides)).take(DIFFS)).collect(),
        more: params.len().saturating_sub(DIFFS),
        stale: change.stale.iter().take(DIFFS).map(String::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn diff(key: &str, sides: &Sides) -> Diff {
    let shown = |side: &Option<Kept>| side.as_ref().map(Shown::kept);
    Diff { key: key.to_owned(), before: shown(&sides.before), after: shown(&sides.after) }
}

/// `GET /customers/{id, e-mail or user_id}/export`: all that is held of the person, as a file.
pub async fn export_customer(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    Path(who): Path<String>,
) -> Result<Response, Problem> {
    person::respond(&app, &View::account(member.account), &who).await
}

/// `POST /customers/{id}/erase`: the person disappears from every project.
pub async fn erase_customer(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<CustomerId>,
) -> Result<Redirect, Problem> {
    erase::customer(&app.store, member.account, id).await?;
    Ok(Redirect::to("/"))
}
