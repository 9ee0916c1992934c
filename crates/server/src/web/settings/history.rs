//! For how long history is kept. Where that throws something away, it is said what, and asked.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use crate::{
    http::{App, Code, Problem, extract::Form},
    model::now,
    store::history::{self, Lost, MONTHS_MAX},
    web::{
        frame::Frame,
        page::Page,
        session::{Admin, saved},
    },
};

#[derive(Template)]
#[template(path = "settings/history.html")]
struct HistoryPage {
    frame: Frame,
    months: i32,
    lost: Lost,
}

impl HistoryPage {
    fn day(&self) -> String {
        self.frame.formats().date(self.lost.before)
    }

    fn weight(&self) -> String {
        let more = if self.lost.is_more { "more than " } else { "" };
        format!("{more}{}", self.frame.formats().of(self.lost.changes, "change", "changes"))
    }
}

/// What the form of the history sends; the months once more from whoever has seen what they throw away.
#[derive(Deserialize)]
pub struct HistoryForm {
    months: String,
    #[serde(default)]
    confirmed: String,
}

impl HistoryForm {
    fn months(&self) -> Result<i32, Problem> {
        let months = self.months.trim().parse().ok().filter(|months| (0..=MONTHS_MAX).contains(months));
        months.ok_or_else(|| {
            Problem::new(Code::InvalidFields, format!("{:?} is no number of months.", self.months))
                .hint(format!("History is kept for 1 to {MONTHS_MAX} months, or for ever with 0."))
        })
    }
}

/// `POST /settings/history`: sets it, or asks first.
pub async fn set_history(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Form(form): Form<HistoryForm>,
) -> Result<Response, Problem> {
    let months = form.months()?;
    let lost = history::lost(&app.store, member.account, months, now()).await?;
    if let Some(lost) = lost.filter(|_| form.confirmed != months.to_string()) {
        return Ok(Page(HistoryPage { frame, months, lost }).into_response());
    }
    history::keep(&app.store, member.account, months).await?;
    Ok(done().into_response())
}

fn done() -> Redirect {
    saved("/settings", "history")
}
