//! A file that was looked at and can be imported: its rows, as steps of calls.

use std::fs::File;

use filter::Field;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    super::{About, Fault, Made, Options, Raw, Row, Survey, survey},
    Turn,
    present::{Known, People, Stored},
    spool::Spooled,
};
use crate::{
    export::Column,
    model::{Call, ImportId, Slug, body, json, now},
    store::import::{Rejected, Step},
};

/// Rows of a step: as many as a batch of the API has calls.
const ROWS_MAX: usize = 1000;
/// A step also ends with the row that passes so many bytes.
const BYTES_MAX: usize = 2 << 20;

/// A file and how it is read.
pub struct Job {
    /// What tells it from every other file and reading.
    pub fingerprint: [u8; 32],
    /// What was found when it was looked at.
    pub survey: Survey,
    file: File,
    project: Slug,
    /// Whether its calls say that the customers were there.
    seen: bool,
    /// Rows that begin before this line are left out.
    from_line: u64,
    /// Over when the file is read to its end, whoever has left by then.
    _turn: Option<Turn>,
}

/// Rows one after the other, and the calls that they make.
pub(super) struct Stretch {
    /// What the store notes of them.
    pub(super) step: Step,
    /// The calls of those rows that make one.
    pub(super) calls: Vec<Call>,
    /// Of each the stored e-mail of whom it is about, if that matters and they are known.
    pub(super) known: Vec<Option<String>>,
    /// The first of them as bodies, for whoever wants to see what would be sent.
    pub(super) bodies: Vec<Value>,
}

/// Bodies that are kept of a stretch.
pub(super) const SHOWN: usize = 5;

/// Why the rows ended early.
pub(super) enum Stop<E> {
    /// The file cannot be read on.
    Fault(Fault),
    /// Whoever was asked for what is stored, or was given a stretch, failed.
    Other(E),
}

impl Job {
    /// Looks at a file. Its name hints at what it is.
    pub fn of(mut spooled: Spooled, name: &str, project: &Slug, options: &Options) -> Result<Job, Fault> {
        let turn = spooled.turn();
        let Spooled { file, hash, .. } = spooled;
        let survey = survey(&file, name, options)?;
        let reading = serde_json::to_vec(options).unwrap_or_default();
        let fingerprint =
            Sha256::new().chain_update(hash).chain_update(project.as_str()).chain_update(reading);
        let project = project.clone();
        let Options { seen, resume_from, .. } = *options;
        let (fingerprint, from_line) = (fingerprint.finalize().into(), resume_from.unwrap_or(0));
        Ok(Job { fingerprint, survey, file, project, seen, from_line, _turn: turn })
    }

    /// What was found when the file was looked at, and nothing else of it.
    pub(super) fn into_about(self) -> About {
        self.survey.into_about()
    }

    /// Goes through the rows after the first `done`. `look` tells what is stored of people: of everybody where `curious`,
    /// else only of those in an export of ours. Blocks.
    pub(super) fn stretches<E>(
        &self,
        import: ImportId,
        done: i64,
        curious: bool,
        mut look: impl FnMut(&People) -> Result<Known, E>,
        mut each: impl FnMut(Stretch) -> Result<(), E>,
    ) -> Result<(), Stop<E>> {
        let (mut gathered, mut bytes, mut from) = (Vec::new(), 0, done);
        let mut hand_over = |gathered: &mut Vec<Row>, from: &mut i64| {
            let rows = std::mem::take(gathered);
            let Some(last) = rows.last() else { return Ok(()) };
            let to = signed(last.record);
            let stretch = self.stretch(rows, import, (*from, to), curious, &mut look)?;
            *from = to;
            each(stretch)
        };
        let rows =
            self.survey.rows(&self.file, u64::try_from(done).unwrap_or_default()).map_err(Stop::Fault)?;
        for row in rows {
            let row = match row {
                Ok(row) => row,
                Err(fault) => {
                    hand_over(&mut gathered, &mut from).map_err(Stop::Other)?;
                    return Err(Stop::Fault(fault));
                }
            };
            bytes += bytes_of(&row);
            gathered.push(row);
            if gathered.len() >= ROWS_MAX || bytes >= BYTES_MAX {
                hand_over(&mut gathered, &mut from).map_err(Stop::Other)?;
                bytes = 0;
            }
        }
        hand_over(&mut gathered, &mut from).map_err(Stop::Other)
    }

