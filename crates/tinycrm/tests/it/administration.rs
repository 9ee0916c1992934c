//! Projects, keys, members, customers: what the commands do to a running server.

use std::{thread::sleep, time::Duration};

use serde_json::json;

use crate::support::{Server, run};

#[test]
fn a_project_made_here_is_known_to_the_server_at_once() {
    let server = Server::shared();
    let made = server.administer(&["project", "create", "made", "--name", "Made", "--json"]).json();
    assert_eq!(
        (&made["slug"], &made["name"], &made["test"]),
        (&json!("made"), &json!("Made"), &json!(false))
    );
    let key = made["key"].as_str().unwrap();
    run(&mut server.client(key, &["identify", "ada@example.com", "--json"]), "").json();
    let listed = server.administer(&["project", "list", "--json"]).json();
    assert!(listed.as_array().unwrap().iter().any(|project| project["slug"] == "made"));
    let again = server.administer(&["project", "create", "made"]);
    assert_eq!(again.code, 1);
    insta::assert_snapshot!(again.err, @r"
    error: The project made exists already.
    hint: `tinycrm key create --project made` makes another key of it.
    ");
}

#[test]
fn keys_are_made_listed_and_revoked_within_a_second() {
    let server = Server::shared();
    server.project("keyed");
    for kind in ["secret", "read", "publishable"] {
        let made =
            server.administer(&["key", "create", "--project", "keyed", "--kind", kind, "--json"]).json();
        assert_eq!((&made["kind"], &made["project"]), (&json!(kind), &json!("keyed")));
    }
    let account = server.administer(&["key", "create", "--kind", "account"]).ok();
    assert!(account.starts_with("tcrm_acct_"), "{account}");
    let told = server.administer(&["key", "create", "--project", "keyed", "--kind", "account"]);
    assert_eq!(told.err, "note: an account key reads all projects, keyed and the others\n");
    assert!(told.ok().starts_with("tcrm_acct_"));
    let nowhere = server.administer(&["key", "create", "--kind", "read"]);
    assert_eq!((nowhere.code, nowhere.err.starts_with("error: A read key belongs to a project")), (2, true));
    let key = server.administer(&["key", "create", "--project", "keyed", "--label", "to go"]).ok();
    run(&mut server.client(key.trim(), &["identify", "ada@example.com"]), "").ok();
    server.administer(&["key", "revoke", key.trim(), "--json"]).json();
    sleep(Duration::from_millis(1100));
    let refused = run(&mut server.client(key.trim(), &["identify", "ada@example.com"]), "");
    assert_eq!(refused.code, 1, "{refused:#?}");
    assert!(refused.err.contains("was revoked"), "{refused:#?}");
    let listed = server.administer(&["key", "list", "--project", "keyed", "--json"]).json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 5, "{listed:#?}");
    let gone = listed.iter().find(|key| key["label"] == "to go").unwrap();
    assert!(gone["revoked_at"].is_string() && gone["prefix"].as_str().unwrap().ends_with('…'), "{gone}");
    let unknown = server.administer(&["key", "revoke", "tcrm_proj_nope"]);
    assert_eq!(unknown.code, 1);
}

#[test]
fn a_key_is_rotated_and_both_work_for_a_while() {
    let server = Server::shared();
    let old = server.project("rotated");
    let made = server.administer(&["key", "rotate", &old, "--overlap", "1h", "--json"]).json();
    let new = made["key"].as_str().unwrap();
    assert_eq!((&made["kind"], &made["label"]), (&json!("secret"), &json!("first key")), "{made}");
    for key in [old.as_str(), new] {
        run(&mut server.client(key, &["identify", "ada@example.com"]), "").ok();
    }
    let listed = server.administer(&["key", "list", "--project", "rotated", "--json"]).json();
    let stops: Vec<bool> =
        listed.as_array().unwrap().iter().map(|key| key["expires_at"].is_string()).collect();
    assert_eq!(stops, [false, true], "the newest is the first: {listed}");
    let again = server.administer(&["key", "rotate", &old]);
    assert!(again.code == 1 && again.err.contains("was replaced already, and stops at"), "{again:#?}");
    let odd = server.administer(&["key", "rotate", new, "--overlap", "2d"]);
    assert!(odd.code == 2 && odd.err.contains("there are 1h, 1d, 7d and 30d"), "{odd:#?}");
    server.administer(&["key", "label", new, "production"]).ok();
    let listed = server.administer(&["key", "list", "--project", "rotated", "--json"]).json();
    assert_eq!(listed[0]["label"], "production");
    server.administer(&["key", "revoke", &old]).ok();
    let gone = server.administer(&["key", "rotate", &old]);
    assert!(gone.code == 1 && gone.err.contains("was revoked"), "{gone:#?}");
}

