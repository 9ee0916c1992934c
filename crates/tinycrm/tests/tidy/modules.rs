//! Rules about directions: which module may use which, and that none go in circles.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Complaint,
    source::{Source, words},
};

/// What each top module of the server may use; what is not listed may use nothing. DESIGN.md and ARCHITECTURE.md say why.
const SERVER: [(&str, &[&str]); 12] = [
    ("budget", &[]),
    ("heavy", &[]),
    ("config", &["model"]),
    ("embedded", &["config"]),
    ("store", &["config", "heavy", "model"]),
    ("export", &["model", "store"]),
    ("import", &["budget", "config", "model", "store", "export"]),
    ("http", &["budget", "config", "model", "store", "export", "import"]),
    ("api", &["config", "heavy", "model", "store", "export", "import", "http"]),
    ("web", &["config", "model", "store", "export", "import", "http", "api"]),
    ("router", &["config", "model", "store", "http", "api", "web"]),
    ("model", &[]),
];

/// What each crate may use.
pub(crate) const CRATES: [(&str, &[&str]); 4] = [
    ("filter", &[]),
    ("index", &["filter"]),
    ("server", &["filter", "index"]),
    ("tinycrm", &["filter", "index", "server"]),
];

/// A module's path inside its crate; the crate's own root is empty.
type Module = Vec<String>;

/// A use of one module by another.
struct Edge {
    from: Module,
    to: Module,
    path: String,
    line: usize,
}

/// Everything that the files of one crate do wrong together.
pub(crate) fn complaints(name: &str, sources: &[&Source]) -> Vec<Complaint> {
    let modules: BTreeSet<Module> = sources.iter().filter_map(|source| module(&source.path)).collect();
    let edges: Vec<Edge> = sources.iter().flat_map(|source| edges(source, &modules)).collect();
    let directions = if name == "server" { against_the_stream(&edges) } else { Vec::new() };
    [directions, cycles(&edges)].concat()
}

fn against_the_stream(edges: &[Edge]) -> Vec<Complaint> {
    let allowed =
        |from: &str, to: &str| SERVER.iter().any(|(module, may)| *module == from && may.contains(&to));
    let wrong = edges.iter().filter(|edge| {
        edge.from
            .first()
            .is_some_and(|from| edge.to.first().is_some_and(|to| from != to && !allowed(from, to)))
    });
    let fix = "data flows one way (ARCHITECTURE.md): move what both need to where both may use it";
    wrong.map(|edge| complain(edge, format!("{} uses {}", edge.from[0], edge.to[0]), fix)).collect()
}

fn complain(edge: &Edge, found: String, fix: &'static str) -> Complaint {
    Complaint { path: edge.path.clone(), line: edge.line, found, fix }
}

/// Circles among the modules of one folder, at every depth.
fn cycles(edges: &[Edge]) -> Vec<Complaint> {
    let mut uses: BTreeMap<&[String], BTreeSet<&[String]>> = BTreeMap::new();
    for edge in edges {
        let (from, to) = siblings(edge);
        uses.entry(from).or_default().insert(to);
    }
    let in_a_circle = edges.iter().filter(|edge| {
        let (from, to) = siblings(edge);
        reaches(&uses, to, from)
    });
    let fix = "break the circle: move what both need into a module of its own";
    in_a_circle
        .map(|edge| {
            let (from, to) = siblings(edge);
            complain(edge, format!("{} uses {}, which uses it too", from.join("::"), to.join("::")), fix)
        })
        .collect()
}

/// The two modules of one folder between which an edge goes.
fn siblings(edge: &Edge) -> (&[String], &[String]) {
    let shared = edge.from.iter().zip(&edge.to).take_while(|(a, b)| a == b).count();
    (&edge.from[..=shared], &edge.to[..=shared])
}

fn reaches(uses: &BTreeMap<&[String], BTreeSet<&[String]>>, from: &[String], to: &[String]) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(module) = open.pop() {
        if module == to {
            return true;
        }
        if seen.insert(module) {
            open.extend(uses.get(module).into_iter().flatten());
        }
    }
    false
}

/// The module that a file is: `crates/server/src/store/key.rs` is `store::key`.
fn module(path: &str) -> Option<Module> {
    let inside = path.split_once("/src/")?.1.strip_suffix(".rs")?;
    let mut parts: Module = inside.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    Some(parts)
}

/// The uses of other modules in a file's product; those of its own parents and children do not count.
fn edges(source: &Source, modules: &BTreeSet<Module>) -> Vec<Edge> {
    let Some(from) = module(&source.path) else { return Vec::new() };
    let mut edges = Vec::new();
    for (place, target) in paths(&source.product, &from) {
        let longest = (1..=target.len()).rev().map(|length| target[..length].to_vec());
        let Some(to) = longest.into_iter().find(|prefix| modules.contains(prefix)) else { continue };
        if !from.starts_with(&to) && !to.starts_with(&from) {
            edges.push(Edge { from: from.clone(), to, path: source.path.clone(), line: source.line(place) });
        }
    }
    edges
}

/// Every `crate::…` and `super::…` of a module's code, with groups taken apart, from the root of the crate.
fn paths(code: &str, from: &Module) -> Vec<(usize, Module)> {
    let mut found = Vec::new();
    for at in words(code, "crate").into_iter().chain(words(code, "super")) {
        let mut base = if code[at..].starts_with("crate") { Vec::new() } else { parent(from) };
        let mut rest = &code[at + 5..];
        while let Some(next) = rest.strip_prefix("::super") {
            (base, rest) = (parent(&base), next);
        }
        // `super::super` is found twice; only from its first word is it the whole path.
        if let Some(tree) = rest.strip_prefix("::").filter(|_| !code[..at].ends_with("super::")) {
            found.extend(expand(tree, &base).into_iter().map(|path| (at, path)));
        }
    }
    found
}