    fn stretch<E>(
        &self,
        rows: Vec<Row>,
        import: ImportId,
        (from, to): (i64, i64),
        curious: bool,
        look: &mut impl FnMut(&People) -> Result<Known, E>,
    ) -> Result<Stretch, E> {
        let who = People::of(rows.iter().filter_map(|row| self.who(row, curious)));
        let known = if who.is_empty() { Known::default() } else { look(&who)? };
        let step = Step { import, from, to, rows: Vec::new(), rejected: Vec::new(), unchanged: 0 };
        let mut stretch = Stretch { step, calls: Vec::new(), known: Vec::new(), bodies: Vec::new() };
        let terms = body::Terms { now: now(), publishable: false, live: self.seen };
        for row in rows.into_iter().filter(|row| row.line >= self.from_line) {
            let known = self.who(&row, curious).and_then(|who| known.find(&who));
            let user_id = match self.who(&row, true) {
                Some((_, user_id)) => user_id,
                None => self.survey.user_id(&row.raw),
            };
            let at = |reason: String| Rejected {
                record: signed(row.record),
                line: signed(row.line),
                reason,
                raw: serde_json::to_string(&row.raw).unwrap_or_default(),
                user_id: user_id.clone(),
            };
            match row.made.clone().and_then(|made| self.body(made, known)) {
                Ok(None) => stretch.step.unchanged += 1,
                Ok(Some(body)) => match call(&body, terms) {
                    Ok(call) => {
                        stretch.known.push(known.map(|known| known.email.clone()));
                        stretch.calls.push(call);
                        stretch.step.rows.push(at(String::new()));
                        if stretch.bodies.len() < SHOWN {
                            stretch.bodies.push(Value::Object(body));
                        }
                    }
                    Err(reason) => stretch.step.rejected.push(at(reason)),
                },
                Err(reason) => stretch.step.rejected.push(at(reason)),
            }
        }
        Ok(stretch)
    }

    /// Whom a row is about, by e-mail or `user_id`, if what is stored of them matters.
    fn who(&self, row: &Row, curious: bool) -> Option<(Option<String>, Option<String>)> {
        match &row.made {
            Ok(Made::Cells(cells)) => Some(self.survey.who(cells)),
            Ok(Made::Call(body)) if curious => {
                let text = |field: &str| body.get(field)?.as_str().map(str::to_owned);
                Some((text("email"), text("user_id")))
            }
            _ => None,
        }
    }

    /// The body of a call; `None` when it would say nothing new.
    fn body(&self, made: Made, known: Option<&Stored>) -> Result<Option<Map<String, Value>>, String> {
        match made {
            Made::Call(mut body) => {
                let of = body.remove("project");
                self.refuse_another(of.as_ref().and_then(Value::as_str))?;
                Ok(Some(body))
            }
            Made::Cells(cells) => {
                self.refuse_another(self.project_of(&cells))?;
                self.survey.amend(&cells, known.map(|k| k.cells.as_slice()), known.map(|k| &k.params))
            }
        }
    }

    /// Refuses a row of another project in an export of several. People of a single one may be brought into any.
    fn refuse_another(&self, of: Option<&str>) -> Result<(), String> {
        match of {
            Some(other) if self.survey.is_of_several_projects() && other != self.project.as_str() => {
                Err(format!("it is of the project {other}, and this import goes into {}", self.project))
            }
            _ => Ok(()),
        }
    }

    /// The project that a row of an export over several is of.
    fn project_of<'a>(&self, cells: &'a [String]) -> Option<&'a str> {
        let is_project = |column: &Option<Column>| *column == Some(Column::Field(Field::Project));
        let place = self.survey.printed().iter().position(is_project)?;
        cells.get(place).map(String::as_str).filter(|slug| !slug.is_empty())
    }
}

fn call(body: &Map<String, Value>, terms: body::Terms) -> Result<Call, String> {
    let text = serde_json::to_string(body).map_err(|error| error.to_string())?;
    let raw = json::raw(text.as_bytes()).map_err(|refusal| refusal.in_a_line())?;
    body::identify(raw, terms).map_err(|refusal| refusal.in_a_line())
}

/// About how much memory a row takes.
fn bytes_of(row: &Row) -> usize {
    match &row.raw {
        Raw::Cells(cells) => cells.iter().map(|cell| cell.len() + 24).sum(),
        Raw::Json(text) => text.len(),
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
