//! Facets: every path under the rows that match, its kinds, its top values or its range. One statement walks the
//! params; nothing is declared anywhere.

use filter::{Bind, Binds, Field, Path, value::Kind};
use index::{
    Bin, Datum, Extreme, FACET_PATHS, FACET_TEXT, FACET_VALUES, Facet, FacetValue, Function, Shape, WIDE,
};
use jiff::tz::TimeZone;
use serde_json::Value;
use tokio_postgres::Row;

use super::{dates, field, totals::moments};
use crate::store::{
    query::{Plan, key::decimal},
    statement::{Statement, unsigned},
};

/// Which facets are computed, and how many values each shows.
pub(in crate::store) struct Ask {
    /// The widest paths, so many with few values and so many with many.
    pub(in crate::store) auto: Option<usize>,
    /// Named fields.
    pub(in crate::store) fields: Vec<Field>,
    /// Whether paths without scalars (of objects only) count among the widest.
    pub(in crate::store) hollow: bool,
}

pub(super) fn statement(plan: &Plan) -> Option<Statement> {
    let facets = &plan.question.facets;
    let lifted = |field: &&Field| plan.question.lifts.iter().any(|lift| lift.field == **field);
    let fields: Vec<Field> = facets.fields.iter().filter(|field| !lifted(field)).cloned().collect();
    let ask = Ask { auto: facets.auto.then_some(FACET_PATHS), fields, hollow: false };
    (plan.wants_facets() && (ask.auto.is_some() || !ask.fields.is_empty())).then(|| ask.statement(plan))
}

impl Ask {
    /// The statement: a row per facet.
    ///
    /// `flat` counts the values of top-level keys, each with its kind and its text, in one pass over the rows; all else
    /// is worked out from the counts. `tree` walks the objects among them where paths are not named, `cell` has all paths, `item` the scalars and
    /// the members of arrays, `shape` a row per path; the rest picks paths and what they show.
    pub(in crate::store) fn statement(&self, plan: &Plan) -> Statement {
        Statement::make(|binds| {
            let flat = self.flat(plan, binds);
            let chosen = self.chosen();
            let text = text("value");
            // A path that is named has been counted, and may lie in another that is.
            let walks = self.auto.is_some();
            format!(
                "with recursive {flat}, \
                 tree(path, value, n, root) as ( \
                   select path, text::jsonb, n, true from flat where {walks} and kind = 'object' and path[1] = 'params' \
                   union all \
                   select path || e.key, e.value, n, false from tree, \
                     jsonb_each(case jsonb_typeof(tree.value) when 'object' then tree.value else '{{}}' end) e \
                   where jsonb_typeof(tree.value) = 'object'), \
                 cell(path, kind, text, n) as ( \
                   select path, kind, text, n from flat union all \
                   select path, jsonb_typeof(value), {text}, sum(n)::bigint from tree where not root group by 1, 2, 3), \
                 item(path, member, kind, text, n) as ( \
                   select path, false, kind, text, n from cell where kind not in ('array', 'object') \
                   union all \
                   select path, true, m.kind, m.text, sum(n)::bigint from cell, lateral ( \
                     select distinct jsonb_typeof(value) as kind, {text} as text from jsonb_array_elements( \
                       case cell.kind when 'array' then cell.text::jsonb else '[]' end) e(value) \
                     where jsonb_typeof(value) not in ('array', 'object')) m \
                   where cell.kind = 'array' group by 1, 3, 4), \
                 known as (select path, sum(n)::bigint as coverage, jsonb_object_agg(kind, n) as kinds from ( \
                   select path, kind, sum(n) as n from cell group by 1, 2) k group by path), \
                 spread as (select path, count(*) as values from item group by path), \
                 shape as (select path, coverage, kinds, coalesce(values, 0) as values \
                   from known left join spread using (path)), \
                 {chosen}, {top}, {wide} \
                 select path, coverage, kinds, values, items, low::text, high::text, d0, i0, d1, i1, bins \
                 from chosen left join top using (path) left join span using (path) left join bin using (path) \
                 order by named nulls last, coverage desc, path collate \"C\"",
                top = top(),
                wide = wide(),
            )
        })
    }

