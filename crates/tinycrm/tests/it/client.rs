//! identify, query and export: the product page's story, told in a shell.

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
};

use serde_json::json;

use crate::support::{Ran, Server, run, tinycrm};

/// A project with three customers.
fn shop(slug: &str) -> (&'static Server, String) {
    let server = Server::shared();
    let key = server.project(slug);
    let calls: [&[&str]; 3] = [
        &[
            "ada@example.com",
            "--name",
            "Ada",
            "--status",
            "paid",
            "--param",
            "plan=pro",
            "--param",
            "mrr=29.90",
            "--param",
            "company={\"country\": \"DE\"}",
            "--set-once",
            "source=producthunt",
        ],
        &[
            "bob@example.com",
            "--status",
            "paid",
            "--param",
            "plan=pro",
            "--param",
            "mrr=0.1",
            "--param",
            "source=direct",
        ],
        &[
            "eve@example.com",
            "--param",
            "plan=free",
            "--param",
            "beta=false",
            "--param",
            "source=direct",
            "--add",
            "tags=vip",
        ],
    ];
    for call in calls {
        run(&mut server.client(&key, &[&["identify"], call].concat()), "").ok();
    }
    (server, key)
}

fn query(server: &Server, key: &str, args: &[&str]) -> Ran {
    run(&mut server.client(key, &[&["query"], args].concat()), "")
}

