//! The first record of a table: the names of its columns, and what is said when they name nobody.

use std::fs::File;

use crate::{
    export::{AS_OF, bare},
    import::{
        column::{
            columns::{Cell, Columns},
            field,
        },
        fault::Fault,
        file::{
            form::{Form, Table},
            reader::{Found, Reader, Step, What},
        },
        rejects::is_rejects,
    },
    model::{Email, flag::flag},
};

/// The most columns of a file.
const COLUMNS_MAX: usize = 4_096;
/// A header may stand so many rows below a title.
const TITLE_ROWS: usize = 20;
/// So many rows are looked at to find the column that names people.
const SAMPLE_ROWS: usize = 100;

/// Reads the names of the columns. They say whether it is a file of rejected rows, which is read as it was written.
pub(crate) fn read(reader: &mut Reader) -> Result<Vec<String>, Fault> {
    let empty = || {
        Fault::new("The file has no rows.").hint("Its first line names the columns, e.g. email,name,plan.")
    };
    let found = match reader.next()? {
        Step::Row(found) => found,
        Step::End => return Err(empty()),
        Step::Broken(_, detail) => return Err(Fault::new(detail).hint("Close the quote, or take it out.")),
    };
    if let Some(why) = found.fault {
        return Err(Fault::new(format!("The header on line {} cannot be read: {why}.", found.line)));
    }
    let What::Cells(cells) = found.what else { return Err(empty()) };
    let names = cells.iter().map(|cell| cell.text.trim().trim_start_matches('\u{feff}').trim().to_owned());
    let mut names: Vec<String> = names.collect();
    // Spreadsheets write delimiters for columns that they only once used. Cells may still stand there, so a few are kept.
    while names.len() > COLUMNS_MAX && names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    reader.is_rejects = is_rejects(&names);
    if reader.is_rejects {
        names.iter_mut().for_each(|name| *name = bare(name).into_owned());
    }
    if names.len() > COLUMNS_MAX {
        return Err(Fault::new(format!(
            "The header has {} columns; a file has at most {COLUMNS_MAX}.",
            names.len()
        ))
        .hint("Is it the right file? NDJSON may have any number of keys."));
    }
    Ok(names)
}

/// Refuses an export of the past: written as the present, it would undo what came after it.
pub(crate) fn refuse_past<'a>(mut names: impl Iterator<Item = &'a str>) -> Result<(), Fault> {
    if names.any(|name| name == AS_OF) {
        return Err(Fault::new(format!(
            "The file is an export as of a past moment ({AS_OF} says which): it would overwrite the present with the past."
        ))
        .hint(format!("Export without as_of. If the past shall be the present again, take {AS_OF} out of the file.")));
    }
    Ok(())
}

/// Refuses a delimiter that makes one column of a table of several.
pub(crate) fn refuse_wrong_delimiter(names: &[String], form: &Form, file: &File) -> Result<(), Fault> {
    let (Some(table), Some(source), [name]) = (form.table(), form.source(), names) else { return Ok(()) };
    let sample = source.sample(file)?;
    match Table::better(table, &String::from_utf8_lossy(&sample)) {
        Some(better) => Err(Fault::new(format!(
            "With the delimiter '{}' the file has one column, {name}.",
            table.delimiter
        ))
        .hint(format!("Perhaps this is meant: {}", better.flag()))),
        None => Ok(()),
    }
}

/// What is said of a table none of whose columns says who.
pub(crate) fn names_nobody(columns: &Columns, form: &Form, file: &File) -> Fault {
    let header = &columns.header;
    let named: Vec<&str> = header.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let shown = named.join(", ");
    if header.iter().any(|name| is_address(name)) {
        return Fault::new(format!("The first line is a row and no header: {shown}."))
            .hint("Put a line before it that names the columns, e.g. email,name,plan.");
    }
    let fault = Fault::new(format!("No column says who: there is no email and no user_id among {shown}."));
    if let Some((line, names)) = below(form, file) {
        let how = match form {
            Form::Sheet(_) => "Delete the rows above it.".to_owned(),
            _ => format!("Take away the lines before it, as in: tail -n +{line} FILE"),
        };
        let names = names.join(", ");
        return fault.hint(format!("The names of the columns seem to stand on line {line}: {names}. {how}"));
    }
    let mapped = |name: &str, field: &str| flag("map", &format!("{name}={field}"));
    match likely(columns, &sample(form, file)) {
        Some((name, field)) => fault.hint(format!("Name the column with {}", mapped(&name, field))),
        None => fault.hint(format!("Name the column with {}", mapped("COLUMN", "email"))),
    }
}

/// The first line after a title that reads like a header: several names, one of which says who. What stands between its cells
/// may be another thing than it looked like above.
fn below(form: &Form, file: &File) -> Option<(u64, Vec<String>)> {
    let names_somebody = |name: &String| matches!(field::elsewhere(name), Some("email" | "user_id"));
    let is_header = |names: &[String], title: usize| {
        names.len() > title && names.iter().any(names_somebody) && !names.iter().any(|name| is_address(name))
    };
    let said = |cells: Vec<Cell>| -> Vec<String> {
        cells.iter().filter_map(|cell| cell.says().map(|name| name.trim().to_owned())).collect()
    };
    let tables = match form {
        Form::Table { source, table } => table.with_each_delimiter(source),
        form => vec![form.clone()],
    };
    tables.iter().find_map(|form| {
        let mut reader = Reader::open(form, file).ok()?;
        let mut title = None;
        for _ in 0..TITLE_ROWS {
            let Ok(Step::Row(Found { line, what: What::Cells(cells), .. })) = reader.next() else { break };
            let names = said(cells);
            if is_header(&names, *title.get_or_insert(names.len())) {
                return Some((line, names));
            }
        }
        None
    })
}

/// The column that most likely names people: by its cells, else by its name.
fn likely(columns: &Columns, rows: &[Vec<Cell>]) -> Option<(String, &'static str)> {
    let parts = || columns.parts.iter().filter(|part| !part.name.is_empty());
    let addresses = |place: usize| {
        let said = rows.iter().filter_map(|cells| cells.get(place)?.says());
        said.filter(|text| is_address(text)).count()
    };
    // Of columns with as many addresses the first one: a second is often somebody else's.
    let most = parts().map(|part| addresses(part.places[0])).max().unwrap_or_default();
    let by_cells = parts().find(|part| most > 0 && addresses(part.places[0]) == most);
    let by_field = |field: &'static str| parts().find(|part| field::elsewhere(&part.name) == Some(field));
    let is_about_mail = |name: &str| {
        let letters = field::letters(name);
        let other = ["label", "type", "status", "date", "count", "optin", "consent", "sent", "verified"];
        letters.contains("mail") && !other.iter().any(|other| letters.contains(other))
    };
    let email =
        by_cells.or_else(|| by_field("email")).or_else(|| parts().find(|part| is_about_mail(&part.name)));
    let found =
        email.map(|part| (part, "email")).or_else(|| by_field("user_id").map(|part| (part, "user_id")));
    found.map(|(part, field)| (part.name.clone(), field))
}

fn is_address(text: &str) -> bool {
    text.contains('@') && Email::parse(text).is_ok()
}

/// The first rows.
fn sample(form: &Form, file: &File) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    let Ok(mut reader) = Reader::open(form, file) else { return rows };
    while let (true, Ok(Step::Row(found))) = (rows.len() <= SAMPLE_ROWS, reader.next()) {
        if let What::Cells(cells) = found.what {
            rows.push(cells);
        }
    }
    rows.split_off(rows.len().min(1))
}
