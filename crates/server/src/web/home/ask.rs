//! What home asks of the store: everything that is shown, of one snapshot, with its last thirty days.

use std::time::Duration;

use filter::{
    Field, Status,
    calendar::{Unit, day_of},
};
use index::{Aggregate, Bucket, Datum, Function, Group, Grouping, Groups, Part, Question, Sort};

use crate::{
    http::{App, Problem},
    model::{Formats, Project, now},
    store::{
        View,
        query::{Answer, CustomerRow, Error, Page, Point, Query, Series, Together},
    },
    web::{
        customers::{address::Address, ask, money},
        frame::Frame,
        page::trend::DAYS,
    },
};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Currencies that are told.
const CURRENCIES: usize = 4;
/// The statuses of which people are told.
pub(super) const TOLD: [Status; 3] = [Status::Paid, Status::Trial, Status::Churned];
/// Who may be worth most: those whose most in one product is greatest, and of those who are in several as many as this.
pub(super) const BEST: usize = 10;
const CANDIDATES: usize = 200;
/// Of more projects than this it is not told who is in several: no filter may have so many conditions.
const SEVERAL: usize = 100;

/// Everything that was asked.
pub(super) struct Found {
    /// The path that is summed.
    pub(super) money: Option<Field>,
    /// Currencies that are not told.
    pub(super) others: usize,
    /// Everybody, by project.
    pub(super) everybody: Number,
    /// The people of each status of [`TOLD`].
    pub(super) statuses: Vec<Number>,
    pub(super) sums: Vec<Money>,
    /// The filter of those who are in several projects, and how many they are; `None` where that was too slow.
    pub(super) several: Option<(String, Option<u64>)>,
    /// Why there are no lines.
    pub(super) untold: Option<String>,
}

/// What is so now, and what was so at the end of each of the last days, oldest first.
pub(super) struct Number {
    pub(super) filter: String,
    /// None where it was too slow: the rest of the page stands.
    pub(super) now: Option<Answer>,
    pub(super) days: Vec<Point>,
}

/// The money of a currency, by project.
pub(super) struct Money {
    /// Empty where none is told.
    pub(super) currency: String,
    pub(super) number: Number,
    /// Who may be worth most.
    pub(super) people: Vec<CustomerRow>,
    /// Whether there are more who are in several projects than were looked at.
    pub(super) is_cut: bool,
    /// Whether it was too slow to tell who they are.
    pub(super) is_slow: bool,
}

impl Number {
    /// How many people there are now.
    pub(super) fn people(&self) -> Option<u64> {
        self.now.as_ref().map(|now| now.count.unwrap_or_default().customers)
    }

    /// What is so in a project now.
    pub(super) fn of(&self, project: &Project) -> Option<&Group> {
        in_project(self.now.as_ref()?.groups.as_ref(), project)
    }

    /// What was so in a project at the end of each day.
    pub(super) fn days_of<'a>(&'a self, project: &'a Project) -> impl Iterator<Item = Option<&'a Group>> {
        self.days.iter().map(move |day| in_project(day.groups.as_ref(), project))
    }
}

fn in_project<'a>(groups: Option<&'a Groups>, project: &Project) -> Option<&'a Group> {
    let slug = |bucket: &Bucket| matches!(bucket, Bucket::Value(Datum::String(slug)) if slug == project.slug.as_str());
    groups?.rows.iter().find(|(bucket, _)| slug(bucket)).map(|(_, group)| group)
}

impl Found {
    /// What money is in; empty where nobody says.
    pub(super) fn currency(&self, told: &Money, formats: Formats) -> String {
        let Some(field) = &self.money else { return String::new() };
        let is_alone = self.sums.len() + self.others == 1;
        let told = Some(told.currency.as_str()).filter(|told| !told.is_empty());
        money::currency(formats, field, told, is_alone)
    }

    /// What the money is called; empty where there is none.
    pub(super) fn spoken(&self) -> String {
        self.money.as_ref().map_or_else(String::new, money::spoken)
    }
}