#[test]
fn identify_takes_flags_stdin_and_both() {
    let server = Server::shared();
    let key = server.project("identified");
    let identify =
        |args: &[&str], input: &str| run(&mut server.client(&key, &[&["identify"], args].concat()), input);
    let first = identify(&["ada@example.com", "--user-id", "u_1", "--param", "logins=1"], "").ok();
    assert!(first.starts_with("Created ada@example.com (version "), "{first}");
    let piped =
        identify(&["-", "--param", "plan=pro"], r#"{"email": "ada@example.com", "params": {"mrr": 19.90}}"#)
            .ok();
    assert!(piped.starts_with("Updated ada@example.com"), "{piped}");
    identify(&["--user-id", "u_1", "--increment", "logins=2", "--add", "tags=vip"], "").ok();
    identify(&[], r#"{"user_id": "u_1", "unset": ["mrr"], "set_once": {"plan": "free"}}"#).ok();
    let same = identify(&["ada@example.com", "--param", "plan=pro"], "").ok();
    assert!(same.starts_with("Nothing changed for ada@example.com"), "{same}");
    let late = ["ada@example.com", "--param", "plan=old", "--timestamp", "2020-01-01", "--json"];
    let late = identify(&late, "").json();
    assert_eq!(late["stale"], json!(["plan"]));
    let all = "plan = pro and logins = 3 and tags has vip and not mrr exists and user_id = u_1";
    assert_eq!(query(server, &key, &[all, "--count"]).ok(), "1\n");
    let nobody = identify(&["--name", "Ada"], "");
    assert_eq!(nobody.code, 1, "{nobody:#?}");
    insta::assert_snapshot!(
        identify(&["ada@example.com", "--status", "trialing", "--increment", "plan=x"], "").err
    );
    insta::assert_snapshot!(identify(&["-"], "[1]").err);
    let twice = identify(&["-"], r#"{"email": "ada@example.com", "params": {"plan": 1, "plan": 2}}"#).err;
    assert!(twice.contains("/params/plan: the object has this key more than once"), "{twice}");
}

#[test]
fn query_counts_sums_groups_and_lists() {
    let (server, key) = shop("asked");
    insta::assert_snapshot!("sum", query(server, &key, &["plan = pro", "--sum", "mrr", "--avg", "mrr"]).ok());
    insta::assert_snapshot!("groups", query(server, &key, &["--group-by", "source", "--sum", "mrr"]).ok());
    insta::assert_snapshot!("buckets", query(server, &key, &["--group-by", "bucket(mrr, 10)"]).ok());
    let days = [("signed_up=2026-03-01", "c@example.com"), ("signed_up=2026-02-01", "d@example.com")];
    for (day, email) in [days[0], days[1], (days[0].0, "e@example.com")] {
        run(&mut server.client(&key, &["identify", email, "--param", day, "--param", "late=true"]), "").ok();
    }
    insta::assert_snapshot!(
        "months",
        query(server, &key, &["late = true", "--group-by", "month(signed_up)"]).ok()
    );
    let gone = ["late = true", "--group-by", "plan", "--json"];
    assert_eq!(query(server, &key, &gone).json()["groups"]["missing"]["count"], 3);
    insta::assert_snapshot!(
        "list",
        query(server, &key, &["plan exists", "--sort", "-mrr", "--columns", "plan,mrr,company.country"]).ok()
    );
    insta::assert_snapshot!("list-by-itself", query(server, &key, &["plan = pro", "--sort", "email"]).ok());
    assert_eq!(query(server, &key, &["--sort", "email", "--limit", "1"]).ok().lines().last(), Some("…"));
    assert_eq!(query(server, &key, &["nobody", "--count"]).ok(), "0\n");
    let both = query(server, &key, &["plan = pro", "--count", "--sum", "mrr"]).ok();
    assert_eq!(both, " 2  customers\n30  sum(params.mrr)\n");
    let grouped = query(server, &key, &["plan = pro", "--count", "--group-by", "status"]).ok();
    assert_eq!(grouped, "2  customers\n\nstatus  count   share\npaid        2  100.0%\n");
    let first = query(
        server,
        &key,
        &["plan = pro", "--count", "--limit", "1", "--sort", "email", "--columns", "plan"],
    )
    .ok();
    assert!(first.starts_with("2  customers\n\nemail"), "{first}");
    let answer = query(server, &key, &["plan = pro", "--sum", "mrr", "--json"]).json();
    assert_eq!(
        (&answer["count"], &answer["aggregates"][0]["value"].to_string()),
        (&json!(2), &"30".to_owned())
    );
    let account = server.administer(&["key", "create", "--kind", "account"]).ok();
    let scoped = query(server, account.trim(), &["plan = pro", "--project", "asked", "--count"]).ok();
    assert_eq!(scoped, "2\n");
}

#[test]
fn errors_draw_a_caret_and_say_what_to_do() {
    let (server, key) = shop("carets");
    for (name, filter) in [
        ("unknown-operator", "plan is pro"),
        ("unfinished", "plan = pro and"),
        ("second-line", "plan = pro\nand mrr > > 3"),
        ("unknown-segment", "in segment \"power users\""),
    ] {
        let refused = query(server, &key, &[filter]);
        assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{refused:#?}");
        insta::assert_snapshot!(name, refused.err);
        let export = run(&mut server.client(&key, &["export", filter]), "");
        assert_eq!((export.code, &export.err), (1, &refused.err));
    }
    let nobody = run(&mut server.client(&key, &["export", "plna = pro", "--columns", "email"]), "");
    assert_eq!((nobody.code, nobody.out.as_str()), (0, "email\n"));
    assert_eq!(nobody.err, query(server, &key, &["plna = pro", "--count"]).err);
    let warned = query(server, &key, &["plna = pro", "--count"]);
    assert_eq!((warned.code, warned.out.as_str()), (0, "0\n"));
    insta::assert_snapshot!("warning", warned.err);
    let elsewhere = ["--sum", "mrrr", "--sort", "-created", "--columns", "plna"];
    insta::assert_snapshot!("warnings-elsewhere", query(server, &key, &elsewhere).err);
    insta::assert_snapshot!("sentence", query(server, &key, &["upgraded last week"]).err);
    insta::assert_snapshot!("nothing-found", query(server, &key, &["zoe zzz", "--count"]).err);
    let exported = run(&mut server.client(&key, &["export", "--columns", "email,plna"]), "");
    assert_eq!(exported.code, 0);
    insta::assert_snapshot!("export-warning", exported.err);
    insta::assert_snapshot!("aggregate", query(server, &key, &["--sum", "mr r"]).err);
}

/// Filters that are options have carets too, and it is said which one is wrong.
#[test]
fn errors_of_options_name_them() {
    let (server, key) = shop("options");
    let wrong = "plan = pro and status = payd";
    let place = "  plan = pro and status = payd\n                          ^^^^\nhint: did you mean paid?\n";
    for (option, args) in [
        ("--to", ["conversion", "--to", wrong].as_slice()),
        ("--from", &["conversion", "--from", wrong]),
        ("--retained", &["retention", "--retained", wrong]),
        ("--while", &["movements", "--while", wrong]),
        ("OUTCOME", &["lift", wrong]),
        ("--there", &["lift", "status = paid", "--landmark", "1", "--there", wrong]),
    ] {
        let refused = run(&mut server.client(&key, &[&["insight"], args].concat()), "");
        let told =
            format!("error: {option}: payd is no status; expected free, trial, paid or churned\n{place}");
        assert_eq!((refused.code, refused.err), (1, told), "{args:?}");
    }
    let refused = run(&mut server.client(&key, &["insight", "conversion", wrong]), "");
    assert_eq!(
        refused.err,
        format!("error: payd is no status; expected free, trial, paid or churned\n{place}")
    );
    let both = ["insight", "conversion", "--from", "plan =", "--to", "plan = pro or", "--days", "7"];
    insta::assert_snapshot!("two-options", run(&mut server.client(&key, &both), "").err);
    let odd = ["insight", "conversion", "--to", "plan = prro"];
    let warned = run(&mut server.client(&key, &odd), "").err;
    let told = "warning: --to: nobody has \"prro\" in params.plan today; pro?\n";
    assert!(warned.starts_with(told), "{warned}");
}

#[test]
fn export_streams_what_the_filter_says_and_comes_back_by_import() {
    let (server, key) = shop("exported");
    let export = |args: &[&str]| run(&mut server.client(&key, &[&["export"], args].concat()), "").ok();
    let columns = ["plan = pro", "--columns", "email,status,params.plan,params.company.country"];
    let mut lines: Vec<String> = export(&columns).lines().map(str::to_owned).collect();
    lines[1..].sort();
    assert_eq!(
        lines,
        [
            "email,status,params.plan,params.company.country",
            "ada@example.com,paid,pro,DE",
            "bob@example.com,paid,pro,",
        ]
    );
    let ndjson = export(&["--format", "ndjson"]);
    assert!(ndjson.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{ndjson}");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("all.csv");
    export(&["--output", file.to_str().unwrap()]);
    let csv = fs::read_to_string(&file).unwrap();
    for (project, input, form) in [("again-csv", csv, "csv"), ("again-ndjson", ndjson, "ndjson")] {
        let key = server.project(project);
        run(&mut server.client(&key, &["import", "-", "--project", project, "--format", form]), &input).ok();
        let all =
            "mrr = 29.9 and company.country = DE and name = Ada and status = paid and not params.id exists";
        assert_eq!(query(server, &key, &[all, "--count"]).ok(), "1\n", "{form}: {input}");
        assert_eq!(query(server, &key, &["--count"]).ok(), "3\n", "{form}");
        assert_eq!(
            query(server, &key, &["tags has vip or tags contains vip", "--count"]).ok(),
            "1\n",
            "{form}"
        );
    }
}

/// A way to the server on which the first answers break off after so many bytes.
fn breaking(url: &str, cuts: Vec<usize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (own, server) = (listener.local_addr().unwrap(), url.trim_start_matches("http://").to_owned());
    std::thread::spawn(move || {
        for (client, cut) in listener.incoming().zip(cuts.into_iter().chain(std::iter::repeat(usize::MAX))) {
            let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            let (mut asks, mut asked) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut asks, &mut asked));
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut (&server).take(cut as u64), &mut (&client));
                let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
            });
        }
    });
    format!("http://{own}")
}

