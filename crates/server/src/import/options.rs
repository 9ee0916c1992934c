//! What the caller says of a file: the flags of `tinycrm import`, the parameters of `POST /v1/imports`.

use std::{fmt, str::FromStr};

use filter::Status;
use serde::{Deserialize, Serialize, de};

use crate::{import::cell::value::Type, model::flag};

/// The flags of `tinycrm import` and the parameters of `POST /v1/imports`; what is left out is found by looking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The form of the file.
    pub format: Option<Format>,
    /// What stands between the cells of a CSV.
    pub delimiter: Option<Delimiter>,
    /// How its bytes are characters. A byte order mark wins over it.
    pub encoding: Option<Encoding>,
    /// How a column is read, by its name before or after `map`.
    pub types: Vec<(String, Type)>,
    /// What a column becomes: a field, or a param of another name; nothing with an empty name. `a+b` joins columns,
    /// `name#2` is the second column of that name.
    pub map: Vec<(String, String)>,
    /// From the file's statuses to free, trial, paid and churned.
    pub status_map: Vec<(String, String)>,
    /// Params are set where they are missing and nowhere else.
    pub only_missing: bool,
    /// The sheet of an Excel file; the first that has rows when left out.
    pub sheet: Option<String>,
    /// Whether the customers are marked as seen at the dates of their rows.
    pub seen: bool,
    /// Rows that begin before this line of the file are left out.
    pub resume_from: Option<u64>,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A table with a header, whatever stands between its cells.
    Csv,
    /// A JSON object a line.
    Ndjson,
    /// A JSON array of objects, or objects one after the other over several lines.
    Json,
    /// An Excel workbook.
    Xlsx,
}

/// What stands between the cells of a CSV: one ASCII character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter(pub(crate) u8);

/// How bytes are characters: any encoding of the web's standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding(pub(crate) &'static encoding_rs::Encoding);

impl Format {
    const ALL: [Format; 4] = [Format::Csv, Format::Ndjson, Format::Json, Format::Xlsx];

    /// Its name, as flags spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Json => "json",
            Format::Xlsx => "xlsx",
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        let word = text.trim().trim_start_matches('.').to_lowercase();
        let alias = match word.as_str() {
            "tsv" | "tab" | "txt" => "csv",
            "jsonl" => "ndjson",
            "excel" => "xlsx",
            other => other,
        };
        Format::ALL
            .into_iter()
            .find(|format| format.as_str() == alias)
            .ok_or_else(|| format!("\"{text}\" is no format; there are csv, ndjson, json and xlsx"))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Delimiter {
    type Err = String;

    fn from_str(text: &str) -> Result<Delimiter, String> {
        match (text.to_lowercase().as_str(), text.as_bytes()) {
            ("tab" | "\\t" | "tsv", _) => Ok(Delimiter(b'\t')),
            ("comma", _) => Ok(Delimiter(b',')),
            ("semicolon", _) => Ok(Delimiter(b';')),
            ("pipe", _) => Ok(Delimiter(b'|')),
            (_, [byte]) if byte.is_ascii() && !b"\"\r\n".contains(byte) && !byte.is_ascii_alphanumeric() => {
                Ok(Delimiter(*byte))
            }
            _ => Err(format!(
                "\"{text}\" is no delimiter; it is one character such as , ; | or the word tab, comma, semicolon, pipe"
            )),
        }
    }
}

/// As it is written in a flag: `;`, or `tab`.
impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            b'\t' => f.write_str("tab"),
            byte => write!(f, "{}", char::from(byte)),
        }
    }
}

impl Delimiter {
    /// The flag that sets it: `--delimiter ';'`.
    pub(crate) fn flag(self) -> String {
        flag::flag("delimiter", &self.to_string())
    }
}

impl FromStr for Encoding {
    type Err = String;

