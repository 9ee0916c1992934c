//! One person: all projects side by side, their params as a typed tree, their days, and every change.

mod calendar;
mod chosen;
pub mod correct;
mod day;
pub mod edit;
pub mod merge;
pub mod notes;
pub mod peek;
pub mod readdress;
mod timeline;
mod tree;
pub mod undo;
pub mod whole;
pub mod why;
mod written;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use calendar::Calendar;
use chosen::Chosen;
use day::{Day, Known};
use filter::{Field, calendar::day_of};
use index::Datum;
use serde::Deserialize;
use timeline::{ChangeView, change_view};
use tree::{Branch, tree};
use undo::{Edited, edited};
use why::In;

use crate::{
    http::{
        App, Problem,
        extract::{Path, Query as UrlQuery},
        person,
    },
    model::{CustomerId, Project, ProjectId},
    store::{
        Account, View,
        author::authors,
        customer::{self, CHANGES, Person, Place, RefusedKey, Timeline},
        erase,
        note::{self, Note},
        query::Relationship,
        write::{self, Undo},
    },
    web::{
        customers::{address::Address, narrow},
        frame::Frame,
        page::Page,
        session::{Admin, SignedIn},
    },
};

#[derive(Template)]
#[template(path = "customer/page.html")]
struct CustomerPage {
    frame: Frame,
    /// The day that is looked at.
    day: Day,
    /// Why nothing is known of it.
    untold: Option<String>,
    person: Person,
    /// The projects that did not know them yet.
    strangers: Vec<Project>,
    aliases: Vec<Alias>,
    cards: Vec<Card>,
    notes: Vec<Note>,
    /// The segments that they are in, and whether more were not asked.
    segments: (Vec<In>, bool),
    changes: Vec<ChangeView>,
    /// Which part of the history it is.
    chosen: Chosen,
    /// What has just been done.
    done: Option<&'static str>,
    /// What the member has just edited.
    edited: Option<Edited>,
    /// What could not be done.
    wrong: Option<&'static str>,
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
    /// Everybody in it.
    all: String,
    /// Where its values are edited.
    edit: String,
    tree: Vec<Branch>,
    /// How many lines are not shown, and the file that has all of them.
    more: usize,
    whole: String,
    /// What browsers tried to set in vain.
    refused: Vec<RefusedKey>,
    calendar: Calendar,
    /// The half year before it.
    before: Option<Calendar>,
}

/// What the page is asked for.
#[derive(Default, Deserialize)]
pub struct Asked {
    /// Which part of the timeline.
    cursor: Option<String>,
    /// What has just been done.
    #[serde(default)]
    done: String,
    /// Of an edit: in which project, and with which version.
    #[serde(default)]
    project: String,
    version: Option<i64>,
    /// The day of the past that is looked at.
    #[serde(default)]
    as_of: String,
    /// Which part of the history.
    #[serde(flatten)]
    chosen: Chosen,
}

/// What a member has just done to the person. The page's address names it, and the page says it in words of its own.
#[derive(Clone, Copy)]
enum Done {
    Merged,
    Undone,
    Corrected,
    Same,
    Moved,
}

impl Done {
    const ALL: [Done; 5] = [Done::Merged, Done::Undone, Done::Corrected, Done::Same, Done::Moved];

    /// Its name in the address, and what the page says.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Done::Merged => ("merged", "The two are one customer now."),
            Done::Undone => ("undone", "They are two customers again, each as they were."),
            Done::Corrected => ("corrected", "The dates are corrected."),
            Done::Same => ("same", "It was so already: nothing has changed."),
            Done::Moved => ("moved", "This is their e-mail now."),
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
    let page = customer_page(&app, frame, id, asked).await?;
    let status = if page.untold.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, Page(page)))
}

/// All that the page of a customer shows.
async fn customer_page(
    app: &App,
    frame: Frame,
    id: CustomerId,
    asked: Asked,
) -> Result<CustomerPage, Problem> {
    let view = View::account(frame.member.account);
    let day = Day::read(&asked.as_of, frame.today())?;
    let known = day.known(app, &view, id).await?;
    let frame = frame.about(known.person.projects());
    let Timeline { changes, next } = history(app, &view, (&frame, id), &asked, &known).await?;
    let authors = authors(&app.store, view.account, changes.iter().map(|entry| entry.source)).await?;
    // Nobody notes when a key was refused but the last time.
    let refused = if day.is_past() { Vec::new() } else { customer::refused(&app.store, &view, id).await? };
    let undos = write::undoable(&app.store, view.account, id).await?;
    let zone = &frame.account.zone;
    let alias = |email: &String| Alias::of(email, &undos, &frame.account);
    let is_told = |note: &Note| known.moment.is_none_or(|moment| note.at <= moment);
    let notes = note::list(&app.store, view.account, id).await?.into_iter().filter(is_told);
    let person = &known.person;
    Ok(CustomerPage {
        aliases: person.aliases.iter().map(alias).collect(),
        segments: why::segments(app, &view, id, day).await?,
        notes: if known.untold.is_some() { Vec::new() } else { notes.collect() },
        cards: cards(&frame, person, &refused, day),
        strangers: strangers(app, &frame, &view, &known).await?,
        changes: changes.iter().map(|entry| change_view(&frame, zone, &authors, entry)).collect(),
        done: Done::said(&asked.done),
        edited: edited(app, &frame, id, &asked).await?,
        wrong: None,
        older: next.map(|cursor| asked.chosen.link(id, &cursor.to_string(), day)),
        chosen: asked.chosen,
        day,
        untold: known.untold,
        person: known.person,
        frame,
    })
}

