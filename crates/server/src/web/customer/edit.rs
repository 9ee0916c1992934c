//! A value of a customer in a project, written by a member: name, status, or something in params.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use filter::{Field, Path as Place, Status};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Done,
    written::{Told, Written, to_page, write},
};
use crate::{
    http::{
        App, Code, Problem,
        extract::{Form, Path, Query},
    },
    model::{CustomerId, Project, mark},
    store::{
        View,
        customer::{self, Person},
        query::Relationship,
    },
    web::{
        frame::Frame,
        page::{
            Page, format,
            typed::{Kind, Typed},
            value::Shown,
        },
        session::Admin,
    },
};

/// The longest value that a form holds, as bytes; what is longer is written by the API.
const LONGEST: usize = 64 << 10;

#[derive(Template)]
#[template(path = "customer/edit.html")]
struct EditPage {
    frame: Frame,
    subject: Subject,
    /// The key that is new, as it was typed.
    key: String,
    draft: Typed,
    /// The mark of what it is now; empty where it is missing.
    was: String,
    /// Whether it is too long for the form.
    long: bool,
    wrong: Option<String>,
    /// What it has become meanwhile, and what the member wrote.
    meanwhile: Option<(Option<Shown>, Option<Shown>)>,
}

impl EditPage {
    /// The page's own address: what a form was answered with is not sent again.
    fn address(&self) -> String {
        let Subject { person, project, .. } = &self.subject;
        let field = if self.key.is_empty() { self.subject.name() } else { String::new() };
        let field = utf8_percent_encode(&field, NON_ALPHANUMERIC);
        format!("/customers/{}/edit?project={}&field={field}", person.id, project.slug)
    }

    /// The lines of the field.
    fn rows(&self) -> usize {
        self.draft.text.lines().count().clamp(2, 20)
    }

    /// The statuses, and whether it is the one in the form.
    fn statuses(&self) -> [(&'static str, bool); 4] {
        [Status::Free, Status::Trial, Status::Paid, Status::Churned]
            .map(|status| (status.as_str(), self.draft.text == status.as_str()))
    }
}

/// What the forms send.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct EditForm {
    /// In which project.
    project: String,
    /// What is written, as filters name it; nothing where a key is new.
    field: String,
    /// The key that is new.
    key: String,
    /// The mark of what the member saw.
    was: String,
    kind: Kind,
    value: String,
    /// `remove`, or nothing.
    act: String,
}

/// What is edited, of whom.
struct Subject {
    person: Person,
    project: Project,
    relationship: Relationship,
    /// What it is; nothing where a key is new and not yet named.
    field: Option<Field>,
}

/// `GET /customers/{id}/edit`: asks for the value.
pub async fn show_edit(
    State(app): State<App>,
    Admin(_): Admin,
    frame: Frame,
    Path(id): Path<CustomerId>,
    Query(form): Query<EditForm>,
) -> Result<Response, Problem> {
    let subject = Subject::load(&app, &frame, id, &form).await?;
    let draft = Typed::of(subject.value().as_ref());
    Ok(edit_page(frame, subject, form, draft, None, None))
}

/// `POST /customers/{id}/edit`: it is so from now on, unless somebody else has changed it meanwhile.
pub async fn edit(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Path(id): Path<CustomerId>,
    Form(form): Form<EditForm>,
) -> Result<Response, Problem> {
    let subject = Subject::load(&app, &frame, id, &form).await?;
    let written = match subject.told(&form) {
        Ok(told) => write(&app, &member, subject.project.id, &subject.person, told).await?,
        Err(written) => written,
    };
    answer(&app, frame, subject, form, written).await
}

/// What the member is told of it.
async fn answer(
    app: &App,
    frame: Frame,
    subject: Subject,
    form: EditForm,
    written: Written,
) -> Result<Response, Problem> {
    let draft = Typed { kind: form.kind, text: form.value.clone() };
    let (id, slug) = (subject.person.id, &subject.project.slug);
    Ok(match written {
        Written::Stored(version) => to_page(id, slug.as_str(), version).into_response(),
        Written::Same => Done::Same.redirect(id).into_response(),
        Written::Refused(wrong) => edit_page(frame, subject, form, draft, Some(wrong), None),
        Written::Meanwhile => {
            let subject = Subject::load(app, &frame, id, &form).await?;
            let now = subject.value().as_ref().map(Shown::leaf);
            let yours = if form.act == "remove" { None } else { draft.read().ok() };
            let both = (now, yours.as_ref().map(Shown::leaf));
            edit_page(frame, subject, form, draft, None, Some(both))
        }
    })
}

