//! The house's rules as a test: every failure prints the place and the fix.
//!
//! Rules about one file are in `tidy/style.rs`, those about modules in `tidy/modules.rs`, those about docs/security.md in
//! `tidy/security.rs`, those about stylesheets and templates in `tidy/pages.rs`; each is shown to fail there.

#[path = "tidy/modules.rs"]
mod modules;
#[path = "tidy/pages.rs"]
mod pages;
#[path = "tidy/security.rs"]
mod security;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/style.rs"]
mod style;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use source::Source;

/// The most packages that `Cargo.lock` may hold.
const PACKAGES: usize = 300;

/// The most direct dependencies of a crate. More need a row in DESIGN.md and a reason there, then a greater number here.
const DEPENDENCIES: [(&str, usize); 4] = [("filter", 9), ("index", 9), ("server", 48), ("tinycrm", 16)];

/// In a thousand lines of the product at most so many calls that can panic, each `expect("why it holds")`.
const PANICS_PER_1000_LINES: usize = 2;

/// Something that breaks a rule.
#[derive(Clone)]
struct Complaint {
    path: String,
    line: usize,
    found: String,
    fix: &'static str,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.path, self.line, self.found, self.fix)
    }
}

#[track_caller]
fn assert_none(complaints: &[Complaint]) {
    let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    assert!(complaints.is_empty(), "{} things to tidy:\n{}", lines.len(), lines.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The repository's files, those not yet added too, without what others wrote.
fn files() -> Vec<String> {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(
        output.status.success(),
        "this test runs in a git checkout: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let all = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let ours = |path: &&str| !path.contains("/vendor/") && root().join(path).is_file();
    all.lines().filter(ours).map(str::to_owned).collect()
}

fn sources() -> Vec<Source> {
    let rust = files().into_iter().filter(|path| path.ends_with(".rs"));
    rust.map(|path| Source::new(&path, &read(&path))).collect()
}

#[test]
fn every_rust_file_keeps_the_rules() {
    let complaints: Vec<Complaint> = sources().iter().flat_map(style::complaints).collect();
    assert_none(&complaints);
}

#[test]
fn modules_use_each_other_one_way() {
    let sources = sources();
    let of = |name: &str| -> Vec<&Source> {
        let folder = format!("crates/{name}/src/");
        sources.iter().filter(|source| source.path.starts_with(&folder)).collect()
    };
    let names = modules::CRATES.iter().map(|(name, _)| *name);
    let complaints: Vec<Complaint> = names.flat_map(|name| modules::complaints(name, &of(name))).collect();
    assert_none(&complaints);
}

#[test]
fn rooms_paint_their_own_pages() {
    let sheets: Vec<(String, String)> = files()
        .into_iter()
        .filter_map(|path| {
            let name = path.strip_prefix("crates/server/static/")?.strip_suffix(".css")?.to_owned();
            Some((name, read(&path)))
        })
        .collect();
    let sheets: Vec<(&str, &str)> =
        sheets.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert!(sheets.len() > 10, "the stylesheets are elsewhere");
    assert_none(&pages::trespasses(&sheets));
}

#[test]
fn schemas_have_names_of_their_own() {
    let sources = sources();
    let complaints: Vec<Complaint> = modules::namesakes(&sources);
    assert_none(&complaints);
}

#[test]
fn panics_are_rare() {
    let sources = sources();
    let calls = [".expect(", "panic!", "unreachable!", "assert!", "assert_eq!"];
    let count =
        |source: &Source| calls.iter().map(|call| source::words(&source.product, call).len()).sum::<usize>();
    let panics: usize = sources.iter().map(count).sum();
    let lines: usize = sources.iter().map(|source| source.product_lines).sum();
    assert!(
        panics * 1000 <= lines * PANICS_PER_1000_LINES,
        "{panics} calls in {lines} lines can panic (at most {PANICS_PER_1000_LINES} in 1,000): return errors instead"
    );
}

#[test]
fn other_code_of_ours_is_short_too() {
    let ends = [".js", ".mjs", ".ts", ".css", ".html", ".sql", ".sh"];
    let ours = files()
        .into_iter()
        .filter(|path| ends.iter().any(|end| path.ends_with(end)) && !path.contains("/test"));
    let complaints: Vec<Complaint> = ours
        .filter_map(|path| {
            let lines = read(&path).lines().count();
            let found = format!("{lines} lines (at most 500)");
            (lines > 500).then_some(Complaint { path, line: 1, found, fix: "split it" })
        })
        .collect();
    assert_none(&complaints);
}

#[test]
fn colours_stand_among_the_tokens_and_styles_in_stylesheets() {
    let ours = files().into_iter().filter(|path| path.ends_with(".css") || path.ends_with(".html"));
    let complaints: Vec<Complaint> = ours.flat_map(|path| pages::complaints(&path, &read(&path))).collect();
    assert_none(&complaints);
}

#[test]
fn every_markdown_file_has_one_title_and_its_links_lead_somewhere() {
    let pages: Vec<String> = files().into_iter().filter(|path| path.ends_with(".md")).collect();
    let mut complaints = Vec::new();
    for path in &pages {
        let text = read(path);
        complaints.extend(style::titles(path, &text));
        complaints.extend(dead_links(path, &text));
    }
    assert_none(&complaints);
}

/// The links of a page to files and headings that are not there.
fn dead_links(path: &str, text: &str) -> Vec<Complaint> {
    let mut dead = Vec::new();
    for (line, prose) in style::prose(text) {
        for target in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !elsewhere && !leads_somewhere(path, target) {
                let found = format!("the link to {target} leads nowhere");
                dead.push(Complaint { path: path.to_owned(), line, found, fix: "mend or remove it" });
            }
        }
    }
    dead
}

fn leads_somewhere(page: &str, target: &str) -> bool {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let page = root().join(page);
    let file = if file.is_empty() { page } else { page.parent().unwrap_or(&page).join(file) };
    if heading.is_empty() || !file.is_file() {
        return heading.is_empty() && file.exists();
    }
    let text = fs::read_to_string(file).unwrap_or_default();
    style::prose(&text).any(|(_, line)| line.starts_with('#') && anchor(line) == heading)
}

/// The anchor of a heading, as forges make it.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn the_lock_file_stays_small() {
    let packages = read("Cargo.lock").lines().filter(|line| *line == "[[package]]").count();
    assert!(
        packages <= PACKAGES,
        "Cargo.lock holds {packages} packages (at most {PACKAGES}): find a smaller crate"
    );
}

#[test]
fn crates_depend_on_few_others_in_one_direction_and_design_says_why() {
    let design = read("DESIGN.md");
    let mut complaints = Vec::new();
    for (name, most) in DEPENDENCIES {
        let path = format!("crates/{name}/Cargo.toml");
        let manifest = read(&path);
        let dependencies = dependencies(&manifest);
        assert!(
            dependencies.len() <= most,
            "{path}: {} direct dependencies (at most {most})",
            dependencies.len()
        );
        let unknown = dependencies.into_iter().filter(|dependency| !may_depend(name, dependency, &design));
        complaints.extend(unknown.map(|dependency| Complaint {
            path: path.clone(),
            line: 1 + manifest.lines().take_while(|line| !line.starts_with(dependency)).count(),
            found: format!("{name} depends on {dependency}"),
            fix: "turn it round, or write into DESIGN.md why this crate and not another",
        }));
    }
    assert_none(&complaints);
}

/// Whether a crate of ours may use another: ours by direction, others' by a reason in DESIGN.md.
fn may_depend(name: &str, dependency: &str, design: &str) -> bool {
    match modules::CRATES.iter().any(|(ours, _)| *ours == dependency) {
        true => modules::CRATES.iter().any(|(ours, may)| *ours == name && may.contains(&dependency)),
        false => design.contains(&format!("`{dependency}`")),
    }
}

/// The names in a manifest's `[dependencies]`.
fn dependencies(manifest: &str) -> Vec<&str> {
    let after = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    let lines = after.take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.split(['.', ' ', '=']).next()).filter(|name| !name.is_empty()).collect()
}

