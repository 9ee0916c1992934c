//! Imports over HTTP and straight into the database: what arrives, what is rejected, what a kill in the middle costs.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::support::{Ran, Server, run, tinycrm};

/// A directory for one import's files.
fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    (dir, path)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn count(server: &Server, key: &str, filter: &str) -> String {
    run(&mut server.client(key, &["query", filter, "--count"]), "").ok().trim().to_owned()
}

/// Waits until so many match: what went straight into the database, the server sees a moment later.
#[track_caller]
fn comes_to(server: &Server, key: &str, filter: &str, expected: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while count(server, key, filter) != expected && Instant::now() < deadline {
        sleep(Duration::from_millis(50));
    }
    assert_eq!(count(server, key, filter), expected, "{filter}");
}

/// Imports straight into the database.
fn direct(server: &Server, args: &[&str], input: &str) -> Ran {
    run(tinycrm(&[&["import"], args].concat()).env("TINYCRM_DATA_DIR", &server.data), input)
}

const USERS: &str = "\
email,name,status,plan,mrr,zip,beta,joined,note
ada@example.com,Ada,paid,pro,19.90,01234,true,2026-01-05,\"a, \"\"b\"\"\"
bob@example.com,,free,free,,4711,,2026-02-01,
";

#[test]
fn cells_are_typed_and_empty_ones_are_not_sent() {
    let server = Server::shared();
    let key = server.project("typed");
    let (_dir, path) = file("users.csv", USERS);
    let over_http =
        run(&mut server.client(&key, &["import", text(&path), "--project", "typed", "--json"]), "").json();
    assert_eq!((&over_http["imported"], &over_http["rejected"]), (&2.into(), &0.into()), "{over_http}");
    for filter in [
        "mrr = 19.9 and mrr is number",
        "zip = '01234'",
        "zip = 4711",
        "beta = true",
        "joined in 2026-01-01 .. 2026-01-31",
        "note = 'a, \"b\"'",
        "not beta exists and not note exists and not mrr exists and email = 'bob@example.com'",
        "name = 'Ada' and status = paid",
    ] {
        assert_eq!(count(server, &key, filter), "1", "{filter}");
    }
    assert!(!path.with_extension("csv.import").exists(), "a finished import leaves no state");
}

#[test]
fn flags_rename_type_translate_and_keep() {
    let server = Server::shared();
    let key = server.project("flags");
    run(&mut server.client(&key, &["identify", "ada@example.com", "--param", "plan=pro"]), "").ok();
    let table =
        "E-Mail,State,Plan,Zip,secret\nada@example.com,active,free,7,x\nbob@example.com,trialing,free,8,x\n";
    let flags = [
        "import",
        "-",
        "--project",
        "flags",
        "--map",
        "E-Mail=email",
        "--map",
        "State=status",
        "--map",
        "Plan=plan",
        "--map",
        "secret=",
        "--type",
        "Zip=string",
        "--status-map",
        "active=paid,trialing=trial",
        "--only-missing",
    ];
    run(&mut server.client(&key, &flags), table).ok();
    assert_eq!(count(server, &key, "plan = pro and status = paid and params.Zip = '7'"), "1");
    assert_eq!(count(server, &key, "plan = free and status = trial and params.Zip = '8'"), "1");
    assert_eq!(count(server, &key, "secret exists"), "0");
}

#[test]
fn straight_into_the_database_and_ndjson_and_stdin() {
    let server = Server::shared();
    let key = server.project("direct");
    let lines = "{\"email\": \"ada@example.com\", \"plan\": \"pro\", \"tags\": [\"a\"]}\n\n\
                 {\"email\": \"bob@example.com\", \"params\": {\"company\": {\"country\": \"DE\"}}, \"increment\": {\"n\": 2}}\n";
    let done = direct(server, &["-", "--project", "direct", "--json"], lines).json();
    assert_eq!(done["imported"], 2);
    comes_to(server, &key, "plan = pro and tags has a", "1");
    comes_to(server, &key, "company.country = DE and n = 2", "1");
    let unknown = direct(server, &["-", "--project", "nowhere"], lines);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("There is no project nowhere"), "{}", unknown.err);
}

