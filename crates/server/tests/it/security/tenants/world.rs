//! Two accounts, one of them with two projects, and everybody who may come: each key, each role, and nobody.

use axum::{body::Body, http::Request};
use serde_json::json;
use server::{
    import::{Spool, Waiting},
    model::{Email, KeyKind, MemberId, Project, Role, Slug, What, now},
    store::{
        self, AccountId, Rows, View, act, erase, key, member, note, project,
        query::targets::{self, Targets},
        segment::{self, Draft},
        session,
    },
};

use super::table::Noun;
use crate::support::server::{Answer, TestServer};

/// Who comes.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) name: &'static str,
    /// What is sent: a key, a cookie, or nothing.
    with: With,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum With {
    Key(String),
    Cookie(String),
    Nothing,
}

/// What somebody has: names of things, each in a form that a path can hold.
#[derive(Clone, Debug)]
pub(super) struct Things {
    pub(super) customer: String,
    pub(super) email: String,
    pub(super) user_id: String,
    pub(super) import: String,
    /// A file that waits to be imported.
    pub(super) waiting: String,
    pub(super) segment: String,
    pub(super) segment_id: String,
    pub(super) project: String,
    pub(super) key: String,
    pub(super) member: String,
    pub(super) note: String,
    pub(super) act: String,
}

/// The accounts.
pub(super) struct World {
    pub(super) server: TestServer,
    project: Project,
    own_secret: String,
    /// Things of a project of the account.
    pub(super) own: Things,
    /// Things of another project of the account.
    pub(super) beside: Things,
    /// Things of another account.
    pub(super) foreign: Things,
    /// Things that never were.
    pub(super) never: Things,
    /// Things that are gone.
    pub(super) gone: Things,
    keys: Vec<Caller>,
    other_account: AccountId,
    requests: std::cell::Cell<u32>,
}

impl World {
    pub(super) async fn start() -> World {
        let server = TestServer::with_flags(&["--trusted-proxy", "::"]).await;
        let (project, own_secret) = server.project("own-own").await;
        let own = things(&server, server.account, &project, &own_secret, "own").await;
        let (other, secret) = server.project("beside-beside").await;
        let beside = things(&server, server.account, &other, &secret, "beside").await;
        let (other_account, foreign, theirs) = another_account(&server).await;
        let gone = gone(&server).await;
        let key = |name, key: &str| Caller { name, with: With::Key(key.to_owned()) };
        let another = async |kind| make_key(&server, server.account, &project, kind).await.1;
        let keys = vec![
            key("secret", &own_secret),
            key("read", &another(KeyKind::Read).await),
            key("publishable", &another(KeyKind::Publishable).await),
            key("account", &server.keys.account),
            key("another project's", &secret),
            key("another account's", &theirs),
            Caller { name: "nothing", with: With::Nothing },
        ];
        let never = never();
        World {
            server,
            project,
            own_secret,
            own,
            beside,
            foreign,
            never,
            gone,
            keys,
            other_account,
            requests: 0.into(),
        }
    }

    /// Who may call a route: keys, or visitors who have just signed in.
    pub(super) async fn callers(&self, path: &str) -> Vec<Caller> {
        if path.starts_with("/v1/") {
            return self.keys.clone();
        }
        let account = self.server.account;
        vec![
            Caller { name: "stranger", with: With::Nothing },
            self.signed_in(self.other_account, "another account's owner", Role::Owner).await,
            self.signed_in(account, "viewer", Role::Viewer).await,
            self.signed_in(account, "admin", Role::Admin).await,
            self.signed_in(account, "owner", Role::Owner).await,
        ]
    }

    async fn signed_in(&self, account: AccountId, name: &'static str, role: Role) -> Caller {
        let number = self.requests.get();
        self.requests.set(number + 1);
        let member = member(&self.server, account, &format!("{role}{number}"), role).await;
        let token = session::begin(&self.server.app.store, &member, now()).await.unwrap().unwrap();
        Caller { name, with: With::Cookie(format!("tinycrm={token}")) }
    }

    /// What somebody must not see.
    pub(super) fn hidden(&self, caller: &Caller) -> Vec<&Things> {
        match caller.name {
            "account" | "viewer" | "admin" | "owner" => vec![&self.foreign],
            "another project's" => vec![&self.own, &self.foreign],
            "another account's" | "another account's owner" => vec![&self.own, &self.beside],
            "nothing" | "stranger" => vec![&self.own, &self.beside, &self.foreign],
            _ => vec![&self.beside, &self.foreign],
        }
    }

