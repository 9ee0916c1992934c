//! What an import comes to, in words.

use serde_json::Value;

use crate::table::Table;

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
        let parts = ["new", "updated", "unchanged", "ignored", "rejected"].map(|name| part(name, name));
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let parts = if parts.is_empty() { "no rows".to_owned() } else { parts.join(", ") };
        let stale = match number("stale") {
            0 => String::new(),
            count => format!(
                "\n{} told something older than what is known, or a past of people who are known already: that stays as it is.",
                rows(count)
            ),
        };
        return format!("Imported {file} into {project}: {parts}.{stale}");
    }
    let parts = [
        part("new", "of new customers"),
        part("updated", "of known ones"),
        part("unchanged", "with nothing new"),
        part("ignored", "of people who are ignored"),
        part("rejected", "to be rejected"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let of = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    let head =
        format!("{file} would go into {project}; nothing was written. It has {}{of}.", rows(number("done")));
    let tables = [columns(report), calls(report)];
    [head].into_iter().chain(tables.into_iter().flatten()).collect::<Vec<_>>().join("\n\n")
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
    let calls: Vec<String> = calls.iter().map(Value::to_string).collect();
    Some(format!("The first calls:\n{}", calls.join("\n")))
}

/// A number of rows.
pub fn rows(count: u64) -> String {
    format!("{count} {}", if count == 1 { "row" } else { "rows" })
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
