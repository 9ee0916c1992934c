//! Cells to JSON: plain numbers and true/false are typed, what is empty is not sent, all else is text.

use std::str::FromStr;

use serde_json::Value;

/// A number with more digits is an identifier, not an amount; the server refuses it as a number.
const DIGITS_MAX: usize = 40;

/// How the cells of a column are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Type {
    /// By their looks.
    #[default]
    Auto,
    /// As text, always.
    String,
    /// As numbers; anything else rejects the line.
    Number,
    /// true, t, yes, y, on, 1 and their opposites; anything else rejects the line.
    Boolean,
    /// As JSON; anything else rejects the line.
    Json,
}

impl FromStr for Type {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "string" => Ok(Self::String),
            "number" => Ok(Self::Number),
            "boolean" => Ok(Self::Boolean),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is no type; there are string, number, boolean and json")),
        }
    }
}

impl Type {
    /// The value of a cell.
    pub fn read(self, cell: &str) -> Result<Value, String> {
        match self {
            Type::Auto => Ok(by_looks(cell)),
            Type::String => Ok(Value::from(cell)),
            Type::Number => number(cell.trim()).ok_or_else(|| format!("{cell:?} is not a plain number")),
            Type::Boolean => {
                boolean(cell.trim()).ok_or_else(|| format!("{cell:?} is neither true nor false"))
            }
            Type::Json => serde_json::from_str(cell).map_err(|e| format!("{cell:?} is not JSON: {e}")),
        }
    }
}

fn by_looks(cell: &str) -> Value {
    match cell {
        "true" | "TRUE" | "True" => Value::Bool(true),
        "false" | "FALSE" | "False" => Value::Bool(false),
        _ => number(cell).unwrap_or_else(|| Value::from(cell)),
    }
}

/// A number as people write it: digits without a leading zero, perhaps a minus, perhaps decimals. A zip code of 01234,
/// a phone number of +4930… and 1e5 are no such numbers.
fn number(cell: &str) -> Option<Value> {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    let plain = all_digits(whole) && all_digits(decimals) && !leading_zero && digits.len() <= DIGITS_MAX;
    // The text goes to the server as it stands, so that 19.90 stays 19.90.
    if plain { serde_json::from_str(cell).ok() } else { None }
}

fn boolean(cell: &str) -> Option<Value> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Some(Value::Bool(true)),
        "false" | "f" | "no" | "n" | "off" | "0" => Some(Value::Bool(false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cell, its type, and the JSON that is sent; `!` for a rejected line.
    #[test]
    fn cells_become_json() {
        let long = "1".repeat(41);
        let long_text = format!("{long:?}");
        let rows = [
            ("29", Type::Auto, "29"),
            ("-3", Type::Auto, "-3"),
            ("0", Type::Auto, "0"),
            ("0.5", Type::Auto, "0.5"),
            ("19.90", Type::Auto, "19.90"),
            ("9007199254740993", Type::Auto, "9007199254740993"),
            ("01234", Type::Auto, "\"01234\""),
            ("-01", Type::Auto, "\"-01\""),
            ("+49301234", Type::Auto, "\"+49301234\""),
            ("1e5", Type::Auto, "\"1e5\""),
            ("1,000", Type::Auto, "\"1,000\""),
            (".5", Type::Auto, "\".5\""),
            ("5.", Type::Auto, "\"5.\""),
            ("-", Type::Auto, "\"-\""),
            ("NaN", Type::Auto, "\"NaN\""),
            (" 29", Type::Auto, "\" 29\""),
            ("١٢", Type::Auto, "\"١٢\""),
            (&long, Type::Auto, &long_text),
            ("true", Type::Auto, "true"),
            ("FALSE", Type::Auto, "false"),
            ("t", Type::Auto, "\"t\""),
            ("null", Type::Auto, "\"null\""),
            ("2026-03-01", Type::Auto, "\"2026-03-01\""),
            ("[1]", Type::Auto, "\"[1]\""),
            ("29", Type::String, "\"29\""),
            ("true", Type::String, "\"true\""),
            (" 29 ", Type::Number, "29"),
            ("x", Type::Number, "!"),
            ("t", Type::Boolean, "true"),
            ("No", Type::Boolean, "false"),
            ("maybe", Type::Boolean, "!"),
            ("[\"a\", 1]", Type::Json, "[\"a\",1]"),
            ("null", Type::Json, "null"),
            ("{", Type::Json, "!"),
        ];
        for (cell, kind, expected) in rows {
            let shown = kind.read(cell).map_or("!".to_owned(), |value| value.to_string());
            assert_eq!(shown, expected, "{cell:?} as {kind:?}");
        }
    }
}
