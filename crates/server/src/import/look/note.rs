//! What is said of a file: what was assumed of its form, what its columns may be, what is wrong with some of its rows.

use encoding_rs::UTF_8;

use crate::{
    import::{
        cell::{status, value::shown},
        file::form::Form,
        look::{about::Note, conflict::Conflicts, oddities::Oddities},
        options::Options,
        text::{
            sheet::{COLUMNS_MAX, Sheet},
            source::KnownBy,
        },
    },
    model::flag::flag,
};

/// What was assumed of a file's form.
pub(crate) fn of_form(form: &Form, options: &Options) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(source) = form.source() {
        if let Some(compression) = source.compression {
            notes.push(Note::new(format!("It is compressed with {}.", compression.as_str())));
        }
        let name = source.encoding.name();
        match source.known_by {
            KnownBy::Looks => notes.push(
                Note::new(format!("It is not UTF-8: it is read as {name}."))
                    .hint("If names look wrong, say how it was written, as in --encoding macintosh or --encoding windows-1250"),
            ),
            KnownBy::Mark if source.encoding != UTF_8 => {
                notes.push(Note::new(format!("It is written in {name}, as its first bytes say.")));
            }
            _ => {}
        }
    }
    if let Some(table) = form.table() {
        if options.delimiter.is_none() && table.delimiter.0 != b',' {
            let delimiter = table.delimiter.to_string();
            notes.push(Note::new(format!(
                "The delimiter is {}.",
                if delimiter == "tab" { delimiter } else { format!("'{delimiter}'") }
            )));
        }
        match table.comments {
            0 => {}
            1 => notes
                .push(Note::new("The line before the header that begins with # is skipped as a comment.")),
            lines => notes.push(Note::new(format!(
                "The {lines} lines before the header that begin with # are skipped as comments."
            ))),
        }
    }
    notes.extend(form.sheet().into_iter().flat_map(of_cells));
    if let Some(sheet) = form.sheet().filter(|sheet| sheet.names.len() > 1) {
        let others: Vec<&str> =
            sheet.names.iter().filter(|name| **name != sheet.name).map(String::as_str).collect();
        let note =
            Note::new(format!("The sheet {} is read; there are {} too.", sheet.name, others.join(", ")));
        notes.push(if options.sheet.is_none() {
            note.hint(format!("For another add {}", flag("sheet", others[0])))
        } else {
            note
        });
    }
    notes
}

/// Cells of a sheet that say nothing here.
fn of_cells(sheet: &Sheet) -> Vec<Note> {
    let mut notes = Vec::new();
    if sheet.uncalculated > 0 {
        let named = sheet.uncalculated_first.join(", ");
        let more = if sheet.uncalculated > sheet.uncalculated_first.len() as u64 { " …" } else { "" };
        let holds = match sheet.uncalculated {
            1 => "1 cell holds a formula that was never calculated".to_owned(),
            cells => format!("{cells} cells hold formulas that were never calculated"),
        };
        let note = Note::new(format!("{holds} ({named}{more}): such cells are empty."));
        notes.push(note.hint("Open the file in a spreadsheet program and save it: that calculates them"));
    }
    if sheet.beyond > 0 {
        let stand =
            if sheet.beyond == 1 { "1 cell stands" } else { &format!("{} cells stand", sheet.beyond) };
        notes.push(Note::new(format!("{stand} beyond the {COLUMNS_MAX}th column: nothing is read there.")));
    }
    notes
}

/// Words that are no statuses, each with its rows, and how they are translated.
fn of_statuses(oddities: &Oddities, status: &str) -> Option<Note> {
    if oddities.statuses.is_empty() {
        return None;
    }
    let mut words: Vec<String> =
        oddities.statuses.iter().map(|(word, count)| format!("{word} ({count})")).collect();
    words.extend((oddities.more_statuses > 0).then(|| format!("and others ({})", oddities.more_statuses)));
    let all = || oddities.statuses.keys().map(String::as_str);
    let unknown: Vec<String> = all().filter(|word| status::meant(word).is_none()).map(shown).collect();
    let guess = match unknown.as_slice() {
        [] => String::new(),
        words => format!(" (of {} nothing is known: free is a placeholder)", words.join(", ")),
    };
    let note = Note::new(format!(
        "These are no statuses: {}. A status is free, trial, paid or churned; rows with another word are rejected.",
        words.join(", ")
    ));
    Some(note.hint(format!(
        "Say what they mean, as in {}{guess} or leave the column out with {}",
        flag("status-map", &status::proposal(all())),
        flag("map", &format!("{status}="))
    )))
}

/// What is wrong with some rows.
pub(crate) fn of_rows(oddities: &Oddities, conflicts: &Conflicts, status: &str) -> Vec<Note> {
    let mut notes = Vec::new();
    let rows = |count: u64| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    notes.extend(of_statuses(oddities, status));
    if oddities.placeholders > 0 {
        let example = oddities.placeholder.as_deref().map(shown).unwrap_or_default();
        notes.push(Note::new(format!(
            "The user_id of {} is a placeholder such as {example}: it is not sent, for it would make strangers one person.",
            rows(oddities.placeholders)
        )));
    }
    if let Some((line, first)) = conflicts.example {
        notes.push(
            Note::new(format!(
                "{} a user_id that another row has with another email (line {line}; before it line {first}): the first of them counts, the others are rejected.",
                if conflicts.rows == 1 { "1 row has".to_owned() } else { format!("{} rows have", conflicts.rows) }
            ))
            .at(line),
        );
    }
    if let Some(line) = oddities.nobody_line {
        let name =
            if oddities.nobody == 1 { "1 row names" } else { &format!("{} rows name", oddities.nobody) };
        notes.push(
            Note::new(format!(
                "{name} nobody, the first on line {line}: rows without an email and a user_id are rejected."
            ))
            .at(line),
        );
    }
    if let Some((line, lines)) = oddities.long_line {
        let more =
            if oddities.long > 1 { format!(" So do {} others.", oddities.long - 1) } else { String::new() };
        notes.push(
            Note::new(format!("A quoted cell that opens near line {line} goes over {lines} lines: perhaps its quote was closed by that of another cell.{more}"))
                .at(line)
                .hint("Look at that line: a quote inside a cell is written twice (\"\")."),
        );
    }
    if oddities.nameless > 0 {
        let cells = if oddities.nameless == 1 {
            "1 cell stands".to_owned()
        } else {
            format!("{} cells stand", oddities.nameless)
        };
        notes.push(
            Note::new(format!("{cells} in columns without a name, which are left out."))
                .hint("Give them a name in the header to import them."),
        );
    }
    notes
}
