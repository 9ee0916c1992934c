//! A file that waits for a yes: what it was taken for, how else it can be read, and what importing it would do.

use std::{str::FromStr, sync::Arc};

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use filter::Field;
use serde::Deserialize;
use uuid::Uuid;

use super::proposals::{self, Proposal};
use crate::{
    api::imports::looking,
    http::{
        App, Code, Problem,
        extract::{Form, Path, Query as UrlQuery},
    },
    import::{FIELDS, Options, Report, Type, Waiting, renamed, translated, typed},
    model::{
        Formats, Project,
        flag::{self, Piece},
    },
    store::{self, AccountId, Error, Rows, View, project},
    web::{
        customers::known::{self, Age},
        frame::{Frame, theme::Theme},
        page::Page,
        session::Admin,
    },
};

/// How a column can be read, and what that is called; dates are written in the order that somebody chooses.
const TYPES: [(&str, &str); 13] = [
    ("auto", "by its looks"),
    ("string", "text"),
    ("number", "number"),
    ("boolean", "true or false"),
    ("list", "list"),
    ("json", "JSON"),
    ("money", "money"),
    ("percent", "per cent"),
    ("date:%Y-%m-%d", "date 2026-12-31"),
    ("date:%d/%m/%Y", "date 31/12/2026"),
    ("date:%m/%d/%Y", "date 12/31/2026"),
    ("date:%d.%m.%Y", "date 31.12.2026"),
    ("unix", "seconds since 1970"),
];

#[derive(Template)]
#[template(path = "imports/file.html")]
struct FilePage {
    frame: Frame,
    project: Project,
    waiting: Arc<Waiting>,
    /// The params that the project has.
    params: Vec<Field>,
    /// What was wrong with the form that was sent.
    wrong: Vec<String>,
    /// What importing it would do, when it is told with the page.
    effect: Option<Report>,
}

impl FilePage {
    fn fields(&self) -> [&'static str; FIELDS.len()] {
        FIELDS
    }

    /// The ways to read a column, with that which is chosen.
    fn types(&self, chosen: &str) -> Vec<(String, String, bool)> {
        let known = TYPES.iter().any(|(name, _)| *name == chosen);
        let other = (!known).then(|| (chosen.to_owned(), chosen.to_owned(), true));
        let all =
            TYPES.iter().map(|(name, label)| ((*name).to_owned(), (*label).to_owned(), *name == chosen));
        all.chain(other).collect()
    }

    /// Columns that are named nearly as a param that is there: the column, what it becomes, that param, and the flag that maps it.
    fn near(&self) -> Vec<(String, String, String, Proposal)> {
        self.waiting.looked.as_ref().map_or_else(|_| Vec::new(), |about| proposals::near(about, &self.params))
    }

    /// All that can be accepted at once.
    fn proposals(&self) -> Vec<Proposal> {
        proposals::all(&self.waiting, self.near().into_iter().map(|(.., proposal)| proposal))
    }

    /// A hint with buttons in the place of the flags that it proposes.
    fn pieces(&self, hint: &str) -> Vec<Piece> {
        flag::pieces(hint)
    }

    fn said(&self, value: Option<&impl ToString>) -> String {
        value.map(ToString::to_string).unwrap_or_default()
    }

    fn lines(&self, pairs: &[(String, String)]) -> String {
        pairs.iter().map(|(from, to)| format!("{from}={to}\n")).collect()
    }

    fn type_lines(&self) -> String {
        self.waiting.options.types.iter().map(|(column, kind)| format!("{column}={kind}\n")).collect()
    }
}

#[derive(Template)]
#[template(path = "imports/effect.html")]
struct EffectPart {
    formats: Formats,
    effect: Report,
}

/// What the address of a file says.
#[derive(Deserialize)]
pub struct Told {
    #[serde(default)]
    effect: String,
}

/// `GET /imports/files/{id}`: the file as it was understood; with `effect=1` what importing it would do, too.
pub async fn show_file(
    State(app): State<App>,
    Admin(member): Admin,
    frame: Frame,
    Path(id): Path<Uuid>,
    UrlQuery(told): UrlQuery<Told>,
) -> Result<impl IntoResponse, Problem> {
    let (waiting, project) = find(&app, member.account, id).await?;
    let effect = match told.effect.is_empty() || waiting.looked.is_err() {
        true => None,
        false => Some(dry_run(&app, member.account, &waiting, &project).await?),
    };
    let params = params(&app, &project, member.account).await?;
    Ok(Page(FilePage { frame, project, waiting, params, wrong: Vec::new(), effect }))
}

