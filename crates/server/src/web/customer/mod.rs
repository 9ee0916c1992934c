//! One person: all projects side by side, their params as a typed tree, their days, and every change.

mod calendar;
mod chosen;
pub mod correct;
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
    response::{IntoResponse, Redirect, Response},
};
use calendar::Calendar;
use chosen::Chosen;
use filter::{Field, calendar::day_of};
use index::Datum;
use jiff::tz::TimeZone;
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
    model::{CustomerId, Project, now},
    store::{
        View,
        author::authors,
        customer::{self, CHANGES, Person, RefusedKey, Timeline},
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
    person: Person,
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
    Ok(Page(customer_page(&app, frame, id, asked).await?))
}

/// All that the page of a customer shows.
async fn customer_page(
    app: &App,
    frame: Frame,
    id: CustomerId,
    asked: Asked,
) -> Result<CustomerPage, Problem> {
    let cursor = asked.cursor.as_deref().map(str::parse).transpose()?;
    let view = View::account(frame.member.account);
    let person = customer::load(&app.store, &view, id).await?;
    let Timeline { changes, next } =
        customer::timeline_of(&app.store, &view, id, &asked.chosen.which(&frame), cursor, CHANGES).await?;
    let authors = authors(&app.store, view.account, changes.iter().map(|entry| entry.source)).await?;
    let refused = customer::refused(&app.store, &view, id).await?;
    let undos = write::undoable(&app.store, view.account, id).await?;
    let zone = &frame.account.zone;
    let alias = |email: &String| Alias::of(email, &undos, zone);
    Ok(CustomerPage {
        aliases: person.aliases.iter().map(alias).collect(),
        segments: why::segments(app, &view, id).await?,
        notes: note::list(&app.store, view.account, id).await?,
        cards: cards(&frame, &person, &refused),
        changes: changes.iter().map(|entry| change_view(&frame, zone, &authors, entry)).collect(),
        done: Done::said(&asked.done),
        edited: edited(app, &frame, id, &asked).await?,
        wrong: None,
        older: next.map(|cursor| asked.chosen.link(id, &cursor.to_string())),
        chosen: asked.chosen,
        person,
        frame,
    })
}

impl Alias {
    fn of(email: &str, undos: &[Undo], zone: &TimeZone) -> Alias {
        let undo = undos.iter().find(|undo| undo.other == email);
        let can_undo = undo.is_some_and(|undo| undo.untouched);
        Alias { email: email.to_owned(), can_undo, undo: Undo::sentence(undo, zone) }
    }
}

fn cards(frame: &Frame, person: &Person, refused: &[RefusedKey]) -> Vec<Card> {
    let today = day_of(now(), &frame.account.zone);
    let relationships = person.relationships.iter().zip(&person.activity);
    let card = |(relationship, days): (&Relationship, &Vec<jiff::civil::Date>)| {
        let project = frame.project_of(relationship.project)?.clone();
        let (tree, more) = tree(&project, &relationship.params);
        let whole = whole(&project, &person.email);
        let own = refused.iter().filter(|key| key.project == project.id).cloned().collect();
        let first = day_of(relationship.first_seen, &frame.account.zone);
        let (calendar, before) = Calendar::of(days, first, today);
        let relationship = relationship.clone();
        let edit = format!("/customers/{}/edit?project={}", person.id, project.slug);
        Some(Card { edit, tree, more, whole, project, relationship, refused: own, calendar, before })
    };
    relationships.filter_map(card).collect()
}

/// The file with the relationship of the person as it is stored.
fn whole(project: &Project, email: &str) -> String {
    let condition = narrow::condition(&Field::Email, &Datum::String(email.to_owned()), false);
    let address = Address { project: project.slug.to_string(), ..Address::default() };
    address.filtered(condition.unwrap_or_default()).at("/customers/export.ndjson")
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
    Ok(Redirect::to("/customers"))
}
