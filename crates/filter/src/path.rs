//! Paths inside params: `params.plan`, `params.company.country`, `params."weird key"`.

use std::fmt;

use serde_json::{Map, Value};

use crate::error::{Checked, Fault};
use crate::span::Span;
use crate::text;

/// The keys that lead to a value inside params, from the outside in; never empty. A path steps through objects only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<String>);

impl Path {
    /// The most keys in a path: documents nest no deeper.
    pub const KEYS_MAX: usize = 32;

    /// A path of these keys; `None` without keys or with more than [`Path::KEYS_MAX`].
    pub fn new(keys: Vec<String>) -> Option<Path> {
        (1..=Path::KEYS_MAX).contains(&keys.len()).then_some(Path(keys))
    }

    /// The keys, from the outside in.
    pub fn keys(&self) -> &[String] {
        &self.0
    }

    /// The value at this path; `None` where a key is missing or something other than an object is in the way.
    pub fn find<'v>(&self, params: &'v Map<String, Value>) -> Option<&'v Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(params.get(first)?, |value, key| value.as_object()?.get(key))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, key) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(".")?;
            }
            write_name(f, key)?;
        }
        Ok(())
    }
}

/// A name as a filter writes it.
pub(crate) fn name(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { text::quoted(name) }
}

/// Writes a key or a name bare where it is an identifier, else as a JSON string.
pub(crate) fn write_name(f: &mut impl fmt::Write, name: &str) -> fmt::Result {
    f.write_str(&self::name(name))
}

/// Whether a name can stand without quotes.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// One key as it was written.
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) quoted: bool,
}

/// The keys of a word: `params.plan`, `company.country`, `params."a.b".c`.
pub(crate) fn keys(span: Span, word: &str) -> Checked<Vec<Key>> {
    let mut keys = Vec::new();
    let mut rest = word;
    loop {
        let here = span.end - rest.len();
        let key = match text::quote(rest) {
            Some(_) => {
                let (name, length) = text::read(here, rest)?;
                rest = &rest[length..];
                Key { name, quoted: true }
            }
            None => {
                let length = rest.find('.').unwrap_or(rest.len());
                let name = bare_key(Span::new(here, here + length), &rest[..length])?;
                rest = &rest[length..];
                Key { name, quoted: false }
            }
        };
        keys.push(key);
        match rest.strip_prefix('.') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Ok(keys),
            None => {
                let span = Span::new(span.end - rest.len(), span.end);
                return Err(Fault::new(span, "expected a dot before the next key"));
            }
        }
    }
}

fn bare_key(span: Span, name: &str) -> Checked<String> {
    if name.is_empty() {
        let fault = Fault::new(span, "expected a key after the dot");
        return Err(fault.hint("a key that is not a plain word is quoted: params.\"weird key\""));
    }
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-' || !c.is_ascii();
    match name.find(|c| !plain(c)) {
        None => Ok(name.to_owned()),
        Some(_) => Err(Fault::new(span, format!("{name} is not a plain key"))
            .hint(format!("if the key is really called that, quote it: params.{}", text::quoted(name)))),
    }
}

/// The path of these keys, if documents can be as deep.
pub(crate) fn limited(span: Span, keys: Vec<Key>) -> Checked<Path> {
    let count = keys.len();
    if let Some(key) = keys.iter().find(|key| key.name.contains('\0')) {
        return Err(Fault::new(
            span,
            format!("the key {} holds U+0000, which no key can", text::quoted(&key.name)),
        ));
    }
    Path::new(keys.into_iter().map(|key| key.name).collect()).ok_or_else(|| {
        let limit = Path::KEYS_MAX;
        Fault::new(span, format!("this path has {count} keys; params nest at most {limit} deep"))
    })
}