#[test]
fn an_export_goes_on_where_it_broke_off_and_a_file_is_whole_or_not_there() {
    let server = Server::shared();
    let key = server.project("broken-off");
    let rows: String =
        (0..2_000).map(|n| format!("p{n}@example.com,{},{}\n", n % 7, "x".repeat(30))).collect();
    let rows = format!("email,n,\"a,b\"\n{rows}");
    run(&mut server.client(&key, &["import", "-", "--project", "broken-off", "--format", "csv"]), &rows).ok();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("all.csv");
    let to = ["--output", file.to_str().unwrap()];
    for args in [&["--sort", "n"][..], &["--sort", "-email", "--format", "ndjson"]] {
        let args = [&["export"], args].concat();
        let whole = run(&mut server.client(&key, &args), "").ok();
        let url = breaking(&server.url, vec![700, 100, 60_000, 40_000]);
        let ran = run(server.client(&key, &[&args[..], &to].concat()).env("TINYCRM_URL", &url), "");
        assert_eq!(ran.err.matches("The answer broke off after").count(), 3, "{}", ran.err);
        ran.ok();
        assert!(fs::read_to_string(&file).unwrap() == whole, "{args:?}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::remove_file(&file).unwrap();
    }
    let marked =
        run(&mut server.client(&key, &["export", "p7@example.com", "--bom", "--columns", "email"]), "").ok();
    assert_eq!(marked, "\u{feff}email\np7@example.com\n");
}

#[test]
fn without_a_key_or_a_server_the_error_says_what_to_do() {
    let no_key = run(&mut tinycrm(&["query"]), "");
    assert_eq!(no_key.code, 2);
    insta::assert_snapshot!("no-key", no_key.err);
    let mut command = tinycrm(&["query", "--api-key", "tcrm_proj_x", "--url", "http://127.0.0.1:9"]);
    let no_server = run(&mut command, "");
    assert_eq!(no_server.code, 1);
    insta::assert_snapshot!("no-server", no_server.err);
    let server = Server::shared();
    let mut command = server.client("tcrm_proj_wrong", &["query"]);
    insta::assert_snapshot!("wrong-key", run(&mut command, "").err);
}

/// A way to the server on which the first answer is that nobody knows what became of it.
fn unsure(url: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (own, server) = (listener.local_addr().unwrap(), url.trim_start_matches("http://").to_owned());
    std::thread::spawn(move || {
        for (n, client) in listener.incoming().enumerate() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            let (mut asks, mut asked) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut asks, &mut asked));
            std::thread::spawn(move || {
                if n == 0 {
                    assert_ne!((&server).read(&mut [0; 8192]).unwrap(), 0);
                    let head = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\nconnection: close\r\n";
                    let body = json!({ "code": "outcome_unknown", "detail": "who knows" }).to_string();
                    let answer = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
                    (&client).write_all(answer.as_bytes()).unwrap();
                } else {
                    let _ = std::io::copy(&mut (&server), &mut (&client));
                }
                let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
            });
        }
    });
    format!("http://{own}")
}

