//! What the forms of an act hold: whom it is about, as the table of customers showed them, and what is to be done.

use filter::{Field, Path};
use serde_json::Value;

use crate::{
    http::{Code, Problem},
    model::{CustomerId, What},
    store::query::targets::Targets,
    web::{
        customers::address::Address,
        frame::Frame,
        page::{
            format,
            typed::{Kind, Typed},
        },
    },
};

/// People who can be chosen one by one.
const CHOSEN_MAX: usize = 500;

/// The list that tags are in, unless another is named.
pub(super) const TAGS: &str = "tags";

/// An act that is being put together.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// Whether it is about everybody who matches, and not only about those who were chosen.
    pub(super) all: bool,
    pub(super) chosen: Vec<CustomerId>,
    /// The view that they were chosen in.
    pub(super) address: Address,
    /// The columns that it showed.
    pub(super) columns: String,
    /// How many that view said there are.
    pub(super) count: Option<u64>,
    pub(super) kind: String,
    pub(super) key: String,
    /// The kind that the value is of, as forms name it, or `nothing`, which removes the key.
    pub(super) form: String,
    pub(super) value: String,
    pub(super) status: String,
    /// The slugs of the projects in which it writes.
    pub(super) into: Vec<String>,
    /// To how many people the preview said that it is done.
    pub(super) said: Option<u64>,
    /// The number that confirms an erasure.
    pub(super) typed: String,
}

impl Draft {
    /// What a form has sent.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Result<Draft, Problem> {
        let (mut draft, mut page, mut scope) = (Draft::default(), Vec::new(), String::new());
        for (name, value) in pairs {
            match name.as_str() {
                "scope" => scope = value,
                "who" => draft.chosen.push(customer(&value)?),
                "page" => page.push(customer(&value)?),
                "count" => draft.count = value.parse().ok(),
                "said" => draft.said = value.parse().ok(),
                "kind" => draft.kind = value,
                "key" => draft.key = value.trim().to_owned(),
                "as" => draft.form = value,
                "value" => draft.value = value,
                "to" => draft.status = value,
                "into" => draft.into.push(value),
                "typed" => draft.typed = value.trim().to_owned(),
                "project" => draft.address.project = value,
                "test" => draft.address.test = value,
                "filter" => draft.address.filter = value,
                "sort" => draft.address.sort = value,
                "columns" => draft.address.columns = value,
                "shown" => draft.columns = value,
                _ => {}
            }
        }
        draft.all = scope == "all";
        if scope == "page" {
            draft.chosen = page;
        }
        if draft.chosen.len() > CHOSEN_MAX {
            let detail = format!("At most {CHOSEN_MAX} people can be chosen one by one.");
            return Err(Problem::new(Code::InvalidRequest, detail).hint("Narrow the filter, and choose all."));
        }
        Ok(draft)
    }

    /// The view with the columns that it showed, also where they came by themselves.
    pub(super) fn shown(&self) -> Address {
        let named = [&self.address.columns, &self.columns].into_iter().find(|columns| !columns.is_empty());
        Address { columns: named.cloned().unwrap_or_default(), ..self.address.clone() }
    }

    /// Whom it is about; `into` says where, and everywhere where it is empty.
    pub(super) fn targets(&self, frame: &Frame) -> Targets {
        let projects = self.into.iter().filter_map(|slug| frame.project(slug)).map(|project| project.id);
        Targets {
            rows: self.address.rows(),
            filter: self.address.filter.clone(),
            chosen: (!self.all).then(|| self.chosen.clone()),
            projects: projects.collect(),
        }
    }

    /// The same, wherever it writes.
    pub(super) fn everywhere(&self, frame: &Frame) -> Targets {
        Targets { projects: Vec::new(), ..self.targets(frame) }
    }

    /// What is to be done: nothing was said yet, or why it cannot be.
    pub(super) fn what(&self) -> Result<Option<What>, String> {
        let what = match self.kind.as_str() {
            "" => return Ok(None),
            "set" if self.form == "nothing" => What::Unset { key: self.key()? },
            "set" => What::Set { key: self.key()?, value: self.value()? },
            "add" => What::Add { key: self.list()?, value: self.value()? },
            "remove" => What::Remove { key: self.list()?, value: self.value()? },
            "status" => What::status(&self.status).ok_or("Choose a status.")?,
            "erase" => What::Erase,
            other => return Err(format!("{other:?} is nothing that can be done.")),
        };
        if what != What::Erase {
            what.call().map_err(|refusal| format!("{}.", refusal.in_a_line()))?;
        }
        Ok(Some(what))
    }

    /// The key, as it is written in a filter too: quotes stand around one with a dot.
    fn key(&self) -> Result<String, String> {
        let typed = self.key.strip_prefix("params.").unwrap_or(&self.key);
        if typed.is_empty() {
            return Err("Write the name of the param.".to_owned());
        }
        let field = filter::parse_field(&format!("params.{typed}"));
        match field.as_ref().ok().and_then(Field::path).map(Path::keys) {
            Some([key]) => Ok(key.clone()),
            Some([key, ..]) => Err(format!(
                "{typed} is a place within {key}, and an act writes whole params: set {key}. \
                 If the dot belongs to the name, write it in quotes."
            )),
            _ => Ok(typed.to_owned()),
        }
    }

    /// The key of the list that a tag is in: the usual one, where none is named.
    fn list(&self) -> Result<String, String> {
        if self.key.trim().is_empty() { Ok(TAGS.to_owned()) } else { self.key() }
    }

    fn value(&self) -> Result<Value, String> {
        let kind = Kind::named(&self.form).ok_or("Choose what the value is.")?;
        if kind == Kind::Text && self.value.is_empty() {
            return Err("Write a value.".to_owned());
        }
        let typed = Typed { kind, text: self.value.clone() };
        typed.read().map_err(|wrong| format!("{}.", format::capital(&wrong)))
    }

    /// What a value may be, and whether it is that: of each the name in the form, and a label.
    pub(super) fn forms(&self) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
        let kinds = Kind::ALL.map(|(name, label, _)| (name, label));
        kinds
            .into_iter()
            .chain([("nothing", "Removed")])
            .map(|(name, label)| (name, label, self.form == name))
    }
}

