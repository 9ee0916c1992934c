//! NDJSON: a relationship a line, its params exactly as they are stored.

use std::io;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{END, Marked};

/// A line on the wire.
#[derive(Serialize)]
struct Written<'a> {
    /// [`super::AS_OF`].
    #[serde(rename = "tinycrm_as_of", skip_serializing_if = "Option::is_none")]
    as_of: Option<Timestamp>,
    id: Uuid,
    email: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    aliases: &'a [String],
    project: &'a str,
    user_id: Option<&'a str>,
    name: Option<&'a str>,
    status: Option<&'static str>,
    status_since: Option<Timestamp>,
    first_paid: Option<Timestamp>,
    first_seen: Timestamp,
    last_activity: Option<Timestamp>,
    imported: Option<Timestamp>,
    params: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
}

/// The last line of an export that tells its cursors.
pub fn end() -> Vec<u8> {
    format!("{{\"cursor\":\"{END}\"}}\n").into_bytes()
}

/// The lines as NDJSON; where they are of the past, each says of which moment.
pub fn lines<'a>(lines: impl Iterator<Item = Marked<'a>>, as_of: Option<Timestamp>) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    for (line, cursor) in lines {
        let document = &line.document;
        let written = Written {
            as_of,
            id: line.customer,
            email: document.email,
            aliases: line.aliases,
            project: line.project,
            user_id: document.user_id,
            name: document.name,
            status: document.status.map(filter::Status::as_str),
            status_since: document.status_since,
            first_paid: document.first_paid,
            first_seen: document.first_seen,
            last_activity: document.last_activity,
            imported: document.imported,
            params: serde_json::from_str(line.params)?,
            cursor,
        };
        serde_json::to_writer(&mut out, &written)?;
        out.push(b'\n');
    }
    Ok(out)
}
