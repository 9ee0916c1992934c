//! The customers: filtered, counted, narrowed by their params, sorted, page by page.

pub mod address;
pub mod export;
mod facets;
mod filter_box;
pub mod help;
mod known;
pub(crate) mod narrow;
pub mod rail;
mod table;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use filter::{Field, Status};
use index::{Aggregate, Bucket, Datum, Function, Grouping, Part, Question, Sort, Total};

use address::Address;
use facets::{FacetView, label};
use filter_box::{Doubt, FilterBox, Fix};
use table::{Head, Row, Seen};

use crate::{
    http::{App, Problem, extract::Query as UrlQuery},
    model::Project,
    store::{
        Rows, View,
        query::{self, Answer, Engine, Error, Fallback, Query, Subject},
    },
    web::{
        frame::Frame,
        page::{Page, value::extreme},
    },
};

/// Customers on a page.
const PAGE: usize = 50;

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
    count: u64,
    relationships: u64,
    paid: u64,
    /// How many of the relationships are paid, in words.
    paid_share: String,
    sum: Option<Sum>,
    heads: Vec<Head>,
    rows: Vec<Row>,
    next: Option<String>,
    /// The rail, when it comes with the page.
    rail: Option<Vec<FacetView>>,
    choices: Vec<Choice>,
    exports: [(&'static str, String); 2],
    took: String,
    /// Why it took longer than usual.
    notice: Option<&'static str>,
}

/// The sum of a param over those who pay.
struct Sum {
    label: String,
    value: String,
    counted: u64,
    /// What else could be summed.
    choices: Vec<Choice>,
}

/// A field that can be chosen.
struct Choice {
    label: String,
    link: String,
    on: bool,
}

/// Everything that was asked of the store for one page.
struct Found {
    page: Answer,
    seen: Vec<Seen>,
    sum: Option<Field>,
    paid: (u64, Option<Total>),
    columns: Vec<Field>,
    sort: Sort,
    rail: Option<Vec<FacetView>>,
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

    /// Where the box asks for colours and completions.
    fn help(&self) -> String {
        self.address.filtered("").at("/customers/help")
    }

    /// Whether there is a filter worth keeping.
    fn can_save(&self) -> bool {
        self.frame.admin() && !self.address.filter.trim().is_empty()
    }

    /// The visitor's own project that waits for its first customer.
    fn waiting(&self) -> Option<&Project> {
        self.frame.live().find(|(_, count)| *count == 0).map(|(project, _)| project)
    }
}

fn has_rail(frame: &Frame, address: &Address) -> bool {
    let is_shown = |project: &Project| match address.rows() {
        Rows::Live => !project.test,
        Rows::Test => project.test,
        Rows::Project(slug) => project.slug.as_str() == slug,
    };
    let counts = frame.projects.iter().filter(|(project, _)| is_shown(project)).map(|(_, count)| count);
    counts.sum::<u64>() >= facets::RAIL_MIN
}

/// `GET /customers`.
pub async fn list_customers(
    State(app): State<App>,
    frame: Frame,
    UrlQuery(address): UrlQuery<Address>,
) -> Result<Response, Problem> {
    if let Some(place) = awaited(&frame, &address) {
        return Ok(Redirect::to(&place).into_response());
    }
    match find(&app, &frame, &address).await {
        Ok(found) => Ok(Page(page(frame, address, found)).into_response()),
        Err(Failure::Filter(error)) => {
            let filter = FilterBox::new(&address, Some(&error));
            Ok(Page(CustomersPage { frame, address, filter, results: None }).into_response())
        }
        Err(Failure::Other(problem)) => Err(problem),
    }
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

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure::Other(problem)
    }
}

/// The page, then what depends on it: which param is summed.
async fn find(app: &App, frame: &Frame, address: &Address) -> Result<Found, Failure> {
    let view = View::account(frame.member.account);
    let sort = sort(address)?;
    let mut page = app.query(&view, &rows(address, &sort)).await?;
    let seen = table::seen(page.customers.as_ref().map_or(&[], |page| &page.rows));
    let sum = table::summed(address, &seen)?;
    let columns = table::columns(address, &seen, sum.as_ref())?;
    let by_status = app.query(&view, &by_status(address, sum.as_ref())).await?;
    let paid = paid(&by_status);
    page.warnings.extend(by_status.warnings);
    // From the index the rail costs less than another request; from the database it costs more than the page.
    let is_cheap = page.engine == Engine::Index || !address.rail.is_empty();
    let with_rail = is_cheap && has_rail(frame, address);
    let rail = if with_rail { Some(rail::load(app, &view, address).await?) } else { None };
    Ok(Found { page, seen, sum, paid, columns, sort, rail })
}

/// The count and a page of customers.
fn rows(address: &Address, sort: &Sort) -> Query {
    Query {
        filter: address.filter.clone(),
        rows: address.rows(),
        columns: table::named(address).filter_map(|text| filter::parse_field(text).ok()).collect(),
        cursor: (!address.after.is_empty()).then(|| address.after.clone()),
        question: Question { sort: sort.clone(), limit: PAGE, ..Question::default() },
        ..Query::default()
    }
}