#[test]
fn a_project_is_renamed_archived_and_deleted() {
    let server = Server::shared();
    let key = server.project("over");
    run(&mut server.client(&key, &["identify", "ada@example.com"]), "").ok();
    let named =
        server.administer(&["project", "rename", "over", "It is over", "--colour", "red", "--json"]).json();
    assert_eq!((&named["name"], &named["colour"]), (&json!("It is over"), &json!("red")));
    assert_eq!(server.administer(&["project", "rename", "over"]).code, 2);
    assert_eq!(server.administer(&["project", "rename", "over", "--colour", "mauve"]).code, 2);
    assert_eq!(server.administer(&["project", "archive", "over", "--json"]).json()["archived"], true);
    sleep(Duration::from_millis(1100));
    let refused = run(&mut server.client(&key, &["identify", "ada@example.com"]), "");
    assert!(refused.code == 1 && refused.err.contains("is archived"), "{refused:#?}");
    assert_eq!(run(&mut server.client(&key, &["query", "", "--count"]), "").ok(), "1\n");
    server.administer(&["project", "unarchive", "over"]).ok();
    sleep(Duration::from_millis(1100));
    run(&mut server.client(&key, &["identify", "ada@example.com"]), "").ok();
    let slip = server.administer(&["project", "delete", "over", "--confirm", "oven"]);
    assert!(slip.code == 2 && slip.err.contains("was not deleted"), "{slip:#?}");
    let gone = server.administer(&["project", "delete", "over", "--confirm", "over", "--json"]).json();
    assert_eq!((&gone["deleted"], &gone["removed_customers"]), (&json!(true), &json!(1)));
    assert_eq!(server.administer(&["project", "archive", "over"]).code, 1);
}

#[test]
fn members_get_links() {
    let server = Server::shared();
    let added =
        server.administer(&["member", "add", "Grace@example.com", "--role", "admin", "--json"]).json();
    assert_eq!((&added["email"], &added["role"]), (&json!("grace@example.com"), &json!("admin")));
    assert!(added["sign_in_link"].as_str().unwrap().contains("/sign-in/"), "{added}");
    let listed = server.administer(&["member", "list", "--json"]).json();
    assert!(listed.as_array().unwrap().iter().any(|member| member["email"] == "grace@example.com"));
    let fresh = server.administer(&["member", "link", "grace@example.com"]).ok();
    assert!(fresh.starts_with("http") && !fresh.contains(added["sign_in_link"].as_str().unwrap()), "{fresh}");
    assert_eq!(server.administer(&["member", "add", "grace@example.com"]).code, 1);
    assert_eq!(server.administer(&["member", "link", "nobody@example.com"]).code, 1);
    let renamed =
        server.administer(&["member", "email", "grace@example.com", "Hopper@example.com", "--json"]).json();
    assert_eq!((&renamed["id"], &renamed["email"]), (&added["id"], &json!("hopper@example.com")));
    assert_eq!(server.administer(&["member", "email", "grace@example.com", "x@example.com"]).code, 1);
    let taken = server.administer(&["member", "email", "hopper@example.com", "owner@example.com"]);
    assert!(taken.err.contains("exists already"), "{taken:#?}");
}

#[test]
fn members_change_their_role_are_signed_out_and_leave() {
    let server = Server::shared();
    let link = server.administer(&["member", "add", "leaver@example.com", "--json"]).json();
    let promoted = server.administer(&["member", "role", "leaver@example.com", "admin", "--json"]).json();
    assert_eq!((&promoted["id"], &promoted["role"]), (&link["id"], &json!("admin")));
    assert_eq!(server.administer(&["member", "role", "leaver@example.com", "king"]).code, 2);
    let told = server.administer(&["member", "sign-out", "leaver@example.com"]).ok();
    assert_eq!(told, "leaver@example.com is signed out everywhere.\n");
    let told = server.administer(&["member", "remove", "leaver@example.com"]).ok();
    assert_eq!(told, "leaver@example.com is no member any more.\n");
    for command in [
        &["role", "leaver@example.com", "admin"][..],
        &["sign-out", "leaver@example.com"],
        &["remove", "leaver@example.com"],
    ] {
        let gone = server.administer(&[&["member"], command].concat());
        assert!(gone.code == 1 && gone.err.contains("There is no member leaver@example.com"), "{gone:#?}");
    }
    for command in [&["role", "owner@example.com", "viewer"][..], &["remove", "owner@example.com"]] {
        let last = server.administer(&[&["member"], command].concat());
        assert!(
            last.code == 1 && last.err.contains("The last owner of an account stays its owner"),
            "{last:#?}"
        );
    }
}

