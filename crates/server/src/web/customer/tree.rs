//! The params of a project as a tree of lines: each value by its kind, with a link to everybody who has the same.

use filter::{Field, Path};
use index::Datum;
use serde_json::{Map, Value};

use crate::web::{
    customers::{address::Address, narrow},
    page::value::Shown,
};

/// Lines of a project's params; the file has the others.
const LINES: usize = 500;
/// The longest text, in bytes, whose form fits where it stands.
const SHORT: usize = 60;
/// The longest text that everybody with the same value is asked for by: longer ones are no link.
const LINK_MAX: usize = 256;

/// A line of the tree of params.
pub(super) struct Branch {
    pub(super) key: String,
    pub(super) depth: usize,
    /// The value; nothing where the members follow.
    pub(super) leaf: Option<Shown>,
    /// Everybody who has the same value there; empty where no filter can say it.
    pub(super) link: String,
    /// The place as filters name it; empty where it is too deep for them.
    pub(super) field: String,
}

impl Branch {
    /// Whether it is a plain value that fits on its line.
    pub(super) fn is_short(&self) -> bool {
        let is_plain = |leaf: &&Shown| ["string", "number", "boolean", "date"].contains(&leaf.kind);
        self.leaf
            .as_ref()
            .filter(is_plain)
            .is_some_and(|leaf| leaf.text.len() <= SHORT && !leaf.text.contains('\n'))
    }
}

/// The params as lines, the members of an object below it: so many, and how many more there are. `of` has all of their project.
pub(super) fn tree(of: &Address, params: &Map<String, Value>) -> (Vec<Branch>, usize) {
    let (mut lines, mut more) = (Vec::new(), 0);
    grow(of, &mut Vec::new(), params, &mut |line| match lines.len() < LINES {
        true => lines.push(line()),
        false => more += 1,
    });
    (lines, more)
}

/// Puts the lines of an object, each made only where it is shown.
fn grow(
    of: &Address,
    keys: &mut Vec<String>,
    members: &Map<String, Value>,
    put: &mut impl FnMut(&dyn Fn() -> Branch),
) {
    for (key, value) in members {
        keys.push(key.clone());
        let depth = keys.len() - 1;
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                let field = field(keys);
                put(&|| Branch {
                    key: key.clone(),
                    depth,
                    leaf: None,
                    link: String::new(),
                    field: field.clone(),
                });
                grow(of, keys, inner, put);
            }
            other => put(&|| {
                let (link, field) = (same(of, keys, other), field(keys));
                Branch { key: key.clone(), depth, leaf: Some(Shown::leaf(other)), link, field }
            }),
        }
        keys.pop();
    }
}

/// The place as filters name it.
fn field(keys: &[String]) -> String {
    Path::new(keys.to_vec()).map_or_else(String::new, |path| Field::Params(path).to_string())
}

/// Everybody of the project, as of the same day, who has the same value at the same place.
fn same(of: &Address, keys: &[String], value: &Value) -> String {
    if value.as_str().is_some_and(|text| text.len() > LINK_MAX) {
        return String::new();
    }
    let field = Path::new(keys.to_vec()).map(Field::Params);
    let condition = field.and_then(|field| narrow::condition(&field, &Datum::of(value), false));
    condition.map_or_else(String::new, |condition| of.filtered(condition).link())
}
