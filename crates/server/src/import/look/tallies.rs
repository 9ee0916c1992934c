//! What is counted while all rows of a file go by: what their columns look like, and what is wrong with some of them.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use serde_json::{Map, Value};

use crate::{
    import::{
        cell::{
            amount::Decimal,
            tally::{Proposal, Tally},
            value::{Type, shown},
        },
        column::{
            columns::{Cell, Columns, Part, Target, Who},
            field,
            key::{self, Keys},
        },
        fault::Fault,
        file::{
            header,
            reader::{Found, What},
        },
        look::{
            about::{AboutColumn, Note},
            conflict::{Conflicts, REMEMBERED_MAX},
            names::{self, Named},
            note,
            oddities::Oddities,
            plan::{Rules, parse},
        },
        options::{Delimiter, Options},
    },
    model::flag,
};

/// So many keys of objects are looked at; each object may have others.
const KEYS_MAX: usize = 500;
/// A cell over more lines than this is probably a quote that was closed by the next one.
const LINES_MAX: u64 = 100;

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    /// How many rows there are.
    pub(crate) rows: u64,
    /// By the name of a column or key, in the order of the file.
    columns: Vec<(String, Tally)>,
    /// Where the column of a key stands among them.
    places: BTreeMap<String, usize>,
    conflicts: Conflicts,
    /// Hashes of the addresses that were seen, and how many rows name one again.
    people: HashSet<u64>,
    again: u64,
    /// The key of an object about nobody that holds a list of objects.
    wrapped: Option<String>,
    pub(crate) oddities: Oddities,
}

impl Tallies {
    pub(crate) fn new(rules: &Rules) -> Tallies {
        let names: Vec<String> = match rules {
            Rules::Table(columns) => columns.parts.iter().map(|part| part.name.clone()).collect(),
            Rules::Export(export) => export.header.clone(),
            Rules::Objects(..) => Vec::new(),
        };
        Tallies {
            columns: names.into_iter().map(|name| (name, Tally::default())).collect(),
            ..Tallies::default()
        }
    }

    /// Takes a row in.
    pub(crate) fn see(&mut self, rules: &Rules, found: &Found) {
        self.rows += 1;
        if found.longest > LINES_MAX {
            self.oddities.long += 1;
            self.oddities.long_line.get_or_insert((found.line, found.longest));
        }
        if found.fault.is_some() {
            return;
        }
        let who = match (rules, &found.what) {
            (Rules::Table(columns), What::Cells(cells)) => self.see_cells(columns, cells),
            (Rules::Export(export), What::Cells(cells)) => {
                let texts: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
                self.columns.iter_mut().zip(&texts).for_each(|((_, tally), text)| tally.show(text));
                export.who(&texts)
            }
            // What is no object is told by its own reason.
            (Rules::Objects(keys, _), What::Json(text)) => match parse(text) {
                Ok(object) => self.see_object(keys, &object),
                Err(_) => return,
            },
            _ => return,
        };
        if let Some(email) = who.email.as_ref().filter(|_| !self.is_export(rules)) {
            let mut hasher = DefaultHasher::new();
            email.trim().to_lowercase().hash(&mut hasher);
            let hash = hasher.finish();
            let is_new = !self.people.contains(&hash);
            self.again += u64::from(!is_new);
            if is_new && self.people.len() < REMEMBERED_MAX {
                self.people.insert(hash);
            }
        }
        match (&who.email, &who.user_id) {
            // In an export of ours a user_id is one person's in each project, and an address may have been corrected.
            (Some(_), Some(_)) if self.is_export(rules) => {}
            (Some(email), Some(user_id)) => self.conflicts.see(user_id, email, found.line),
            (None, None) => {
                self.oddities.nobody += 1;
                self.oddities.nobody_line.get_or_insert(found.line);
            }
            _ => {}
        }
    }

    fn is_export(&self, rules: &Rules) -> bool {
        match rules {
            Rules::Export(_) => true,
            Rules::Table(_) => false,
            Rules::Objects(..) => key::is_export(|key| self.places.contains_key(key)),
        }
    }

    fn see_cells(&mut self, columns: &Columns, cells: &[Cell]) -> Who {
        for (part, (_, tally)) in columns.parts.iter().zip(&mut self.columns) {
            let Some((text, _)) = part.text(cells) else { continue };
            match part.target {
                Target::Nothing if part.name.is_empty() => self.oddities.nameless += 1,
                Target::Field("status") if !columns.knows_status(&text) => self.oddities.word(&text),
                _ => {}
            }
            if looks_matter(part) { tally.see(&text) } else { tally.show(&text) }
        }
        let who = columns.who(cells);
        if who.is_placeholder {
            self.oddities.placeholder(columns.user_id(cells));
        }
        who
    }

