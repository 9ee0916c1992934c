//! Starting, greeting, stopping.

use serde_json::json;

use crate::support::{Server, directory, run, tinycrm, word_after};

#[test]
fn welcome_fills_the_demo_once_and_starts_bring_a_link_until_there_is_a_password() {
    let dir = directory();
    let flags = &["--welcome", "--owner", "ada@example.com"];
    let first = Server::at(dir.path(), &[flags, &["--demo-customers", "150"][..]].concat(), ":");
    let key = word_after(&first.greeting, "shown this once:");
    let link = word_after(&first.greeting, "Sign in");
    assert!(first.greeting.contains(&format!("curl {}/v1/identify", first.url)), "{}", first.greeting);
    let projects = first.administer(&["project", "list", "--json"]).json();
    let slugs: Vec<&str> = projects.as_array().unwrap().iter().filter_map(|p| p["slug"].as_str()).collect();
    assert_eq!(slugs, ["demo-invoices", "demo-newsletter", "demo-uptime", "my-app"]);
    paste_the_curl_line(&first.greeting);
    assert_eq!(
        run(&mut first.client(&key, &["query", "plan = pro and mrr = 29", "--count"]), "").ok(),
        "1\n"
    );
    let reader = first.administer(&["key", "create", "--project", "demo-invoices", "--kind", "read"]).ok();
    let trials = ["query", "trial_ends in next 14 days and status = trial", "--json"];
    let trials = run(&mut first.client(reader.trim(), &trials), "").json();
    assert!(trials["count"].as_u64().unwrap() > 0, "{trials}");
    first.stop();

    let second = Server::at(dir.path(), flags, ":");
    let fresh = word_after(&second.greeting, "Sign in");
    assert_ne!(fresh.rsplit('/').next(), link.rsplit('/').next(), "a link works once");
    assert!(!second.greeting.contains("tcrm_"), "a key is shown once: {}", second.greeting);
    let removed = second.administer(&["demo", "--remove", "--json"]).json();
    assert_eq!(removed, json!({ "removed_projects": 3 }));
    assert_eq!(
        run(&mut second.client(&key, &["query", "--count"]), "").ok(),
        "1\n",
        "what is one's own stays"
    );
    let cookies = dir.path().join("cookies");
    let form = |path: &str, fields: &str| submit(&second.url, path, fields, &cookies);
    let path = |link: &str| format!("/sign-in/{}", link.rsplit('/').next().unwrap());
    assert_eq!(form(&path(&link), "next=/"), "404", "the later start ended the link of the first");
    assert_eq!(form(&path(&fresh), "next=/"), "303");
    assert_eq!(form("/password", "password=correct+horse+battery"), "303");
    second.stop();

    let third = Server::at(dir.path(), flags, ":");
    assert!(!third.greeting.contains("Sign in"), "an owner has a password: {}", third.greeting);
    third.stop();
}

/// Sends a form as a browser does, and keeps its cookies; the status of the answer.
fn submit(url: &str, path: &str, fields: &str, cookies: &std::path::Path) -> String {
    let output = std::process::Command::new("curl")
        .args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--data", fields])
        .args(["--header", &format!("Origin: {url}")])
        .arg("--cookie")
        .arg(cookies)
        .arg("--cookie-jar")
        .arg(cookies)
        .arg(format!("{url}{path}"))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the line that the greeting says to paste.
fn paste_the_curl_line(greeting: &str) {
    let line = greeting.lines().find(|line| line.trim_start().starts_with("curl ")).unwrap();
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("{line} --silent --fail-with-body")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_plain_start_is_empty_and_a_command_works_without_the_server() {
    let dir = directory();
    let server = Server::at(dir.path(), &[], ":");
    assert!(server.greeting.contains("/sign-in/"), "the owner has no password yet: {}", server.greeting);
    assert_eq!(server.administer(&["project", "list", "--json"]).json(), json!([]));
    let members = server.administer(&["member", "list", "--json"]).json();
    assert_eq!((members.as_array().unwrap().len(), &members[0]["role"]), (1, &json!("owner")));
    let data = server.data.clone();
    server.stop();
    let made =
        run(tinycrm(&["project", "create", "quiet", "--json"]).env("TINYCRM_DATA_DIR", &data), "").json();
    assert_eq!(made["slug"], "quiet");
}

#[test]
fn an_address_that_is_taken_is_told() {
    let server = Server::shared();
    let dir = directory();
    let address = server.url.trim_start_matches("http://");
    let data = dir.path().join("data");
    let ran = run(
        tinycrm(&["serve", "--listen", address]).env("TINYCRM_DATA_DIR", &data).env("RUST_LOG", "off"),
        "",
    );
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("Cannot listen on") && ran.err.contains("--listen"), "{}", ran.err);
    assert!(!data.exists(), "nothing was made for a server that cannot be reached");
}

#[test]
fn a_database_elsewhere_is_named_by_its_url() {
    let server = Server::shared();
    let socket = server.data.join("postgres").display().to_string().replace('/', "%2F");
    let url = format!("postgres://postgres@{socket}/postgres");
    let listed = run(&mut tinycrm(&["project", "list", "--database-url", &url, "--json"]), "").json();
    assert!(listed.is_array(), "{listed}");
    let nonsense = run(&mut tinycrm(&["project", "list", "--database-url", "mysql://root:secret@db"]), "");
    assert_eq!(nonsense.code, 2);
    assert!(!nonsense.err.contains("secret"), "a password is not repeated: {}", nonsense.err);
    let away = run(&mut tinycrm(&["project", "list", "--database-url", "postgres://x@127.0.0.1:9/x"]), "");
    assert_eq!(away.code, 1);
    assert!(away.err.contains("error: The database is not available"), "{}", away.err);
}

#[test]
fn a_public_address_that_links_cannot_begin_with_is_refused_at_start() {
    for (url, expected) in [
        ("crm.example.com", "no scheme"),
        ("https://example.com/crm", "write https://example.com alone"),
        ("https://crm.example.com\r", "a carriage return"),
    ] {
        let refused = run(&mut tinycrm(&["serve", "--public-url", url]), "");
        assert_eq!(refused.code, 2, "{refused:#?}");
        assert!(refused.err.contains("--public-url") && refused.err.contains(expected), "{}", refused.err);
    }
}

#[test]
fn a_pool_without_a_connection_is_refused_at_start() {
    let refused = run(&mut tinycrm(&["serve", "--pool", "0"]), "");
    assert_eq!(refused.code, 2, "{refused:#?}");
    assert!(
        refused.err.contains("--pool") && refused.err.contains("a whole number from 1"),
        "{}",
        refused.err
    );
}
