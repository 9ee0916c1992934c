//! Conditions typed: which literals a field can be held against, and what they mean there. A literal that a field can
//! never hold is an error; a value inside params may be anything, so there another type just does not match.

use super::{Checker, needle, storable};
use crate::date_form;
use crate::email;
use crate::error::{Checked, Fault};
use crate::expr::{self, Comparison, DateLiteral, Literal, Period};
use crate::field::{Field, FieldKind};
use crate::fold::Needle;
use crate::parse::parse;
use crate::predicate::{Condition, Decimal, Limit, Node, Operator, Order, Range, Scalar, Test};
use crate::span::{Span, Spanned};
use crate::status::Status;
use crate::value::{self, DIGITS_MAX, Moment};

/// What a first time is called in what is said of it.
pub(super) const FIRST: &str = "first (…)";

impl Checker<'_> {
    pub(super) fn condition(
        &mut self,
        span: Span,
        condition: &expr::Condition,
        depth: usize,
    ) -> Checked<Node> {
        let field = &condition.field;
        let typed =
            |operator, literal, test| Condition { span, field: field.value.clone(), test, operator, literal };
        let plain = |operator, test| Node::Condition(typed(operator, None, test));
        self.count(span, if let expr::Test::In { values, .. } = &condition.test { values.len() } else { 1 })?;
        match &condition.test {
            expr::Test::Compare(comparison, literal) => {
                let test = self.compared(field, *comparison, literal, Some(*comparison))?;
                let said = Some((literal.span, literal.value.clone()));
                let node = in_every_form(typed(Operator::of(*comparison), said, test));
                Ok(negated(*comparison == Comparison::NotEqual, node))
            }
            expr::Test::Own(comparison, time) => {
                let test = Test::Own(order(*comparison), self.own(Some(field), time, depth)?);
                let node = plain(Operator::of(*comparison), test);
                Ok(negated(*comparison == Comparison::NotEqual, node))
            }
            expr::Test::In { negated: not, values } => {
                let mut any = Vec::with_capacity(values.len());
                for value in values {
                    let test = self.compared(field, Comparison::Equal, value, None)?;
                    let said = Some((value.span, value.value.clone()));
                    any.push(in_every_form(typed(Operator::Equal, said, test)));
                }
                Ok(negated(*not, Node::Any(any)))
            }
            expr::Test::During { negated: not, period } => {
                let test = Test::During(self.during(field, period)?);
                Ok(negated(*not, plain(Operator::During, test)))
            }
            expr::Test::Match(place, text) => {
                let said = Some((text.span, Literal::Text(text.value.clone())));
                let test = Test::Holds(*place, held(field, text)?);
                Ok(Node::Condition(typed(Operator::Holds(*place), said, test)))
            }
            expr::Test::Has(literal) => {
                let said = Some((literal.span, literal.value.clone()));
                Ok(Node::Condition(typed(Operator::Has, said, self.has(field, literal)?)))
            }
            expr::Test::Exists => Ok(plain(Operator::Exists, Test::Exists)),
            expr::Test::Is { negated: not, kind } => Ok(negated(*not, plain(Operator::Is, Test::Is(*kind)))),
            expr::Test::Changed { from, to, period } => {
                self.changed(span, field, [from, to], period.as_ref())
            }
            expr::Test::Moved(direction, period) => self.moved(span, field, *direction, period),
        }
    }

    /// `= != < <= > >=`, and the values of a list, of which none was `written`.
    pub(super) fn compared(
        &self,
        field: &Spanned<Field>,
        comparison: Comparison,
        literal: &Spanned<Literal>,
        written: Option<Comparison>,
    ) -> Checked<Test> {
        match (field.value.kind(), order(comparison)) {
            (FieldKind::Json, None) => self.equals(comparison, literal),
            (FieldKind::Json, Some(order)) => self.ordered(comparison, order, literal),
            (FieldKind::Status, None) => status(literal),
            (FieldKind::Project, None) => self.project(literal),
            (FieldKind::Status | FieldKind::Project, Some(_)) => Err(unordered(field)),
            (FieldKind::Time, _) => self.time(&field.value.to_string(), comparison, literal, written),
            (FieldKind::Text, None) => Ok(Test::Equals(Scalar::Text(text_of(field, literal)?))),
            (FieldKind::Text, Some(order)) => Ok(Test::Ordered(order, Limit::Text(text_of(field, literal)?))),
        }
    }

    fn equals(&self, comparison: Comparison, literal: &Spanned<Literal>) -> Checked<Test> {
        match &literal.value {
            Literal::Date(date) => Ok(Test::During(self.range(literal.span, comparison, *date)?)),
            _ => Ok(Test::Equals(scalar(literal)?)),
        }
    }

    fn ordered(&self, comparison: Comparison, order: Order, literal: &Spanned<Literal>) -> Checked<Test> {
        match &literal.value {
            Literal::Text(text) => {
                Ok(Test::Ordered(order, Limit::Text(storable(literal.span, text)?.to_owned())))
            }
            Literal::Number(_) => Ok(Test::Ordered(order, Limit::Number(decimal(literal)?))),
            Literal::Date(date) => Ok(Test::During(self.range(literal.span, comparison, *date)?)),
            Literal::Boolean(_) | Literal::Null => {
                let message = format!("{} has no order; expected a number, text or a date", literal.value);
                Err(Fault::new(literal.span, message).hint("compare it with = or !="))
            }
        }
    }

    /// A comparison of a time field, where a quoted date is a date too.
    pub(super) fn time(
        &self,
        field: &str,
        comparison: Comparison,
        literal: &Spanned<Literal>,
        written: Option<Comparison>,
    ) -> Checked<Test> {
        let quoted = match &literal.value {
            Literal::Date(date) => Some(*date),
            Literal::Text(text) => value::moment(text).map(|moment| match moment {
                Moment::Day(day) => DateLiteral::Day(day),
                Moment::Instant(instant) => DateLiteral::Instant(instant),
            }),
            _ => None,
        };
        let date = quoted.ok_or_else(|| no_date(field, literal, written))?;
        Ok(Test::During(self.range(literal.span, comparison, date)?))
    }

    fn range(&self, span: Span, comparison: Comparison, date: DateLiteral) -> Checked<Range> {
        self.clock.compared(comparison, date).ok_or_else(|| out_of_calendar(span, &date.to_string()))
    }

    fn during(&self, field: &Spanned<Field>, period: &Spanned<Period>) -> Checked<Range> {
        if field.path().is_none() && !field.is_time() {
            let fault = Fault::new(
                period.span,
                format!("{} holds no time, so a period says nothing of it", field.value),
            );
            return Err(fault.hint(
                "periods are for first_seen, last_activity, status_since, first_paid, imported and params",
            ));
        }
        self.period(period)
    }

    /// The times of a period that ends after it begins.
    pub(super) fn period(&self, period: &Spanned<Period>) -> Checked<Range> {
        let out = || out_of_calendar(period.span, &period.value.to_string());
        if let Period::Between(from, to) = period.value
            && self.clock.is_reversed(from, to).ok_or_else(out)?
        {
            let fault = Fault::new(period.span, "this period ends before it begins");
            let meant = Period::Between(to, from);
            let is_fixed = |date| matches!(date, DateLiteral::Day(_) | DateLiteral::Instant(_));
            return Err(fault.hint(match is_fixed(from) && is_fixed(to) {
                true => format!("did you mean {meant}?"),
                false => format!("did you mean {meant}? This is asked of {}, which is today", self.today()),
            }));
        }
        self.clock.during(period.value).ok_or_else(out)
    }

    fn has(&self, field: &Spanned<Field>, literal: &Spanned<Literal>) -> Checked<Test> {
        if field.path().is_none() {
            let fault =
                Fault::new(field.span, format!("has looks inside lists, and {} is none", field.value));
            return Err(fault.hint(format!("write {} = {}", field.value, literal.value)));
        }
        match &literal.value {
            Literal::Date(date) => Ok(Test::HasDuring(self.range(literal.span, Comparison::Equal, *date)?)),
            _ => Ok(Test::Has(scalar(literal)?)),
        }
    }

    fn project(&self, literal: &Spanned<Literal>) -> Checked<Test> {
        let slug = match &literal.value {
            Literal::Text(text) => text.clone(),
            other => other.to_string(),
        };
        let name = Spanned::new(literal.span, slug);
        self.scope.names.project(&name).map(Test::Project).ok_or_else(|| self.unknown_project(&name))
    }
}

