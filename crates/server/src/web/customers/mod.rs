//! The customers: filtered, counted, narrowed by their params, sorted, page by page.

pub mod address;
pub(crate) mod ask;
pub mod columns;
mod edges;
mod excluded;
pub mod export;
mod facets;
pub(crate) mod filter_box;
pub mod forms;
pub mod help;
pub mod kept;
pub(crate) mod known;
pub(crate) mod money;
pub(crate) mod narrow;
mod pills;
pub mod rail;
mod spread;
pub(crate) mod strip;
pub(crate) mod table;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use filter::{Expr, Field};
use index::Aggregate;
use jiff::civil::Date;

use address::{Address, LENGTHS};
use ask::Found;
use columns::Column;
use excluded::Excluder;
use facets::FacetView;
use filter_box::{Doubt, FilterBox, Fix};
use strip::{Card, Strip};
use table::{Head, Row};

use crate::{
    http::{App, Problem, extract::Query as UrlQuery},
    model::Project,
    store::{
        Rows,
        query::{self, Error, Fallback, Subject},
    },
    web::{
        frame::Frame,
        page::{Page, headers::OwnLook},
    },
};

#[derive(Template)]
#[template(path = "customers/page.html")]
struct CustomersPage {
    frame: Frame,
    address: Address,
    filter: FilterBox,
    results: Option<Results>,
}

