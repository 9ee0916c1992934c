//! Any text as parts of an Excel file: packed as they are, so that what reads the parts is reached and not only what unpacks
//! them.

use std::io::{Cursor, Write};

use server::import::Options;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::table;

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKED: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// Plays the bytes: a NUL ends the rows of the sheet, then the shared strings, then the styles.
pub(crate) fn play(bytes: &[u8]) {
    let mut given = bytes.splitn(3, |byte| *byte == 0);
    let mut part = || given.next().unwrap_or_default();
    let wrapped = |name: &str, inside: &[u8]| {
        [
            format!(r#"<?xml version="1.0"?><{name} xmlns="{MAIN}">"#).as_bytes(),
            inside,
            format!("</{name}>").as_bytes(),
        ]
        .concat()
    };
    let sheet = wrapped("worksheet", &[b"<sheetData>", part(), b"</sheetData>"].concat());
    let (strings, styles) = (wrapped("sst", part()), wrapped("styleSheet", part()));
    let workbook = format!(
        r#"<?xml version="1.0"?><workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>"#
    );
    let root = format!(
        r#"<?xml version="1.0"?><Relationships xmlns="{PACKED}"><Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
    );
    let relations = format!(
        r#"<?xml version="1.0"?><Relationships xmlns="{PACKED}"><Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#
    );
    let parts = [
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", workbook.as_bytes()),
        ("xl/_rels/workbook.xml.rels", relations.as_bytes()),
        ("xl/worksheets/sheet1.xml", &sheet),
        ("xl/sharedStrings.xml", &strings),
        ("xl/styles.xml", &styles),
    ];
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, part) in parts {
        zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored))
            .unwrap();
        zip.write_all(part).unwrap();
    }
    let file = table::file(&zip.finish().unwrap().into_inner());
    table::read(&file, "a.xlsx", &Options::default());
}
