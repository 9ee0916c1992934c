//! `/v1/events` over real connections: what happens is told within a second, whichever process wrote it; to nobody but those
//! who may hear it, and no longer than they may; and no stream holds up the end of the server.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::body::Body;
use futures_util::StreamExt;
use serde_json::{Value, json};
use server::{
    config,
    model::{KeyKind, Role, now},
    store::{erase, key, session},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::support::server::{TestServer, request, settings};

/// How late an event may be.
const SOON: Duration = Duration::from_secs(1);
/// How long it is waited for what has no hurry.
const LATER: Duration = Duration::from_secs(10);
/// Between two events.
const GAP: Duration = Duration::from_millis(250);

/// A whole server on a socket, beside the one without: another process on the same database.
struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

/// A stream of events that is read.
struct Events {
    connection: BufReader<TcpStream>,
    head: String,
    text: String,
}

/// A block of a stream.
#[derive(Debug, Default, PartialEq)]
struct Event {
    id: Option<i64>,
    name: String,
    data: Value,
    comment: bool,
}

async fn serve(server: &TestServer) -> Served {
    serve_with(server, settings()).await
}

async fn serve_with(server: &TestServer, config: config::Server) -> Served {
    let config = config::Server { listen: "127.0.0.1:0".parse().unwrap(), pool: 4, ..config };
    let (stop, stopped) = oneshot::channel::<()>();
    let (ready, bound) = oneshot::channel();
    let database = server.db.config();
    let ended = tokio::spawn(async move {
        let ready = async move |_: &_, address| ready.send(address).unwrap();
        let stop = async {
            let _ = stopped.await;
        };
        server::serve(database, config, ready, stop).await.unwrap();
    });
    Served { address: bound.await.unwrap(), stop, ended }
}

impl Served {
    /// Opens a stream and reads its head.
    async fn open(&self, path: &str, headers: &[(&str, &str)]) -> Events {
        let mut connection = BufReader::new(TcpStream::connect(self.address).await.unwrap());
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n{headers}\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(connection.read_line(&mut head).await.unwrap(), 0, "{head}");
        }
        Events { connection, head, text: String::new() }
    }

    /// Opens a stream with a key, which must succeed; it has said where it begins.
    async fn listen(&self, key: &str, path: &str) -> Events {
        let mut events = self.open(path, &[("authorization", &format!("Bearer {key}"))]).await;
        assert!(events.head.starts_with("HTTP/1.1 200"), "{}", events.head);
        let first = events.next().await.unwrap();
        assert!(first.id.is_some() && first.name.is_empty(), "{first:?}");
        events
    }

    /// The status of an answer to a stream that is asked for.
    async fn status(&self, path: &str, headers: &[(&str, &str)]) -> String {
        self.open(path, headers).await.head[9..12].to_owned()
    }
}

impl Events {
    /// The next block; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let event = Event::read(block);
                self.text = rest.to_owned();
                return Some(event);
            }
            let mut size = String::new();
            self.connection.read_line(&mut size).await.ok().filter(|read| *read > 0)?;
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            self.connection.read_exact(&mut chunk).await.unwrap();
            if size == 0 {
                return None;
            }
            self.text += std::str::from_utf8(&chunk[..size]).unwrap();
        }
    }

    /// The next event, which comes soon.
    async fn soon(&mut self) -> Event {
        timeout(SOON, self.next()).await.expect("it comes within a second").expect("the stream goes on")
    }

    /// Nothing comes for a while.
    async fn silent(&mut self) {
        let next = timeout(3 * GAP, self.next()).await;
        assert!(next.is_err(), "{next:?}");
    }

    /// The stream ends, and says nothing before it does.
    async fn ends(&mut self) {
        assert_eq!(timeout(LATER, self.next()).await.expect("it ends"), None);
    }
}

impl Event {
    fn read(block: &str) -> Event {
        let mut event = Event::default();
        for line in block.lines() {
            match line.split_once(':').map(|(name, value)| (name, value.trim_start())).unwrap() {
                ("", _) => event.comment = true,
                ("id", id) => event.id = Some(id.parse().unwrap()),
                ("event", name) => event.name = name.to_owned(),
                ("data", data) => event.data = serde_json::from_str(data).unwrap(),
                ("retry", millis) => assert_eq!(millis, "2000"),
                other => panic!("{other:?}"),
            }
        }
        event
    }

    /// What happened in a project, in an event of nothing else.
    #[track_caller]
    fn only(&self, project: &str) -> (i64, i64, i64) {
        assert_eq!((self.name.as_str(), self.id), ("change", self.data["version"].as_i64()), "{self:?}");
        let [happened] = self.data["projects"].as_array().unwrap().as_slice() else { panic!("{self:?}") };
        assert_eq!(happened["project"], project);
        let count = |name: &str| happened[name].as_i64().unwrap();
        (count("created"), count("changed"), count("erased"))
    }
}

