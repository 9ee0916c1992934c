//! What changed: what has become of people in a time, newest first. The question is that of the API, and so is the answer.

mod file;
mod list;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use filter::{Field, calendar::day_of};
use index::insight::changes::{Count, Kind};
use jiff::civil::Date;

pub use file::export_changes;
pub(crate) use list::{Became, became};

use crate::{
    api::changes::ChangesIn,
    http::{App, Problem},
    model::now,
    store::{
        Rows, View,
        query::insight::{
            Ask, Insight,
            changes::{ChangesAsk, Found, Person},
        },
    },
    web::{
        customers::{Choice, filter_box::FilterBox, table},
        frame::Frame,
        insights::{Failure, Fault, Scope, address::Address, doubt, filter_box},
        page::Page,
    },
};

/// The day that is told of where the address names no period.
pub(crate) const TODAY: &str = "today .. today";
/// The periods that are a click away.
const PERIODS: [(&str, &str); 4] = [
    ("", "Today"),
    ("yesterday .. yesterday", "Yesterday"),
    ("last 7 days", "Last 7 days"),
    ("last 30 days", "Last 30 days"),
];

#[derive(Template)]
#[template(path = "changes/page.html")]
struct ChangesPage {
    frame: Frame,
    filter: FilterBox,
    wrong: Vec<Fault>,
    /// What the form carries besides the filter.
    carried: Vec<(String, String)>,
    /// What the form of the days carries.
    kept: Vec<(String, String)>,
    scope: Scope,
    periods: Vec<Choice>,
    /// Today, in the account's zone.
    today: String,
    told: Option<Told>,
}

/// What was found.
struct Told {
    /// The days, as people write them.
    days: String,
    from: String,
    to: String,
    /// Each kind with how many there are, and all of them first.
    kinds: Vec<KindLink>,
    /// The people of the only kind that is asked for.
    people: Option<Choice>,
    became: Vec<Became>,
    /// The first page, where this is another.
    first: Option<String>,
    next: Option<String>,
    file: String,
    /// What to look at where nothing changed.
    wider: Option<Choice>,
}

/// A kind of change.
struct KindLink {
    label: String,
    count: u64,
    link: String,
    on: bool,
}

/// What was asked and answered.
type Answered = (ChangesAsk, Insight<Found>, Vec<Person>);

/// `GET /changes`.
pub async fn list_changes(
    State(app): State<App>,
    frame: Frame,
    address: Address,
) -> Result<Response, Problem> {
    if let Some(dated) = dated(&address) {
        return Ok(Redirect::to(&dated).into_response());
    }
    let page = match answered(&app, &frame, &address).await {
        Ok((answered, counts)) => ChangesPage::new(frame, &address, Ok((answered, counts))),
        Err(Failure::Other(problem)) => return Err(problem),
        Err(failure) => ChangesPage::new(frame, &address, Err(failure)),
    };
    Ok(Page(page).into_response())
}

/// The address with the two days of the form as a period.
fn dated(address: &Address) -> Option<String> {
    let [from, to] = ["from", "to"].map(|name| address.get(name));
    // The wrong way round they mean the time between them.
    let is_turned =
        from.parse::<Date>().ok().zip(to.parse::<Date>().ok()).is_some_and(|(from, to)| from > to);
    let (from, to) = if is_turned { (to, from) } else { (from, to) };
    let period = match (from, to) {
        ("", "") => return None,
        (from, "") => format!("{from} .. today"),
        ("", to) => format!("{to} .. {to}"),
        (from, to) => format!("{from} .. {to}"),
    };
    Some(address.with(&[("from", ""), ("to", ""), ("cursor", ""), ("period", &period)]))
}

/// The question of an address: today, where it names no period.
fn question(address: &Address) -> Result<(Ask, ChangesAsk), Problem> {
    address.clone().or("period", TODAY).read_as::<ChangesIn>(ChangesIn::reading)?.check()
}

/// The newest of what changed today, and how much there is in all; or why that is not told.
pub(crate) async fn today(
    app: &App,
    frame: &Frame,
    rows: &Rows,
    value: Option<&Field>,
    limit: usize,
) -> Result<(Vec<Became>, u64), String> {
    let view = View::account(frame.member.account);
    let path = |key| table::path(key).unwrap_or(Field::Status);
    let question = ChangesAsk {
        kinds: Kind::ALL.to_vec(),
        period: TODAY.to_owned(),
        value: value.cloned().unwrap_or_else(|| path("mrr")),
        trial_ends: path("trial_ends"),
        limit,
    };
    let ask = Ask { rows: rows.clone(), ..Ask::default() };
    let told = app.changes(&view, &ask, &question).await;
    let (insight, people) = told.map_err(|error| format!("What changed is not told: {error}."))?;
    let answer = insight.answer.answer;
    let all = answer.counts.iter().map(|count| count.people.count).sum();
    Ok((became(frame, &question.value, &answer.changes, people), all))
}

