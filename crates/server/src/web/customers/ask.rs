//! What a page of customers asks of the store: what the project knows, then everything that is shown, of one snapshot.

use filter::{Field, calendar::Unit};
use index::{Aggregate, Function, Grouping, Part, Question, Sort};
use jiff::civil::Date;

use super::{
    Failure,
    address::Address,
    excluded::{self, Excluder},
    facets::FacetView,
    has_rail, kept,
    known::{self, Age, facets_of},
    money, rail,
    table::{self, Seen},
};
use crate::{
    http::{App, Problem},
    model::now,
    store::{
        Rows, View,
        query::{self, Answer, CustomerRow, Engine, Error, Held, Query, Series, SeriesAnswer},
        recent,
    },
    web::{frame::Frame, page::trend::DAYS},
};

/// Customers by whom it is told which paths there are, where nothing is counted.
const PAGE: usize = 50;

/// Everything that was asked of the store for one page.
pub(super) struct Found {
    pub(super) answer: Answer,
    /// The paths that the project's customers have, whatever the filter.
    pub(super) seen: Vec<Seen>,
    pub(super) sum: Option<Field>,
    pub(super) columns: Vec<Field>,
    pub(super) sort: Sort,
    pub(super) rail: Option<Vec<FacetView>>,
    /// What the money that is summed is in, and `None` among them for that of people without a currency; where nobody can tell,
    /// `None`.
    pub(super) currencies: Option<Vec<Option<String>>>,
    /// The last thirty days, or why they are not told.
    pub(super) trend: Result<SeriesAnswer, String>,
    /// The day that is compared with, and its numbers.
    pub(super) then: Option<(Date, SeriesAnswer)>,
    /// Where nobody matches, the conditions that leave everybody out.
    pub(super) excluders: Vec<Excluder>,
    /// The other filters that the member has asked last.
    pub(super) recent: Vec<String>,
    /// Those who stay though they are not listed any more.
    pub(super) kept: Vec<CustomerRow>,
}

/// Finds it all, and keeps the filter with those of before if the member looks by themselves.
pub(super) async fn find(
    app: &App,
    frame: &Frame,
    address: &Address,
    is_own_look: bool,
) -> Result<Found, Failure> {
    let view = View::account(frame.member.account);
    let seen = seen(app, &view, address.rows()).await?;
    let sum = money::summed(address, &seen)?;
    let columns = table::columns(address, &seen, sum.as_ref())?;
    let sort = sort(address)?;
    let kept = &frame.member.columns;
    let ask = Ask { address, kept, sum: sum.as_ref(), sort: &sort };
    let (answer, trend, then, held) = ask.told(app, &view, frame).await?;
    let rail = rail(app, &view, (frame, address), (&answer, &held)).await?;
    let currencies = currencies(app, &view, &ask).await;
    let excluders = excluders(app, &view, address, (&answer, &held)).await?;
    let recent = recent(app, frame, address, is_own_look).await?;
    let kept = kept::kept(app, &view, address).await?;
    Ok(Found { answer, seen, sum, columns, sort, rail, currencies, trend, then, excluders, recent, kept })
}

/// What leaves everybody out of a filter that finds nobody; from the database each count would be a look at everybody.
async fn excluders(
    app: &App,
    view: &View,
    address: &Address,
    (answer, held): (&Answer, &Held),
) -> Result<Vec<Excluder>, Error> {
    match filter::parse(&address.filter) {
        Ok(filter) if answer.count.unwrap_or_default().customers == 0 && is_cheap(app, view) => {
            excluded::excluders(app, view, (address, held), &filter).await
        }
        _ => Ok(Vec::new()),
    }
}

/// The filters that the member has asked before this one, which is kept with them where they look by themselves.
async fn recent(
    app: &App,
    frame: &Frame,
    address: &Address,
    is_own_look: bool,
) -> Result<Vec<String>, Failure> {
    let typed = address.filter.trim();
    let mut recent = recent::list(&app.store, &frame.member).await?;
    if is_own_look && recent.first().is_none_or(|last| last != typed) {
        // The page does not depend on it.
        if let Err(error) = recent::keep(&app.store, &frame.member, typed, now()).await {
            tracing::info!(%error, "a filter was not kept with those of before");
        }
    }
    recent.retain(|filter| filter != typed);
    Ok(recent)
}

/// The day that is looked at: today, or one of the past.
fn day(frame: &Frame, address: &Address) -> Result<Date, Problem> {
    let today = frame.today();
    Ok(address.past(today)?.unwrap_or(today))
}

/// The thirty days before a day, and that.
fn thirty(to: Date) -> (Date, Date) {
    (Unit::Day.shift(to, -DAYS).unwrap_or(to), to)
}

/// From the index the rail costs less than another request; from the database it costs more than the page.
fn is_cheap(app: &App, view: &View) -> bool {
    query::engine(&app.store, view) == Engine::Index
}

