//! Values that come with an outcome or after it: what somebody is given for paying says nothing of why they pay. The log tells
//! which these are.

use std::time::Duration;

use filter::Expr;
use index::{
    Part, Question,
    insight::lift::{Held, Lift, Line},
};

use super::address::Address;
use crate::{
    http::App,
    store::{View, query::Query},
    web::customers::narrow,
};

/// How long it may be asked.
const PATIENCE: Duration = Duration::from_secs(3);
/// Of so many whose outcome came later than they did, at least, it can be said.
const FEW: u64 = 5;

/// Which of some lines follow: of those who hold the value, and have come to the outcome after they came, nine in ten have got the
/// value with it or later. With a landmark the outcome comes after the values; what cannot be asked follows from nothing.
pub(super) async fn follow(
    app: &App,
    view: &View,
    address: &Address,
    question: &Lift,
    lines: &[Line],
) -> Vec<bool> {
    let told = match question.landmark {
        Some(_) => vec![None; lines.len()],
        None => told(app, view, address, &question.outcome.to_string(), lines).await,
    };
    // Of few people it is as of the other values of their field.
    let of_field = |line: &Line| {
        let others = lines.iter().zip(&told).filter(|(other, _)| other.field == line.field);
        let mut others = others.filter_map(|(_, told)| *told).peekable();
        others.peek().is_some() && others.all(|follows| follows)
    };
    lines.iter().zip(&told).map(|(line, told)| told.unwrap_or_else(|| of_field(line))).collect()
}

/// Whether each line follows from the outcome, where that can be said.
async fn told(app: &App, view: &View, address: &Address, outcome: &str, lines: &[Line]) -> Vec<Option<bool>> {
    let later = format!("first ({outcome}) > first_seen");
    let (mut places, mut queries) = (Vec::new(), Vec::new());
    for (place, line) in lines.iter().enumerate() {
        let Some((side, held)) = came(line) else { continue };
        let with = format!("{later} and first ({held}) >= first ({outcome})");
        if let (Some(all), Some(with)) = (query(address, side, &later), query(address, side, &with)) {
            places.push(place);
            queries.extend([all, with]);
        }
    }
    let mut told = vec![None; lines.len()];
    let Ok(together) = app.together(view, &queries, &[], PATIENCE).await else { return told };
    let counts: Vec<Option<u64>> =
        together.answers.into_iter().map(|answer| Some(answer.ok()?.count?.relationships)).collect();
    for (place, counts) in places.into_iter().zip(counts.chunks_exact(2)) {
        if let [Some(all), Some(with)] = counts {
            told[place] = (*all >= FEW).then_some(with * 10 >= all * 9);
        }
    }
    told
}

/// Those of a line among whom the outcome is more frequent, and what they have come to hold: the value, or anything else.
fn came(line: &Line) -> Option<(&Expr, String)> {
    let held = match &line.held {
        Held::Value(value) => narrow::condition(&line.field, value, false)?,
        Held::Member(value) => narrow::condition(&line.field, value, true)?,
        Held::Missing => format!("not {} exists", line.field),
    };
    let value = line.difference?.value;
    Some(if value > 0.0 { (&line.with.some, held) } else { (&line.without.some, format!("not ({held})")) })
}

/// How many of some who have the outcome match more; nothing where that is no filter.
fn query(address: &Address, some: &Expr, more: &str) -> Option<Query> {
    let customers = address.customers();
    let filter = narrow::with(some, more)?;
    let question = Question { select: vec![Part::Count], ..Question::default() };
    Some(Query { filter, rows: customers.rows(), as_of: customers.as_of(), question, ..Query::default() })
}
