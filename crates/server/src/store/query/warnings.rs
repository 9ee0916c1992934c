//! Warnings: what the asker may have meant otherwise. Looked for only where an answer looks odd: nothing matches, or
//! a negation also matches those who lack the field.

use filter::{
    Path, Span,
    expr::Literal,
    predicate::{Asked, Condition, Operator},
    value::Kind,
};
use index::Probe;

use super::Plan;

/// Conditions beyond these are not looked at.
const CONDITIONS_MAX: usize = 20;
/// Keys that one nobody has may resemble: the widest.
pub(super) const PATHS_MAX: usize = 1_000;

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

/// The conditions of which must be known how many rows that match lack their field.
pub(super) fn lacking(plan: &Plan) -> Vec<&Condition> {
    negated(plan).map(|asked| asked.condition).collect()
}

/// The conditions that the rows, matching or not, must be looked at for: all that may be why nothing matches, or those
/// that every row matches for want of the field.
pub(super) fn odd<'p>(plan: &'p Plan, relationships: u64, lacking: &[u64]) -> Vec<&'p Condition> {
    let lacked = negated(plan).zip(lacking).filter(|(_, count)| **count == relationships);
    match relationships {
        0 => asked(plan).map(|asked| asked.condition).collect(),
        _ => lacked.map(|(asked, _)| asked.condition).collect(),
    }
}

/// The text that a condition demands.
pub(super) fn literal(condition: &Condition) -> Option<&str> {
    match &condition.literal {
        Some((_, Literal::Text(text))) if condition.operator == Operator::Equal => Some(text),
        _ => None,
    }
}

/// What [`find`] must know besides the counts.
#[derive(Default)]
pub(super) struct Seen {
    /// What the rows hold where each of the [`odd`] conditions looks.
    pub(super) probes: Vec<Probe>,
    /// The widest paths, where [`Seen::unknown`].
    pub(super) paths: Vec<Path>,
}

impl Seen {
    /// Whether nobody has the field of some condition, so that other keys must be known.
    pub(super) fn unknown(&self) -> bool {
        self.probes.iter().any(|probe| probe.present == 0)
    }
}

/// What may be wrong with a filter whose answer is known.
pub(super) fn find(plan: &Plan, relationships: u64, lacking: &[u64], seen: &Seen) -> Vec<Warning> {
    let counted = negated(plan).zip(lacking).filter(|(_, count)| **count > 0);
    let mut warnings: Vec<Warning> = counted.map(|(asked, count)| includes(plan, &asked, *count)).collect();
    let known: Vec<String> = seen.paths.iter().map(|path| format!("params.{path}")).collect();
    let odd = odd(plan, relationships, lacking).into_iter().zip(&seen.probes);
    warnings.extend(odd.filter_map(|(condition, probe)| explain(plan, condition, probe, &known)));
    warnings
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

/// What is odd about a condition, given what the rows hold there.
fn explain(plan: &Plan, condition: &Condition, probe: &Probe, known: &[String]) -> Option<Warning> {
    let field = &condition.field;
    if probe.present == 0 {
        let fix = filter::similar(&field.to_string(), known).into_iter().next();
        let detail = match &fix {
            Some(near) => format!("nobody has {field}; {near}?"),
            None => format!("nobody has {field}"),
        };
        let span = field_span(plan, condition);
        return Some(Warning { code: WarningCode::UnknownPath, span, detail, fix });
    }
    let (span, literal) = condition.literal.as_ref()?;
    if let (Some(text), 0, Some(other)) = (self::literal(condition), probe.same, &probe.other) {
        let (text, other) = (quoted(text), quoted(other));
        let detail = format!("0 have {text}, {} have {other}", probe.folded);
        return Some(Warning { code: WarningCode::CaseDiffers, span: *span, detail, fix: Some(other) });
    }
    let kinds: Vec<Kind> = probe.kinds.iter().map(|(kind, _)| *kind).collect();
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
