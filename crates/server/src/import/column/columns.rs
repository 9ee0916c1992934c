//! The columns of a table: settled once by its header and the flags, then applied to each row.

use std::fmt;

use filter::{Field, Path};
use serde_json::{Map, Value};

use crate::{
    import::{
        cell::{
            amount::Decimal,
            status::Statuses,
            value::{Type, shown},
        },
        column::{draft::Draft, field},
        fault::Fault,
        options::Options,
        rejects::is_rejects,
    },
    model::{flag::flag, is_placeholder},
};

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A field of the call.
    Field(&'static str),
    /// A param: the keys that lead to it, from the outside in.
    Param(Vec<String>),
    /// An object whose keys are params, as the last column of an export is.
    Spread,
    /// Not sent.
    Nothing,
}

/// A column, or several that are joined, and what it becomes.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The places of its cells in a row.
    pub(crate) places: Vec<usize>,
    /// Its name as a flag addresses it: `tags#2` is the second column of that name.
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) kind: Type,
    /// What its amounts are written with.
    pub(crate) decimal: Decimal,
    /// Whether `--map` says what it becomes.
    pub(crate) is_mapped: bool,
}

/// The columns of one table.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    /// The names in the file.
    pub(crate) header: Vec<String>,
    pub(crate) parts: Vec<Part>,
    statuses: Statuses,
    only_missing: bool,
}

/// A cell of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// Text inside quotes is kept as it stands; outside of them blanks around it are nobody's.
    pub(crate) is_quoted: bool,
}

/// Whom a row names; a `user_id` that is nobody's is told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) email: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) is_placeholder: bool,
}

impl Cell {
    /// What it says: nothing when it holds only blanks, or the mark by which databases write that there is nothing.
    pub(crate) fn says(&self) -> Option<&str> {
        let bare = self.text.trim();
        let is_null = !self.is_quoted && bare == "\\N";
        let text = if self.is_quoted { self.text.as_str() } else { bare };
        (!bare.is_empty() && !is_null).then_some(text)
    }
}

impl Columns {
    /// Settles what each column of the header is; refuses flags that name no column or no field.
    pub(crate) fn plan(header: Vec<String>, options: &Options) -> Result<Columns, Fault> {
        let mut maps = Vec::new();
        for (from, to) in &options.map {
            maps.push((places(&header, from, "map")?, from.as_str(), target(from, to)?));
        }
        let mut parts = Vec::new();
        for (place, name) in header.iter().enumerate() {
            let target = match name.as_str() {
                "" => Target::Nothing,
                _ if place == 0 && is_rejects(&header) => Target::Nothing,
                name => by_name(name),
            };
            let taken = maps.iter().any(|(places, ..)| places.contains(&place));
            if !taken {
                let name = address(&header, place);
                parts.push(Part::new(vec![place], name, target, false));
            }
            // A column that is joined to others stands where the first of them does.
            for (places, from, target) in maps.iter().filter(|(places, ..)| places.first() == Some(&place)) {
                parts.push(Part::new(places.clone(), (*from).to_owned(), target.clone(), true));
            }
        }
        let statuses = Statuses::new(&options.status_map);
        let mut columns = Columns { header, parts, statuses, only_missing: options.only_missing };
        columns.set_types(options)?;
        columns.refuse_twins()?;
        Ok(columns)
    }