fn parent(module: &Module) -> Module {
    module[..module.len().saturating_sub(1)].to_vec()
}

/// The paths of a use tree: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(tree: &str, base: &Module) -> Vec<Module> {
    let tree = tree.trim_start();
    if let Some(group) = tree.strip_prefix('{') {
        return items(group).into_iter().flat_map(|item| expand(item, base)).collect();
    }
    let name: String = tree.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    if name.is_empty() || name == "self" {
        return vec![base.clone()];
    }
    let path = [base.as_slice(), std::slice::from_ref(&name)].concat();
    match tree[name.len()..].trim_start().strip_prefix("::") {
        Some(rest) => expand(rest, &path),
        None => vec![path],
    }
}

/// The items of a group, up to its closing brace.
fn items(group: &str) -> Vec<&str> {
    let (mut items, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b',' if depth == 0 => {
                items.push(&group[start..at]);
                start = at + 1;
            }
            b'}' if depth == 0 => {
                items.push(&group[start..at]);
                break;
            }
            b'}' => depth -= 1,
            _ => {}
        }
    }
    items.retain(|item| !item.trim().is_empty());
    items
}

/// Types of one name that the API's description shows: it would show one of them in place of both.
pub(crate) fn namesakes(sources: &[Source]) -> Vec<Complaint> {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    let mut complaints = Vec::new();
    for source in sources {
        for at in words(&source.product, "ToSchema") {
            let Some(name) = schema(&source.product[at..]) else { continue };
            match known.get(&name) {
                Some(other) => complaints.push(Complaint {
                    path: source.path.clone(),
                    line: source.line(at),
                    found: format!("the schema {name} is one of {other} too"),
                    fix: "the API's description would show one of them in place of both; give it a name of its own",
                }),
                None => _ = known.insert(name, &source.path),
            }
        }
    }
    complaints
}

/// The name of the schema that is derived here: that of the type, unless an attribute gives it another.
fn schema(code: &str) -> Option<String> {
    let item = code.split(['{', ';']).next()?;
    let mut words = item.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.find(|word| matches!(*word, "as" | "struct" | "enum"))?;
    words.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_of_one_name_are_found() {
        let file = |(path, code): (&str, &str)| Source::new(path, code);
        let one = "#[derive(Debug, ToSchema)]\n#[serde(rename_all = \"x\")]\npub struct Out { a: u8 }\n#[derive(ToSchema)]\nstruct Own;";
        let other = "use utoipa::ToSchema;\n#[derive(ToSchema)]\nenum Out { A }\n#[derive(ToSchema)]\n#[schema(as = Other)]\nstruct Own(u8);";
        let found = namesakes(&[("a.rs", one), ("b.rs", other)].map(file));
        assert_eq!(found.len(), 1, "{}", found.iter().map(ToString::to_string).collect::<String>());
        assert_eq!((found[0].line, found[0].found.as_str()), (2, "the schema Out is one of a.rs too"));
    }

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let file = |(path, code): &(&str, &str)| Source::new(&format!("crates/server/src/{path}"), code);
        let sources: Vec<Source> = files.iter().map(file).collect();
        let complaints = complaints("server", &sources.iter().collect::<Vec<_>>());
        complaints.into_iter().map(|complaint| complaint.found).collect()
    }

    #[test]
    fn use_trees_are_taken_apart() {
        let text = "use crate::{a::b, c::{self, d as e}}; use super::super::f::G; fn x() { crate::h::i(1) }";
        let paths = paths(text, &vec!["m".to_owned(), "n".to_owned()]);
        let mut names: Vec<String> = paths.into_iter().map(|(_, path)| path.join("::")).collect();
        names.sort();
        assert_eq!(names, ["a::b", "c", "c::d", "f::G", "h::i"]);
    }

    #[test]
    fn with_the_stream_is_fine_and_against_it_is_found() {
        let store = ("store/key.rs", "use crate::model::Key;");
        assert_eq!(found(&[store, ("model/mod.rs", "pub struct Key;")]), [""; 0]);
        assert_eq!(found(&[store, ("model/mod.rs", "use crate::store::key;")])[0], "model uses store");
        assert_eq!(
            found(&[("api/a.rs", "fn f() { crate::web::g() }"), ("web/mod.rs", "")]),
            ["api uses web"]
        );
        assert_eq!(
            found(&[("embedded/a.rs", "use super::super::model::B;"), ("model/mod.rs", "")]),
            ["embedded uses model"]
        );
    }

    #[test]
    fn a_circle_is_found_and_a_chain_is_not() {
        let chain =
            [("store/a.rs", "use super::b;"), ("store/b.rs", "use crate::store::c::C;"), ("store/c.rs", "")];
        assert_eq!(found(&chain), [""; 0]);
        let circle = [chain[0], chain[1], ("store/c.rs", "use super::a::A;")];
        assert_eq!(found(&circle).len(), 3, "{:?}", found(&circle));
    }

    #[test]
    fn a_module_may_use_its_parent_and_tests_may_use_anything() {
        let files = [
            ("store/mod.rs", "mod a; use a::A;"),
            ("store/a.rs", "use super::B;"),
            ("web/mod.rs", ""),
            ("model/a.rs", "#[cfg(test)]\nmod tests { use crate::web::B; }"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }
}
