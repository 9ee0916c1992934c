//! The first of those whom an act is about, each with what it would write.

use index::{Part, Question};

use super::{draft::Draft, export::chosen};
use crate::{
    http::{App, Problem},
    model::{Formats, Project, What, merge},
    store::{
        View, customer,
        query::{CustomerRow, Query, Relationship},
    },
    web::{customers::address::Address, frame::Frame, page::value::Shown},
};

/// How many are shown.
const SHOWN: usize = 10;

/// The first people, and where all of them are.
pub(super) struct Sample {
    pub(super) lines: Vec<Line>,
    pub(super) all: String,
}

/// A person in a project.
pub(super) struct Line {
    pub(super) email: String,
    pub(super) link: String,
    /// The project that is written to; none where the person goes from all.
    pub(super) project: Option<Project>,
    pub(super) becomes: Becomes,
}

/// What becomes of the value there; nothing is one that is missing.
pub(super) enum Becomes {
    Written(Option<Shown>, Option<Shown>),
    /// It is so already.
    Same(Option<Shown>),
    /// It is refused, and why.
    Refused(String),
    /// The person goes.
    Erased,
}

/// The first of them, as the present snapshot has them.
pub(super) async fn sample(
    app: &App,
    frame: &Frame,
    draft: &Draft,
    what: &What,
) -> Result<Option<Sample>, Problem> {
    let view = View::account(frame.member.account);
    let Some(address) = view_of(app, &view, draft).await? else { return Ok(None) };
    let question = Question { select: vec![Part::Customers], limit: SHOWN, ..Question::default() };
    let query =
        Query { filter: written(&address, draft, what), rows: address.rows(), question, ..Query::default() };
    let people = app.query(&view, &query).await?.customers.map_or_else(Vec::new, |page| page.rows);
    let lines = people.iter().flat_map(|person| lines(frame, draft, what, person)).take(SHOWN).collect();
    Ok(Some(Sample { lines, all: address.filtered(query.filter).link() }))
}

/// The view of those whom it is about; nothing where nobody is chosen any more.
async fn view_of(app: &App, view: &View, draft: &Draft) -> Result<Option<Address>, Problem> {
    if draft.all {
        return Ok(Some(draft.address.clone()));
    }
    let emails = customer::addresses(&app.store, view, &draft.chosen).await?;
    if emails.is_empty() { Ok(None) } else { chosen(&draft.address, &emails).map(Some) }
}

/// The filter of those to whom it writes: of several projects only some may be chosen.
fn written(address: &Address, draft: &Draft, what: &What) -> String {
    let within: Vec<String> = match what {
        What::Erase => Vec::new(),
        _ => draft
            .into
            .iter()
            .map(|slug| format!("project = {}", serde_json::Value::from(slug.as_str())))
            .collect(),
    };
    let both = filter::parse(&address.filter).ok().zip(filter::parse(&within.join(" or ")).ok());
    both.map_or_else(|| address.filter.clone(), |(filter, within)| filter.and(&within).to_string())
}

fn lines(frame: &Frame, draft: &Draft, what: &What, person: &CustomerRow) -> Vec<Line> {
    let line = |project, becomes| Line {
        email: person.email.clone(),
        link: format!("/customers/{}", person.id),
        project,
        becomes,
    };
    if *what == What::Erase {
        return vec![line(None, Becomes::Erased)];
    }
    let own = person.relationships.iter().filter_map(|one| Some((frame.project_of(one.project)?, one)));
    own.filter(|(project, _)| {
        draft.into.is_empty() || draft.into.iter().any(|slug| slug == project.slug.as_str())
    })
    .map(|(project, one)| line(Some(project.clone()), becomes(what, one, frame.formats())))
    .collect()
}

/// What becomes of a relationship, by the rules of any call.
fn becomes(what: &What, one: &Relationship, formats: Formats) -> Becomes {
    let told = |is_same, before: Option<Shown>, after: Option<Shown>| match is_same {
        true => Becomes::Same(before),
        false => Becomes::Written(before, after),
    };
    let word = |text: &str| Shown::new(text.to_owned(), "string");
    let call = match what.call() {
        Ok(call) => call,
        Err(refusal) => return Becomes::Refused(refusal.in_a_line()),
    };
    if let Some(status) = call.status {
        let before = one.status.map(|status| word(status.as_str()));
        return told(one.status == Some(status), before, Some(word(status.as_str())));
    }
    let Some((key, edit)) = call.edits.iter().next() else { return Becomes::Same(None) };
    let present = one.params.get(key);
    match merge::edited(edit, present) {
        Ok(after) => {
            let cell = |value| Shown::cell(value, formats);
            told(present == after.as_ref(), present.map(cell), after.as_ref().map(cell))
        }
        Err(why) => Becomes::Refused(why),
    }
}
