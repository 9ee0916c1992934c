//! Rules about one file: headers, sizes, banned words, where SQL may stand, and Markdown.

use crate::{
    Complaint,
    source::{Function, Source, words},
};

/// No file of the product is longer than this many lines, and no function.
const FILE: usize = 500;
const FUNCTION: usize = 70;

/// A handler is a paragraph: extract, call one or two named functions, wrap.
const HANDLER: usize = 15;

/// Where handlers are.
const HANDLERS: [&str; 2] = ["crates/server/src/api/", "crates/server/src/web/"];

/// What must not stand in the product, where it may stand after all, and what to write instead.
const BANNED: [(&str, &[&str], &str); 14] = [
    ("todo!", &[], "finish it"),
    ("unimplemented!", &[], "finish it"),
    ("dbg!", &[], "remove it, or log with tracing"),
    (".unwrap()", &[], "return the error, or `expect(\"why it holds\")` where it truly holds"),
    ("println!", &["crates/tinycrm/"], "only the binary talks to the terminal; return the text"),
    ("print!", &["crates/tinycrm/"], "only the binary talks to the terminal; return the text"),
    ("eprintln!", &["crates/tinycrm/"], "log with tracing, or return an error"),
    ("SystemTime::now", &["crates/server/src/model/clock.rs"], "call server::model::now"),
    ("Timestamp::now", &["crates/server/src/model/clock.rs"], "call server::model::now"),
    ("Zoned::now", &["crates/server/src/model/clock.rs"], "call server::model::now"),
    ("unsafe", &["crates/server/src/embedded/child.rs"], "find a safe way; the one exception is reviewed"),
    (
        "process::exit",
        &["crates/tinycrm/src/main.rs"],
        "return an error, so that what is running is stopped in order",
    ),
    ("set_var", &[], "pass the value; the environment is shared by all threads"),
    (
        "env::var",
        &["crates/server/src/embedded/", "crates/tinycrm/"],
        "declare a flag with `env` in config.rs",
    ),
];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 7] = ["util", "utils", "common", "helper", "helpers", "core", "types"];

/// Where SQL may stand.
const SQL_PLACES: [&str; 3] =
    ["crates/server/src/store/", "crates/filter/src/sql.rs", "crates/filter/src/sql/"];

/// How a statement begins, and what follows later in it: both, because English sentences begin with verbs too.
const SQL: [(&str, &str); 13] = [
    ("select ", " from "),
    ("select ", "("),
    ("insert into ", ""),
    ("update ", " set "),
    ("delete from ", ""),
    ("with ", " as ("),
    ("create table ", ""),
    ("create index ", ""),
    ("create database ", ""),
    ("alter table ", ""),
    ("drop table ", ""),
    ("truncate table ", ""),
    ("copy ", " std"),
];

/// Everything that one Rust file can do wrong.
pub(crate) fn complaints(source: &Source) -> Vec<Complaint> {
    [
        header(source),
        file_size(source),
        function_size(source),
        handler_size(source),
        banned(source),
        html(source),
        sql(source),
        name(source),
    ]
    .concat()
}

fn complaint(source: &Source, place: usize, found: impl Into<String>, fix: &'static str) -> Complaint {
    Complaint { path: source.path.clone(), line: source.line(place), found: found.into(), fix }
}

fn header(source: &Source) -> Vec<Complaint> {
    if source.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![complaint(source, 0, "the file does not open with `//!`", "say in its first line what it is for")]
}

fn file_size(source: &Source) -> Vec<Complaint> {
    if source.product_lines <= FILE {
        return Vec::new();
    }
    let found = format!("{} lines (at most {FILE}, tests not counted)", source.product_lines);
    vec![complaint(source, 0, found, "split it into files that each have one subject")]
}

fn function_size(source: &Source) -> Vec<Complaint> {
    let long = source.functions().into_iter().filter(|function| function.lines > FUNCTION);
    long.map(|function| {
        let found = format!("fn {} has {} lines (at most {FUNCTION})", function.name, function.lines);
        complaint(source, function.start, found, "move a step of it into a function with a name")
    })
    .collect()
}

