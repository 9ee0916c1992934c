//! CSV: a row per relationship, a cell per column.

use std::{borrow::Cow, collections::BTreeMap, io};

use filter::{Content, Path};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    AS_OF, Column, END, Line, Marked,
    cell::{Cell, Members, harmless},
};

/// What the column of cursors is called.
const CURSOR: &str = "cursor";

/// What stands in each column.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    /// Which places of params go to which column.
    places: Places,
    /// Whether some column holds what no other does.
    rest: bool,
    /// Whether a last column tells where an export can go on.
    cursors: bool,
    /// The moment of the past that all of it is of, as the first column tells it.
    as_of: Option<String>,
}

/// A place inside params: the columns of the value itself, and the places inside it.
#[derive(Debug, Default)]
struct Places {
    columns: Vec<usize>,
    inner: BTreeMap<String, Places>,
}

impl Table {
    /// The table of these columns.
    pub fn new(columns: Vec<Column>) -> Table {
        let mut places = Places::default();
        for (at, column) in columns.iter().enumerate() {
            if let Column::Field(field) = column
                && let Some(path) = field.path()
            {
                places.add(path, at);
            }
        }
        let rest = columns.contains(&Column::Rest);
        Table { columns, places, rest, cursors: false, as_of: None }
    }

    /// The same with a last column that tells where an export can go on.
    #[must_use]
    pub fn with_cursors(self, cursors: bool) -> Table {
        Table { cursors, ..self }
    }

    /// The same with a first column that tells of which moment of the past it is.
    #[must_use]
    pub fn with_as_of(self, as_of: Option<Timestamp>) -> Table {
        Table { as_of: as_of.map(|moment| moment.to_string()), ..self }
    }

    /// The header.
    pub fn head(&self) -> csv::Result<Vec<u8>> {
        let mut out = csv::Writer::from_writer(Vec::new());
        let names = self.columns.iter().map(|column| harmless(&column.to_string()).into_owned());
        let first = self.as_of.iter().map(|_| AS_OF.to_owned());
        out.write_record(first.chain(names).chain(self.cursors.then(|| CURSOR.to_owned())))?;
        finish(out)
    }

    /// The last row of a table that tells its cursors; of any other none.
    pub fn end(&self) -> csv::Result<Vec<u8>> {
        let mut out = csv::Writer::from_writer(Vec::new());
        if self.cursors {
            let first = self.as_of.iter().map(|_| "");
            out.write_record(first.chain(self.columns.iter().map(|_| "")).chain([END]))?;
        }
        finish(out)
    }

    /// A row per line.
    pub fn rows<'a>(&self, lines: impl Iterator<Item = Marked<'a>>) -> io::Result<Vec<u8>> {
        let mut out = csv::Writer::from_writer(Vec::new());
        for (line, cursor) in lines {
            if let Some(moment) = &self.as_of {
                out.write_field(moment)?;
            }
            for cell in &self.filled(&line) {
                out.write_field(cell.shown().as_bytes())?;
            }
            if self.cursors {
                out.write_field(cursor.unwrap_or_default())?;
            }
            out.write_record(None::<&[u8]>)?;
        }
        Ok(finish(out)?)
    }

    /// The cells of a line as a reader of the CSV gets them, in the order of the columns.
    pub fn cells(&self, line: &Line<'_>) -> Vec<String> {
        self.filled(line).iter().map(|cell| cell.shown().into_owned()).collect()
    }

    fn filled<'a>(&self, line: &Line<'a>) -> Vec<Cell<'a>> {
        let mut cells: Vec<Cell<'a>> = self.columns.iter().map(|column| built_in(line, column)).collect();
        let rest = self.spread(&self.places, line.params, &mut cells);
        if !rest.is_empty() {
            let rest = Value::Object(rest).to_string();
            let places = self.columns.iter().zip(&mut cells).filter(|(column, _)| **column == Column::Rest);
            places.for_each(|(_, cell)| *cell = Cell::Text(Cow::Owned(rest.clone())));
        }
        cells
    }

    /// Puts an object's values into their cells; what has none is returned, if the table has a place for it.
    fn spread<'a>(&self, places: &Places, json: &'a str, cells: &mut [Cell<'a>]) -> Map<String, Value> {
        let mut rest = Map::new();
        for (key, value) in Members::of(json).0 {
            let place = places.inner.get(key.as_ref());
            let object = value.get().starts_with('{') && value.get() != "{}";
            let columns = place.map(|place| place.columns.as_slice()).filter(|columns| !columns.is_empty());
            if let Some(columns) = columns.filter(|_| !(object && self.rest)) {
                columns.iter().for_each(|column| cells[*column] = Cell::of(value));
            } else if !object && self.rest {
                rest.extend(serde_json::from_str(value.get()).ok().map(|value| (key.into_owned(), value)));
                continue;
            }
            if object {
                let empty = Places::default();
                let inner = self.spread(place.unwrap_or(&empty), value.get(), cells);
                if !inner.is_empty() {
                    rest.insert(key.into_owned(), Value::Object(inner));
                }
            }
        }
        rest
    }
}

/// The cell of a built-in field; those of params are filled from their text.
fn built_in<'a>(line: &Line<'a>, column: &Column) -> Cell<'a> {
    let field = match column {
        Column::Field(field) => field,
        Column::Rest => return Cell::Empty,
    };
    match field.read(&line.document) {
        _ if field.path().is_some() => Cell::Empty,
        Some(Content::Text(text)) => Cell::Text(Cow::Borrowed(text)),
        Some(Content::Time(time)) => Cell::Text(Cow::Owned(time.to_string())),
        Some(Content::Project(_)) => Cell::Text(Cow::Borrowed(line.project)),
        Some(Content::Json(_)) | None => Cell::Empty,
    }
}

impl Places {
    fn add(&mut self, path: &Path, column: usize) {
        let mut place = self;
        for key in path.keys() {
            place = place.inner.entry(key.clone()).or_default();
        }
        place.columns.push(column);
    }
}

fn finish(out: csv::Writer<Vec<u8>>) -> csv::Result<Vec<u8>> {
    out.into_inner().map_err(|error| error.into_error().into())
}
