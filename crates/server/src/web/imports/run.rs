//! An import: how far it has come, what became of its rows, and those that were not taken.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::{
    api::imports::{CSV, file_of_rejected},
    http::{App, Problem, extract::Path},
    import::{About, Report, State as Standing},
    model::{ImportId, Project},
    store::{View, import as stored, project},
    web::{
        frame::Frame,
        page::{Page, headers::OwnLook},
    },
};

#[derive(Template)]
#[template(path = "imports/run.html")]
struct RunPage {
    frame: Frame,
    project: Project,
    run: Report,
    /// What the file was taken for; nothing where an earlier version said it otherwise.
    about: Option<About>,
}

impl RunPage {
    fn is_running(&self) -> bool {
        self.run.state == Standing::Running
    }

    /// What became of the rows: how many, of what, and what that means.
    fn fates(&self) -> [(u64, &'static str, &'static str); 6] {
        let run = &self.run;
        [
            (run.new, "new", "people who were not in the project"),
            (run.updated, "changed", "known people of whom something differs"),
            (run.unchanged, "unchanged", "rows that said what was so already"),
            (run.ignored, "ignored", "people whom the account does not count"),
            (run.skipped, "left out", "rows before the line from which it was read"),
            (run.rejected, "rejected", "rows that were not taken"),
        ]
    }
}

/// `GET /imports/{id}`: how an import stands. The page asks again until it has ended.
pub async fn show_run(
    State(app): State<App>,
    frame: Frame,
    OwnLook(is_own): OwnLook,
    Path(id): Path<ImportId>,
) -> Result<impl IntoResponse, Problem> {
    let account = frame.member.account;
    let import = stored::find(&app.store, &View::account(account), id).await?;
    let project = project::by_id(&app.store, account, import.project).await?;
    if is_own && frame.admin() {
        app.imports.tell(account, &import).await?;
    }
    let run = app.imports.report(account, &import, &project).await?;
    let about = serde_json::from_value(run.about.clone()).ok();
    Ok(Page(RunPage { frame, project, run, about }))
}

/// `GET /imports/{id}/rejected`: the rows that were not taken, each with its reason: mended, the file can be imported.
pub async fn download_rejected(
    State(app): State<App>,
    frame: Frame,
    Path(id): Path<ImportId>,
) -> Result<Response, Problem> {
    let account = frame.member.account;
    let import = stored::find(&app.store, &View::account(account), id).await?;
    let mut file = file_of_rejected(app, account, import)?;
    let is_table = file.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == CSV);
    let place = if is_table {
        "attachment; filename=\"rejected.csv\""
    } else {
        "attachment; filename=\"rejected.ndjson\""
    };
    file.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(place));
    Ok(file)
}