/// A condition; where it asks for an address or a domain that may be stored in another form, it asks for that one too.
fn in_every_form(condition: Condition) -> Node {
    let mut forms = tests(&condition.field, condition.test.clone());
    if forms.len() < 2 {
        return Node::Condition(condition);
    }
    let form = |test| Node::Condition(Condition { test, ..condition.clone() });
    Node::Any(forms.drain(..).map(form).collect())
}

/// The test in every form that the value may be stored in.
pub(super) fn tests(field: &Field, test: Test) -> Vec<Test> {
    let forms = match (field, &test) {
        (Field::Email, Test::Equals(Scalar::Text(text))) => email::forms(text),
        (Field::Domain, Test::Equals(Scalar::Text(text))) => email::domain_forms(text),
        _ => Vec::new(),
    };
    if forms.len() < 2 {
        return vec![test];
    }
    forms.into_iter().map(|text| Test::Equals(Scalar::Text(text))).collect()
}

/// The order that a comparison asks for; equality asks for none.
pub(super) fn order(comparison: Comparison) -> Option<Order> {
    match Operator::of(comparison) {
        Operator::Ordered(order) => Some(order),
        _ => None,
    }
}

pub(super) fn negated(negated: bool, node: Node) -> Node {
    if negated { Node::Not(Box::new(node)) } else { node }
}