/// The rail, where it comes with the page.
async fn rail(
    app: &App,
    view: &View,
    (frame, address): (&Frame, &Address),
    (answer, held): (&Answer, &Held),
) -> Result<Option<Vec<FacetView>>, Error> {
    if !answer.facets.is_empty() {
        let total = answer.count.unwrap_or_default().relationships;
        let found = (&answer.facets[..], total);
        return rail::draw(app, view, (address, held), found, frame.formats()).await.map(Some);
    }
    let is_asked = !address.rail.is_empty() || !address.rail_q.is_empty();
    let is_wanted = has_rail(frame, address) && is_asked;
    if is_wanted { rail::load(app, view, address, frame.formats()).await.map(Some) } else { Ok(None) }
}

/// The currencies of the money that is summed, if it is money.
async fn currencies(app: &App, view: &View, ask: &Ask<'_>) -> Option<Vec<Option<String>>> {
    match ask.sum.filter(|field| money::is_money(field)) {
        Some(field) => {
            money::currencies(
                app,
                view,
                field,
                (&ask.address.filter, ask.address.rows(), ask.address.as_of()),
            )
            .await
        }
        None => Some(Vec::new()),
    }
}

/// The paths that the project's customers have: by what the index counts; else by those who were seen last.
pub(crate) async fn seen(app: &App, view: &View, rows: Rows) -> Result<Vec<Seen>, Error> {
    if is_cheap(app, view) {
        let known = known::facets(app, view, rows, ("", None), Age::Minute).await?;
        return Ok(known.facets.iter().filter_map(Seen::counted).collect());
    }
    let question = Question { select: vec![Part::Customers], limit: PAGE, ..Question::default() };
    let answer = app.query(view, &Query { rows, question, ..Query::default() }).await?;
    Ok(table::seen(answer.customers.as_ref().map_or(&[], |page| &page.rows)))
}

/// Why there is no line beside the numbers.
pub(crate) fn untold(error: &Error) -> String {
    match error {
        Error::IndexNotReady(fallback) => format!("History is not in memory: {fallback}."),
        error => format!("No history is told: {error}."),
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

/// What is asked of those who match.
struct Ask<'a> {
    address: &'a Address,
    /// The columns that come by themselves: nobody has asked for them here, so nothing is said of those that nobody has.
    kept: &'a str,
    sum: Option<&'a Field>,
    sort: &'a Sort,
}

/// What is told of those who match: now and of the last thirty days; and the numbers of the day that is compared with; and what
/// all of it was answered from.
type Told = (Answer, Result<SeriesAnswer, String>, Option<(Date, SeriesAnswer)>, Held);

impl Ask<'_> {
    async fn told(&self, app: &App, view: &View, frame: &Frame) -> Result<Told, Failure> {
        let address = self.address;
        let facets = has_rail(frame, address) && is_cheap(app, view) && address.rail_q.is_empty();
        let against = address.against(frame.today())?;
        let days = [Some(thirty(day(frame, address)?)), against.map(|day| (day, day))];
        let series: Vec<Series> = days.into_iter().flatten().map(|days| self.series(days)).collect();
        let (answer, told, held) = app.query_with(view, &self.page(facets), &series).await?;
        let mut told = told.into_iter();
        let trend = told.next().unwrap_or(Err(Error::TooSlow)).map_err(|error| untold(&error));
        Ok((answer, trend, against.zip(told.next().and_then(Result::ok)), held))
    }

    /// The count, a page of customers, the numbers of each status, and the facets where they are wanted.
    fn page(&self, with_facets: bool) -> Query {
        let address = self.address;
        let mut question = Question {
            select: vec![Part::Count, Part::Customers, Part::Groups],
            group_by: Some(Grouping::Value(Field::Status)),
            aggregates: self.aggregates(),
            sort: self.sort.clone(),
            limit: address.length(),
            ..Question::default()
        };
        if with_facets {
            question.select.push(Part::Facets);
            question.facets = facets_of(&address.rows());
        }
        Query {
            filter: address.filter.clone(),
            rows: address.rows(),
            columns: self.columns(),
            as_of: address.as_of(),
            cursor: (!address.after.is_empty()).then(|| address.after.clone()),
            question,
            lift_own: true,
            ..Query::default()
        }
    }

    /// The same numbers at the end of each of some days.
    fn series(&self, (from, to): (Date, Date)) -> Series {
        Series {
            filter: self.address.filter.clone(),
            rows: self.address.rows(),
            aggregates: self.aggregates(),
            step: Unit::Day,
            period: Some(format!("{from} .. {to}")),
            by: Some(Field::Status),
            limit: filter::Status::ALL.len(),
            listed: None,
            min_version: 0,
            engine: None,
        }
    }

    /// The columns that were asked for.
    fn columns(&self) -> Vec<Field> {
        if self.address.columns == self.kept {
            return Vec::new();
        }
        table::named(self.address).filter_map(|text| filter::parse_field(text).ok()).collect()
    }

    fn aggregates(&self) -> Vec<Aggregate> {
        let sum = |field: &Field| Aggregate { function: Function::Sum, field: field.clone() };
        self.sum.map(sum).into_iter().collect()
    }
}