fn person(n: usize) -> Value {
    json!({ "email": format!("c{n}@x.com"), "params": { "n": n } })
}

#[tokio::test]
async fn what_another_process_writes_is_told_within_a_second() {
    let server = TestServer::start().await;
    for flags in [settings(), config::Server { index_memory: Some("0".parse().unwrap()), ..settings() }] {
        let on = serve_with(&server, flags).await;
        let mut events = on.listen(&server.keys.read, "/v1/events").await;
        let head = events.head.to_lowercase();
        for header in ["content-type: text/event-stream", "x-accel-buffering: no", "cache-control: no-store"]
        {
            assert!(head.contains(header), "{header}: {head}");
        }
        assert!(!head.contains("content-encoding"), "{head}");
        let version = server.identify(person(1)).await["version"].as_i64();
        let event = events.soon().await;
        assert_eq!((event.only("app"), event.id), ((1, 0, 0), version));
        server.identify(json!({ "email": "c1@x.com", "status": "paid" })).await;
        assert_eq!(events.soon().await.only("app"), (0, 1, 0));
        // What alters nothing is no event.
        server.identify(json!({ "email": "c1@x.com", "status": "paid" })).await;
        assert_eq!(
            server.call(&server.keys.secret, "DELETE", "/v1/customers/c1@x.com", "").await.status,
            200
        );
        assert_eq!(events.soon().await.only("app"), (0, 0, 1));
    }
}

#[tokio::test]
async fn what_comes_together_is_one_event_and_nothing_is_missing_in_the_sums() {
    let server = TestServer::start().await;
    let on = serve(&server).await;
    let mut events = on.listen(&server.keys.account, "/v1/events").await;
    let (begin, writes) = (Instant::now(), 120);
    let mut last = 0;
    for n in 0..writes {
        last = server.identify(person(n)).await["version"].as_i64().unwrap();
    }
    let (mut told, mut count, mut created, mut changed) = (None, 0, 0, 0);
    while told != Some(last) {
        let event = events.soon().await;
        assert!(told.is_none_or(|told| event.data["since"] == told), "{event:?} after {told:?}");
        let (new, other, _) = event.only("app");
        (created, changed, count, told) = (created + new, changed + other, count + 1, event.id);
    }
    let most = begin.elapsed().as_millis() / GAP.as_millis() + 2;
    assert!(count <= most, "{count} events in {:?}", begin.elapsed());
    assert_eq!((created, changed), (writes as i64, 0));
    assert!(count < writes as u128);
}