/// Handlers are the async functions that a module shows; so are layers, which take the next one in, of another kind.
fn handler_size(source: &Source) -> Vec<Complaint> {
    if !HANDLERS.iter().any(|folder| source.path.starts_with(folder)) {
        return Vec::new();
    }
    let functions = source.functions().into_iter();
    let long = functions.filter(|f| is_handler(f) && f.body_lines > HANDLER);
    long.map(|function| {
        let found =
            format!("handler {} has {} lines (at most {HANDLER})", function.name, function.body_lines);
        complaint(
            source,
            function.start,
            found,
            "give its steps names: what reads, what decides, what answers",
        )
    })
    .collect()
}

fn is_handler(function: &Function) -> bool {
    let head = &function.head;
    head.starts_with("pub") && head.ends_with("async") && !function.signature.contains("Next")
}

fn banned(source: &Source) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (word, places, fix) in BANNED {
        if places.iter().any(|place| source.path.starts_with(place)) {
            continue;
        }
        let found = words(&source.product, word);
        complaints.extend(found.into_iter().map(|at| complaint(source, at, format!("`{word}`"), fix)));
    }
    for (number, line) in source.text.lines().enumerate() {
        if line.contains(concat!("FIX", "ME")) || line.contains(concat!("XX", "X:")) {
            let found = "a note that something is wrong";
            let fix = "mend it, or write an issue";
            complaints.push(Complaint {
                path: source.path.clone(),
                line: number + 1,
                found: found.to_owned(),
                fix,
            });
        }
    }
    complaints
}

/// HTML belongs into templates, which escape what they are given.
fn html(source: &Source) -> Vec<Complaint> {
    let tags = source.literals.iter().filter(|literal| {
        literal.text.starts_with('<') && source.product[..literal.start].trim_end().ends_with("format!(")
    });
    tags.map(|literal| complaint(source, literal.start, "HTML made with format!", "write a template"))
        .collect()
}

fn sql(source: &Source) -> Vec<Complaint> {
    if SQL_PLACES.iter().any(|place| source.path.starts_with(place)) {
        return Vec::new();
    }
    let statements = source.literals.iter().filter(|literal| is_sql(&literal.text));
    statements
        .map(|literal| {
            complaint(source, literal.start, "a statement of SQL", "move it into crates/server/src/store")
        })
        .collect()
}

fn is_sql(text: &str) -> bool {
    let text = text.trim_start().to_ascii_lowercase();
    let spaced: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    SQL.iter().any(|(start, later)| spaced.strip_prefix(start).is_some_and(|rest| rest.contains(later)))
}

fn name(source: &Source) -> Vec<Complaint> {
    let mut parts = source.path.split(['/', '.']);
    match parts.any(|part| EMPTY_NAMES.contains(&part)) {
        true => vec![complaint(source, 0, "a name that fits everything", "name what is inside")],
        false => Vec::new(),
    }
}

/// A Markdown file has one title, its first line.
pub(crate) fn titles(path: &str, text: &str) -> Vec<Complaint> {
    let titles: Vec<usize> =
        prose(text).filter(|(_, line)| line.starts_with("# ")).map(|(number, _)| number).collect();
    if titles == [1] {
        return Vec::new();
    }
    let found = format!("{} titles (`# …`)", titles.len());
    let line = titles.get(1).copied().unwrap_or(1);
    vec![Complaint { path: path.to_owned(), line, found, fix: "write exactly one, in the first line" }]
}

