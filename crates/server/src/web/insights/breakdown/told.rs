//! What the page of a breakdown says: a sentence, bars, and a table for people or for each currency.

use filter::Field;
use index::{
    Function,
    insight::{
        Kept,
        breakdown::{Answer, Breakdown, Cell, Number},
    },
};

use super::super::{
    chart,
    mark::{Bar, Mark},
    words::{self, Pen},
};

/// What is told of two fields.
pub(super) struct Told {
    /// Whether nobody matches.
    pub(super) is_empty: bool,
    pub(super) by: String,
    /// Empty where there is no second field.
    pub(super) across: String,
    /// What is told of each cell, in words.
    pub(super) what: String,
    /// Whether it is an average.
    pub(super) is_average: bool,
    /// People, or a number currency by currency.
    pub(super) tables: Vec<Table>,
    /// Whether values were put together as others.
    pub(super) has_others: bool,
}

/// A table, with its bars.
pub(super) struct Table {
    /// The currency; empty where there is none.
    pub(super) name: String,
    pub(super) sentence: String,
    pub(super) sentence_mark: Option<Mark>,
    pub(super) heads: Vec<(String, &'static str)>,
    pub(super) rows: Vec<Row>,
}

/// A line: a value, everybody last.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) is_all: bool,
    /// Whether it is no value: others, or none.
    pub(super) is_apart: bool,
    pub(super) bars: Vec<Segment>,
    /// The cells of the columns, then the line's own.
    pub(super) cells: Vec<Option<Mark>>,
    /// Of everybody in the table.
    pub(super) share: String,
}

/// A part of a bar.
pub(super) struct Segment {
    pub(super) from: f64,
    pub(super) bar: Bar,
}

/// What is told of each cell.
#[derive(Clone, Copy)]
enum What {
    People,
    Sum(usize),
    Average(usize),
}

impl Told {
    pub(super) fn new(pen: Pen<'_>, question: &Breakdown, answer: &Answer) -> Told {
        let number = question.number.as_ref();
        let is_average = number.is_some_and(|number| number.function == Function::Avg);
        let of = if is_average { What::Average } else { What::Sum };
        let whats: Vec<What> = match number {
            None => vec![What::People],
            Some(_) => (0..answer.currencies.len()).map(of).collect(),
        };
        let others = answer.rows.iter().chain(&answer.columns);
        let named = number.map(|number| number.field.label());
        let what = match named {
            None => "people".to_owned(),
            Some(name) if is_average => format!("average {name}"),
            Some(name) => name,
        };
        let view = View {
            pen,
            number: number.map(|number| &number.field),
            answer,
            by: question.by.field.label(),
            what: &what,
        };
        Told {
            is_empty: answer.cells.first().is_none_or(|all| all.count == 0),
            by: question.by.field.label(),
            across: question.across.as_ref().map_or_else(String::new, |by| by.field.label()),
            is_average,
            tables: whats.into_iter().filter_map(|what| view.table(what)).collect(),
            has_others: others.into_iter().any(|kept| *kept == Kept::Other),
            what,
        }
    }
}

/// What tables are made of.
struct View<'a> {
    pen: Pen<'a>,
    /// What is told in place of people.
    number: Option<&'a Field>,
    answer: &'a Answer,
    by: String,
    what: &'a str,
}

