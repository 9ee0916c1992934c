//! Styles, scripts and icons, embedded in the binary. Their address holds their hash, so browsers keep them for ever.

use std::sync::LazyLock;

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::http::{Code, Problem, extract::Path};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// One hash for all files: modules import each other by relative address, so they change their address together.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort();
    let mut hash = Sha256::new();
    for file in names.iter().filter_map(|name| Files::get(name)) {
        hash.update(file.metadata.sha256_hash());
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
});

/// The address of a file of `static/`.
pub fn url(name: &str) -> String {
    format!("/static/{}/{name}", *VERSION)
}

/// `GET /static/{version}/{file}`.
pub async fn show_asset(Path((version, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let file = Files::get(&name)
        .ok_or_else(|| Problem::new(Code::NotFound, format!("There is no file {name} here.")))?;
    // A page of the version before, still open, asks for its files once more: it gets the present ones, unkept.
    let keep = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = file.data.into_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    let kind = match file.metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    if let Ok(kind) = HeaderValue::try_from(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    Ok(response)
}
