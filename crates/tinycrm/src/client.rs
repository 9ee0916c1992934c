//! The HTTP client of the commands that speak to a server as an app does, with a key.

use std::{io::Read, thread::sleep, time::Duration};

use serde_json::Value;
use server::{config::address, model::KeyKind};
use ureq::{Agent, Body, SendBody, http::Response};
use uuid::Uuid;

use crate::{
    answer::{list, option},
    caret,
    failure::{Failure, sentence},
};

/// How long a server may take to begin its answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to begin an answer about a file, which is read before it.
const LONG_PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How often what the server cannot do just now is sent again, and the longest pause before it, in seconds.
const RETRIES: usize = 3;
const PAUSE_MAX: u64 = 10;
/// The longest answer that is read whole; exports are streamed instead.
const ANSWER_MAX: u64 = 256 << 20;

/// Which server, and as whom.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct Remote {
    /// The server's address
    #[arg(long, env = "TINYCRM_URL", value_name = "URL", default_value = "http://127.0.0.1:7878")]
    url: String,

    /// The API key
    #[arg(long, env = "TINYCRM_API_KEY", value_name = "KEY", hide_env_values = true)]
    api_key: Option<String>,
}

impl Remote {
    /// Whether a key was given.
    pub fn has_key(&self) -> bool {
        self.api_key.as_ref().is_some_and(|key| !key.is_empty())
    }

    /// Whether the key that was given is an account's, which sees all of its projects.
    pub fn of_account(&self) -> bool {
        self.api_key.as_ref().is_some_and(|key| key.starts_with(KeyKind::Account.prefix()))
    }

    /// A client; without a key, or with an address or key that cannot be one, an error that says what to do.
    pub fn client(&self) -> Result<Client, Failure> {
        let url = address::base(&self.url).map_err(|fault| {
            // What was pasted is not repeated: it may be the key.
            Failure::usage(format!("The server's address (TINYCRM_URL or --url) is not one: {fault}."))
        })?;
        let key = self.api_key.as_deref().filter(|key| !key.is_empty()).ok_or_else(|| {
            Failure::usage("No API key was given.")
                .hint("Set TINYCRM_API_KEY. `tinycrm key create --project SLUG` makes a key.")
        })?;
        if let Some(stray) = address::stray(key) {
            let what = format!("The API key (TINYCRM_API_KEY or --api-key) has {stray}.");
            return Err(Failure::usage(what)
                .hint("Copy the key alone, from tcrm_ to its last letter, without quotes or line ends."));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(PATIENCE))
            .user_agent(concat!("tinycrm-cli/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Client { agent: config.new_agent(), url, bearer: format!("Bearer {key}") })
    }
}

/// A connection to a server.
pub struct Client {
    agent: Agent,
    url: String,
    bearer: String,
}

/// What the server refused, as it said it.
#[derive(Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The problem document; null when it was none.
    pub problem: Value,
    /// The question or call that was sent, where it was JSON; else null.
    asked: Value,
    /// Seconds after which to come back.
    pub retry_after: Option<u64>,
}

/// How a request can fail.
#[derive(Debug)]
pub enum Error {
    /// No answer came.
    Away(String),
    /// Something in front of the server sends elsewhere: what it says, and what to do.
    Moved(String, String),
    /// The answer was an error.
    Refused(Box<Refusal>),
}

impl Client {
    /// Sends a question, as a body of JSON; returns the JSON answer.
    pub fn ask(&self, path: &str, body: &str) -> Result<Value, Error> {
        self.post(path, body, None)
    }

    /// Sends a call, as a body of JSON, which takes effect once: where the server says that it may be answered later, or that it
    /// does not know whether it was, the same is sent again under the same key. Returns the JSON answer.
    pub fn call(&self, path: &str, body: &str) -> Result<Value, Error> {
        let key = Uuid::now_v7().to_string();
        for _ in 0..RETRIES {
            match self.post(path, body, Some(&key)) {
                Err(Error::Refused(refusal)) if refusal.retry_after.is_some() => {
                    sleep(Duration::from_secs(refusal.retry_after.unwrap_or(1).min(PAUSE_MAX)));
                }
                answer => return answer,
            }
        }
        self.post(path, body, Some(&key))
    }

    fn post(&self, path: &str, body: &str, idempotency_key: Option<&str>) -> Result<Value, Error> {
        let mut request =
            self.agent.post(format!("{}{path}", self.url)).header("Authorization", &self.bearer);
        if let Some(key) = idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        let sent = request.content_type("application/json").send(body);
        let asked = || serde_json::from_str(body).unwrap_or_default();
        let mut answer = self.accept(path, sent).map_err(|error| error.asked_by(asked()))?;
        self.read(&mut answer)
    }

    /// Sends a file; returns the JSON answer, which may take as long as the file is read.
    pub fn upload(&self, path: &str, query: &[(&str, String)], file: impl Read) -> Result<Value, Error> {
        let request = self.agent.post(format!("{}{path}", self.url)).header("Authorization", &self.bearer);
        let request = request.query_pairs(query.iter().map(|(name, value)| (*name, value.as_str())));
        let request = request.content_type("application/octet-stream");
        let request = request.config().timeout_recv_response(Some(LONG_PATIENCE)).build();
        let mut file = file;
        let sent = request.send(SendBody::from_reader(&mut file));
        let mut answer = self.accept(path, sent)?;
        self.read(&mut answer)
    }

    /// Asks for an answer that may be long: the caller streams its body.
    pub fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Response<Body>, Error> {
        let request = self.agent.get(format!("{}{path}", self.url)).header("Authorization", &self.bearer);
        self.accept(path, request.query_pairs(query.iter().copied()).call())
    }

