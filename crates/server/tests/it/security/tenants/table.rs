//! Every route, with the door that it has and what it may be sent.

use Door::{Admins, Open, Owners, Readers, Secret, Viewers, Wide, Writers};

/// Whom a route lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// Everybody.
    Open,
    /// A project's secret key, and a publishable one.
    Writers,
    /// Every key but a publishable one.
    Readers,
    /// An account key.
    Wide,
    /// A project's secret key.
    Secret,
    /// Whoever is signed in.
    Viewers,
    /// Admins and owners.
    Admins,
    /// Owners.
    Owners,
}

/// A route: its method, its path, its door, and a body that it takes, of a GET a query.
pub(super) type Route = (&'static str, &'static str, Door, &'static str);

/// All there are. A test compares this with the router.
pub(super) const ROUTES: &[Route] = &[
    ("POST", "/v1/identify", Writers, r#"{"email":"new@x.com"}"#),
    ("POST", "/v1/ping", Writers, r#"{"email":"new@x.com"}"#),
    ("POST", "/v1/batch", Writers, r#"{"items":[{"email":"new@x.com"}]}"#),
    ("GET", "/v1/query", Readers, ""),
    ("POST", "/v1/query", Readers, r#"{"filter":"","select":["count","customers","facets"]}"#),
    ("GET", "/v1/series", Readers, ""),
    ("POST", "/v1/series", Readers, r#"{"filter":"","by":"status","aggregates":["sum(params.mrr)"]}"#),
    ("GET", "/v1/insights/retention", Readers, ""),
    ("POST", "/v1/insights/retention", Readers, r#"{"by":"status"}"#),
    ("GET", "/v1/insights/movements", Readers, ""),
    ("POST", "/v1/insights/movements", Readers, r#"{"by":"status"}"#),
    ("GET", "/v1/insights/conversion", Readers, ""),
    ("POST", "/v1/insights/conversion", Readers, r#"{"by":"status","to":"status = paid"}"#),
    ("GET", "/v1/insights/lift", Readers, ""),
    ("POST", "/v1/insights/lift", Readers, r#"{"outcome":"status = paid"}"#),
    ("GET", "/v1/insights/overlap", Wide, ""),
    ("POST", "/v1/insights/overlap", Wide, "{}"),
    ("GET", "/v1/insights/referrals", Readers, ""),
    ("POST", "/v1/insights/referrals", Readers, r#"{"path":"params.referred_by"}"#),
    ("GET", "/v1/changes", Readers, ""),
    ("GET", "/v1/params", Readers, ""),
    ("GET", "/v1/customers/{who}", Readers, ""),
    ("DELETE", "/v1/customers/{who}", Secret, ""),
    ("GET", "/v1/customers/{who}/export", Readers, ""),
    ("GET", "/v1/export", Readers, ""),
    ("GET", "/v1/imports", Readers, ""),
    ("POST", "/v1/imports", Secret, "email\nnew@x.com\n"),
    ("GET", "/v1/imports/{id}", Readers, ""),
    ("GET", "/v1/imports/{id}/rejected", Readers, ""),
    ("GET", "/v1/segments", Readers, ""),
    ("POST", "/v1/segments", Secret, r#"{"name":"Mine","filter":"plan = pro"}"#),
    ("GET", "/v1/segments/{slug}", Readers, ""),
    ("PUT", "/v1/segments/{slug}", Secret, r#"{"name":"Another","filter":"plan = pro"}"#),
    ("DELETE", "/v1/segments/{slug}", Secret, ""),
    ("GET", "/v1/projects", Readers, ""),
    ("GET", "/sdk", Open, ""),
    ("GET", "/sdk/tinycrm.js", Open, ""),
    ("GET", "/sdk/{file}", Open, ""),
    ("GET", "/healthz", Open, ""),
    ("GET", "/readyz", Open, ""),
    ("GET", "/openapi.json", Open, ""),
    ("GET", "/errors", Open, ""),
    ("GET", "/llms.txt", Open, ""),
    ("GET", "/", Viewers, ""),
    ("GET", "/customers", Viewers, ""),
    ("GET", "/customers/rail", Viewers, ""),
    ("GET", "/customers/help", Viewers, ""),
    ("GET", "/customers/export.csv", Viewers, ""),
    ("GET", "/customers/export.ndjson", Viewers, ""),
    ("GET", "/customers/{who}", Viewers, ""),
    ("GET", "/customers/{who}/export", Viewers, ""),
    ("POST", "/customers/{who}/erase", Admins, ""),
    ("GET", "/customers/{who}/merge", Admins, ""),
    ("POST", "/customers/{who}/merge", Admins, "other=nobody%40x.com"),
    ("POST", "/customers/{who}/unmerge", Admins, "other=nobody%40x.com"),
    ("GET", "/customers/{who}/correct", Admins, "project=own-own"),
    (
        "POST",
        "/customers/{who}/correct",
        Admins,
        "project=own-own&first_seen=2026-01-01&first_paid=&status_since=",
    ),
    ("GET", "/segments", Viewers, ""),
    ("POST", "/segments", Admins, "name=Saved&filter=plan+%3D+pro&project="),
    ("POST", "/segments/{id}/delete", Admins, ""),
    ("GET", "/sign-in", Open, ""),
    ("POST", "/sign-in", Open, "email=nobody%40x.com&password=wrong-password"),
    ("GET", "/sign-in/{token}", Open, ""),
    ("POST", "/sign-in/{token}", Open, ""),
    ("POST", "/sign-out", Open, ""),
    ("POST", "/sign-out-everywhere", Viewers, ""),
    ("GET", "/password", Viewers, ""),
    ("POST", "/password", Viewers, "password=short"),
    ("POST", "/theme", Open, "theme=dark"),
    ("GET", "/projects", Viewers, ""),
    ("POST", "/projects", Admins, "name=Made"),
    ("GET", "/new-project", Viewers, ""),
    ("POST", "/remove-test-projects", Admins, ""),
    ("GET", "/projects/{slug}", Viewers, ""),
    ("POST", "/projects/{slug}", Admins, "kind=read&label=mine"),
    ("POST", "/projects/{slug}/reset", Admins, ""),
    ("POST", "/projects/{slug}/delete", Admins, ""),
    ("GET", "/projects/{slug}/start", Viewers, ""),
    ("POST", "/projects/{slug}/start", Admins, ""),
    ("GET", "/projects/{slug}/arrived", Viewers, ""),
    ("GET", "/keys", Viewers, ""),
    ("POST", "/keys", Admins, "label=mine"),
    ("POST", "/keys/{id}/revoke", Admins, "next=/keys"),
    ("GET", "/members", Viewers, ""),
    ("POST", "/members", Owners, "email=new%40x.com&role=viewer"),
    ("POST", "/members/{id}/role", Owners, "role=admin"),
    ("POST", "/members/{id}/remove", Owners, ""),
    ("POST", "/members/{id}/sign-out", Owners, ""),
    ("GET", "/settings", Viewers, ""),
    ("POST", "/settings/zone", Admins, "zone=UTC"),
    ("POST", "/settings/history", Admins, "months=24"),
    ("POST", "/settings/ignored", Admins, "pattern=%40ignored.example"),
    ("POST", "/settings/ignored/remove", Admins, "pattern=%40ignored.example"),
    ("POST", "/settings/ignored/erase", Admins, "pattern=%40ignored.example"),
    ("GET", "/static/{version}/{file}", Open, ""),
];

/// Paths and bodies that name something beside the place that a route has for it: NAME is one of the [`Noun`]s' texts. What
/// makes something of that name comes last, because it is there from then on.
pub(super) const ASIDE: &[Aside] = &[
    ("GET", "/v1/query?project=NAME", "", Noun::Project),
    ("GET", "/v1/query?filter=in%20project%20NAME", "", Noun::Project),
    ("GET", "/v1/query?filter=in%20segment%20NAME", "", Noun::Segment),
    ("GET", "/v1/query?filter=email%20%3D%20NAME", "", Noun::Email),
    ("GET", "/v1/series?project=NAME", "", Noun::Project),
    ("GET", "/v1/series?filter=in%20segment%20NAME", "", Noun::Segment),
    ("GET", "/v1/insights/retention?project=NAME", "", Noun::Project),
    ("GET", "/v1/insights/retention?filter=in%20segment%20NAME", "", Noun::Segment),
    ("GET", "/v1/insights/movements?project=NAME", "", Noun::Project),
    ("GET", "/v1/insights/movements?filter=in%20segment%20NAME", "", Noun::Segment),
    ("GET", "/v1/insights/conversion?project=NAME", "", Noun::Project),
    ("GET", "/v1/insights/conversion?from=in%20segment%20NAME", "", Noun::Segment),
    ("GET", "/v1/insights/lift?outcome=in%20segment%20NAME", "", Noun::Segment),
    ("GET", "/v1/insights/lift?outcome=status%20%3D%20paid&project=NAME", "", Noun::Project),
    ("GET", "/v1/insights/overlap?filter=in%20segment%20NAME", "", Noun::Segment),
    ("GET", "/v1/insights/referrals?path=source&project=NAME", "", Noun::Project),
    ("GET", "/v1/insights/referrals?path=source&filter=in%20segment%20NAME", "", Noun::Segment),
    ("GET", "/v1/changes?project=NAME", "", Noun::Project),
    ("GET", "/v1/changes?filter=in%20segment%20NAME", "", Noun::Segment),
    ("GET", "/v1/params?project=NAME", "", Noun::Project),
    ("GET", "/v1/export?project=NAME", "", Noun::Project),
    ("GET", "/v1/export?filter=in%20segment%20NAME", "", Noun::Segment),
    ("GET", "/customers?project=NAME", "", Noun::Project),
    ("GET", "/customers?filter=in%20segment%20NAME", "", Noun::Segment),
    ("GET", "/customers?filter=email%20%3D%20NAME", "", Noun::Email),
    ("GET", "/customers/rail?project=NAME", "", Noun::Project),
    ("GET", "/customers/export.csv?project=NAME", "", Noun::Project),
    ("GET", "/customers/OWN/merge?other=NAME", "", Noun::Email),
    ("POST", "/customers/OWN/merge", "other=NAME", Noun::Email),
    ("POST", "/customers/OWN/unmerge", "other=NAME", Noun::Email),
    (
        "POST",
        "/customers/OWN/correct",
        "project=NAME&first_seen=2026-01-01&first_paid=&status_since=",
        Noun::Project,
    ),
    ("POST", "/segments", "name=x&filter=plan+%3D+pro&project=NAME", Noun::Project),
    ("POST", "/v1/segments", r#"{"name":"x","filter":"in segment NAME"}"#, Noun::Segment),
    ("POST", "/v1/segments", r#"{"name":"NAME","filter":"plan = pro"}"#, Noun::Segment),
    ("POST", "/v1/identify", r#"{"email":"NAME"}"#, Noun::Email),
    ("POST", "/v1/identify", r#"{"user_id":"NAME"}"#, Noun::UserId),
    ("POST", "/v1/identify", r#"{"email":"mover-NAME@x.com","user_id":"NAME"}"#, Noun::UserId),
    ("POST", "/v1/ping", r#"{"user_id":"NAME"}"#, Noun::UserId),
    ("POST", "/segments", "name=NAME&filter=plan+%3D+pro&project=", Noun::Segment),
    ("POST", "/projects", "name=x&slug=NAME", Noun::Project),
];

/// A request: its method, its path, its body, and what NAME is in them.
pub(super) type Aside = (&'static str, &'static str, &'static str, Noun);

/// What a name is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noun {
    Project,
    Segment,
    Email,
    UserId,
}
