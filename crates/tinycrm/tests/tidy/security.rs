//! Rules about docs/security.md: every item of OWASP ASVS 5.0.0 is answered once, and the tests and files that it names are there.

use std::collections::BTreeMap;

use crate::{Complaint, assert_none, read, root, source::words};

const PAGE: &str = "docs/security.md";

/// Of each section, how many items are of level 1, and how many of levels 1 and 2 together: they are numbered in this order.
const SECTIONS: [(&str, u8, u8); 75] = [
    ("1.1", 0, 2),
    ("1.2", 5, 9),
    ("1.3", 2, 11),
    ("1.4", 0, 3),
    ("1.5", 1, 2),
    ("2.1", 1, 3),
    ("2.2", 2, 3),
    ("2.3", 1, 4),
    ("2.4", 0, 1),
    ("3.2", 2, 2),
    ("3.3", 1, 4),
    ("3.4", 2, 6),
    ("3.5", 3, 5),
    ("3.7", 0, 2),
    ("4.1", 1, 3),
    ("4.2", 0, 1),
    ("4.3", 0, 2),
    ("4.4", 1, 4),
    ("5.1", 0, 1),
    ("5.2", 2, 3),
    ("5.3", 2, 2),
    ("5.4", 0, 3),
    ("6.1", 1, 3),
    ("6.2", 8, 12),
    ("6.3", 2, 4),
    ("6.4", 2, 4),
    ("6.5", 0, 5),
    ("6.6", 0, 3),
    ("6.8", 0, 4),
    ("7.1", 0, 3),
    ("7.2", 4, 4),
    ("7.3", 0, 2),
    ("7.4", 2, 5),
    ("7.5", 0, 2),
    ("7.6", 0, 2),
    ("8.1", 1, 2),
    ("8.2", 2, 3),
    ("8.3", 1, 1),
    ("8.4", 0, 1),
    ("9.1", 3, 3),
    ("9.2", 1, 4),
    ("10.1", 0, 2),
    ("10.2", 0, 2),
    ("10.3", 0, 4),
    ("10.4", 5, 11),
    ("10.5", 0, 5),
    ("10.6", 0, 2),
    ("10.7", 0, 3),
    ("11.1", 0, 2),
    ("11.2", 0, 3),
    ("11.3", 2, 3),
    ("11.4", 1, 4),
    ("11.5", 0, 1),
    ("11.6", 0, 1),
    ("12.1", 1, 3),
    ("12.2", 2, 2),
    ("12.3", 0, 4),
    ("13.1", 0, 1),
    ("13.2", 0, 5),
    ("13.3", 0, 2),
    ("13.4", 1, 5),
    ("14.1", 0, 2),
    ("14.2", 1, 4),
    ("14.3", 1, 3),
    ("15.1", 1, 3),
    ("15.2", 1, 3),
    ("15.3", 1, 7),
    ("16.1", 0, 1),
    ("16.2", 0, 5),
    ("16.3", 0, 4),
    ("16.4", 0, 3),
    ("16.5", 0, 3),
    ("17.1", 0, 1),
    ("17.2", 0, 4),
    ("17.3", 0, 2),
];

/// What may be said of an item.
const VERDICTS: [&str; 6] = ["test", "construction", "documented", "operator", "n/a", "not met"];

/// What the name of a test begins with, and where it is looked for.
const TESTS: [(&str, &str); 8] = [
    ("cli", "crates/tinycrm/tests/it"),
    ("e2e", "e2e/tests"),
    ("faults", "crates/tinycrm/tests/faults"),
    ("filter", "crates/filter/tests/it"),
    ("it", "crates/server/tests/it"),
    ("reading", "crates/server/tests/reading"),
    ("server", "crates/server/src"),
    ("tidy", "crates/tinycrm/tests/tidy"),
];