    /// All that the other account has, but for when its key was used.
    pub(super) async fn of_the_other_account(&self) -> String {
        let account: uuid::Uuid = self.other_account.to_string().parse().unwrap();
        let tables =
            ["customer", "relationship", "change", "segment", "project", "import", "api_key", "note"];
        let of = |table| format!("select to_jsonb(t) - 'last_used_at' from {table} t where account_id = $1");
        let all = self.server.query(&tables.map(of).join(" union all "), &[&account]).await;
        let mut all: Vec<String> = all.iter().map(ToString::to_string).collect();
        all.sort();
        all.join("\n")
    }

    /// Sends a request as somebody, from an address of its own, so that no limit is met.
    pub(super) async fn send(&self, caller: &Caller, method: &str, path: &str, body: &str) -> Answer {
        let number = self.requests.get();
        self.requests.set(number + 1);
        let [_, a, b, c] = number.to_be_bytes();
        let request = match method {
            "GET" if !body.is_empty() => Request::builder().uri(format!("{path}?{body}")),
            _ => Request::builder().method(method).uri(path),
        };
        let request = request.header("x-forwarded-for", format!("10.{a}.{b}.{c}"));
        let request = match &caller.with {
            With::Key(key) => request.header("authorization", format!("Bearer {key}")),
            With::Cookie(cookie) => request.header("cookie", cookie),
            With::Nothing => request,
        };
        let request = match path.split('/').nth(1) {
            Some("v1") if path.starts_with("/v1/imports") => request,
            Some("v1") => request.header("content-type", "application/json"),
            _ => request
                .header("host", "127.0.0.1:7878")
                .header("accept", "text/html")
                .header("sec-fetch-site", "same-origin")
                .header("content-type", "application/x-www-form-urlencoded"),
        };
        self.server.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Fresh things of the account, for a request that may take them away.
    pub(super) async fn fresh(&self) -> Things {
        let number = self.requests.get();
        let name = format!("fresh{number}");
        let mut fresh = self.own.clone();
        fresh.email = format!("{name}@x.com");
        fresh.user_id = name.clone();
        fresh.customer = identify(&self.server, &self.own_secret, &fresh.email, &name).await;
        fresh.note = noted(&self.server, self.server.account, &fresh.customer, &name).await;
        let draft = draft(&name, Some(self.project.id));
        let view = View::account(self.server.account);
        let segment = segment::create(&self.server.app.store, &view, &draft, now()).await.unwrap();
        (fresh.segment, fresh.segment_id) = (segment.slug.to_string(), segment.id.to_string());
        fresh.waiting = waiting(&self.server, self.server.account, &self.project, &name);
        fresh.member = member(&self.server, self.server.account, &name, Role::Viewer).await.id.to_string();
        fresh.act = act(&self.server, self.server.account, &self.project).await;
        fresh.key = make_key(&self.server, self.server.account, &self.project, KeyKind::Read).await.0;
        fresh.project = self.server.test_project(&name).await.0.slug.to_string();
        fresh
    }
}

impl Things {
    /// What a name in the braces of a path may stand for.
    pub(super) fn of(&self, route: &str) -> Vec<&str> {
        if route.starts_with("/v1/customers") {
            return vec![&self.customer, &self.email, &self.user_id];
        }
        vec![match route.split('/').find(|part| !["", "v1"].contains(part)).unwrap_or_default() {
            "customers" => &self.customer,
            "imports" if route.starts_with("/imports/files/") => &self.waiting,
            "imports" => &self.import,
            "segments" if route.starts_with("/v1/") => &self.segment,
            "segments" => &self.segment_id,
            "projects" => &self.project,
            "keys" => &self.key,
            "members" => &self.member,
            "notes" => &self.note,
            "acts" => &self.act,
            _ => "anything",
        }]
    }

    pub(super) fn noun(&self, noun: Noun) -> &str {
        match noun {
            Noun::Project => &self.project,
            Noun::Segment => &self.segment,
            Noun::Email => &self.email,
            Noun::UserId => &self.user_id,
        }
    }

