//! What warnings must know, as SQL: how many rows lack a field, what rows hold where a condition looks, which keys
//! there are.

use filter::{Bind, Binds, Path, predicate::Condition, value::Kind};
use index::Probe;
use tokio_postgres::Row;

use super::field;
use crate::store::{
    query::{
        Plan, Warning,
        warnings::{self, PATHS_MAX, Seen},
    },
    snapshot::{Fault, Snapshot},
    statement::{Statement, unsigned},
};

/// So many relationships are looked at for keys that resemble one that nobody has.
const SAMPLE: usize = 5_000;
/// The columns that [`probe`] makes for one condition: holders, those who have the literal, those who have it in another
/// case, one text of theirs, and a count per kind.
const WIDTH: usize = 4 + Kind::ALL.len();

/// Columns for the statement that counts: how many rows that match lack the field of each negated condition.
pub(super) fn columns(plan: &Plan) -> Vec<String> {
    let lacking = warnings::lacking(plan);
    (0..lacking.len()).map(|place| format!("count(*) filter (where lacks{place})")).collect()
}

/// What [`columns`] count.
pub(super) fn sources(plan: &Plan, binds: &mut Binds) -> Vec<String> {
    let lacking = warnings::lacking(plan).into_iter().enumerate();
    let source = |(place, condition): (usize, &Condition)| {
        format!("{} is null as lacks{place}", field::json(&condition.field, binds))
    };
    lacking.map(source).collect()
}

/// Looks for what may be wrong with a filter whose answer is known.
pub(super) async fn find(
    plan: &Plan,
    snapshot: &mut Snapshot,
    relationships: u64,
    lacking: &[u64],
) -> Result<Vec<Warning>, Fault> {
    let mut seen = Seen::default();
    let odd = warnings::odd(plan, relationships, lacking);
    if !odd.is_empty() {
        let probed = snapshot.ask(&[probe(plan, &odd)], true).await?.swap_remove(0);
        seen.probes = probed.first().map(|row| probes(row, odd.len())).unwrap_or_default();
    }
    if seen.unknown() {
        let keys = snapshot.ask(&[keys(plan)], true).await?.swap_remove(0);
        seen.paths = keys.iter().filter_map(|row| Path::new(row.get(0))).collect();
    }
    Ok(warnings::find(plan, relationships, lacking, &seen))
}

/// What the rows, matching or not, hold where the odd conditions look.
fn probe(plan: &Plan, odd: &[&Condition]) -> Statement {
    Statement::make(|binds| {
        let columns: Vec<String> = odd.iter().map(|condition| columns_of(condition, binds)).collect();
        format!("select {} {}", columns.join(", "), plan.visible(binds))
    })
}

fn columns_of(condition: &Condition, binds: &mut Binds) -> String {
    let value = field::json(&condition.field, binds);
    let text = format!("({value} #>> '{{}}') collate \"C\"");
    let mut columns = vec![format!("count({value})")];
    match warnings::literal(condition) {
        Some(literal) => {
            let bind = binds.bind(Bind::Text(literal.to_owned()));
            let string = format!("jsonb_typeof({value}) = 'string'");
            let folded = format!("{string} and lower({text}) = lower({bind}::text collate \"C\")");
            columns.push(format!("count(*) filter (where {string} and {text} = {bind}::text)"));
            columns.push(format!("count(*) filter (where {folded})"));
            columns.push(format!("min({text}) filter (where {folded})"));
        }
        None => columns.push("0::bigint, 0::bigint, null::text".to_owned()),
    }
    let kinds =
        Kind::ALL.iter().map(|kind| format!("count(*) filter (where jsonb_typeof({value}) = '{kind}')"));
    columns.extend(kinds);
    columns.join(", ")
}

fn probes(row: &Row, conditions: usize) -> Vec<Probe> {
    let probe = |first: usize| Probe {
        present: unsigned(row, first),
        same: unsigned(row, first + 1),
        folded: unsigned(row, first + 2),
        other: row.get(first + 3),
        kinds: Kind::ALL
            .into_iter()
            .enumerate()
            .map(|(place, kind)| (kind, unsigned(row, first + 4 + place)))
            .filter(|(_, count)| *count > 0)
            .collect(),
    };
    (0..conditions).map(|place| probe(place * WIDTH)).collect()
}

/// The paths of some rows, from the outside in.
fn keys(plan: &Plan) -> Statement {
    Statement::make(|binds| {
        let visible = plan.visible(binds);
        format!(
            "with recursive tree(path, value) as ( \
               select array[e.key], e.value from (select r.params {visible} limit {SAMPLE}) hit, jsonb_each(hit.params) e \
               union all \
               select path || e.key, e.value from tree, \
                 jsonb_each(case jsonb_typeof(tree.value) when 'object' then tree.value else '{{}}' end) e \
               where jsonb_typeof(tree.value) = 'object') \
             select path from tree group by path order by count(*) desc, path collate \"C\" limit {PATHS_MAX}"
        )
    })
}