fn edit_page(
    frame: Frame,
    subject: Subject,
    form: EditForm,
    draft: Typed,
    wrong: Option<String>,
    meanwhile: Option<(Option<Shown>, Option<Shown>)>,
) -> Response {
    let status = match (&wrong, &meanwhile) {
        (_, Some(_)) => StatusCode::CONFLICT,
        (Some(_), _) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    let was = subject.value().as_ref().map(mark).unwrap_or_default();
    // What cannot be says so until another value is seen.
    let was = if wrong.is_some() { form.was } else { was };
    let long = draft.text.len() > LONGEST;
    let wrong = wrong.map(|wrong| format::capital(&wrong));
    let frame = frame.about(subject.person.projects());
    let page = EditPage { frame, subject, key: form.key, draft, was, long, wrong, meanwhile };
    (status, Page(page)).into_response()
}

impl Subject {
    async fn load(app: &App, frame: &Frame, id: CustomerId, form: &EditForm) -> Result<Subject, Problem> {
        let missing = |what: String| Problem::new(Code::NotFound, what);
        let person = customer::load(&app.store, &View::account(frame.member.account), id).await?;
        let project = frame.project(&form.project).cloned();
        let project = project.ok_or_else(|| missing(format!("There is no project {:?}.", form.project)))?;
        let relationship = person.relationships.iter().find(|one| one.project == project.id).cloned();
        let relationship =
            relationship.ok_or_else(|| missing(format!("{} is not in {}.", person.email, project.name)))?;
        let field = match (form.field.as_str(), form.key.as_str()) {
            ("", "") => None,
            ("", key) => typed(key).map(Field::Params),
            (name, _) => filter::parse_field(name).ok(),
        };
        let known = |field: &Field| matches!(field, Field::Name | Field::Status | Field::Params(_));
        if !form.field.is_empty() && !field.as_ref().is_some_and(known) {
            return Err(missing(format!("{:?} is nothing that can be edited.", form.field)));
        }
        Ok(Subject { person, project, relationship, field })
    }

    /// What it is called on the page.
    fn label(&self) -> String {
        match &self.field {
            Some(Field::Params(place)) => place.to_string(),
            Some(field) => field.to_string(),
            None => "a new value".to_owned(),
        }
    }

    /// Its name, as filters write it.
    fn name(&self) -> String {
        self.field.as_ref().map(Field::to_string).unwrap_or_default()
    }

    /// Whether it can be taken away.
    fn can_go(&self) -> bool {
        matches!(self.field, Some(Field::Params(_))) && self.value().is_some()
    }

    fn is_status(&self) -> bool {
        self.field == Some(Field::Status)
    }

    fn is_name(&self) -> bool {
        self.field == Some(Field::Name)
    }

    /// What it holds now.
    fn value(&self) -> Option<Value> {
        match self.field.as_ref()? {
            Field::Name => self.relationship.name.as_deref().map(Value::from),
            Field::Status => Some(Value::from(self.relationship.status?.as_str())),
            Field::Params(place) => place.find(&self.relationship.params).cloned(),
            _ => None,
        }
    }

    /// The fields of the `identify` that says what the form says, and the names that must hold what they hold now.
    fn told(&self, form: &EditForm) -> Result<Told, Written> {
        let field = self.field.as_ref();
        let field = field.ok_or_else(|| Written::Refused(keyless(&form.key)))?;
        if self.value().as_ref().map(mark).unwrap_or_default() != form.was {
            return Err(Written::Meanwhile);
        }
        let text = || Value::from(form.value.trim());
        let (name, value, fields) = match field {
            Field::Params(place) => {
                let draft = Typed { kind: form.kind, text: form.value.clone() };
                let removes = form.act == "remove";
                let value = if removes { None } else { Some(draft.read().map_err(Written::Refused)?) };
                let (key, rest) = place.keys().split_first().ok_or(Written::Meanwhile)?;
                let params = &self.relationship.params;
                let whole = with(&format!("params.{key}"), params.get(key), rest, value);
                let fields = match whole.map_err(Written::Refused)? {
                    Some(value) => json!({ "params": { key: value } }),
                    None => json!({ "unset": [key] }),
                };
                (format!("params.{key}"), params.get(key).cloned(), fields)
            }
            Field::Name if form.value.trim().is_empty() => {
                return Err(Written::Refused("a name cannot be taken away: write another one".to_owned()));
            }
            Field::Name => ("name".to_owned(), self.value(), json!({ "name": text() })),
            _ => ("status".to_owned(), self.value(), json!({ "status": text() })),
        };
        let Value::Object(fields) = fields else { return Err(Written::Meanwhile) };
        Ok(Told { fields, held: BTreeMap::from([(name, value.as_ref().map(mark))]) })
    }
}

/// The place that a typed key names, as filters read it: its parts are told apart by dots, and what stands in quotes is one key.
/// A key without dots may hold whatever it likes.
fn typed(key: &str) -> Option<Place> {
    let key = key.trim();
    let name = format!("params.{}", key.strip_prefix("params.").unwrap_or(key));
    match filter::parse_field(&name) {
        Ok(Field::Params(place)) => Some(place),
        _ if key.contains('.') => None,
        _ => Place::new(vec![key.to_owned()]),
    }
}

/// Why a typed key is none.
fn keyless(key: &str) -> String {
    match key.trim() {
        "" => "a new value needs a key".to_owned(),
        key => format!(
            "{key:?} is no place: write plan.name for what stands in plan, and \"plan.name\" for a key with a dot"
        ),
    }
}

/// A value in which what is at a place is another one, or none; objects that are missing on the way are made. What is no object has
/// nothing within it.
fn with(
    name: &str,
    whole: Option<&Value>,
    place: &[String],
    value: Option<Value>,
) -> Result<Option<Value>, String> {
    let Some((key, rest)) = place.split_first() else { return Ok(value) };
    let mut members = match whole {
        Some(Value::Object(members)) => members.clone(),
        Some(other) if value.is_some() => return Err(closed(name, other)),
        None if value.is_some() => Map::new(),
        // What is not there need not be removed.
        _ => return Ok(whole.cloned()),
    };
    match with(&format!("{name}.{key}"), members.get(key), rest, value)? {
        Some(inner) => members.insert(key.clone(), inner),
        None => members.remove(key),
    };
    Ok(Some(Value::Object(members)))
}

/// Why nothing can be written within a value.
fn closed(name: &str, value: &Value) -> String {
    let (is, how) = match value {
        Value::Array(_) => ("a list", "edit all of it"),
        Value::String(_) => ("a text", "write an object there first"),
        Value::Number(_) => ("a number", "write an object there first"),
        _ => ("no object", "write an object there first"),
    };
    format!("{name} is {is}, and nothing stands within it: {how}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_of_an_object_is_replaced_or_removed_in_it() {
        let whole = json!({ "a": { "b": 1, "c": 2 } });
        let at = |keys: &[&str], value| {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            with("params.x", Some(&whole), &keys, value)
        };
        assert_eq!(at(&["a", "b"], Some(json!(3))), Ok(Some(json!({ "a": { "b": 3, "c": 2 } }))));
        assert_eq!(at(&["a", "b"], None), Ok(Some(json!({ "a": { "c": 2 } }))));
        assert_eq!(at(&["a"], None), Ok(Some(json!({}))));
        assert_eq!(at(&[], None), Ok(None));
        assert_eq!(at(&[], Some(json!(1))), Ok(Some(json!(1))));
        assert_eq!(
            at(&["a", "d", "e"], Some(json!(1))),
            Ok(Some(json!({ "a": { "b": 1, "c": 2, "d": { "e": 1 } } })))
        );
    }

    #[test]
    fn nothing_stands_within_what_is_no_object() {
        let within = |whole: Value, value| with("params.x", Some(&whole), &["0".to_owned()], value);
        for (whole, is) in [
            (json!("pro"), "a text"),
            (json!(["a"]), "a list"),
            (json!(1), "a number"),
            (json!(true), "no object"),
            (json!(null), "no object"),
        ] {
            let wrong = within(whole.clone(), Some(json!(1))).unwrap_err();
            assert!(wrong.starts_with(&format!("params.x is {is}, and nothing")), "{wrong}");
            assert_eq!(within(whole.clone(), None), Ok(Some(whole)), "there is nothing to remove");
        }
    }
}
