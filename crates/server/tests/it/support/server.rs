//! A whole application on a database of its own: an account, a project and a key of each kind, and the verbs to call it.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Request, Response, request},
};
use clap::Parser;
use futures_util::StreamExt;
use serde_json::{Value, json};
use server::{
    config,
    http::App,
    model::{KeyKind, Project, ProjectId, now},
    router,
    store::{self, AccountId, Store, key, project},
};
use tokio_postgres::types::ToSql;
use tower::ServiceExt;

use super::{postgres::TestDb, proxy::Proxy};

/// The application, called without a socket.
pub(crate) struct TestServer {
    pub(crate) app: App,
    pub(crate) account: AccountId,
    /// The project that [`TestServer::identify`] and its like write to.
    pub(crate) project: Project,
    /// Its keys.
    pub(crate) keys: Keys,
    router: Router,
    /// Dropped last: the application's connections end before their database does.
    pub(crate) db: TestDb,
}

/// A key of each kind.
pub(crate) struct Keys {
    pub(crate) secret: String,
    pub(crate) read: String,
    pub(crate) publishable: String,
    pub(crate) account: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The server's flags.
#[derive(Parser)]
pub(crate) struct Settings {
    #[command(flatten)]
    server: config::Server,
}

/// What an application counts, as Prometheus reads it.
pub(crate) async fn metrics(app: &App) -> String {
    let request = request("GET", "/metrics").body(Body::empty()).unwrap();
    let answer = router::metrics(app.clone()).oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

/// The server's settings as they are when nobody sets any.
pub(crate) fn settings() -> config::Server {
    Settings::parse_from(["tinycrm"]).server
}

impl TestServer {
    /// An empty account with the project `app`.
    pub(crate) async fn start() -> TestServer {
        TestServer::with(settings()).await
    }

    /// The same, started with these flags.
    pub(crate) async fn with_flags(flags: &[&str]) -> TestServer {
        let flags = ["tinycrm"].iter().chain(flags);
        TestServer::with(Settings::parse_from(flags).server).await
    }

    /// The same with so many connections to the database.
    pub(crate) async fn with_pool(size: usize) -> TestServer {
        let db = TestDb::migrated().await;
        let store = Store::open(db.config(), size).unwrap();
        TestServer::on(db, store, settings()).await
    }

    /// The same on a machine without memory for an index.
    pub(crate) async fn without_index() -> TestServer {
        TestServer::with_flags(&["--index-memory", "0"]).await
    }

    /// The same, known to the world by another address.
    pub(crate) async fn public_at(url: &str) -> TestServer {
        TestServer::with_flags(&["--public-url", url]).await
    }

    /// The same in a Postgres of its own.
    pub(crate) async fn alone() -> TestServer {
        let db = TestDb::alone().await;
        let store = db.store();
        TestServer::on(db, store, settings()).await
    }

    /// The same, its database behind a proxy.
    pub(crate) async fn behind_proxy() -> (TestServer, Proxy) {
        let db = TestDb::migrated().await;
        let proxy = Proxy::before(&db.config()).await;
        let store = Store::open(proxy.config(&db.config()), 8).unwrap();
        (TestServer::on(db, store, settings()).await, proxy)
    }

    async fn with(settings: config::Server) -> TestServer {
        let db = TestDb::migrated().await;
        let store = db.store();
        TestServer::on(db, store, settings).await
    }

    async fn on(db: TestDb, store: Store, settings: config::Server) -> TestServer {
        let account = store::open_account(&store, "Test", now()).await.unwrap();
        let (project, secret) = make_project(&store, account, "app", false).await;
        let keys = Keys {
            secret,
            read: make_key(&store, account, Some(&project), KeyKind::Read).await,
            publishable: make_key(&store, account, Some(&project), KeyKind::Publishable).await,
            account: make_key(&store, account, None, KeyKind::Account).await,
        };
        let app = App::new(store, settings);
        TestServer { router: router::router(app.clone()), app, account, project, keys, db }
    }

    /// Waits until the index answers.
    pub(crate) async fn index_ready(&self) {
        assert!(self.app.store.index_ready(self.account).await, "the index is loaded");
    }

    /// The same with the past, which is read after the present.
    pub(crate) async fn index_remembers(&self) {
        assert!(self.app.store.index_remembers(self.account).await, "the past is loaded");
    }

    /// Another project of the account, and its secret key.
    pub(crate) async fn project(&self, slug: &str) -> (Project, String) {
        make_project(&self.app.store, self.account, slug, false).await
    }

    /// A test project of the account, and its secret key.
    pub(crate) async fn test_project(&self, slug: &str) -> (Project, String) {
        make_project(&self.app.store, self.account, slug, true).await
    }

    /// Another account with a project, and its secret key.
    pub(crate) async fn another_account(&self) -> (AccountId, String) {
        let account = store::open_account(&self.app.store, "Another", now()).await.unwrap();
        (account, make_project(&self.app.store, account, "app", false).await.1)
    }

    /// `POST /v1/identify` with the secret key; it must succeed.
    pub(crate) async fn identify(&self, body: Value) -> Value {
        self.post("/v1/identify", body).await.expect(200)
    }

    /// `POST /v1/ping` with the secret key; it must succeed.
    pub(crate) async fn ping(&self, body: Value) -> Value {
        self.post("/v1/ping", body).await.expect(200)
    }

    /// `POST /v1/batch` with the secret key: the results, one an item.
    pub(crate) async fn batch(&self, items: Value) -> Vec<Value> {
        let answer = self.post("/v1/batch", json!({ "items": items })).await.expect(200);
        answer["results"].as_array().unwrap().clone()
    }

    /// A POST of JSON with the secret key.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(&self.keys.secret, "POST", path, body.to_string()).await
    }

    /// The same under an `Idempotency-Key`.
    pub(crate) async fn post_once(&self, key: &str, path: &str, body: &Value) -> Answer {
        let request = request("POST", path)
            .header("authorization", format!("Bearer {}", self.keys.secret))
            .header("idempotency-key", key);
        self.send(request.body(body.to_string().into()).unwrap()).await
    }

    /// A GET with the secret key.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(&self.keys.secret, "GET", path, Body::empty()).await
    }