/// The answer, and the counts of all kinds.
async fn answered(app: &App, frame: &Frame, address: &Address) -> Result<(Answered, Vec<Count>), Failure> {
    let view = View::account(frame.member.account);
    let (ask, question) = question(address)?;
    let (insight, people) = app.changes(&view, &ask, &question).await?;
    let counts = match question.kinds.len() == Kind::ALL.len() {
        true => insight.answer.answer.counts.clone(),
        false => {
            let all = ChangesAsk { kinds: Kind::ALL.to_vec(), limit: 1, ..question.clone() };
            let ask = Ask { cursor: None, min_version: insight.version, ..ask };
            app.changes(&view, &ask, &all).await?.0.answer.answer.counts
        }
    };
    Ok(((question, insight, people), counts))
}

impl ChangesPage {
    fn new(frame: Frame, address: &Address, answer: Result<(Answered, Vec<Count>), Failure>) -> ChangesPage {
        let mut page = ChangesPage {
            filter: filter_box(address, None),
            wrong: Vec::new(),
            carried: address.except(&["filter", "cursor"]),
            kept: address.except(&["from", "to", "period", "cursor"]),
            scope: Scope::of(&frame, address),
            periods: periods(address),
            today: day_of(now(), &frame.account.zone).to_string(),
            told: None,
            frame,
        };
        match answer {
            Ok((answered, counts)) => {
                let warnings = &answered.1.warnings;
                page.filter.doubts = warnings.iter().map(|warning| doubt(address, warning)).collect();
                page.told = Some(Told::new(&page.frame, address, answered, &counts));
            }
            Err(Failure::Filter(error)) => page.filter = filter_box(address, Some(&error)),
            Err(Failure::Words(wrong)) => page.wrong = wrong.into_iter().map(Fault::from).collect(),
            Err(Failure::Other(_)) => {}
        }
        page
    }
}

fn periods(address: &Address) -> Vec<Choice> {
    let period = |(text, label): &(&str, &str)| Choice {
        label: (*label).to_owned(),
        link: address.with(&[("period", text), ("cursor", "")]),
        on: address.get("period") == *text,
    };
    PERIODS.iter().map(period).collect()
}

impl Told {
    fn new(
        frame: &Frame,
        address: &Address,
        (question, insight, people): Answered,
        counts: &[Count],
    ) -> Told {
        let Found { days: (from, to), answer, next, .. } = &insight.answer;
        let is_only = question.kinds.len() == 1;
        let only = answer.counts.iter().find(|count| is_only && count.people.count > 0);
        let people_of = |count: &Count| Choice {
            label: frame.formats().of(count.people.count, "customer", "customers"),
            link: address.people(&count.people.people),
            on: false,
        };
        let days = if from == to {
            frame.formats().date(from)
        } else {
            format!("{} to {}", frame.formats().date(from), frame.formats().date(to))
        };
        Told {
            days,
            from: from.to_string(),
            to: to.to_string(),
            kinds: kinds(address, &question, counts),
            people: only.map(people_of),
            became: became(frame, &question.value, &answer.changes, people),
            first: (!address.get("cursor").is_empty()).then(|| address.with(&[("cursor", "")])),
            next: next.as_ref().map(|cursor| address.with(&[("cursor", cursor)])),
            file: address.file(),
            wider: wider(address),
        }
    }
}

/// A longer time than the one that is told of; everything where that is the longest.
fn wider(address: &Address) -> Option<Choice> {
    let (period, label) = match address.get("period") {
        "last 30 days" => return None,
        "last 7 days" => ("last 30 days", "Show the last 30 days"),
        _ => ("last 7 days", "Show the last 7 days"),
    };
    let link = address.with(&[("period", period), ("cursor", "")]);
    Some(Choice { label: label.to_owned(), link, on: false })
}

fn kinds(address: &Address, question: &ChangesAsk, counts: &[Count]) -> Vec<KindLink> {
    let is_all = question.kinds.len() == Kind::ALL.len();
    let link = |kinds: &str| address.with(&[("kinds", kinds), ("cursor", "")]);
    let kind = |count: &Count| KindLink {
        label: list::word(count.kind, &question.value),
        count: count.people.count,
        link: link(count.kind.as_str()),
        on: !is_all && question.kinds.contains(&count.kind),
    };
    let all = counts.iter().map(|count| count.people.count).sum();
    let all = KindLink { label: "All".to_owned(), count: all, link: link(""), on: is_all };
    [all].into_iter().chain(counts.iter().map(kind)).collect()
}
