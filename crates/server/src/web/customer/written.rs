//! What a member writes of a customer: through the door through which apps write, and only where it is still as it was seen.

use std::collections::BTreeMap;

use axum::response::Redirect;
use serde_json::{Map, Value};

use crate::{
    http::{App, Problem, auth::refuse_archived},
    model::{
        Call, CustomerId, ProjectId, Refusal, Seen, Source,
        body::{self, Terms},
        json, now,
    },
    store::{
        customer::Person,
        member::Member,
        project,
        write::{Identified, Outcome},
    },
};

/// What is told of a person, and what must still be so.
pub(super) struct Told {
    /// Fields of an `identify`.
    pub(super) fields: Map<String, Value>,
    /// Names, with the marks of what they hold.
    pub(super) held: BTreeMap<String, Option<String>>,
}

/// What became of it.
pub(super) enum Written {
    /// It is so since this version.
    Stored(i64),
    /// It was so before.
    Same,
    /// What was seen is not so any more: nothing was stored.
    Meanwhile,
    /// It cannot be, and why.
    Refused(String),
}

/// The page of the customer, which says what a member has edited with a version.
pub(super) fn to_page(id: CustomerId, project: &str, version: i64) -> Redirect {
    Redirect::to(&format!("/customers/{id}?done=edited&project={project}&version={version}"))
}

/// Writes what is told of the person, if what must still be so is.
pub(super) async fn write(
    app: &App,
    member: &Member,
    project: ProjectId,
    person: &Person,
    told: Told,
) -> Result<Written, Problem> {
    refuse_archived(&project::by_id(&app.store, member.account, project).await?)?;
    let call = match call(person, told) {
        Ok(call) => call,
        Err(refusal) => return Ok(Written::Refused(in_words(refusal))),
    };
    let source = Source::Member(member.id);
    let receipt = app.writer.submit(member.account, project, source, vec![call], None).await?;
    let version = receipt.version;
    let outcome = receipt.outcomes.into_iter().next().ok_or_else(Problem::other_receipt)?;
    Ok(Written::of(outcome, version, person))
}

/// The `identify` that an app would send.
fn call(person: &Person, Told { mut fields, held }: Told) -> Result<Call, Refusal> {
    fields.insert("email".to_owned(), Value::from(person.email.as_str()));
    let text = Value::Object(fields).to_string();
    // What a member writes says nothing of whether the customer was there.
    let terms = Terms { now: now(), publishable: false, live: false };
    let mut call = body::identify(json::raw(text.as_bytes())?, terms)?;
    if let Call::Identify(call) = &mut call {
        call.seen = Some(Box::new(Seen { customer: person.id, held }));
    }
    Ok(call)
}

impl Written {
    fn of(outcome: Outcome, version: i64, person: &Person) -> Written {
        match outcome {
            Outcome::Identified(Identified { changed: true, .. }) => Written::Stored(version),
            Outcome::Identified(_) | Outcome::Pinged => Written::Same,
            Outcome::Ignored => {
                Written::Refused(format!("{} is ignored: Settings has the list", person.email))
            }
            Outcome::Left => Written::Meanwhile,
            Outcome::Refused(refusal) => Written::Refused(in_words(refusal)),
        }
    }
}

/// What is wrong, without the places of a body that the member has not written.
fn in_words(Refusal { detail, faults, .. }: Refusal) -> String {
    let all: Vec<String> = faults.into_iter().map(|fault| fault.detail).collect();
    if all.is_empty() { detail } else { all.join("; ") }
}
