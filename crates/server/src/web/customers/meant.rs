//! Words that find nobody, and are values that people have: `pro producthunt` is `plan = "pro" and source = "producthunt"`.

use filter::{
    Expr,
    expr::{Clause, Node},
};
use index::{Datum, Facet, Shape};

use super::{
    address::Address,
    facets::label,
    filter_box::{Doubt, Fix},
    narrow,
};

/// Words that are looked at.
const WORDS_MAX: usize = 5;

/// What the words of a filter probably mean.
pub(super) struct Meant {
    /// Each value with the field that has it.
    values: Vec<(String, String)>,
    filter: String,
}

impl Meant {
    /// Of a filter of several words, each of which is a value of a field of its own.
    pub(super) fn of(filter: &Expr, facets: &[Facet]) -> Option<Meant> {
        let words: Vec<&str> = filter.parts().into_iter().map(word).collect::<Option<_>>()?;
        if words.is_empty() || words.len() > WORDS_MAX {
            return None;
        }
        let mut values: Vec<(String, String)> = Vec::new();
        let mut conditions = Vec::new();
        for word in words {
            let is_free = |facet: &&Facet| values.iter().all(|(_, field)| *field != label(&facet.field));
            let (field, condition, value) =
                facets.iter().filter(is_free).find_map(|facet| valued(facet, word))?;
            values.push((value, field));
            conditions.push(condition);
        }
        let filter = filter::parse(&conditions.join(" and ")).ok()?.to_string();
        Some(Meant { values, filter })
    }

    /// As the box says it, with the filter a click away.
    pub(super) fn doubt(&self, address: &Address) -> Doubt {
        let said: Vec<String> =
            self.values.iter().map(|(value, field)| format!("{value:?} is a value of {field}")).collect();
        Doubt { detail: said.join(", "), fix: Some(Fix::to(address, self.filter.clone())) }
    }
}

/// The word that a part of a filter searches for.
fn word(part: &Node) -> Option<&str> {
    match &part.value {
        Clause::Search(text) => Some(text),
        _ => None,
    }
}

/// The field, its condition and its value, where it has the word as a value.
fn valued(facet: &Facet, word: &str) -> Option<(String, String, String)> {
    let Shape::Values(values) = &facet.shape else { return None };
    let is_said = |value: &Datum| matches!(value, Datum::String(text) if text.eq_ignore_ascii_case(word));
    let found = values.iter().find(|found| is_said(&found.value))?;
    let Datum::String(text) = &found.value else { return None };
    let condition = narrow::condition(&facet.field, &found.value, found.member)?;
    Some((label(&facet.field), condition, text.clone()))
}