#[test]
fn a_call_of_which_nobody_knows_whether_it_was_stored_is_sent_again_and_counts_once() {
    let server = Server::shared();
    let key = server.project("unsure");
    let url = unsure(&server.url);
    let mut command = server.client(&key, &["identify", "ada@example.com", "--increment", "logins=1"]);
    let ran = run(command.env("TINYCRM_URL", &url), "").ok();
    assert!(ran.starts_with("Created ada@example.com"), "as it was the first time: {ran}");
    assert_eq!(query(server, &key, &["logins = 1", "--count"]).ok(), "1\n");
}

/// Something in front of a server that sends everybody elsewhere; returns its address.
fn redirecting(location: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 8192]);
            let head = format!("HTTP/1.1 301 Moved Permanently\r\nlocation: {location}\r\n");
            let _ =
                stream.write_all(format!("{head}content-length: 0\r\nconnection: close\r\n\r\n").as_bytes());
        }
    });
    format!("http://{address}")
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    let key = "tcrm_proj_0123456789";
    for (location, args, hint) in [
        ("https://crm.example.com/v1/query", &["query"][..], "Use https://crm.example.com as TINYCRM_URL."),
        (
            "https://crm.example.com/v1/identify/",
            &["identify", "ada@example.com"],
            "Use https://crm.example.com as TINYCRM_URL.",
        ),
        (
            "https://www.example.com/crm/v1/export?filter=x",
            &["export", "x"],
            "Use https://www.example.com/crm as TINYCRM_URL.",
        ),
        ("https://login.example.com/?next=%2Fv1", &["query"], "without a sign-in"),
        ("/v1/query", &["query", "plan = pro"], "without a sign-in"),
        ("", &["query"], "without a sign-in"),
    ] {
        let url = redirecting(location);
        let ran = run(&mut tinycrm(&[args, &["--url", &url, "--api-key", key]].concat()), "");
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{location}: {ran:#?}");
        assert!(ran.err.contains("redirects to") && ran.err.contains(hint), "{location}: {}", ran.err);
        assert!(!ran.err.contains(key), "{}", ran.err);
    }
}

