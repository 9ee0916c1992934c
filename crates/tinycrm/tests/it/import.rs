//! Imports over HTTP and straight into the database: what arrives, what is rejected, what a kill in the middle costs.

use std::{
    fs,
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
    assert_eq!((&over_http["new"], &over_http["rejected"]), (&2.into(), &0.into()), "{over_http}");
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
    let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(beside, 1, "an import leaves nothing behind");
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
    assert_eq!(done["new"], 2);
    comes_to(server, &key, "plan = pro and tags has a", "1");
    comes_to(server, &key, "company.country = DE and n = 2", "1");
    let unknown = direct(server, &["-", "--project", "nowhere"], lines);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("There is no project nowhere"), "{}", unknown.err);
}

#[test]
fn bad_rows_are_written_out_and_spoil_nothing() {
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
        assert_eq!(ran.out, format!("Imported people.csv into {project}: 3 new, 4 rejected.\n"));
        assert!(ran.err.contains("4 rows were rejected"), "{}", ran.err);
        let rejected = fs::read_to_string(dir.path().join("people.csv.rejected.csv")).unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(rejected.trim_start_matches('\u{feff}'));
        }
    }
}

#[test]
fn a_dry_run_writes_nothing_and_shows_everything() {
    let server = Server::shared();
    let key = server.project("dry");
    let (dir, path) = file("users.csv", &format!("{USERS}nobody\n"));
    for over_http in [true, false] {
        let args = ["import", text(&path), "--project", "dry", "--dry-run"];
        let ran =
            if over_http { run(&mut server.client(&key, &args), "") } else { direct(server, &args[1..], "") };
        assert_eq!(ran.code, 1);
        insta::allow_duplicates! {
            insta::assert_snapshot!(ran.out);
            insta::assert_snapshot!(ran.err, @r#"
            note: The column joined becomes params.joined. Perhaps it is the first_seen.
                  If so, add --map joined=first_seen
            note: 1 of 2 cells of zip begin with 0 or + and stay text; the others become numbers.
                  If they are ids, keep them all as text with --type zip=string
            error: 1 row was rejected:
              line 4: email: "nobody" is not an e-mail address
            "#);
        }
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(count(server, &key, ""), "0");
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

/// Lines that each add 1: one that is imported twice shows.
fn counters(lines: usize) -> String {
    (0..lines).fold(String::new(), |text, n| {
        text + &format!("{{\"email\": \"c{n}@example.com\", \"increment\": {{\"times\": 1}}}}\n")
    })
}

/// Kills an import again and again until it has come to its end; every line must count once.
fn killed(server: &Server, key: &str, project: &str, over_http: bool) {
    let lines = 12_000;
    let (_dir, path) = file("counters.ndjson", &counters(lines));
    let args = ["import", text(&path), "--project", project];
    let (mut kills, mut had) = (0, 0);
    loop {
        let mut command = if over_http { server.client(key, &args) } else { tinycrm(&args) };
        command.env("TINYCRM_DATA_DIR", &server.data).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let has = || count(server, key, "").parse::<usize>().unwrap();
        while has() == had && child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the import does not move");
        }
        child.kill().unwrap();
        // It may have said just before that it has come to its end: then the same file is another import. What it wrote straight
        // into the database, the server may not have seen yet.
        if !child.wait_with_output().unwrap().stdout.is_empty() {
            break;
        }
        kills += 1;
        had = has();
    }
    assert!(kills >= 2, "it was killed only {kills} times: the test needs more lines");
    comes_to(server, key, "times = 1", &lines.to_string());
    comes_to(server, key, "", &lines.to_string());
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
fn whoever_could_not_be_told_of_the_end_hears_of_the_same_import() {
    let server = Server::shared();
    let key = server.project("untold");
    let (_dir, path) = file("counters.ndjson", &counters(3));
    let args = ["import", text(&path), "--project", "untold"];
    let mut command = tinycrm(&args);
    command.env("TINYCRM_DATA_DIR", &server.data).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    child.wait().unwrap();
    direct(server, &args[1..], "").ok();
    comes_to(server, &key, "times = 1", "3");
    // Who was told begins another one.
    direct(server, &args[1..], "").ok();
    comes_to(server, &key, "times = 2", "3");
}

#[test]
fn an_import_begins_at_the_line_that_is_asked_for() {
    let server = Server::shared();
    let key = server.project("from");
    let (_dir, path) = file("users.csv", USERS);
    let args = ["import", text(&path), "--project", "from", "--resume-from", "3"];
    assert_eq!(
        run(&mut server.client(&key, &args), "").ok(),
        "Imported users.csv into from: 1 new, 1 skipped.\n"
    );
    assert_eq!(count(server, &key, "email = 'bob@example.com'"), "1");
    let all = run(&mut server.client(&key, &["import", text(&path)]), "").ok();
    assert_eq!(all, "Imported users.csv into from: 1 new, 1 unchanged.\n");
}

#[test]
fn what_cannot_be_read_is_said_with_a_hint_that_can_be_pasted() {
    let server = Server::shared();
    let key = server.project("hints");
    let twins = "email,tags,tags\na@example.com,a,b\n";
    let ran = run(&mut server.client(&key, &["import", "-"]), twins);
    insta::assert_snapshot!(ran.err, @r"
    error: The columns tags and tags#2 both become params.tags.
    hint: Give one another name with --map 'tags#2=other_name' or leave it out with --map 'tags#2='
    ");
    run(&mut server.client(&key, &["import", "-", "--map", "tags#2=labels"]), twins).ok();
    assert_eq!(count(server, &key, "tags = a and labels = b"), "1");
    let missing = run(&mut server.client(&key, &["import", "nowhere.csv"]), "");
    insta::assert_snapshot!(missing.err, @r"
    error: nowhere.csv cannot be read: No such file or directory (os error 2).
    hint: Name a file of CSV, NDJSON, JSON or XLSX, or - for stdin.
    ");
}

#[test]
fn a_server_without_room_for_the_file_says_what_to_do() {
    let server = Server::with("TMPDIR", "/nonexistent/folder");
    let key = server.project("app");
    let over_http = run(&mut server.client(&key, &["import", "-"]), USERS);
    assert_eq!(over_http.code, 1);
    assert!(over_http.err.contains("no file can be made in /nonexistent/folder"), "{}", over_http.err);
    assert!(over_http.err.contains("sets TMPDIR to a folder"), "{}", over_http.err);
    let answer = run(
        std::process::Command::new("curl")
            .args(["-s", "--data-binary", "@-", "-H", &format!("Authorization: Bearer {key}")])
            .arg(format!("{}/v1/imports", server.url)),
        USERS,
    );
    let problem: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&"no_room".into(), &507.into()), "{problem:#}");
    let direct = run(
        tinycrm(&["import", "-", "--project", "app"])
            .env("TINYCRM_DATA_DIR", &server.data)
            .env("TMPDIR", "/nonexistent/folder"),
        USERS,
    );
    assert!(
        direct.err.contains("/nonexistent/folder") && direct.err.contains("Set TMPDIR"),
        "{}",
        direct.err
    );
    server.stop();
}

/// A churn that is dated now is told in plain words, with the flag that dates it by the file.
#[test]
fn a_change_that_is_dated_now_is_said() {
    let server = Server::shared();
    let key = server.project("dated");
    let (_dir, path) = file("paid.csv", "email,status,status_since\nada@example.com,paid,2024-01-01\n");
    run(&mut server.client(&key, &["import", text(&path), "--project", "dated"]), "").ok();
    let (_dir, path) = file("left.csv", "email,status,Left\nada@example.com,churned,2024-06-01\n");
    let import = |to: &str| {
        let map = format!("Left={to}");
        run(&mut server.client(&key, &["import", text(&path), "--project", "dated", "--map", &map]), "")
    };
    let first = import("status_since");
    for said in
        ["dated now, whatever status_since says", "--map Left=timestamp", "tinycrm customer correct EMAIL"]
    {
        assert!(first.out.contains(said) || first.err.contains(said), "{said}: {}{}", first.out, first.err);
    }
    assert_eq!(count(server, &key, "status = churned and status_since = 2024-06-01"), "0");
    import("timestamp").ok();
    assert_eq!(count(server, &key, "status = churned and status_since = 2024-06-01"), "1");
}