/// The stream has no queue: while its peer takes nothing, it looks for nothing.
#[tokio::test]
async fn who_does_not_read_is_told_later_and_in_one_sum() {
    let server = TestServer::start().await;
    let mut body = server.unread("/v1/events").await.into_body().into_data_stream();
    assert!(
        String::from_utf8(body.next().await.unwrap().unwrap().to_vec())
            .unwrap()
            .starts_with("retry: 2000\nid: ")
    );
    for n in 0..50 {
        server.identify(person(n)).await;
        server.identify(json!({ "email": format!("c{}@x.com", n / 2), "params": { "again": n } })).await;
    }
    sleep(2 * GAP).await;
    let block = String::from_utf8(body.next().await.unwrap().unwrap().to_vec()).unwrap();
    let event = Event::read(block.strip_suffix("\n\n").unwrap());
    assert_eq!((event.only("app"), event.id), ((50, 0, 0), Some(server.version().await)));
    let more = timeout(3 * GAP, body.next()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn a_stream_is_resumed_where_it_was_left() {
    let server = TestServer::start().await;
    let on = serve(&server).await;
    let key = format!("Bearer {}", server.keys.secret);
    let first = server.identify(person(1)).await["version"].as_i64().unwrap();
    let last = server.identify(person(2)).await["version"].as_i64().unwrap();
    let (at, earlier) = (format!("/v1/events?last_event_id={first}"), first.to_string());
    for (path, sent) in [
        (at.as_str(), None),
        ("/v1/events", Some(earlier.as_str())),
        // What a browser has heard since it asked for that address.
        ("/v1/events?last_event_id=1", Some(earlier.as_str())),
    ] {
        let headers: Vec<_> = [("authorization", key.as_str())]
            .into_iter()
            .chain(sent.map(|id| ("last-event-id", id)))
            .collect();
        let event = on.open(path, &headers).await.soon().await;
        assert_eq!((event.only("app"), event.id), ((1, 0, 0), Some(last)), "{path} {sent:?}");
        assert_eq!(event.data["since"], first);
    }
    let mut same = on.listen(&server.keys.secret, &format!("/v1/events?last_event_id={last}")).await;
    same.silent().await;
    let wrong = [("authorization", key.as_str()), ("last-event-id", "first")];
    assert_eq!(on.status("/v1/events", &wrong).await, "400");
    assert_eq!(on.status("/v1/events?last_event_id=first", &wrong[..1]).await, "422");
}

#[tokio::test]
async fn what_cannot_be_told_any_more_is_a_reset() {
    let server = TestServer::start().await;
    let on = serve(&server).await;
    server.identify(person(1)).await;
    let version = server.version().await;
    // Of what was swept away, and of a version that the database has not reached: it was restored.
    server.db.client().await.execute("delete from feed where version = $1", &[&version]).await.unwrap();
    let key = format!("Bearer {}", server.keys.read);
    for from in [version - 1, version + 100] {
        let path = format!("/v1/events?last_event_id={from}");
        let mut events = on.open(&path, &[("authorization", &key)]).await;
        let event = events.soon().await;
        assert_eq!((event.name.as_str(), event.id), ("reset", Some(version)));
        assert_eq!(event.data, json!({ "version": version, "since": from, "projects": [] }));
        // It goes on from there.
        server.identify(json!({ "email": "c1@x.com", "params": { "from": from } })).await;
        assert_eq!(events.soon().await.only("app"), (0, 1, 0));
        server.db.client().await.execute("delete from feed where version > $1", &[&version]).await.unwrap();
        server.db.client().await.execute("update clock set version = $1", &[&version]).await.unwrap();
    }
    // And of more than is counted for anybody.
    let more = "with more as (update clock set version = version + 5001 returning account_id, version)
                insert into feed (account_id, version, at, touched_projects, touched_customers, removed_projects, removed_customers)
                select account_id, version - n, now(), '{}', '{}', '{}', '{}' from more, generate_series(0, 5000) n";
    server.db.client().await.execute(more, &[]).await.unwrap();
    let path = format!("/v1/events?last_event_id={version}");
    assert_eq!(on.open(&path, &[("authorization", &key)]).await.soon().await.name, "reset");
}

#[tokio::test]
async fn nobody_hears_of_what_is_not_theirs() {
    let server = TestServer::start().await;
    let (_, second) = server.project("second").await;
    let (_, sandbox) = server.test_project("sandbox").await;
    let (_, other) = server.another_account().await;
    let on = serve(&server).await;
    let mut own = on.listen(&server.keys.read, "/v1/events").await;
    let mut all = on.listen(&server.keys.account, "/v1/events").await;
    let mut narrowed = on.listen(&server.keys.account, "/v1/events?project=second").await;
    let mut elsewhere = on.listen(&other, "/v1/events").await;
    let write = async |key: &str, n| {
        let answer = server.call(key, "POST", "/v1/identify", person(n).to_string()).await;
        answer.expect(200)["version"].as_i64()
    };
    let version = write(&second, 1).await;
    let event = all.soon().await;
    assert_eq!((event.only("second"), event.id), ((1, 0, 0), version));
    assert_eq!(narrowed.soon().await.only("second"), (1, 0, 0));
    write(&sandbox, 1).await;
    let event = all.soon().await;
    assert_eq!((event.only("sandbox"), &event.data["projects"][0]["test"]), ((1, 0, 0), &json!(true)));
    write(&other, 1).await;
    assert_eq!(elsewhere.soon().await.only("app"), (1, 0, 0));
    own.silent().await;
    let version = write(&server.keys.secret, 1).await;
    let event = own.soon().await;
    assert_eq!((event.only("app"), event.id), ((1, 0, 0), version));
    assert_eq!(all.soon().await.only("app"), (1, 0, 0));
    narrowed.silent().await;
    elsewhere.silent().await;
    for (key, path, status) in [
        (&server.keys.publishable, "/v1/events", "403"),
        (&server.keys.read, "/v1/events?project=second", "404"),
        (&server.keys.read, "/v1/events?project=nowhere", "404"),
        (&server.keys.account, "/v1/events?project=No%20slug", "404"),
        (&server.keys.read, "/v1/events?project=app", "200"),
        (&server.keys.read, "/v1/events?filter=x", "422"),
        (&server.keys.read, "/events", "303"),
    ] {
        let key = format!("Bearer {key}");
        assert_eq!(on.status(path, &[("authorization", &key)]).await, status, "{path}");
    }
    assert_eq!(on.status("/v1/events", &[]).await, "401");
}

#[tokio::test]
async fn a_stream_ends_when_whoever_opened_it_may_not_read_any_more() {
    let server = TestServer::start().await;
    let (store, account) = (&server.app.store, server.account);
    let (sandbox, of_sandbox) = server.test_project("sandbox").await;
    let (id, secret) = key::create(store, account, None, KeyKind::Account, "lost", now()).await.unwrap();
    let on = serve(&server).await;
    let member = server.member("ada@example.com", Role::Viewer).await;
    let token = session::begin(store, &member, now()).await.unwrap().unwrap();
    let cookie = format!("tinycrm={token}");
    let mut page = on.open("/events", &[("cookie", &cookie), ("sec-fetch-site", "same-origin")]).await;
    assert!(page.soon().await.id.is_some());
    let mut lost = on.listen(secret.reveal(), "/v1/events").await;
    let mut gone = on.listen(&server.keys.account, "/v1/events?project=sandbox").await;
    let mut of_gone = on.listen(&of_sandbox, "/v1/events").await;
    let mut stays = on.listen(&server.keys.account, "/v1/events").await;
    session::end(store, &token).await.unwrap();
    page.ends().await;
    key::revoke(store, account, id, now()).await.unwrap();
    lost.ends().await;
    erase::project(store, account, sandbox.id).await.unwrap();
    gone.ends().await;
    of_gone.ends().await;
    server.identify(person(1)).await;
    assert_eq!(stays.soon().await.only("app"), (1, 0, 0));
}

#[tokio::test]
async fn pages_hear_the_same_and_other_sites_nothing() {
    let server = TestServer::start().await;
    let on = serve(&server).await;
    let visitor = server.visitor(Role::Viewer).await;
    let version = server.identify(person(1)).await["version"].as_i64().unwrap();
    let path = format!("/events?last_event_id={}", version - 1);
    let headers = [("cookie", visitor.cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let mut events = on.open(&path, &headers).await;
    assert!(!events.head.to_lowercase().contains("content-encoding"), "{}", events.head);
    assert_eq!(events.soon().await.only("app"), (1, 0, 0));
    server.identify(person(2)).await;
    assert_eq!(events.soon().await.only("app"), (1, 0, 0));
    for site in ["same-site", "cross-site"] {
        let headers = [("cookie", visitor.cookie.as_str()), ("sec-fetch-site", site)];
        assert_eq!(on.status("/events", &headers).await, "403");
    }
}

#[tokio::test]
async fn one_account_and_one_address_leave_streams_to_others() {
    let server = TestServer::with_flags(&["--streams-per-account", "2", "--streams-per-address", "3"]).await;
    let (_, other) = server.another_account().await;
    let ask = async |key: &str, from: &str| {
        let request = request("GET", "/v1/events").header("authorization", format!("Bearer {key}"));
        let request =
            request.extension(axum::extract::ConnectInfo(SocketAddr::new(from.parse().unwrap(), 1)));
        server.answer(request.body(Body::empty()).unwrap()).await
    };
    let (ours, here) = (&server.keys.read, "10.0.0.1");
    let open = [ask(ours, here).await, ask(ours, "10.0.0.2").await];
    let refused = ask(ours, "10.0.0.3").await;
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (429, true));
    let theirs = [ask(&other, here).await, ask(&other, here).await];
    assert!(open.iter().chain(&theirs).all(|answer| answer.status() == 200));
    assert_eq!(server.app.streams.open(), 4);
    drop(open);
    assert_eq!(ask(ours, here).await.status(), 200);
    let third = ask(ours, here).await;
    assert_eq!(third.status(), 200, "what is dropped is given back");
    let fourth = ask(ours, here).await;
    drop((third, fourth, theirs));
    assert_eq!(server.app.streams.open(), 0);
}

#[tokio::test]
async fn the_server_ends_at_once_and_its_streams_with_it() {
    let server = TestServer::start().await;
    let on = serve(&server).await;
    let mut events = on.listen(&server.keys.read, "/v1/events").await;
    let begin = Instant::now();
    on.stop.send(()).unwrap();
    events.ends().await;
    on.ended.await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

/// Proxies cut off what is silent for a minute.
#[tokio::test]
async fn a_stream_of_nothing_says_that_it_is_there() {
    let server = TestServer::start().await;
    let (_, second) = server.project("second").await;
    let on = serve(&server).await;
    let mut events = on.listen(&server.keys.read, "/v1/events").await;
    let begin = Instant::now();
    let elsewhere = server.call(&second, "POST", "/v1/identify", person(1).to_string()).await.expect(200);
    let beat = timeout(Duration::from_secs(17), events.next()).await.unwrap().unwrap();
    assert!(begin.elapsed() > Duration::from_secs(14), "{:?}", begin.elapsed());
    // And up to where it has looked, so that whoever comes back is not told too much.
    assert_eq!(beat, Event { id: elsewhere["version"].as_i64(), comment: true, ..Event::default() });
}
