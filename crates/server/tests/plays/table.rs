//! Any bytes as a file to import: whatever it is taken for, each of its rows is read, is a body or says why not, and is
//! written out again among the rejected ones.

use std::{fs::File, io::Write};

use server::{
    import::{Made, Options, survey},
    model::{
        body::{self, Terms},
        json,
    },
};

/// Plays the bytes; the first of them says with which options.
pub(crate) fn play(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let form = ["", "csv", "ndjson", "json", "xlsx"][usize::from(choice % 5)];
    let name = ["", "a.csv", "a.ndjson", "a.xlsx.gz"][usize::from(choice / 5 % 4)];
    let mut options = Options { format: form.parse().ok(), seen: choice & 128 != 0, ..Options::default() };
    if choice & 64 != 0 {
        options.map = vec![("a".to_owned(), "email".to_owned()), ("b".to_owned(), "params.x.y".to_owned())];
        options.delimiter = ";".parse().ok();
    }
    read(&file(bytes), name, &options);
}

/// Reads a file as an import does.
pub(crate) fn read(file: &File, name: &str, options: &Options) {
    let survey = match survey(file, name, options) {
        Ok(survey) => survey,
        Err(fault) => return assert!(!fault.detail.is_empty()),
    };
    let Ok(rows) = survey.rows(file, 0) else { return };
    let mut count = 0;
    for row in rows {
        let Ok(row) = row else { break };
        count += 1;
        assert_eq!(row.record, count);
        survey.user_id(&row.raw);
        let raw = serde_json::to_string(&row.raw).unwrap();
        assert_eq!(serde_json::from_str::<server::import::Raw>(&raw).unwrap(), row.raw);
        let call = match row.made {
            Ok(Made::Call(call)) => Some(call),
            Ok(Made::Cells(cells)) => survey.amend(&cells, None, None).ok().flatten(),
            Err(reason) => {
                assert!(!reason.is_empty());
                None
            }
        };
        if let Some(call) = call {
            let text = serde_json::Value::Object(call).to_string();
            let terms =
                Terms { now: jiff::Timestamp::constant(1_774_700_000, 0), publishable: false, live: false };
            let _ = json::raw(text.as_bytes()).and_then(|raw| body::identify(raw, terms));
        }
    }
    assert!(count <= survey.about().records);
}

/// A file without a name, which holds the bytes.
pub(crate) fn file(bytes: &[u8]) -> File {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let mut file = tempfile::tempfile_in(folder).unwrap();
    file.write_all(bytes).unwrap();
    file
}