#[test]
fn an_address_or_a_key_that_cannot_be_one_is_named_and_never_printed() {
    let (url, key) = ("http://127.0.0.1:9", "tcrm_proj_0123456789");
    for (url, key, expected) in [
        ("crm.example.com", key, "no scheme: it begins with https://"),
        ("localhost:7878", key, "no scheme: it begins with http://"),
        (" http://127.0.0.1:9", key, "a blank at its beginning"),
        ("http://127.0.0.1:9\r", key, "a carriage return"),
        ("http://127.0.0.1:9/v1", key, "write http://127.0.0.1:9"),
        ("ftp://127.0.0.1", key, "neither http:// nor https://"),
        ("http://", key, "no host"),
        ("", key, "it is empty"),
        (key, url, "no scheme"),
        (
            url,
            "tcrm_proj_0123456789\r",
            "a carriage return (is it from a file with Windows line ends?) at its end",
        ),
        (url, "tcrm_proj_0123456789\n", "a line end at its end"),
        (url, " tcrm_proj_0123456789", "a blank at its beginning"),
        (url, "Bearer tcrm_proj_0123456789", "a blank as character 7"),
        (url, "“tcrm_proj_0123456789”", "the character '“' at its beginning"),
    ] {
        let ran = run(tinycrm(&["query"]).env("TINYCRM_URL", url).env("TINYCRM_API_KEY", key), "");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{url:?} {key:?}: {ran:#?}");
        assert!(ran.err.contains(expected), "{url:?} {key:?}: {}", ran.err);
        assert!(!ran.err.contains("0123456789"), "{}", ran.err);
    }
}

#[test]
fn a_zero_says_that_the_customers_are_in_test_projects() {
    let server = Server::start(&["--welcome", "--demo-customers", "150"]);
    let key = server.administer(&["key", "create", "--kind", "account"]).ok();
    for command in ["query", "export"] {
        let ran = run(&mut server.client(key.trim(), &[command]), "");
        assert_eq!(
            ran.err,
            "warning: all customers are in test projects, which are left out unless they are asked for\nhint: Add --test.\n"
        );
    }
    let asked = run(&mut server.client(key.trim(), &["query", "--test", "--count"]), "");
    assert_eq!(asked.err, "");
    assert_ne!(asked.ok(), "0\n");
    server.stop();
}

/// Who was free in January, and pays since February, with who came in March.
fn past(slug: &str) -> (&'static Server, String) {
    let server = Server::shared();
    let key = server.project(slug);
    for call in [
        &["ada@example.com", "--timestamp", "2026-01-10", "--status", "free", "--param", "plan=free"][..],
        &[
            "ada@example.com",
            "--timestamp",
            "2026-02-10",
            "--status",
            "paid",
            "--param",
            "plan=pro",
            "--param",
            "mrr=19.9",
        ],
        &[
            "bob@example.com",
            "--timestamp",
            "2026-03-10",
            "--status",
            "paid",
            "--param",
            "plan==team",
            "--param",
            "mrr=-5",
        ],
    ] {
        run(&mut server.client(&key, &[&["identify"], call].concat()), "").ok();
    }
    (server, key)
}

#[test]
fn the_past_is_asked_and_exported_and_says_so() {
    let (server, key) = past("past");
    let moment = "2026-01-31T23:59:59.999999Z";
    let asked = query(server, &key, &["plan = free", "--count", "--as-of", "2026-01-31"]);
    assert_eq!(asked.err, format!("This is as of {moment}.\n"));
    assert_eq!(asked.ok(), "1\n");
    assert_eq!(query(server, &key, &["plan = free", "--count"]).ok(), "0\n");
    let args = ["export", "--columns", "email,params.plan", "--as-of", "2026-01-31"];
    let exported = run(&mut server.client(&key, &args), "");
    assert_eq!(exported.err, format!("This is as of {moment}.\n"));
    let file = exported.ok();
    assert_eq!(file, format!("tinycrm_as_of,email,params.plan\n{moment},ada@example.com,free\n"));
    let import = ["import", "-", "--project", "past", "--format", "csv"];
    let refused = run(&mut server.client(&key, &import), &file);
    assert_eq!(refused.code, 1, "{refused:#?}");
    assert!(refused.err.contains("it would overwrite the present with the past"), "{}", refused.err);
    let early = query(server, &key, &["--as-of", "2126-01-01"]);
    assert!(early.err.contains("this lies in the future, which has no history"), "{}", early.err);
}

#[test]
fn a_series_is_a_line_a_step() {
    let (server, key) = past("series");
    let series = |args: &[&str]| run(&mut server.client(&key, &[&["series"], args].concat()), "");
    let ask = ["--period", "2025-12-01 .. 2026-03-31", "--sum", "mrr", "--by", "plan"];
    insta::assert_snapshot!("series", series(&ask).ok());
    insta::assert_snapshot!("series-csv", series(&[&ask[..], &["--limit", "1", "--csv"]].concat()).ok());
    let now = series(&["status = paid", "--period", "today", "--step", "quarter"]).ok();
    let last = now.lines().last().unwrap();
    assert!(last.split_whitespace().next().unwrap().ends_with('+') && last.ends_with(" 2"), "{now}");
    let ends = series(&["--period", "2026-03-01 .. 2026-03-31", "--min", "mrr", "--max", "mrr"]).ok();
    let ends: Vec<Vec<&str>> = ends.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        ends,
        [["month", "count", "min(params.mrr)", "max(params.mrr)"], ["2026-03", "2", "-5", "19.9"]]
    );
    let json = series(&["--json", "--period", "2026-01-01 .. 2026-01-31"]).json();
    assert_eq!((&json["points"][0]["label"], &json["points"][0]["count"]), (&json!("2026-01"), &json!(1)));
    let wrong = series(&["--step", "fortnight"]);
    assert_eq!(wrong.code, 1, "{wrong:#?}");
    assert!(
        wrong.err.contains("\"fortnight\" is no step; there are day, week, month, quarter"),
        "{}",
        wrong.err
    );
}
