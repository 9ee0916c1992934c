//! Cursors: where a page ended, as an opaque text. It holds the time that `now` meant and a fingerprint of the query,
//! so that pages of two queries never mix. Forging one only chooses another place of the same answer.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use index::Sort;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::key::Key;
use crate::store::AccountId;

/// Longer texts are no cursors: 128 code points of a key and a few numbers.
const LENGTH_MAX: usize = 2_048;

/// Why a text is no cursor of this query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// It was not made here.
    #[error("that is not a cursor")]
    Invalid,
    /// It was made for another filter, order or project.
    #[error("the cursor belongs to another query")]
    Mismatch,
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::store) struct Place {
    pub(in crate::store) print: u64,
    pub(in crate::store) now: Timestamp,
    /// Whether everything is asked as of then.
    pub(in crate::store) past: bool,
    pub(in crate::store) key: Key,
    pub(in crate::store) customer: Uuid,
    /// Where an export ended: the last of the customer's projects that it told of. A page tells of all of them.
    pub(in crate::store) project: Option<Uuid>,
}

impl Place {
    /// The place, if it is of the query with this fingerprint.
    pub(in crate::store) fn of(self, print: u64) -> Result<Place, CursorError> {
        if self.print == print { Ok(self) } else { Err(CursorError::Mismatch) }
    }
}

/// The fingerprint of a query: what decides which rows come in which order.
pub(in crate::store) fn print(
    account: AccountId,
    rows: &[Uuid],
    filter: &str,
    as_of: Option<&str>,
    (sort, told): (&Sort, &str),
) -> u64 {
    let mut hash = Sha256::new();
    hash.update(account.to_string());
    rows.iter().for_each(|id| hash.update(id.as_bytes()));
    hash.update([0]);
    hash.update(sort.to_string());
    hash.update([0]);
    hash.update(as_of.unwrap_or_default());
    hash.update([0]);
    hash.update(filter);
    if !told.is_empty() {
        hash.update([0]);
        hash.update(told);
    }
    let digest = hash.finalize();
    digest.iter().take(8).fold(0, |print, byte| print << 8 | u64::from(*byte))
}

/// The cursor for the rows after a place.
pub(in crate::store) fn write(place: &Place) -> String {
    let Place { print, now, past, key, customer, project } = place;
    let fields = (print, now.as_microsecond(), past, key.rank, &key.number, &key.text, customer, project);
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::json!(fields).to_string())
}

/// A cursor as it is written here, if it can be one: of what is read of a text nothing else may be kept.
pub fn canonical(text: &str) -> Result<String, CursorError> {
    Ok(write(&read(text)?))
}

/// Reads a cursor.
pub(in crate::store) fn read(text: &str) -> Result<Place, CursorError> {
    let bytes = (text.len() <= LENGTH_MAX).then(|| BASE64_URL_SAFE_NO_PAD.decode(text).ok()).flatten();
    parse(&bytes.ok_or(CursorError::Invalid)?).ok_or(CursorError::Invalid)
}

fn parse(bytes: &[u8]) -> Option<Place> {
    type Fields = (u64, i64, bool, i32, String, String, Uuid, Option<Uuid>);
    let (print, now, past, rank, number, text, customer, project): Fields =
        serde_json::from_slice(bytes).ok()?;
    let now = Timestamp::from_microsecond(now).ok()?;
    let exact = filter::value::decimal(&number.parse().ok()?)?; // what is no number must not reach a cast
    let key = Key { rank, number: index::number::plain(&exact), text };
    (!key.text.contains('\0')).then_some(Place { print, now, past, key, customer, project })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back() {
        let key = Key { rank: 2, number: "-19.9".to_owned(), text: "a\"b\u{1F600}".to_owned() };
        let (now, customer) =
            (Timestamp::from_microsecond(1_700_000_000_000_001).unwrap(), Uuid::from_u128(7));
        for project in [None, Some(Uuid::from_u128(8))] {
            let place = Place { print: u64::MAX, now, past: true, key: key.clone(), customer, project };
            let read = read(&write(&place)).unwrap();
            assert_eq!(read, place);
            assert_eq!(read.of(1), Err(CursorError::Mismatch));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let forged = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
        for text in [
            String::new(),
            "x".to_owned(),
            "é".repeat(9),
            "A".repeat(100_000),
            forged("[1,2]"),
            forged(r#"[1,0,true,1,"1; drop table customer","","00000000-0000-0000-0000-000000000000",null]"#),
            forged(r#"[1,0,true,1,"1e999999999","","00000000-0000-0000-0000-000000000000",null]"#),
            forged(r#"[1,0,true,1,"1","\u0000","00000000-0000-0000-0000-000000000000",null]"#),
            forged(r#"[1,9223372036854775807,true,1,"1","","00000000-0000-0000-0000-000000000000",null]"#),
        ] {
            assert_eq!(read(&text), Err(CursorError::Invalid), "{text:.80}");
        }
    }
}