/// What was found; there is nothing where the filter is not understood.
struct Results {
    /// The account's version that all of it is of.
    version: i64,
    count: u64,
    cards: Vec<Card>,
    /// Why no lines are beside the numbers.
    untold: Option<String>,
    heads: Vec<Head>,
    rows: Vec<Row>,
    /// Where nobody is found, the conditions that leave everybody out.
    excluders: Vec<Excluder>,
    /// Which of the chosen columns hold numbers.
    numbers: Vec<bool>,
    previous: Option<String>,
    next: Option<String>,
    /// The rail, when it comes with the page.
    rail: Option<Vec<FacetView>>,
    columns: Vec<Column>,
    exports: [(&'static str, String); 2],
    took: String,
    /// Why it took longer than usual.
    notice: Option<&'static str>,
}

impl Results {
    /// How many of the rows are listed; the others stay.
    fn listed(&self) -> usize {
        self.rows.iter().filter(|row| !row.left).count()
    }
}

/// A key, as browsers call it and as it is labelled.
type Key = (&'static str, &'static str);
/// The keys of the table: what each does, as the script calls it and as people read it.
const KEYS: [(&str, &str, &[Key]); 6] = [
    ("next", "next customer", &[("ArrowDown", "↓"), ("j", "j")]),
    ("before", "customer before", &[("ArrowUp", "↑"), ("k", "k")]),
    ("open", "open", &[("Enter", "Enter")]),
    ("peek", "peek", &[(" ", "Space")]),
    ("tick", "tick", &[("x", "x")]),
    ("close", "close", &[("Escape", "Esc")]),
];

/// A link to the same page with something else chosen.
pub(crate) struct Choice {
    pub(crate) label: String,
    pub(crate) link: String,
    pub(crate) on: bool,
}

impl CustomersPage {
    /// The only project, when the view is narrowed to one.
    fn project(&self) -> Option<&Project> {
        self.frame.project(&self.address.project)
    }

    /// Whether a customer may appear with several projects.
    fn is_wide(&self) -> bool {
        self.address.rows() != Rows::Project(self.address.project.clone())
    }

    /// Whether what is shown is only there for trying things out.
    fn is_demo(&self) -> bool {
        match self.address.rows() {
            Rows::Live => false,
            Rows::Test => true,
            Rows::Project(_) => self.project().is_some_and(|project| project.test),
        }
    }

    /// Whether there are enough customers, with the filter or without it, to narrow them.
    fn has_rail(&self) -> bool {
        has_rail(&self.frame, &self.address)
    }

    /// Where the rail is, when it comes after the page.
    fn rail_link(&self) -> String {
        self.address.after("").at("/customers/rail")
    }

    /// The page with its rail, for browsers without scripts.
    fn with_rail(&self) -> String {
        Address { rail: "1".to_owned(), ..self.address.clone() }.link()
    }

    /// Today, in the account's zone: the last day that can be looked at.
    fn today(&self) -> String {
        self.frame.today().to_string()
    }

    /// The day that is looked at.
    fn day(&self) -> String {
        if self.address.as_of.is_empty() { self.today() } else { self.address.as_of.clone() }
    }

    /// The day that is asked of where it is yet to come, as people write it.
    fn ahead(&self) -> Option<String> {
        self.address.ahead(self.frame.today()).ok()?.map(|day| self.frame.formats().date(day))
    }

    /// The day of the past that is looked at, as people write it.
    fn past(&self) -> Option<String> {
        self.address.as_of.parse::<Date>().ok().map(|it| self.frame.formats().date(it))
    }

    /// The day that the numbers are compared with, as people write it.
    fn against(&self) -> Option<String> {
        self.address.against.parse::<Date>().ok().map(|it| self.frame.formats().date(it))
    }

    /// The page without a comparison.
    fn not_compared(&self) -> String {
        Address { against: String::new(), ..self.address.clone() }.link()
    }

    /// Whether there is a filter worth keeping.
    fn can_save(&self) -> bool {
        self.frame.admin() && !self.address.filter.trim().is_empty()
    }

    /// How many customers a page may have: the number, its link, and whether it has as many.
    fn lengths(&self) -> Vec<(usize, String, bool)> {
        let own = self.address.length();
        LENGTHS.iter().map(|n| (*n, self.address.with_length(*n).link(), *n == own)).collect()
    }

    /// What is told as it happens: of all live projects, or of all test projects; where the view is of one, its name says it.
    fn heard(&self) -> &'static str {
        if self.address.rows() == Rows::Test { "test" } else { "live" }
    }

    /// Whether there is somebody to be chosen: what is done is done now.
    fn can_choose(&self) -> bool {
        self.address.as_of.is_empty() && self.results.as_ref().is_some_and(|found| !found.rows.is_empty())
    }

    /// The columns that are shown, as an address has them.
    fn shown_columns(&self) -> String {
        let on = self.results.iter().flat_map(|found| &found.columns).filter(|column| column.on);
        on.map(|column| column.field.as_str()).collect::<Vec<_>>().join(",")
    }

    /// Whether the columns are others than those that come by themselves.
    fn has_own_columns(&self) -> bool {
        !self.address.columns.is_empty() && self.address.columns != self.frame.member.columns
    }

    /// The view with the columns that come by themselves.
    fn without_columns(&self) -> String {
        Address { columns: String::new(), ..self.address.clone() }.link()
    }

    /// Whether nobody is found because all that is one's own is archived.
    fn is_put_away(&self) -> bool {
        self.address.rows() == Rows::Live && !self.frame.put_away().is_empty()
    }

    /// The visitor's own project that waits for its first customer.
    fn waiting(&self) -> Option<&Project> {
        self.frame.live().find(|(_, count)| *count == 0).map(|(project, _)| project)
    }
}

fn has_rail(frame: &Frame, address: &Address) -> bool {
    let is_shown = |project: &Project| match address.rows() {
        Rows::Live => project.is_live(),
        Rows::Test => project.test && !project.archived,
        Rows::Project(slug) => project.slug.as_str() == slug,
    };
    let counts = frame.projects.iter().filter(|(project, _)| is_shown(project)).map(|(_, count)| count);
    counts.sum::<u64>() >= facets::RAIL_MIN
}

/// `GET /customers`.
pub async fn list_customers(
    State(app): State<App>,
    frame: Frame,
    OwnLook(is_own): OwnLook,
    UrlQuery(address): UrlQuery<Address>,
) -> Result<Response, Problem> {
    if address.ahead(frame.today())?.is_some() {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(unasked(frame, address, None))).into_response());
    }
    let address = table::chosen(dated(&frame, address)?, &frame.member.columns);
    if let Some(place) = awaited(&frame, &address) {
        return Ok(Redirect::to(&place).into_response());
    }
    match ask::find(&app, &frame, &address, is_own).await {
        Ok(found) => Ok(Page(page(frame, address, found)).into_response()),
        Err(Failure::Filter(error)) => Ok(Page(unasked(frame, address, Some(&error))).into_response()),
        Err(Failure::Other(problem)) => Err(problem),
    }
}

