//! The fields of an insight's form, besides the filter: each is a word of the question.

use filter::Field;
use index::Facet;

use super::address::Address;

/// Paths with more values are not offered to tell people apart by.
const FEW: u64 = 50;

/// A field of the form.
pub(super) struct Control {
    /// The word.
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    /// What it says; empty where it is left out.
    pub(super) value: String,
    /// What may be chosen; of none it is a text.
    pub(super) options: Vec<Choice>,
    /// What a text is often; empty where nothing is offered.
    pub(super) offered: Vec<String>,
    /// What kind of text it is, as forms have it.
    pub(super) kind: &'static str,
    /// What stands in an empty text.
    pub(super) hint: &'static str,
}

/// Something that may be chosen.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) on: bool,
}

/// The paths that some people have.
pub(super) struct Paths {
    /// Those with few values.
    few: Vec<Field>,
    /// Those that mostly hold numbers.
    numbers: Vec<Field>,
    all: Vec<Field>,
}

impl Paths {
    pub(super) fn new(found: &[Facet]) -> Paths {
        let paths = || found.iter().filter(|facet| facet.field.path().is_some());
        let is_few = |facet: &&Facet| facet.distinct.is_some_and(|distinct| (1..=FEW).contains(&distinct));
        let fields = |facet: &Facet| facet.field.clone();
        Paths {
            few: paths().filter(is_few).map(fields).collect(),
            numbers: paths().filter(is_number).map(fields).collect(),
            all: paths().map(fields).collect(),
        }
    }

    /// The shortest names of those that hold numbers.
    pub(super) fn number_labels(&self) -> impl Iterator<Item = String> {
        self.numbers.iter().map(Field::label)
    }

    /// The shortest names of all of them.
    pub(super) fn labels(&self) -> impl Iterator<Item = String> {
        self.all.iter().map(Field::label)
    }
}

fn is_number(facet: &&Facet) -> bool {
    let numbers = facet.kinds.iter().filter(|(kind, _)| *kind == filter::value::Kind::Number);
    numbers.map(|(_, count)| count).sum::<u64>() * 2 > facet.coverage
}

impl Control {
    /// A text.
    pub(super) fn text(
        address: &Address,
        name: &'static str,
        label: &'static str,
        hint: &'static str,
    ) -> Control {
        let value = address.get(name).to_owned();
        Control { name, label, value, options: Vec::new(), offered: Vec::new(), kind: "text", hint }
    }

    /// A day.
    pub(super) fn day(address: &Address, name: &'static str, label: &'static str) -> Control {
        Control { kind: "date", ..Control::text(address, name, label, "") }
    }

    /// The same text, for which something is offered.
    pub(super) fn offering(self, offered: impl IntoIterator<Item = String>) -> Control {
        Control { offered: offered.into_iter().collect(), ..self }
    }

    /// One of some values, each with its label; what the address says besides is one of them.
    pub(super) fn choice(
        address: &Address,
        name: &'static str,
        label: &'static str,
        options: &[(&str, &str)],
    ) -> Control {
        let options = options.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned()));
        Control::of(address, name, label, options.collect())
    }

    /// What tells people apart: nothing, the status, or a path with few values.
    pub(super) fn by(address: &Address, paths: &Paths) -> Control {
        let fields = paths.few.iter().map(|field| (field.to_string(), field.label()));
        let fixed = [("", "nobody"), ("status", "status"), ("project", "project")];
        let fixed = fixed.map(|(value, label)| (value.to_owned(), label.to_owned()));
        Control::of(address, "by", "Tell apart by", fixed.into_iter().chain(fields).collect())
    }

    /// A path of numbers: the first is asked where none is named.
    pub(super) fn number(address: &Address, paths: &Paths, name: &'static str, first: &str) -> Control {
        let others = paths.numbers.iter().filter(|field| field.to_string() != first);
        let others = others.map(|field| (field.to_string(), field.label()));
        let first = (String::new(), first.trim_start_matches("params.").to_owned());
        Control::of(address, name, "Number", [first].into_iter().chain(others).collect())
    }

    fn of(
        address: &Address,
        name: &'static str,
        label: &'static str,
        mut options: Vec<(String, String)>,
    ) -> Control {
        let value = address.get(name).to_owned();
        if !options.iter().any(|(known, _)| *known == value) {
            options.push((value.clone(), value.clone()));
        }
        let options =
            options.into_iter().map(|(known, label)| Choice { on: known == value, value: known, label });
        let options = options.collect();
        Control { name, label, options, value, offered: Vec::new(), kind: "text", hint: "" }
    }
}
