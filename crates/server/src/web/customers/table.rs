//! The table of customers: its columns, chosen from coverage unless the address names them, and its rows.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
};

use filter::{Content, Field, Path, Status, value::Kind};
use index::{Facet, Sort};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::address::Address;
use crate::{
    http::{Code, Problem},
    model::{CustomerId, Formats, Project},
    store::{
        Account,
        query::{CustomerRow, Relationship},
    },
    web::page::value::Shown,
};

/// Columns that are chosen when the address names none: for one project, and beside the column of projects.
const CHOSEN: (usize, usize) = (5, 2);
/// A key with more values than this tells customers apart instead of grouping them.
const FEW: usize = 12;
/// Decimals that a column gives all of its numbers.
const DECIMALS: usize = 4;
/// Longer names of projects are shown by their first word.
const SHORT: usize = 12;
/// Columns that an address may name.
const COLUMNS_MAX: usize = 50;
/// Paths that are offered as columns and sums: the widest of the page. An address may name any other.
const OFFERED: usize = 100;
/// Paths of one relationship that are looked at: one with more holds data, and not what customers have in common.
const LOOKED_AT: usize = 200;

/// The head of a column.
pub(super) struct Head {
    pub(super) label: String,
    /// Sorts by it; by the other direction when it is sorted by it already.
    pub(super) link: String,
    /// `ascending`, `descending` or `none`, as `aria-sort` has it.
    pub(super) sorted: &'static str,
    pub(super) class: &'static str,
}

/// A customer.
pub(super) struct Row {
    pub(super) id: CustomerId,
    pub(super) link: String,
    /// What the panel beside the table shows.
    pub(super) peek: String,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) projects: Vec<Chip>,
    /// The statuses in the projects, each once, the best first.
    pub(super) statuses: Vec<&'static str>,
    pub(super) cells: Vec<Vec<Shown>>,
    pub(super) seen: String,
    pub(super) seen_exactly: String,
    pub(super) seen_at: String,
    /// Whether it is not listed any more, and stays.
    pub(super) left: bool,
}

/// A project of a customer, in its colour.
pub(crate) struct Chip {
    /// The name, or the first word of a long one.
    pub(crate) short: String,
    pub(crate) name: String,
    pub(crate) colour: String,
}

/// The fields that are columns: those of the address, or the widest of the page and what is summed.
pub(super) fn columns(address: &Address, seen: &[Seen], sum: Option<&Field>) -> Result<Vec<Field>, Problem> {
    if !address.columns.is_empty() {
        return named(address).map(field).collect();
    }
    // The widest first; among those that many have, what groups them before what tells them apart.
    let most = seen.iter().map(|seen| seen.count).max().unwrap_or(0);
    let mut others: Vec<&Seen> = seen.iter().filter(|seen| Some(&seen.field) != sum).collect();
    others.sort_by_key(|seen| (seen.count * 2 < most, seen.is_wide, Reverse(seen.count)));
    let room = if address.project.is_empty() { CHOSEN.1 } else { CHOSEN.0 };
    let mut columns: Vec<Field> = others.into_iter().take(room).map(|seen| seen.field.clone()).collect();
    if let Some(sum) = sum {
        columns.insert(columns.len().min(1), sum.clone());
        columns.truncate(room);
    }
    Ok(columns)
}

/// The address with the columns that a member has chosen for good, where it names none.
pub(super) fn chosen(address: Address, kept: &str) -> Address {
    if address.columns.is_empty() { Address { columns: kept.to_owned(), ..address } } else { address }
}

/// The columns that the address names.
pub(super) fn named(address: &Address) -> impl Iterator<Item = &str> {
    index::list(&address.columns).take(COLUMNS_MAX)
}

/// A field of the address.
pub(super) fn field(text: &str) -> Result<Field, Problem> {
    filter::parse_field(text).map_err(|error| {
        Problem::new(Code::InvalidRequest, format!("{text:?} is no field: {}.", error.message))
            .hint("Fields are email, name, status … and paths, as in params.plan.")
    })
}

/// The path of one key.
pub(crate) fn path(key: &str) -> Option<Field> {
    Path::new(vec![key.to_owned()]).map(Field::Params)
}

/// The fields that hold numbers.
pub(super) fn numeric(seen: &[Seen]) -> impl Iterator<Item = &Field> {
    seen.iter().filter(|seen| seen.is_numeric()).map(|seen| &seen.field)
}

/// A path that customers have.
pub(crate) struct Seen {
    pub(super) field: Field,
    /// How many have it.
    pub(super) count: u64,
    /// How many have a number there.
    numbers: u64,
    /// Whether its values tell customers apart instead of grouping them.
    is_wide: bool,
}

