//! Insights: a page each, with its question in the address, its numbers as a chart and as a table, and a link to the people of
//! every one of them. The numbers are those of the API: its words are read, and its store is asked.

pub mod address;
pub mod breakdown;
pub(crate) mod chart;
mod controls;
pub mod conversion;
mod follow;
pub mod lift;
mod mark;
pub mod overlap;
pub mod referrals;
pub mod retention;
pub mod revenue;
pub(crate) mod sheet;
mod words;

use axum::response::Redirect;
use jiff::civil::Date;
use serde::de::DeserializeOwned;

use crate::{
    api::insights::Asked,
    http::{App, Code, Problem, problem::FieldError},
    model::Project,
    store::{
        Rows, View,
        query::{
            self, Subject, Warning,
            insight::{Insight, Tell},
        },
    },
    web::{
        customers::{
            Choice,
            filter_box::{Doubt, FilterBox, Fix},
            known::{self, Age},
        },
        frame::Frame,
    },
};
use address::Address;
use controls::{Control, Paths};

/// The pages, each with its path and its name.
const PAGES: [(&str, &str); 7] = [
    ("/insights/retention", "Retention"),
    ("/insights/revenue", "Revenue"),
    ("/insights/conversion", "Conversion"),
    ("/insights/referrals", "Referrals"),
    ("/insights/lift", "What goes with staying"),
    ("/insights/breakdown", "Breakdown"),
    (TOGETHER, "Overlap"),
];
/// The page that is of all projects together.
const TOGETHER: &str = "/insights/overlap";

/// What stands above the numbers of every insight: of whom it is asked, and how.
pub(super) struct Head {
    /// The name of the insight.
    title: &'static str,
    /// The path of the page.
    path: &'static str,
    filter: FilterBox,
    /// What is wrong with other words of the question.
    wrong: Vec<Fault>,
    controls: Vec<Control>,
    /// What the form carries besides.
    carried: Vec<(String, String)>,
    scope: Scope,
    day: Day,
    /// The same insights of the same people.
    tabs: Vec<Choice>,
    /// All numbers as a file, if there are some.
    file: Option<String>,
}

/// Whose customers it is asked of.
pub(crate) struct Scope {
    pub(crate) name: String,
    pub(crate) colour: String,
    /// Whether a person may be told of once a project.
    pub(crate) is_wide: bool,
    /// Whether they are those of all of one's own projects together.
    pub(crate) is_own: bool,
    /// Whether they are only there for trying things out.
    pub(crate) is_test: bool,
    pub(crate) choices: Vec<Choice>,
}

/// The day at whose end everything is asked.
struct Day {
    /// As people write it; none of the present.
    past: Option<String>,
    /// As a form has it.
    value: String,
    /// The last one that can be asked of.
    today: Date,
    /// What its form carries besides.
    carried: Vec<(String, String)>,
    /// The same question of the present.
    now: String,
}

/// What is wrong with a word of the question.
pub(crate) struct Fault {
    /// The word; empty where it is all of them.
    pub(crate) name: String,
    pub(crate) detail: String,
    pub(crate) hint: Option<String>,
}

/// Why there is no answer.
pub(crate) enum Failure {
    /// The filter was not understood.
    Filter(filter::Error),
    /// Other words were not.
    Words(Vec<FieldError>),
    Other(Problem),
}

/// A question with its answer.
type Answered<A> = (<A as Asked>::Question, Insight<<<A as Asked>::Question as Tell>::Answer>);

/// `GET /insights`: the first of them, of the demo where there is nothing else.
pub async fn home(frame: Frame) -> Redirect {
    let is_empty = frame.put_away().is_empty() && frame.live().all(|(_, count)| *count == 0);
    let is_demo = is_empty && frame.test().next().is_some();
    Redirect::to(&format!("{}{}", PAGES[0].0, if is_demo { "?test=1" } else { frame.demo() }))
}

/// What stands above the numbers, and the answer unless something is wrong with the question.
async fn ask<A: Asked + DeserializeOwned>(
    app: &App,
    frame: &Frame,
    address: &Address,
    controls: fn(&Address, &Paths) -> Vec<Control>,
) -> Result<(Head, Option<Answered<A>>), Problem> {
    let view = View::account(frame.member.account);
    let paths = Paths::of(app, &view, address).await?;
    let mut head = Head::new(frame, address, controls(address, &paths));
    match answered::<A>(app, &view, address).await {
        Ok((question, insight)) => {
            head.filter.doubts = insight.warnings.iter().map(|warning| doubt(address, warning)).collect();
            head.file = Some(address.file());
            Ok((head, Some((question, insight))))
        }
        Err(Failure::Filter(error)) => {
            head.filter = filter_box(address, Some(&error));
            Ok((head, None))
        }
        Err(Failure::Words(wrong)) => {
            head.wrong = wrong.into_iter().map(Fault::from).collect();
            Ok((head, None))
        }
        Err(Failure::Other(problem)) => Err(problem),
    }
}

