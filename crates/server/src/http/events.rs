//! Streams of events: server-sent events that say how many customers came, changed or went, and nothing of whom.
//!
//! A stream keeps the version up to which it has told, and looks for more when the connection takes more: one that is
//! read slowly is told less often, in sums. It ends when whoever opened it may not read any more, and when the server does.

use std::{convert::Infallible, net::IpAddr, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::Serialize;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use utoipa::ToSchema;

use super::{App, Code, Problem, budget::holder, client::ClientAddress};
use crate::{
    budget::{Full, Part, Share},
    config,
    model::{ProjectId, Secret, Slug, now},
    store::{
        self, AccountId, View,
        events::{Happened, Listener, News},
        key, project, session,
    },
};

/// How long it is waited between two events.
const GAP: Duration = Duration::from_millis(250);
/// How often it is looked whether whoever listens still may, while nothing is told; it is looked before each event, too.
const LOOK: Duration = Duration::from_secs(5);
/// After so long without an event the stream says that it is there: proxies cut off what is silent for a minute.
const BEAT: Duration = Duration::from_secs(15);
/// How long it is waited for a database that does not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a client waits before it connects again, in milliseconds.
const RETRY: u64 = 2_000;

/// What keeps nginx, and those who learnt it from it, from gathering an answer before they hand it on.
const UNBUFFERED: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// The streams that are open; one for the whole process.
pub struct Streams {
    accounts: Share<AccountId>,
    addresses: Share<IpAddr>,
    proxies: Vec<IpAddr>,
    over: watch::Sender<bool>,
}

/// Who listens, and what to: it is asked again and again whether they may.
pub struct Audience {
    /// What they may hear of.
    pub view: View,
    /// By what they may.
    pub pass: Pass,
    /// Where they are.
    pub address: ClientAddress,
}

/// What lets somebody listen.
pub enum Pass {
    /// A key.
    Key(Secret),
    /// The token of a session.
    Session(String),
}

/// What an event tells.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventOut {
    /// The account's version that it tells up to: also the event's `id`.
    version: i64,
    /// The version that it tells from: that of the event before, or the one that the stream begins from.
    since: i64,
    /// The projects in which something happened, by slug; none in an event `reset`.
    projects: Vec<HappenedOut>,
}

/// What has happened in a project; each customer counts once an event.
#[derive(Debug, Serialize, ToSchema)]
struct HappenedOut {
    /// Its slug.
    project: String,
    /// Whether it is a test project.
    test: bool,
    /// Customers who are new in it.
    created: i64,
    /// Customers of whom something is otherwise.
    changed: i64,
    /// Customers who are there no more: erased, merged or moved.
    erased: i64,
}

/// An open stream.
struct Stream {
    app: App,
    audience: Audience,
    listener: Listener,
    over: watch::Receiver<bool>,
    /// Up to which version it has told; at first from which on it tells.
    told: i64,
    /// The version of its last event, or from which on it tells.
    since: i64,
    /// What is told first, before anything has happened.
    opening: Option<String>,
    /// When it may look for news again.
    rested: Instant,
    /// When it says that it is there.
    beat: Instant,
    /// When it is looked whether it may go on.
    look: Instant,
    _parts: (Part<AccountId>, Part<IpAddr>),
}

/// What a stream wakes for.
enum Wake {
    /// The server stops.
    Over,
    /// To look whether it may go on.
    Look,
    /// To say that it is there.
    Beat,
    /// To tell what has happened.
    News,
}

/// What comes of it.
enum Step {
    Say(String),
    Nothing,
    End,
}

impl Streams {
    /// None is open.
    pub fn new(config: &config::Server) -> Streams {
        let limits = &config.limits;
        Streams {
            accounts: Share::new(limits.streams, limits.streams_per_account),
            addresses: Share::new(limits.streams, limits.streams_per_address),
            proxies: config.trusted_proxy.clone(),
            over: watch::Sender::new(false),
        }
    }

    /// Ends them all, and those that are opened from now on: the server stops.
    pub fn end(&self) {
        self.over.send_replace(true);
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.accounts.taken_by_all()
    }

    fn take(&self, audience: &Audience) -> Result<(Part<AccountId>, Part<IpAddr>), Problem> {
        let ClientAddress(address) = audience.address;
        let address = self.addresses.take(holder(address, &self.proxies), 1);
        let address = address.map_err(|full| refuse(full, "to this address"))?;
        let account = self.accounts.take(Some(audience.view.account), 1);
        Ok((account.map_err(|full| refuse(full, "of this account"))?, address))
    }
}

fn refuse(full: Full, whose: &str) -> Problem {
    match full {
        Full::One => {
            let detail = format!("As many streams of events {whose} are open as there may be.");
            Problem::new(Code::TooManyRequests, detail)
                .hint("Close one, or share one: a stream tells of all projects that its key sees.")
        }
        Full::All => Problem::new(Code::Busy, "As many streams of events are open as there may be.")
            .hint("Open it again after Retry-After."),
    }
}

/// The version that a client has heard last, as `Last-Event-ID` says it.
pub fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(header) = headers.get("last-event-id").filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let id = header.to_str().ok().and_then(|text| text.trim().parse().ok());
    id.map(Some).ok_or_else(|| {
        Problem::new(Code::InvalidRequest, "Last-Event-ID is not the id of an event of this server.")
            .hint("Send the id of the last event, a whole number, or leave it out.")
    })
}

