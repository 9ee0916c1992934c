//! Our own CSV export, coming back: cells that still are what the export prints for the present value say nothing; what
//! was corrected is read as the type that it had.

use filter::{Field, value::moment};
use serde_json::{Map, Number, Value};

use crate::{
    export::{Column as Printed, bare},
    import::{
        cell::{
            amount::Decimal,
            status::Statuses,
            value::{self, Type, by_looks, shown},
        },
        column::{
            columns::{Cell, Target, Who, by_name, object, target},
            draft::{Draft, join, place},
            field,
        },
        fault::Fault,
        options::Options,
        rejects::is_rejects,
    },
    model::{Email, exact_number, is_placeholder},
};

/// Fields by which our export is known: nobody else has all of them.
const DERIVED: [Field; 3] = [Field::StatusSince, Field::FirstPaid, Field::LastActivity];

/// The columns of a table that is an export of ours.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    /// The names in the file.
    pub(crate) header: Vec<String>,
    /// What the export prints in each; nothing in a column that was added later, or that a flag gave another meaning.
    pub(crate) printed: Vec<Option<Printed>>,
    columns: Vec<Column>,
    statuses: Statuses,
    only_missing: bool,
}

#[derive(Clone, Debug)]
struct Column {
    target: Target,
    kind: Type,
}

impl Export {
    /// The export that a table with this header is, if it is one.
    pub(crate) fn of(header: &[String], options: &Options) -> Option<Result<Export, Fault>> {
        let printed: Vec<Option<Printed>> = header.iter().map(|name| Printed::named(&bare(name))).collect();
        let has = |field: &Field| printed.contains(&Some(Printed::Field(field.clone())));
        let has_params = printed.iter().any(|printed| match printed {
            Some(Printed::Field(field)) => field.path().is_some(),
            Some(Printed::Rest) => true,
            None => false,
        });
        let reason = usize::from(is_rejects(header));
        let named = printed.iter().zip(header).skip(reason).filter(|(_, name)| !name.is_empty());
        let is_ours = named.clone().all(|(printed, _)| printed.is_some());
        let is_derived = DERIVED.iter().all(has);
        let is_known = has_params && (is_ours || is_derived) || has(&Field::Imported) && is_derived;
        let is_export = is_known && (has(&Field::Email) || has(&Field::UserId));
        is_export.then(|| Export::plan(header, printed, options))
    }

    fn plan(
        header: &[String],
        mut printed: Vec<Option<Printed>>,
        options: &Options,
    ) -> Result<Export, Fault> {
        let mut columns: Vec<Column> = header
            .iter()
            .zip(&printed)
            .enumerate()
            .map(|(place, (name, printed))| {
                let target = match printed {
                    _ if place == 0 && is_rejects(header) => Target::Nothing,
                    Some(Printed::Field(Field::Project | Field::Domain | Field::Imported)) => Target::Nothing,
                    _ if name.is_empty() => Target::Nothing,
                    _ => by_name(&bare(name)),
                };
                Column { target, kind: Type::Auto }
            })
            .collect();
        let find = |flag: &str, name: &str| {
            header.iter().position(|other| other == name || bare(other) == name).ok_or_else(|| {
                Fault::new(format!(
                    "--{flag} names the column {}, which the file does not have.",
                    shown(name)
                ))
                .hint(format!("It has {}.", header.join(", ")))
            })
        };
        for (from, to) in &options.map {
            let at = find("map", from)?;
            (columns[at].target, printed[at]) = (target(from, to)?, None);
        }
        for (name, kind) in &options.types {
            columns[find("type", name)?].kind = kind.clone();
        }
        let statuses = Statuses::new(&options.status_map);
        let header = header.to_vec();
        Ok(Export { header, printed, columns, statuses, only_missing: options.only_missing })
    }

