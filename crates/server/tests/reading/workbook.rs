//! Excel files, made here part by part: dates, numbers, several sheets, and what is hostile in them.

use std::io::{Cursor, Write};

use server::import::{Options, survey};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::told::{file, told};

const SHEET: &str = r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>ROWS</sheetData></worksheet>"#;

/// A workbook with these sheets: their names, and the XML of their rows. Style 1 is a date, 2 a date and time.
fn workbook(sheets: &[(&str, &str)], strings: &str) -> Vec<u8> {
    let (mut names, mut relations, mut parts) = (String::new(), String::new(), Vec::new());
    for (at, (name, rows)) in sheets.iter().enumerate() {
        let id = at + 1;
        names += &format!(r#"<sheet name="{name}" sheetId="{id}" r:id="rId{id}"/>"#);
        let kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet";
        relations +=
            &format!(r#"<Relationship Id="rId{id}" Type="{kind}" Target="worksheets/sheet{id}.xml"/>"#);
        parts.push((format!("xl/worksheets/sheet{id}.xml"), SHEET.replace("ROWS", rows)));
    }
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let packed = "http://schemas.openxmlformats.org/package/2006/relationships";
    parts.push((
        "xl/workbook.xml".to_owned(),
        format!(r#"<?xml version="1.0"?><workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>"#),
    ));
    parts.push((
        "_rels/.rels".to_owned(),
        format!(r#"<?xml version="1.0"?><Relationships xmlns="{packed}"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#),
    ));
    parts.push((
        "xl/_rels/workbook.xml.rels".to_owned(),
        format!(r#"<?xml version="1.0"?><Relationships xmlns="{packed}">{relations}</Relationships>"#),
    ));
    parts.push((
        "xl/styles.xml".to_owned(),
        format!(r#"<?xml version="1.0"?><styleSheet xmlns="{main}"><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs></styleSheet>"#),
    ));
    parts.push(("xl/sharedStrings.xml".to_owned(), strings.to_owned()));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn text(at: &str, text: &str) -> String {
    format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

fn number(at: &str, number: &str, style: u8) -> String {
    format!(r#"<c r="{at}" s="{style}"><v>{number}</v></c>"#)
}

fn people() -> String {
    let head = [
        text("A2", "email"),
        text("B2", "name"),
        text("C2", "first_seen"),
        text("D2", "mrr"),
        text("E2", "seen"),
        text("G2", "ok"),
    ];
    let first = [
        text("A3", "a@example.com"),
        text("B3", "Zoë"),
        number("C3", "46082", 1),
        number("D3", "0.30000000000000004", 0),
        number("E3", "46082.375", 2),
        r#"<c r="G3" t="b"><v>1</v></c>"#.to_owned(),
    ];
    let second = [text("A7", "b@example.com"), number("D7", "1290", 0)];
    format!(
        r#"<row r="2">{}</row><row r="3">{}</row><row r="7">{}</row>"#,
        head.concat(),
        first.concat(),
        second.concat()
    )
}

const STRINGS: &str = r#"<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" uniqueCount="0"></sst>"#;

#[test]
fn the_first_sheet_that_has_rows_is_read_as_it_is_shown() {
    let bytes = workbook(&[("Cover", ""), ("People", &people()), ("Other", &people())], STRINGS);
    insta::assert_snapshot!(told(&bytes, "people.xlsx", &[]), @r#"
    xlsx, sheet People, 2 records
      "email" becomes email: a@example.com | b@example.com
      "name" becomes name: Zoë
      "first_seen" becomes first_seen: 2026-03-01
      "mrr" becomes params.mrr: 0.3 | 1290
      "seen" becomes params.seen: 2026-03-01T09:00:00Z
      "ok" becomes params.ok: true
    note: The sheet People is read; there are Cover, Other too.
      hint: For another add --sheet Cover
    line 3: {"email":"a@example.com","first_seen":"2026-03-01","name":"Zoë","params":{"mrr":0.3,"ok":true,"seen":"2026-03-01T09:00:00Z"}}
    line 7: {"email":"b@example.com","params":{"mrr":1290}}
    "#);
    let other = told(&bytes, "", &[("sheet", "Other")]);
    assert!(
        other.contains("sheet Other") && other.contains("line 7: {\"email\":\"b@example.com\""),
        "{other}"
    );
    let none = told(&bytes, "", &[("sheet", "Nobody")]);
    assert!(none.contains("It has Cover, People, Other."), "{none}");
    assert!(told(&bytes, "", &[("sheet", "Cover")]).contains("has no rows"));
}

/// Rows and cells in any order, as programs write them that are no spreadsheets.
#[test]
fn rows_and_cells_may_come_in_any_order() {
    let rows = [
        format!(r#"<row r="3">{}{}</row>"#, text("B3", "Bo"), text("A3", "b@example.com")),
        format!(r#"<row r="1">{}</row>"#, text("A1", "email")),
        format!(r#"<row r="2">{}{}</row>"#, text("A2", "a@example.com"), text("B2", "Ann")),
        format!(r#"<row r="1">{}</row>"#, text("B1", "name")),
    ];
    let told = told(&workbook(&[("People", &rows.concat())], STRINGS), "", &[]);
    assert!(told.contains("2 records"), "{told}");
    assert!(told.contains(r#"line 2: {"email":"a@example.com","name":"Ann"}"#), "{told}");
    assert!(told.contains(r#"line 3: {"email":"b@example.com","name":"Bo"}"#), "{told}");
}

#[test]
fn formulas_that_were_never_calculated_are_named() {
    let formula = |at: &str, value: &str| format!(r#"<c r="{at}"><f>1+1</f>{value}</c>"#);
    let rows = format!(
        r#"<row r="1">{}{}{}</row><row r="2">{}{}{}</row><row r="3">{}{}</row>"#,
        text("A1", "email"),
        text("B1", "mrr"),
        text("C1", "n"),
        text("A2", "a@example.com"),
        formula("B2", "<v>29</v>"),
        formula("C2", ""),
        text("A3", "b@example.com"),
        formula("C3", "<v></v>"),
    );
    let told = told(&workbook(&[("People", &rows)], STRINGS), "", &[]);
    assert!(told.contains("note: 2 cells hold formulas that were never calculated (C2, C3)"), "{told}");
    assert!(told.contains(r#"{"email":"a@example.com","params":{"mrr":29}}"#), "{told}");
}

/// What stands far away costs nothing, and what stands beyond the columns that are read is said.
#[test]
fn a_sparse_sheet_is_read_at_once() {
    let rows = format!(
        r#"<row r="1">{}</row><row r="2">{}</row><row r="1048576">{}{}</row>"#,
        text("A1", "email"),
        text("A2", "a@example.com"),
        text("A1048576", "z@example.com"),
        text("XFD1048576", "far"),
    );
    let told = told(&workbook(&[("People", &rows)], STRINGS), "", &[]);
    assert!(told.contains("1 cell stands beyond the 4096th column"), "{told}");
    assert!(told.contains(r#"line 1048576: {"email":"z@example.com"}"#), "{told}");
}

#[test]
fn a_workbook_that_declares_more_than_it_holds_is_refused() {
    for count in ["999999999999", "18446744073709551615", "99999999999999999999999"] {
        let strings = STRINGS.replace("uniqueCount=\"0\"", &format!("uniqueCount = '{count}'"));
        let bytes = workbook(&[("People", &people())], &strings);
        let told = told(&bytes, "", &[]);
        assert!(told.contains("declares more texts than it holds"), "{count}: {told}");
    }
}

#[test]
fn other_archives_and_broken_workbooks_are_named() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("people.csv", SimpleFileOptions::default()).unwrap();
    zip.write_all(b"email\na@example.com\n").unwrap();
    let archive = zip.finish().unwrap().into_inner();
    assert!(told(&archive, "", &[]).contains("a zip archive and no Excel file"));
    let bytes = workbook(&[("People", &people())], STRINGS);
    // Any byte may be wrong: it is read or refused, and nothing panics.
    for at in (0..bytes.len()).step_by(7) {
        let mut broken = bytes.clone();
        broken[at] ^= 0xff;
        let _ = survey(&file(&broken), "", &Options::default());
    }
}

/// Its reader gives up on some of them by a panic: that must not end the command, and is a fault of the file like another.
#[test]
fn cells_that_cannot_be_anywhere_are_a_fault_of_the_file() {
    for at in ["A99999999999", "ZZZZZZZZZ2", "ZZZZZZZZZZZZZZZZZZZZ99999999999999999999"] {
        let rows = format!(
            r#"<row r="1">{}</row><row r="2">{}</row>"#,
            text("A1", "email"),
            text(at, "a@example.com")
        );
        let surveyed = survey(&file(&workbook(&[("People", &rows)], STRINGS)), "", &Options::default());
        assert!(surveyed.err().is_some_and(|fault| fault.to_string().contains("cannot be read")), "{at}");
    }
}

#[test]
fn a_cell_that_is_longer_than_a_row_may_be_is_rejected_and_nothing_else() {
    let rows = format!(
        r#"<row r="1">{}{}</row><row r="2">{}{}</row><row r="3">{}</row>"#,
        text("A1", "email"),
        text("B1", "note"),
        text("A2", "long@example.com"),
        text("B2", &"x".repeat(3 << 20)),
        text("A3", "a@example.com"),
    );
    let told = told(&workbook(&[("People", &rows)], STRINGS), "", &[]);
    assert!(told.contains("it is longer than 2 MiB"), "{told}");
    assert!(told.contains("a@example.com") && told.len() < 10_000, "{} bytes", told.len());
}

#[test]
fn not_every_sheet_is_looked_through() {
    let names: Vec<String> = (0..3_000).map(|n| format!("Empty {n}")).collect();
    let mut sheets: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    sheets.push(("People", "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>email</t></is></c></row>"));
    assert!(
        told(&workbook(&sheets, STRINGS), "", &[])
            .contains("The first 8 sheets of the Excel file have no rows")
    );
}
