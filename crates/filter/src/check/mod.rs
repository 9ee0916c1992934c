//! From what was written to what it means: names looked up, segments put in place, literals typed, everything bounded.

mod condition;
mod past;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::dates::Clock;
use crate::error::{Checked, Error, Fault, similar};
use crate::expr::{self, Clause, Expr};
use crate::fold::Needle;
use crate::parse::{self, DEPTH_MAX};
use crate::path;
use crate::predicate::{Node, Predicate, Projects};
use crate::scope::{Scope, Segment};
use crate::span::{Span, Spanned};
use crate::text::quoted;
use past::Asks;

/// The most conditions in a filter, those of its segments included; each value of a list counts as one.
pub const CONDITIONS_MAX: usize = 1_000;

/// How many names a hint lists when none looks like the one that was written.
const LISTED_MAX: usize = 8;

/// Resolves names, types literals, turns dates into ranges and enforces the bounds. What it accepts can be evaluated
/// without fail.
pub fn check(expr: &Expr, scope: &Scope<'_>) -> Result<Predicate, Error> {
    let clock = Clock::new(scope.now, scope.zone.clone());
    let mut checker = Checker { scope, clock, conditions: 0, inside: Vec::new(), past: None };
    let root = checker.root(expr.root.as_ref(), 0);
    root.map(|root| Predicate { root, zone: scope.zone.clone() }).map_err(|fault| fault.locate(&expr.text))
}

/// Reads a moment of the past, as `was (…) on` takes it: of a day the last instant. `None` where that is not over, which is
/// the present.
///
/// ```
/// # use filter::*;
/// # struct NoNames;
/// # impl Names for NoNames {
/// #     fn project(&self, _: &str) -> Option<uuid::Uuid> { None }
/// #     fn projects(&self) -> Vec<String> { Vec::new() }
/// #     fn segment(&self, _: &str, _: Option<&Segment>) -> Option<Segment> { None }
/// #     fn segments(&self) -> Vec<String> { Vec::new() }
/// # }
/// # let now = "2026-03-10T12:00:00Z".parse().unwrap();
/// # let scope = Scope { now, horizon: None, zone: jiff::tz::TimeZone::UTC, names: &NoNames, account_wide: true };
/// let moment = |text| moment(text, &scope).unwrap().map(|moment| moment.to_string());
/// assert_eq!(moment("2026-03-01").as_deref(), Some("2026-03-01T23:59:59.999999Z"));
/// assert_eq!(moment("30 days ago").as_deref(), Some("2026-02-08T12:00:00Z"));
/// assert_eq!(moment("today"), None);
/// ```
pub fn moment(text: &str, scope: &Scope<'_>) -> Result<Option<Timestamp>, Error> {
    let clock = Clock::new(scope.now, scope.zone.clone());
    let checker = Checker { scope, clock, conditions: 0, inside: Vec::new(), past: None };
    let moment = parse::moment(text).and_then(|moment| checker.past_moment(&moment));
    let moment = moment.map_err(|fault| fault.locate(text))?;
    Ok((moment < scope.now.into()).then(|| moment.timestamp()))
}

/// Reads a period that has begun, as `seen in` takes it: the first and the last civil day that it touches, the last one being
/// today where it goes on.
///
/// ```
/// # use filter::*;
/// # struct NoNames;
/// # impl Names for NoNames {
/// #     fn project(&self, _: &str) -> Option<uuid::Uuid> { None }
/// #     fn projects(&self) -> Vec<String> { Vec::new() }
/// #     fn segment(&self, _: &str, _: Option<&Segment>) -> Option<Segment> { None }
/// #     fn segments(&self) -> Vec<String> { Vec::new() }
/// # }
/// # let now = "2026-03-10T12:00:00Z".parse().unwrap();
/// # let scope = Scope { now, horizon: None, zone: jiff::tz::TimeZone::UTC, names: &NoNames, account_wide: true };
/// let days = |text| period(text, &scope).map(|(first, last)| format!("{first} {last}")).map_err(|error| error.to_string());
/// assert_eq!(days("last 2 months").as_deref(), Ok("2026-01-11 2026-03-10"));
/// assert_eq!(days("this year").as_deref(), Ok("2026-01-01 2026-03-10"));
/// assert_eq!(days("2025-12-24 .. 2025-12-26").as_deref(), Ok("2025-12-24 2025-12-26"));
/// assert!(days("next week").is_err() && days("last 2 months or so").is_err());
/// ```
pub fn period(text: &str, scope: &Scope<'_>) -> Result<(Date, Date), Error> {
    let clock = Clock::new(scope.now, scope.zone.clone());
    let checker = Checker { scope, clock, conditions: 0, inside: Vec::new(), past: None };
    let days = parse::period(text).and_then(|period| checker.past_days(&period));
    days.map_err(|fault| fault.locate(text))
}

