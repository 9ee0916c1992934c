//! Styles, scripts and icons, embedded in the binary. Their address holds their hash, so browsers keep them for ever. A page
//! asks for one style, which is put together of one file a room; scripts are modules, which browsers put together.

use std::{borrow::Cow, sync::LazyLock};

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

/// The style of every page, and its parts: what is measured and painted with first, then what rooms share, then the rooms.
const STYLE: &str = "style.css";
const PARTS: &[&str] = &[
    "tokens.css",
    "ground.css",
    "controls.css",
    "parts.css",
    "tables.css",
    "values.css",
    "frame.css",
    "customers.css",
    "filter_box.css",
    "strip.css",
    "rail.css",
    "acts.css",
    "customer.css",
    "calendar.css",
    "insights.css",
    "changes.css",
    "home.css",
    "segments.css",
    "imports.css",
    "projects.css",
    "settings.css",
];

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
    let (data, kind) =
        read(&name).ok_or_else(|| Problem::new(Code::NotFound, format!("There is no file {name} here.")))?;
    // A page of the version before, still open, asks for its files once more: it gets the present ones, unkept.
    let keep = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = data.into_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(kind) = HeaderValue::try_from(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    Ok(response)
}

/// A file's bytes, and what they are.
fn read(name: &str) -> Option<(Cow<'static, [u8]>, String)> {
    if name == STYLE {
        let parts = PARTS.iter().filter_map(|part| Files::get(part)).map(|file| file.data);
        return Some((parts.collect::<Vec<_>>().concat().into(), "text/css; charset=utf-8".to_owned()));
    }
    let file = Files::get(name)?;
    let kind = match file.metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    Some((file.data, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_has_every_part_once() {
        let mut styles: Vec<_> = Files::iter().filter(|name| name.ends_with(".css")).collect();
        let mut parts = PARTS.to_vec();
        styles.sort();
        parts.sort_unstable();
        assert_eq!(styles, parts);
        let (style, kind) = read(STYLE).unwrap();
        let whole: usize = styles.iter().map(|name| Files::get(name).unwrap().data.len()).sum();
        assert_eq!((style.len(), kind.as_str()), (whole, "text/css; charset=utf-8"));
        assert!(style.starts_with(b"/* What everything is measured and painted with."));
    }
}
