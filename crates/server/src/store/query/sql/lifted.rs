//! Facets without the filter's own conditions on them: of each two statements over the rows of which the rest of the filter is
//! true, one that counts the values which the conditions name, and the facet's.

use filter::{Lift, Predicate, predicate::Test};
use index::{Facet, FacetValue, Lifted, lift};
use tokio_postgres::Row;

use super::facets::{Ask, of_field, read as read_facets};
use crate::store::{
    query::Plan,
    statement::{Statement, unsigned},
};

/// The statements of every facet that is lifted.
pub(super) fn statements(plan: &Plan) -> Vec<Statement> {
    plan.lifted().flat_map(|(plan, lift)| of(&plan, lift)).collect()
}

/// The counts, first that of the rows, and the facet.
fn of(plan: &Plan, lift: &Lift) -> [Statement; 2] {
    let counts = Statement::make(|binds| {
        let mut selected = vec!["count(*)".to_owned()];
        for condition in &lift.named {
            let has = plan.holds(&Predicate::everything().with(condition), binds);
            selected.push(format!("count(*) filter (where {has})"));
        }
        let hits = plan.hits(binds);
        format!("select {} {hits}", selected.join(", "))
    });
    let ask = Ask { auto: None, fields: vec![lift.field.clone()], hollow: false };
    [counts, ask.statement(plan)]
}

/// Reads the answers in the order of the statements.
pub(super) fn read(plan: &Plan, mut next: impl FnMut() -> Vec<Row>) -> Vec<Facet> {
    let mut facet = |lift: &Lift| {
        let (counts, found) = (next(), next());
        let mut facet = of_field(&read_facets(&found, &plan.lexicon.zone), &lift.field);
        facet.lifted = counts.first().map(|counts| lifted(plan, lift, &facet, counts));
        facet
    };
    plan.question.lifts.iter().map(&mut facet).collect()
}

fn lifted(plan: &Plan, lift: &Lift, facet: &Facet, counts: &Row) -> Lifted {
    let projects = &plan.lexicon.projects;
    let slug = |id: &uuid::Uuid| projects.iter().find(|p| p.id.0 == *id).map(|p| p.slug.to_string());
    let named = lift.named.iter().enumerate().filter_map(|(place, condition)| {
        let (member, count) = (matches!(condition.test, Test::Has(_)), unsigned(counts, place + 1));
        Some(FacetValue { value: lift::value(condition, slug)?, member, count })
    });
    let rest = lift::unlisted(&facet.shape, named);
    Lifted { filter: lift.expr.to_string(), relationships: unsigned(counts, 0), rest }
}