/// Asks it all.
pub(super) async fn find(
    app: &App,
    frame: &Frame,
    view: &View,
    address: &Address,
    projects: &[&Project],
) -> Result<Found, Problem> {
    let seen = in_time(ask::seen(app, view, address.rows()).await)?.unwrap_or_default();
    let money = money::of(&seen).cloned();
    let currencies = currencies(app, view, address, money.as_ref()).await;
    let several = several(frame, projects);
    let asked = Asked { address, projects, money, currencies, several, period: period(frame) };
    let (queries, series) = asked.all();
    let together = app.together(view, &queries, &series, PATIENCE).await?;
    Ok(asked.found(together)?)
}

/// What was answered; none where it was too slow, which spoils nothing else.
fn in_time<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Err(Error::TooSlow) => Ok(None),
        answer => answer.map(Some),
    }
}

/// The days that lines go back, as the language writes them.
fn period(frame: &Frame) -> String {
    let today = day_of(now(), &frame.account.zone);
    let from = Unit::Day.shift(today, -DAYS).unwrap_or(today);
    format!("{from} .. {today}")
}

/// The currencies of the money, those that most have first; none where there is no money.
async fn currencies(app: &App, view: &View, address: &Address, field: Option<&Field>) -> Vec<Option<String>> {
    let Some(field) = field else { return Vec::new() };
    money::currencies(app, view, field, ("", address.rows(), None)).await.unwrap_or_default()
}

/// The questions.
struct Asked<'a> {
    address: &'a Address,
    projects: &'a [&'a Project],
    money: Option<Field>,
    /// All of them, those that most have first.
    currencies: Vec<Option<String>>,
    /// The filter of those who are in several projects.
    several: Option<String>,
    /// The days that the lines go back.
    period: String,
}

impl Asked<'_> {
    /// What is asked of now, and of the days before.
    fn all(&self) -> (Vec<Query>, Vec<Series>) {
        let (mut queries, series): (Vec<Query>, Vec<Series>) = self.numbers().into_iter().unzip();
        queries.extend(self.further());
        (queries, series)
    }

    /// What is told of now and of the days before: everybody, the people of each status, the money of each currency.
    fn numbers(&self) -> Vec<(Query, Series)> {
        let status = |status: Status| self.number(format!("status = \"{}\"", status.as_str()), false, None);
        let sum = |currency: &Option<String>| {
            self.number(self.paying(currency.as_deref()), true, self.money.as_ref())
        };
        let everybody = self.number(String::new(), true, None);
        [everybody].into_iter().chain(TOLD.map(status)).chain(self.currencies().iter().map(sum)).collect()
    }

    /// How many are in several projects; and, of each currency, who has most in one, and who is in several.
    fn further(&self) -> Vec<Query> {
        let count = Question { select: vec![Part::Count], ..Question::default() };
        let several = self.several.as_ref();
        let count = several.map(|several| self.query(several.clone(), count));
        let pages = self.currencies().iter().flat_map(|currency| {
            let paying = self.paying(currency.as_deref());
            let both = several.map(|several| self.page(format!("{paying} and ({several})"), CANDIDATES));
            [Some(self.page(paying, BEST)), both]
        });
        count.into_iter().chain(pages.flatten()).collect()
    }

    /// The currencies that are told.
    fn currencies(&self) -> &[Option<String>] {
        &self.currencies[..self.currencies.len().min(CURRENCIES)]
    }

    /// What was answered, each in the place of its question.
    fn found(self, together: Together) -> Result<Found, Error> {
        let answers: Vec<_> = together.answers.into_iter().map(in_time).collect::<Result<_, _>>()?;
        let mut answers = answers.into_iter();
        let mut untold = None;
        let mut numbers: Vec<Number> = Vec::with_capacity(together.series.len());
        let filters = self.numbers().into_iter().map(|(query, _)| query.filter);
        for ((told, now), asked) in together.series.into_iter().zip(answers.by_ref()).zip(filters) {
            let days = told.map(|told| told.points).unwrap_or_else(|error| {
                untold.get_or_insert_with(|| ask::untold(&error));
                Vec::new()
            });
            let filter = now.as_ref().map_or(asked, |now| now.filter.clone());
            numbers.push(Number { filter, now, days });
        }
        let sums = numbers.split_off(1 + TOLD.len());
        let statuses = numbers.split_off(1);
        let everybody = numbers.remove(0);
        let several = self.several.as_ref().map(|filter| match answers.next().flatten() {
            Some(answer) => (answer.filter, Some(answer.count.unwrap_or_default().customers)),
            None => (filter.clone(), None),
        });
        let pages = if self.several.is_some() { 2 } else { 1 };
        let sums = self.currencies().iter().zip(sums).map(|(currency, number)| {
            let pages: Vec<Option<Answer>> = answers.by_ref().take(pages).collect();
            let is_slow = pages.iter().any(Option::is_none);
            let pages: Vec<Page> =
                pages.into_iter().flatten().filter_map(|answer| answer.customers).collect();
            Money {
                currency: currency.clone().unwrap_or_default(),
                number,
                is_cut: pages.get(1).is_some_and(|page| page.next.is_some()),
                people: pages.into_iter().flat_map(|page| page.rows).collect(),
                is_slow,
            }
        });
        let sums = sums.collect();
        let others = self.currencies.len() - self.currencies().len();
        Ok(Found { money: self.money, others, everybody, statuses, sums, several, untold })
    }

    /// Those who pay in a currency.
    fn paying(&self, currency: Option<&str>) -> String {
        let conditions = [self.money.as_ref().map(money::summed_of), money::is_in(currency)];
        conditions.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }

    fn number(&self, filter: String, is_by_project: bool, sum: Option<&Field>) -> (Query, Series) {
        let aggregates: Vec<Aggregate> = sum
            .map(|field| Aggregate { function: Function::Sum, field: field.clone() })
            .into_iter()
            .collect();
        let by = is_by_project.then_some(Field::Project);
        let listed: Vec<Datum> =
            self.projects.iter().map(|project| Datum::String(project.slug.to_string())).collect();
        let listed = is_by_project.then_some(listed);
        let groups = is_by_project.then_some(Part::Groups);
        let question = Question {
            select: [Part::Count, Part::Aggregates].into_iter().chain(groups).collect(),
            aggregates: aggregates.clone(),
            group_by: by.clone().map(Grouping::Value),
            group_limit: self.projects.len(),
            listed: listed.clone(),
            ..Question::default()
        };
        let series = Series {
            filter: filter.clone(),
            rows: self.address.rows(),
            aggregates,
            step: Unit::Day,
            period: Some(self.period.clone()),
            by,
            limit: self.projects.len(),
            listed,
            min_version: 0,
            engine: None,
        };
        (self.query(filter, question), series)
    }

    /// Those who have most of it first.
    fn page(&self, filter: String, limit: usize) -> Query {
        let sort = self
            .money
            .as_ref()
            .map(|field| Sort { field: field.clone(), descending: true })
            .unwrap_or_default();
        let question = Question { select: vec![Part::Customers], sort, limit, ..Question::default() };
        self.query(filter, question)
    }

    fn query(&self, filter: String, question: Question) -> Query {
        Query { filter, rows: self.address.rows(), question, ..Query::default() }
    }
}

