//! What warnings must know, as SQL: how many rows lack a field, what rows hold where a condition looks, which keys
//! there are.

use filter::{Bind, Binds, Path, date_form, predicate::Condition, value::Kind};
use index::{Foreign, Probe};
use tokio_postgres::Row;

use super::{dates, field};
use crate::store::{
    index::Standing,
    query::{
        Plan, Warning, live,
        warnings::{self, Doubts, Look, Outcome, PATHS_MAX, Seen},
    },
    snapshot::{Fault, Snapshot},
    statement::{Statement, unsigned},
};

/// So many relationships are looked at for keys that resemble one that nobody has.
const SAMPLE: usize = 5_000;
/// So many relationships are looked at where it is only to tell that some values are of another kind: where there are more,
/// every ordered comparison would cost a second pass over all of them.
const MIXED_MAX: usize = 5_000;
/// So many changes are looked at for a path that nobody has now: if there are more, it is not known whether anybody had it.
const LOGGED_MAX: usize = 20_000;
/// The columns that [`probe`] makes for one look: holders, those who have the text, those who have it in another case, one
/// text of theirs; those who have a date, those who have one in another form, three of these; and a count per kind.
const WIDTH: usize = 9 + Kind::ALL.len();

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

/// Looks for what may be wrong with a question that is answered.
pub(super) async fn find(
    plan: &Plan,
    snapshot: &mut Snapshot,
    outcome: &Outcome<'_>,
    memory: &Standing,
) -> Result<Vec<Warning>, Fault> {
    let doubts = Doubts::of(plan, outcome);
    let mut seen = Seen::default();
    if !doubts.is_empty() {
        let probed = snapshot.ask(&[probe(plan, &doubts)], true).await?.swap_remove(0);
        let is_whole = |row: &&Row| {
            let places = doubts.looks.len() * WIDTH + doubts.trials.len();
            !doubts.only_if_mixed() || unsigned(row, places) <= MIXED_MAX as u64
        };
        if let Some(row) = probed.first().filter(is_whole) {
            seen.probes = probes(row, &doubts.looks);
            let first = doubts.looks.len() * WIDTH;
            seen.counts = (first..first + doubts.trials.len()).map(|column| unsigned(row, column)).collect();
        }
    }
    let unknown =
        doubts.looks.iter().zip(&mut seen.probes).filter_map(|(look, probe)| Some((look, probe.as_mut()?)));
    let unknown: Vec<(&Look<'_>, &mut Probe)> =
        unknown.filter(|(look, probe)| is_unknown(look, probe)).collect();
    if !unknown.is_empty() {
        let asked: Vec<Statement> = unknown.iter().map(|(look, _)| texts(plan, look)).collect();
        let told = snapshot.ask(&asked, true).await?;
        for ((_, probe), rows) in unknown.into_iter().zip(told) {
            probe.texts = few(&rows);
        }
    }
    let never = |look: &Look<'_>, probe: &Option<Probe>| {
        look.of_the_past().filter(|_| probe.as_ref().is_some_and(|probe| probe.present == 0)).cloned()
    };
    let sought: Vec<Option<Path>> =
        doubts.looks.iter().zip(&seen.probes).map(|(look, probe)| never(look, probe)).collect();
    if sought.iter().any(Option::is_some) {
        let logged = snapshot.ask(&[logged(plan, &sought)], true).await?.swap_remove(0);
        let is_whole = |row: &&Row| unsigned(row, sought.len()) <= LOGGED_MAX as u64;
        if let Some(row) = logged.first().filter(is_whole) {
            seen.never = (0..sought.len()).map(|place| !row.get::<_, bool>(place)).collect();
        }
    }
    if seen.unknown() {
        let keys = snapshot.ask(&[keys(plan)], true).await?.swap_remove(0);
        seen.paths = keys.iter().filter_map(|row| Path::new(row.get(0))).collect();
    }
    if doubts.seeks_values(&seen.counts) {
        seen.values = live::values_for(plan, memory);
    }
    Ok(doubts.warnings(outcome, &seen))
}

/// What the rows, matching or not, hold where something looks odd, and how many each trial matches. Each value is taken
/// out of its row once. The last column counts the rows that were looked at.
fn probe(plan: &Plan, doubts: &Doubts<'_>) -> Statement {
    Statement::make(|binds| {
        let mut values = Vec::new();
        let mut columns = Vec::new();
        for (place, look) in doubts.looks.iter().enumerate() {
            values.push(format!("{} as v{place}", field::json(look.field, binds)));
            columns.push(columns_of(look, &format!("v{place}"), binds));
        }
        for (place, trial) in doubts.trials.iter().enumerate() {
            values.push(format!("{} as t{place}", plan.holds(trial, binds)));
            columns.push(format!("count(*) filter (where t{place})"));
        }
        columns.push("count(*)".to_owned());
        let (values, visible) = (values.join(", "), plan.visible(binds));
        let limit = if doubts.only_if_mixed() { format!("limit {}", MIXED_MAX + 1) } else { String::new() };
        format!("select {} from (select {values} {visible} {limit} offset 0) row", columns.join(", "))
    })
}

