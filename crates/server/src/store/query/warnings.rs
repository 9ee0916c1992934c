//! Warnings: what the asker may have meant otherwise. Looked for only where an answer looks odd: nothing matches, or
//! a negation also matches those who lack the field.

use filter::{
    Bind, Binds, Path, Span,
    expr::Literal,
    predicate::{Asked, Condition, Operator},
    value::Kind,
};
use tokio_postgres::Row;

use super::{Plan, field, unsigned};
use crate::store::{
    snapshot::{Fault, Snapshot},
    statement::Statement,
};

/// Conditions beyond these are not looked at.
const CONDITIONS_MAX: usize = 20;
/// So many relationships are looked at for keys that resemble one that nobody has.
const SAMPLE: usize = 5_000;
/// The columns that [`probe`] makes for one condition: holders, those who have the literal, those who have it in another
/// case, one text of theirs, and a count per kind.
const WIDTH: usize = 4 + Kind::ALL.len();

/// What may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningCode {
    /// Nobody has such a key.
    UnknownPath,
    /// The text is there in another case.
    CaseDiffers,
    /// The field holds values of another type than the literal's.
    TypeDiffers,
    /// Those who lack the field match too.
    IncludesMissing,
}

impl WarningCode {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            WarningCode::UnknownPath => "unknown_path",
            WarningCode::CaseDiffers => "case_differs",
            WarningCode::TypeDiffers => "type_differs",
            WarningCode::IncludesMissing => "includes_missing",
        }
    }
}

/// Something the asker may have meant otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What.
    pub code: WarningCode,
    /// The words of the filter that it is about.
    pub span: Span,
    /// What was found.
    pub detail: String,
    /// What to write in place of the span, when there is something to suggest.
    pub fix: Option<String>,
}

/// The conditions on params that speak of the rows themselves, and not of the customer elsewhere.
fn asked(plan: &Plan) -> impl Iterator<Item = Asked<'_>> {
    let all = plan.predicate.conditions().into_iter();
    all.filter(|asked| asked.projects.is_none() && asked.condition.field.path().is_some())
        .take(CONDITIONS_MAX)
}

/// Those that are wanted false, which a row without the field is too.
fn negated(plan: &Plan) -> impl Iterator<Item = Asked<'_>> {
    asked(plan).filter(|asked| asked.negated && asked.condition.operator != Operator::Exists)
}

/// Columns for the statement that counts: how many rows that match lack the field of each negated condition.
pub(super) fn columns(plan: &Plan) -> Vec<String> {
    (0..negated(plan).count()).map(|place| format!("count(*) filter (where lacks{place})")).collect()
}

/// What [`columns`] count.
pub(super) fn sources(plan: &Plan, binds: &mut Binds) -> Vec<String> {
    let value = |asked: Asked<'_>, binds: &mut Binds| field::json(&asked.condition.field, binds);
    let values: Vec<String> = negated(plan).map(|asked| value(asked, binds)).collect();
    values.iter().enumerate().map(|(place, value)| format!("{value} is null as lacks{place}")).collect()
}

/// Looks for what may be wrong with a filter whose answer is known.
pub(super) async fn find(
    plan: &Plan,
    snapshot: &mut Snapshot,
    all: u64,
    lacking: &[u64],
) -> Result<Vec<Warning>, Fault> {
    let lacking: Vec<(Asked<'_>, u64)> = negated(plan).zip(lacking.iter().copied()).collect();
    let mut warnings: Vec<Warning> = lacking
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(asked, count)| includes(plan, asked, *count))
        .collect();
    let odd: Vec<&Condition> = match all {
        0 => asked(plan).map(|asked| asked.condition).collect(),
        _ => lacking.iter().filter(|(_, count)| *count == all).map(|(asked, _)| asked.condition).collect(),
    };
    if odd.is_empty() {
        return Ok(warnings);
    }
    let probed = snapshot.ask(&[probe(plan, &odd)], true).await?.swap_remove(0);
    let Some(row) = probed.first() else { return Ok(warnings) };
    let unknown = (0..odd.len()).any(|place| unsigned(row, place * WIDTH) == 0);
    let known = match unknown {
        true => paths(&snapshot.ask(&[keys(plan)], true).await?.swap_remove(0)),
        false => Vec::new(),
    };
    let found = odd
        .iter()
        .enumerate()
        .filter_map(|(place, condition)| explain(plan, condition, row, place * WIDTH, &known));
    warnings.extend(found);
    Ok(warnings)
}