    /// Whether some column says who a row is about.
    pub(crate) fn name_somebody(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.target, Target::Field("email" | "user_id")))
    }

    /// The call that a row makes, and whom it names.
    pub(crate) fn call(&self, cells: &[Cell]) -> Result<(Map<String, Value>, Who), String> {
        self.refuse_surplus(cells)?;
        let who = self.who(cells);
        let mut draft = Draft::default();
        for part in &self.parts {
            let Some((text, is_quoted)) = part.text(cells) else { continue };
            let wrong = |why| format!("column {}: {why}", part.name);
            match &part.target {
                Target::Nothing | Target::Field("email" | "user_id") => {}
                Target::Field(field) => {
                    if let Some(value) = part.field(field, text.trim(), &self.statuses).map_err(wrong)? {
                        draft.field(field, value);
                    }
                }
                Target::Param(keys) => {
                    let kept = if is_quoted { text.as_str() } else { text.trim() };
                    if let Some(value) = part.kind.read(kept, part.decimal).map_err(wrong)? {
                        draft.param(keys, value);
                    }
                }
                Target::Spread => draft.params(object(&text).map_err(wrong)?),
            }
        }
        let named = [("email", &who.email), ("user_id", &who.user_id)];
        for (field, value) in named.into_iter().filter_map(|(field, value)| Some((field, value.as_ref()?))) {
            draft.field(field, value.as_str().into());
        }
        Ok((draft.finish(self.only_missing), who))
    }

    /// Whom a row names.
    pub(crate) fn who(&self, cells: &[Cell]) -> Who {
        let (nobody, user_id) = match self.user_id(cells) {
            Some(user_id) if is_placeholder(&user_id) => (true, None),
            user_id => (false, user_id),
        };
        Who { email: self.said("email", cells), user_id, is_placeholder: nobody }
    }

    /// What a row has as its `user_id`, somebody's or not.
    pub(crate) fn user_id(&self, cells: &[Cell]) -> Option<String> {
        self.said("user_id", cells)
    }

    /// Whether a word is a status, as it is or by translation.
    pub(crate) fn knows_status(&self, word: &str) -> bool {
        self.statuses.know(word)
    }

    fn said(&self, field: &'static str, cells: &[Cell]) -> Option<String> {
        let part = self.parts.iter().find(|part| part.target == Target::Field(field))?;
        part.text(cells).map(|(text, _)| text.trim().to_owned())
    }

    fn refuse_surplus(&self, cells: &[Cell]) -> Result<(), String> {
        let surplus = cells.iter().skip(self.header.len()).any(|cell| cell.says().is_some());
        if surplus {
            let (found, expected) = (cells.len(), self.header.len());
            return Err(format!(
                "it has {found} cells and the header {expected}: perhaps a cell holds the delimiter and is not in quotes"
            ));
        }
        Ok(())
    }

    fn set_types(&mut self, options: &Options) -> Result<(), Fault> {
        for (name, kind) in &options.types {
            // By its name in the file, or else by what it becomes.
            let by_target = |part: &&mut Part| {
                part.target.to_string() == *name || part.target.to_string() == format!("params.{name}")
            };
            let place = places(&self.header, name, "type").map(|places| places[0]);
            let part = match &place {
                Ok(place) => self.parts.iter_mut().find(|part| part.places.contains(place)),
                Err(_) => self.parts.iter_mut().find(by_target),
            };
            match (part, place) {
                (Some(part), _) => part.kind = kind.clone(),
                (None, Err(fault)) => return Err(fault),
                (None, Ok(_)) => {}
            }
        }
        Ok(())
    }

    fn refuse_twins(&self) -> Result<(), Fault> {
        for (position, part) in self.parts.iter().enumerate() {
            let mut before = self.parts[..position].iter();
            let twin = before.find(|other| other.target == part.target && part.target != Target::Nothing);
            if let Some(twin) = twin {
                let other = format!("{}=other_name", part.name);
                let hint = format!(
                    "Give one another name with {} or leave it out with {}",
                    flag("map", &other),
                    flag("map", &format!("{}=", part.name))
                );
                let detail =
                    format!("The columns {} and {} both become {}.", twin.name, part.name, part.target);
                return Err(Fault::new(detail).hint(hint));
            }
        }
        Ok(())
    }
}

/// What it becomes, in words.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Field(field) => f.write_str(field),
            Target::Param(keys) => match Path::new(keys.clone()) {
                Some(path) => write!(f, "{}", Field::Params(path)),
                None => f.write_str("params"),
            },
            Target::Spread => f.write_str("params"),
            Target::Nothing => f.write_str("nothing"),
        }
    }
}

impl Part {
    fn new(places: Vec<usize>, name: String, target: Target, is_mapped: bool) -> Part {
        Part { places, name, target, kind: Type::Auto, decimal: Decimal::Point, is_mapped }
    }

