//! Bodies to calls: each field read with its own limits, every fault gathered, nothing guessed silently.

mod edits;

use filter::{
    Status,
    calendar::first_instant,
    is_slip,
    value::{Kind, Moment},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Map, Value, value::RawValue};

use super::{
    Call, Email, Identify, Past, Ping, Who,
    elsewhere::{self, letters},
    is_placeholder, json,
    refusal::{Faults, Pointer, Reason, Refusal},
};

/// The longest `user_id`, in characters.
pub const USER_ID_MAX: usize = 255;
/// The longest name, in characters.
pub const NAME_MAX: usize = 1000;
/// How far ahead of the server's clock a `timestamp` may be.
pub const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);

/// 1990. What lies before it is some language's zero, not a date on which somebody was met.
pub const EARLIEST: Timestamp = Timestamp::constant(631_152_000, 0);

/// The fields of an `identify`.
pub const IDENTIFY: &[&str] = &[
    "email",
    "user_id",
    "name",
    "status",
    "params",
    "replace",
    "set_once",
    "unset",
    "increment",
    "add",
    "remove",
    "timestamp",
    "first_seen",
    "first_paid",
    "status_since",
    "last_activity",
];
/// The fields of a `ping`.
pub const PING: &[&str] = &["email", "user_id", "timestamp"];
/// What a publishable key may send.
const PUBLISHABLE: &[&str] = &["email", "status", "params", "set_once"];

/// What a body is read against.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The present: no call may be dated much later.
    pub now: Timestamp,
    /// Whether the key may only add.
    pub publishable: bool,
    /// Whether calls are made as things happen: an import's are not.
    pub live: bool,
}

/// Reads the body of `identify`.
pub fn identify(raw: &RawValue, terms: Terms) -> Result<Call, Refusal> {
    Body::open(raw, terms)?.identify()
}

/// Reads the body of `ping`.
pub fn ping(raw: &RawValue, terms: Terms) -> Result<Call, Refusal> {
    Body::open(raw, terms)?.ping()
}

/// Reads an item of a batch: an `identify`, or with `"type": "ping"` a ping.
pub fn item(raw: &RawValue, terms: Terms) -> Result<Call, Refusal> {
    let mut body = Body::open(raw, terms)?;
    match body.text("type", NAME_MAX).as_deref() {
        Some("ping") => body.ping(),
        Some("identify") | None => body.identify(),
        Some(other) => {
            body.fault("type", format!("{other:?} is no type of call; there are identify and ping"));
            body.identify()
        }
    }
}

/// An object whose fields are taken out one by one; what stays is unknown.
struct Body {
    fields: Map<String, Value>,
    faults: Faults,
    /// Whether its `user_id` stands for nobody.
    placeholder: bool,
    terms: Terms,
}

impl Body {
    fn open(raw: &RawValue, terms: Terms) -> Result<Body, Refusal> {
        match json::read(raw)? {
            Value::Object(fields) => {
                Ok(Body { fields, faults: Faults::default(), placeholder: false, terms })
            }
            other => {
                let detail = format!(
                    "a call is a JSON object, as in {{\"email\": \"ada@example.com\"}}; found {}",
                    a(&other)
                );
                Err(Refusal::new(Reason::InvalidFields, detail))
            }
        }
    }

    fn identify(mut self) -> Result<Call, Refusal> {
        self.refuse_untrusted(IDENTIFY);
        let call = Identify {
            who: self.who(),
            name: self.text("name", NAME_MAX),
            status: self.status(),
            replace: self.replace(),
            edits: Default::default(),
            at: self.time("timestamp"),
            past: self.past(),
            live: self.terms.live,
            seen: None,
        };
        self.refuse_contradictions(&call);
        let call = self.edits(call);
        self.refuse_unknown(IDENTIFY);
        self.finish(Call::Identify(Box::new(call)))
    }

    fn ping(mut self) -> Result<Call, Refusal> {
        self.refuse_untrusted(PING);
        let ping = Ping { who: self.who(), at: self.time("timestamp") };
        self.refuse_unknown(PING);
        self.finish(Call::Ping(ping))
    }