    /// What an answer to somebody else must not hold: ids, and names that nothing else has.
    pub(super) fn marks(&self) -> impl Iterator<Item = &str> {
        let Things {
            customer,
            email,
            user_id,
            import,
            waiting,
            segment,
            segment_id,
            project,
            key,
            member,
            note,
            act,
        } = self;
        let all =
            [customer, email, user_id, import, waiting, segment, segment_id, project, key, member, note, act];
        all.into_iter().map(String::as_str)
    }
}

/// Another account with things of its own, and its secret key.
async fn another_account(server: &TestServer) -> (AccountId, Things, String) {
    let account = store::open_account(&server.app.store, "Foreign", now()).await.unwrap();
    let slug: Slug = "foreign-foreign".parse().unwrap();
    let app = project::create(&server.app.store, account, &slug, "Foreign app", false, now()).await.unwrap();
    let (_, secret) = make_key(server, account, &app, KeyKind::Secret).await;
    let things = things(server, account, &app, &secret, "foreign").await;
    (account, things, secret)
}

async fn member(server: &TestServer, account: AccountId, name: &str, role: Role) -> member::Member {
    let email = Email::parse(&format!("{name}-member@example.com")).unwrap();
    member::add(&server.app.store, account, &email, role, now()).await.unwrap()
}

/// A key of a project: its id, and the key itself.
async fn make_key(
    server: &TestServer,
    account: AccountId,
    project: &Project,
    kind: KeyKind,
) -> (String, String) {
    let made = key::create(&server.app.store, account, Some(project.id), kind, "", now()).await;
    let (id, secret) = made.unwrap();
    (id.to_string(), secret.reveal().to_owned())
}

async fn identify(server: &TestServer, secret: &str, email: &str, user_id: &str) -> String {
    let body = json!({ "email": email, "user_id": user_id, "name": user_id, "params": { user_id: user_id } });
    let answer = server.call(secret, "POST", "/v1/identify", body.to_string()).await;
    answer.expect(200)["customer"].as_str().unwrap().to_owned()
}

fn draft(name: &str, project: Option<server::model::ProjectId>) -> Draft {
    let filter = format!("params.{name} exists");
    Draft { slug: Slug::nearest(name).unwrap(), name: name.to_owned(), filter, project }
}

/// A note of a customer: its id.
async fn noted(server: &TestServer, account: AccountId, customer: &str, name: &str) -> String {
    let (customer, member) = (customer.parse().unwrap(), MemberId::new());
    let text = format!("{name}{name} noted");
    note::add(&server.app.store, account, customer, member, &text, now()).await.unwrap().to_string()
}

async fn things(server: &TestServer, account: AccountId, app: &Project, secret: &str, name: &str) -> Things {
    let (email, user_id) = (format!("{name}-person@x.com"), format!("{name}user"));
    let customer = identify(server, secret, &email, &user_id).await;
    let rows = format!("email\n{name}-imported@x.com\nno address of {name}\n");
    let imported = server.call(secret, "POST", "/v1/imports?name=people.csv", rows).await.expect(200);
    let view = View::account(account);
    let draft = draft(&format!("{name}{name}s"), Some(app.id));
    let segment = segment::create(&server.app.store, &view, &draft, now()).await.unwrap();
    Things {
        note: noted(server, account, &customer, name).await,
        customer,
        email,
        user_id,
        import: imported["id"].as_str().unwrap().to_owned(),
        waiting: waiting(server, account, app, name),
        segment: segment.slug.to_string(),
        segment_id: segment.id.to_string(),
        project: app.slug.to_string(),
        key: make_key(server, account, app, KeyKind::Read).await.0,
        member: member(server, account, name, Role::Viewer).await.id.to_string(),
        act: act(server, account, app).await,
    }
}

/// A file that waits to be imported.
fn waiting(server: &TestServer, account: AccountId, app: &Project, name: &str) -> String {
    let file = Spool::new().unwrap().read(format!("email\n{name}-waiting@x.com\n").as_bytes()).unwrap();
    server.app.imports.keep(Waiting::of(account, app, "people.csv".to_owned(), file)).id.to_string()
}

/// An act on everybody of a project, which nobody has run yet.
async fn act(server: &TestServer, account: AccountId, app: &Project) -> String {
    let targets = Targets { rows: Rows::Project(app.slug.to_string()), ..Targets::default() };
    let reach = targets::reach(&server.app.store, account, &targets).await.unwrap();
    let what = What::Unset { key: "nothing".to_owned() };
    let begun =
        act::begin(&server.app.store, account, MemberId::new(), (&what, &targets), reach.people).await;
    begun.unwrap().to_string()
}

/// Things that were there, in a project that has been deleted.
async fn gone(server: &TestServer) -> Things {
    let (app, secret) = server.test_project("gone-gone").await;
    let gone = things(server, server.account, &app, &secret, "gone").await;
    let id = gone.member.parse().unwrap();
    member::remove(&server.app.store, server.account, id).await.unwrap();
    erase::project(&server.app.store, server.account, app.id).await.unwrap();
    gone
}

fn never() -> Things {
    let id = || "01a20945-00ba-712e-84f6-a76982995db0".to_owned();
    Things {
        customer: id(),
        email: "never-person@x.com".to_owned(),
        user_id: "neveruser".to_owned(),
        import: id(),
        waiting: id(),
        segment: "nevernevers".to_owned(),
        segment_id: id(),
        project: "never-never".to_owned(),
        key: id(),
        member: id(),
        note: id(),
        act: id(),
    }
}
