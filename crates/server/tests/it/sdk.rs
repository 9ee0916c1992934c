//! The clients that the server serves: what comes with them, what is in them, and who may fetch them.

use std::io::Read;

use axum::{body::Body, http::Request};
use server::http::sdk::{self, MODULE, PACKAGE, VERSION, WHEEL};

use crate::support::server::{Answer, TestServer};

/// A download, as nobody in particular makes it.
async fn fetch(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request =
        headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    server.send(request.body(Body::empty()).unwrap()).await
}

/// A header of an answer; empty where it is missing.
fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn each_client_has_a_type_and_is_fetched_once() {
    let server = TestServer::start().await;
    let kinds = [
        (MODULE, "text/javascript; charset=utf-8"),
        (PACKAGE, "application/gzip"),
        (WHEEL, "application/zip"),
    ];
    for (name, kind) in kinds {
        let path = format!("/sdk/{name}");
        let answer = fetch(&server, &path, &[]).await;
        assert_eq!((answer.status, header(&answer, "content-type")), (200, kind), "{name}");
        assert!(answer.body.len() > 1000, "{name}: {} bytes", answer.body.len());
        assert_eq!(header(&answer, "cache-control"), "public, max-age=600");
        assert_eq!(header(&answer, "cross-origin-resource-policy"), "cross-origin");

        let tag = header(&answer, "etag");
        let again = fetch(&server, &path, &[("if-none-match", tag)]).await;
        assert_eq!((again.status, again.body.len(), header(&again, "etag")), (304, 0, tag), "{name}");
        let list = format!("\"another\", {tag}");
        assert_eq!(fetch(&server, &path, &[("if-none-match", &list)]).await.status, 304);
        assert_eq!(fetch(&server, &path, &[("if-none-match", "\"another\"")]).await.status, 200);
    }
}

#[tokio::test]
async fn pages_of_any_site_may_import_the_module_and_get_it_compressed() {
    let server = TestServer::start().await;
    let from = [("origin", "https://example.com"), ("accept-encoding", "gzip")];
    let answer = fetch(&server, "/sdk/tinycrm.js", &from).await;
    assert_eq!((answer.status, header(&answer, "access-control-allow-origin")), (200, "*"));
    assert_eq!(header(&answer, "content-encoding"), "gzip");
    assert!(answer.body.len() <= 2100, "{} bytes on the wire", answer.body.len());

    let package = fetch(&server, "/sdk/tinycrm-sdk.tgz", &from).await;
    assert_eq!(header(&package, "content-encoding"), "", "compressed twice");
}

#[tokio::test]
async fn npms_package_holds_what_its_manifest_names() {
    let server = TestServer::start().await;
    let bytes = fetch(&server, "/sdk/tinycrm-sdk.tgz", &[]).await.body;
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut tar).unwrap();
    let (mut paths, mut manifest, mut rest) = (Vec::new(), String::new(), &tar[..]);
    while rest[0] != 0 {
        let (header, after) = rest.split_at(512);
        let text = |range: std::ops::Range<usize>| {
            std::str::from_utf8(&header[range]).unwrap().trim_end_matches('\0')
        };
        let (path, size) = (text(0..100), usize::from_str_radix(text(124..136), 8).unwrap());
        if path == "package/package.json" {
            manifest = String::from_utf8(after[..size].to_vec()).unwrap();
        }
        paths.push(path.to_owned());
        rest = &after[size.next_multiple_of(512)..];
    }
    assert_eq!(rest, [0; 1024], "the end of a tar");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let entries = ["/main", "/types", "/exports/import", "/exports/require"];
    for entry in entries.map(|pointer| manifest.pointer(pointer).unwrap().as_str().unwrap()) {
        assert!(paths.contains(&entry.replacen('.', "package", 1)), "{entry} is not in {paths:?}");
    }
    assert!(paths.iter().all(|path| path.starts_with("package/") && !path.contains("node_modules")));
}

#[tokio::test]
async fn pips_package_records_every_file() {
    let server = TestServer::start().await;
    let bytes = fetch(&server, &format!("/sdk/{WHEEL}"), &[]).await.body;
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&bytes[..])).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    let info = format!("tinycrm-{VERSION}.dist-info");
    let mut read = |name: &str| {
        let mut text = String::new();
        zip.by_name(&format!("{info}/{name}")).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let (record, metadata) = (read("RECORD"), read("METADATA"));
    let recorded: Vec<&str> = record.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(recorded, names);
    assert!(metadata.contains(&format!("Name: tinycrm\nVersion: {VERSION}\n")), "{metadata}");

    let manifest =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/python/pyproject.toml"));
    let manifest = manifest.unwrap();
    for field in ["Summary: ", "Requires-Python: ", "License-Expression: "] {
        let value = metadata.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        assert!(manifest.contains(&format!("= \"{value}\"")), "{value} is not in pyproject.toml");
    }
}

#[tokio::test]
async fn a_page_lists_them_with_the_servers_own_address() {
    let server = TestServer::public_at("https://crm.example.com").await;
    let page = fetch(&server, "/sdk", &[]).await;
    assert!(header(&page, "content-type").starts_with("text/html"));
    for file in sdk::files() {
        assert!(page.text().contains(&format!("href=\"/sdk/{}\"", file.name)), "{}", page.text());
    }
    let lines = [
        "npm install https://crm.example.com/sdk/tinycrm-sdk.tgz".to_owned(),
        format!("pip install https://crm.example.com/sdk/tinycrm-{VERSION}-py3-none-any.whl"),
    ];
    let guide = fetch(&server, "/llms.txt", &[]).await;
    for line in lines {
        assert!(page.text().contains(&line), "{}", page.text());
        assert!(guide.text().contains(&line), "{}", guide.text());
    }
    assert!(
        !["{url}", "{npm}", "{pip}"].iter().any(|place| guide.text().contains(place)),
        "{}",
        guide.text()
    );
}

#[tokio::test]
async fn a_client_of_another_version_is_told_of_this_one() {
    let server = TestServer::start().await;
    let answer = fetch(&server, "/sdk/tinycrm-0.0.1-py3-none-any.whl", &[]).await;
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains(VERSION) && answer.text().contains("/sdk lists"), "{}", answer.text());
}