fn customer(text: &str) -> Result<CustomerId, Problem> {
    text.parse().map_err(|_| Problem::new(Code::InvalidRequest, format!("{text:?} is no customer's id.")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(pairs: &[(&str, &str)]) -> Draft {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Draft::read(pairs.collect()).unwrap()
    }

    #[test]
    fn values_are_of_the_kind_that_was_chosen() {
        let set =
            |form, value| draft(&[("kind", "set"), ("key", " params.n "), ("as", form), ("value", value)]);
        let key = || "n".to_owned();
        for (form, value, expected) in [
            ("text", "29", json!("29")),
            ("number", " 29 ", json!(29)),
            ("boolean", "true", json!(true)),
            ("date", "2026-03-29", json!("2026-03-29")),
            ("json", "[1]", json!([1])),
        ] {
            assert_eq!(set(form, value).what(), Ok(Some(What::Set { key: key(), value: expected })));
        }
        assert_eq!(set("nothing", "").what(), Ok(Some(What::Unset { key: key() })));
        let named = |key| draft(&[("kind", "set"), ("key", key), ("value", "x")]).what();
        for (typed, key) in
            [("\"a.b\"", "a.b"), ("params.\"a.b\"", "a.b"), ("my key", "my key"), ("naïve", "naïve")]
        {
            let what = What::Set { key: key.to_owned(), value: json!("x") };
            assert_eq!(named(typed), Ok(Some(what)), "{typed}");
        }
        for within in ["plan.x", "params.plan.x", "a.\"b c\""] {
            assert!(named(within).unwrap_err().contains("an act writes whole params"), "{within}");
        }
        for (form, value) in
            [("number", "many"), ("number", "\"1\""), ("text", ""), ("boolean", "x"), ("other", "x")]
        {
            assert!(set(form, value).what().is_err(), "{form} {value:?}");
        }
        assert!(draft(&[("kind", "set"), ("value", "x")]).what().is_err(), "no key");
        assert!(draft(&[("kind", "status"), ("to", "gone")]).what().is_err());
        assert_eq!(draft(&[]).what(), Ok(None));
        let tag = |key| draft(&[("kind", "add"), ("key", key), ("value", "vip")]).what();
        let added = |key: &str| Ok(Some(What::Add { key: key.to_owned(), value: json!("vip") }));
        assert_eq!((tag("labels"), tag(" ")), (added("labels"), added(TAGS)));
    }

    #[test]
    fn a_page_is_chosen_whole_or_in_part() {
        let [a, b] = [1, 2].map(|n| uuid::Uuid::from_u128(n).to_string());
        let pairs = [("page", a.as_str()), ("page", b.as_str()), ("who", b.as_str())];
        assert_eq!(draft(&pairs).chosen.len(), 1);
        assert_eq!(draft(&[pairs.as_slice(), &[("scope", "page")]].concat()).chosen.len(), 2);
        assert!(draft(&[pairs.as_slice(), &[("scope", "all")]].concat()).all);
        assert!(Draft::read(vec![("who".to_owned(), "x' or 1".to_owned())]).is_err());
    }
}
