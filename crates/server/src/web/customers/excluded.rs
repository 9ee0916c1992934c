//! Nobody matches: which condition leaves everybody out, and how many there are without it.

use std::time::Duration;

use filter::{Expr, expr::Node};
use index::{Part, Question};

use super::{address::Address, facets::short};
use crate::{
    http::App,
    store::{
        View,
        query::{Answer, Error, Held, Query},
    },
};

/// Filters with more conditions are not taken apart.
const CONDITIONS: usize = 12;
/// How long they may be counted.
const PATIENCE: Duration = Duration::from_secs(3);

/// A condition without which somebody matches.
pub(super) struct Excluder {
    /// The condition, as people write it.
    pub(super) condition: String,
    /// How many customers match without it.
    pub(super) count: u64,
    /// Who they are.
    pub(super) link: String,
}

/// The conditions of a filter that matches nobody, of which each alone leaves out whoever is left by the others.
pub(super) async fn excluders(
    app: &App,
    view: &View,
    (address, held): (&Address, &Held),
    filter: &Expr,
) -> Result<Vec<Excluder>, Error> {
    let rests = rests(filter);
    let counts = counts(app, view, (address, held), &rests).await?;
    let found = rests.into_iter().zip(counts).filter(|(_, count)| *count > 0);
    let excluder = |((condition, rest), count): ((String, String), u64)| Excluder {
        condition,
        count,
        link: address.filtered(rest).link(),
    };
    Ok(found.map(excluder).collect())
}

/// Each condition, and the filter without it; none where there is only one, or too many.
fn rests(filter: &Expr) -> Vec<(String, String)> {
    let parts = filter.parts();
    if !(2..=CONDITIONS).contains(&parts.len()) {
        return Vec::new();
    }
    let text = |parts: Vec<&Node>| Expr::all(parts.into_iter().cloned().collect()).to_string();
    let rest = |place: usize| {
        let others = parts.iter().enumerate().filter(|(other, _)| *other != place);
        (short(&text(vec![parts[place]])), text(others.map(|(_, part)| *part).collect()))
    };
    (0..parts.len()).map(rest).collect()
}

/// How many match each filter, of the version of the page.
async fn counts(
    app: &App,
    view: &View,
    (address, held): (&Address, &Held),
    rests: &[(String, String)],
) -> Result<Vec<u64>, Error> {
    let query = |(_, filter): &(String, String)| {
        let question = Question { select: vec![Part::Count], ..Question::default() };
        let (filter, rows, as_of) = (filter.clone(), address.rows(), address.as_of());
        Query { filter, rows, as_of, question, ..Query::default() }
    };
    let queries: Vec<Query> = rests.iter().map(query).collect();
    let answers = app.beside(view, &queries, held, PATIENCE).await?;
    let count = |answer: Result<Answer, Error>| match answer {
        // Whether somebody would be left is not said then.
        Err(Error::TooSlow) => Ok(0),
        answer => answer.map(|answer| answer.count.unwrap_or_default().customers),
    };
    answers.into_iter().map(count).collect()
}
