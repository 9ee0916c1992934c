//! Any path by any other: how many people hold each pair of values, or what a number of theirs comes to.

mod told;

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use index::insight::breakdown::Answer;

use super::{
    Head,
    address::Address,
    answered, ask,
    controls::{Control, Paths},
    sheet::Sheet,
    words::{self, Pen},
};
use crate::{
    api::insights::breakdown::BreakdownIn,
    http::{App, Problem},
    store::View,
    web::{frame::Frame, page::Page, session::SignedIn},
};
use told::Told;

/// What people are told apart by, where nobody says.
const BY: &str = "status";

#[derive(Template)]
#[template(path = "insights/breakdown.html")]
struct BreakdownPage {
    frame: Frame,
    head: Head,
    told: Option<Told>,
}

/// `GET /insights/breakdown`.
pub async fn show_breakdown(
    State(app): State<App>,
    frame: Frame,
    address: Address,
) -> Result<Response, Problem> {
    let address = address.dated(frame.today()).or("by", BY);
    let (head, answered) = ask::<BreakdownIn>(&app, &frame, &address, controls).await?;
    let told =
        answered.map(|(question, insight)| Told::new(Pen::of(&frame, &address), &question, &insight.answer));
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
