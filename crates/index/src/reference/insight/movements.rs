//! Movements, piece by piece: whom its filter finds, and what they had at both ends of the step.

use bigdecimal::BigDecimal;
use filter::{Document, Expr, value::Instant};

use crate::{
    Datum,
    insight::{
        Error, Ground,
        cell::Figure,
        movements::{Answer, Movements, Piece, Spot},
    },
    reference::{World, matching},
};

/// What moves a sum.
pub fn movements(world: &World<'_>, ground: &Ground<'_>, question: &Movements) -> Result<Answer, Error> {
    let plan = question.plan(ground, world)?;
    let figure = |spot: Spot, people: &Expr| {
        let (opening, closing) = plan.ends(spot.step);
        let number = |document: &Document<'_>, at| number(world, question, document, at);
        let sum = |document: &&Document<'_>| match spot.piece {
            Piece::Opening | Piece::Churned | Piece::Left => number(document, opening),
            Piece::Closing | Piece::New | Piece::Reactivated | Piece::Entered | Piece::Imported => {
                number(document, closing)
            }
            Piece::Expansion => number(document, closing) - number(document, opening),
            Piece::Contraction => number(document, opening) - number(document, closing),
            Piece::Odd => BigDecimal::default(),
        };
        let found = found(world, ground, people);
        Figure { people: found.len() as u64, sum: found.iter().map(sum).sum() }
    };
    Ok(plan.answer(ground, figure))
}

/// Those whom a filter finds, with all that is known of them.
fn found<'a>(world: &World<'a>, ground: &Ground<'_>, people: &Expr) -> Vec<&'a Document<'a>> {
    let Ok(predicate) = (ground.check)(people) else { return Vec::new() };
    let rows = world.then(|then| {
        let rows = matching(then, &predicate).into_iter();
        rows.map(|row| (row.customer, row.document.project)).collect::<Vec<_>>()
    });
    let whole = |(customer, project)| {
        let customer = world.customers.iter().find(|one| one.id == customer)?;
        customer.documents.iter().find(|document| document.project == project)
    };
    rows.into_iter().filter_map(whole).collect()
}

/// The number that somebody had at a moment.
fn number(world: &World<'_>, question: &Movements, document: &Document<'_>, at: Instant) -> BigDecimal {
    let then = document.at(at);
    let read = |document: &Document<'_>| Datum::read(document, &question.path, world.projects);
    match then.as_ref().and_then(|then| read(&then.document())) {
        Some(Datum::Number(number)) => number,
        _ => BigDecimal::default(),
    }
}
