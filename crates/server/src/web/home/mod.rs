//! Home: how all products are today. Everybody together, each product by itself, who is worth most over all of them, and what has
//! changed since midnight.

mod ask;
mod best;
mod products;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;

use ask::Found;
use best::Best;
use products::Product;

use crate::{
    http::{App, Problem, extract::Query as UrlQuery},
    model::{Formats, Project},
    store::View,
    web::{
        changes::{self, Became},
        customers::{address::Address, strip::Card},
        frame::Frame,
        page::Page,
    },
};

/// Of what changed today, so many are shown.
const NEWEST: usize = 10;

#[derive(Template)]
#[template(path = "home/page.html")]
struct HomePage {
    frame: Frame,
    /// Whether it is of what is only there for trying things out.
    is_test: bool,
    told: Option<Told>,
}

/// What was found.
struct Told {
    found: Strip,
    /// What the money is called; empty where there is none.
    money: String,
    /// Currencies that have no place in the table.
    others: usize,
    products: Vec<Product>,
    best: Vec<Best>,
    /// Who is in several products, and the link to them.
    several: Option<(String, String)>,
    became: Vec<Became>,
    /// How much changed today in all; or why that is not told.
    all: Result<u64, String>,
    /// Where all of it stands, where the last week does, and who left in the last thirty days.
    changes: [String; 3],
}

/// The numbers of everybody together.
struct Strip {
    cards: Vec<Card>,
    untold: Option<String>,
}

/// What the address of the page says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct HomeIn {
    test: String,
}

/// `GET /`: home; the demo's customers while there are no others, or the first project's call.
pub async fn lead(frame: Frame) -> Redirect {
    let empty = frame.live().all(|(_, count)| *count == 0);
    let place = match (frame.live().next(), frame.test().next()) {
        _ if !frame.put_away().is_empty() => "/home".to_owned(),
        (_, Some(_)) if empty => "/customers?test=1".to_owned(),
        (Some((project, _)), None) if empty => format!("/projects/{}/start", project.slug),
        (None, None) => "/new-project".to_owned(),
        _ => "/home".to_owned(),
    };
    Redirect::to(&place)
}

/// `GET /home`.
pub async fn show_home(
    State(app): State<App>,
    frame: Frame,
    UrlQuery(HomeIn { test }): UrlQuery<HomeIn>,
) -> Result<impl IntoResponse, Problem> {
    let address = Address { test, ..Address::default() };
    let is_test = !address.test.is_empty();
    let told = match ours(&frame, is_test).any(|(_, count)| *count > 0) {
        true => Some(told(&app, &frame, &address).await?),
        false => None,
    };
    Ok(Page(HomePage { frame, is_test, told }))
}

async fn told(app: &App, frame: &Frame, address: &Address) -> Result<Told, Problem> {
    let view = View::account(frame.member.account);
    let projects: Vec<&Project> = ours(frame, !address.test.is_empty()).map(|(project, _)| project).collect();
    let found = ask::find(app, frame, &view, address, &projects).await?;
    let today = changes::today(app, frame, &address.rows(), found.money.as_ref(), NEWEST).await;
    let (became, all) = match today {
        Ok((became, all)) => (became, Ok(all)),
        Err(why) => (Vec::new(), Err(why)),
    };
    let formats = frame.formats();
    Ok(Told {
        found: Strip { cards: products::together(address, &found, formats), untold: found.untold.clone() },
        money: found.spoken(),
        others: found.others,
        products: projects
            .iter()
            .map(|project| products::product(address, project, &found, formats))
            .collect(),
        best: best::best(frame, &found),
        several: several(address, &found, formats),
        became,
        all,
        changes: ["", "period=last%207%20days", "kinds=churned&period=last%2030%20days"]
            .map(|words| changes_of(address, words)),
    })
}

/// The projects that count, or the test projects.
fn ours(frame: &Frame, test: bool) -> impl Iterator<Item = &(Project, u64)> {
    frame.open().filter(move |(project, _)| project.test == test)
}

/// How many people are in several products.
fn several(address: &Address, found: &Found, formats: Formats) -> Option<(String, String)> {
    let (filter, count) = found.several.as_ref()?;
    let people = match count {
        Some(count) => formats.of(*count, "person is", "people are"),
        None => format!("Some people (how many is {}) are", products::TOO_SLOW),
    };
    Some((people, address.filtered(filter.as_str()).link()))
}

/// What changed of the same customers.
fn changes_of(address: &Address, words: &str) -> String {
    let test = if address.test.is_empty() { "" } else { "test=1" };
    let words: Vec<&str> = [test, words].into_iter().filter(|words| !words.is_empty()).collect();
    if words.is_empty() { "/changes".to_owned() } else { format!("/changes?{}", words.join("&")) }
}

impl HomePage {
    /// The visitor's own project that waits for its first customer.
    fn waiting(&self) -> Option<&Project> {
        self.frame.live().find(|(_, count)| *count == 0).map(|(project, _)| project)
    }
}