    /// What its cells say together, and whether it is text in quotes.
    pub(crate) fn text(&self, cells: &[Cell]) -> Option<(String, bool)> {
        let mut said =
            self.places.iter().filter_map(|place| cells.get(*place)?.says().map(|text| (*place, text)));
        let (place, first) = said.next()?;
        let more: String = said.map(|(_, text)| format!(" {}", text.trim())).collect();
        match more.is_empty() {
            true => Some((first.to_owned(), cells[place].is_quoted)),
            false => Some((format!("{}{more}", first.trim()), false)),
        }
    }

    /// The value of a field that is not about who.
    fn field(&self, field: &str, text: &str, statuses: &Statuses) -> Result<Option<Value>, String> {
        match field {
            "status" => Ok(Some(statuses.translate(text).into())),
            field if field::is_time(field) => match &self.kind {
                // A moment counted in seconds or milliseconds can be nothing else in a column of times.
                Type::Auto if crate::import::cell::date::is_unix(text) => Type::Unix.read(text, self.decimal),
                Type::Auto => Ok(Some(text.into())),
                kind => kind.read(text, self.decimal),
            },
            _ => Ok(Some(text.into())),
        }
    }
}

/// What a column is by its own name.
pub(crate) fn by_name(name: &str) -> Target {
    match name {
        "params" => Target::Spread,
        _ => field::named(name).map_or_else(|| param(name), Target::Field),
    }
}

/// What `--map` makes of a column.
pub(crate) fn target(from: &str, to: &str) -> Result<Target, Fault> {
    if let Some(field) = field::meant(to) {
        return Ok(Target::Field(field));
    }
    match (to, field::mistaken(to)) {
        ("", _) => Ok(Target::Nothing),
        ("params", _) => Ok(Target::Spread),
        (_, Some(why)) => Err(Fault::new(format!("--map {from}={to}: {why}.")).hint(format!(
            "The fields are {}. To make it a param all the same, write {}",
            field::names(),
            flag("map", &format!("{from}=params.{to}"))
        ))),
        (_, None) => Ok(param(to)),
    }
}

/// `params.a.b` is a path; any other name is one key, dots and spaces included.
fn param(name: &str) -> Target {
    let path = name.starts_with("params.").then(|| filter::parse_field(name).ok()).flatten();
    match path.as_ref().and_then(Field::path) {
        Some(path) => Target::Param(path.keys().to_vec()),
        None => Target::Param(vec![name.strip_prefix("params.").unwrap_or(name).to_owned()]),
    }
}

/// The name by which a flag addresses a column: `tags#2` is the second of that name.
fn address(header: &[String], place: usize) -> String {
    let name = &header[place];
    match header[..place].iter().filter(|other| *other == name).count() {
        // A column without a name cannot be addressed.
        _ if name.is_empty() => String::new(),
        0 => name.clone(),
        before => format!("{name}#{}", before + 1),
    }
}

/// The places of the columns that a flag names: one, or several with `+` between them.
fn places(header: &[String], name: &str, flag: &str) -> Result<Vec<usize>, Fault> {
    if let Some(place) = place(header, name) {
        return Ok(vec![place]);
    }
    let joined: Option<Vec<usize>> = name.split('+').map(|name| place(header, name.trim())).collect();
    joined.filter(|places| places.len() > 1).ok_or_else(|| {
        let names = (0..header.len()).map(|place| address(header, place));
        let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        Fault::new(format!("--{flag} names the column {}, which the file does not have.", shown(name)))
            .hint(format!("It has {}.", names.join(", ")))
    })
}

fn place(header: &[String], name: &str) -> Option<usize> {
    let exact = |place: &usize| header[*place] == name || address(header, *place) == name;
    let lower = |place: &usize| header[*place].eq_ignore_ascii_case(name);
    let first = name.strip_suffix("#1").and_then(|name| header.iter().position(|other| other == name));
    (0..header.len()).find(exact).or(first).or_else(|| (0..header.len()).find(lower))
}

/// A JSON object in a cell.
pub(crate) fn object(cell: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(cell).map_err(|e| format!("it is not a JSON object: {e}"))
}
