//! Files that are broken, huge, odd or hostile, and files that are read again.

use std::{collections::BTreeSet, io::Write};

use proptest::prelude::*;
use server::import::{Made, Options, Raw, survey};

use crate::told::{Flags, file, options, told};

fn calls(text: &[u8], name: &str, flags: Flags<'_>) -> Vec<String> {
    let file = file(text);
    let survey = survey(&file, name, &options(flags)).unwrap();
    let rows = survey.rows(&file, 0).unwrap();
    rows.map(|row| match row.unwrap().made {
        Ok(Made::Call(call)) => serde_json::Value::Object(call).to_string(),
        Ok(Made::Cells(cells)) => cells.join("|"),
        Err(reason) => format!("! {reason}"),
    })
    .collect()
}

#[test]
fn a_quote_that_is_never_closed_is_said_and_nothing_after_it_read() {
    let mut table = "email,name\n".to_owned();
    for row in 1..=500 {
        let quote = if row == 10 { "\"" } else { "" };
        table += &format!("u{row}@example.com,{quote}Name\r\n");
    }
    let file = file(table.as_bytes());
    let survey = survey(&file, "", &Options::default()).unwrap();
    let broken = survey.about().broken.clone().unwrap();
    assert_eq!(broken.line, 11);
    assert!(broken.detail.contains("line 11") && broken.detail.contains("490 lines"), "{}", broken.detail);
    assert_eq!(survey.rows(&file, 0).unwrap().count(), 9);
}

/// A file of some kilobytes that unpacks to a cell, or a value, of many megabytes.
#[test]
fn what_is_too_long_is_one_rejected_row_and_the_others_are_taken() {
    let long = "xxxxxxx\n".repeat(3 << 20);
    for (name, text) in [
        ("a.csv", format!("email,note\na@x.com,1\nlong@x.com,\"{long}\"\nb@x.com,2\n")),
        ("a.csv", format!("email,note\na@x.com,1\nlong@x.com, \"{long}\" or not\nb@x.com,2\n")),
        (
            "a.json",
            format!(
                "{{\"email\":\"a@x.com\"}}{{\"email\":\"long@x.com\",\"note\":\"{long}\"}}{{\"email\":\"b@x.com\"}}"
            ),
        ),
    ] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        let made = calls(&gzip.finish().unwrap(), name, &[]);
        assert!(made[0].contains("a@x.com") && made[2].contains("b@x.com"), "{}", made.len());
        assert!(made.len() == 3 && made[1].starts_with("! it is longer than 2 MiB"), "{}", &made[1][..40]);
    }
}

#[test]
fn a_quote_that_another_cell_closes_is_noted() {
    let mut table = "email,name\na@example.com,\"Ann\n".to_owned();
    (0..150).for_each(|row| table += &format!("u{row}@example.com,Name\n"));
    table += "b@example.com,\"Bo\"\n";
    let told = told(table.as_bytes(), "", &[]);
    assert!(told.contains("opens near line 2 goes over 152 lines"), "{told}");
}

#[test]
fn thousands_of_rows_arrive_whatever_ends_their_lines() {
    for end in ["\n", "\r", "\r\n"] {
        let mut table = format!("email,n{end}");
        (0..2_500).for_each(|row| table += &format!("u{row}@example.com,{row}{end}"));
        let file = file(table.as_bytes());
        let survey = survey(&file, "", &Options::default()).unwrap();
        assert_eq!(survey.about().records, 2_500, "{end:?}");
        let rows: Vec<_> = survey.rows(&file, 2_498).unwrap().map(Result::unwrap).collect();
        let places: Vec<(u64, u64)> = rows.iter().map(|row| (row.record, row.line)).collect();
        assert_eq!(places, [(2_499, 2_500), (2_500, 2_501)], "{end:?}");
    }
}