    /// The named fields and the widest paths, which may be named too.
    fn chosen(&self) -> String {
        let hollow = if self.hollow { "true" } else { "values > 0" };
        let limit = self.auto.unwrap_or(0);
        format!(
            "chosen as (select path, coverage, kinds, values, named from ( \
               select shape.*, name.place as named, row_number() over ( \
                 partition by path[1] = 'params' and {hollow}, values > {WIDE} order by coverage desc, path collate \"C\") as place \
               from shape left join name using (path) where name.place is not null or {hollow}) ranked \
             where named is not null or place <= {limit})"
        )
    }

    /// The values of the rows and how many hold each: of all top-level keys, or of the named fields only.
    fn flat(&self, plan: &Plan, binds: &mut Binds) -> String {
        let names: Vec<String> = self.fields.iter().map(|field| name(field, binds)).collect();
        let values: Vec<String> = self.fields.iter().map(|field| field::json(field, binds)).collect();
        let hits = plan.hits(binds);
        let mut sources = Vec::new();
        if self.auto.is_some() {
            sources.push(format!(
                "select array['params', e.key], jsonb_typeof(value), {}, count(*) \
                 from hit, jsonb_each(hit.params) e group by e.key, 2, 3",
                text("value")
            ));
        }
        for (place, field) in self.fields.iter().enumerate() {
            if self.auto.is_none() || field.path().is_none() {
                let (name, value) = (&names[place], format!("f{place}"));
                sources.push(format!(
                    "select {name}, jsonb_typeof({value}), {}, count(*) from hit where {value} is not null group by 2, 3",
                    text(&value)
                ));
            }
        }
        let columns: String =
            values.iter().enumerate().map(|(place, value)| format!(", {value} as f{place}")).collect();
        let rows: Vec<String> =
            names.iter().enumerate().map(|(place, name)| format!("({name}, {place})")).collect();
        let rows = if rows.is_empty() { "(null::text[], 0)".to_owned() } else { rows.join(", ") };
        format!(
            "hit as (select r.params{columns} {hits}), name(path, place) as (values {rows}), \
             flat(path, kind, text, n) as materialized ({})",
            sources.join(" union all ")
        )
    }
}

/// A jsonb expression's text, the same for values that are the same: numbers without trailing zeros.
fn text(value: &str) -> String {
    format!(
        "case jsonb_typeof({value}) when 'number' then trim_scale(({value})::numeric)::text \
         when 'string' then {value} #>> '{{}}' else {value}::text end"
    )
}

/// The top values of the chosen paths that have few.
fn top() -> String {
    format!(
        "top as (select path, jsonb_agg(jsonb_build_array(member, kind, text, n) order by place) as items from ( \
           select path, member, kind, text, n, row_number() over (partition by path order by n desc, {ORDER}) as place \
           from item join chosen using (path) where values <= {WIDE} \
             and (kind <> 'string' or length(text) <= {FACET_TEXT})) ranked \
         where place <= {FACET_VALUES} group by path)"
    )
}

/// The order of values of one count.
const ORDER: &str = "case kind when 'number' then 1 when 'string' then 2 when 'boolean' then 3 else 4 end, \
                     case kind when 'number' then text::numeric else 0 end, text collate \"C\", member";

/// The range and the histogram of the chosen paths that have many values.
fn wide() -> String {
    let (day, instant) = (dates::day("said"), dates::instant("said"));
    format!(
        "wide as (select path, number, {day} as day, {instant} as instant, n from ( \
           select path, n, case kind when 'number' then text::numeric end as number, \
             case kind when 'string' then text end as said \
           from item join chosen using (path) where values > {WIDE} and not member offset 0) i), \
         span as (select path, min(number) as low, max(number) as high, \
           min(day collate \"C\") as d0, min(instant) as i0, max(day collate \"C\") as d1, max(instant) as i1 \
           from wide group by path), \
         bin as (select path, jsonb_object_agg(bin, n) as bins from ( \
           select path, least(div((number - low) * {bins}, high - low), {bins} - 1)::int as bin, sum(n) as n \
           from wide join span using (path) where low < high and number is not null group by 1, 2) b \
           group by path)",
        bins = Bin::COUNT,
    )
}