    fn from_str(text: &str) -> Result<Encoding, String> {
        let label = match text.trim().to_lowercase().as_str() {
            "utf16" | "utf-16" => "utf-16le".to_owned(),
            "cp1252" | "ansi" => "windows-1252".to_owned(),
            "mac" | "macroman" | "mac-roman" => "macintosh".to_owned(),
            other => other.to_owned(),
        };
        encoding_rs::Encoding::for_label(label.as_bytes()).map(Encoding).ok_or_else(|| {
            format!(
                "\"{text}\" is no encoding; there are utf-8, utf-16le, utf-16be, windows-1252, macintosh, shift_jis and the \
                 others of the web"
            )
        })
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Reads `COLUMN=NAME`, a value of `map`. The last `=` counts: a column's name may hold others.
pub fn renamed(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.rsplit_once('=').ok_or_else(|| {
        format!("\"{text}\" has no =; write {}", flag::word(&format!("{}=name", text.trim())))
    })?;
    if from.trim().is_empty() {
        return Err(format!("\"{text}\" names nothing before its ="));
    }
    Ok((from.trim().to_owned(), to.trim().to_owned()))
}

/// Reads `THEIRS=OURS`, a value of `status_map`.
pub fn translated(text: &str) -> Result<(String, String), String> {
    let (from, to) = renamed(text)?;
    match Status::from_str(&to.to_lowercase()) {
        Ok(status) => Ok((from, status.to_string())),
        Err(_) => {
            Err(format!("\"{to}\" in \"{text}\" is no status; there are free, trial, paid and churned"))
        }
    }
}

/// Reads `COLUMN=TYPE`, a value of `types`. The first `=` after which a type stands counts.
pub fn typed(text: &str) -> Result<(String, Type), String> {
    let mut wrong = None;
    for (at, _) in text.match_indices('=') {
        match text[at + 1..].trim().parse() {
            Ok(kind) if !text[..at].trim().is_empty() => return Ok((text[..at].trim().to_owned(), kind)),
            Ok(_) => return Err(format!("\"{text}\" names no column before its =")),
            Err(why) => wrong = wrong.or(Some(why)),
        }
    }
    Err(wrong.unwrap_or_else(|| format!("\"{text}\" has no =; write it as in zip=string")))
}

/// Texts on the wire: a delimiter and an encoding are written as flags spell them.
macro_rules! as_text {
    ($($name:ty),+) => {$(
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )+};
}

as_text!(Delimiter, Encoding, Type);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_or_say_what_they_are() {
        assert_eq!("tab".parse(), Ok(Delimiter(b'\t')));
        assert_eq!(";".parse(), Ok(Delimiter(b';')));
        assert_eq!(Delimiter(b';').flag(), "--delimiter ';'");
        assert!("ab".parse::<Delimiter>().is_err() && "\"".parse::<Delimiter>().is_err());
        assert_eq!("JSONL".parse(), Ok(Format::Ndjson));
        assert!("pdf".parse::<Format>().unwrap_err().contains("csv, ndjson, json and xlsx"));
        assert_eq!("latin1".parse::<Encoding>().unwrap().to_string(), "windows-1252");
        assert_eq!("utf-16".parse::<Encoding>().unwrap().to_string(), "UTF-16LE");
        assert!("klingon".parse::<Encoding>().is_err());
    }

    #[test]
    fn pairs_may_hold_more_equal_signs() {
        let pair = |a: &str, b: &str| Ok((a.to_owned(), b.to_owned()));
        assert_eq!(renamed("First Name+Last Name=name"), pair("First Name+Last Name", "name"));
        assert_eq!(renamed("a=b=c"), pair("a=b", "c"));
        assert_eq!(renamed("notes="), pair("notes", ""));
        assert!(renamed("notes").unwrap_err().contains("notes=name"));
        assert!(renamed("=x").is_err());
        assert_eq!(translated("Active=PAID"), pair("Active", "paid"));
        assert!(translated("active=payed").unwrap_err().contains("free, trial, paid and churned"));
        assert_eq!(typed("zip=string").unwrap(), ("zip".to_owned(), Type::String));
        assert_eq!(typed("at=date:%d=%m").unwrap(), ("at".to_owned(), Type::Date("%d=%m".to_owned())));
        assert_eq!(typed("a=b=list").unwrap(), ("a=b".to_owned(), Type::List));
        assert!(typed("zip=text1").unwrap_err().contains("is no type"));
    }

    #[test]
    fn options_come_back_from_json() {
        let options = Options {
            format: Some(Format::Csv),
            delimiter: Some(Delimiter(b'\t')),
            encoding: "windows-1252".parse().ok(),
            types: vec![("at".to_owned(), Type::Date("%d/%m/%Y".to_owned()))],
            map: vec![("a".to_owned(), "email".to_owned())],
            ..Options::default()
        };
        let text = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<Options>(&text).unwrap(), options, "{text}");
    }
}
