//! Words that find nobody, and are values that people have: `pro producthunt` is `plan = "pro" and source = "producthunt"`.

use filter::{Field, quoted};
use index::{Datum, Facet, Facets, Shape};

/// Words that are looked at.
pub(super) const WORDS_MAX: usize = 5;

/// Where words may be values: the widest paths, the status, and the project where there are several.
pub(in crate::store::query) fn fields(projects: usize) -> Facets {
    let project = (projects > 1).then_some(Field::Project);
    Facets { auto: true, fields: [Field::Status].into_iter().chain(project).collect() }
}

/// What words probably mean.
pub(super) struct Meant {
    /// Each value with the field that has it.
    pub(super) said: String,
    /// The conditions.
    pub(super) fix: String,
}

/// The conditions of words, each of which is a value of a field of its own.
pub(super) fn meant(words: &[&str], facets: &[Facet]) -> Option<Meant> {
    let mut taken: Vec<&Field> = Vec::new();
    let (mut said, mut conditions) = (Vec::new(), Vec::new());
    for word in words {
        let mut free = facets.iter().filter(|facet| !taken.contains(&&facet.field));
        let (facet, value, operator) = free.find_map(|facet| valued(facet, word))?;
        let field = facet.field.to_string();
        let value = quoted(value);
        said.push(format!("{value} is a value of {}", field.strip_prefix("params.").unwrap_or(&field)));
        conditions.push(format!("{field} {operator} {value}"));
        taken.push(&facet.field);
    }
    (!conditions.is_empty()).then(|| Meant { said: said.join(", "), fix: conditions.join(" and ") })
}

/// The value that a word is in a field, and how it is asked for.
fn valued<'f>(facet: &'f Facet, word: &str) -> Option<(&'f Facet, &'f str, &'static str)> {
    let Shape::Values(values) = &facet.shape else { return None };
    values.iter().find_map(|found| match &found.value {
        Datum::String(text) if text.eq_ignore_ascii_case(word) => {
            Some((facet, text.as_str(), if found.member { "has" } else { "=" }))
        }
        _ => None,
    })
}