fn includes(plan: &Plan, asked: &Asked<'_>, count: u64) -> Warning {
    let condition = asked.condition;
    let written = condition.span.of(plan.expr.text());
    // Where the negation is outside of the words, adding to them would be negated too.
    let inside = written.contains('!') || written.contains("<>") || written.to_lowercase().contains(" not ");
    Warning {
        code: WarningCode::IncludesMissing,
        span: condition.span,
        detail: format!("{count} of these have no {}", condition.field),
        fix: inside.then(|| format!("({written} and {} exists)", condition.field)),
    }
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
    match literal(condition) {
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

/// The text that a condition demands.
fn literal(condition: &Condition) -> Option<&str> {
    match &condition.literal {
        Some((_, Literal::Text(text))) if condition.operator == Operator::Equal => Some(text),
        _ => None,
    }
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
             select path from tree group by path order by count(*) desc limit 1000"
        )
    })
}

fn paths(rows: &[Row]) -> Vec<String> {
    rows.iter().filter_map(|row| Path::new(row.get(0))).map(|path| format!("params.{path}")).collect()
}

/// What is odd about a condition, given its columns.
fn explain(plan: &Plan, condition: &Condition, row: &Row, first: usize, known: &[String]) -> Option<Warning> {
    let field = &condition.field;
    let count = |column: usize| unsigned(row, first + column);
    if count(0) == 0 {
        let fix = filter::similar(&field.to_string(), known).into_iter().next();
        let detail = match &fix {
            Some(near) => format!("nobody has {field}; {near}?"),
            None => format!("nobody has {field}"),
        };
        let span = field_span(plan, condition);
        return Some(Warning { code: WarningCode::UnknownPath, span, detail, fix });
    }
    let (span, literal) = condition.literal.as_ref()?;
    if let (Some(text), 0, Some(other)) =
        (self::literal(condition), count(1), row.get::<_, Option<&str>>(first + 3))
    {
        let (text, other) = (quoted(text), quoted(other));
        let detail = format!("0 have {text}, {} have {other}", count(2));
        return Some(Warning { code: WarningCode::CaseDiffers, span: *span, detail, fix: Some(other) });
    }
    let kinds: Vec<Kind> = Kind::ALL
        .into_iter()
        .enumerate()
        .filter(|(place, _)| count(4 + place) > 0)
        .map(|(_, kind)| kind)
        .collect();
    let wanted = kind(literal)?;
    if kinds.contains(&wanted) || !matches!(condition.operator, Operator::Equal | Operator::Ordered(_)) {
        return None;
    }
    let held: Vec<String> = kinds.iter().map(|kind| format!("{kind}s")).collect();
    Some(Warning {
        code: WarningCode::TypeDiffers,
        span: *span,
        detail: format!("{field} holds {}, this is a {wanted}", held.join(" and ")),
        fix: converted(literal, &kinds),
    })
}

/// The field of a condition: the words before its operator.
fn field_span(plan: &Plan, condition: &Condition) -> Span {
    let mut quoted = false;
    let ends = |c: char| {
        quoted ^= c == '"';
        !quoted && (c.is_whitespace() || "=!<>:".contains(c))
    };
    let written = condition.span.of(plan.expr.text());
    let length = written.find(ends).unwrap_or(written.len());
    Span::new(condition.span.start, condition.span.start + length)
}

/// The kind of values that a literal is compared with.
fn kind(literal: &Literal) -> Option<Kind> {
    match literal {
        Literal::Text(_) => Some(Kind::String),
        Literal::Number(_) => Some(Kind::Number),
        Literal::Boolean(_) => Some(Kind::Boolean),
        Literal::Null => Some(Kind::Null),
        Literal::Date(_) => None,
    }
}

/// The same literal as the other type that the field holds.
fn converted(literal: &Literal, kinds: &[Kind]) -> Option<String> {
    match literal {
        Literal::Text(text) if kinds.contains(&Kind::Number) => {
            text.trim().parse::<serde_json::Number>().ok().map(|number| number.to_string())
        }
        Literal::Text(text) if kinds.contains(&Kind::Boolean) => {
            let word = text.trim().to_ascii_lowercase();
            matches!(word.as_str(), "true" | "false").then_some(word)
        }
        Literal::Number(number) if kinds.contains(&Kind::String) => Some(quoted(&number.to_string())),
        Literal::Boolean(boolean) if kinds.contains(&Kind::String) => Some(quoted(&boolean.to_string())),
        _ => None,
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