    /// The call if nothing was wrong; a placeholder that is all that is wrong has a name of its own.
    fn finish(self, call: Call) -> Result<Call, Refusal> {
        match self.faults.or(call) {
            Err(refusal) if self.placeholder && refusal.faults.len() == 1 => {
                Err(Refusal { reason: Reason::PlaceholderUserId, ..refusal })
            }
            read => read,
        }
    }

    /// Takes a field; `null` is the same as leaving it out.
    fn take(&mut self, field: &str) -> Option<Value> {
        self.fields.remove(field).filter(|value| !value.is_null())
    }

    fn fault(&mut self, field: &str, detail: impl Into<String>) {
        self.faults.add(Pointer::Root.key(field), detail);
    }

    fn who(&mut self) -> Who {
        let named =
            ["email", "user_id"].iter().any(|field| self.fields.get(*field).is_some_and(|v| !v.is_null()));
        if !named {
            self.faults.add("", "who is it? Send email, or user_id if the project knows it already");
        }
        let email = self.text("email", usize::MAX).and_then(|text| match Email::parse(&text) {
            Ok(email) => Some(email),
            Err(error) => {
                self.fault("email", error.to_string());
                None
            }
        });
        let user_id = self.text("user_id", USER_ID_MAX);
        match user_id.as_deref() {
            Some("") => self.fault("user_id", "is empty: leave it out when there is none"),
            Some(id) if is_placeholder(id) => {
                let detail = format!(
                    "{id:?} stands for nobody: everybody who is called so would be one person. Leave it out when there is none"
                );
                self.fault("user_id", detail);
                self.placeholder = true;
            }
            _ => {}
        }
        Who { email, user_id }
    }

    /// A string of at most `max` characters.
    fn text(&mut self, field: &str, max: usize) -> Option<String> {
        match self.take(field)? {
            Value::String(text) if text.chars().nth(max).is_some() => {
                let length = text.chars().count();
                self.fault(field, format!("has {length} characters; it has at most {max}"));
                None
            }
            Value::String(text) => Some(text),
            Value::Number(number) => {
                self.fault(field, format!("is a string, found the number {number}: send \"{number}\""));
                None
            }
            other => {
                self.fault(field, format!("is a string, found {}", a(&other)));
                None
            }
        }
    }

    fn status(&mut self) -> Option<Status> {
        let word = self.text("status", usize::MAX)?;
        let status = word.parse().ok();
        match status {
            Some(status) if self.terms.publishable && status != Status::Free => {
                self.fault(
                    "status",
                    "a publishable key may only send \"free\": set the status from your server",
                );
            }
            None => self.fault("status", unknown_status(&word)),
            Some(_) => {}
        }
        status
    }

    fn replace(&mut self) -> bool {
        match self.take("replace") {
            Some(Value::Bool(true)) if !self.fields.get("params").is_some_and(Value::is_object) => {
                self.fault(
                    "replace",
                    "replaces params by the call's params: send those too, {} to remove every key",
                );
                true
            }
            Some(Value::Bool(replace)) => replace,
            Some(other) => {
                self.fault("replace", format!("is true or false, found {}", a(&other)));
                false
            }
            None => false,
        }
    }

    /// A date (its first instant in UTC) or a date and time, not ahead of the clock.
    fn time(&mut self, field: &str) -> Option<Timestamp> {
        let value = self.take(field)?;
        let latest = self.terms.now + AHEAD_MAX;
        match value.as_str().and_then(filter::value::moment).map(instant) {
            Some(at) if at < EARLIEST => {
                let sent = shown(&value);
                self.fault(field, format!("{sent} lies before 1990: leave it out where it is not known"));
                None
            }
            Some(at) if at <= latest => Some(at),
            Some(at) => {
                self.fault(
                    field,
                    format!(
                        "{at} lies in the future: it may be at most 5 minutes ahead of {}",
                        self.terms.now
                    ),
                );
                None
            }
            None => {
                let detail =
                    format!("is a date or time such as \"2026-03-01T09:00:00Z\", found {}", shown(&value));
                self.fault(field, detail);
                None
            }
        }
    }

