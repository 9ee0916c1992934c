//! NDJSON: a relationship a line, its params exactly as they are stored.

use std::io;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::store::export::ExportRow;

/// A line.
#[derive(Serialize)]
struct Line<'a> {
    id: Uuid,
    email: &'a str,
    project: &'a str,
    user_id: Option<&'a str>,
    name: Option<&'a str>,
    status: &'a str,
    status_since: Timestamp,
    first_paid: Option<Timestamp>,
    first_seen: Timestamp,
    last_activity: Timestamp,
    params: &'a RawValue,
}

/// A line per row.
pub(super) fn rows(projects: &[String], rows: &[ExportRow]) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(rows.len() * 512);
    for row in rows {
        let document = row.document().map_err(io::Error::other)?;
        let line = Line {
            id: row.customer(),
            email: document.email,
            project: projects.get(row.project()).map(String::as_str).unwrap_or_default(),
            user_id: document.user_id,
            name: document.name,
            status: document.status.as_str(),
            status_since: document.status_since,
            first_paid: document.first_paid,
            first_seen: document.first_seen,
            last_activity: document.last_activity,
            params: serde_json::from_str(row.params().map_err(io::Error::other)?)?,
        };
        serde_json::to_writer(&mut out, &line)?;
        out.push(b'\n');
    }
    Ok(out)
}