fn sort(address: &Address) -> Result<Sort, Problem> {
    if address.sort.is_empty() {
        return Ok(Sort::default());
    }
    let descending = address.sort.starts_with('-');
    let field = table::field(address.sort.trim_start_matches(['-', '+']))?;
    Ok(Sort { field, descending })
}

/// How many there are of each status, and the sum of a param over each.
fn by_status(address: &Address, sum: Option<&Field>) -> Query {
    let aggregate = sum.map(|field| Aggregate { function: Function::Sum, field: field.clone() });
    let question = Question {
        select: vec![Part::Groups],
        group_by: Some(Grouping::Value(Field::Status)),
        aggregates: aggregate.into_iter().collect(),
        ..Question::default()
    };
    Query { filter: address.filter.clone(), rows: address.rows(), question, ..Query::default() }
}

fn paid(answer: &Answer) -> (u64, Option<Total>) {
    let wanted = Bucket::Value(Datum::String(Status::Paid.as_str().to_owned()));
    let rows = answer.groups.iter().flat_map(|groups| &groups.rows);
    let group = rows.into_iter().find(|(bucket, _)| *bucket == wanted).map(|(_, group)| group);
    group.map_or((0, None), |group| (group.count, group.totals.first().cloned()))
}

fn page(frame: Frame, address: Address, found: Found) -> CustomersPage {
    let mut filter = FilterBox::new(&address, None);
    filter.doubts = found.page.warnings.iter().map(|warning| doubt(&address, warning)).collect();
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
    let count = found.page.count.unwrap_or_default();
    let rows = found.page.customers.iter().flat_map(|page| &page.rows);
    let next = found.page.customers.as_ref().and_then(|page| page.next.as_deref());
    Results {
        count: count.customers,
        relationships: count.relationships,
        paid: found.paid.0,
        paid_share: share(found.paid.0, count.relationships),
        sum: found.sum.as_ref().map(|field| sum(address, &found, field)),
        heads: heads(address, &found),
        rows: rows
            .map(|row| {
                table::row(row, &found.columns, &frame.projects, (found.page.now, &frame.account.zone))
            })
            .collect(),
        next: next.map(|cursor| shown(address, &found).after(cursor).link()),
        choices: choices(address, &found),
        exports: exports(address, &found),
        took: format!("{} ms", found.page.took.as_millis().max(1)),
        notice: found.page.fallback.and_then(notice),
        rail: found.rail,
    }
}

fn notice(fallback: Fallback) -> Option<&'static str> {
    match fallback {
        Fallback::Loading => {
            Some("Answered by the database: the index is loading and will take over in a moment.")
        }
        Fallback::Memory => Some(
            "Answered by the database: the account does not fit the index's memory. Give the server more with --index-memory.",
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

fn sum(address: &Address, found: &Found, field: &Field) -> Sum {
    let total = found.paid.1.as_ref();
    let choice = |other: &Field| Choice {
        label: label(other),
        link: Address { sum: other.to_string(), ..address.clone() }.link(),
        on: other == field,
    };
    Sum {
        label: label(field),
        value: total.and_then(|total| total.value.as_ref()).map_or_else(|| "0".to_owned(), extreme),
        counted: total.map_or(0, |total| total.counted),
        choices: table::numeric(&found.seen).map(choice).collect(),
    }
}

fn heads(address: &Address, found: &Found) -> Vec<Head> {
    let head = |field: &Field, class| table::head(address, &found.sort, field, class);
    let chosen = found.columns.iter().map(|field| head(field, "param"));
    let mut heads =
        vec![head(&Field::Email, "who"), head(&Field::Name, "name"), head(&Field::Status, "status")];
    heads.extend(chosen);
    heads.push(head(&Field::LastActivity, "seen"));
    heads
}

/// The columns, and the paths that could be some: a click shows or hides each.
fn choices(address: &Address, found: &Found) -> Vec<Choice> {
    let others = found.seen.iter().map(|seen| &seen.field).filter(|field| !found.columns.contains(field));
    let choice = |field: &Field| {
        let on = found.columns.contains(field);
        let mut columns = found.columns.clone();
        if on {
            columns.retain(|column| column != field);
        } else {
            columns.push(field.clone());
        }
        let link = Address { columns: list(&columns), ..address.clone() }.link();
        Choice { label: label(field), link, on }
    };
    found.columns.iter().chain(others).map(choice).collect()
}

fn list(fields: &[Field]) -> String {
    fields.iter().map(Field::to_string).collect::<Vec<_>>().join(",")
}

/// The address with what the page has chosen, so that its next page and its export show the same.
fn shown(address: &Address, found: &Found) -> Address {
    let sum = found.sum.as_ref().map_or_else(String::new, Field::to_string);
    Address { columns: list(&found.columns), sum, ..address.after("") }
}

/// Exactly what is shown: the filter, the order and the columns of the view.
fn exports(address: &Address, found: &Found) -> [(&'static str, String); 2] {
    let shown = Address { sort: found.sort.to_string(), ..shown(address, found) };
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
