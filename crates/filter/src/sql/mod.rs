//! Predicates as SQL for Postgres 14 and newer. Only operators and column names are written; paths, values and patterns
//! are binds. Every expression is true or false, never null, and cannot fail whatever a document holds.

mod condition;
mod containment;
mod date;
mod past;
mod pattern;
mod timeline;

use std::fmt;

use jiff::tz::TimeZone;

pub use condition::column;
pub use past::past;

use crate::binds::{Bind, Binds};
use crate::expr::Place;
use crate::fold::Needle;
use crate::predicate::{Node, Predicate, Projects};

/// The predicate as a boolean SQL expression, never null, over the aliases `r` (relationship) and `c` (its customer).
/// `$1` is the account's id, which the statement binds itself; so `binds` start at 2 or later.
///
/// Equalities and `has` on params become `r.params @> $n`, which a GIN index (`jsonb_path_ops`) answers. Plan each
/// query with its values: the patterns and documents in the binds decide which index helps.
pub fn sql(predicate: &Predicate, tense: Tense, binds: &mut Binds) -> String {
    let mut writer = Writer { binds, zone: &predicate.zone, relationships: 1 };
    writer.node(&predicate.root, Alias { name: OUTERMOST, past: tense == Tense::Past })
}

/// A relationship that a condition speaks of.
#[derive(Clone, Copy)]
struct Alias<'a> {
    name: &'a str,
    /// Whether it is as it was at its `moment`, so that any column may be null but who the customer is.
    past: bool,
}

/// The relationship that the filter is true or false of.
const OUTERMOST: &str = "r";

/// What `r` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tense {
    /// The table `relationship`.
    Present,
    /// What [`past()`] makes of it.
    Past,
}

impl fmt::Display for Alias<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// How many memberships the planner may turn into joins.
const JOINS_MAX: usize = 8;

struct Writer<'b> {
    binds: &'b mut Binds,
    /// The zone in which days end.
    zone: &'b TimeZone,
    /// How many aliases of `relationship` are in use.
    relationships: usize,
}

impl Writer<'_> {
    /// The SQL of a node that speaks of the relationship with this alias.
    fn node(&mut self, node: &Node, r: Alias<'_>) -> String {
        match node {
            Node::All(nodes) => self.all(nodes, r),
            Node::Any(nodes) if nodes.is_empty() => "FALSE".to_owned(),
            Node::Any(nodes) => {
                let any: Vec<String> = nodes.iter().map(|node| self.node(node, r)).collect();
                format!("({})", any.join(" OR "))
            }
            Node::Not(node) => format!("NOT {}", self.node(node, r)),
            Node::Search(needle) => self.search(needle, r),
            Node::Elsewhere { projects, node, .. } => self.elsewhere(*projects, node, r),
            Node::Was { when, node, .. } => self.was(when, node, r),
            Node::First { first, test, .. } => self.first(first, test, r),
            Node::Seen { least, within, .. } => self.seen(*least, *within, r),
            Node::Condition(condition) => self.condition(condition, r),
        }
    }

    /// A conjunction. Equalities and `has` on different paths share one containment, so that the index is asked once.
    fn all(&mut self, nodes: &[Node], r: Alias<'_>) -> String {
        let mut together = containment::Documents::default();
        let others: Vec<&Node> = nodes.iter().filter(|node| !together.take(node)).collect();
        let mut all: Vec<String> =
            together.into_values().into_iter().map(|document| self.contains(document, r)).collect();
        all.extend(others.into_iter().map(|node| self.node(node, r)));
        if all.is_empty() { "TRUE".to_owned() } else { format!("({})", all.join(" AND ")) }
    }

    fn contains(&mut self, document: serde_json::Value, r: Alias<'_>) -> String {
        format!("{r}.params @> {}::jsonb", self.binds.bind(Bind::Json(document)))
    }

    fn search(&mut self, needle: &Needle, r: Alias<'_>) -> String {
        let pattern = self.text(&pattern::pattern(Place::Anywhere, needle));
        let accents = self.text(&pattern::ACCENTS);
        // Most texts are plain ASCII, which is known by their lengths and has no accents.
        let matches = |text: &str| {
            format!(
                "CASE WHEN octet_length({text}) = length({text}) THEN {text} \
                 ELSE regexp_replace(normalize({text}, NFKD), {accents}, '', 'g') END COLLATE \"C\" ~ {pattern}"
            )
        };
        let optional = |text: &str| format!("({text} IS NOT NULL AND {})", matches(text));
        let (name, user_id) = (optional(&format!("{r}.name")), optional(&format!("{r}.user_id")));
        format!("({} OR {name} OR {user_id})", matches("c.email"))
    }

    /// Whether the customer has a relationship of which the node is true. The planner turns EXISTS into joins, but it plans
    /// each one twice, so that one within another would take exponential time, and many would be a join too wide to plan;
    /// those are subqueries, which it plans once and answers row by row from the primary key.
    fn elsewhere(&mut self, projects: Projects, node: &Node, r: Alias<'_>) -> String {
        let number = self.number();
        let other = format!("r{number}");
        let (live, belongs) = match projects {
            Projects::One(project) => {
                let project = self.binds.bind(Bind::Uuid(project));
                (String::new(), format!("{other}.project_id = {project}::uuid"))
            }
            Projects::Live => (
                format!(
                    " JOIN project p{number} ON p{number}.account_id = $1 AND p{number}.id = {other}.project_id"
                ),
                format!("NOT (p{number}.test OR p{number}.archived)"),
            ),
        };
        let alias = Alias { name: &other, past: r.past };
        let holds = self.node(node, alias);
        let (table, whose) = match r.past {
            true => {
                let whose = format!("b.customer_id = {r}.customer_id");
                (self.relationship_at(&other, &whose, &format!("{r}.moment")), String::new())
            }
            false => (
                format!("relationship {other}"),
                format!("{other}.account_id = $1 AND {other}.customer_id = {r}.customer_id AND "),
            ),
        };
        let from = format!("FROM {table}{live} WHERE {whose}{belongs} AND {holds}");
        match r.name == OUTERMOST && number <= JOINS_MAX {
            true => format!("EXISTS (SELECT 1 {from})"),
            false => format!("COALESCE((SELECT TRUE {from} LIMIT 1), FALSE)"),
        }
    }

    /// A number that no alias has yet.
    fn number(&mut self) -> usize {
        let number = self.relationships;
        self.relationships += 1;
        number
    }

    fn text(&mut self, text: &str) -> String {
        format!("{}::text", self.binds.bind(Bind::Text(text.to_owned())))
    }
}