/// What the name of a file ends with, and from where it may be counted.
const FILES: [&str; 6] = [".rs", ".html", ".js", ".sql", ".toml", ".lock"];
const FROM: [&str; 3] = ["", "crates/server/", "crates/server/src/"];

/// A row of the table.
struct Row<'a> {
    line: usize,
    item: &'a str,
    level: &'a str,
    verdict: &'a str,
    how: &'a str,
}

#[test]
fn every_item_of_asvs_is_answered_once() {
    let page = read(PAGE);
    let names = page.lines().enumerate().filter(|(_, line)| line.starts_with('|'));
    let names = names.flat_map(|(number, line)| spans(line).map(move |name| (number + 1, name)));
    let gone = names.filter(|(_, name)| is_name(name) && !is_there(name));
    let gone = gone.map(|(line, name)| complaint(line, format!("there is no {name}"), "name what there is"));
    assert_none(&[items(&page), rows(&page).flat_map(|row| faults(&row)).collect(), gone.collect()].concat());
}

#[test]
fn the_verdicts_are_counted() {
    let page = read(PAGE);
    let counted = VERDICTS.map(|verdict| {
        let count = rows(&page).filter(|row| row.verdict == verdict).count();
        format!("| {verdict} | {count} |")
    });
    let told: Vec<&str> =
        page.lines().filter(|line| VERDICTS.iter().any(|v| line.starts_with(&format!("| {v} |")))).collect();
    assert_eq!(told, counted, "{PAGE} counts its verdicts");
}

fn complaint(line: usize, found: String, fix: &'static str) -> Complaint {
    Complaint { path: PAGE.to_owned(), line, found, fix }
}

fn rows(page: &str) -> impl Iterator<Item = Row<'_>> {
    page.lines().enumerate().filter_map(|(number, text)| {
        let cells: Vec<&str> = text.split('|').map(str::trim).collect();
        let ["", item, level, _, verdict, how, ""] = cells[..] else { return None };
        let item = item.strip_prefix('V')?;
        Some(Row { line: number + 1, item, level, verdict, how })
    })
}

/// Items that are missing, there twice, of another level, or none.
fn items(page: &str) -> Vec<Complaint> {
    let all = SECTIONS.iter().flat_map(|(section, first, both)| {
        (1..=*both).map(move |n| (format!("{section}.{n}"), if n <= *first { "1" } else { "2" }))
    });
    let mut left: BTreeMap<String, &str> = all.collect();
    let mut complaints = Vec::new();
    for row in rows(page) {
        match left.remove(row.item) {
            Some(level) if level == row.level => {}
            Some(level) => {
                let found = format!("V{} is of level {level}", row.item);
                complaints.push(complaint(row.line, found, "write its level"));
            }
            None => {
                let found = format!("V{} is no item, or is there twice", row.item);
                complaints.push(complaint(row.line, found, "leave one row for each item"));
            }
        }
    }
    let missing = left.keys().map(|item| complaint(1, format!("V{item} is missing"), "say how it stands"));
    complaints.extend(missing);
    complaints
}

/// What is wrong with the answer to an item.
fn faults(row: &Row<'_>) -> Vec<Complaint> {
    let names = |what: fn(&str) -> bool| spans(row.how).any(what);
    let fix = match row.verdict {
        verdict if !VERDICTS.contains(&verdict) => "use one of the verdicts that the page explains",
        "test" if !names(is_test) => "name a test",
        "construction" if !names(is_name) => "name the file that makes it so",
        _ if row.how.is_empty() => "say how",
        _ => return Vec::new(),
    };
    vec![complaint(row.line, format!("V{}: {}", row.item, row.verdict), fix)]
}

/// What stands between backticks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_test(name: &str) -> bool {
    name.split_once("::").is_some_and(|(first, _)| TESTS.iter().any(|(prefix, _)| *prefix == first))
}

fn is_name(name: &str) -> bool {
    is_test(name) || FILES.iter().any(|end| name.ends_with(end) && !name.starts_with(['/', '.']))
}