/// A view narrowed to the project of that slug, where one is named. One that is not seen is not there.
pub async fn narrowed(app: &App, view: View, slug: Option<&str>) -> Result<View, Problem> {
    let Some(slug) = slug.filter(|slug| !slug.is_empty()) else { return Ok(view) };
    let missing = store::Error::Missing("project");
    let Ok(slug) = slug.parse::<Slug>() else { return Err(missing.into()) };
    let found = project::find(&app.store, view.account, &slug).await?;
    match view.project.is_none_or(|own| own == found.id) {
        true => Ok(View::project(view.account, found.id)),
        false => Err(missing.into()),
    }
}

/// Opens a stream that tells what happens after a version; of what happens from now on, where none is named.
pub async fn respond(app: &App, audience: Audience, from: Option<i64>) -> Result<Response, Problem> {
    let parts = app.streams.take(&audience)?;
    let listener = Listener::new(&app.store, audience.view.account);
    let told = match from {
        Some(version) => version,
        None => listener.version(&app.store).await?,
    };
    let at = Instant::now();
    let stream = Stream {
        over: app.streams.over.subscribe(),
        app: app.clone(),
        audience,
        listener,
        told,
        since: told,
        opening: Some(format!("retry: {RETRY}\n")),
        rested: at,
        beat: at + BEAT,
        look: at + LOOK,
        _parts: parts,
    };
    let body = Body::from_stream(stream::unfold(stream, |stream| async {
        let (text, stream) = stream.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), stream))
    }));
    Ok(([(header::CONTENT_TYPE, "text/event-stream"), UNBUFFERED], body).into_response())
}

impl Stream {
    /// The next thing to say, or the end.
    async fn next(mut self) -> Option<(String, Stream)> {
        loop {
            match self.step().await {
                Ok(Step::Say(text)) => {
                    self.beat = Instant::now() + BEAT;
                    let opening = self.opening.take().unwrap_or_default();
                    return Some((opening + &text, self));
                }
                Ok(Step::Nothing) => {}
                Ok(Step::End) => return None,
                // It goes on when the database is there again.
                Err(store::Error::Unavailable(_)) => self.rested = Instant::now() + PAUSE,
                Err(error) => {
                    tracing::error!(%error, account = %self.audience.view.account, "a stream of events had to end");
                    return None;
                }
            }
        }
    }

    /// Waits for something to do, and does it.
    async fn step(&mut self) -> Result<Step, store::Error> {
        let wake = self.wake().await;
        match wake {
            Wake::Over => return Ok(Step::End),
            Wake::Beat => return Ok(Step::Say(format!(":\n{}", self.id()))),
            Wake::Look | Wake::News => self.look = Instant::now() + LOOK,
        }
        match (self.audience.may(&self.app).await?, wake) {
            (false, _) => Ok(Step::End),
            (true, Wake::News) => self.news().await,
            (true, _) => Ok(Step::Nothing),
        }
    }

    /// Waits for something to do.
    async fn wake(&mut self) -> Wake {
        let Stream { listener, over, told, rested, opening, .. } = self;
        let news = async {
            sleep_until(*rested).await;
            // At first it says where it begins, whether or not something has happened.
            if opening.is_none() {
                listener.beyond(*told).await;
            }
        };
        tokio::select! {
            biased;
            // The sender lives as long as the application.
            _ = over.wait_for(|over| *over) => Wake::Over,
            () = news => Wake::News,
            () = sleep_until(self.beat) => Wake::Beat,
            () = sleep_until(self.look) => Wake::Look,
        }
    }

    /// What has happened since it told something, if that is something to tell; at first also where nothing has.
    async fn news(&mut self) -> Result<Step, store::Error> {
        self.rested = Instant::now() + GAP;
        let news = self.listener.since(&self.app.store, self.told).await?;
        self.told = news.version;
        let event = event(&news, self.since, self.audience.view.project);
        if event.is_some() {
            self.since = self.told;
        }
        let event = event.or_else(|| self.opening.is_some().then(|| self.id()));
        Ok(event.map_or(Step::Nothing, Step::Say))
    }

    /// Up to where it has told: what a client says when it comes back. No event goes with it.
    fn id(&self) -> String {
        format!("id: {}\n\n", self.told)
    }
}

/// An event as it is sent; of nothing that is seen, none.
fn event(news: &News, since: i64, only: Option<ProjectId>) -> Option<String> {
    let (name, projects) = match &news.projects {
        Some(projects) => ("change", projects.as_slice()),
        None => ("reset", &[][..]),
    };
    let seen = projects.iter().filter(|happened| only.is_none_or(|only| only == happened.project));
    let projects: Vec<HappenedOut> = seen.map(HappenedOut::from).collect();
    if name == "change" && projects.is_empty() {
        return None;
    }
    let data = serde_json::to_string(&EventOut { version: news.version, since, projects }).ok()?;
    Some(format!("id: {}\nevent: {name}\ndata: {data}\n\n", news.version))
}

impl Audience {
    async fn may(&self, app: &App) -> Result<bool, store::Error> {
        let account = match &self.pass {
            Pass::Key(secret) => key::find(&app.store, secret, now()).await?.live().map(|key| key.account),
            Pass::Session(token) => {
                session::find(&app.store, token, now()).await?.map(|member| member.account)
            }
        };
        if account != Some(self.view.account) {
            return Ok(false);
        }
        let Some(project) = self.view.project else { return Ok(true) };
        match project::by_id(&app.store, self.view.account, project).await {
            Ok(_) => Ok(true),
            Err(store::Error::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl From<&Happened> for HappenedOut {
    fn from(happened: &Happened) -> HappenedOut {
        let Happened { slug, test, created, changed, erased, .. } = happened;
        HappenedOut {
            project: slug.clone(),
            test: *test,
            created: *created,
            changed: *changed,
            erased: *erased,
        }
    }
}