struct Checker<'a> {
    scope: &'a Scope<'a>,
    clock: Clock,
    conditions: usize,
    /// The segments whose texts are being checked, outermost first.
    inside: Vec<(String, Segment)>,
    /// Inside of what it is that is being checked: `was (…)` or `first (…)`.
    past: Option<Asks>,
}

impl Checker<'_> {
    fn root(&mut self, root: Option<&expr::Node>, depth: usize) -> Checked<Node> {
        root.map_or(Ok(Node::All(Vec::new())), |root| self.node(root, depth))
    }

    fn node(&mut self, node: &expr::Node, depth: usize) -> Checked<Node> {
        if depth > DEPTH_MAX + 1 {
            let fault = Fault::new(node.span, format!("this filter nests more than {DEPTH_MAX} deep"));
            return Err(fault.hint("take out parentheses; segments count with their own"));
        }
        match &node.value {
            Clause::Or(nodes) => Ok(Node::Any(self.nodes(nodes, depth)?)),
            Clause::And(nodes) => Ok(Node::All(self.nodes(nodes, depth)?)),
            Clause::Not(node) => Ok(Node::Not(Box::new(self.node(node, depth + 1)?))),
            Clause::Search(text) => {
                self.count(node.span, 1)?;
                self.refuse_search(node.span, text)?;
                Ok(Node::Search(needle(node.span, text, Needle::search)?))
            }
            Clause::InProject { name, filter } => self.in_project(node.span, name, filter.as_deref(), depth),
            Clause::InSegment(name) => self.in_segment(name, depth),
            Clause::Was { filter, when } => self.was(node.span, filter, when, depth),
            Clause::First { filter, test } => self.first(node.span, filter, test, depth),
            Clause::Seen { least, period } => self.seen(node.span, *least, period),
            Clause::Condition(condition) => self.condition(node.span, condition, depth),
        }
    }

    fn nodes(&mut self, nodes: &[expr::Node], depth: usize) -> Checked<Vec<Node>> {
        nodes.iter().map(|node| self.node(node, depth + 1)).collect()
    }

    fn in_project(
        &mut self,
        span: Span,
        name: &Spanned<String>,
        filter: Option<&expr::Node>,
        depth: usize,
    ) -> Checked<Node> {
        if !self.scope.account_wide {
            let fault = Fault::new(span, "this key sees its own project only, so in project is refused");
            return Err(fault.hint("ask with an account key, or take this part out"));
        }
        self.count(span, 1)?;
        let project = self.scope.names.project(name).ok_or_else(|| self.unknown_project(name))?;
        let node = Box::new(self.root(filter, depth + 1)?);
        Ok(Node::Elsewhere { projects: Projects::One(project), node, segment: false })
    }

    fn unknown_project(&self, name: &Spanned<String>) -> Box<Fault> {
        let fault = Fault::new(name.span, format!("there is no project {}", quoted(name)));
        did_you_mean(fault, name, &self.scope.names.projects())
    }

    /// Puts the segment's filter in place of its name. What is wrong inside is reported at the name.
    fn in_segment(&mut self, name: &Spanned<String>, depth: usize) -> Checked<Node> {
        self.count(name.span, 1)?;
        let inside = self.inside.last().map(|(_, outer)| outer);
        let segment = self.scope.names.segment(name, inside).ok_or_else(|| {
            let fault = Fault::new(name.span, format!("there is no segment {}", quoted(name)));
            did_you_mean(fault, name, &self.scope.names.segments())
        })?;
        let projects = match segment.project {
            Some(project) => Projects::One(project),
            None if self.scope.account_wide => Projects::Live,
            None => {
                let refused = format!(
                    "the segment {} spans the account; this key sees its own project only",
                    quoted(name)
                );
                return Err(
                    Fault::new(name.span, refused).hint("ask with an account key, or take this part out")
                );
            }
        };
        let (outermost, past) = (self.inside.is_empty(), self.past);
        let node = self.segment_text(name, segment, depth).map_err(|fault| match outermost {
            true => self.broken(name, &fault.message, past),
            false => fault,
        })?;
        Ok(Node::Elsewhere { projects, node: Box::new(node), segment: true })
    }

    fn segment_text(&mut self, name: &Spanned<String>, segment: Segment, depth: usize) -> Checked<Node> {
        // The same text inside itself never ends, whichever name it goes by.
        let cycle = self.inside.iter().any(|(_, outer)| *outer == segment);
        let text = segment.text.clone();
        self.inside.push((name.value.clone(), segment));
        if cycle {
            return Err(Fault::new(name.span, "it contains itself"));
        }
        let expr = parse::parse(&text).map_err(|error| Fault::new(name.span, error.message))?;
        let node = self.root(expr.root.as_ref(), depth + 1)?;
        self.inside.pop();
        Ok(node)
    }

    /// A segment that cannot be used. Its text is not the one that the user sees, so the fault is at its name and says
    /// through which other segments it came.
    fn broken(&self, name: &Spanned<String>, message: &str, past: Option<Asks>) -> Box<Fault> {
        let chain: Vec<&str> = self.inside.iter().map(|(segment, _)| segment.as_str()).collect();
        let chain = chain.join(" → ");
        let fault = Fault::new(name.span, format!("the segment {chain} cannot be used: {message}"));
        fault.hint(match past.and_then(|outer| Some((outer, outer.refuses(message)?))) {
            Some((outer, what)) => format!("the segment {what}; take it out of {outer} (…)"),
            None => "open the segment and correct its filter".to_owned(),
        })
    }

    /// Counts conditions against the bound.
    fn count(&mut self, span: Span, conditions: usize) -> Checked<()> {
        self.conditions += conditions;
        if self.conditions <= CONDITIONS_MAX {
            return Ok(());
        }
        let fault = Fault::new(span, format!("this filter has more than {CONDITIONS_MAX} conditions"));
        Err(fault.hint("each value of a list counts as one; ask in several queries"))
    }
}

