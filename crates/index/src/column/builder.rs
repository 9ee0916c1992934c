//! Makes columns, of JSON values or of the columns of other chunks.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable, hash_table::Entry};
use serde_json::Value;

use super::{Column, Members, Symbol, Symbols};
use crate::{Datum, decimal::Decimal};

/// A value that a row has, on its own: for paths that few rows have.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) row: u16,
    pub(crate) value: Datum,
    /// The scalars of an array.
    pub(crate) members: Box<[Datum]>,
}

/// A column under construction.
#[derive(Default)]
pub(crate) struct ColumnBuilder {
    values: Values,
    /// Rows that have a value, and the value's id.
    cells: Vec<(u16, u32)>,
    members: Option<Box<MembersBuilder>>,
}

#[derive(Default)]
struct MembersBuilder {
    values: Values,
    /// Ids of members and rows that have them.
    cells: Vec<(u32, u16)>,
}

impl ColumnBuilder {
    /// How many rows have a value so far.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Gives a row a value.
    pub(crate) fn put(&mut self, row: u16, value: &Symbol<'_>) {
        let id = self.values.id(value);
        self.cells.push((row, id));
        // A row has one value, so copies are few; members of arrays and changes, of which there is no end, are looked for always.
        if self.cells.len() >= PROBE && self.values.held.len() > self.cells.len() / 2 {
            self.values.ids = None;
        }
    }

    /// Gives a row a JSON value. The inside of objects is other columns' business.
    pub(crate) fn put_json(&mut self, row: u16, json: &Value) {
        self.put(row, &Symbol::of(json));
        for member in json.as_array().into_iter().flatten() {
            if !member.is_array() && !member.is_object() {
                self.put_member(row, &Symbol::of(member));
            }
        }
    }

    /// Gives a row what a cell holds.
    pub(crate) fn put_cell(&mut self, row: u16, cell: &Cell) {
        self.put(row, &Symbol::from_datum(&cell.value));
        cell.members.iter().for_each(|member| self.put_member(row, &Symbol::from_datum(member)));
    }

    /// An id of a value, for [`ColumnBuilder::put_id`].
    pub(crate) fn id(&mut self, value: &Symbol<'_>) -> u32 {
        self.values.id(value)
    }

    /// Gives a row the value of that id.
    pub(super) fn put_id(&mut self, row: u16, id: u32) {
        self.cells.push((row, id));
    }

    /// Gives the array of a row a member.
    pub(crate) fn put_member(&mut self, row: u16, member: &Symbol<'_>) {
        let members = self.members.get_or_insert_default();
        let id = members.values.id(member);
        members.cells.push((id, row));
    }

    /// Gives each row the place that `places` says, or takes its value away.
    pub(crate) fn renumber(&mut self, places: &[Option<u16>]) {
        let renumber = |row: &mut u16| match places[usize::from(*row)] {
            Some(place) => {
                *row = place;
                true
            }
            None => false,
        };
        self.cells.retain_mut(|(row, _)| renumber(row));
        if let Some(members) = &mut self.members {
            members.cells.retain_mut(|(_, row)| renumber(row));
        }
    }

    /// The column of so many rows.
    pub(crate) fn finish(mut self, rows: usize) -> Column {
        let (symbols, codes) = self.values.sort();
        if !self.cells.is_sorted_by_key(|(row, _)| *row) {
            self.cells.sort_unstable_by_key(|(row, _)| *row);
        }
        // Fits: there are at most 65,536 rows, and each code is that of one at least.
        let code = |id: u32| codes[id as usize] as u16;
        let cells: Vec<(u16, u16)> = self.cells.iter().map(|(row, id)| (*row, code(*id))).collect();
        let members = self.members.map(|members| Box::new(members.finish(rows)));
        Column::new(symbols, &cells, members, rows)
    }

    /// The values in order, and the code of each id.
    pub(crate) fn into_symbols(self) -> (Symbols, Vec<u32>) {
        self.values.sort()
    }