#[test]
fn the_same_is_read_from_every_form_of_a_file() {
    let table = "email;name\na@example.com;Zoë\nb@example.com;Bo\n";
    let expected = [r#"{"email":"a@example.com","name":"Zoë"}"#, r#"{"email":"b@example.com","name":"Bo"}"#];
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let utf16: Vec<u8> = format!("\u{feff}{table}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    let lines = expected.join("\n");
    for (bytes, name) in [
        (table.as_bytes().to_vec(), "a.csv"),
        (table.replace(';', "\t").into_bytes(), "a.tsv"),
        (table.replace(';', "|").into_bytes(), ""),
        (format!("\u{feff}sep=;\r\n\r\n{table}").into_bytes(), ""),
        (format!("# made by hand\n{table}").into_bytes(), ""),
        (gzip(table.as_bytes()), "a.csv.gz"),
        (gzip(&utf16), "a.csv.gz"),
        (zstd::encode_all(table.as_bytes(), 1).unwrap(), "-"),
        (utf16, ""),
        (
            table
                .replace('ë', "\u{1}")
                .into_bytes()
                .into_iter()
                .map(|b| if b == 1 { 0xeb } else { b })
                .collect(),
            "",
        ),
        (lines.clone().into_bytes(), "a.ndjson"),
        (format!("\u{feff}{lines}").into_bytes(), ""),
        (format!("[{}]", expected.join(",\n ")).into_bytes(), "a.json"),
        (lines.replace(",", ",\n  ").replace("{", "{\n  ").into_bytes(), ""),
        (gzip(lines.as_bytes()), ""),
    ] {
        assert_eq!(calls(&bytes, name, &[]), expected, "{name} {:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn what_breaks_off_in_its_compression_says_so() {
    let mut table = "email,n\n".to_owned();
    (0..50_000).for_each(|row| table += &format!("u{row}@example.com,{}\n", row * 7919 % 10_007));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(table.as_bytes()).unwrap();
    let mut bytes = encoder.finish().unwrap();
    bytes.truncate(bytes.len() / 2);
    let file = file(&bytes);
    let survey = survey(&file, "", &Options::default()).unwrap();
    assert!(survey.about().broken.is_some());
    let rows = survey.rows(&file, 0).unwrap().map(Result::unwrap).count() as u64;
    assert!(rows > 1_000 && rows == survey.about().records, "{rows}");
}

#[test]
fn one_user_id_with_two_emails_is_one_conflict() {
    let table = "email,user_id\na@example.com,7\nA@example.com,7\nb@example.com,7\nc@example.com,8\n";
    let calls = calls(table.as_bytes(), "", &[]);
    assert_eq!(calls[2], "! its user_id \"7\" stands on line 2 with another email: one of the two is wrong");
    assert!(calls.iter().enumerate().all(|(at, call)| call.starts_with('!') == (at == 2)), "{calls:?}");
    let told = told(table.as_bytes(), "", &[]);
    assert!(
        told.contains("note: 1 row has a user_id that another row has with another email (line 4"),
        "{told}"
    );
}

#[test]
fn rejected_rows_are_mended_and_read_again() {
    for (text, name, flags, mended) in [
        ("email;plan\n;pro\na@example.com;x;y\n", "a.csv", &[("delimiter", ";")][..], (";y", "")),
        ("{\"plan\":\"pro\"}\n{\"email\":\"a@example.com\",\n", "a.ndjson", &[], (",\n", "}\n")),
    ] {
        let text = rejected(text.as_bytes(), name, flags);
        assert!(text.contains("names nobody"), "{text}");
        let text = text.replace(mended.0, mended.1);
        let calls = calls(text.as_bytes(), name, flags);
        assert!(calls[0].contains("names nobody"), "{calls:?}");
        assert!(
            calls[1].contains("\"email\":\"a@example.com\"") && !calls[1].contains("reason"),
            "{calls:?}"
        );
    }
}

/// The rejected rows of a file, as the file that people get.
fn rejected(text: &[u8], name: &str, flags: Flags<'_>) -> String {
    let source = file(text);
    let survey = survey(&source, name, &options(flags)).unwrap();
    let mut rejected = survey.rejects().head();
    for row in survey.rows(&source, 0).unwrap().map(Result::unwrap) {
        let reason = row.made.err().into_iter();
        reason.for_each(|reason| rejected.extend(survey.rejects().row(&row.raw, &reason)));
    }
    String::from_utf8(rejected).unwrap()
}

#[test]
fn formulas_in_rejected_rows_are_harmless_and_come_back() {
    let table = "email,user_id,=cmd,phone,n\n,,\"=HYPERLINK(\"\"http://x\"\")\",+4930,-5\n,,'=1,@me, -1-1\n";
    let text = rejected(table.as_bytes(), "", &[]);
    for cell in [",'=cmd,", ",\"'=HYPERLINK(", ",'+4930,-5\n", ",''=1,'@me,", ",' -1-1\n"] {
        assert!(text.contains(cell), "{cell}: {text}");
    }
    assert_eq!(rejected(text.as_bytes(), "", &[]), text, "nothing is added each time");
    let mended = text.replace("neither an email nor a user_id,", "none,a@example.com");
    assert_eq!(
        calls(mended.as_bytes(), "", &[]),
        [
            r#"{"email":"a@example.com","params":{"=cmd":"=HYPERLINK(\"http://x\")","n":-5,"phone":"+4930"}}"#,
            r#"{"email":"a@example.com","params":{"=cmd":"'=1","n":"-1-1","phone":"@me"}}"#,
        ]
    );
}

#[test]
fn the_reasons_beside_an_export_are_no_params() {
    for head in
        ["reason,email,params.n,params", "reason,email,status_since,first_paid,last_activity,params.n,x"]
    {
        let row =
            head.replace("email", "a@example.com").replace("params.n", "5").replace("reason", "it is odd");
        let row = row.replace("status_since,first_paid,last_activity", ",,").replace(",params", ",");
        let told = told(format!("{head}\n{row}\n").as_bytes(), "", &[]);
        assert!(
            told.contains("export") && told.contains("\"n\":5") && !told.contains("params.reason"),
            "{told}"
        );
        assert!(!told.contains("{\"reason"), "{told}");
    }
}

#[test]
fn rows_without_what_they_need_say_so() {
    for (text, reason) in [
        ("email,a\n,x\n", "it names nobody: it has neither an email nor a user_id"),
        ("email,user_id,a\n,null,x\n", "it names nobody: it has no email, and its user_id is a placeholder"),
        ("email,,\nx@example.com,1,2,3\n", "it has 4 cells and the header 3"),
        ("email,a\nx@example.com,1,2\n", "it has 3 cells and the header 2"),
        ("{\"email\":\"x@example.com\"}\n[1]\n", "it is not a JSON object"),
        ("{\"email\":\"x@example.com\"}\n{\"a\":1}\n", "it names nobody"),
        (
            "{\"email\":\"x@example.com\"}\n{\"email\":\"x@example.com\",\"a\":1,\"a\":2}\n",
            "a: the object has this key more than once",
        ),
    ] {
        let calls = calls(text.as_bytes(), "", &[]);
        assert!(calls.last().is_some_and(|call| call.starts_with(&format!("! {reason}"))), "{calls:?}");
    }
    let bytes = b"email,name\nZo\xc3\xab@example.com,\xc3\xa9\nx@example.com,\xff\xfe\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\n";
    let calls = calls(bytes, "", &[]);
    assert!(calls[1].contains("it is not UTF-8"), "{calls:?}");
}

#[test]
fn flags_that_cannot_be_meant_say_what_to_do() {
    let table = "email,tags,tags\na@example.com,a,b\n";
    let once = "email,plan\na@example.com,pro\n";
    for (text, flags, expected) in [
        (table, &[][..], "--map 'tags#2=other_name' or"),
        ("email;name\na@example.com;A\n", &[("delimiter", ",")], "--delimiter ';'"),
        (once, &[("map", "Plan Name=plan")], "It has email, plan"),
        (once, &[("map", "plan=statussince")], "status_since is probably meant"),
        (once, &[("map", "plan=project")], "a field that an import does not set"),
        (once, &[("type", "planet=number")], "It has email, plan"),
        ("Ann,a@example.com\nBo,b@example.com\n", &[], "The first line is a row and no header"),
        ("Mail of user,x\na@example.com,1\n", &[], "--map 'Mail of user=email'"),
        ("User ID,x\n7,1\n", &[], "--map 'User ID=user_id'"),
        ("a,b\n1,2\n", &[], "--map COLUMN=email"),
        (
            "Report,,\nof today,,\n,,\nCustomer Email,Name,x\na@example.com,A,1\n",
            &[],
            "on line 4: Customer Email, Name, x.",
        ),
        ("Umsatz\n\nKunde;E-Mail-Adresse\nA;a@example.com\n", &[], "as in: tail -n +3 FILE"),
        ("{\"email\":\"a@example.com\"}", &[("map", "plan=tier")], "which no object has"),
        ("{\"has_more\":false,\"data\":[{\"email\":\"a@example.com\"}]}", &[], "jq '.data[]' FILE"),
        ("email\n", &[("format", "xlsx")], "no Excel file"),
        ("email,\"name\n1", &[], "never closed"),
        ("\n\n", &[], "The file has no rows"),
    ] {
        let told = told(text.as_bytes(), "", flags);
        assert!(told.starts_with("fault: ") && told.contains(expected), "{told}");
    }
}

/// What is proposed for two columns of objects can be pasted together.
#[test]
fn one_column_of_objects_is_proposed_as_params() {
    let table = "email,custom_data,import_meta\na@example.com,\"{\"\"a\"\":1}\",\"{\"\"b\"\":2}\"\n";
    let first = told(table.as_bytes(), "", &[]);
    assert!(first.contains("--map custom_data=params") && !first.contains("import_meta=params"), "{first}");
    let flags = [("map", "custom_data=params"), ("type", "import_meta=json")];
    assert_eq!(
        calls(table.as_bytes(), "", &flags),
        [r#"{"email":"a@example.com","params":{"a":1,"import_meta":{"b":2}}}"#]
    );
}

#[test]
fn words_that_are_no_statuses_are_counted_and_translated() {
    let words = ["aktiv", "Active:Paid", "past_due", "zzz", "aktiv"];
    let rows: String =
        words.iter().enumerate().map(|(at, word)| format!("a{at}@example.com,{word}\n")).collect();
    let told = told(format!("email,status\n{rows}").as_bytes(), "", &[]);
    assert!(told.contains("active:paid (1), aktiv (2), past_due (1), zzz (1)."), "{told}");
    let flag = "--status-map active:paid=paid,aktiv=paid,past_due=paid,zzz=free (of \"zzz\" nothing is known";
    assert!(told.contains(flag), "{told}");
    let many: String = (0..30).map(|n| format!("a{n}@example.com,word{n}\n")).collect();
    let told = self::told(format!("email,status\n{many}").as_bytes(), "", &[]);
    assert!(told.contains("and others (10)"), "{told}");
}

#[test]
fn cells_under_no_name_are_left_out_wherever_they_stand() {
    let table = ",email,,\n1,a@example.com,2,3\n";
    assert_eq!(calls(table.as_bytes(), "", &[]), [r#"{"email":"a@example.com"}"#]);
    assert!(told(table.as_bytes(), "", &[]).contains("3 cells stand in columns without a name"));
}

#[test]
fn fields_may_be_told_in_other_words() {
    let table = "email,since,gone,seen,status\na@example.com,1772355600,2026-03-02,2026-03-01,Churned\n";
    let flags = [("map", "since=paid_since"), ("map", "gone=churned_at"), ("map", "seen=last_login")];
    assert_eq!(
        calls(table.as_bytes(), "", &flags),
        [
            r#"{"email":"a@example.com","first_paid":"2026-03-01T09:00:00Z","last_activity":"2026-03-01","status":"churned","status_since":"2026-03-02"}"#
        ]
    );
}

#[test]
fn objects_are_mapped_and_typed_as_columns_are() {
    let text = r#"{"mail":"a@example.com","user_id":7,"first":"Ann","last":"Lee","price":"29,90 €","at":1772355600,"tags":"a|b","address":{"country":"DE"},"n":null}"#;
    let flags = [
        ("map", "mail=email"),
        ("map", "first+last=name"),
        ("map", "at=first_seen"),
        ("map", "address.country=country"),
        ("type", "price=money"),
        ("type", "tags=list"),
    ];
    assert_eq!(
        calls(text.as_bytes(), "", &flags),
        [
            r#"{"email":"a@example.com","first_seen":"2026-03-01T09:00:00Z","name":"Ann Lee","params":{"address":{"country":"DE"},"country":"DE","n":null,"price":29.90,"tags":["a","b"]},"user_id":"7"}"#
        ]
    );
}

#[test]
fn an_export_of_several_projects_is_noted() {
    let table = "email,project,params.plan,params\na@example.com,one,pro,\na@example.com,two,free,\n";
    let line = |project| {
        format!(
            "{{\"email\":\"a@example.com\",\"project\":\"{project}\",\"status_since\":\"2026-01-01T00:00:00Z\",\"last_activity\":\"2026-01-01T00:00:00Z\",\"params\":{{}}}}\n"
        )
    };
    for text in [table.to_owned(), line("one") + &line("two")] {
        assert!(told(text.as_bytes(), "", &[]).contains("several projects (one, two)"), "{text}");
    }
    assert!(!told(line("one").as_bytes(), "", &[]).contains("several projects"));
}

#[test]
fn what_is_no_object_is_not_said_to_name_nobody() {
    let text = "{\"email\":\"a@example.com\"}\n{broken\n[1]\n{\"a\":1}\n";
    let told = told(text.as_bytes(), "a.ndjson", &[]);
    assert!(told.contains("note: 1 row names nobody, the first on line 4"), "{told}");
}

#[test]
fn whom_an_object_names_is_seen_whatever_its_other_values_are() {
    let text = "{\"email\":\"a@example.com\",\"user_id\":7,\"price\":\"29,90\"}\n{\"email\":\"b@example.com\",\"user_id\":7,\"price\":\"29,90\"}\n";
    let flags = [("type", "price=money")];
    let calls = calls(text.as_bytes(), "", &flags);
    assert!(
        calls[0].contains("29.90") && calls[1].contains("stands on line 1 with another email"),
        "{calls:?}"
    );
    assert!(!told(text.as_bytes(), "", &flags).contains("nobody"));
}

#[test]
fn placeholders_are_not_sent() {
    let table = "email,user_id\na@example.com,0\nb@example.com,[object Object]\nc@example.com, undefined \nd@example.com,7\n";
    let calls = calls(table.as_bytes(), "", &[]);
    let sent: BTreeSet<bool> = calls[..3].iter().map(|call| call.contains("user_id")).collect();
    assert!(sent == [false].into() && calls[3].contains("\"user_id\":\"7\""), "{calls:?}");
    assert!(told(table.as_bytes(), "", &[]).contains("The user_id of 3 rows is a placeholder such as \"0\""));
}

#[test]
fn a_row_keeps_its_cells_for_the_file_of_rejected_rows() {
    let file = file(b"email,note\n , \" x \"\n");
    let survey = survey(&file, "", &Options::default()).unwrap();
    let row = survey.rows(&file, 0).unwrap().next().unwrap().unwrap();
    assert_eq!(row.raw, Raw::Cells(vec![" ".to_owned(), " x ".to_owned()]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever bytes a file holds, it is read or refused; and the rows are as many as were counted.
    #[test]
    fn no_file_is_too_odd(
        start in prop::sample::select(vec![&b"email,user_id,name\n"[..], b"{", b"[", b"\xff\xfe", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"sep=;\n", b""]),
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\"\r\n,;\t {}[]:a@.x0".to_vec())], 0..300),
    ) {
        let file = file(&[start, &bytes].concat());
        if let Ok(survey) = survey(&file, "", &Options::default()) {
            let rows = survey.rows(&file, 0).unwrap().filter(Result::is_ok).count() as u64;
            prop_assert_eq!(rows, survey.about().records);
        }
    }
}
