//! Groups: rows by type and value, period or interval, with their aggregates; what is not listed is one row.

use filter::{Bind, Binds, Status};
use index::{Aggregate, Bucket, Datum, Extreme, Function, GROUP_TEXT, Group, Groups, Question, Sort, Total};
use tokio_postgres::Row;

use super::{
    bucket::{MISSING, Ready, SKIPPED},
    totals,
};
use crate::store::{
    query::{Plan, key::Key},
    statement::{Statement, unsigned},
};

/// The columns before those of the aggregates: place, distinct, the key's three, count, one per status.
const COLUMNS: usize = 6 + Status::ALL.len();

pub(super) fn statement(plan: &Plan, ready: &Ready) -> Statement {
    Statement::make(|binds| {
        let aggregates = &plan.question.aggregates;
        let sources = totals::sources(aggregates, binds);
        let also: String = sources.iter().map(|source| format!(", {source}")).collect();
        let rows = ready.rows(plan, &format!(", r.status{also}"), binds);
        let mut columns: Vec<String> =
            Status::ALL.iter().map(|status| format!("count(*) filter (where status = '{status}')")).collect();
        columns.extend(totals::columns(aggregates));
        let columns = columns.join(", ");
        let other = most(&plan.question) + 1;
        let listed = plan.question.listed.as_deref();
        let listed = listed.map_or_else(|| MOST.to_owned(), |values| chosen(values, binds));
        format!(
            "with hit as materialized ({rows}), ranked as materialized ({listed}) \
             select case when hit.rank > 0 then least(place, {other}) else hit.rank end, \
               (select count(*) from (select distinct rank, number, text from hit where rank > 0) one), min(hit.rank), min(hit.number)::text, \
               left(min(hit.text collate \"C\"), {GROUP_TEXT}), count(*), {columns} \
             from hit left join ranked \
               on ranked.rank = hit.rank and ranked.number = hit.number and ranked.text = hit.text \
             group by 1 order by 1"
        )
    })
}

/// The groups in the order of how many are in each.
const MOST: &str = "select rank, number, text, \
       row_number() over (order by count(*) desc, rank, number, text collate \"C\") as place \
     from hit where rank > 0 group by rank, number, text";

/// How many groups are listed at most.
fn most(question: &Question) -> usize {
    question.listed.as_ref().map_or(question.group_limit, Vec::len)
}

/// Those of these values, in that order.
fn chosen(values: &[Datum], binds: &mut Binds) -> String {
    let key = |value: &Datum| Key::of(&Some(value.clone()), &Sort::default());
    let keys: Vec<Key> = values.iter().map(key).collect();
    let texts = |of: fn(&Key) -> String| Bind::Texts(keys.iter().map(of).collect());
    let ranks = binds.bind(texts(|key| key.rank.to_string()));
    let numbers = binds.bind(texts(|key| key.number.clone()));
    let texts = binds.bind(texts(|key| key.text.clone()));
    format!(
        "select rank, number, text collate \"C\" as text, place \
         from unnest({ranks}::text[]::int[], {numbers}::text[]::numeric[], {texts}::text[]) with ordinality \
           as key (rank, number, text, place)"
    )
}

pub(super) fn read(plan: &Plan, ready: &Ready, rows: &[Row]) -> Groups {
    let distinct = rows.first().map_or(0, |row| unsigned(row, 1));
    let listed = plan.question.listed.iter().flatten();
    let rows_of = listed.map(|value| (Bucket::Value(value.clone()), nobody(&plan.question.aggregates)));
    let mut groups = Groups { rows: rows_of.collect(), distinct, other: None, skipped: None, missing: None };
    for row in rows {
        let group = group(plan, row);
        let place: i64 = row.get(0);
        if place == i64::from(MISSING) {
            groups.missing = Some(group);
        } else if place == i64::from(SKIPPED) {
            groups.skipped = Some(group);
        } else if place > most(&plan.question) as i64 {
            groups.other = Some(group);
        } else if plan.question.listed.is_some() {
            groups.rows[place as usize - 1].1 = group;
        } else {
            let key = Key { rank: row.get(2), number: row.get(3), text: row.get(4) };
            groups.rows.extend(ready.bucket(key).map(|bucket| (bucket, group)));
        }
    }
    groups
}

/// A group that nobody is in.
fn nobody(aggregates: &[Aggregate]) -> Group {
    let total = |aggregate: &Aggregate| Total {
        value: (aggregate.function == Function::Sum).then(|| Extreme::Number(0.into())),
        counted: 0,
        skipped: 0,
        missing: 0,
    };
    Group { count: 0, by_status: [0; Status::ALL.len()], totals: aggregates.iter().map(total).collect() }
}

fn group(plan: &Plan, row: &Row) -> Group {
    let count = unsigned(row, 5);
    let mut by_status = [0; Status::ALL.len()];
    for (place, number) in by_status.iter_mut().enumerate() {
        *number = unsigned(row, 6 + place);
    }
    let totals = totals::totals(&plan.question.aggregates, row, COLUMNS, count, &plan.lexicon.zone);
    Group { count, by_status, totals }
}