impl Seen {
    /// What the index counts; objects are told by their members.
    pub(super) fn counted(facet: &Facet) -> Option<Seen> {
        let of = |kind| facet.kinds.iter().find(|(other, _)| *other == kind).map_or(0, |(_, count)| *count);
        let is_told = facet.field.path().is_some() && of(Kind::Object) < facet.coverage;
        is_told.then(|| Seen {
            field: facet.field.clone(),
            count: facet.coverage,
            numbers: of(Kind::Number),
            is_wide: facet.distinct.is_none_or(|distinct| distinct > FEW as u64),
        })
    }

    pub(super) fn is_numeric(&self) -> bool {
        self.numbers * 2 > self.count
    }
}

/// A path while its values are looked at.
struct Looked {
    seen: Seen,
    values: HashSet<String>,
}

/// The widest paths of some customers, in the order of their keys.
pub(super) fn seen(customers: &[CustomerRow]) -> Vec<Seen> {
    let mut looked = BTreeMap::new();
    for relationship in customers.iter().flat_map(|customer| &customer.relationships) {
        walk(&mut Vec::new(), &relationship.params, &mut looked, &mut LOOKED_AT.clone());
    }
    let mut seen: Vec<(usize, Seen)> = looked.into_values().map(|looked| looked.seen).enumerate().collect();
    seen.sort_by_key(|(_, seen)| Reverse(seen.count));
    seen.truncate(OFFERED);
    seen.sort_by_key(|(place, _)| *place);
    seen.into_iter().map(|(_, seen)| seen).collect()
}

/// Takes in so many paths, `left`, of the params.
fn walk(
    keys: &mut Vec<String>,
    params: &Map<String, Value>,
    looked: &mut BTreeMap<Vec<String>, Looked>,
    left: &mut usize,
) {
    for (key, value) in params {
        if *left == 0 {
            return;
        }
        keys.push(key.clone());
        match value {
            Value::Object(inner) if !inner.is_empty() => walk(keys, inner, looked, left),
            _ => {
                *left -= 1;
                count(keys, value, looked);
            }
        }
        keys.pop();
    }
}

fn count(keys: &[String], value: &Value, looked: &mut BTreeMap<Vec<String>, Looked>) {
    let Some(path) = Path::new(keys.to_vec()) else { return };
    let seen = Seen { field: Field::Params(path), count: 0, numbers: 0, is_wide: false };
    let entry = looked.entry(keys.to_vec()).or_insert_with(|| Looked { seen, values: HashSet::new() });
    entry.seen.count += 1;
    entry.seen.numbers += u64::from(value.is_number());
    if entry.values.len() <= FEW {
        entry.values.insert(value.to_string());
    }
    entry.seen.is_wide = entry.values.len() > FEW;
}

/// The heads of the fixed columns before and after the chosen ones, and of these.
pub(super) fn head(address: &Address, sort: &Sort, field: &Field, class: &'static str) -> Head {
    let present = sort.field == *field;
    // Numbers and times are asked for from above first, texts from below.
    let first_down = !matches!(field, Field::Email | Field::Name | Field::Status);
    let descending = if present { !sort.descending } else { first_down };
    let next = Sort { field: field.clone(), descending };
    Head {
        label: field.label(),
        link: address.sorted(&next).link(),
        sorted: match (present, sort.descending) {
            (false, _) => "none",
            (true, false) => "ascending",
            (true, true) => "descending",
        },
        class,
    }
}

/// A row of the page.
pub(super) fn row(
    customer: &CustomerRow,
    columns: &[Field],
    projects: &[(Project, u64)],
    (address, now, account): (&Address, Timestamp, &Account),
) -> Row {
    let (zone, formats) = (&account.zone, account.formats);
    // A person is shown as of the day that the table is of.
    let of_day = Address { as_of: address.as_of.clone(), ..Address::default() };
    let seen = customer.relationships.iter().filter_map(|r| r.last_activity).max().unwrap_or(now);
    let mut statuses: Vec<Status> = customer.relationships.iter().filter_map(|r| r.status).collect();
    statuses.sort_by_key(|status| match status {
        Status::Paid => 0,
        Status::Trial => 1,
        Status::Free => 2,
        Status::Churned => 3,
    });
    statuses.dedup();
    Row {
        id: customer.id,
        link: of_day.at(&format!("/customers/{}", customer.id)),
        peek: of_day.at(&format!("/customers/{}/peek", customer.id)),
        email: customer.email.clone(),
        name: customer.name.clone().unwrap_or_default(),
        projects: customer.relationships.iter().filter_map(|r| chip(r, projects)).collect(),
        statuses: statuses.into_iter().map(Status::as_str).collect(),
        cells: columns
            .iter()
            .map(|field| cell(&customer.email, &customer.relationships, field, account))
            .collect(),
        // Of the past a day is known, and no hour.
        seen: match address.as_of() {
            Some(_) => formats.day_in(&seen, zone),
            None => formats.ago(seen, now, zone),
        },
        seen_exactly: formats.exact(&seen, zone),
        seen_at: seen.to_string(),
        left: false,
    }
}