#[test]
fn bad_lines_are_reported_and_spoil_nothing() {
    let server = Server::shared();
    let key = server.project("bad");
    let table = "email,status,age\n\
                 good@example.com,paid,3\n\
                 nonsense,paid,3\n\
                 trial@example.com,trialing,4\n\
                 short@example.com\n\
                 typed@example.com,free,old\n\
                 \"two\nlines@example.com\",free,1\n\
                 last@example.com,free,1\n";
    for (over, project) in [("http", "bad"), ("database", "bad-direct")] {
        let (dir, path) = file("people.csv", table);
        let args = ["import", text(&path), "--project", project, "--type", "age=number"];
        let ran = match over {
            "http" => run(&mut server.client(&key, &args), ""),
            _ => {
                server.project(project);
                direct(server, &args[1..], "")
            }
        };
        assert_eq!(ran.code, 1, "{ran:#?}");
        assert_eq!(ran.out, format!("Imported 2 lines into {project}.\n"));
        assert!(ran.err.contains("5 lines were rejected"), "{}", ran.err);
        let report = fs::read_to_string(dir.path().join("people.csv.rejected.csv")).unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(report, @r#"
            line,reason
            3,"email: ""nonsense"" is not an e-mail address"
            4,"status: ""trialing"" is not a status: trial is probably meant. A status is free, trial, paid or churned"
            5,it has 1 of the header's 3 columns
            6,"column age: ""old"" is not a plain number"
            7,"email: ""two\nlines@example.com"" is not an e-mail address"
            "#);
        }
    }
}

#[test]
fn a_dry_run_sends_nothing_and_shows_everything() {
    let (_dir, path) = file("users.csv", USERS);
    let ran = run(&mut tinycrm(&["import", text(&path), "--project", "anything", "--dry-run"]), "");
    insta::assert_snapshot!(ran.ok());
    let bad = run(&mut tinycrm(&["import", "-", "--project", "anything", "--dry-run"]), "email\nnobody\n");
    assert_eq!(bad.code, 1);
    assert!(bad.err.contains("line 2: email: \"nobody\" is not an e-mail address"), "{}", bad.err);
}

#[test]
fn a_key_of_another_project_is_refused_before_anything_is_sent() {
    let server = Server::shared();
    let key = server.project("right");
    let ran = run(&mut server.client(&key, &["import", "-", "--project", "wrong"]), USERS);
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.err, @r"
    error: TINYCRM_API_KEY is a key of right, not of wrong.
    hint: `tinycrm key create --project wrong` makes the right one.
    ");
}

/// 20,000 lines that each add 1: a line that is imported twice shows.
fn counters() -> String {
    let mut text = String::new();
    for n in 0..20_000 {
        text += &format!("{{\"email\": \"c{n}@example.com\", \"increment\": {{\"times\": 1}}}}\n");
    }
    text
}

/// Kills an import again and again until it has come to its end; every line must count once.
fn killed(server: &Server, key: &str, project: &str, over_http: bool) {
    let (_dir, path) = file("counters.ndjson", &counters());
    let state = path.with_extension("ndjson.import");
    let mut kills = 0;
    loop {
        let args = ["import", text(&path), "--project", project];
        let mut command = if over_http { server.client(key, &args) } else { tinycrm(&args) };
        command.env("TINYCRM_DATA_DIR", &server.data).stdout(Stdio::null()).stderr(Stdio::null());
        let before = fs::read_to_string(&state).unwrap_or_default();
        let mut child = command.spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while fs::read_to_string(&state).unwrap_or_default() == before && child.try_wait().unwrap().is_none()
        {
            assert!(Instant::now() < deadline, "the import does not move");
            sleep(Duration::from_millis(5));
        }
        sleep(Duration::from_millis(40 * (kills % 5)));
        if let Some(ended) = child.try_wait().unwrap() {
            assert!(ended.success());
            break;
        }
        child.kill().unwrap();
        // It may have come to its end just before: then it keeps no state any more, and the file would be imported anew.
        if child.wait().unwrap().success() || !state.exists() {
            break;
        }
        kills += 1;
    }
    assert!(kills >= 2, "it was killed only {kills} times: the test needs more lines");
    comes_to(server, key, "times = 1", "20000");
    comes_to(server, key, "", "20000");
}

#[test]
fn a_killed_import_goes_on_and_every_line_counts_once() {
    let server = Server::shared();
    let http = server.project("killed-http");
    killed(server, &http, "killed-http", true);
    let direct = server.project("killed-direct");
    killed(server, &direct, "killed-direct", false);
}

#[test]
fn another_file_does_not_go_on_where_the_first_stopped() {
    let server = Server::shared();
    let key = server.project("other");
    let (_dir, path) = file("users.csv", USERS);
    let state = path.with_extension("csv.import");
    fs::write(&state, r#"{"import":"01a2091d-454b-739c-afe9-417c855a8952","subject":"x","line":2,"imported":1,"rejected":0,"report_bytes":0}"#).unwrap();
    let refused = run(&mut server.client(&key, &["import", text(&path), "--project", "other"]), "");
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("belongs to another import"), "{}", refused.err);
    let anew = run(
        &mut server.client(&key, &["import", text(&path), "--project", "other", "--resume-from", "3"]),
        "",
    );
    assert_eq!(anew.ok(), "Imported 1 line into other.\n");
    assert_eq!(count(server, &key, ""), "1");
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"c@example.com,,,,,,,,\n").unwrap();
    run(&mut server.client(&key, &["import", text(&path), "--project", "other"]), "").ok();
    assert_eq!(count(server, &key, ""), "3");
}
