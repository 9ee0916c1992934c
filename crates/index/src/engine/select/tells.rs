//! Whether the past that a predicate asks for is all in memory.

use filter::{
    Field,
    predicate::{Condition, Node, Own, Test, When},
};

use super::is_still;
use crate::Snapshot;

impl Snapshot {
    /// Whether the past that a predicate asks for, at a moment or not, is all in memory. What is not: what
    /// somebody's other relationships or days were at one moment of a time, and paths that change without end.
    pub fn can_tell(&self, predicate: &Node, moment: bool) -> bool {
        self.remembers() && self.tells(predicate, moment, false)
    }

    /// `within`: the node is asked of each moment of a time.
    fn tells(&self, node: &Node, past: bool, within: bool) -> bool {
        node.firsts().all(|first| self.tells_first(&first.node))
            && match node {
                Node::All(nodes) | Node::Any(nodes) => {
                    nodes.iter().all(|node| self.tells(node, past, within))
                }
                Node::Not(node) => self.tells(node, past, within),
                Node::Was { when: When::At(_), node, .. } => self.tells(node, true, false),
                Node::Was { when: When::Own { time, .. }, node, .. } => {
                    self.tells_own(time, past) && self.tells(node, true, true)
                }
                Node::First { test, .. } => test.own().is_none_or(|time| self.tells_own(time, past)),
                Node::Was { node, .. } => self.tells(node, true, true),
                Node::Elsewhere { node, .. } => !within && self.tells(node, past, false),
                Node::Seen { .. } => !within,
                Node::Search(_) => true,
                Node::Condition(condition) => self.tells_condition(condition, past, within),
            }
    }

    /// When something was first true is known of what turns with the row's own changes.
    fn tells_first(&self, node: &Node) -> bool {
        is_still(node) && self.tells(node, true, false)
    }

    fn tells_own(&self, time: &Own, past: bool) -> bool {
        !past || time.from.field().is_none_or(|field| !self.has_lost(field))
    }

    fn tells_condition(&self, condition: &Condition, past: bool, within: bool) -> bool {
        let moves = matches!(condition.test, Test::Changed(_) | Test::Moved(_));
        let days = condition.fields().any(|field| *field == Field::LastActivity);
        let lost = || condition.fields().any(|field| self.has_lost(field));
        !(past || moves) || !(within && (moves || days)) && !lost()
    }
}