/// `GET /imports/files/{id}/effect`: what importing it would do, for the page that is there already.
pub async fn show_effect(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<Uuid>,
) -> Result<impl IntoResponse, Problem> {
    let (waiting, project) = find(&app, member.account, id).await?;
    let effect = dry_run(&app, member.account, &waiting, &project).await?;
    let formats = store::account(&app.store, member.account).await?.formats;
    Ok(Page(EffectPart { formats, effect }))
}

/// `POST /imports/files/{id}`: reads the file otherwise.
pub async fn read_otherwise(
    State(app): State<App>,
    Admin(member): Admin,
    theme: Theme,
    Path(id): Path<Uuid>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (waiting, project) = find(&app, member.account, id).await?;
    match read(&sent, &waiting.options) {
        Ok(options) => {
            let turn = app.imports.turn(member.account)?;
            app.imports.keep(looking(move || waiting.read(options, turn)).await?);
            Ok(Redirect::to(&format!("/imports/files/{id}")).into_response())
        }
        Err(wrong) => {
            let params = params(&app, &project, member.account).await?;
            let frame = Frame::load(&app, member, theme, format!("/imports/files/{id}")).await?;
            let page = Page(FilePage { frame, project, waiting, params, wrong, effect: None });
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// `POST /imports/files/{id}/begin`: imports it, and leads to how that stands.
pub async fn begin_import(
    State(app): State<App>,
    Admin(member): Admin,
    Path(id): Path<Uuid>,
) -> Result<Redirect, Problem> {
    let (waiting, project) = find(&app, member.account, id).await?;
    let (name, turn) = (waiting.name.clone(), app.imports.turn(member.account)?);
    let job = looking(move || waiting.job(turn)).await??;
    let import = app.imports.begin(member.account, &project, &name, job).await?;
    app.imports.let_go(member.account, id);
    Ok(Redirect::to(&format!("/imports/{}", import.id)))
}

/// A file that waits, and its project, which may have been deleted meanwhile.
async fn find(app: &App, account: AccountId, id: Uuid) -> Result<(Arc<Waiting>, Project), Problem> {
    let gone = || {
        Problem::new(Code::NotFound, "This file is not here any more: it waits for an hour.")
            .hint("Choose it again under Import.")
    };
    let waiting = app.imports.waiting(account, id).ok_or_else(gone)?;
    match project::by_id(&app.store, account, waiting.project).await {
        Ok(project) => Ok((waiting, project)),
        Err(Error::Missing(_)) => Err(gone()),
        Err(error) => Err(error.into()),
    }
}

/// The widest params that the customers of a project have.
async fn params(app: &App, project: &Project, account: AccountId) -> Result<Vec<Field>, Problem> {
    let rows = Rows::Project(project.slug.to_string());
    let known = known::facets(app, &View::account(account), rows, ("", None), Age::Minute).await?;
    let fields = known.facets.iter().map(|facet| &facet.field);
    Ok(fields.filter(|field| field.path().is_some()).cloned().collect())
}

async fn dry_run(
    app: &App,
    account: AccountId,
    waiting: &Arc<Waiting>,
    project: &Project,
) -> Result<Report, Problem> {
    let (held, turn) = (waiting.clone(), app.imports.turn(account)?);
    let job = looking(move || held.job(turn)).await??;
    Ok(app.imports.dry_run(account, project, &waiting.name, job).await?)
}

/// The options that a form means: some of the proposals, or all of them anew.
fn read(sent: &[(String, String)], before: &Options) -> Result<Options, Vec<String>> {
    if sent.first().is_none_or(|(name, _)| name != "add") {
        return Reading::of(sent).options(before);
    }
    let (mut wrong, mut options) = (Vec::new(), before.clone());
    for pair in sent.chunks(2) {
        let value = pair.get(1).map_or("", |(_, value)| value.as_str());
        match pair[0].1.as_str() {
            "map" => options.map.extend(lines(&mut wrong, value, renamed)),
            "type" => options.types.extend(lines(&mut wrong, value, typed)),
            "status-map" => {
                options.status_map.extend(lines(&mut wrong, &value.replace(',', "\n"), translated));
            }
            flag => wrong.push(format!("\"{flag}\" is nothing that can be added here")),
        }
    }
    if wrong.is_empty() { Ok(options) } else { Err(wrong) }
}

/// What the form of a file sends: one column after the other, and what is said of all.
#[derive(Default)]
struct Reading<'f> {
    columns: Vec<ColumnSent<'f>>,
    /// `COLUMN=NAME` and `COLUMN=TYPE`, a line each, where the columns are not known yet.
    lines: Option<(&'f str, &'f str)>,
    statuses: &'f str,
    format: &'f str,
    delimiter: &'f str,
    encoding: &'f str,
    sheet: &'f str,
    only_missing: bool,
    seen: bool,
}

/// A column: what it was when the form was made, and what it is to be.
#[derive(Default)]
struct ColumnSent<'f> {
    name: &'f str,
    became: &'f str,
    becomes: &'f str,
    kind: &'f str,
}

impl<'f> Reading<'f> {
    fn of(sent: &'f [(String, String)]) -> Reading<'f> {
        let mut reading = Reading::default();
        for (name, value) in sent {
            let value = value.trim();
            if name == "column" {
                reading.columns.push(ColumnSent { name: value, ..ColumnSent::default() });
            }
            let column = reading.columns.last_mut();
            match (name.as_str(), column) {
                ("became", Some(column)) => column.became = value,
                ("becomes", Some(column)) => column.becomes = value,
                ("type", Some(column)) => column.kind = value,
                ("map", _) => reading.lines.get_or_insert_default().0 = value,
                ("types", _) => reading.lines.get_or_insert_default().1 = value,
                ("status_map", _) => reading.statuses = value,
                ("format", _) => reading.format = value,
                ("delimiter", _) => reading.delimiter = value,
                ("encoding", _) => reading.encoding = value,
                ("sheet", _) => reading.sheet = value,
                ("only_missing", _) => reading.only_missing = true,
                ("seen", _) => reading.seen = true,
                _ => {}
            }
        }
        reading
    }

    /// The options that the form means, or everything that is wrong with it.
    fn options(&self, before: &Options) -> Result<Options, Vec<String>> {
        let mut wrong = Vec::new();
        let (mut map, mut types) = (before.map.clone(), before.types.clone());
        if let Some((names, kinds)) = self.lines {
            (map, types) = (lines(&mut wrong, names, renamed), lines(&mut wrong, kinds, typed));
        }
        for column in &self.columns {
            column.rename(&mut map);
            column.retype(&mut types, &mut wrong);
        }
        let options = Options {
            format: one(&mut wrong, self.format),
            delimiter: one(&mut wrong, self.delimiter),
            encoding: one(&mut wrong, self.encoding),
            types,
            map,
            status_map: lines(&mut wrong, self.statuses, translated),
            only_missing: self.only_missing,
            sheet: Some(self.sheet.to_owned()).filter(|sheet| !sheet.is_empty()),
            seen: self.seen,
            resume_from: None,
        };
        if wrong.is_empty() { Ok(options) } else { Err(wrong) }
    }
}

impl ColumnSent<'_> {
    /// What is not changed stays as it is found; what is emptied is found anew.
    fn rename(&self, map: &mut Vec<(String, String)>) {
        if self.becomes == self.became {
            return;
        }
        map.retain(|(column, _)| column != self.name);
        match self.becomes {
            "" => {}
            "nothing" => map.push((self.name.to_owned(), String::new())),
            name => map.push((self.name.to_owned(), name.to_owned())),
        }
    }

    fn retype(&self, types: &mut Vec<(String, Type)>, wrong: &mut Vec<String>) {
        types.retain(|(column, _)| column != self.name);
        match self.kind.parse() {
            Ok(Type::Auto) => {}
            Ok(kind) => types.push((self.name.to_owned(), kind)),
            Err(why) => wrong.push(format!("{}: {why}", self.name)),
        }
    }
}

fn one<T: FromStr<Err = String>>(wrong: &mut Vec<String>, text: &str) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    text.parse().map_err(|why| wrong.push(why)).ok()
}

fn lines<T>(wrong: &mut Vec<String>, text: &str, read: fn(&str) -> Result<T, String>) -> Vec<T> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.filter_map(|line| read(line).map_err(|why| wrong.push(why)).ok()).collect()
}
