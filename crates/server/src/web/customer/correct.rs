//! The past of a customer in a project, set right: what that comes to, then the correction.

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::Done;
use crate::{
    http::{
        App, Code, Problem,
        auth::refuse_archived,
        extract::{Form, Path, Query},
    },
    model::{CustomerId, Project, Source, now},
    store::{
        self, Account, View,
        customer::{self, Person},
        query::Relationship,
        write::{self, Corrected, Correction, Dates},
    },
    web::{
        frame::Frame,
        page::{Page, format},
        session::Admin,
    },
};

#[derive(Template)]
#[template(path = "customer/correct.html")]
struct CorrectPage {
    frame: Frame,
    person: Person,
    project: Project,
    relationship: Relationship,
    form: CorrectForm,
    /// The last day that may be chosen.
    today: String,
    preview: Option<Preview>,
    /// Why the correction cannot be; it names the fields whose fault it is.
    wrong: Option<String>,
}

/// What the correction comes to.
struct Preview {
    /// A date, what it was, and what it is then.
    dates: Vec<Line>,
    /// What the history says of the status, and what it says then.
    history: (Vec<String>, Vec<String>),
}

/// A date before and after.
struct Line {
    name: &'static str,
    before: String,
    after: String,
}

impl CorrectPage {
    /// Each date that may be corrected: its name, its label, and what it is.
    fn fields(&self) -> [(&'static str, &'static str, String); 3] {
        let (zone, formats) = (&self.frame.account.zone, self.frame.formats());
        let Relationship { first_seen, first_paid, status_since, .. } = &self.relationship;
        let paid = first_paid.map_or("never".to_owned(), |at| formats.civil(at, zone));
        [
            ("first_seen", "First seen", formats.civil(*first_seen, zone)),
            ("first_paid", "First paid", paid),
            (
                "status_since",
                "Status since",
                status_since.map_or(String::new(), |at| formats.civil(at, zone)),
            ),
        ]
    }

    /// Whether what is wrong is in that field.
    fn is_wrong(&self, name: &str) -> bool {
        self.wrong.as_ref().is_some_and(|wrong| wrong.contains(name))
    }

    /// Whether they may never have paid.
    fn may_never(&self) -> bool {
        self.relationship.first_paid.is_some() && self.relationship.status != Some(filter::Status::Paid)
    }
}

/// What the forms send: in which project, and the dates that are right. What is empty stays as it is.
#[derive(Deserialize)]
pub struct CorrectForm {
    #[serde(default)]
    project: String,
    first_seen: Option<String>,
    first_paid: Option<String>,
    status_since: Option<String>,
    /// Whether they never paid.
    never: Option<String>,
}

/// `GET /customers/{id}/correct`: asks for the dates, and shows what correcting them comes to.
pub async fn show_correct(
    State(app): State<App>,
    Admin(_): Admin,
    frame: Frame,
    Path(id): Path<CustomerId>,
    Query(form): Query<CorrectForm>,
) -> Result<Response, Problem> {
    correct_page(&app, frame, id, form).await
}

/// `POST /customers/{id}/correct`: the dates are so from now on.
pub async fn correct(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Path(id): Path<CustomerId>,
    Form(form): Form<CorrectForm>,
) -> Result<Response, Problem> {
    let project = form.project(&frame)?;
    let Ok(Some(dates)) = form.read(&frame.account.zone) else {
        return correct_page(&app, frame, id, form).await;
    };
    let source = Source::Member(member.id);
    match write::correct(&app.store, member.account, project.id, id, dates, source).await {
        Ok(_) => Ok(Done::Corrected.redirect(id).into_response()),
        Err(store::Error::Conflict(_)) => correct_page(&app, frame, id, form).await,
        Err(error) => Err(error.into()),
    }
}