/// A literal that is no date.
fn scalar(literal: &Spanned<Literal>) -> Checked<Scalar> {
    match &literal.value {
        Literal::Text(text) => Ok(Scalar::Text(storable(literal.span, text)?.to_owned())),
        Literal::Number(_) => Ok(Scalar::Number(decimal(literal)?)),
        Literal::Boolean(boolean) => Ok(Scalar::Boolean(*boolean)),
        Literal::Null | Literal::Date(_) => Ok(Scalar::Null),
    }
}

fn decimal(literal: &Spanned<Literal>) -> Checked<Decimal> {
    let Literal::Number(written) = &literal.value else {
        return Err(Fault::new(literal.span, "expected a number"));
    };
    let exact = value::decimal(written).ok_or_else(|| {
        let message = format!("this number has more than {DIGITS_MAX} digits when it is written plainly");
        Fault::new(literal.span, message)
            .hint("no stored number is as long; to compare text, put it in quotes")
    })?;
    Ok(Decimal { written: written.clone(), exact })
}

fn status(literal: &Spanned<Literal>) -> Checked<Test> {
    let word = match &literal.value {
        Literal::Text(text) => text.clone(),
        other => other.to_string(),
    };
    if let Ok(status) = word.parse::<Status>() {
        return Ok(Test::Equals(Scalar::Text(status.to_string())));
    }
    let mut fault =
        Fault::new(literal.span, format!("{word} is no status; expected free, trial, paid or churned"));
    if let Some(meant) = Status::guess(&word) {
        fault = fault.hint(format!("did you mean {meant}?"));
        fault.candidates = vec![meant.to_string()];
    }
    Err(fault)
}

/// The text that a text field is compared with.
fn text_of(field: &Spanned<Field>, literal: &Spanned<Literal>) -> Checked<String> {
    let Literal::Text(text) = &literal.value else {
        let fault =
            Fault::new(literal.span, format!("{} is text, so it is never {}", field.value, literal.value));
        return Err(match literal.value {
            Literal::Null => fault.hint(format!("for those without one write not {} exists", field.value)),
            _ => fault.hint(format!("put the text in quotes: \"{}\"", literal.value)),
        });
    };
    let text = storable(literal.span, text)?;
    Ok(match field.value {
        Field::Email => email::normalised(text),
        Field::Domain => email::domain(text.trim().trim_start_matches('@')),
        _ => text.to_owned(),
    })
}

/// The text that a field must hold.
fn held(field: &Spanned<Field>, text: &Spanned<String>) -> Checked<Needle> {
    if field.is_time() {
        let fault = Fault::new(field.span, format!("{} is a time, not text", field.value));
        return Err(
            fault.hint(format!("write {} in last 7 days or {} > 2026-03-29", field.value, field.value))
        );
    }
    if field.value == Field::Project {
        return Err(Fault::new(field.span, "project is compared whole")
            .hint("write project = NAME or project in (…)"));
    }
    needle(text.span, text, Needle::new)
}

fn unordered(field: &Spanned<Field>) -> Box<Fault> {
    let fault = Fault::new(field.span, format!("{} has no order", field.value));
    fault.hint(format!("compare it with =, or list what it may be: {} in (…)", field.value))
}

fn no_date(field: &str, literal: &Spanned<Literal>, written: Option<Comparison>) -> Box<Fault> {
    let message = format!("{field} is a time; expected a date, found {}", literal.value);
    let fault = Fault::new(literal.span, message);
    let text = match &literal.value {
        Literal::Null if field == FIRST => {
            return fault.hint("for those of whom it never was true write not was (…)");
        }
        Literal::Null => return fault.hint(format!("for those without one write not {field} exists")),
        Literal::Text(text) => text.clone(),
        other => other.to_string(),
    };
    let named = date_form::named(&text);
    let meant: Vec<String> = named.iter().flat_map(|named| named.literals(written)).collect();
    let within = named.first().and_then(|named| named.literal(Some(Comparison::Equal)));
    match within {
        Some(_) if !meant.is_empty() => fault.meant(meant),
        Some(within) => fault.hint(format!("write {field} in {within}")),
        None if parse(&format!("first_seen = now - {text}")).is_ok() => {
            fault.meant(vec![format!("now - {text}")])
        }
        None => fault.hint("for example 2026-03-29, today, now - 14d or 14 days ago"),
    }
}

pub(super) fn out_of_calendar(span: Span, written: &str) -> Box<Fault> {
    Fault::new(span, format!("{written} is outside of the years 0001 to 9999"))
}