    fn past(&mut self) -> Past {
        let now = self.terms.now;
        let mut past = |field: &str| self.time(field).map(|at| at.min(now));
        Past {
            first_seen: past("first_seen"),
            first_paid: past("first_paid"),
            status_since: past("status_since"),
            last_activity: past("last_activity"),
        }
    }

    /// Dates that cannot all be so.
    fn refuse_contradictions(&mut self, call: &Identify) {
        let Past { first_paid, status_since, .. } = call.past;
        if call.status.is_none() {
            for (field, _) in [("first_paid", first_paid), ("status_since", status_since)]
                .into_iter()
                .filter(|(_, told)| told.is_some())
            {
                self.fault(field, "tells how the status became what it is: send status too");
            }
        }
        let Some(since) = status_since else { return };
        if let Some(paid) = first_paid.filter(|paid| since < *paid) {
            let detail =
                format!("lies before first_paid ({paid}): whoever paid later has not had one status since");
            self.fault("status_since", detail);
        }
        if let Some(at) = call.at.filter(|at| *at < since) {
            let detail = format!("lies after timestamp ({at}), the date of what the call says");
            self.fault("status_since", detail);
        }
    }

    /// A publishable key is in every visitor's hands.
    fn refuse_untrusted(&mut self, known: &[&str]) {
        if !self.terms.publishable {
            return;
        }
        let refused = |field: &&str| known.contains(field) && !PUBLISHABLE.contains(field);
        let fields: Vec<String> = self.fields.keys().filter(|k| refused(&k.as_str())).cloned().collect();
        for field in fields {
            if self.take(&field).is_some() {
                self.fault(&field, format!("a publishable key may not send {field}: send it from your server, with the secret key"));
            }
        }
    }

    fn refuse_unknown(&mut self, known: &[&str]) {
        for field in std::mem::take(&mut self.fields).into_iter().map(|(field, _)| field) {
            self.faults.note(Pointer::Root.key(&field), || match nearest(&field, known) {
                Some(near) => format!("there is no such field; {near} is probably meant"),
                None if known.contains(&"params") => {
                    "there is no such field; values of your own go into params".to_owned()
                }
                None => format!("there is no such field; there are {}", known.join(", ")),
            });
        }
    }
}

fn unknown_status(word: &str) -> String {
    let shown: String = word.chars().take(40).collect();
    let probably =
        Status::guess(word).map_or(String::new(), |status| format!(": {status} is probably meant"));
    format!("{shown:?} is not a status{probably}. A status is free, trial, paid or churned")
}

/// The field that was probably meant: `userId` and `user-id` are `user_id`, `parms` is `params`, `createdAt` is `first_seen`.
fn nearest<'a>(field: &str, known: &[&'a str]) -> Option<&'a str> {
    let field: String = field.chars().take(40).collect();
    let written = letters(&field);
    let own = |name: &&&'a str| name.chars().filter(|letter| letter.is_alphanumeric());
    let slips = |name: &&&'a str| name.len() > 2 && is_slip(&written, &own(name).collect::<String>());
    let same = known.iter().find(|name| own(name).eq(written.chars())).or_else(|| known.iter().find(slips));
    same.copied().or_else(|| elsewhere::field(&field).filter(|field| known.contains(field)))
}

fn instant(moment: Moment) -> Timestamp {
    match moment {
        Moment::Day(day) => first_instant(day, &TimeZone::UTC).timestamp(),
        Moment::Instant(instant) => instant.timestamp(),
    }
}

/// The kind of a value with its article, for "found …".
pub(super) fn a(value: &Value) -> String {
    let kind = Kind::of(value);
    match kind {
        Kind::Null => kind.to_string(),
        Kind::Array | Kind::Object => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

/// A short value as it was sent, else its kind.
fn shown(value: &Value) -> String {
    match value.to_string() {
        text if text.len() <= 40 => text,
        _ => a(value),
    }
}

#[cfg(test)]
mod tests;