/// The filter of those who are in two of the projects at least that have any customers.
fn several(frame: &Frame, projects: &[&Project]) -> Option<String> {
    let has_any = |project: &&&Project| {
        frame.projects.iter().any(|(other, count)| other.id == project.id && *count > 0)
    };
    let slugs: Vec<&str> = projects.iter().filter(has_any).map(|project| project.slug.as_str()).collect();
    if slugs.len() > SEVERAL { None } else { in_two(&slugs) }
}

/// In two of the first half, in two of the second, or in one of each: far fewer conditions than there are pairs.
fn in_two(slugs: &[&str]) -> Option<String> {
    if slugs.len() < 2 {
        return None;
    }
    let (first, second) = slugs.split_at(slugs.len() / 2);
    let one_of = |slugs: &[&str]| {
        let one = |slug: &&str| format!("in project {}", serde_json::Value::from(*slug));
        format!("({})", slugs.iter().map(one).collect::<Vec<_>>().join(" or "))
    };
    let both = format!("{} and {}", one_of(first), one_of(second));
    let ways = [Some(both), in_two(first), in_two(second)];
    Some(ways.into_iter().flatten().collect::<Vec<_>>().join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_in_two_is_asked_with_few_conditions() {
        assert_eq!(in_two(&["a"]), None);
        assert_eq!(in_two(&["a", "b"]).unwrap(), "(in project \"a\") and (in project \"b\")");
        let names: Vec<String> = (0..SEVERAL).map(|n| format!("product-{n}")).collect();
        let filter = in_two(&names.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        assert!(filter.matches("in project").count() < 700, "{filter}");
        filter::parse(&filter).unwrap();
    }
}