    /// The values as cells of their own.
    pub(crate) fn into_cells(self) -> Vec<Cell> {
        let members = |row: u16| -> Box<[Datum]> {
            let Some(members) = &self.members else { return Box::default() };
            let own = members.cells.iter().filter(|(_, of)| *of == row);
            own.map(|(id, _)| members.values.get(*id).datum()).collect()
        };
        let cell = |(row, id): &(u16, u32)| Cell {
            row: *row,
            value: self.values.get(*id).datum(),
            members: members(*row),
        };
        self.cells.iter().map(cell).collect()
    }
}

impl MembersBuilder {
    fn finish(self, rows: usize) -> Members {
        let (symbols, codes) = self.values.sort();
        let mut cells: Vec<(u32, u16)> =
            self.cells.iter().map(|(id, row)| (codes[*id as usize], *row)).collect();
        cells.sort_unstable();
        cells.dedup(); // an array may hold a member twice
        Members::new(symbols, &cells, rows)
    }
}

/// Values, each with an id in order of appearance; once they are not looked for any more, some are there twice. Texts lie in one
/// buffer.
struct Values {
    /// The ids by value; `None` where most values of rows were new: they are put in order anyhow, which finds equal ones too. To
    /// look for each, in tables that with those of all columns no cache holds, takes longer.
    ids: Option<Ids>,
    held: Vec<Held>,
    text: String,
}

/// Of so many rows it is first asked whether most of their values were new.
const PROBE: usize = 2048;

/// Ids by value.
#[derive(Default)]
struct Ids {
    hasher: DefaultHashBuilder,
    table: HashTable<u32>,
    /// The hash of each, so that the table can grow without a look at the values.
    hashes: Vec<u64>,
}

/// A [`Symbol`] whose text is in the buffer.
enum Held {
    Number(Decimal),
    Text { start: u32, end: u32 },
    Time(i64),
    Plain(Symbol<'static>),
}

impl Held {
    fn new(value: &Symbol<'_>, text: &mut String) -> Held {
        match value {
            Symbol::Number(number) => Held::Number(number.clone()),
            Symbol::Text(string) => {
                let start = text.len() as u32;
                text.push_str(string);
                Held::Text { start, end: text.len() as u32 }
            }
            Symbol::Time(time) => Held::Time(*time),
            Symbol::False => Held::Plain(Symbol::False),
            Symbol::True => Held::Plain(Symbol::True),
            Symbol::Null => Held::Plain(Symbol::Null),
            Symbol::Array => Held::Plain(Symbol::Array),
            Symbol::Object => Held::Plain(Symbol::Object),
        }
    }

    fn symbol<'a>(&self, text: &'a str) -> Symbol<'a> {
        match self {
            Held::Number(number) => Symbol::Number(number.clone()),
            Held::Text { start, end } => Symbol::Text(&text[*start as usize..*end as usize]),
            Held::Time(time) => Symbol::Time(*time),
            Held::Plain(plain) => plain.clone(),
        }
    }
}

impl Default for Values {
    fn default() -> Values {
        Values { ids: Some(Ids::default()), held: Vec::new(), text: String::new() }
    }
}

