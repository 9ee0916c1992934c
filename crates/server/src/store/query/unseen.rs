//! Days of which nothing is known: a project's activity is told of since some day, and who was seen before it nobody knows.

use std::collections::BTreeMap;

use filter::{
    Span,
    calendar::day_of,
    predicate::{Node, Projects, Stretch},
    value::Instant,
};
use jiff::civil::Date;
use uuid::Uuid;

use super::{Error, Plan, Warning, WarningCode};
use crate::store::{Store, View, project};

/// Projects and questions beyond these are not told.
const TOLD_MAX: usize = 3;

/// A `seen in`, whose relationships it speaks of, and when its time begins.
struct Asked {
    span: Span,
    projects: Vec<Uuid>,
    from: Instant,
}

/// A warning for each `seen in` a time that begins before activity was told of.
pub(super) async fn look(store: &Store, view: &View, plan: &Plan) -> Result<Vec<Warning>, Error> {
    let mut asked = Vec::new();
    if plan.wants_counts() {
        collect(plan.predicate.root(), &plan.rows, &mut asked);
    }
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let projects: Vec<Uuid> = asked.iter().flat_map(|one| one.projects.iter().copied()).collect();
    let since = project::seen_since(store, view.account, &projects).await?.into_iter();
    let since: BTreeMap<Uuid, (String, Option<Date>)> =
        since.map(|(project, slug, since)| (project, (slug, since))).collect();
    Ok(asked.iter().filter_map(|one| one.explain(plan, &since)).take(TOLD_MAX).collect())
}

fn collect(node: &Node, rows: &[Uuid], asked: &mut Vec<Asked>) {
    node.firsts().for_each(|first| collect(&first.node, rows, asked));
    match node {
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| collect(node, rows, asked)),
        Node::Not(node) | Node::Was { node, .. } => collect(node, rows, asked),
        Node::Elsewhere { projects: Projects::One(project), node, segment: false } => {
            collect(node, &[*project], asked);
        }
        Node::Seen { span, within: Stretch { from, .. }, .. } => {
            asked.push(Asked { span: *span, projects: rows.to_vec(), from: *from });
        }
        Node::Elsewhere { .. } | Node::First { .. } | Node::Search(_) | Node::Condition(_) => {}
    }
}

impl Asked {
    fn explain(&self, plan: &Plan, since: &BTreeMap<Uuid, (String, Option<Date>)>) -> Option<Warning> {
        let first = day_of(self.from, &plan.lexicon.zone);
        let unknown = |project: &Uuid| match since.get(project)? {
            (slug, None) => Some(format!("no days are known in {slug}")),
            (slug, Some(since)) if *since > first => {
                Some(format!("days before {since} are not known in {slug}"))
            }
            _ => None,
        };
        let unknown: Vec<String> = self.projects.iter().filter_map(unknown).take(TOLD_MAX).collect();
        let warning = |detail| Warning::of_filter(plan, WarningCode::PastUnknown, self.span, detail, None);
        (!unknown.is_empty()).then(|| warning(unknown.join("; ")))
    }
}