    /// Asks for a JSON answer.
    pub fn get_json(&self, path: &str) -> Result<Value, Error> {
        self.find(path, &[])
    }

    /// The same of a question that stands in the address.
    pub fn find(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Error> {
        let query: Vec<(&str, &str)> = query.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let asked = || query.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect();
        let mut answer = self.get(path, &query).map_err(|error| error.asked_by(asked()))?;
        self.read(&mut answer)
    }

    fn accept(&self, path: &str, sent: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Error> {
        let mut answer = sent.map_err(|e| self.away(&e))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        if answer.status().is_redirection() {
            let place = answer.headers().get("location").and_then(|value| value.to_str().ok());
            return Err(self.moved(path, place.unwrap_or_default()));
        }
        let header = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = header.and_then(|seconds| seconds.parse().ok());
        let status = answer.status().as_u16();
        let problem = self.read(&mut answer).unwrap_or(Value::Null);
        Err(Error::Refused(Box::new(Refusal { status, problem, asked: Value::Null, retry_after })))
    }

    fn read(&self, answer: &mut Response<Body>) -> Result<Value, Error> {
        let text =
            answer.body_mut().with_config().limit(ANSWER_MAX).read_to_string().map_err(|e| self.away(&e))?;
        serde_json::from_str(&text)
            .map_err(|_| Error::Away(format!("what answers at {} is no TinyCRM server", self.url)))
    }

    /// A redirect is told, not followed: it would turn a POST into a GET, or hand the key to somebody else.
    fn moved(&self, path: &str, place: &str) -> Error {
        let place = place.split(['?', '#']).next().unwrap_or_default();
        let what = format!("something in front of {} redirects to {place:?}", self.url);
        let there = place.trim_end_matches('/').strip_suffix(path).and_then(|base| address::base(base).ok());
        let hint = match there {
            Some(there) if there != self.url => format!("Use {there} as TINYCRM_URL."),
            _ => "Set TINYCRM_URL to the address at which the server itself answers, without a sign-in or a rewriting proxy before it.".to_owned(),
        };
        Error::Moved(what, hint)
    }

    fn away(&self, error: &ureq::Error) -> Error {
        Error::Away(format!("the server at {} does not answer: {error}", self.url))
    }
}

impl Error {
    /// The same, with what was sent: what is wrong is shown in its texts.
    fn asked_by(mut self, asked: Value) -> Error {
        if let Error::Refused(refusal) = &mut self {
            refusal.asked = asked;
        }
        self
    }

    /// The failure to report; a filter's text gets a caret under the words that are wrong.
    pub fn about(self, filter: &str) -> Failure {
        match self {
            Error::Away(what) => Failure::new(sentence(&what))
                .hint("Is the server running? TINYCRM_URL or --url says where; `tinycrm serve` starts one."),
            Error::Moved(what, hint) => Failure::new(sentence(&what)).hint(hint),
            Error::Refused(refusal) => refusal.failure(filter),
        }
    }
}

impl Error {
    /// Whether the same request may be answered later.
    pub fn may_pass(&self) -> bool {
        match self {
            Error::Away(_) => true,
            Error::Moved(..) => false,
            Error::Refused(refusal) => matches!(refusal.status, 408 | 409 | 429 | 500..),
        }
    }

    /// Seconds after which the server asks to come back.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Error::Away(_) | Error::Moved(..) => None,
            Error::Refused(refusal) => refusal.retry_after,
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Away(what) | Error::Moved(what, _) => f.write_str(&sentence(what)),
            Error::Refused(refusal) => f.write_str(&refusal.detail()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        error.about("")
    }
}

impl Refusal {
    fn failure(&self, filter: &str) -> Failure {
        let errors = list(&self.problem["errors"]);
        let mut what = match errors {
            [one] if one["place"].is_object() => {
                let name = named(one).map(|name| format!("{name}: ")).unwrap_or_default();
                format!("{name}{}", self.said(one))
            }
            _ => self.detail(),
        };
        for error in errors.iter().filter(|_| errors.len() > 1) {
            let name = named(error).unwrap_or(word(&error["pointer"]));
            what += &format!("\n  {name}: {}", self.said(error));
            what += &error["hint"].as_str().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
        }
        if let Some(caret) = caret(filter, &self.problem["place"]) {
            what += &format!("\n{caret}");
        }
        let failure = Failure::new(what);
        match self.problem["hint"].as_str().map(str::to_owned).or_else(|| self.candidates()) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }

    /// What is wrong with a field: in a text of the filter language with carets under the words.
    fn said(&self, error: &Value) -> String {
        let text = self.asked.pointer(word(&error["pointer"])).map(word).unwrap_or_default();
        let caret = caret(text, &error["place"]).map(|caret| format!("\n{caret}")).unwrap_or_default();
        format!("{}{caret}", word(&error["detail"]))
    }

    /// The words that were probably meant.
    fn candidates(&self) -> Option<String> {
        let words: Vec<&str> =
            self.problem["place"]["candidates"].as_array()?.iter().filter_map(Value::as_str).collect();
        (!words.is_empty()).then(|| format!("Is {} meant?", words.join(" or ")))
    }

    fn detail(&self) -> String {
        let detail = self.problem["detail"].as_str();
        detail.map_or_else(|| format!("The server answered {}.", self.status), str::to_owned)
    }
}

/// What the field that an error is of is called on the command line, if it is a filter of an insight.
fn named(error: &Value) -> Option<&'static str> {
    option(word(&error["pointer"]).strip_prefix('/')?)
}

/// The words of a text that are wrong.
fn caret(text: &str, place: &Value) -> Option<String> {
    let number = |name: &str| place[name].as_u64().and_then(|n| usize::try_from(n).ok());
    Some(caret::under(text, number("start")?, number("end")?))
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
