//! The rows of an Excel workbook, as they are shown: dates as ISO dates, numbers without what floats add.

use std::{
    borrow::Cow,
    io::{Read, Seek},
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::workbook::refuse_bombs;
use crate::import::fault::Fault;
use calamine::{DataRef, ExcelDateTime, Reader, Xlsx};

/// A workbook whose parts are larger than this together, unpacked, is not read: a zip of kilobytes can hold gigabytes.
const UNPACKED_MAX: u64 = 512 << 20;
/// The most text that the cells of a sheet may hold.
const TEXT_MAX: usize = 256 << 20;
/// The most filled cells of a sheet: 6 bytes each.
const CELLS_MAX: usize = 32 << 20;
/// The most cells with the empty ones before a filled one: each is made when its row is read.
const AREA_MAX: u64 = 256 << 20;
/// The most columns of a sheet that are looked at.
pub(crate) const COLUMNS_MAX: u32 = 4096;
/// So many sheets are looked through for the first that has rows.
const SHEETS_MAX: usize = 8;
/// Cells that are named in a note.
const NAMED: usize = 5;

/// The rows of a sheet, in little memory: all text in one piece, and of each filled cell its column and where it ends.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    /// Its name.
    pub(crate) name: String,
    /// The names of all sheets.
    pub(crate) names: Vec<String>,
    /// Formulas without a value, as programs write them that cannot calculate: how many, and the names of the first.
    pub(crate) uncalculated: u64,
    pub(crate) uncalculated_first: Vec<String>,
    /// Cells in columns that are not looked at.
    pub(crate) beyond: u64,
    text: String,
    /// How much text its cells showed, also where it says nothing: one long text may stand in any number of them.
    shown: usize,
    ends: Vec<u32>,
    columns: Vec<u16>,
    area: u64,
    /// Cells of one row that follow each other in the file: the row's number in the sheet, and where they begin and end.
    pieces: Vec<Piece>,
    /// Where the pieces of each row begin.
    rows: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    row: u32,
    first: u32,
    end: u32,
}

impl Sheet {
    /// Reads a sheet: the named one, or the first that has rows. A file that says things of itself that cannot be makes its
    /// reader give up, by a panic; that is a fault of the file like another.
    pub(crate) fn read(file: impl Read + Seek, name: Option<&str>) -> Result<Sheet, Fault> {
        catch_unwind(AssertUnwindSafe(|| Sheet::read_or_panic(file, name))).unwrap_or_else(|_| {
            Err(Fault::new("The Excel file cannot be read: it says things of itself that cannot be.")
                .hint("Save it anew, or as CSV."))
        })
    }

