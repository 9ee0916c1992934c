//! Any path by any other: how many people hold each pair of values, or what a number of theirs comes to.

mod told;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use filter::Field;
use index::{
    Aggregate, Function,
    insight::{
        By,
        breakdown::{Answer, Breakdown},
    },
};
use serde::Deserialize;

use super::{
    Head,
    address::Address,
    answered, ask,
    controls::{Control, Paths},
    sheet::Sheet,
    words,
};
use crate::{
    api::insights::{Asked, Words, field, said},
    http::{App, Problem, problem::FieldError},
    store::{
        View,
        query::insight::{Ask, Insight},
    },
    web::{frame::Frame, page::Page, session::SignedIn},
};
use told::Told;

/// Values that have a line of their own; the others are one line.
const ROWS: usize = 15;
/// Values that have a column of their own.
const COLUMNS: usize = 7;
/// What people are told apart by, where nobody says.
const BY: &str = "status";

#[derive(Template)]
#[template(path = "insights/breakdown.html")]
struct BreakdownPage {
    frame: Frame,
    head: Head,
    told: Option<Told>,
}

/// The words of the question, as the address has them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakdownIn {
    filter: Option<String>,
    /// The field whose values are lines.
    by: Option<String>,
    /// The field whose values are columns.
    across: Option<String>,
    /// The path of a number, instead of counting people.
    number: Option<String>,
    /// `sum` of the number, which it is when left out, or `avg`.
    how: Option<String>,
    currency: Option<String>,
    project: Option<String>,
    test: Option<bool>,
    as_of: Option<String>,
    min_version: Option<i64>,
}

/// `GET /insights/breakdown`.
pub async fn show_breakdown(
    State(app): State<App>,
    frame: Frame,
    address: Address,
) -> Result<Response, Problem> {
    let address = address.dated(frame.today()).or("by", BY);
    let (head, answered) = ask::<BreakdownIn>(&app, &frame, &address, controls).await?;
    let told = answered.map(|(question, insight)| Told::new(&address, &question, &insight.answer));
    Ok(Page(BreakdownPage { frame, head, told }).into_response())
}

/// `GET /insights/breakdown.csv`.
pub async fn export_breakdown(
    State(app): State<App>,
    SignedIn(member): SignedIn,
    address: Address,
) -> Result<Response, Problem> {
    let (view, address) = (View::account(member.account), address.or("by", BY));
    let (_, insight) = answered::<BreakdownIn>(&app, &view, &address).await?;
    sheet(&insight.answer).answer()
}

fn controls(address: &Address, paths: &Paths) -> Vec<Control> {
    let fields = || ["status", "project", "domain"].map(str::to_owned).into_iter().chain(paths.labels());
    vec![
        Control::text(address, "by", "Lines", BY).offering(fields()),
        Control::text(address, "across", "Columns", "none").offering(fields()),
        Control::text(address, "number", "Number", "count people").offering(paths.number_labels()),
        Control::choice(address, "how", "As", &[("", "sum"), ("avg", "average")]),
    ]
}

impl Asked for BreakdownIn {
    type Question = Breakdown;
    /// The page alone asks it: the API tells each cell by a query.
    type Out = ();

    fn check(self) -> Result<(Ask, Breakdown), Problem> {
        let mut wrong = Vec::new();
        let BreakdownIn { filter, by, across, number, how, currency, project, test, as_of, min_version } =
            self;
        let by = told_apart(by, "/by", ROWS, &mut wrong);
        let across = told_apart(across, "/across", COLUMNS, &mut wrong);
        let function = function(how, &mut wrong);
        let number = field(number, "/number", &mut wrong).filter(|field| is_path(field, &mut wrong));
        let currency = field(currency, "/currency", &mut wrong);
        let fields = [by.as_ref(), across.as_ref()].into_iter().flatten().map(|by| &by.field);
        let fields = fields.chain(&number).chain(&currency).cloned().collect();
        let number = number.map(|field| Aggregate { function, field });
        let by = by.unwrap_or(By { field: Field::Status, limit: ROWS });
        let ask = Words { filter, project, test, as_of, min_version }.ask(fields, wrong)?;
        Ok((ask, Breakdown { by, across, number, currency }))
    }

    fn told(_: &Breakdown, _: &Insight<Answer>) {}
}

/// A field whose values are told apart.
fn told_apart(text: Option<String>, pointer: &str, limit: usize, wrong: &mut Vec<FieldError>) -> Option<By> {
    let field = field(text, pointer, wrong)?;
    if field.is_time() {
        wrong.push(FieldError::new(pointer, format!("{field} holds times, nearly all of them different")));
    }
    Some(By { field, limit })
}

fn is_path(field: &Field, wrong: &mut Vec<FieldError>) -> bool {
    if field.path().is_none() {
        wrong.push(FieldError::new(
            "/number",
            format!("{field} holds no numbers; name a path, as params.mrr"),
        ));
    }
    field.path().is_some()
}

/// What is computed of a number.
fn function(how: Option<String>, wrong: &mut Vec<FieldError>) -> Function {
    match said(how).as_deref() {
        None | Some("sum") => Function::Sum,
        Some("avg") => Function::Avg,
        Some(other) => {
            wrong.push(FieldError::new("/how", format!("{other:?} is not told; there are sum and avg")));
            Function::Sum
        }
    }
}

/// Every cell, the totals among them; where a number is told, a line for each currency.
fn sheet(answer: &Answer) -> Sheet {
    let head = ["row", "value", "column", "across", "people", "currency", "number", "counted", "filter"];
    let mut sheet = Sheet::new("breakdown", &head);
    for (row, kept) in answer.rows.iter().enumerate() {
        for (column, across) in answer.columns.iter().enumerate() {
            let cell = answer.cell(row, column);
            let named = || words::group(kept).into_iter().chain(words::group(across));
            let mut push = |number: [String; 3]| {
                let cells = named().chain([cell.count.to_string()]).chain(number);
                sheet.push(cells.chain([cell.people.to_string()]).collect());
            };
            if cell.numbers.is_empty() {
                push(Default::default());
            }
            for number in &cell.numbers {
                let [_, currency] = words::group(&answer.currencies[number.currency]);
                push([currency, index::number::plain(&number.value), number.count.to_string()]);
            }
        }
    }
    sheet
}