/// The answer to the question of an address.
async fn answered<A: Asked + DeserializeOwned>(
    app: &App,
    view: &View,
    address: &Address,
) -> Result<Answered<A>, Failure> {
    if !address.get("as_of").is_empty() && address.past().is_none() {
        let detail = format!("{:?} is no day", address.get("as_of"));
        let hint = Some("A page asks of the end of a day, as 2026-03-29.".to_owned());
        return Err(Failure::Words(vec![FieldError { hint, ..FieldError::new("/as_of", detail) }]));
    }
    let (ask, question) = address.read::<A>()?.check()?;
    let insight = app.insight(view, &ask, &question).await?;
    Ok((question, insight))
}

impl Head {
    fn new(frame: &Frame, address: &Address, controls: Vec<Control>) -> Head {
        let here = PAGES.iter().find(|(path, _)| frame.path() == *path).unwrap_or(&PAGES[0]);
        let own: Vec<&str> = controls.iter().map(|control| control.name).chain(["filter"]).collect();
        let tab = |(path, name): &(&str, &str)| Choice {
            label: (*name).to_owned(),
            link: match *path {
                TOGETHER => address.clone().wide(frame).beside(path),
                _ => address.beside(path),
            },
            on: *path == here.0,
        };
        Head {
            title: here.1,
            path: here.0,
            filter: filter_box(address, None),
            wrong: Vec::new(),
            carried: address.except(&own),
            controls,
            scope: Scope::of(frame, address),
            day: Day::of(frame, address),
            tabs: PAGES.iter().map(tab).collect(),
            file: None,
        }
    }

    /// Whether a word of the question is wrong.
    fn is_wrong(&self, name: &str) -> bool {
        self.wrong.iter().any(|fault| fault.name == name)
    }
}

impl Day {
    fn of(frame: &Frame, address: &Address) -> Day {
        let today = frame.today();
        let past = address.past().filter(|day| *day < today);
        Day {
            past: past.map(|it| frame.formats().date(it)),
            value: past.unwrap_or(today).to_string(),
            today,
            carried: address.except(&["as_of"]),
            now: address.with(&[("as_of", "")]),
        }
    }
}

impl Scope {
    /// Of the people of an address.
    pub(crate) fn of(frame: &Frame, address: &Address) -> Scope {
        let rows = address.customers().rows();
        let choice = |label: &str, project: &str, test: &str, own: Rows| Choice {
            label: label.to_owned(),
            link: address.with(&[("project", project), ("test", test)]),
            on: rows == own,
        };
        let single = |(project, _): &(Project, u64)| {
            let slug = project.slug.as_str();
            choice(&project.name, slug, "", Rows::Project(slug.to_owned()))
        };
        let mut choices = vec![choice("All projects", "", "", Rows::Live)];
        let is_single = frame.path() != TOGETHER;
        choices.extend(frame.live().filter(|_| is_single).map(single));
        if frame.test().next().is_some() {
            choices.push(choice("All test projects", "", "1", Rows::Test));
            choices.extend(frame.test().filter(|_| is_single).map(single));
        }
        let project = frame.project(address.get("project"));
        let several = match rows {
            Rows::Live => frame.live().nth(1).is_some(),
            Rows::Test => frame.test().nth(1).is_some(),
            Rows::Project(_) => false,
        };
        Scope {
            name: choices.iter().find(|choice| choice.on).map_or_else(String::new, |on| on.label.clone()),
            colour: project.map_or_else(String::new, |project| project.colour.clone()),
            is_wide: several,
            is_own: rows == Rows::Live,
            is_test: rows == Rows::Test || project.is_some_and(|project| project.test),
            choices,
        }
    }
}

/// The filter's box of an address.
pub(crate) fn filter_box(address: &Address, error: Option<&filter::Error>) -> FilterBox {
    FilterBox::of(&address.customers(), error, &|filter| address.with(&[("filter", filter)]))
}

/// A warning with the link that puts it right: the present address with that word mended.
pub(crate) fn doubt(address: &Address, warning: &Warning) -> Doubt {
    let word = match warning.subject {
        Subject::Filter => Some("filter"),
        Subject::Insight(place) => Some(place.as_str()),
        _ => None,
    };
    let fix = word.zip(warning.fixed());
    let fix = fix.map(|(word, fixed)| Fix { link: address.with(&[(word, &fixed)]), label: fixed });
    let of = word.filter(|word| *word != "filter").map_or_else(String::new, |word| format!("{word}: "));
    Doubt { detail: format!("{of}{}", warning.detail), fix }
}

impl Paths {
    /// The widest paths that the customers of the projects have, whatever the filter.
    async fn of(app: &App, view: &View, address: &Address) -> Result<Paths, Problem> {
        let rows = address.customers().rows();
        let known = known::facets(app, view, rows, ("", None), Age::Minute).await?;
        Ok(Paths::new(&known.facets))
    }
}

impl From<FieldError> for Fault {
    fn from(error: FieldError) -> Fault {
        let name = error.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
        Fault { name: name.to_owned(), detail: error.detail, hint: error.hint }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        if problem.code == Code::InvalidFields && !problem.errors.is_empty() {
            Failure::Words(problem.errors)
        } else {
            Failure::Other(problem)
        }
    }
}

impl From<query::Error> for Failure {
    fn from(error: query::Error) -> Failure {
        match error {
            query::Error::Filter(error) => Failure::Filter(error),
            other => Problem::from(other).into(),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        match failure {
            Failure::Filter(error) => error.into(),
            Failure::Words(errors) => Problem::fields(errors),
            Failure::Other(problem) => problem,
        }
    }
}
