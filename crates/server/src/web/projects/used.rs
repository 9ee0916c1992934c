//! How the projects of an account are used: their keys, and when somebody of each was last seen.

use std::{collections::HashMap, time::Duration};

use filter::Field;
use index::{Aggregate, Bucket, Datum, Extreme, Function, Grouping, Groups, Part, Question};
use jiff::Timestamp;

use crate::{
    http::{App, Problem},
    model::{Project, now},
    store::{
        Rows, View, project,
        query::{Error, Query},
    },
    web::frame::Frame,
};

/// How long it may take to find out when people were seen: the page stands without it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a project is used.
#[derive(Clone, Copy, Default)]
pub(super) struct Use {
    /// Its keys that work.
    pub(super) keys: u64,
    pub(super) seen: Seen,
}

/// When somebody of a project was last seen.
#[derive(Clone, Copy, Default)]
pub(super) enum Seen {
    #[default]
    Never,
    At(Timestamp),
    /// It was too slow to tell.
    Untold,
}

/// How each project is used, by its slug. All of it is told from memory where that is there.
pub(super) async fn uses(app: &App, frame: &Frame) -> Result<HashMap<String, Use>, Problem> {
    let keys = project::keys(&app.store, frame.member.account, now()).await?;
    let of = |(project, _): &(Project, u64)| {
        let keys = keys.get(&project.id).copied().unwrap_or_default();
        (project.slug.to_string(), Use { keys, ..Use::default() })
    };
    let mut uses = frame.projects.iter().map(of).collect();
    see(app, frame, &mut uses).await?;
    Ok(uses)
}

/// Tells of each project when somebody was last seen.
async fn see(app: &App, frame: &Frame, uses: &mut HashMap<String, Use>) -> Result<(), Problem> {
    let archived = frame.archived().map(|(project, _)| Rows::Project(project.slug.to_string()));
    let rows: Vec<Rows> = [Rows::Live, Rows::Test].into_iter().chain(archived).collect();
    let queries: Vec<Query> = rows.iter().map(|rows| question(rows.clone(), frame.projects.len())).collect();
    let together = app.together(&View::account(frame.member.account), &queries, &[], PATIENCE).await?;
    for (rows, answer) in rows.iter().zip(together.answers) {
        match answer {
            Ok(answer) => answer.groups.iter().flat_map(seen).for_each(|(slug, at)| {
                uses.entry(slug).or_default().seen = Seen::At(at);
            }),
            Err(Error::TooSlow) => {
                for (project, _) in frame.projects.iter().filter(|(project, _)| is_of(rows, project)) {
                    uses.entry(project.slug.to_string()).or_default().seen = Seen::Untold;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Whether a question about rows is about a project.
fn is_of(rows: &Rows, project: &Project) -> bool {
    match rows {
        Rows::Live => project.is_live(),
        Rows::Test => project.test && !project.archived,
        Rows::Project(slug) => project.slug.as_str() == slug,
    }
}

/// When somebody was last seen, by project.
fn question(rows: Rows, projects: usize) -> Query {
    let question = Question {
        select: vec![Part::Groups],
        aggregates: vec![Aggregate { function: Function::Max, field: Field::LastActivity }],
        group_by: Some(Grouping::Value(Field::Project)),
        group_limit: projects,
        ..Question::default()
    };
    Query { rows, question, ..Query::default() }
}

/// The projects in which somebody was seen, with when.
fn seen(groups: &Groups) -> impl Iterator<Item = (String, Timestamp)> {
    groups.rows.iter().filter_map(|(bucket, group)| match (bucket, &group.totals.first()?.value) {
        (Bucket::Value(Datum::String(slug)), Some(Extreme::Instant(at))) => {
            Some((slug.clone(), at.timestamp()))
        }
        _ => None,
    })
}