impl Row {
    /// The half of the address before the `@`.
    pub(super) fn local(&self) -> &str {
        self.email.rsplit_once('@').map_or(&self.email, |(local, _)| local)
    }
}

/// Which of the columns hold numbers: by what the project knows, else by what is shown.
pub(super) fn numbers(columns: &[Field], seen: &[Seen], rows: &[Row]) -> Vec<bool> {
    let is_shown = |place: usize| {
        let mut values = rows.iter().flat_map(|row| &row.cells[place]).peekable();
        values.peek().is_some() && values.all(|value| value.kind == "number")
    };
    let known = |field: &Field| seen.iter().find(|seen| seen.field == *field).map(Seen::is_numeric);
    let columns = columns.iter().enumerate();
    columns.map(|(place, field)| known(field).unwrap_or_else(|| is_shown(place))).collect()
}

/// Gives the numbers of a column as many decimals as the one with most; beyond [`DECIMALS`] each has its own.
pub(super) fn align(rows: &mut [Row], place: usize, formats: Formats) {
    let (_, point) = formats.numbers.marks();
    let decimals = |number: &str| number.split_once(point).map_or(0, |(_, decimals)| decimals.len());
    let values = || rows.iter().flat_map(|row| &row.cells[place]);
    let numbers = values().filter(|value| value.kind == "number");
    let most = numbers.map(|value| decimals(&value.text)).max().unwrap_or(0).min(DECIMALS);
    for value in rows.iter_mut().flat_map(|row| &mut row.cells[place]) {
        let lacking = most.saturating_sub(decimals(&value.text));
        if value.kind == "number" && lacking > 0 && !value.text.contains(['e', 'E']) {
            let point = if lacking == most { point.to_string() } else { String::new() };
            value.text = format!("{}{point}{}", value.text, "0".repeat(lacking));
        }
    }
}

impl Chip {
    /// The chip of a project.
    pub(crate) fn of(project: &Project) -> Chip {
        let short = match project.name.split_whitespace().next() {
            Some(word) if project.name.chars().count() > SHORT => word,
            _ => &project.name,
        };
        Chip { short: short.to_owned(), name: project.name.clone(), colour: project.colour.clone() }
    }
}

/// The project of a relationship.
pub(crate) fn chip(relationship: &Relationship, projects: &[(Project, u64)]) -> Option<Chip> {
    let (project, _) = projects.iter().find(|(project, _)| project.id == relationship.project)?;
    Some(Chip::of(project))
}

/// The values of a field in a customer's projects, each once.
pub(crate) fn cell(
    email: &str,
    relationships: &[Relationship],
    field: &Field,
    account: &Account,
) -> Vec<Shown> {
    let mut values: Vec<Shown> = Vec::new();
    let documents = relationships.iter().map(|relationship| relationship.document(email));
    for shown in
        documents.filter_map(|document| field.read(&document).and_then(|content| shown(content, account)))
    {
        // Two moments of one day are told apart by their titles only.
        if !values.iter().any(|value| (&value.text, value.kind) == (&shown.text, shown.kind)) {
            values.push(shown);
        }
    }
    values
}

/// A value as its cell shows it. Projects have a column of their own.
fn shown(content: Content<'_>, account: &Account) -> Option<Shown> {
    match content {
        Content::Text(text) => Some(Shown::new(text.to_owned(), "string")),
        Content::Time(at) => Some(Shown::time(&at, account)),
        Content::Json(value) => Some(Shown::cell(value, account.formats)),
        Content::Project(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[(&str, &'static str)]) -> Row {
        let value = |(text, kind): &(&str, &'static str)| vec![Shown::new((*text).to_owned(), kind)];
        Row {
            id: CustomerId::new(),
            link: String::new(),
            peek: String::new(),
            email: String::new(),
            name: String::new(),
            projects: Vec::new(),
            statuses: Vec::new(),
            cells: cells.iter().map(value).collect(),
            seen: String::new(),
            seen_exactly: String::new(),
            seen_at: String::new(),
            left: false,
        }
    }

    #[test]
    fn the_numbers_of_a_column_have_as_many_decimals() {
        let mut rows = [
            row(&[("12", "number"), ("1", "number")]),
            row(&[("7.5", "number"), ("2", "number")]),
            row(&[("65.83", "number"), ("1.123456", "number")]),
            row(&[("1e9", "number"), ("x", "string")]),
        ];
        align(&mut rows, 0, Formats::default());
        align(&mut rows, 1, Formats::default());
        let shown: Vec<[&str; 2]> =
            rows.iter().map(|r| [0, 1].map(|place| r.cells[place][0].text.as_str())).collect();
        assert_eq!(shown, [["12.00", "1.0000"], ["7.50", "2.0000"], ["65.83", "1.123456"], ["1e9", "x"]]);
    }
}
