//! People of whom an import told without dates: before it was received they have nothing.

use filter::Field;

use super::Place;
use crate::engine::{
    Seen,
    series::{OUT, Steps},
};

/// From which end on the rows of a part count.
pub(super) struct Imported {
    /// By row, the code of when it was imported.
    codes: Vec<u16>,
    /// By code, the first end that is not before it; of those that come to none, how many ends there are.
    firsts: Vec<usize>,
    ends: usize,
}

/// A row before it counts.
struct Hidden {
    row: usize,
    first: usize,
    /// Where it is.
    place: Place,
}

impl Place {
    /// The same of somebody who has nothing.
    fn empty(self) -> Place {
        Place { value: OUT, ..self }
    }
}

impl Imported {
    /// Those of a part; `None` where nobody was imported after the first end.
    pub(super) fn of(seen: &Seen<'_>, ends: &Steps) -> Option<Imported> {
        let column = seen.chunk().column(&Field::Imported)?;
        let symbols = &column.symbols;
        if symbols.times_before(|time| time <= ends.at(0)) == column.missing() {
            return None;
        }
        let first = |code: usize| {
            let time = symbols.time(code).unwrap_or(i64::MIN);
            (0..ends.len()).find(|end| time <= ends.at(*end)).unwrap_or(ends.len())
        };
        let firsts = (0..=column.missing()).map(first).collect();
        Some(Imported { codes: column.all_codes(), firsts, ends: ends.len() })
    }

    /// Calls with each row and end from which it is elsewhere, and whether it was imported in the step that ends there. `places`
    /// tells of the same as if nobody had been.
    pub(super) fn each(
        &self,
        places: impl FnOnce(&mut dyn FnMut(usize, usize, Option<Place>, Place)),
        mut call: impl FnMut(usize, usize, Option<Place>, Place, bool),
    ) {
        let mut hidden: Option<Hidden> = None;
        places(&mut |row, end, before, after| {
            if let Some(other) = hidden.take_if(|hidden| hidden.row != row) {
                self.appear(&other, &mut call);
            }
            let first = self.firsts[usize::from(self.codes[row])];
            if end < first {
                if before.is_none() {
                    call(row, end, None, after.empty(), false);
                }
                hidden = Some(Hidden { row, first, place: after });
                return;
            }
            match hidden.take() {
                Some(_) if first == end => call(row, end, Some(after.empty()), after, true),
                Some(own) => {
                    self.appear(&own, &mut call);
                    call(row, end, before, after, false);
                }
                None => call(row, end, before, after, false),
            }
        });
        hidden.iter().for_each(|last| self.appear(last, &mut call));
    }

    /// A row counts from where it has been.
    fn appear(&self, hidden: &Hidden, call: &mut impl FnMut(usize, usize, Option<Place>, Place, bool)) {
        let Hidden { row, first, place } = *hidden;
        if first < self.ends {
            call(row, first, Some(place.empty()), place, true);
        }
    }
}