/// Where the API's error codes are declared, one a line: `Name = "code", STATUS;`.
const CODES: &str = "crates/server/src/http/problem.rs";

#[test]
fn every_error_code_is_met_by_a_test() {
    let tests: String =
        sources().iter().filter(|source| source.path.contains("/tests/")).map(|s| s.text.clone()).collect();
    let table = read(CODES);
    let unmet = codes(&table).filter(|(_, code)| !tests.contains(&format!("\"{code}\"")));
    let complaints: Vec<Complaint> = unmet
        .map(|(line, code)| Complaint {
            path: CODES.to_owned(),
            line,
            found: format!("no test gets the error `{code}`"),
            fix: "write one in crates/server/tests/it, or remove the code",
        })
        .collect();
    assert_none(&complaints);
}

fn codes(table: &str) -> impl Iterator<Item = (usize, &str)> {
    table.lines().enumerate().filter_map(|(number, line)| {
        let (_, rest) = line.strip_suffix(';')?.split_once(" = \"")?;
        let (code, status) = rest.split_once("\", ")?;
        status.chars().all(|c| c.is_ascii_uppercase() || c == '_').then_some((number + 1, code))
    })
}

#[test]
fn every_script_can_be_run_and_stops_at_its_first_error() {
    use std::os::unix::fs::PermissionsExt;
    for path in files().into_iter().filter(|path| path.starts_with("scripts/") || path == ".ci/run") {
        let mode = fs::metadata(root().join(&path)).map(|meta| meta.permissions().mode()).unwrap_or_default();
        assert!(mode & 0o111 != 0, "{path} cannot be run: chmod +x {path}");
        let text = read(&path);
        assert!(
            text.lines().any(|line| line.starts_with("set -e")),
            "{path} goes on after an error: add `set -eu`"
        );
        assert!(
            text.lines().nth(1).is_some_and(|line| line.starts_with("# ")),
            "{path} does not say what it is for"
        );
    }
}

#[test]
fn a_dead_link_and_a_living_one_are_told_apart() {
    let page = "# A\n[a](DESIGN.md) [b](gone.md) [c](https://example.com/x) [d](#a) [e](README.md#gone)\n";
    let dead: Vec<String> =
        dead_links("README.md", page).into_iter().map(|complaint| complaint.found).collect();
    // `#a` is looked for in the README as it is, where there is no such heading.
    assert_eq!(dead.len(), 3, "{dead:?}");
    assert_eq!(anchor("## 9. The *index*, really?"), "9-the-index-really");
}

#[test]
fn the_table_of_error_codes_is_read() {
    let table = "    /// Nothing.\n    NotFound = \"not_found\", NOT_FOUND;\n    let a = \"b\";\n";
    assert_eq!(codes(table).collect::<Vec<_>>(), [(2, "not_found")]);
    assert!(codes(&read(CODES)).count() > 10);
}

#[test]
fn a_dependency_needs_a_direction_or_a_reason() {
    assert!(may_depend("index", "filter", "") && !may_depend("filter", "index", "`index`"));
    assert!(
        may_depend("filter", "jiff", "| `jiff` | dates |") && !may_depend("filter", "chrono", "| `jiff` |")
    );
}
