//! NDJSON: a relationship a line, its params exactly as they are stored.

use filter::Field;
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
    status_since: Option<Timestamp>,
    first_paid: Option<Timestamp>,
    first_seen: Option<Timestamp>,
    last_activity: Option<Timestamp>,
    params: &'a RawValue,
}

/// A line per row.
pub(super) fn rows(projects: &[String], rows: &[ExportRow]) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(rows.len() * 512);
    for row in rows {
        let line = Line {
            id: row.customer(),
            email: row.text(&Field::Email).unwrap_or_default(),
            project: projects.get(row.project()).map(String::as_str).unwrap_or_default(),
            user_id: row.text(&Field::UserId),
            name: row.text(&Field::Name),
            status: row.text(&Field::Status).unwrap_or_default(),
            status_since: row.time(&Field::StatusSince),
            first_paid: row.time(&Field::FirstPaid),
            first_seen: row.time(&Field::FirstSeen),
            last_activity: row.time(&Field::LastActivity),
            params: serde_json::from_str(row.params())?,
        };
        serde_json::to_writer(&mut out, &line)?;
        out.push(b'\n');
    }
    Ok(out)
}