impl View<'_> {
    /// The table of people, or of a currency in which somebody has a number.
    fn table(&self, what: What) -> Option<Table> {
        let answer = self.answer;
        let all = what.value(answer.cell(0, 0))?;
        let places = self.places(what);
        let order: Vec<usize> = (1..answer.rows.len()).chain([0]).collect();
        let most = order.iter().filter(|row| **row > 0).filter_map(|row| what.value(answer.cell(*row, 0)));
        let most = most.fold(0.0, f64::max);
        let name = match what {
            What::People => String::new(),
            What::Sum(currency) | What::Average(currency) => self.currency(&answer.currencies[currency]),
        };
        let (sentence, sentence_mark) = self.sentence(what, all, places, &name);
        let head = |column: usize| (self.pen.held(&answer.columns[column]), colour(column));
        Some(Table {
            sentence,
            sentence_mark,
            name,
            heads: (1..answer.columns.len()).map(head).collect(),
            rows: order.iter().map(|row| self.row(what, *row, (most, all), places)).collect(),
        })
    }

    fn row(&self, what: What, row: usize, (most, all): (f64, f64), places: i64) -> Row {
        let answer = self.answer;
        let kept = &answer.rows[row];
        let columns = answer.columns.len();
        let mark = |column: usize| self.mark(what, answer.cell(row, column), places);
        let total = what.value(answer.cell(row, 0)).unwrap_or(0.0);
        // Averages do not add up, so they are no parts of a bar.
        let parts = if columns > 1 && !matches!(what, What::Average(_)) { 1..columns } else { 0..1 };
        let mut bars = Vec::new();
        let mut from = 0.0;
        for column in parts {
            let Some((value, mark)) = what.value(answer.cell(row, column)).zip(mark(column)) else {
                continue;
            };
            if row > 0 && value > 0.0 {
                let bar = Bar::new(value, most, colour(column), mark);
                bars.push(Segment { from: chart::tenth(from), bar });
                from += value / most * 100.0;
            }
        }
        let share = match what {
            What::Average(_) => String::new(),
            _ if all > 0.0 => self.pen.percent(total / all),
            _ => String::new(),
        };
        Row {
            name: self.pen.held(kept),
            is_all: row == 0,
            is_apart: matches!(kept, Kept::Other | Kept::Missing),
            bars,
            cells: (1..columns).chain([0]).map(mark).collect(),
            share,
        }
    }

    /// What the number is in.
    fn currency(&self, kept: &Kept) -> String {
        self.number.map_or_else(String::new, |number| self.pen.currency(kept, number))
    }

    /// What a cell says, with its people; nothing where it is of nobody.
    fn mark(&self, what: What, cell: &Cell, places: i64) -> Option<Mark> {
        let Some(number) = what.number(cell)? else {
            return Some(Mark::count(self.pen, cell.count, Some(&cell.people)));
        };
        let mark = Mark::count(self.pen, number.count, Some(&number.people));
        let title = format!("{}: {}", mark.title, self.pen.formats.whole(&number.value));
        let is_small = matches!(what, What::Average(_)) && number.count < 30;
        Some(Mark { text: self.pen.written(&number.value, places), title, is_small, ..mark })
    }

    /// How many decimals numbers have: none or two.
    fn places(&self, what: What) -> i64 {
        let numbers = self.answer.cells.iter().filter_map(|cell| what.number(cell).flatten());
        if numbers.into_iter().any(|number| !number.value.is_integer()) { 2 } else { 0 }
    }

    /// The value that has the most, and how much of all that is.
    fn sentence(&self, what: What, all: f64, places: i64, currency: &str) -> (String, Option<Mark>) {
        let answer = self.answer;
        let is_value = |row: &usize| matches!(answer.rows[*row], Kept::Value(_));
        let values = (1..answer.rows.len()).filter(is_value);
        let most = values
            .filter_map(|row| Some((row, what.value(answer.cell(row, 0))?)))
            .max_by(|(_, one), (_, other)| one.total_cmp(other));
        let Some((row, most)) = most else { return ("Nobody has a value there.".to_owned(), None) };
        let cell = answer.cell(row, 0);
        let mark = self.mark(what, cell, places);
        let held = format!("{} = {}", self.by, self.pen.held(&answer.rows[row]));
        let share = self.pen.percent(if all > 0.0 { most / all } else { 0.0 });
        let unit = if currency.is_empty() { String::new() } else { format!(" {currency}") };
        let sentence = match what {
            What::People => {
                let have = if most == 1.0 { "person has" } else { "people have" };
                format!("{have} {held}, the most: {share} of all {}.", self.pen.formats.count(all))
            }
            What::Sum(_) => {
                format!("{unit} of {} is of those with {held}, the most: {share} of all.", self.what)
            }
            What::Average(_) => format!("{unit} is the highest {}: of those with {held}.", self.what),
        };
        (sentence.trim_start().to_owned(), mark)
    }
}

/// The colour of a column; everybody's, where there are none, is the first.
fn colour(column: usize) -> &'static str {
    chart::colour(column.saturating_sub(1))
}

impl What {
    /// The number of a cell, if it is one that is told; nothing where nobody has it.
    fn number(self, cell: &Cell) -> Option<Option<&Number>> {
        let of = |currency| cell.numbers.iter().find(|number| number.currency == currency);
        match self {
            What::People => Some(None),
            What::Sum(currency) | What::Average(currency) => of(currency).map(Some),
        }
    }

    /// How much a cell is.
    fn value(self, cell: &Cell) -> Option<f64> {
        let number = self.number(cell)?;
        Some(number.map_or(cell.count as f64, |number| words::float(&number.value)))
    }
}
