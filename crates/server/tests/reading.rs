//! Files that people have, read as an import reads them: what is said of each, and what its rows become.
//!
//! The files in `reading/cases` failed once; those in `reading/exports` are shaped as other systems document their exports.

#![allow(clippy::unwrap_used)]

#[path = "reading/broken.rs"]
mod broken;
#[path = "reading/round_trip.rs"]
mod round_trip;
#[path = "reading/told.rs"]
mod told;
#[path = "reading/workbook.rs"]
mod workbook;

use std::path::Path;

use told::{Flags, told};

#[track_caller]
fn check(folder: &str, file: &str, flags: Flags<'_>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reading").join(folder).join(file);
    let bytes = std::fs::read(&path).unwrap();
    let words: Vec<String> = flags.iter().map(|(flag, value)| format!("--{flag} {value}")).collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("reading/{folder}.told"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let name = if flags.is_empty() { file.to_owned() } else { format!("{file} with flags") };
    let text = format!(
        "{}\n\n{}",
        [&[file.to_owned()], words.as_slice()].concat().join(" "),
        told(&bytes, file, flags)
    );
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Every file that failed once is read as it is, or with the flags that the hint says.
#[test]
fn cases_are_read() {
    for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reading/cases")).unwrap()
    {
        check("cases", file.unwrap().file_name().to_str().unwrap(), &[]);
    }
    for (file, flags) in [
        ("dup-header.csv", &[("map", "tags#2=labels")][..]),
        ("google.csv", &[("map", "E-mail 1 - Value=email"), ("map", "First Name+Last Name=name")]),
        ("google-forms.csv", &[("map", "Email Address=email"), ("type", "Timestamp=date:%m/%d/%Y %H:%M:%S")]),
        (
            "hubspot.csv",
            &[
                ("map", "First Name+Last Name=name"),
                ("map", "Create Date=first_seen"),
                ("type", "Annual Revenue=money"),
                ("type", "Number of Employees=money"),
            ],
        ),
        (
            "stripe-customers.csv",
            &[
                ("map", "userId (metadata)=user_id"),
                ("map", "Created (UTC)=first_seen"),
                ("status-map", "active=paid,canceled=churned"),
                ("type", "Total Spend=money"),
            ],
        ),
        (
            "listmonk.csv",
            &[("map", "attributes=params"), ("map", "created_at=first_seen"), ("map", "status=")],
        ),
        ("mixed-thousands.csv", &[("type", "spend=money")]),
        ("tags.csv", &[("type", "tags=list")]),
        (
            "foreign-keys.ndjson",
            &[("map", "mail=email"), ("map", "userId=user_id"), ("map", "createdAt=first_seen")],
        ),
        ("german.csv", &[("type", "umsatz=money:,"), ("type", "aktiv=boolean")]),
        (
            "zone.csv",
            &[("map", "first_seen (Europe/Berlin)=first_seen"), ("map", "seen (Etc/UTC)=last_activity")],
        ),
        (
            "values.csv",
            &[
                ("type", "usd=money"),
                ("type", "thousands=money"),
                ("type", "pct=percent"),
                ("type", "euro=money"),
                ("type", "sci=number"),
                ("type", "par=money"),
                ("type", "bool1=boolean"),
                ("type", "bool3=boolean"),
                ("type", "null1=number"),
            ],
        ),
        ("semicolon.csv", &[("delimiter", ",")]),
        ("tabs.tsv", &[("only-missing", ""), ("map", "plan=tier")]),
        ("utf16.csv", &[("map", "plan=userid")]),
    ] {
        check("cases", file, flags);
    }
}

/// Exports of other systems, with the flags that make the most of them.
#[test]
fn exports_of_other_systems_are_read() {
    for (file, flags) in [
        (
            "stripe-subscriptions.csv",
            &[
                ("map", "Customer Email=email"),
                ("map", "userId (metadata)=user_id"),
                ("map", "Created (UTC)=first_paid"),
                ("map", "Canceled At (UTC)=canceled_at"),
                ("status-map", "active=paid,canceled=churned,past_due=paid"),
            ][..],
        ),
        (
            "mailchimp.csv",
            &[
                ("map", "Email Address=email"),
                ("map", "First Name+Last Name=name"),
                ("map", "OPTIN_TIME=first_seen"),
                ("type", "TAGS=list"),
            ],
        ),
        (
            "google-contacts.csv",
            &[("map", "E-mail 1 - Value=email"), ("map", "First Name+Middle Name+Last Name=name")],
        ),
        (
            "hubspot-contacts.csv",
            &[("map", "First Name+Last Name=name"), ("map", "Last Activity Date=last_activity")],
        ),
        (
            "intercom.csv",
            &[
                ("map", "User ID=user_id"),
                ("map", "Signed up (UTC)=first_seen"),
                ("map", "Last seen (UTC)=last_seen"),
                ("type", "Tags=list"),
            ],
        ),
        ("paddle.csv", &[("map", "created_at=first_seen"), ("status-map", "active=paid,archived=churned")]),
        (
            "paddle-subscriptions.csv",
            &[
                ("map", "User Email=email"),
                ("map", "User ID=user_id"),
                ("status-map", "active=paid,deleted=churned,trialing=trial"),
                ("type", "Next Payment Amount=money"),
            ],
        ),
        (
            "gumroad.csv",
            &[
                ("map", "Purchase Email=email"),
                ("map", "Buyer Name=name"),
                ("map", "Purchase Date=first_paid"),
            ],
        ),
    ] {
        check("exports", file, &[]);
        check("exports", file, flags);
    }
}
