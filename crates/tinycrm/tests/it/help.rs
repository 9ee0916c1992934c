//! The help texts are the manual: each is locked by a snapshot.

use crate::support::{run, tinycrm};

const COMMANDS: &[&str] = &[
    "",
    "serve",
    "demo",
    "project",
    "project create",
    "project list",
    "project rename",
    "project archive",
    "project unarchive",
    "project reset",
    "project delete",
    "key",
    "key create",
    "key list",
    "key rotate",
    "key label",
    "key revoke",
    "member",
    "member add",
    "member link",
    "member email",
    "member role",
    "member sign-out",
    "member remove",
    "member list",
    "customer",
    "customer move",
    "customer merge",
    "customer unmerge",
    "customer correct",
    "customer export",
    "erase",
    "vacuum",
    "ignore",
    "ignore add",
    "ignore remove",
    "ignore list",
    "ignore erase",
    "check",
    "history",
    "identify",
    "query",
    "params",
    "series",
    "changes",
    "insight",
    "insight retention",
    "insight conversion",
    "insight movements",
    "insight lift",
    "insight overlap",
    "insight referrals",
    "insight breakdown",
    "import",
    "export",
];

#[test]
fn every_command_explains_itself() {
    for command in COMMANDS {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help = run(&mut tinycrm(&words), "").ok();
        let name = if command.is_empty() { "tinycrm".to_owned() } else { command.replace(' ', "-") };
        insta::assert_snapshot!(name, help);
        assert!(help.lines().all(|line| line.chars().count() <= 120), "{command}: a line is too long");
    }
}

#[test]
fn what_insights_explain_fills_the_lines_of_any_terminal() {
    for command in COMMANDS.iter().filter(|command| command.starts_with("insight ")) {
        for width in [80, 100] {
            let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
            let help = run(tinycrm(&words).env("COLUMNS", width.to_string()), "").ok();
            let (_, text) = help.split_once("TINYCRM_API_KEY]\n\n").unwrap();
            let lines: Vec<&str> = text.lines().collect();
            for pair in lines.windows(2).filter(|pair| !pair.iter().any(|line| line.is_empty())) {
                let next = pair[1].split_whitespace().next().unwrap();
                let fits = pair[0].chars().count() + 1 + next.chars().count() <= width;
                assert!(!fits || pair[1].starts_with("  "), "{command}, {width}: {pair:?}");
            }
            let examples = lines.iter().skip_while(|line| **line != "Examples:").skip(1);
            for line in examples {
                assert!(line.starts_with("  tinycrm insight "), "{command}, {width}: {line}");
            }
        }
    }
}

#[test]
fn no_command_is_left_out() {
    let listed = |words: &[&str]| -> Vec<String> {
        let help = run(&mut tinycrm(&[words, &["--help"]].concat()), "").ok();
        let commands =
            help.split("Commands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
        let names = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    };
    for command in listed(&[]).into_iter().filter(|name| name != "help") {
        assert!(COMMANDS.contains(&command.as_str()), "{command}");
        for inner in listed(&[&command]).into_iter().filter(|name| name != "help") {
            assert!(COMMANDS.contains(&format!("{command} {inner}").as_str()), "{command} {inner}");
        }
    }
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_right() {
    for words in [
        &["frobnicate"][..],
        &["project"],
        &["project", "create", "My App"],
        &["member", "add", "nobody"],
        &["key", "create", "--kind", "golden"],
        &["query"],
        &["import", "users.csv", "--project", "x", "--type", "zip=integer"],
    ] {
        let ran = run(&mut tinycrm(words), "");
        assert_eq!(ran.code, 2, "{words:?}: {ran:#?}");
        assert!(ran.out.is_empty(), "{words:?}: {ran:#?}");
        assert!(!ran.err.is_empty(), "{words:?}");
    }
}

#[test]
fn a_place_without_a_database_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let ran = run(tinycrm(&["project", "list"]).env("TINYCRM_DATA_DIR", &data), "");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("There is no database in"), "{}", ran.err);
    assert!(ran.err.contains("hint: Run this where the server runs"), "{}", ran.err);
    assert!(!data.exists(), "looking leaves nothing behind");
}