/// The page where nothing can be asked.
fn unasked(frame: Frame, address: Address, error: Option<&filter::Error>) -> CustomersPage {
    let filter = FilterBox::new(&address, error);
    CustomersPage { frame, address, filter, results: None }
}

/// The address without today: it shows the present.
fn dated(frame: &Frame, address: Address) -> Result<Address, Problem> {
    let is_past = address.past(frame.today())?.is_some();
    Ok(if is_past { address } else { Address { as_of: String::new(), ..address } })
}

/// A project without customers shows the call that it waits for instead of an empty table.
fn awaited(frame: &Frame, address: &Address) -> Option<String> {
    let (project, count) = frame.projects.iter().find(|(p, _)| p.slug.as_str() == address.project)?;
    (*count == 0 && address.filter.is_empty()).then(|| format!("/projects/{}/start", project.slug))
}

enum Failure {
    /// The filter was not understood: the page says where.
    Filter(filter::Error),
    Other(Problem),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Filter(error) => Failure::Filter(error),
            other => Failure::Other(other.into()),
        }
    }
}

impl From<crate::store::Error> for Failure {
    fn from(error: crate::store::Error) -> Self {
        Failure::Other(error.into())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure::Other(problem)
    }
}

fn page(frame: Frame, address: Address, found: Found) -> CustomersPage {
    let mut filter = FilterBox::new(&address, None);
    filter.doubts = found.answer.warnings.iter().map(|warning| doubt(&address, warning)).collect();
    filter.recent = found.recent.iter().map(|text| Fix::to(&address, text.clone())).collect();
    let results = Some(results(&frame, &address, found));
    CustomersPage { frame, address, filter, results }
}

/// A warning with the link that puts it right: the present address with that part of the question mended.
fn doubt(address: &Address, warning: &query::Warning) -> Doubt {
    let link = |fixed: String| match warning.subject {
        Subject::Filter => address.filtered(fixed),
        Subject::Sort => Address { sort: fixed, after: String::new(), ..address.clone() },
        Subject::Aggregates => {
            let field = fixed.parse::<Aggregate>().map(|aggregate| aggregate.field.to_string());
            Address { sum: field.unwrap_or_default(), ..address.clone() }
        }
        Subject::Columns | Subject::Facets | Subject::GroupBy => {
            let is_meant =
                |text: &&str| filter::parse_field(text).is_ok_and(|field| field.to_string() == warning.text);
            let columns = index::list(&address.columns);
            let columns = columns.map(|text| if is_meant(&text) { fixed.as_str() } else { text });
            Address { columns: columns.collect::<Vec<_>>().join(","), ..address.clone() }
        }
        // No insight is asked here.
        Subject::Insight(_) => address.clone(),
    };
    let fix = warning.fix.clone().zip(warning.fixed());
    let fix = fix.map(|(label, fixed)| match warning.subject {
        Subject::Filter => Fix::to(address, fixed),
        _ => Fix { label, link: link(fixed).link() },
    });
    Doubt { detail: warning.detail.clone(), fix }
}

