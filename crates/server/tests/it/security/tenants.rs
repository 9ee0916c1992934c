//! Nobody sees what is not theirs: every route that the router has, with every key and every role, and with ids of their own,
//! of another project, of another account, of what is gone, of what never was, and with texts that are no ids.

mod table;
mod world;

use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use server::store::erase;

use crate::support::server::{Answer, TestServer, request};
use table::{ASIDE, Aside, Door, ROUTES, Route};
use world::{Caller, Things, World};

/// Texts that are no ids. A path that is not UTF-8 is malformed; any other text could be one, and names nothing.
const MALFORMED: [&str; 7] = ["x'y", "%00", "%ff", "0", "-1", "01a20945-00ba-712e-84f6", "%F0%9F%98%80"];

/// Routes that have no such thing, whoever asks: nobody made it before.
const NOTHING_THERE: [&str; 9] = [
    "/customers/{who}/unmerge",
    "/customers/{who}/undo",
    // Only who wrote it may write it anew.
    "/notes/{id}",
    "/sessions/{id}/end",
    "/sign-in/{token}",
    "/sdk/{file}",
    "/static/{version}/{file}",
    "/settings/ignored/remove",
    "/settings/ignored/erase",
];

/// A route with a name in its braces.
fn at(path: &str, name: &str) -> String {
    let mut parts = path.split('/').map(|part| if part.starts_with('{') { name } else { part });
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |path, part| path + "/" + part)
}

/// What an answer says, whatever it was asked about and whenever. Places in a filter depend on how long a name is.
fn said(answer: &Answer, sent: &[&str]) -> String {
    let mut text = format!("{} {}", answer.header("location"), answer.text());
    for sent in sent.iter().chain([&answer.header("x-request-id")]) {
        text = text.replace(sent, "…").replace(&utf8_percent_encode(sent, NON_ALPHANUMERIC).to_string(), "…");
    }
    text.retain(|c| !c.is_ascii_digit());
    format!("{} {text}", answer.status)
}

/// An error says what it is to whoever asked: a page to browsers, a problem to apps. And it is never a fault of ours.
#[track_caller]
fn well_formed(answer: &Answer, path: &str, what: &str) {
    assert!(answer.status < 500 || path == "/readyz", "{what}: {}", answer.text());
    if answer.status < 400 {
        return;
    }
    if path.starts_with("/v1/") {
        assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
        assert_eq!(answer.json()["status"], answer.status, "{what}");
    } else {
        assert!(answer.header("content-type").starts_with("text/html"), "{what}: {}", answer.text());
        assert!(answer.text().contains("<h1>"), "{what}: {}", answer.text());
    }
}

/// Whether a door lets somebody in, and what they are told otherwise.
fn refusal(door: Door, caller: &Caller) -> Option<u16> {
    let writes = ["secret", "another project's", "another account's"].contains(&caller.name);
    let owns = ["owner", "another account's owner"].contains(&caller.name);
    let open = match door {
        Door::Open => true,
        Door::Writers => writes || caller.name == "publishable",
        Door::Readers => writes || ["read", "account"].contains(&caller.name),
        Door::Wide => caller.name == "account",
        Door::Secret => writes,
        Door::Viewers => caller.name != "stranger",
        Door::Admins => owns || caller.name == "admin",
        Door::Owners => owns,
    };
    let closed = match caller.name {
        "nothing" => 401,
        "stranger" => 303,
        _ => 403,
    };
    (!open).then_some(closed)
}

/// No other place of the tests lists routes: one that is missing here is missing in the matrix.
#[tokio::test]
async fn every_route_is_in_the_table() {
    let source = include_str!("../../../src/router.rs");
    let paths: BTreeSet<&str> = source
        .split(".route(")
        .skip(1)
        .map(|rest| rest.trim_start().trim_start_matches('"').split('"').next().unwrap())
        // Served apart, by --metrics-listen.
        .filter(|path| *path != "/metrics")
        .collect();
    let server = TestServer::start().await;
    let mut there = BTreeSet::new();
    for path in paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let request = request(method, &at(path, "x")).header("sec-fetch-site", "same-origin");
            let answer = server.send(request.body(String::new().into()).unwrap()).await;
            if answer.status != 405 {
                there.insert((method, path));
            }
        }
    }
    let listed: BTreeSet<_> = ROUTES.iter().map(|(method, path, ..)| (*method, *path)).collect();
    assert_eq!(there, listed);
}

#[tokio::test]
async fn every_door_opens_to_whom_it_is_for() {
    let world = World::start().await;
    for route @ (method, path, door, body) in ROUTES {
        for caller in world.callers(path).await {
            for place in 0..world.own.of(path).len() {
                let things = if path.contains('{') { world.fresh().await } else { world.own.clone() };
                let name = things.of(path)[place];
                let what = format!("{} at {method} {path} with {name}", caller.name);
                let answer = world.send(&caller, method, &at(path, name), body).await;
                well_formed(&answer, path, &what);
                let foreign = caller.name.starts_with("another") && path.contains('{');
                match refusal(*door, &caller) {
                    Some(status) => assert_eq!(answer.status, status, "{what}: {}", answer.text()),
                    None if foreign && *door != Door::Open => assert_eq!(answer.status, 404, "{what}"),
                    None => assert!(!is_refusal(&answer, route), "{what}: {}", said(&answer, &[])),
                }
                leaks_nothing(&world, &caller, &answer, &[name, body], &what);
            }
        }
    }
}