    /// What each column becomes.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (&str, &Target, &Type)> {
        self.header
            .iter()
            .zip(&self.columns)
            .map(|(name, column)| (name.as_str(), &column.target, &column.kind))
    }

    /// Whom a row names.
    pub(crate) fn who(&self, cells: &[impl AsRef<str>]) -> Who {
        let said = |field: &'static str| {
            let at = self.columns.iter().position(|column| column.target == Target::Field(field))?;
            let text = bare(cells.get(at)?.as_ref());
            (!text.trim().is_empty()).then(|| text.trim().to_owned())
        };
        Who { email: said("email"), user_id: said("user_id"), is_placeholder: false }
    }

    /// The cells of a row, as they stand and as many as the header has.
    pub(crate) fn cells(&self, cells: Vec<Cell>) -> Result<Vec<String>, String> {
        let (found, expected) = (cells.len(), self.header.len());
        if cells.iter().skip(expected).any(|cell| !cell.text.trim().is_empty()) {
            return Err(format!("it has {found} cells and the header {expected}"));
        }
        let mut cells: Vec<String> = cells.into_iter().map(|cell| cell.text).collect();
        cells.resize(expected, String::new());
        Ok(cells)
    }

    /// What a row changes; `None` when nothing differs from what the export prints now.
    pub(crate) fn amend(
        &self,
        cells: &[String],
        printed: Option<&[String]>,
        params: Option<&Map<String, Value>>,
    ) -> Result<Option<Map<String, Value>>, String> {
        let (mut fields, mut changed) = (Draft::default(), Map::new());
        let (mut differs, mut is_moved) = (printed.is_none(), false);
        let empty = Map::new();
        let params = params.unwrap_or(&empty);
        for (at, column) in self.columns.iter().enumerate() {
            let cell = cells.get(at).map_or("", String::as_str);
            let present = printed.and_then(|printed| printed.get(at)).map(String::as_str);
            let is_ours = self.printed[at].is_some();
            if cell.trim().is_empty() || is_ours && present.is_some_and(|present| same(cell, present)) {
                continue;
            }
            let wrong = |why| format!("column {}: {why}", self.header[at]);
            match &column.target {
                Target::Nothing => continue,
                // Found by its user_id under another address: that is corrected.
                Target::Field("email") => match present.is_some_and(|present| !is_one_address(cell, present))
                {
                    true => is_moved = true,
                    false => continue,
                },
                Target::Field("user_id") if is_placeholder(&bare(cell)) => continue,
                Target::Field(field) => fields.field(field, self.field(field, column, cell).map_err(wrong)?),
                Target::Param(keys) => {
                    let value = find(params, keys);
                    match read(cell, value, &column.kind).map_err(wrong)? {
                        Some(read) if value.is_some_and(|value| equal(&read, value)) => continue,
                        Some(read) => set(&mut changed, params, keys, read),
                        None => continue,
                    }
                }
                Target::Spread => {
                    let before = present.and_then(|present| object(present).ok()).unwrap_or_default();
                    if !spread(object(cell).map_err(wrong)?, &before, params, &mut changed) {
                        continue;
                    }
                }
            }
            differs = true;
        }
        if !differs {
            return Ok(None);
        }
        let who = self.who(cells);
        let user_id = who.user_id.filter(|id| !is_placeholder(id) && (is_moved || who.email.is_none()));
        for (field, value) in [("email", who.email), ("user_id", user_id)] {
            value.into_iter().for_each(|value| fields.field(field, value.into()));
        }
        self.complete(&mut fields, cells);
        if !changed.is_empty() {
            fields.params(changed);
        }
        Ok(Some(fields.finish(self.only_missing)))
    }

    /// A date of the status goes with the status, though that is what it was.
    fn complete(&self, fields: &mut Draft, cells: &[String]) {
        let is_dated = fields.has("first_paid") || fields.has("status_since");
        let at = self.columns.iter().position(|column| column.target == Target::Field("status"));
        let status = at.and_then(|at| cells.get(at)).map(|cell| bare(cell)).unwrap_or_default();
        let status = status.trim();
        if is_dated && !fields.has("status") && !status.is_empty() {
            fields.field("status", self.statuses.translate(status).into());
        }
    }

    fn field(&self, field: &str, column: &Column, cell: &str) -> Result<Value, String> {
        let text = bare(cell);
        let text = text.trim();
        match field {
            "status" => Ok(self.statuses.translate(text).into()),
            field if field::is_time(field) && column.kind != Type::Auto => {
                let read = column.kind.read(text, Default::default())?;
                read.ok_or_else(|| format!("{} is no time", shown(text)))
            }
            _ => Ok(text.into()),
        }
    }
}

/// Whether a cell is what was printed: programs change the ends of lines inside of cells, and take the apostrophe off.
fn same(cell: &str, printed: &str) -> bool {
    let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    cell == printed || cell == bare(printed) || lines(cell) == lines(printed)
}