impl Values {
    fn get(&self, id: u32) -> Symbol<'_> {
        self.held[id as usize].symbol(&self.text)
    }

    fn id(&mut self, value: &Symbol<'_>) -> u32 {
        let Values { ids, held, text } = self;
        let new = held.len() as u32; // fits, as the ends of texts do: those of a chunk are bounded, and copies are of rows only
        if let Some(Ids { hasher, table, hashes }) = ids {
            let hash = hasher.hash_one(value);
            let is_it = |id: &u32| held[*id as usize].symbol(text) == *value;
            match table.entry(hash, is_it, |id| hashes[*id as usize]) {
                Entry::Occupied(entry) => return *entry.get(),
                Entry::Vacant(entry) => entry.insert(new),
            };
            hashes.push(hash);
        }
        held.push(Held::new(value, text));
        new
    }

    /// The values in order, and the code of each id.
    fn sort(&self) -> (Symbols, Vec<u32>) {
        let symbols: Vec<Symbol<'_>> = self.held.iter().map(|held| held.symbol(&self.text)).collect();
        Symbols::sort(&symbols)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Of each kind, and several that are equal in other forms.
    fn kinds() -> Vec<Value> {
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let numbers =
            ["1", "1.0", "1e0", "-0", "0", "1e30", "1000000000000000000000000000000", "0.1"].map(read);
        let others = [
            json!(null),
            json!(true),
            json!(false),
            json!(""),
            json!("1"),
            json!("a\u{0}b"),
            json!({}),
            json!({ "a": 1 }),
            json!([]),
            json!(["x", 1, "x", 1.0, ["y"], "text 7"]),
        ];
        numbers.into_iter().chain(others).collect()
    }

    /// A value a row: those of each kind, and so many numbers and texts, the equal ones far from each other.
    fn values(distinct: usize, rows: usize) -> Vec<Value> {
        let value = |n: usize| {
            if n.is_multiple_of(2) { json!(n as f64 / 8.0) } else { json!(format!("the text {n}")) }
        };
        kinds().into_iter().chain((0..rows).map(|n| value(n % distinct))).collect()
    }

    /// Columns of the values, some of the rows taken away, and of some times before and after 1970; the same once more, out of the
    /// first ones. Values are looked for or not.
    fn columns(all: &[Value], is_looked_for: bool) -> [Column; 4] {
        let places: Vec<Option<u16>> =
            (0..all.len() as u16).map(|row| (row % 3 != 0).then_some(row / 2)).collect();
        let everywhere: Vec<Option<u16>> = (0..all.len() as u16).map(Some).collect();
        let mut builders = [ColumnBuilder::default(), ColumnBuilder::default()];
        for builder in &mut builders {
            builder.values.ids = is_looked_for.then(Ids::default);
        }
        for (row, value) in all.iter().enumerate() {
            builders[0].put_json(row as u16, value);
            builders[1].put(row as u16, &Symbol::Time((row as i64 % 700 - 300) * 1_000_003));
        }
        builders[0].renumber(&places);
        let columns = builders.map(|builder| builder.finish(all.len()));
        let again = [&columns[0], &columns[1]].map(|column| {
            let mut builder = ColumnBuilder::default();
            builder.values.ids = is_looked_for.then(Ids::default);
            column.feed(&mut builder, &everywhere);
            builder.finish(all.len())
        });
        let [values, times] = columns;
        let [values_again, times_again] = again;
        [values, times, values_again, times_again]
    }

    #[test]
    fn columns_are_the_same_whether_values_were_looked_for_or_not() {
        let all = values(700, 1_900);
        let (sought, unsought) = (columns(&all, true), columns(&all, false));
        for (one, other) in sought.iter().zip(&unsought) {
            assert_eq!(format!("{one:?}"), format!("{other:?}"));
        }
        assert!(sought[0].members.is_some() && sought[2].members.is_some());
    }

    #[test]
    fn values_that_are_mostly_new_are_not_looked_for_and_have_one_code_each() {
        for (distinct, rows) in
            [(10, 10_000), (PROBE / 3, 30_000), (PROBE * 2, 12_000), (40_000, 40_000), (30_000, 60_000)]
        {
            let all = values(distinct, rows);
            let mut builder = ColumnBuilder::default();
            all.iter().enumerate().for_each(|(row, value)| builder.put_json(row as u16, value));
            assert_eq!(
                builder.values.ids.is_some(),
                distinct < PROBE / 2,
                "{distinct} values in {rows} rows"
            );
            let column = builder.finish(all.len());
            let symbols = column.symbols.as_ref();
            assert!(
                (1..symbols.len()).all(|code| symbols.get(code - 1) < symbols.get(code)),
                "in order, each once"
            );
            for (row, value) in all.iter().enumerate() {
                assert_eq!(
                    symbols.get(column.code(row)),
                    Symbol::of(value),
                    "row {row}: {distinct} in {rows}"
                );
            }
        }
    }

    #[test]
    fn members_are_always_looked_for() {
        let mut builder = ColumnBuilder::default();
        let list: Vec<usize> = (0..PROBE * 2).collect();
        for row in 0..20 {
            builder.put_json(row, &json!(list));
        }
        let members = &builder.members.as_ref().unwrap().values;
        assert_eq!((members.held.len(), members.ids.is_some()), (list.len(), true));
    }
}
