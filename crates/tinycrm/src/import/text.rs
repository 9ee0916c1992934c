//! What an import comes to, in words.

use serde_json::Value;
use server::model::flag::flag;

use crate::table::Table;

/// Rows that told something older, of which it is said which.
const STALE_SHOWN: usize = 5;

/// Characters of a call that are shown.
const CALL_SHOWN: usize = 500;

/// What was assumed of the file, and what looks wrong with it.
pub fn notes(report: &Value) -> Vec<String> {
    let note = |note: &Value| {
        let line = note["line"].as_u64().map(|line| format!("line {line}: ")).unwrap_or_default();
        let hint = note["hint"].as_str().map(|hint| format!("\n      {hint}")).unwrap_or_default();
        format!("note: {line}{}{hint}", note["detail"].as_str().unwrap_or_default())
    };
    report["about"]["notes"].as_array().into_iter().flatten().map(note).collect()
}

/// What became of the rows.
pub fn after(report: &Value) -> String {
    let (file, project) = (word(&report["file"]), word(&report["project"]));
    let number = |name: &str| report[name].as_u64().unwrap_or(0);
    let part = |name: &str, what: &str| Some(format!("{} {what}", number(name))).filter(|_| number(name) > 0);
    if report["dry_run"] != true {
        let parts =
            ["new", "updated", "unchanged", "ignored", "skipped", "rejected"].map(|name| part(name, name));
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let parts = if parts.is_empty() { "no rows".to_owned() } else { parts.join(", ") };
        let before = report["went_on_after"].as_u64();
        let before = before.map(|row| format!(" It went on after row {row} of a run that was cut off."));
        let lines = [Some(format!("Imported {file} into {project}: {parts}.{}", before.unwrap_or_default()))];
        let lines: Vec<String> = lines.into_iter().chain([stale(report)]).flatten().collect();
        return lines.join("\n");
    }
    let parts = [
        part("new", "of new customers"),
        part("updated", "of known ones"),
        part("unchanged", "with nothing new"),
        part("ignored", "of people who are ignored"),
        part("skipped", "before --resume-from"),
        part("rejected", "to be rejected"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let of = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    let head =
        format!("{file} would go into {project}; nothing was written. It has {}{of}.", rows(number("done")));
    let tables = [columns(report), calls(report)];
    [head].into_iter().chain(tables.into_iter().flatten()).collect::<Vec<_>>().join("\n\n")
}

/// Rows that told something older, and what to do about those that told a past.
fn stale(report: &Value) -> Option<String> {
    let count = report["stale"].as_u64().filter(|count| *count > 0)?;
    let first: Vec<&Value> = report["first_stale"].as_array().into_iter().flatten().collect();
    let line = |row: &&Value| {
        let names: Vec<&str> = row["names"].as_array().into_iter().flatten().map(word).collect();
        format!("\n  line {}: {}", row["line"], names.join(", "))
    };
    let shown: String = first.iter().take(STALE_SHOWN).map(line).collect();
    let tell = |name: &str| {
        let mut names = first.iter().flat_map(|row| row["names"].as_array().into_iter().flatten());
        names.any(|told| told == name)
    };
    let since = tell("status_since").then(|| {
        let dated = flag("map", &format!("{}=timestamp", column_of(report, "status_since")));
        format!(
            "\n  A status that changed for somebody known is dated now, whatever status_since says. To date such changes by the \
             file, import it again with {dated}"
        )
    });
    let by_hand = (tell("first_paid") || tell("status_since")).then(|| {
        format!(
            "\n  The past of somebody known is set right by hand: tinycrm customer correct EMAIL --project {} --first-paid DATE \
             --status-since DATE",
            word(&report["project"])
        )
    });
    let told = "told something older than what is known, or a past of people who are known already: that is not taken.";
    Some(format!("{} {told}{shown}{}{}", rows(count), since.unwrap_or_default(), by_hand.unwrap_or_default()))
}

/// The column of the file that becomes a field.
fn column_of<'a>(report: &'a Value, field: &'a str) -> &'a str {
    let mut columns = report["about"]["columns"].as_array().into_iter().flatten();
    columns.find(|column| column["becomes"] == field).map_or(field, |column| word(&column["name"]))
}

/// What becomes of each column.
fn columns(report: &Value) -> Option<String> {
    let columns = report["about"]["columns"].as_array().filter(|columns| !columns.is_empty())?;
    let mut table = Table::new(["column", "becomes", "read as", "for example"]);
    for column in columns {
        let example = column["examples"].as_array().and_then(|all| all.first());
        let example: String = example.map(word).unwrap_or_default().chars().take(40).collect();
        table.row([word(&column["name"]), word(&column["becomes"]), word(&column["type"]), &example]);
    }
    Some(table.render())
}

fn calls(report: &Value) -> Option<String> {
    let calls = report["first_calls"].as_array().filter(|calls| !calls.is_empty())?;
    let calls: Vec<String> = calls.iter().map(|call| cut(call.to_string())).collect();
    Some(format!("The first calls:\n{}", calls.join("\n")))
}

/// A call as it fits on a screen.
fn cut(mut call: String) -> String {
    if let Some((at, _)) = call.char_indices().nth(CALL_SHOWN) {
        call.replace_range(at.., "…");
    }
    call
}

/// A number of rows.
pub fn rows(count: u64) -> String {
    format!("{count} {}", if count == 1 { "row" } else { "rows" })
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