fn is_there(name: &str) -> bool {
    let Some((first, rest)) = name.split_once("::").filter(|_| is_test(name)) else {
        return FROM.iter().any(|from| root().join(from).join(name).is_file());
    };
    let folder = TESTS.iter().find(|(prefix, _)| *prefix == first).map_or("", |(_, folder)| *folder);
    let (modules, name) = rest.rsplit_once("::").unwrap_or(("", rest));
    if first == "e2e" {
        let file = std::fs::read_to_string(root().join(format!("{folder}/{modules}.test.mjs")));
        return file.is_ok_and(|text| text.lines().any(|l| l.starts_with("test(") && l.contains(name)));
    }
    // Tests inside a file are in its module `tests`, or in a file of that name.
    let path = format!("{folder}/{}", modules.replace("::", "/"));
    let path = path.trim_end_matches('/');
    let files = [path, path.strip_suffix("/tests").unwrap_or(path)].map(|path| format!("{path}.rs"));
    let mut texts = files.iter().filter_map(|file| std::fs::read_to_string(root().join(file)).ok());
    texts.any(|text| has_test(&text, name))
}

/// Whether a file has a function of that name, right under an attribute that makes it a test.
fn has_test(text: &str, name: &str) -> bool {
    words(text, &format!("fn {name}")).into_iter().any(|at| {
        let above = text[..at].lines().rev().nth(if text[..at].ends_with('\n') { 0 } else { 1 });
        above.is_some_and(|line| line.trim_start().starts_with("#[") && line.contains("test"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "| V1.1.1 | 2 | decode once | test | `it::web::gone` |\n";

    fn found(complaints: &[Complaint]) -> Vec<&str> {
        complaints.iter().map(|complaint| complaint.found.as_str()).collect()
    }

    #[test]
    fn there_are_as_many_items_as_in_the_standard() {
        let sum = |of: fn(&(&str, u8, u8)) -> u8| SECTIONS.iter().map(|s| u32::from(of(s))).sum::<u32>();
        assert_eq!((sum(|s| s.1), sum(|s| s.2)), (70, 253));
    }

    #[test]
    fn an_item_that_is_missing_twice_or_of_another_level_is_found() {
        assert_eq!(items(ROW).len(), 252);
        let twice = items(&format!("{ROW}{ROW}"));
        assert_eq!(found(&twice)[0], "V1.1.1 is no item, or is there twice");
        assert_eq!(found(&items(&ROW.replace("| 2 |", "| 1 |")))[0], "V1.1.1 is of level 2");
    }

    #[test]
    fn an_answer_that_says_nothing_is_found() {
        let wrong = |row: &str| rows(row).flat_map(|row| faults(&row)).count();
        assert_eq!(wrong(ROW), 0);
        for (from, to) in [
            ("test", "tested"),
            ("`it::web::gone`", "a test"),
            ("test | `it::web::gone`", "construction | by itself"),
            ("test | `it::web::gone`", "n/a | "),
        ] {
            assert_eq!(wrong(&ROW.replace(from, to)), 1, "{to}");
        }
    }

    #[test]
    fn what_is_named_is_looked_for() {
        for name in [
            "tidy::security::every_item_of_asvs_is_answered_once",
            "tidy::panics_are_rare",
            "it::access::a_key_opens_its_own_doors_only",
            "server::model::key::tests::debug_hides_the_key",
            "server::model::body::tests::null_is_the_same_as_left_out",
            "e2e::sign_in::a viewer looks and changes nothing",
            "router.rs",
            "Cargo.lock",
        ] {
            assert!(is_name(name) && is_there(name), "{name}");
        }
        for name in [
            "it::access::a_key_opens_all_doors",
            "it::gone::a_key_opens_its_own_doors_only",
            "tidy::security::is_there",
            "e2e::sign_in::a viewer changes everything",
            "gone.rs",
        ] {
            assert!(is_name(name) && !is_there(name), "{name}");
        }
    }
}