fn is_one_address(a: &str, b: &str) -> bool {
    let read = |text: &str| {
        Email::parse(&bare(text))
            .map_or_else(|_| bare(text).trim().to_lowercase(), |email| email.as_str().to_owned())
    };
    read(a) == read(b)
}

/// A corrected cell as the type that it had; by its looks where there was nothing.
fn read(cell: &str, present: Option<&Value>, kind: &Type) -> Result<Option<Value>, String> {
    let text = bare(cell);
    let text = text.as_ref();
    if *kind != Type::Auto {
        // A file that was not counted as a whole does not say what its decimal sign is: each cell does.
        let read = |decimal| kind.read(text, decimal);
        return read(Decimal::Point).or_else(|why| read(Decimal::Comma).map_err(|_| why));
    }
    Ok(Some(match present {
        Some(Value::String(known)) if moment(known).is_some() && moment(text).is_none() => {
            let how = "say how it is written, as in --type 'COLUMN=date:%d.%m.%Y', or --type COLUMN=string";
            return Err(format!("{} is no date, and what is known is ({known}): {how}", shown(text)));
        }
        Some(Value::String(_)) => text.into(),
        Some(Value::Number(known)) => match Type::Number.read(text, Default::default()) {
            Ok(Some(number)) => number,
            _ => {
                let how = "say how it is written, as in --type COLUMN=money, or --type COLUMN=string";
                return Err(format!("{} is no number, and what is known is ({known}): {how}", shown(text)));
            }
        },
        Some(Value::Array(_)) => value::list(text),
        Some(Value::Object(_)) => Value::Object(object(text)?),
        _ if text.len() < cell.len() => text.into(),
        _ => {
            let is_json = text.starts_with(['[', '{']);
            let json = is_json.then(|| serde_json::from_str(text).ok()).flatten();
            json.unwrap_or_else(|| by_looks(text))
        }
    }))
}

/// Whether a cell that was read says the same as before. Spreadsheets write 19.90 as 19.9 and true as TRUE, keep 15 digits
/// of a number, and take the zero off 02134, also where these are text: that is far more often their doing than anybody's.
fn equal(read: &Value, present: &Value) -> bool {
    match (read, present) {
        (Value::Number(read), Value::Number(present)) => one_number(read, present),
        (Value::String(read), Value::String(present)) => {
            let number = |text: &str| match Type::Number.read(text, Default::default()) {
                Ok(Some(Value::Number(number))) => Some(number),
                _ => None,
            };
            let is_word = ["true", "false"].contains(&present.as_str()) && read.eq_ignore_ascii_case(present);
            let one = || Some(one_number(&number(read)?, &number(present)?));
            read == present || is_word || one().unwrap_or_default()
        }
        _ => read == present,
    }
}

fn one_number(read: &Number, present: &Number) -> bool {
    let digits = present.to_string().bytes().filter(u8::is_ascii_digit).count();
    let near = || match (read.as_f64(), present.as_f64()) {
        (Some(read), Some(present)) => (read - present).abs() <= present.abs() * 1e-14,
        _ => false,
    };
    exact_number(read) == exact_number(present) || digits > 15 && near()
}

fn find<'a>(params: &'a Map<String, Value>, keys: &[String]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(params.get(first)?, |value, key| value.get(key))
}

/// Sets a value inside the present top-level value, which is sent whole.
fn set(changed: &mut Map<String, Value>, params: &Map<String, Value>, keys: &[String], value: Value) {
    if let Some(first) = keys.first() {
        take_over(changed, params, first);
        place(changed, keys, value);
    }
}

fn take_over(changed: &mut Map<String, Value>, params: &Map<String, Value>, key: &str) {
    if let (false, Some(present)) = (changed.contains_key(key), params.get(key)) {
        changed.insert(key.to_owned(), present.clone());
    }
}

/// Takes from the last column what differs from what was printed there; whether anything does.
fn spread(
    rest: Map<String, Value>,
    before: &Map<String, Value>,
    params: &Map<String, Value>,
    changed: &mut Map<String, Value>,
) -> bool {
    let mut differs = false;
    for (key, value) in rest.into_iter().filter(|(key, value)| before.get(key) != Some(value)) {
        differs = true;
        if value.is_object() {
            take_over(changed, params, &key);
        }
        join(changed, Map::from_iter([(key, value)]));
    }
    differs
}