    fn see_object(&mut self, keys: &Keys, object: &Map<String, Value>) -> Who {
        for (name, value) in object {
            let Some(at) = self.place(name) else { continue };
            let tally = &mut self.columns[at].1;
            match value {
                Value::String(text) if keys.target(name) == Target::Field("status") => {
                    tally.show(text);
                    if !text.trim().is_empty() && !keys.knows_status(text) {
                        self.oddities.word(text);
                    }
                }
                Value::String(text) => tally.see(text),
                Value::Null => {}
                other => tally.show(&other.to_string()),
            }
        }
        let who = keys.who(object);
        if who.is_placeholder {
            let user_id = object.get("user_id");
            self.oddities.placeholder(user_id.map(|id| id.as_str().map_or(id.to_string(), str::to_owned)));
        }
        if who == Who::default() && self.wrapped.is_none() {
            self.wrapped = key::wrapped(object).map(str::to_owned);
        }
        who
    }

    fn place(&mut self, key: &str) -> Option<usize> {
        if let Some(at) = self.places.get(key) {
            return Some(*at);
        }
        let at = self.columns.len();
        (at < KEYS_MAX).then(|| {
            self.places.insert(key.to_owned(), at);
            self.columns.push((key.to_owned(), Tally::default()));
            at
        })
    }

    /// Gives every column the decimal sign that its cells have; refuses flags that name no key of any object.
    pub(crate) fn settle(&self, rules: &mut Rules, options: &Options) -> Result<(), Fault> {
        match rules {
            Rules::Table(columns) => {
                for (part, (_, tally)) in columns.parts.iter_mut().zip(&self.columns) {
                    part.decimal = tally.decimal();
                }
            }
            Rules::Export(_) => {}
            Rules::Objects(keys, decimals) => {
                header::refuse_past(self.columns.iter().map(|(name, _)| name.as_str()))?;
                let is_key = |name: &str| self.places.contains_key(name);
                if let (Some(key), true) = (&self.wrapped, self.rows == self.oddities.nobody) {
                    return Err(Fault::new(format!(
                        "The file names nobody: its rows are in a list under {key}."
                    ))
                    .hint(format!(
                        "Take the list out of it first: jq {} FILE",
                        flag::word(&format!(".{key}[]"))
                    )));
                }
                keys.join(is_key);
                decimals.extend(self.columns.iter().map(|(name, tally)| (name.clone(), tally.decimal())));
                let unknown = keys.unknown(is_key).filter(|_| self.rows > 0 && self.columns.len() < KEYS_MAX);
                if let Some(name) = unknown {
                    let flag =
                        if options.map.iter().any(|(from, _)| from.contains(name)) { "map" } else { "type" };
                    let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
                    return Err(Fault::new(format!(
                        "--{flag} names the key {}, which no object has.",
                        shown(name)
                    ))
                    .hint(format!("There are {}.", names.join(", "))));
                }
            }
        }
        Ok(())
    }

    /// Whose `user_id` has several e-mails; what was counted for it is given away.
    pub(crate) fn conflicts(self) -> Conflicts {
        let mut conflicts = self.conflicts;
        conflicts.finish();
        conflicts
    }

    /// What becomes of each column.
    pub(crate) fn columns(&self, rules: &Rules) -> Vec<AboutColumn> {
        let about = |name: &str, tally: &Tally, target: &Target, kind: &Type| AboutColumn {
            name: name.to_owned(),
            becomes: target.to_string(),
            kind: kind.to_string(),
            examples: tally.examples.clone(),
        };
        let tallies = self.columns.iter();
        match rules {
            Rules::Table(columns) => {
                let parts = columns.parts.iter().zip(tallies).filter(|(part, _)| !part.name.is_empty());
                parts.map(|(part, (_, tally))| about(&part.name, tally, &part.target, &part.kind)).collect()
            }
            Rules::Export(export) => {
                let columns = export.targets().zip(tallies);
                columns.map(|((name, target, kind), (_, tally))| about(name, tally, target, kind)).collect()
            }
            Rules::Objects(keys, _) => tallies
                .map(|(name, tally)| about(name, tally, &keys.target(name), &keys.kind(name)))
                .collect(),
        }
    }

    /// The projects of an export of several: an import is of one.
    pub(crate) fn several_projects(&self, rules: &Rules) -> Option<&[String]> {
        let projects = self.columns.iter().find(|(name, _)| name == "project");
        let projects = projects.map(|(_, tally)| tally.examples.as_slice());
        projects.filter(|projects| projects.len() > 1 && self.is_export(rules))
    }

    /// Whether amounts in the file are written with a comma, as far as another column or what stands between cells tells.
    fn have_commas(&self, delimiter: Delimiter) -> bool {
        delimiter.0 == b';' || self.columns.iter().any(|(_, tally)| tally.decimal() == Decimal::Comma)
    }

