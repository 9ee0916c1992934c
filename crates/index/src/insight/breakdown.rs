//! Breakdown: people told apart by two fields at once, how many there are of each, and what a number of theirs comes to.
//!
//! A cell is what a query of its filter finds, all of one snapshot. Where people are not told apart by a second field, everybody is its only column.

use bigdecimal::BigDecimal;
use filter::{Expr, Field, value::Kind};

use super::{By, Error, Ground, Kept, Place, Slice, Source, movements::CURRENCIES_MAX, people};
use crate::{Aggregate, Bucket, Extreme, Grouping, Groups, Part, Question, Total};

/// Who is told apart, by what, and which number of theirs is told.
#[derive(Clone, Debug)]
pub struct Breakdown {
    /// The field whose values are lines.
    pub by: By,
    /// The field whose values are columns, if there are some.
    pub across: Option<By>,
    /// What is computed of a number, if that is asked for.
    pub number: Option<Aggregate>,
    /// The path of the currencies.
    pub currency: Option<Field>,
}

/// The table.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The lines: everybody first.
    pub rows: Vec<Kept>,
    /// The columns: everybody first.
    pub columns: Vec<Kept>,
    /// Which currencies there are; [`Kept::All`] alone where no path says, and none where no number is asked for.
    pub currencies: Vec<Kept>,
    /// The cells, line by line.
    pub cells: Vec<Cell>,
}

/// Those who are in a line and in a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// How many relationships.
    pub count: u64,
    /// The filter that lists them.
    pub people: Expr,
    /// What their numbers come to, currency by currency; those in which nobody has one are left out.
    pub numbers: Vec<Number>,
}

/// What the numbers of some people come to, of one currency.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The place of the currency.
    pub currency: usize,
    /// The sum, or the average.
    pub value: BigDecimal,
    /// How many have a number.
    pub count: u64,
    /// The filter that lists them.
    pub people: Expr,
}

impl Answer {
    /// The cell of a line and a column.
    pub fn cell(&self, row: usize, column: usize) -> &Cell {
        &self.cells[row * self.columns.len() + column]
    }
}

/// The table before it is asked.
pub(crate) struct Plan<'q> {
    question: &'q Breakdown,
    rows: Vec<Slice>,
    columns: Vec<Slice>,
    currencies: Vec<Slice>,
}

impl Breakdown {
    /// The fields that it names.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        let across = self.across.as_ref().map(|by| &by.field);
        let number = self.number.as_ref().map(|number| &number.field);
        [&self.by.field].into_iter().chain(across).chain(number).chain(&self.currency)
    }

    /// The lines and columns, by what people hold; unless there are too many currencies.
    pub(crate) fn plan<'q>(&'q self, ground: &Ground<'_>, source: &impl Source) -> Result<Plan<'q>, Error> {
        let everybody = ground.checked(Place::Filter, ground.filter)?;
        Ok(Plan {
            question: self,
            rows: Slice::of(Some(&self.by), &everybody, source),
            columns: Slice::of(self.across.as_ref(), &everybody, source),
            currencies: self.currencies(ground, source)?,
        })
    }

    /// The currencies of those who have the number: all of them together are no sum.
    fn currencies(&self, ground: &Ground<'_>, source: &impl Source) -> Result<Vec<Slice>, Error> {
        let Some(number) = &self.number else { return Ok(Vec::new()) };
        let numbers =
            ground.checked(Place::Number, &ground.all([people::kind(&number.field, Kind::Number)]))?;
        // Of those who hold nothing there it is only said that nobody does.
        let others = ground.checked(Place::Number, &ground.all(people::other_than_number(&number.field)))?;
        if source.count(&numbers) == 0 && source.count(&others) > 0 {
            return Err(Error::NoNumbers(number.field.clone()));
        }
        let Some(field) = &self.currency else { return Ok(Slice::all(None)) };
        let by = By { field: field.clone(), limit: CURRENCIES_MAX };
        let groups = source.groups(&numbers, &Grouping::Value(field.clone()), by.limit);
        if groups.other.is_some() {
            return Err(Error::TooManyCurrencies);
        }
        Ok(Slice::all(Some((&by, groups))).split_off(1))
    }
}