/// Whether any change of the rows' projects names a path; the last column counts those that were looked at.
fn logged(plan: &Plan, sought: &[Option<Path>]) -> Statement {
    Statement::make(|binds| {
        let mut names = |path: &Path| {
            let (key, rest) = (&path.keys()[0], &path.keys()[1..]);
            let inside = [&[key.clone(), "after".to_owned()], rest].concat();
            let (key, inside) = (binds.bind(Bind::Text(key.clone())), binds.bind(Bind::Texts(inside)));
            // What a long value held is not kept.
            format!(
                "(ch.params #> {inside}::text[] is not null or coalesce((ch.params -> {key}::text) ? 'after_large', false))"
            )
        };
        let found: Vec<String> = sought
            .iter()
            .map(|path| path.as_ref().map_or("true".to_owned(), &mut names))
            .enumerate()
            .map(|(place, found)| format!("{found} as p{place}"))
            .collect();
        let any: Vec<String> =
            (0..sought.len()).map(|place| format!("coalesce(bool_or(p{place}), false)")).collect();
        let rows = binds.bind(Bind::Uuids(plan.rows.clone()));
        format!(
            "select {}, count(*) from (select {} from change ch where ch.account_id = $1 and ch.project_id = any({rows}::uuid[]) \
             limit {}) logged",
            any.join(", "),
            found.join(", "),
            LOGGED_MAX + 1
        )
    })
}

/// Whether a text is asked for that no row has in any case, and others are there.
fn is_unknown(look: &Look<'_>, probe: &Probe) -> bool {
    look.text.is_some() && probe.folded == 0 && probe.kinds.iter().any(|(kind, _)| *kind == Kind::String)
}

/// The texts of a field and how many rows have each; one more than are few, and null for what is long.
fn texts(plan: &Plan, look: &Look<'_>) -> Statement {
    Statement::make(|binds| {
        let value = field::json(look.field, binds);
        let visible = plan.visible(binds);
        format!(
            "select case when octet_length(text) <= {} then text end as short, count(*) from ( \
               select value #>> '{{}}' as text from (select {value} as value {visible} offset 0) row \
               where jsonb_typeof(value) = 'string') string \
             group by short limit {}",
            Probe::TEXT_BYTES_MAX,
            Probe::TEXTS_MAX + 1
        )
    })
}

/// What [`texts`] tell, the most common first; none where they are many or long.
fn few(rows: &[Row]) -> Vec<(String, u64)> {
    let known = rows.iter().map(|row| Some((row.get::<_, Option<String>>(0)?, unsigned(row, 1))));
    let known: Option<Vec<(String, u64)>> = known.collect();
    let mut known = known.filter(|known| known.len() <= Probe::TEXTS_MAX).unwrap_or_default();
    known.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    known
}

fn columns_of(look: &Look<'_>, value: &str, binds: &mut Binds) -> String {
    let text = format!("({value} #>> '{{}}') collate \"C\"");
    let string = format!("jsonb_typeof({value}) = 'string'");
    let mut columns = vec![format!("count({value})")];
    match look.text {
        Some(literal) => {
            let bind = binds.bind(Bind::Text(literal.to_owned()));
            let folded = format!("{string} and lower({text}) = lower({bind}::text collate \"C\")");
            columns.push(format!("count(*) filter (where {string} and {text} = {bind}::text)"));
            columns.push(format!("count(*) filter (where {folded})"));
            columns.push(format!("min({text}) filter (where {folded})"));
        }
        None => columns.push("0::bigint, 0::bigint, null::text".to_owned()),
    }
    if look.dates {
        let dated = dates::is_dated(value, &text);
        let foreign = format!("{string} and {}", dates::is_foreign(&text));
        columns.push(format!("count(*) filter (where {dated}), count(*) filter (where {foreign})"));
        columns.push(format!("min({text}) filter (where {foreign})"));
        let first = |pattern: &str| format!("min({text}) filter (where {foreign} and {text} ~ '{pattern}')");
        columns.extend([date_form::DAY_FIRST, date_form::MONTH_FIRST].map(first));
    } else {
        columns.push("0::bigint, 0::bigint, null::text, null::text, null::text".to_owned());
    }
    let kinds =
        Kind::ALL.iter().map(|kind| format!("count(*) filter (where jsonb_typeof({value}) = '{kind}')"));
    columns.extend(kinds);
    columns.join(", ")
}

fn probes(row: &Row, looks: &[Look<'_>]) -> Vec<Option<Probe>> {
    let probe = |first: usize| Probe {
        present: unsigned(row, first),
        same: unsigned(row, first + 1),
        folded: unsigned(row, first + 2),
        other: row.get(first + 3),
        texts: Vec::new(),
        dated: unsigned(row, first + 4),
        foreign: Foreign {
            count: unsigned(row, first + 5),
            least: row.get(first + 6),
            day_first: row.get(first + 7),
            month_first: row.get(first + 8),
        },
        kinds: Kind::ALL
            .into_iter()
            .enumerate()
            .map(|(place, kind)| (kind, unsigned(row, first + 9 + place)))
            .filter(|(_, count)| *count > 0)
            .collect(),
    };
    looks.iter().enumerate().map(|(place, look)| look.of_use(probe(place * WIDTH))).collect()
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