/// The history that is asked for, up to the day that is looked at.
async fn history(
    app: &App,
    view: &View,
    (frame, id): (&Frame, CustomerId),
    asked: &Asked,
    known: &Known,
) -> Result<Timeline, Problem> {
    if known.untold.is_some() {
        return Ok(Timeline { changes: Vec::new(), next: None });
    }
    let cursor = asked.cursor.as_deref().map(str::parse).transpose()?;
    let end = known.moment.map(Place::until);
    let from = cursor.into_iter().chain(end).reduce(Place::earlier);
    Ok(customer::timeline_of(&app.store, view, id, &asked.chosen.which(frame), from, CHANGES).await?)
}

/// The projects that know the person now and did not then.
async fn strangers(app: &App, frame: &Frame, view: &View, known: &Known) -> Result<Vec<Project>, Problem> {
    let (Some(_), person) = (known.moment, &known.person) else { return Ok(Vec::new()) };
    let now = customer::load(&app.store, view, person.id).await?.relationships.into_iter();
    let is_new = |project: &ProjectId| person.relationships.iter().all(|then| then.project != *project);
    let new = now.map(|relationship| relationship.project).filter(is_new);
    Ok(new.filter_map(|project| frame.project_of(project).cloned()).collect())
}

impl CustomerPage {
    /// Whether the visitor may write here: what is past is not written anew.
    fn can_edit(&self) -> bool {
        self.frame.admin() && !self.day.is_past()
    }

    /// Whether what a project knows of them can be written.
    fn can_write(&self, project: &Project) -> bool {
        self.can_edit() && !project.archived
    }

    /// The page itself, on the day that is looked at.
    fn here(&self) -> String {
        self.day.at(&self.path())
    }

    fn path(&self) -> String {
        format!("/customers/{}", self.person.id)
    }

    /// Where a filter is explained.
    fn why(&self) -> String {
        self.day.at(&format!("{}/why", self.path()))
    }

    /// The list that it came from, as of the same day.
    fn list(&self) -> String {
        let test = if self.frame.is_demo() { "1" } else { "" };
        Address { test: test.to_owned(), ..self.day.customers("") }.link()
    }
}

impl Alias {
    fn of(email: &str, undos: &[Undo], Account { zone, formats, .. }: &Account) -> Alias {
        let undo = undos.iter().find(|undo| undo.other == email);
        let can_undo = undo.is_some_and(|undo| undo.untouched);
        Alias {
            email: email.to_owned(),
            can_undo,
            undo: Undo::sentence(undo, &|at| formats.day_in(&at, zone)),
        }
    }
}

fn cards(frame: &Frame, person: &Person, refused: &[RefusedKey], day: Day) -> Vec<Card> {
    let last = day.date(frame);
    let relationships = person.relationships.iter().zip(&person.activity);
    let card = |(relationship, days): (&Relationship, &Vec<jiff::civil::Date>)| {
        let project = frame.project_of(relationship.project)?.clone();
        let customers = day.customers(project.slug.as_str());
        let (tree, more) = tree(&customers, &relationship.params);
        let whole = whole(&customers, &person.email);
        let all = customers.link();
        let own = refused.iter().filter(|key| key.project == project.id).cloned().collect();
        let first = day_of(relationship.first_seen, &frame.account.zone);
        let (calendar, before) = Calendar::of(days, first, last);
        let relationship = relationship.clone();
        let edit = format!("/customers/{}/edit?project={}", person.id, project.slug);
        Some(Card { all, edit, tree, more, whole, project, relationship, refused: own, calendar, before })
    };
    relationships.filter_map(card).collect()
}

/// The file with the relationship of the person, among the customers of its project, as it is stored.
fn whole(customers: &Address, email: &str) -> String {
    let condition = narrow::condition(&Field::Email, &Datum::String(email.to_owned()), false);
    customers.filtered(condition.unwrap_or_default()).at("/customers/export.ndjson")
}

/// `GET /customers/{id, e-mail or user_id}/export`: all that is held of the person, as a file.
pub async fn export_customer(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    Path(who): Path<String>,
) -> Result<Response, Problem> {
    person::respond(&app, &View::account(member.account), &who).await
}

/// `POST /customers/{id}/erase`: the person disappears from every project. The address says whether that was test data.
pub async fn erase_customer(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Path(id): Path<CustomerId>,
) -> Result<Redirect, Problem> {
    erase::customer(&app.store, member.account, id).await?;
    Ok(Redirect::to(&format!("/customers{}", frame.demo())))
}
