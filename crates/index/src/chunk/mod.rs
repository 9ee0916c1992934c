//! A chunk: up to 65,536 relationships of one project as columns. It never changes; what is altered goes into a new
//! one, and merging makes one of several.

mod build;
mod builders;
mod merge;
mod rare;
mod text;

use std::ops::Deref;

use filter::{Field, Path};

pub(crate) use build::ChunkBuilder;
pub(crate) use merge::merge;

use self::rare::Rare;
use crate::{
    Datum,
    bits::Bits,
    column::{Cell, Column, Symbol, Symbols},
};

/// The most rows of a chunk.
pub(crate) const ROWS_MAX: usize = 1 << 16;

/// The built-in fields, in the order of their columns; but for the project, which is the same for all rows.
pub(crate) const BUILT_IN: [Field; 10] = [
    Field::Email,
    Field::Domain,
    Field::Name,
    Field::UserId,
    Field::Status,
    Field::StatusSince,
    Field::FirstPaid,
    Field::FirstSeen,
    Field::LastActivity,
    Field::Imported,
];

/// Relationships as columns, in order of their customers' ids.
#[derive(Debug)]
pub(crate) struct Chunk {
    rows: usize,
    built_in: [Column; BUILT_IN.len()],
    /// The paths that more than a few rows have, in order.
    paths: Vec<(Box<str>, Column)>,
    /// The others.
    rare: Rare,
    bytes: usize,
}

/// A column, which may have been made just now of cells.
pub(crate) enum Held<'a> {
    Kept(&'a Column),
    Made(Box<Column>),
}

/// A path of a chunk.
pub(crate) struct Known<'a> {
    /// The path's [`key`].
    pub(crate) key: &'a str,
    /// So many rows have it at most.
    pub(crate) rows: usize,
    /// So many scalars they have there at most.
    pub(crate) scalars: usize,
    /// Where the values are.
    pub(crate) place: Place<'a>,
}

/// Where the values of a path are.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// In a column.
    Column(&'a Column),
    /// One by one, of rows living or not.
    Cells(&'a [(Box<str>, Cell)]),
}

impl Deref for Held<'_> {
    type Target = Column;

    fn deref(&self) -> &Column {
        match self {
            Held::Kept(column) => column,
            Held::Made(column) => column,
        }
    }
}

impl Chunk {
    fn new(
        rows: usize,
        built_in: [Column; BUILT_IN.len()],
        paths: Vec<(Box<str>, Column)>,
        rare: Rare,
    ) -> Chunk {
        let fields = built_in.iter().map(Column::bytes).sum::<usize>();
        let columns = paths
            .iter()
            .map(|(key, column)| key.len() + size_of::<Box<str>>() + column.bytes())
            .sum::<usize>();
        let bytes = fields + columns + rare.bytes();
        Chunk { rows, built_in, paths, rare, bytes }
    }

    /// How many rows there are, living or not.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes of the distinct strings, keys of paths among them.
    pub(crate) fn text(&self) -> usize {
        let paths = self.paths.iter().map(|(key, column)| key.len() + column.text()).sum::<usize>();
        self.built_in.iter().map(Column::text).sum::<usize>() + paths + self.rare.text()
    }

    /// The column of a field; `None` when no row has it. Projects have none: they are the same for all rows.
    pub(crate) fn column(&self, field: &Field) -> Option<Held<'_>> {
        match field {
            Field::Params(path) => self.path(&key(path)),
            built_in => {
                let place = BUILT_IN.iter().position(|field| field == built_in)?;
                Some(Held::Kept(&self.built_in[place]))
            }
        }
    }

    /// The column of a path by its [`key`].
    pub(crate) fn path(&self, key: &str) -> Option<Held<'_>> {
        match self.kept(key) {
            Some(column) => Some(Held::Kept(column)),
            None => self.rare.column(key, self.rows).map(|column| Held::Made(Box::new(column))),
        }
    }

    /// The same, where it need not be made.
    pub(crate) fn kept(&self, key: &str) -> Option<&Column> {
        let place = self.paths.binary_search_by(|(own, _)| (**own).cmp(key)).ok()?;
        Some(&self.paths[place].1)
    }

    /// Whether some row, living or not, has a path by its [`key`].
    pub(crate) fn has(&self, key: &str) -> bool {
        self.paths.binary_search_by(|(own, _)| (**own).cmp(key)).is_ok() || self.rare.has(key)
    }

    /// Every path that some of the rows may have. Of rare paths, which may be a million, it is known how many have them.
    pub(crate) fn paths<'s>(&'s self, rows: &Bits) -> impl Iterator<Item = Known<'s>> {
        let kept = self.paths.iter().map(|(key, column)| {
            let members = column.members.as_ref().map_or(0, |members| members.symbols.len());
            let scalars = column.symbols.len() + members;
            Known { key, rows: column.present(), scalars, place: Place::Column(column) }
        });
        kept.chain(self.rare.paths(rows))
    }

    /// What every path holds that many rows have, and every text of the others.
    pub(crate) fn texts(
        &self,
    ) -> (impl Iterator<Item = (&str, &Symbols)>, impl Iterator<Item = (&str, &str)>) {
        let kept = self.paths.iter().map(|(key, column)| (&**key, &*column.symbols));
        let rare = self.rare.iter().filter_map(|(key, cell)| match &cell.value {
            Datum::String(text) => Some((&**key, &**text)),
            _ => None,
        });
        (kept, rare)
    }

    /// Every path.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(|(key, _)| &**key).chain(self.rare.iter().map(|(key, _)| &**key))
    }

    /// Everything that a row holds in its params, in no order: paths, values, and the members of arrays.
    pub(crate) fn params(&self, row: usize) -> Vec<(&str, Datum, Vec<Datum>)> {
        let mut params = Vec::new();
        for (key, column) in &self.paths {
            let code = column.code(row);
            if code != column.missing() {
                let members = column.members.iter().flat_map(|members| members.of(row));
                params.push((
                    &**key,
                    column.symbols.get(code).datum(),
                    members.map(|member| member.datum()).collect(),
                ));
            }
        }
        params.extend(self.rare.of(row));
        params
    }

    /// The value of a built-in field of a row.
    pub(crate) fn value(&self, field: &Field, row: usize) -> Option<Symbol<'_>> {
        let column = &self.built_in[BUILT_IN.iter().position(|built_in| built_in == field)?];
        let code = column.code(row);
        (code != column.missing()).then(|| column.symbols.get(code))
    }
}

/// A path as chunks know it: its keys, which hold no U+0000, with that between them. Keys are in the order of paths.
pub(crate) fn key(path: &Path) -> String {
    path.keys().join("\0")
}

/// The path of a key.
pub(crate) fn path(key: &str) -> Option<Path> {
    Path::new(key.split('\0').map(str::to_owned).collect())
}
