//! Cells to JSON: by their looks, or by the type that somebody gave their column.

use std::{fmt, str::FromStr};

use serde_json::{Number, Value};

use crate::{
    import::{
        cell::{
            amount::{Decimal, amount},
            date,
        },
        text::record::{Next, Record, Records},
    },
    model::plain_number,
};

/// How the cells of a column are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Type {
    /// By their looks: plain numbers and true/false are typed, all else is text.
    #[default]
    Auto,
    /// As text, always.
    String,
    /// As numbers; anything else rejects the row.
    Number,
    /// true, t, yes, y, on, 1, their opposites, and ja, oui and si; anything else rejects the row.
    Boolean,
    /// As JSON; anything else rejects the row.
    Json,
    /// As a list of texts: `vip, beta`, `vip|beta`, or a JSON array.
    List,
    /// As amounts, with or without a currency: `$1,290.00`, `29,90 €`. Without a decimal sign the column's cells say which.
    Money(Option<Decimal>),
    /// As amounts of per cent: `12 %` is 12.
    Percent(Option<Decimal>),
    /// As dates or times in a form of their own, in strptime's words: `%d/%m/%Y`.
    Date(String),
    /// As seconds or milliseconds since 1970.
    Unix,
}

const TYPES: &str =
    "string, number, boolean, json, list, money, percent, date:FORMAT (as in date:%d/%m/%Y) and unix";

impl FromStr for Type {
    type Err = String;

    fn from_str(text: &str) -> Result<Type, String> {
        let (name, detail) = match text.split_once(':') {
            Some((name, detail)) => (name, Some(detail)),
            None => (text, None),
        };
        let decimal = || detail.map(str::parse).transpose();
        match (name.trim().to_lowercase().as_str(), detail) {
            ("auto", None) => Ok(Type::Auto),
            ("string" | "text", None) => Ok(Type::String),
            ("number", None) => Ok(Type::Number),
            ("boolean" | "bool", None) => Ok(Type::Boolean),
            ("json", None) => Ok(Type::Json),
            ("list", None) => Ok(Type::List),
            ("unix", None) => Ok(Type::Unix),
            ("money", _) => Ok(Type::Money(decimal()?)),
            ("percent", _) => Ok(Type::Percent(decimal()?)),
            ("date", Some(format)) => date::check(format).map(|()| Type::Date(format.to_owned())),
            ("date", None) => {
                Err("a date needs its format, as in date:%d/%m/%Y or date:%b %d, %Y".to_owned())
            }
            _ => Err(format!("\"{text}\" is no type; there are {TYPES}")),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Auto => f.write_str("auto"),
            Type::String => f.write_str("string"),
            Type::Number => f.write_str("number"),
            Type::Boolean => f.write_str("boolean"),
            Type::Json => f.write_str("json"),
            Type::List => f.write_str("list"),
            Type::Money(None) => f.write_str("money"),
            Type::Money(Some(decimal)) => write!(f, "money:{decimal}"),
            Type::Percent(None) => f.write_str("percent"),
            Type::Percent(Some(decimal)) => write!(f, "percent:{decimal}"),
            Type::Date(format) => write!(f, "date:{format}"),
            Type::Unix => f.write_str("unix"),
        }
    }
}

impl Type {
    /// The value of a cell that is not empty; `None` where a typed column says that there is none. `decimal` is what the
    /// column's amounts are written with, where its type leaves that open.
    pub(crate) fn read(&self, cell: &str, decimal: Decimal) -> Result<Option<Value>, String> {
        let bare = cell.trim();
        match self {
            Type::Auto => return Ok(Some(by_looks(cell))),
            Type::String => return Ok(Some(Value::from(cell))),
            Type::Json => {
                let read = serde_json::from_str(cell).map(Some);
                return read.map_err(|e| format!("{} is not JSON: {e}", shown(cell)));
            }
            Type::List => return Ok(Some(list(cell))),
            _ if is_nothing(bare) => return Ok(None),
            _ => {}
        }
        let value = match self {
            Type::Number => number(bare).ok_or("not a plain number"),
            Type::Boolean => boolean(bare).ok_or("neither true nor false"),
            Type::Money(own) => money(bare, own.unwrap_or(decimal)).ok_or("not an amount"),
            Type::Percent(own) => money(bare, own.unwrap_or(decimal)).ok_or("not an amount of per cent"),
            Type::Date(format) => {
                let read = date::read(format, bare).map(|text| Some(text.into()));
                return read.map_err(|what| format!("{} is {what}", shown(cell)));
            }
            _ => date::unix(bare).map(Value::from).ok_or("not a count of seconds or milliseconds since 1970"),
        };
        value.map(Some).map_err(|what| match self {
            Type::Money(own) | Type::Percent(own) if amount(bare).is_some() => {
                let decimal = own.unwrap_or(decimal);
                format!("{} is {what} with the decimal sign {decimal}", shown(cell))
            }
            _ => format!("{} is {what}", shown(cell)),
        })
    }
}