/// A field's name in the statement: its keys after `params`, or its own.
fn name(field: &Field, binds: &mut Binds) -> String {
    let keys = match field.path() {
        Some(path) => std::iter::once("params".to_owned()).chain(path.keys().iter().cloned()).collect(),
        None => vec![field.to_string()],
    };
    format!("{}::text[]", binds.bind(Bind::Texts(keys)))
}

pub(in crate::store) fn read(rows: &[Row], zone: &TimeZone) -> Vec<Facet> {
    rows.iter().filter_map(|row| facet(row, zone)).collect()
}

/// The facets of the question: named fields first, as asked, also those that no row has. `lifted` are those that are counted
/// without the filter's own conditions.
pub(super) fn answer(plan: &Plan, rows: &[Row], lifted: Vec<Facet>) -> Vec<Facet> {
    if !plan.wants_facets() {
        return Vec::new();
    }
    let asked = &plan.question.facets;
    let found = read(rows, &plan.lexicon.zone);
    let named: Vec<Facet> = asked.fields.iter().map(|field| of_field(&found, field)).collect();
    asked.arrange(&named, found, lifted)
}

/// The facet of a field, also where no row has it.
pub(super) fn of_field(found: &[Facet], field: &Field) -> Facet {
    found.iter().find(|facet| facet.field == *field).cloned().unwrap_or_else(|| nobody(field))
}

fn nobody(field: &Field) -> Facet {
    Facet {
        field: field.clone(),
        coverage: 0,
        kinds: Vec::new(),
        distinct: Some(0),
        shape: Shape::Values(Vec::new()),
        lifted: None,
    }
}

fn facet(row: &Row, zone: &TimeZone) -> Option<Facet> {
    let mut keys: Vec<String> = row.get(0);
    let field = if keys.len() == 1 {
        filter::parse_field(&keys[0]).ok()?
    } else {
        Field::Params(Path::new(keys.split_off(1))?)
    };
    let distinct = Some(unsigned(row, 3)).filter(|distinct| *distinct <= WIDE);
    let shape = if distinct.is_some() { Shape::Values(values(row)) } else { range(row, zone) };
    Some(Facet { field, coverage: unsigned(row, 1), kinds: kinds(row), distinct, shape, lifted: None })
}

fn kinds(row: &Row) -> Vec<(Kind, u64)> {
    let counts: Value = row.get(2);
    Kind::ALL.into_iter().filter_map(|kind| Some((kind, counts.get(kind.as_str())?.as_u64()?))).collect()
}

fn values(row: &Row) -> Vec<FacetValue> {
    let items: Option<Value> = row.get(4);
    let items = items.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(value).collect()
}

fn value(item: &Value) -> Option<FacetValue> {
    let [member, kind, text, count] = item.as_array()?.as_slice() else { return None };
    let text = text.as_str()?;
    let value = match kind.as_str()? {
        "number" => Datum::Number(decimal(text)),
        "boolean" => {
            if text == "true" {
                Datum::True
            } else {
                Datum::False
            }
        }
        "null" => Datum::Null,
        _ => Datum::String(text.to_owned()),
    };
    Some(FacetValue { value, member: member.as_bool()?, count: count.as_u64()? })
}

fn range(row: &Row, zone: &TimeZone) -> Shape {
    let number = |column: usize| row.get::<_, Option<&str>>(column).map(decimal);
    let (Some(low), Some(high)) = (number(5), number(6)) else {
        let (min, max) =
            (moments(row, 7).extreme(Function::Min, zone), moments(row, 9).extreme(Function::Max, zone));
        return Shape::Range { min, max, bins: Vec::new() };
    };
    let counts: Option<Value> = row.get(11);
    let mut bins = if low < high { Bin::between(&low, &high) } else { Vec::new() };
    for (place, bin) in bins.iter_mut().enumerate() {
        let count = counts.as_ref().and_then(|counts| counts.get(place.to_string()));
        bin.count = count.and_then(Value::as_u64).unwrap_or(0);
    }
    Shape::Range { min: Some(Extreme::Number(low)), max: Some(Extreme::Number(high)), bins }
}
