//! Where a segment is used: the others whose filters name it. Without it these are errors.

use filter::expr::{Clause, Node};

use super::link;
use crate::store::segment::Segment;

/// A segment that names another.
pub(super) struct Use {
    pub(super) name: String,
    pub(super) link: String,
}

/// The segments that name one.
pub(super) fn of(segment: &Segment, all: &[Segment]) -> Vec<Use> {
    under(&[&segment.name, segment.slug.as_str()], segment, all)
}

/// Those that would not find it under another name: they name it by that, and not by its slug.
pub(super) fn by_name(segment: &Segment, all: &[Segment]) -> Vec<Use> {
    if segment.name == segment.slug.as_str() { Vec::new() } else { under(&[&segment.name], segment, all) }
}

fn under(called: &[&str], segment: &Segment, all: &[Segment]) -> Vec<Use> {
    let names_it = |other: &&Segment| {
        let is_seen =
            segment.project.is_none() || other.project.is_none() || other.project == segment.project;
        let said = |name: &String| called.contains(&name.as_str());
        other.id != segment.id && is_seen && names(&other.filter).iter().any(said)
    };
    let named = all.iter().filter(names_it);
    named.map(|other| Use { name: other.name.clone(), link: link(other, all) }).collect()
}

/// The segments that a filter names.
fn names(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(root) = filter::parse(text).ok().and_then(|expr| expr.root) {
        walk(&root, &mut found);
    }
    found
}

fn walk(node: &Node, found: &mut Vec<String>) {
    match &node.value {
        Clause::Or(parts) | Clause::And(parts) => parts.iter().for_each(|part| walk(part, found)),
        Clause::Not(inner) => walk(inner, found),
        Clause::InProject { filter, .. } => filter.iter().for_each(|inner| walk(inner, found)),
        Clause::InSegment(name) => found.push(name.value.clone()),
        Clause::Was { filter, .. } | Clause::First { filter, .. } => walk(filter, found),
        Clause::Search(_) | Clause::Seen { .. } | Clause::Condition(_) => {}
    }
    node.value.firsts().for_each(|inner| walk(inner, found));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_segments_wherever_they_stand() {
        for (filter, found) in [
            ("plan = pro", vec![]),
            ("in segment a and not (in segment \"b c\" or plan = pro)", vec!["a", "b c"]),
            ("in project x where (in segment a)", vec!["a"]),
            ("was (in segment a) on today - 30d", vec!["a"]),
        ] {
            assert_eq!(names(filter), found, "{filter}");
        }
    }
}