async fn correct_page(
    app: &App,
    frame: Frame,
    id: CustomerId,
    form: CorrectForm,
) -> Result<Response, Problem> {
    let person = customer::load(&app.store, &View::account(frame.member.account), id).await?;
    let project = form.project(&frame)?;
    let relationship = person.relationships.iter().find(|one| one.project == project.id).cloned();
    let relationship = relationship.ok_or_else(|| {
        Problem::new(Code::NotFound, format!("{} is not in {}.", person.email, project.name))
    })?;
    let (preview, wrong) = match form.read(&frame.account.zone) {
        Ok(Some(dates)) => preview(app, &frame, id, &project, dates).await?,
        Ok(None) => (None, None),
        Err(wrong) => (None, Some(wrong)),
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let today = now().to_zoned(frame.account.zone.clone()).strftime("%Y-%m-%d").to_string();
    let frame = frame.about(person.projects());
    let page = CorrectPage { frame, person, project, relationship, form, today, preview, wrong };
    Ok((status, Page(page)).into_response())
}

/// What the correction would be, or why it cannot be.
async fn preview(
    app: &App,
    frame: &Frame,
    id: CustomerId,
    project: &Project,
    dates: Correction,
) -> Result<(Option<Preview>, Option<String>), Problem> {
    match write::preview_correction(&app.store, frame.member.account, project.id, id, dates).await {
        Ok(corrected) => Ok((Some(Preview::of(&corrected, &frame.account)), None)),
        Err(store::Error::Conflict(detail)) => Ok((None, Some(format::sentence(&detail)))),
        Err(error) => Err(error.into()),
    }
}

impl CorrectForm {
    fn project(&self, frame: &Frame) -> Result<Project, Problem> {
        let project = frame.project(&self.project).cloned();
        let project = project.ok_or_else(|| {
            Problem::new(Code::NotFound, format!("There is no project {:?}.", self.project))
        })?;
        refuse_archived(&project)?;
        Ok(project)
    }

    /// What is written in a field.
    fn text(&self, name: &str) -> &str {
        let field = match name {
            "first_seen" => &self.first_seen,
            "first_paid" => &self.first_paid,
            _ => &self.status_since,
        };
        field.as_deref().unwrap_or_default().trim()
    }

    /// The dates; `None` where the form has not been sent yet.
    fn read(&self, zone: &TimeZone) -> Result<Option<Correction>, String> {
        let sent = [&self.first_seen, &self.first_paid, &self.status_since, &self.never];
        if sent.iter().all(|field| field.is_none()) {
            return Ok(None);
        }
        let moment = |field| match self.text(field) {
            "" => Ok(None),
            text => Correction::moment(text).map(Some).map_err(|detail| format!("{field}: {detail}.")),
        };
        let (seen, since) = (moment("first_seen")?, moment("status_since")?);
        let paid = match (moment("first_paid")?, &self.never) {
            (Some(_), Some(_)) => {
                return Err("Who never paid has no date of it: give first_paid, or say never.".to_owned());
            }
            (None, Some(_)) => Some(None),
            (paid, None) => paid.map(Some),
        };
        if seen.is_none() && paid.is_none() && since.is_none() {
            return Err("Write at least one date.".to_owned());
        }
        Ok(Some(Correction::of(seen, paid, since, zone)))
    }
}

impl Preview {
    fn of(Corrected { before, after }: &Corrected, Account { zone, formats, .. }: &Account) -> Preview {
        let paid = |dates: &Dates| dates.first_paid.map_or("never".to_owned(), |at| formats.civil(at, zone));
        let line =
            |name, said: &dyn Fn(&Dates) -> String| Line { name, before: said(before), after: said(after) };
        let dates = vec![
            line("First seen", &|dates| formats.civil(dates.first_seen, zone)),
            line("First paid", &paid),
            line("Status since", &|dates| formats.civil(dates.status_since, zone)),
        ];
        Preview { dates, history: (before.history(zone), after.history(zone)) }
    }
}