/// The lines of a Markdown file outside of code blocks, numbered from 1.
pub(crate) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        (!in_code && !fence).then_some((number + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in a file of the server that opens as it should.
    fn found(code: &str) -> Vec<String> {
        found_in("crates/server/src/api/a.rs", code)
    }

    fn found_in(path: &str, code: &str) -> Vec<String> {
        let source = Source::new(path, &format!("//! A file.\n{code}"));
        complaints(&source)
            .into_iter()
            .map(|complaint| format!("{}: {}", complaint.line, complaint.found))
            .collect()
    }

    #[test]
    fn clean_code_has_no_complaint() {
        assert_eq!(found("fn a() { \"todo! select\" } // .unwrap() println!\n"), [""; 0]);
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        assert_eq!(complaints(&Source::new("a.rs", "fn a() {}\n")).len(), 1);
    }

    #[test]
    fn long_files_and_long_functions_are_found() {
        assert_eq!(
            found(&"const A: u8 = 1;\n".repeat(500)),
            ["1: 501 lines (at most 500, tests not counted)"]
        );
        let long = format!("fn long() {{\n{}}}\n", "    a();\n".repeat(69));
        assert_eq!(found(&long), ["2: fn long has 71 lines (at most 70)"]);
        let fits = format!("fn fits() {{\n{}}}\n", "    a();\n".repeat(68));
        assert_eq!(found(&fits), [""; 0]);
    }

    #[test]
    fn a_handler_is_a_paragraph() {
        let handler = |lines| format!("pub async fn get(a: A) -> B {{\n{}}}\n", "    a();\n".repeat(lines));
        assert_eq!(found(&handler(15)), [""; 0]);
        assert_eq!(found(&handler(16)), ["2: handler get has 16 lines (at most 15)"]);
        assert_eq!(found(&handler(16).replace("a: A", "next: Next")), [""; 0]);
        assert_eq!(found(&handler(16).replace("pub ", "")), [""; 0]);
        assert_eq!(found_in("crates/server/src/store/a.rs", &handler(16)), [""; 0]);
    }

    #[test]
    fn every_banned_word_is_found_where_it_is_banned() {
        for (word, places, _) in BANNED {
            let code = format!("fn a() {{ x{word}(y) }}\n").replace(&format!("x{word}"), &spaced(word));
            assert_eq!(found_in("crates/filter/src/a.rs", &code), [format!("2: `{word}`")], "{code}");
            assert_eq!(found_in("crates/filter/tests/a.rs", &code), [""; 0], "{code}");
            for place in places {
                let there = found_in(&format!("{place}a.rs"), &code);
                assert!(!there.contains(&format!("2: `{word}`")), "{there:?}");
            }
        }
        assert_eq!(
            found(&format!("// {}: mend\n", concat!("FIX", "ME"))),
            ["2: a note that something is wrong"]
        );
    }

    fn spaced(word: &str) -> String {
        if word.starts_with('.') { format!("x{word}") } else { format!(" {word}") }
    }

    #[test]
    fn html_made_by_hand_is_found() {
        assert_eq!(found("fn a() { format!(\"<b>{x}</b>\") }\n"), ["2: HTML made with format!"]);
    }

    #[test]
    fn sql_is_found_outside_its_places_and_english_is_not_sql() {
        let code = |text: &str| format!("fn a() {{ query(\"{text}\") }}\n");
        for statement in [
            "select 1 from t",
            "Select count(*)",
            "insert into t values (1)",
            "update t set a = 1",
            "with a as (select 1)",
        ] {
            assert_eq!(found(&code(statement)), ["2: a statement of SQL"], "{statement}");
            assert_eq!(found_in("crates/server/src/store/a.rs", &code(statement)), [""; 0]);
        }
        for sentence in
            ["Select a project", "update the key", "With one project", "Delete it", "Create a project"]
        {
            assert_eq!(found(&code(sentence)), [""; 0], "{sentence}");
        }
    }

    #[test]
    fn empty_names_are_found() {
        assert_eq!(found_in("crates/server/src/utils/a.rs", ""), ["1: a name that fits everything"]);
        assert_eq!(found_in("crates/server/src/helpers.rs", ""), ["1: a name that fits everything"]);
    }

    #[test]
    fn a_markdown_file_has_one_title() {
        assert_eq!(titles("a.md", "# A\n\n```sh\n# comment\n```\n## B\n").len(), 0);
        assert_eq!(titles("a.md", "# A\n# B\n").len(), 1);
        assert_eq!(titles("a.md", "text\n").len(), 1);
    }
}