#[test]
fn customers_move_and_are_erased() {
    let server = Server::shared();
    let key = server.project("movers");
    let count = |filter: &str| run(&mut server.client(&key, &["query", filter, "--count"]), "").ok();
    run(&mut server.client(&key, &["identify", "old@example.com", "--param", "plan=pro"]), "").ok();
    server.administer(&["customer", "move", "old@example.com", "new@example.com", "--json"]).json();
    assert_eq!(count("email = new@example.com and plan = pro"), "1\n");
    assert_eq!(count("email = old@example.com"), "0\n");
    let nobody = server.administer(&["customer", "move", "old@example.com", "other@example.com"]);
    insta::assert_snapshot!(nobody.err, @r"
    error: No customer has the address old@example.com.
    hint: `tinycrm query old` searches for it.
    ");
    let held = server.administer(&["customer", "export", "New@example.com"]).json();
    let changes = held["changes"].as_array().unwrap();
    assert_eq!((&held["email"], changes.len()), (&json!("new@example.com"), 2), "{held:#}");
    server.administer(&["erase", "new@example.com", "--json"]).json();
    assert_eq!(server.administer(&["customer", "export", "new@example.com"]).code, 1);
    assert_eq!(count(""), "0\n");
    assert_eq!(server.administer(&["erase", "new@example.com"]).code, 1);
}

/// Who stands in a rejected row alone is no customer, and is forgotten all the same; the tables can be written anew.
#[test]
fn who_never_became_a_customer_is_erased_and_tables_are_written_anew() {
    let server = Server::shared();
    let key = server.project("refused");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("users.csv");
    std::fs::write(&file, "email,user_id,status\nzoe@example.com,,odd\n,usr-refused,odd\n").unwrap();
    let import = run(&mut server.client(&key, &["import", file.to_str().unwrap()]), "");
    assert!(import.err.contains("odd"), "{import:#?}");
    let held = server.administer(&["customer", "export", "Zoe@example.com"]).json();
    assert_eq!((&held["id"], &held["imports"][0]["line"]), (&json!(null), &json!(2)), "{held:#}");
    assert_eq!(
        server.administer(&["erase", "Zoe@example.com"]).ok(),
        "Erased 1 rejected row of an import about zoe@example.com, who is no customer.\n"
    );
    insta::assert_snapshot!(server.administer(&["customer", "export", "Zoe@example.com"]).err, @"error: Nobody has the address zoe@example.com, nor does a rejected row name it.
");
    let id = server.administer(&["erase", "usr-refused"]);
    assert!(id.code == 2 && id.err.contains("--project"), "{id:#?}");
    let erased = server.administer(&["erase", "usr-refused", "--project", "refused", "--json"]).json();
    assert_eq!((&erased["rejected_rows"], &erased["erased"]), (&json!(1), &json!("")));
    assert_eq!(server.administer(&["erase", "usr-refused", "--project", "refused"]).code, 1);
    let vacuum = server.administer(&["vacuum", "--json"]).json();
    assert!(vacuum["bytes"].as_i64().unwrap() > 0, "{vacuum}");
}

/// An alias stands for a person who is kept under another address: it is said who goes.
#[test]
fn an_alias_is_erased_with_whose_it_is() {
    let server = Server::shared();
    let key = server.project("aliases");
    for email in ["ada@alias.example", "ada.work@alias.example"] {
        run(&mut server.client(&key, &["identify", email]), "").ok();
    }
    server.administer(&["customer", "merge", "ada@alias.example", "ada.work@alias.example"]).ok();
    let erase = |words: &[&str]| server.administer(&[&["erase", "ada.work@alias.example"], words].concat());
    assert_eq!(
        erase(&["--dry-run"]).ok(),
        "Nothing was written. It would erase ada@alias.example, of whom ada.work@alias.example is an alias, from 1 project.\n"
    );
    assert_eq!(erase(&["--dry-run", "--json"]).json()["version"], json!(null));
    assert_eq!(
        erase(&[]).ok(),
        "Erased ada@alias.example, of whom ada.work@alias.example is an alias, from 1 project.\n"
    );
    assert_eq!((erase(&["--dry-run"]).code, erase(&[]).code), (1, 1));
}

#[test]
fn two_who_are_one_are_merged_and_parted_again() {
    let server = Server::shared();
    let key = server.project("merging");
    let identify = |words: &[&str]| run(&mut server.client(&key, &[&["identify"], words].concat()), "").ok();
    let count = |filter: &str| run(&mut server.client(&key, &["query", filter, "--count"]), "").ok();
    identify(&[
        "ada@merge.example",
        "--param",
        "plan=free",
        "--param",
        "seats=2",
        "--timestamp",
        "2024-01-01",
    ]);
    identify(&["bill@merge.example", "--param", "plan=pro", "--status", "paid", "--timestamp", "2024-02-01"]);
    let merge = ["customer", "merge", "ada@merge.example", "bill@merge.example"];
    let preview = server.administer(&[&merge[..], &["--dry-run"]].concat()).ok();
    insta::assert_snapshot!(preview, @"
    Nothing was written. bill@merge.example becomes an alias of ada@merge.example: calls that name it are about ada@merge.example from then on.

    project  what becomes of it  status  since       values of the alias
    merging  both become one     paid    2024-02-01  status free → paid, params.plan free → pro
    ");
    assert_eq!(count("email contains merge.example"), "2\n");
    let merged = server.administer(&[&merge[..], &["--json"]].concat()).json();
    assert_eq!(merged["projects"][0]["params"], json!({ "plan": "pro", "seats": 2 }));
    assert_eq!(count("email contains merge.example and status = paid and plan = pro and seats = 2"), "1\n");
    assert!(identify(&["bill@merge.example"]).starts_with("Nothing changed for "));
    let touched = server.administer(&["customer", "unmerge", "bill@merge.example"]);
    assert_eq!(
        touched.err,
        "error: Something was stored of ada@merge.example since the merge: it cannot be undone any more.\n"
    );
    assert_eq!(touched.code, 1);
    identify(&["clara@merge.example"]);
    server.administer(&["customer", "merge", "ada@merge.example", "clara@merge.example"]).ok();
    let parted = server.administer(&["customer", "unmerge", "clara@merge.example"]).ok();
    assert_eq!(parted, "ada@merge.example and clara@merge.example are two customers again.\n");
    assert_eq!(count("email contains merge.example"), "2\n");
    let same = server.administer(&["customer", "merge", "ada@merge.example", "bill@merge.example"]);
    assert_eq!(same.err, "error: Both addresses are of one customer already: ada@merge.example.\n");
}

#[test]
fn the_past_is_set_right() {
    let server = Server::shared();
    let key = server.project("correcting");
    let call = ["identify", "ada@correct.example", "--status", "churned", "--timestamp", "2025-03-01"];
    run(&mut server.client(&key, &call), "").ok();
    let correct = |words: &[&str]| {
        let command = ["customer", "correct", "ada@correct.example", "--project", "correcting"];
        server.administer(&[&command[..], words].concat())
    };
    let tried = correct(&["--first-paid", "2023-06-01", "--status-since", "2024-10-01", "--dry-run"]).ok();
    insta::assert_snapshot!(tried, @"
    Nothing was written. ada@correct.example in correcting: first seen 2023-06-01, first paid 2023-06-01, churned since 2024-10-01.
    History of the status: paid 2023-06-01, churned 2024-10-01.
    Before: churned 2025-03-01.
    ");
    assert_eq!(
        correct(&[
            "--first-seen",
            "2023-05-01",
            "--first-paid",
            "2023-06-01",
            "--status-since",
            "2024-10-01"
        ])
        .ok(),
        "ada@correct.example in correcting: first seen 2023-05-01, first paid 2023-06-01, churned since 2024-10-01.\n"
    );
    let query = ["query", "first_paid < 2023-07-01", "--count"];
    assert_eq!(run(&mut server.client(&key, &query), "").ok(), "1\n");
    let never = correct(&["--first-paid", "never", "--json"]).json();
    assert_eq!(
        (&never["first_paid"], &never["status_since"]),
        (&json!(null), &json!("2024-10-01T00:00:00Z"))
    );
    let wrong = correct(&["--first-paid", "2025-01-01"]);
    assert_eq!(
        wrong.err,
        "error: The date first_paid (2025-01-01) lies not before status_since (2024-10-01), when the status became churned: \
         correct both.\n"
    );
    assert_eq!((correct(&[]).code, correct(&["--first-seen", "May"]).code), (2, 2));
}

#[test]
fn whom_nobody_counts_is_ignored() {
    let server = Server::shared();
    let key = server.project("ignoring");
    let identify = |email: &str| run(&mut server.client(&key, &["identify", email]), "").ok();
    identify("before@ignored.example.com");
    assert_eq!(
        server.administer(&["ignore", "add", "@ignored.example.com"]).ok(),
        "@ignored.example.com is ignored from now on. 1 customer is there already: `tinycrm ignore erase \
         @ignored.example.com` erases them.\n"
    );
    server.administer(&["ignore", "add", "*.ignored.example.com", "--json"]).json();
    assert_eq!(
        identify("after@ignored.example.com"),
        "after@ignored.example.com is ignored: nothing was stored. `tinycrm ignore list` says why.\n"
    );
    let listed = server.administer(&["ignore", "list", "--json"]).json();
    let counts: Vec<_> =
        listed.as_array().unwrap().iter().map(|entry| (&entry["pattern"], &entry["customers"])).collect();
    let told = [("@*.ignored.example.com", 0), ("@ignored.example.com", 1)]
        .map(|(text, count)| (json!(text), json!(count)));
    assert_eq!(counts, told.iter().map(|(text, count)| (text, count)).collect::<Vec<_>>());
    let quoted = server.administer(&["ignore", "erase", "o'brien@ignored.example.com"]);
    assert!(quoted.err.contains("`tinycrm ignore add 'o'\\''brien@ignored.example.com'`"), "{quoted:#?}");
    let erased = server.administer(&["ignore", "erase", "@ignored.example.com"]).ok();
    assert_eq!(erased, "Erased 1 customer of @ignored.example.com.\n");
    server.administer(&["ignore", "remove", "@ignored.example.com"]).ok();
    assert!(identify("after@ignored.example.com").starts_with("Created "));
    let wrong = server.administer(&["ignore", "remove", "@ignored.example.com"]);
    insta::assert_snapshot!(wrong.err, @"
    error: @ignored.example.com is not ignored.
    hint: `tinycrm ignore list` shows what is, `tinycrm ignore add @ignored.example.com` adds it.
    ");
    assert_eq!(server.administer(&["ignore", "add", "no address"]).code, 2);
}

#[test]
fn only_test_projects_are_reset() {
    let server = Server::shared();
    let live = server.project("live");
    run(&mut server.client(&live, &["identify", "ada@example.com"]), "").ok();
    let refused = server.administer(&["project", "reset", "live"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("The project live is no test project"), "{}", refused.err);
    let made = server.administer(&["project", "create", "sandbox", "--test", "--json"]).json();
    let key = made["key"].as_str().unwrap();
    for email in ["a@example.com", "b@example.com"] {
        run(&mut server.client(key, &["identify", email]), "").ok();
    }
    let reset = server.administer(&["project", "reset", "sandbox", "--json"]).json();
    assert_eq!(reset["removed_customers"], 2);
    assert_eq!(run(&mut server.client(key, &["query", "--count"]), "").ok(), "0\n");
    assert_eq!(run(&mut server.client(&live, &["query", "--count"]), "").ok(), "1\n");
}

#[test]
fn the_index_is_compared_with_the_database() {
    let server = Server::shared();
    let key = server.project("checked");
    for email in ["a@example.com", "b@example.com"] {
        run(&mut server.client(&key, &["identify", email, "--param", "plan=pro"]), "").ok();
    }
    let report = server.administer(&["check", "--json"]).json();
    assert_eq!((&report["differences"], &report["listed"]), (&json!(0), &json!([])));
    assert!(report["relationships"].as_u64() >= Some(2), "{report}");
    let text = server.administer(&["check"]).ok();
    assert!(text.starts_with("Loaded in ") && text.ends_with(": no difference.\n"), "{text}");
}

#[test]
fn how_far_history_reaches_is_shown() {
    let server = Server::shared();
    let key = server.project("remembered");
    let call = ["identify", "old@remembered.example", "--timestamp", "2001-01-01", "--param", "plan=pro"];
    run(&mut server.client(&key, &call), "").ok();
    let told = server.administer(&["history", "--json"]).json();
    assert_eq!(
        (&told["since"], &told["horizon"], &told["months"]),
        (&json!("2001-01-01T00:00:00Z"), &json!(null), &json!(24))
    );
    assert!(told["changes"].as_u64() >= Some(1) && told["bytes"].as_u64() >= Some(100), "{told}");
    let text = server.administer(&["history"]).ok();
    let begin = "The past is known since 2001-01-01T00:00:00Z: nothing is pruned.\nIt is kept for 24 months.\nIt has ";
    assert!(text.starts_with(begin), "{text}");
}
