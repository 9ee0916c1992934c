//! `/sdk`: the clients of this server, for npm, pip and browsers on any site.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use crate::http::{App, Code, Problem, extract::Path, sdk};

/// A stable address with changing contents is asked for again after so long: an upgrade reaches everybody soon.
const KEEP: HeaderValue = HeaderValue::from_static("public, max-age=600");

/// Pages that demand isolation may use the module too.
const FROM_ANYWHERE: (HeaderName, HeaderValue) =
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));

#[derive(Template)]
#[template(path = "sdk.html")]
struct List {
    url: String,
}

/// `GET /sdk`: what there is and the lines that install it; also a page for `pip install --find-links`.
pub async fn list_files(State(app): State<App>) -> Result<Html<String>, Problem> {
    let list = List { url: app.config.public_url() };
    Ok(Html(list.render().map_err(|error| Problem::internal(&error))?))
}

/// `GET /sdk/tinycrm.js`: the module for browsers.
pub async fn show_module(headers: HeaderMap) -> Result<Response, Problem> {
    download(sdk::MODULE, &headers)
}

/// `GET /sdk/{file}`: a package.
pub async fn show_file(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    download(&name, &headers)
}

fn download(name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let file = sdk::files().iter().find(|file| file.name == name).ok_or_else(|| {
        Problem::new(Code::NotFound, format!("There is no client {name} here."))
            .hint(format!("This is version {}: /sdk lists its clients.", sdk::VERSION))
    })?;
    let etag = HeaderValue::from_str(&file.etag).ok();
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let same = known.flat_map(|value| value.split(',')).any(|tag| tag.trim() == file.etag);
    let mut response =
        if same { StatusCode::NOT_MODIFIED.into_response() } else { file.bytes.clone().into_response() };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    out.insert(header::CACHE_CONTROL, KEEP);
    out.insert(FROM_ANYWHERE.0, FROM_ANYWHERE.1);
    out.extend(etag.map(|etag| (header::ETAG, etag)));
    Ok(response)
}