/// Whether somebody was kept out, or nothing was there.
fn is_refusal(answer: &Answer, (_, path, ..): &Route) -> bool {
    let nothing_there = NOTHING_THERE.contains(path);
    let out = answer.header("location").starts_with("/sign-in") && !path.starts_with("/sign-");
    out || [401, 403].contains(&answer.status) && *path != "/sign-in"
        || answer.status == 404 && !nothing_there
}

/// An answer to somebody holds nothing of what is hidden from them, but for what they sent.
#[track_caller]
fn leaks_nothing(world: &World, caller: &Caller, answer: &Answer, sent: &[&str], what: &str) {
    let text = answer.text();
    for mark in world.hidden(caller).into_iter().flat_map(Things::marks) {
        let sent = sent.iter().any(|sent| sent.contains(mark));
        assert!(sent || !text.contains(mark), "{what}: {mark} is in {text}");
    }
}

#[tokio::test]
async fn what_is_not_ones_own_is_not_there() {
    let world = World::start().await;
    let before = world.of_the_other_account().await;
    for (method, path, door, body) in ROUTES.iter().filter(|(_, path, ..)| path.contains('{')) {
        for caller in world.callers(path).await {
            let what = format!("{} at {method} {path}", caller.name);
            let ask = async |name: &str| {
                let answer = world.send(&caller, method, &at(path, name), body).await;
                well_formed(&answer, path, &format!("{what} with {name}"));
                leaks_nothing(&world, &caller, &answer, &[name, body], &what);
                answer
            };
            for name in MALFORMED {
                let status = ask(name).await.status;
                let fits =
                    refusal(*door, &caller).map_or([400, 404].contains(&status), |closed| status == closed);
                assert!(fits || *door == Door::Open, "{what} with {name}: {status}");
            }
            for (place, never) in world.never.of(path).into_iter().enumerate() {
                let nothing = ask(never).await;
                let expected = refusal(*door, &caller).unwrap_or(404);
                assert!(nothing.status == expected || *door == Door::Open, "{what}: {}", nothing.status);
                for things in world.hidden(&caller).into_iter().chain([&world.gone]) {
                    let name = things.of(path)[place];
                    assert_eq!(
                        said(&ask(name).await, &[name]),
                        said(&nothing, &[never]),
                        "{what} with {name}"
                    );
                }
            }
        }
    }
    assert_eq!(world.of_the_other_account().await, before, "nothing was done");
}

/// What stands in queries, filters and bodies: the answer about what another has is the one about what nobody has.
#[tokio::test]
async fn nothing_beside_the_path_tells_of_others() {
    let world = World::start().await;
    for aside @ (method, path, body, noun) in ASIDE {
        for caller in world.callers(path).await {
            let before = world.of_the_other_account().await;
            let nothing = ask_aside(&world, &caller, aside, &world.never).await;
            for things in world.hidden(&caller) {
                let what = format!("{} at {method} {path} {body} with {}", caller.name, things.noun(*noun));
                assert_eq!(ask_aside(&world, &caller, aside, things).await, nothing, "{what}");
            }
            let theirs = caller.name.starts_with("another account");
            let after = world.of_the_other_account().await;
            assert!(theirs || before == after, "{} did something at {method} {path} {body}", caller.name);
        }
    }
}

/// What the answer says when something is named.
async fn ask_aside(
    world: &World,
    caller: &Caller,
    (method, path, body, noun): &Aside,
    things: &Things,
) -> String {
    let name = things.noun(*noun);
    let path = path.replace("NAME", name).replace("OWN", &world.own.customer);
    let answer = world.send(caller, method, &path, &body.replace("NAME", name)).await;
    well_formed(&answer, &path, &format!("{} at {method} {path} {body}", caller.name));
    // What was made has ids and keys of its own.
    match answer.status {
        400.. => without_navigation(&said(&answer, &[name])),
        _ if *method == "GET" => without_recent(&said(&answer, &[name])),
        _ => without_ids(&answer),
    }
}

/// A refusal without what stands beside it on a page: the caller's own projects, of which these calls have made some.
fn without_navigation(said: &str) -> String {
    let around = said.split_once("<header class=\"side\">").and_then(|(before, rest)| {
        let (_, after) = rest.split_once("</header>")?;
        Some(format!("{before}{after}"))
    });
    around.unwrap_or_else(|| said.to_owned())
}

/// A page without the filters that its own visitor has asked before: these calls are among them.
fn without_recent(said: &str) -> String {
    let without = said.split_once("<kbd").map(|(before, after)| {
        let before = before.split("<details class=\"drop recent\">").next().unwrap_or_default();
        format!("{}<kbd{after}", before.trim_end())
    });
    without.unwrap_or_else(|| said.to_owned())
}

/// The status and the names of the fields, with those of their values that only say yes or no.
fn without_ids(answer: &Answer) -> String {
    let mut json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    for value in json.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
        if !value.is_boolean() {
            *value = Value::Null;
        }
    }
    format!("{} {json}", answer.status)
}

#[tokio::test]
async fn the_key_of_a_deleted_project_opens_nothing_at_once() {
    let server = TestServer::start().await;
    let (sandbox, key) = server.test_project("sandbox").await;
    let calls = [
        ("POST", "/v1/identify", r#"{"email":"ada@x.com"}"#),
        ("GET", "/v1/query", ""),
        ("GET", "/v1/projects", ""),
    ];
    for (method, path, body) in calls {
        assert_eq!(server.call(&key, method, path, body).await.status, 200, "{path}");
    }
    erase::project(&server.app.store, server.account, sandbox.id).await.unwrap();
    for (method, path, body) in calls {
        assert_eq!(server.call(&key, method, path, body).await.status, 401, "{path}");
    }
}