fn results(frame: &Frame, address: &Address, found: Found) -> Results {
    let count = found.answer.count.unwrap_or_default();
    let filter = filter::parse(&address.filter).unwrap_or_else(|_| Expr::new(None));
    let rows = found.answer.customers.iter().flat_map(|page| &page.rows);
    let shown_at = (address, found.answer.now, &frame.account);
    let row = |row| table::row(row, &found.columns, &frame.projects, shown_at);
    let left = found.kept.iter().map(row).map(|row| Row { left: true, ..row });
    let mut rows: Vec<Row> = left.chain(rows.map(row)).collect();
    let numbers = table::numbers(&found.columns, &found.seen, &rows);
    let numeric = numbers.iter().enumerate().filter(|(_, is_number)| **is_number);
    numeric.for_each(|(place, _)| table::align(&mut rows, place, frame.formats()));
    let next = found.answer.customers.as_ref().and_then(|page| page.next.as_deref());
    Results {
        version: found.answer.version,
        count: count.customers,
        cards: Strip::new(address, &filter, &found, frame.formats()).cards(),
        untold: found.trend.as_ref().err().cloned(),
        heads: heads(address, &found, &numbers),
        rows,
        numbers,
        previous: shown(address, &found).previous().map(|page| page.link()),
        next: next.map(|cursor| shown(address, &found).next(cursor).link()),
        columns: columns::columns(address, &found),
        exports: exports(address, &found),
        took: format!("{} ms", found.answer.took.as_millis().max(1)),
        notice: found.answer.fallback.and_then(notice),
        excluders: found.excluders,
        rail: found.rail,
    }
}

fn notice(fallback: Fallback) -> Option<&'static str> {
    match fallback {
        Fallback::Loading => {
            Some("Answered by the database: the index is loading and will take over in a moment.")
        }
        Fallback::Memory => Some(
            "Answered by the database: the account does not fit the index's memory (give the server more with --index-memory), or could not be read (the server's log says why).",
        ),
        Fallback::Busy | Fallback::Past => None,
    }
}

/// A share in percent, rounded to a tenth.
fn share(part: u64, whole: u64) -> String {
    let whole = u128::from(whole.max(1));
    let tenths = (u128::from(part) * 2_000 + whole) / (2 * whole);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

fn heads(address: &Address, found: &Found, numbers: &[bool]) -> Vec<Head> {
    let head = |field: &Field, class| table::head(address, &found.sort, field, class);
    let class = |is_number: &bool| if *is_number { "param num" } else { "param" };
    let chosen = found.columns.iter().zip(numbers).map(|(field, is_number)| head(field, class(is_number)));
    let mut heads =
        vec![head(&Field::Email, "who"), head(&Field::Name, "name"), head(&Field::Status, "status")];
    heads.extend(chosen);
    heads.push(head(&Field::LastActivity, "seen"));
    heads
}

fn list(fields: &[Field]) -> String {
    fields.iter().map(Field::to_string).collect::<Vec<_>>().join(",")
}

/// The address with what the page has chosen, so that its next page and its export show the same.
fn shown(address: &Address, found: &Found) -> Address {
    let sum = found.sum.as_ref().map_or_else(String::new, Field::to_string);
    Address { columns: list(&found.columns), sum, ..address.clone() }
}

/// Exactly what is shown: the filter, the order and the columns of the view.
fn exports(address: &Address, found: &Found) -> [(&'static str, String); 2] {
    let shown = Address { sort: found.sort.to_string(), ..shown(address, found).after("") };
    [("CSV", shown.at("/customers/export.csv")), ("NDJSON", shown.at("/customers/export.ndjson"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded() {
        for (part, whole, shown) in [
            (2, 3, "66.7%"),
            (1, 3, "33.3%"),
            (1, 2_000, "0.1%"),
            (1, 2_001, "0.0%"),
            (1_999, 2_000, "100.0%"),
            (0, 0, "0.0%"),
            (u64::MAX, u64::MAX, "100.0%"),
        ] {
            assert_eq!(share(part, whole), shown, "{part} of {whole}");
        }
    }
}
