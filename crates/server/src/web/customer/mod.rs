//! One person: all projects side by side, their params as a typed tree, their days, and every change.

mod calendar;
pub mod correct;
pub mod merge;
mod timeline;
mod tree;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use calendar::Calendar;
use filter::{Field, calendar::day_of};
use index::Datum;
use serde::Deserialize;
use timeline::{ChangeView, change_view};
use tree::{Branch, tree};

use crate::{
    http::{
        App, Problem,
        extract::{Path, Query as UrlQuery},
        person,
    },
    model::{CustomerId, Project, now},
    store::{
        View,
        customer::{self, CHANGES, Person, RefusedKey, Timeline},
        erase,
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
    let cursor = asked.cursor.as_deref().map(str::parse).transpose()?;
    let view = View::account(frame.member.account);
    let id = customer::find(&app.store, &view, &who).await?;
    let person = customer::load(&app.store, &view, id).await?;
    let timeline = customer::timeline(&app.store, &view, id, cursor, CHANGES).await?;
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
    let older = next.as_ref().map(|cursor| format!("/customers/{}?cursor={cursor}", person.id));
    let changes = changes.iter().map(|entry| change_view(&frame, zone, entry)).collect();
    CustomerPage { done: None, frame, person, aliases, cards, changes, older }
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
        Some(Card { tree, more, whole, project, relationship, refused: own, calendar, before })
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
    Ok(Redirect::to("/"))
}
