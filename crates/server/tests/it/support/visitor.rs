//! People who visit the dashboard, as a browser does it: with a session, or without.

use axum::{body::Body, http::Request};
use server::{
    model::{Email, Role, now},
    store::{member, session},
};

use super::server::{Answer, TestServer};

/// A visitor with a browser's headers.
pub(crate) struct Visitor<'a> {
    pub(crate) server: &'a TestServer,
    pub(crate) cookie: String,
}

impl Visitor<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.server.send(self.request("GET", path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        let request = self.request("POST", path).header("sec-fetch-site", "same-origin");
        self.server.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        self.unsaid(method, path).header("accept", "text/html")
    }

    /// What htmx sends for a link whose answer takes the place of the view: it does not say that it takes pages.
    pub(crate) fn boosted(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let headers =
            [("accept", "*/*"), ("hx-request", "true"), ("hx-boosted", "true"), ("hx-target", "view")];
        headers.iter().fold(self.unsaid(method, path), |request, (name, value)| request.header(*name, *value))
    }

    fn unsaid(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let builder = Request::builder().method(method).uri(path).header("host", "127.0.0.1:7878");
        builder.header("content-type", "application/x-www-form-urlencoded").header("cookie", &self.cookie)
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The page, which is answered with this status.
    pub(crate) fn expect_page(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        self.text()
    }

    /// The cookie that was set, as a browser sends it back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

impl TestServer {
    pub(crate) fn stranger(&self) -> Visitor<'_> {
        Visitor { server: self, cookie: String::new() }
    }

    pub(crate) async fn member(&self, email: &str, role: Role) -> member::Member {
        let email = Email::parse(email).unwrap();
        member::add(&self.app.store, self.account, &email, role, now()).await.unwrap()
    }

    /// Somebody of a role who is signed in.
    pub(crate) async fn visitor(&self, role: Role) -> Visitor<'_> {
        let member = self.member(&format!("{role}@example.com"), role).await;
        let token = session::begin(&self.app.store, &member, now()).await.unwrap().unwrap();
        Visitor { server: self, cookie: format!("tinycrm={token}") }
    }
}