impl Plan<'_> {
    /// What is asked of each cell.
    pub(crate) fn question(&self) -> Question {
        let number = self.question.number.clone();
        let currency = self.question.currency.clone().filter(|_| number.is_some());
        let besides = [number.as_ref().map(|_| Part::Aggregates), currency.as_ref().map(|_| Part::Groups)];
        Question {
            select: [Part::Count].into_iter().chain(besides.into_iter().flatten()).collect(),
            aggregates: number.into_iter().collect(),
            group_by: currency.map(Grouping::Value),
            group_limit: CURRENCIES_MAX,
            ..Question::default()
        }
    }

    /// What is asked of a line for all columns that hold one value: not where money is told currency by currency, which are groups.
    pub(crate) fn across(&self) -> Option<Question> {
        let question = self.question();
        let by = self.question.across.as_ref().filter(|_| question.group_by.is_none())?;
        let values = self.columns.iter().filter_map(|column| match &column.kept {
            Kept::Value(value) => Some(value.clone()),
            _ => None,
        });
        Some(Question {
            select: question.select.iter().copied().chain([Part::Groups]).collect(),
            group_by: Some(Grouping::Value(by.field.clone())),
            group_limit: by.limit,
            listed: Some(values.collect()),
            ..question
        })
    }

    /// How many columns there are.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// The cell of a column, where the groups of its line say it: what is in several groups, they do not.
    pub(crate) fn known(&self, column: usize, people: &Expr, groups: &Groups) -> Option<Cell> {
        let group = match &self.columns[column].kept {
            Kept::Value(value) => {
                let is_it = |bucket: &Bucket| *bucket == Bucket::Value(value.clone());
                groups.rows.iter().find(|(bucket, _)| is_it(bucket)).map(|(_, group)| group)
            }
            Kept::Missing => groups.missing.as_ref(),
            Kept::All | Kept::Other => return None,
        };
        let (count, totals) = group.map_or((0, &[][..]), |group| (group.count, &group.totals[..]));
        Some(self.cell(people.clone(), count, totals, None))
    }

    /// The filters of the cells, line by line.
    pub(crate) fn people(&self, ground: &Ground<'_>) -> Vec<Expr> {
        let cell = |(row, column): (&Slice, &Slice)| {
            ground.all(row.node.clone().into_iter().chain(column.node.clone()))
        };
        let cells = self.rows.iter().flat_map(|row| self.columns.iter().map(move |column| (row, column)));
        cells.map(cell).collect()
    }

    /// A cell, by what was found of it.
    pub(crate) fn cell(&self, people: Expr, count: u64, totals: &[Total], groups: Option<&Groups>) -> Cell {
        let total = |kept: &Kept| match (kept, groups) {
            (Kept::All, _) => totals.first(),
            (Kept::Missing, Some(groups)) => groups.missing.as_ref()?.totals.first(),
            (Kept::Value(value), Some(groups)) => {
                let is_it = |bucket: &Bucket| *bucket == Bucket::Value(value.clone());
                groups.rows.iter().find(|(bucket, _)| is_it(bucket))?.1.totals.first()
            }
            _ => None,
        };
        let number = |(currency, slice): (usize, &Slice)| {
            let Total { value, counted, .. } = total(&slice.kept)?;
            let Some(Extreme::Number(value)) = value.clone() else { return None };
            let has = self.question.number.as_ref().map(|number| people::kind(&number.field, Kind::Number));
            let parts = people.root.clone().into_iter().chain(has).chain(slice.node.clone());
            let people = people::all(parts);
            (*counted > 0).then_some(Number { currency, value, count: *counted, people })
        };
        let numbers = self.currencies.iter().enumerate().filter_map(number).collect();
        Cell { count, numbers, people }
    }

    /// The answer of all cells.
    pub(crate) fn answer(&self, cells: Vec<Cell>) -> Answer {
        let kept = |slices: &[Slice]| slices.iter().map(|slice| slice.kept.clone()).collect();
        Answer {
            rows: kept(&self.rows),
            columns: kept(&self.columns),
            currencies: kept(&self.currencies),
            cells,
        }
    }
}