/// Remembers the names that look like `written`, as a filter writes them, and asks about the best, or lists what there is.
fn did_you_mean(mut fault: Box<Fault>, written: &str, names: &[String]) -> Box<Fault> {
    fault.candidates = similar(written, names).iter().map(|name| path::name(name)).collect();
    fault.hint = match (fault.candidates.first(), names) {
        (Some(best), _) => Some(format!("did you mean {best}?")),
        (None, []) => None,
        (None, names) if names.len() <= LISTED_MAX => Some(format!("there is {}", names.join(", "))),
        (None, names) => Some(format!("there is {} and more", names[..LISTED_MAX].join(", "))),
    };
    fault
}

/// A text to look for.
fn needle(span: Span, text: &str, make: fn(&str) -> Needle) -> Checked<Needle> {
    let needle = make(storable(span, text)?);
    // Few characters may fall apart into many.
    let length = text.chars().count().max(needle.folded().chars().count());
    if length > Needle::CHARS_MAX {
        let limit = Needle::CHARS_MAX;
        return Err(Fault::new(
            span,
            format!("this text has {length} characters; at most {limit} can be looked for"),
        ));
    }
    Ok(needle)
}

/// Text that could be stored, so that Postgres takes it as a parameter.
fn storable(span: Span, text: &str) -> Checked<&str> {
    if text.contains('\0') {
        return Err(Fault::new(span, "this text holds the character U+0000, which no stored text does"));
    }
    Ok(text)
}
