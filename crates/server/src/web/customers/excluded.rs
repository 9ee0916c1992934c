//! Nobody matches: which condition leaves everybody out, and how many there are without it.

use filter::{Expr, expr::Node};
use index::{Part, Question};

use super::{address::Address, facets::short};
use crate::{
    http::App,
    store::{
        View,
        query::{Error, Query},
    },
};

/// Filters with more conditions are not taken apart.
const CONDITIONS: usize = 12;
/// How often is asked again where somebody writes meanwhile.
const ATTEMPTS: usize = 3;

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
    address: &Address,
    filter: &Expr,
) -> Result<Vec<Excluder>, Error> {
    let rests = rests(filter);
    let counts = counts(app, view, address, &rests).await?;
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

/// How many match each filter, all of one version as long as it stands still for a moment.
async fn counts(
    app: &App,
    view: &View,
    address: &Address,
    rests: &[(String, String)],
) -> Result<Vec<u64>, Error> {
    let mut counts = Vec::new();
    for _ in 0..ATTEMPTS {
        let mut versions = Vec::new();
        counts.clear();
        for (_, filter) in rests {
            let question = Question { select: vec![Part::Count], ..Question::default() };
            let (filter, rows, as_of) = (filter.clone(), address.rows(), address.as_of());
            let answer =
                app.query(view, &Query { filter, rows, as_of, question, ..Query::default() }).await?;
            versions.push(answer.version);
            counts.push(answer.count.unwrap_or_default().customers);
        }
        versions.dedup();
        if versions.len() <= 1 {
            break;
        }
    }
    Ok(counts)
}