    fn read_or_panic(file: impl Read + Seek, name: Option<&str>) -> Result<Sheet, Fault> {
        let mut file = file;
        refuse_bombs(&mut file, UNPACKED_MAX)?;
        let broken = |error: calamine::XlsxError| {
            Fault::new(format!("The Excel file cannot be read: {error}."))
                .hint("Open it in a spreadsheet program and save it anew, or save it as CSV.")
        };
        let mut book = Xlsx::new(file).map_err(broken)?;
        let names = book.sheet_names();
        if let Some(name) = name.filter(|name| !names.iter().any(|other| other == name)) {
            return Err(Fault::new(format!("The Excel file has no sheet \"{name}\"."))
                .hint(format!("It has {}.", names.join(", "))));
        }
        let wanted = names.iter().filter(|sheet| name.is_none_or(|name| name == *sheet));
        for sheet in wanted.take(SHEETS_MAX) {
            let mut read = Sheet { name: sheet.clone(), names: names.clone(), ..Sheet::default() };
            // Sheets of charts have no cells.
            let Ok(mut cells) = book.worksheet_cells_reader(sheet) else { continue };
            while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(broken)? {
                if cell.formula.is_some() && cell.value == DataRef::Empty {
                    read.miss(cell.pos);
                }
                read.put(cell.pos, &shown(&cell.value))?;
            }
            read.finish();
            if !read.rows.is_empty() {
                return Ok(read);
            }
        }
        if name.is_none() && names.len() > SHEETS_MAX {
            return Err(Fault::new(format!("The first {SHEETS_MAX} sheets of the Excel file have no rows."))
                .hint("Name the sheet to read with --sheet."));
        }
        let which = name.map_or("The Excel file".to_owned(), |name| format!("The sheet \"{name}\""));
        Err(Fault::new(format!("{which} has no rows."))
            .hint("Its first row names the columns, e.g. email, name, plan."))
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// A row: its number in the sheet, counted from 1, and its cells up to the last filled one.
    pub(crate) fn row(&self, at: usize) -> (u64, Vec<&str>) {
        let end = self.rows.get(at + 1).map_or(self.pieces.len(), |next| *next as usize);
        let pieces = &self.pieces[self.rows[at] as usize..end];
        let mut cells = Vec::new();
        for cell in pieces.iter().flat_map(|piece| piece.first as usize..piece.end as usize) {
            let column = usize::from(self.columns[cell]);
            let start = cell.checked_sub(1).map_or(0, |before| self.ends[before]);
            cells.resize(cells.len().max(column + 1), "");
            cells[column] = &self.text[start as usize..self.ends[cell] as usize];
        }
        (u64::from(pieces[0].row) + 1, cells)
    }

    /// Adds a cell. Programs write rows one after the other, from left to right; whoever writes them otherwise may.
    fn put(&mut self, (row, column): (u32, u32), text: &str) -> Result<(), Fault> {
        self.shown += text.len();
        if self.shown > TEXT_MAX {
            return Err(self.too_large());
        }
        if text.trim().is_empty() {
            return Ok(());
        }
        if column >= COLUMNS_MAX {
            self.beyond += 1;
            return Ok(());
        }
        let here = self.ends.len() as u32;
        match self.pieces.last_mut().filter(|piece| piece.row == row) {
            Some(piece) => piece.end += 1,
            None => self.pieces.push(Piece { row, first: here, end: here + 1 }),
        }
        let is_first = self.pieces.last().is_some_and(|piece| piece.first == here);
        let before = self.columns.last().filter(|_| !is_first).map_or(0, |before| u64::from(*before) + 1);
        self.area += (u64::from(column) + 1).saturating_sub(before);
        if self.ends.len() >= CELLS_MAX || self.area > AREA_MAX {
            return Err(self.too_large());
        }
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        self.columns.push(column as u16);
        Ok(())
    }

    fn too_large(&self) -> Fault {
        Fault::new(format!(
            "The sheet \"{}\" holds more than {} MiB of text, {} million cells, or {} million with the gaps between them.",
            self.name,
            TEXT_MAX >> 20,
            CELLS_MAX >> 20,
            AREA_MAX >> 20
        ))
        .hint("Save it as CSV, which may be larger.")
    }

    /// Notes a formula that has no value.
    fn miss(&mut self, at: (u32, u32)) {
        self.uncalculated += 1;
        if self.uncalculated_first.len() < NAMED {
            self.uncalculated_first.push(name_of(at));
        }
    }

    /// All cells are there: puts the rows in order, however they came.
    fn finish(&mut self) {
        self.pieces.sort_by_key(|piece| (piece.row, piece.first));
        let is_new = |at: &usize| *at == 0 || self.pieces[at - 1].row != self.pieces[*at].row;
        self.rows = (0..self.pieces.len()).filter(is_new).map(|at| at as u32).collect();
    }
}

/// The name of a cell as a spreadsheet has it: `AB12`.
fn name_of((row, column): (u32, u32)) -> String {
    let (mut letters, mut left) = (Vec::new(), column + 1);
    while left > 0 {
        letters.push(char::from(b'A' + ((left - 1) % 26) as u8));
        left = (left - 1) / 26;
    }
    letters.into_iter().rev().chain((row + 1).to_string().chars()).collect()
}

/// A cell as a spreadsheet shows it; dates in ISO form. Long texts, which many cells may share, are not copied.
fn shown<'a>(value: &'a DataRef<'_>) -> Cow<'a, str> {
    match value {
        DataRef::Int(number) => Cow::Owned(number.to_string()),
        DataRef::Float(number) => Cow::Owned(figures(*number)),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Cow::Borrowed(text)
        }
        DataRef::SharedString(text) => Cow::Borrowed(text),
        DataRef::Bool(is) => Cow::Owned(is.to_string()),
        DataRef::DateTime(at) => Cow::Owned(moment(at)),
        DataRef::Error(error) => Cow::Owned(error.to_string()),
        DataRef::Empty => Cow::Borrowed(""),
    }
}

/// A number with at most 15 digits, as Excel keeps it: 0.1 + 0.2 is 0.3.
fn figures(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    format!("{rounded}")
}

/// A date, or a date and time where it has one; a time without a date as `HH:MM:SS`.
fn moment(at: &ExcelDateTime) -> String {
    let value = at.as_f64();
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    // A second is rounded, because a day's fraction hardly ever is a whole one.
    let time = format!("{hour:02}:{minute:02}:{:02}", (u32::from(second) + u32::from(milli >= 500)).min(59));
    match () {
        () if at.is_duration() => {
            let seconds = (value * 86_400.0).round() as i64;
            format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
        }
        () if (0.0..1.0).contains(&value) => time,
        () if value.fract() == 0.0 => format!("{year:04}-{month:02}-{day:02}"),
        () => format!("{year:04}-{month:02}-{day:02}T{time}Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text of blanks costs as much as another, in every cell that shares it.
    #[test]
    fn text_that_says_nothing_counts() {
        let (mut sheet, blanks) = (Sheet::default(), " ".repeat(1 << 20));
        let put = |sheet: &mut Sheet, row| sheet.put((row, 0), &blanks);
        assert!((0..256).all(|row| put(&mut sheet, row).is_ok()));
        assert!(put(&mut sheet, 256).is_err_and(|fault| fault.detail.contains("256 MiB of text")));
    }

    #[test]
    fn cells_have_names() {
        for (at, name) in
            [((0, 0), "A1"), ((11, 25), "Z12"), ((0, 26), "AA1"), ((1_048_575, 16_383), "XFD1048576")]
        {
            assert_eq!(name_of(at), name);
        }
    }

    #[test]
    fn numbers_lose_what_floats_add() {
        for (number, text) in
            [(0.1 + 0.2, "0.3"), (1290.0, "1290"), (19.9, "19.9"), (-0.5, "-0.5"), (1e15, "1000000000000000")]
        {
            assert_eq!(figures(number), text);
        }
    }
}