/// A cell in a message: in quotes as it stands, on one line, and not longer than that.
pub(crate) fn shown(cell: &str) -> String {
    let one_line = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = cell.chars().map(one_line).take(60).collect();
    let more = if cell.chars().nth(60).is_some() { "…" } else { "" };
    format!("\"{text}{more}\"")
}

/// What programs write for nothing. A column that has a type cannot hold these words.
pub(crate) fn is_nothing(bare: &str) -> bool {
    const WORDS: [&str; 12] = ["", "-", "–", "—", "null", "nil", "none", "nan", "n/a", "na", "#n/a", "\\n"];
    bare.len() <= 8 && WORDS.contains(&bare.to_lowercase().as_str())
}

/// A value by its looks.
pub(crate) fn by_looks(cell: &str) -> Value {
    match cell.trim() {
        "true" | "TRUE" | "True" => Value::Bool(true),
        "false" | "FALSE" | "False" => Value::Bool(false),
        bare => plain(bare).unwrap_or_else(|| Value::from(cell)),
    }
}

/// A number as programs write it: digits without a leading zero, perhaps a minus, perhaps decimals. A zip code of 01234,
/// a phone number of +4930… and 1e5 are no such numbers.
pub(crate) fn plain(bare: &str) -> Option<Value> {
    let digits = bare.strip_prefix('-').unwrap_or(bare);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    if leading_zero || !all_digits(whole) || !all_digits(decimals) {
        return None;
    }
    // The text goes to the server as it stands, so that 19.90 stays 19.90.
    exact(bare)
}

/// A number that somebody said is one: also with an exponent, a plus or leading zeros.
fn number(bare: &str) -> Option<Value> {
    let (sign, digits) = bare.strip_prefix('-').map_or(("", bare), |digits| ("-", digits));
    let digits = digits.strip_prefix('+').filter(|_| sign.is_empty()).unwrap_or(digits);
    let zeros = digits.bytes().take_while(|byte| *byte == b'0').count();
    let kept = digits[zeros..].starts_with(|c: char| c.is_ascii_digit());
    let zeros = if kept { zeros } else { zeros.saturating_sub(1) };
    exact(&format!("{sign}{}", &digits[zeros..]))
}

fn money(bare: &str, decimal: Decimal) -> Option<Value> {
    exact(&amount(bare)?.plain(decimal)?)
}

/// A number that can be stored as it is written.
fn exact(text: &str) -> Option<Value> {
    let number: Number = serde_json::from_str(text).ok()?;
    plain_number(&number).map(Value::Number)
}

/// Words for yes and no; besides those that filters know, of other languages.
pub(crate) fn boolean(bare: &str) -> Option<Value> {
    const YES: [&str; 7] = ["ja", "j", "wahr", "oui", "vrai", "si", "sí"];
    const NO: [&str; 5] = ["nein", "falsch", "nee", "non", "faux"];
    // No such word is longer; most cells are.
    let word = if bare.len() <= 6 { bare.to_lowercase() } else { return None };
    let other = || {
        let is = |words: &[&str]| words.contains(&word.as_str());
        if is(&YES) { Some(true) } else { is(&NO).then_some(false) }
    };
    filter::value::yes_or_no(&word).or_else(other).map(Value::Bool)
}

