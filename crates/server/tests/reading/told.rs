//! What is told of a file, as text.

use std::{fs::File, io::Write};

use serde_json::Value;
use server::import::{Made, Options, Survey, renamed, survey, typed};

/// Flags as somebody writes them: the name and the value.
pub(crate) type Flags<'a> = &'a [(&'a str, &'a str)];

pub(crate) fn options(flags: Flags<'_>) -> Options {
    let mut options = Options::default();
    for (flag, value) in flags {
        match *flag {
            "map" => options.map.push(renamed(value).unwrap()),
            "type" => options.types.push(typed(value).unwrap()),
            "status-map" => options.status_map.extend(value.split(',').map(|pair| renamed(pair).unwrap())),
            "delimiter" => options.delimiter = Some(value.parse().unwrap()),
            "encoding" => options.encoding = Some(value.parse().unwrap()),
            "format" => options.format = Some(value.parse().unwrap()),
            "sheet" => options.sheet = Some((*value).to_owned()),
            "only-missing" => options.only_missing = true,
            other => panic!("there is no flag --{other}"),
        }
    }
    options
}

pub(crate) fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Everything that is said of a file: its form, its columns, the notes, and what each row becomes.
pub(crate) fn told(bytes: &[u8], name: &str, flags: Flags<'_>) -> String {
    let file = file(bytes);
    match survey(&file, name, &options(flags)) {
        Ok(survey) => told_of(&survey, &file),
        Err(fault) => format!("fault: {}{}\n", fault.detail, hint(fault.hint.as_ref())),
    }
}

fn told_of(survey: &Survey, file: &File) -> String {
    let about = survey.about();
    let form = [
        Some(about.format.to_string()),
        about.encoding.clone(),
        about.compression.clone(),
        about.delimiter.as_ref().map(|delimiter| format!("delimiter {delimiter}")),
        about.sheet.as_ref().map(|sheet| format!("sheet {sheet}")),
        about.is_export.then(|| "export".to_owned()),
        Some(format!("{} records", about.records)),
    ];
    let mut lines = vec![form.into_iter().flatten().collect::<Vec<_>>().join(", ")];
    for column in &about.columns {
        let kind = if column.kind == "auto" { String::new() } else { format!(" ({})", column.kind) };
        lines.push(format!(
            "  {:?} becomes {}{kind}: {}",
            column.name,
            column.becomes,
            column.examples.join(" | ")
        ));
    }
    for note in &about.notes {
        lines.push(format!("note: {}{}", note.detail, hint(note.hint.as_ref())));
    }
    for row in survey.rows(file, 0).unwrap() {
        let row = row.unwrap();
        let made = match row.made {
            Ok(Made::Call(call)) => Value::Object(call).to_string(),
            Ok(Made::Cells(cells)) => match survey.amend(&cells, None, None).unwrap() {
                Some(call) => Value::Object(call).to_string(),
                None => "nothing".to_owned(),
            },
            Err(reason) => format!("rejected: {reason}"),
        };
        lines.push(format!("line {}: {made}", row.line));
    }
    lines.extend(about.broken.as_ref().map(|broken| format!("broken: {}", broken.detail)));
    format!("{}\n", lines.join("\n"))
}

fn hint(hint: Option<&String>) -> String {
    hint.map_or_else(String::new, |hint| format!("\n  hint: {hint}"))
}