    /// What keys may be that are named in no way of ours. An export of ours has none.
    fn of_keys(&self, rules: &Rules, keys: &Keys) -> Vec<Note> {
        let named = self.columns.iter().map(|(name, _)| Named {
            name,
            target: keys.target(name),
            kind: keys.kind(name),
            is_mapped: keys.is_mapped(name),
        });
        if self.is_export(rules) { Vec::new() } else { names::of_names(&named.collect::<Vec<_>>()) }
    }

    fn of_projects(&self, rules: &Rules) -> Vec<Note> {
        let note = self.several_projects(rules).map(|projects| {
            Note::new(format!(
                "It is an export of several projects ({}): rows of another than the one that is imported into are rejected.",
                projects.join(", ")
            ))
            .hint("Import it once into each of them, or export each by itself")
        });
        note.into_iter().collect()
    }

    /// Rows about people whom other rows are about.
    fn of_people(&self) -> Vec<Note> {
        let rows = if self.again == 1 { "1 row speaks" } else { &format!("{} rows speak", self.again) };
        let note = (self.again > 0).then(|| {
            Note::new(format!(
                "{rows} of somebody of whom an earlier row speaks: of each value the last row wins."
            ))
            .hint("If a column says when each row was so, add --map 'COLUMN=timestamp': then the newest wins")
        });
        note.into_iter().collect()
    }

    /// What looks wrong.
    pub(crate) fn notes(&self, rules: &Rules, delimiter: Option<Delimiter>) -> Vec<Note> {
        let of_columns = match rules {
            Rules::Table(columns) => {
                let commas = delimiter.map(|delimiter| self.have_commas(delimiter));
                let parts = columns.parts.iter().zip(&self.columns);
                let looks = parts.filter(|(part, _)| looks_matter(part));
                let mut spread = columns.parts.iter().any(|part| part.target == Target::Spread);
                let proposals = looks.filter_map(|(part, (_, tally))| {
                    let is_time = matches!(part.target, Target::Field(_));
                    proposal(tally, &part.name, &part.kind, is_time, commas, &mut spread)
                });
                let named: Vec<Named<'_>> = columns.parts.iter().map(Named::from).collect();
                let reason = names::of_reason(columns).into_iter().collect();
                [names::of_names(&named), reason, proposals.collect()].concat()
            }
            Rules::Export(_) => self.of_projects(rules),
            Rules::Objects(keys, _) => {
                let params = self.columns.iter().filter(|(name, _)| {
                    matches!(keys.target(name), Target::Param(_)) && keys.kind(name) == Type::Auto
                });
                let mut spread = self.columns.iter().any(|(name, _)| keys.target(name) == Target::Spread);
                let proposals = params
                    .filter_map(|(name, tally)| proposal(tally, name, &Type::Auto, false, None, &mut spread));
                [self.of_keys(rules, keys), self.of_projects(rules), proposals.collect()].concat()
            }
        };
        [of_columns, self.of_people(), note::of_rows(&self.oddities, &self.conflicts, &status_name(rules))]
            .concat()
    }
}

/// Whether a column's looks decide what its cells are.
fn looks_matter(part: &Part) -> bool {
    let is_open = matches!(part.kind, Type::Auto | Type::Money(None) | Type::Percent(None));
    is_open && (matches!(part.target, Target::Param(_)) || is_time(&part.target))
}

fn is_time(target: &Target) -> bool {
    matches!(target, Target::Field(field) if field::is_time(field))
}

/// What would read a column better; `spread` is whether one is spread already, and `commas` whether amounts in the file are
/// written with a comma, where its numbers are texts.
fn proposal(
    tally: &Tally,
    name: &str,
    kind: &Type,
    is_time: bool,
    commas: Option<bool>,
    spread: &mut bool,
) -> Option<Note> {
    let can_spread = !*spread;
    *spread = *spread || *kind == Type::Auto && tally.hold_objects();
    let proposal = match kind {
        Type::Auto if is_time => {
            tally.proposal(name, false).filter(|proposal| proposal.hint.contains("date:"))
        }
        Type::Auto => tally
            .proposal(name, can_spread)
            .or_else(|| tally.about_thousands(name, commas?))
            .or_else(|| tally.about_nothing(name)),
        kind => tally.about_decimal(name, kind),
    };
    proposal.map(|Proposal { detail, hint }| Note::new(detail).hint(hint))
}

/// The name of the column or key that is the status.
fn status_name(rules: &Rules) -> String {
    let part = match rules {
        Rules::Table(columns) => columns.parts.iter().find(|part| part.target == Target::Field("status")),
        _ => None,
    };
    part.map_or_else(|| "status".to_owned(), |part| part.name.clone())
}
