//! A file as the body of a request: taken in whole, at constant memory. What can be told before it is read is refused then.

use std::{io, pin::pin};

use axum::{
    body::Bytes,
    extract::Request,
    http::{HeaderMap, header},
};
use futures_util::{Stream, TryStreamExt};

use crate::{
    http::{Code, Problem, body, coding::Unpacked},
    import::{FILE_MAX, Imports, Spool, Spooled, UNPACKED_MAX},
    store::AccountId,
};

const HOW: &str = "Send the file as it is: curl --data-binary @FILE.";

/// Takes the body in.
pub(super) async fn take(
    imports: &Imports,
    account: AccountId,
    request: Request,
) -> Result<Spooled, Problem> {
    let (kind, most) = before(&request)?;
    let mut looks = Looks::default();
    let chunks = request.into_body().into_data_stream();
    let seen = chunks.map_err(|error| broken(&error)).inspect_ok(|chunk| looks.see(chunk));
    let spooled = keep(imports, account, most, pin!(seen)).await?;
    if kind == "application/x-www-form-urlencoded" && looks.are_of_one_line() {
        let detail = "The file came without line ends: curl -d takes them away.";
        return Err(Problem::new(Code::InvalidRequest, detail).hint(HOW));
    }
    Ok(spooled)
}

/// Keeps a file of at most so many bytes as it comes.
pub(crate) async fn keep(
    imports: &Imports,
    account: AccountId,
    most: u64,
    mut chunks: impl Stream<Item = Result<Bytes, Problem>> + Unpin,
) -> Result<Spooled, Problem> {
    let mut spool = Spool::in_turn(imports.turn(account)?, most).map_err(|error| refusal(&error, most))?;
    while let Some(chunk) = chunks.try_next().await? {
        // A write to a file of the system's cache takes no longer than a copy.
        spool.write(&chunk).map_err(|error| refusal(&error, most))?;
    }
    spool.finish().map_err(|error| refusal(&error, most))
}

/// What is said of a body before it comes: its type, and how large it may be.
fn before(request: &Request) -> Result<(String, u64), Problem> {
    let most = match request.extensions().get::<Unpacked>() {
        Some(Unpacked) => UNPACKED_MAX,
        None => FILE_MAX,
    };
    let kind = body::media_type(request.headers()).unwrap_or_default();
    if kind.starts_with("multipart/") {
        let detail = format!("The file came inside a form ({kind}), which is not read here.");
        return Err(Problem::new(Code::UnsupportedMediaType, detail).hint(HOW));
    }
    match length(request.headers()).is_some_and(|length| length > most) {
        true => Err(too_large(most)),
        false => Ok((kind, most)),
    }
}

/// The body ended before the file did.
fn broken(error: &axum::Error) -> Problem {
    let detail = format!("The file did not arrive whole: {error}.");
    body::too_slow(error).unwrap_or_else(|| Problem::new(Code::InvalidRequest, detail).hint("Send it again."))
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What is seen of a file while it goes by.
#[derive(Default)]
struct Looks {
    first: Option<u8>,
    has_lines: bool,
}

impl Looks {
    fn see(&mut self, bytes: &[u8]) {
        self.first = self.first.or_else(|| bytes.trim_ascii_start().first().copied());
        self.has_lines = self.has_lines || bytes.iter().any(|byte| b"\r\n".contains(byte));
    }

    /// Whether it is a table that has lost its lines. JSON can do without, and what is compressed is no text.
    fn are_of_one_line(&self) -> bool {
        let is_table = |first: u8| first.is_ascii_alphanumeric() || first == b'"' || first >= 0x80;
        !self.has_lines && self.first.is_some_and(is_table)
    }
}

fn too_large(most: u64) -> Problem {
    let hint = match most {
        FILE_MAX => "Split it, or compress it: .gz and .zst are read.",
        _ => "Split it, or send it plain.",
    };
    Problem::new(Code::TooLarge, format!("The file is larger than {} GiB.", most >> 30)).hint(hint)
}

fn refusal(error: &io::Error, most: u64) -> Problem {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return too_large(most);
    }
    tracing::error!(%error, "an uploaded file cannot be kept");
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&error.kind());
    let detail = match full {
        true => "The server's disk is full: the file does not fit.".to_owned(),
        false => format!("The server cannot keep the file: {error}."),
    };
    Problem::new(Code::NoRoom, detail).hint(
        "Whoever runs the server makes room, or sets TMPDIR to a folder that it may write to (else /var/tmp is used), and starts it again.",
    )
}
