//! An insight as a file: all of its numbers, each with its people's filter, for a spreadsheet.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use crate::{export::harmless, http::Problem};

/// What tells a spreadsheet that the text is UTF-8.
const BOM: &str = "\u{feff}";

/// Lines of cells under a head.
pub(crate) struct Sheet {
    name: &'static str,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// An empty one.
    pub(crate) fn new(name: &'static str, head: &[&'static str]) -> Sheet {
        Sheet { name, head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a line.
    pub(crate) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// The file.
    pub(crate) fn answer(&self) -> Result<Response, Problem> {
        let text = self.text().map_err(|error| Problem::internal(&error))?;
        let place = format!("attachment; filename=\"{}.csv\"", self.name);
        let headers = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, place),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ];
        Ok((headers, text).into_response())
    }

    fn text(&self) -> csv::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(BOM.as_bytes().to_vec());
        writer.write_record(&self.head)?;
        for row in &self.rows {
            // Numbers are written here and begin with no sign that a formula has, but for those below 0.
            let cells = row.iter().map(|cell| match cell.parse::<f64>() {
                Ok(_) => cell.as_str().into(),
                Err(_) => harmless(cell),
            });
            writer.write_record(cells.map(|cell| cell.into_owned()))?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    }
}

/// A number in a cell, rounded as the API rounds; empty where there is none.
pub(super) fn number(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| ((number * 1e6).round() / 1e6).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_hold_is_no_formula_and_numbers_stay_numbers() {
        let mut sheet = Sheet::new("a", &["value", "number"]);
        sheet.push(vec!["=1+1".to_owned(), "-0.5".to_owned()]);
        let text = String::from_utf8(sheet.text().unwrap()).unwrap();
        assert_eq!(text, "\u{feff}value,number\n'=1+1,-0.5\n");
        assert_eq!((number(Some(1.0 / 3.0)), number(None)), ("0.333333".to_owned(), String::new()));
    }
}