/// A list: a JSON array, or texts between `|`, else between commas; each may be in quotes.
pub(crate) fn list(cell: &str) -> Value {
    if let Ok(Value::Array(values)) = serde_json::from_str(cell) {
        return Value::Array(values);
    }
    let between = if cell.contains('|') { b'|' } else { b',' };
    let (mut records, mut record) = (Records::new(cell.as_bytes(), between), Record::default());
    let mut items = Vec::new();
    while let Ok(Next::Record) = records.next(&mut record) {
        let cells = record.cells().map(|(item, _)| String::from_utf8_lossy(item).trim().to_owned());
        items.extend(cells.filter(|item| !item.is_empty()));
    }
    items.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cell: &str, kind: &str) -> String {
        let kind: Type = kind.parse().unwrap();
        match kind.read(cell, Decimal::Point) {
            Ok(Some(value)) => value.to_string(),
            Ok(None) => "nothing".to_owned(),
            Err(_) => "!".to_owned(),
        }
    }

    /// The cell, its type, and the JSON that is sent; `!` for a rejected row.
    #[test]
    fn cells_become_json() {
        let long = "1".repeat(41);
        let long_text = format!("{long:?}");
        let rows = [
            ("29", "auto", "29"),
            ("-3", "auto", "-3"),
            ("0", "auto", "0"),
            ("0.5", "auto", "0.5"),
            ("19.90", "auto", "19.90"),
            ("9007199254740993", "auto", "9007199254740993"),
            ("01234", "auto", "\"01234\""),
            ("-01", "auto", "\"-01\""),
            ("+49301234", "auto", "\"+49301234\""),
            ("1e5", "auto", "\"1e5\""),
            ("1,000", "auto", "\"1,000\""),
            (".5", "auto", "\".5\""),
            ("5.", "auto", "\"5.\""),
            ("-", "auto", "\"-\""),
            ("NaN", "auto", "\"NaN\""),
            (" 29", "auto", "29"),
            (" true\t", "auto", "true"),
            (" x ", "auto", "\" x \""),
            ("١٢", "auto", "\"١٢\""),
            (&long, "auto", &long_text),
            ("true", "auto", "true"),
            ("FALSE", "auto", "false"),
            ("t", "auto", "\"t\""),
            ("null", "auto", "\"null\""),
            ("2026-03-01", "auto", "\"2026-03-01\""),
            ("[1]", "auto", "\"[1]\""),
            ("29", "string", "\"29\""),
            ("true", "string", "\"true\""),
            (" 29 ", "number", "29"),
            ("007", "number", "7"),
            ("0", "number", "0"),
            ("0.50", "number", "0.50"),
            ("+5", "number", "5"),
            ("1.23E+5", "number", "123000"),
            ("N/A", "number", "nothing"),
            ("x", "number", "!"),
            ("-+5", "number", "!"),
            ("t", "boolean", "true"),
            ("No", "boolean", "false"),
            ("maybe", "boolean", "!"),
            ("[\"a\", 1]", "json", "[\"a\",1]"),
            ("null", "json", "null"),
            ("{", "json", "!"),
            ("[\"vip\",\"beta\"]", "list", "[\"vip\",\"beta\"]"),
            ("vip, beta", "list", "[\"vip\",\"beta\"]"),
            ("vip|a, b|", "list", "[\"vip\",\"a, b\"]"),
            ("2024", "list", "[\"2024\"]"),
            ("\"Customer\",\"VIP, early\"", "list", "[\"Customer\",\"VIP, early\"]"),
            ("\"Lead\"", "list", "[\"Lead\"]"),
            ("5\" pipe, x", "list", "[\"5\\\" pipe\",\"x\"]"),
            ("$1,290.00", "money", "1290.00"),
            ("29,90 €", "money", "!"),
            ("29,90 €", "money:,", "29.90"),
            ("12%", "percent", "12"),
            ("1,5 %", "percent:,", "1.5"),
            ("NULL", "money", "nothing"),
            ("01/03/2026", "date:%d/%m/%Y", "\"2026-03-01\""),
            ("1772355600", "unix", "\"2026-03-01T09:00:00Z\""),
            ("x", "unix", "!"),
        ];
        for (cell, kind, expected) in rows {
            assert_eq!(read(cell, kind), expected, "{cell:?} as {kind}");
        }
    }

    #[test]
    fn yes_and_no_are_read_in_some_languages() {
        for (yes, no) in [("yes", "NO"), ("Ja", "nein"), ("Oui", "non"), ("SÍ", "No"), ("wahr", "falsch")] {
            assert_eq!((read(yes, "boolean"), read(no, "boolean")), ("true".to_owned(), "false".to_owned()));
        }
    }

    #[test]
    fn a_type_says_what_it_is_and_comes_back() {
        for text in ["auto", "string", "list", "money", "money:,", "percent", "date:%d/%m/%Y %H:%M", "unix"] {
            assert_eq!(text.parse::<Type>().unwrap().to_string(), text);
        }
        for wrong in ["", "dates", "date", "date:%Q%", "money:;", "unix:1"] {
            assert!(wrong.parse::<Type>().is_err(), "{wrong:?}");
        }
    }
}