    /// Any request with any key.
    pub(crate) async fn call(&self, key: &str, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let request = request(method, path).header("authorization", format!("Bearer {key}"));
        self.send(request.body(body.into()).unwrap()).await
    }

    /// The answer to a GET with the secret key whose body nobody has read yet.
    pub(crate) async fn unread(&self, path: &str) -> Response<Body> {
        self.unread_by(&self.keys.secret, path).await
    }

    /// The same with any key.
    pub(crate) async fn unread_by(&self, key: &str, path: &str) -> Response<Body> {
        let request = request("GET", path).header("authorization", format!("Bearer {key}"));
        self.answer(request.body(Body::empty()).unwrap()).await
    }

    /// The answer to any request whose body nobody has read yet.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("the router always answers")
    }

    /// Any request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.router, request).await
    }
}

/// What an application's router answers.
pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.expect("the router always answers");
    let (parts, body) = response.into_parts();
    let is_stream = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
    let body = match is_stream {
        // It has no end of its own: what it says first is its answer.
        true => body.into_data_stream().next().await.unwrap().unwrap(),
        false => axum::body::to_bytes(body, usize::MAX).await.unwrap(),
    };
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

impl Answer {
    /// The body as JSON, after checking the status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A request with a JSON body, to which headers can be added.
pub(crate) fn request(method: &str, path: &str) -> request::Builder {
    Request::builder().method(method).uri(path).header("content-type", "application/json")
}

/// A project and its secret key.
async fn make_project(store: &Store, account: AccountId, slug: &str, test: bool) -> (Project, String) {
    let project = project::create(store, account, &slug.parse().unwrap(), slug, test, now()).await.unwrap();
    let secret = make_key(store, account, Some(&project), KeyKind::Secret).await;
    (project, secret)
}

async fn make_key(store: &Store, account: AccountId, project: Option<&Project>, kind: KeyKind) -> String {
    let project = project.map(|project| project.id);
    let (_, secret) = key::create(store, account, project, kind, "test", now()).await.unwrap();
    secret.reveal().to_owned()
}

/// What the database holds: tests look past the API, at the truth.
impl TestServer {
    /// A relationship as JSON.
    pub(crate) async fn row(&self, project: ProjectId, email: &str) -> Option<Value> {
        let sql = "select to_jsonb(r) from relationship r join customer c on c.id = r.customer_id
                   where r.project_id = $1 and c.email = $2";
        let row = self.db.client().await.query_opt(sql, &[&project.0, &email]).await.unwrap();
        row.map(|row| row.get(0))
    }

    /// The history of a customer, in the order of its dates.
    pub(crate) async fn changes(&self, email: &str) -> Vec<Value> {
        let sql = "select to_jsonb(h) from change h join customer c on c.id = h.customer_id
                   where c.email = $1 order by h.at, h.version, h.seq";
        self.query(sql, &[&email]).await
    }

    /// The days of a year on which a customer was seen, from 1.
    pub(crate) async fn days(&self, email: &str, year: i16) -> Vec<i32> {
        let sql =
            "select n from activity a join customer c on c.id = a.customer_id, generate_series(0, 365) n
                   where c.email = $1 and a.year = $2 and get_bit(a.days, n) = 1 order by n";
        let rows = self.db.client().await.query(sql, &[&email, &year]).await.unwrap();
        rows.iter().map(|row| row.get::<_, i32>(0) + 1).collect()
    }

    /// The feed, in order, without what only altered projects, segments or the time zone.
    pub(crate) async fn feed(&self) -> Vec<Value> {
        self.query("select to_jsonb(f) from feed f where not words order by version", &[]).await
    }

    /// How many rows a table has.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let sql = format!("select count(*) from {table}");
        self.db.client().await.query_one(&sql, &[]).await.unwrap().get(0)
    }

    /// Everything that is known of customers, to compare before and after.
    pub(crate) async fn dump(&self) -> Vec<Vec<Value>> {
        let mut all = Vec::new();
        for table in ["customer", "relationship", "change", "activity", "refusal"] {
            all.push(self.query(&format!("select to_jsonb(t) from {table} t order by 1"), &[]).await);
        }
        all
    }

    /// The text of every table.
    pub(crate) async fn everything(&self) -> String {
        let tables =
            "select to_jsonb(tablename) from pg_tables where schemaname = 'public' order by tablename";
        let mut all = Vec::new();
        for table in self.query(tables, &[]).await {
            let table = table.as_str().unwrap();
            all.extend(self.query(&format!("select to_jsonb(t) from {table} t"), &[]).await);
        }
        serde_json::to_string(&all).unwrap()
    }

    /// Rows of one JSON column.
    pub(crate) async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Vec<Value> {
        let rows = self.db.client().await.query(sql, parameters).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}
