//! CSV: a row per relationship, a cell per column.

use std::{borrow::Cow, collections::HashMap};

use filter::{Content, Field, Path};
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
    inner: HashMap<String, Places>,
}

/// Cells with the places of their columns.
type Filled<'a> = Vec<(usize, Cell<'a>)>;

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

    /// The members of params that its cells are taken from; `None` where some column may hold any of them.
    pub fn members(&self) -> Option<Vec<String>> {
        (!self.rest).then(|| self.places.inner.keys().cloned().collect())
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
    pub fn rows<'a>(&self, lines: impl Iterator<Item = Marked<'a>>) -> Vec<u8> {
        let mut out = Vec::new();
        for (line, cursor) in lines {
            let mut row = Row::begin(&mut out);
            if let Some(moment) = &self.as_of {
                row.put(moment);
            }
            let first = row.fields;
            for (column, cell) in &self.filled(&line) {
                row.skip_to(first + column);
                row.put(&cell.shown());
            }
            row.skip_to(first + self.columns.len());
            if self.cursors {
                row.put(cursor.unwrap_or_default());
            }
            row.end();
        }
        out
    }

    /// The cells of a line as a reader of the CSV gets them, in the order of the columns.
    pub fn cells(&self, line: &Line<'_>) -> Vec<String> {
        let mut cells = vec![String::new(); self.columns.len()];
        self.filled(line).iter().for_each(|(column, cell)| cells[*column] = cell.shown().into_owned());
        cells
    }

    /// The cells of a line that are not empty, each with the place of its column, in order: of all columns a row fills few.
    fn filled<'a>(&self, line: &Line<'a>) -> Filled<'a> {
        let mut cells = Vec::with_capacity(self.columns.len().min(64));
        for (at, column) in self.columns.iter().enumerate() {
            match column {
                Column::Field(Field::Params(_)) | Column::Rest => {}
                Column::Field(field) => cells.extend(built_in(line, field).map(|cell| (at, cell))),
            }
        }
        let rest = self.spread(&self.places, line.params, &mut cells);
        if !rest.is_empty() {
            let rest = Value::Object(rest).to_string();
            let places = (0..self.columns.len()).filter(|at| self.columns[*at] == Column::Rest);
            cells.extend(places.map(|at| (at, Cell::Text(Cow::Owned(rest.clone())))));
        }
        cells.sort_unstable_by_key(|(at, _)| *at);
        cells
    }

    /// Puts an object's values into their cells; what has none is returned, if the table has a place for it.
    fn spread<'a>(&self, places: &Places, json: &'a str, cells: &mut Filled<'a>) -> Map<String, Value> {
        let mut rest = Map::new();
        for (key, value) in Members::of(json).0 {
            let place = places.inner.get(key.as_ref());
            let object = value.get().starts_with('{') && value.get() != "{}";
            let columns = place.map(|place| place.columns.as_slice()).filter(|columns| !columns.is_empty());
            if let Some(columns) = columns.filter(|_| !(object && self.rest)) {
                cells.extend(columns.iter().map(|column| (*column, Cell::of(value))));
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
fn built_in<'a>(line: &Line<'a>, field: &Field) -> Option<Cell<'a>> {
    match field.read(&line.document)? {
        Content::Text(text) => Some(Cell::Text(Cow::Borrowed(text))),
        Content::Time(time) => Some(Cell::Text(Cow::Owned(time.to_string()))),
        Content::Project(_) => Some(Cell::Text(Cow::Borrowed(line.project))),
        Content::Json(_) => None,
    }
}

/// A row that is being written.
struct Row<'o> {
    out: &'o mut Vec<u8>,
    /// Where it begins.
    start: usize,
    /// Fields so far.
    fields: usize,
}

impl<'o> Row<'o> {
    fn begin(out: &'o mut Vec<u8>) -> Row<'o> {
        let start = out.len();
        Row { out, start, fields: 0 }
    }

    /// The next field, in quotes where it would end before its end.
    fn put(&mut self, text: &str) {
        if self.fields > 0 {
            self.out.push(b',');
        }
        self.fields += 1;
        if !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
            return self.out.extend_from_slice(text.as_bytes());
        }
        self.out.push(b'"');
        for (place, piece) in text.split('"').enumerate() {
            self.out.extend_from_slice(if place > 0 { b"\"\"" } else { b"" });
            self.out.extend_from_slice(piece.as_bytes());
        }
        self.out.push(b'"');
    }

    /// Empty fields until there are so many.
    fn skip_to(&mut self, fields: usize) {
        let commas = fields - self.fields - usize::from(self.fields == 0 && fields > 0);
        self.out.resize(self.out.len() + commas, b',');
        self.fields = fields;
    }

    /// A row of one empty field has quotes, as an empty line is none.
    fn end(self) {
        if self.out.len() == self.start {
            self.out.extend_from_slice(b"\"\"");
        }
        self.out.push(b'\n');
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
