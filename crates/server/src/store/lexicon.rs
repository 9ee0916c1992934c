//! The words of an account: its zone, its projects and its segments, as filters may name them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use deadpool_postgres::GenericClient;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{AccountId, Error, Rows, Store, View, clock};
use crate::model::{Project, ProjectId};

/// What a view may name. A project's key knows its own project and its segments only.
#[derive(Clone, Debug)]
pub struct Lexicon {
    /// The account's zone.
    pub zone: TimeZone,
    /// Since when the account's history is kept, if not all of it is.
    pub horizon: Option<Timestamp>,
    /// The projects, oldest first.
    pub projects: Vec<Project>,
    /// Oldest first.
    segments: Vec<Segment>,
    account_wide: bool,
}

/// The words, with the project that a question is about: its segments go before those of other projects.
struct Spoken<'a> {
    lexicon: &'a Lexicon,
    of: Option<Uuid>,
}

#[derive(Clone, Debug)]
struct Segment {
    slug: String,
    name: String,
    filter: filter::Segment,
}

/// Loads the words that a view may use: three statements in one round trip.
pub async fn load(store: &Store, view: &View) -> Result<Lexicon, Error> {
    let client = store.client().await?;
    read(&client, view.account, view.project).await
}

/// Reads the words of an account, or those of one of its projects, in the transaction at hand.
pub(in crate::store) async fn read<C: GenericClient>(
    client: &C,
    account: AccountId,
    only: Option<ProjectId>,
) -> Result<Lexicon, Error> {
    let account = &account.0;
    let account_wide = only.is_none();
    let only = only.map(|project| project.0);
    let clock = async {
        let statement =
            client.prepare_cached("select zone, horizon from clock where account_id = $1").await?;
        client.query_one(&statement, &[account]).await
    };
    let projects = async {
        let sql = "select id, slug, name, colour, test, archived from project
                   where account_id = $1 and ($2::uuid is null or id = $2) order by created_at, id";
        let statement = client.prepare_cached(sql).await?;
        client.query(&statement, &[account, &only]).await
    };
    let segments = async {
        let sql = "select slug, name, filter, project_id from segment
                   where account_id = $1 and ($2::uuid is null or project_id = $2) order by created_at, id";
        let statement = client.prepare_cached(sql).await?;
        client.query(&statement, &[account, &only]).await
    };
    let (clock, projects, segments) = futures_util::future::try_join3(clock, projects, segments).await?;
    Ok(Lexicon {
        zone: clock::zone(clock.get(0)),
        horizon: clock.get(1),
        projects: projects.iter().map(project).collect::<Result<_, _>>()?,
        segments: segments.iter().map(segment).collect(),
        account_wide,
    })
}

fn segment(row: &Row) -> Segment {
    let filter = filter::Segment { text: row.get(2), project: row.get(3) };
    Segment { slug: row.get(0), name: row.get(1), filter }
}

/// Reads the columns id, slug, name, colour, test, archived of a project.
pub(in crate::store) fn project(row: &Row) -> Result<Project, Error> {
    let slug: &str = row.get(1);
    Ok(Project {
        id: ProjectId(row.get(0)),
        slug: slug.parse().map_err(|e: crate::model::SlugError| Error::Config(e.to_string()))?,
        name: row.get(2),
        colour: row.get(3),
        test: row.get(4),
        archived: row.get(5),
    })
}

impl Lexicon {
    /// What a view may name of the whole account's words: everything, or its own project with its segments.
    pub fn seen_by(self: &Arc<Self>, view: &View) -> Arc<Lexicon> {
        let Some(only) = view.project else { return self.clone() };
        let projects = self.projects.iter().filter(|project| project.id == only);
        let segments = self.segments.iter().filter(|segment| segment.filter.project == Some(only.0));
        Arc::new(Lexicon {
            zone: self.zone.clone(),
            horizon: self.horizon,
            projects: projects.cloned().collect(),
            segments: segments.cloned().collect(),
            account_wide: false,
        })
    }

    /// The ids of the projects whose relationships are asked about; `None` when the slug is nobody's here.
    pub fn rows(&self, rows: &Rows) -> Option<Vec<Uuid>> {
        let chosen = |test: bool| {
            self.projects.iter().filter(move |project| project.test == test && !project.archived)
        };
        let ids =
            |projects: &mut dyn Iterator<Item = &Project>| projects.map(|project| project.id.0).collect();
        match rows {
            Rows::Live if !self.account_wide => Some(ids(&mut self.projects.iter())),
            Rows::Live => Some(ids(&mut chosen(false))),
            Rows::Test => Some(ids(&mut chosen(true))),
            Rows::Project(slug) => {
                let project = self.projects.iter().find(|project| project.slug.as_str() == slug)?;
                Some(vec![project.id.0])
            }
        }
    }

    /// Adds a segment, or puts it in place of the one with its slug in its project.
    pub fn put_segment(&mut self, slug: &str, name: &str, filter: &str, project: Option<ProjectId>) {
        let filter = filter::Segment { text: filter.to_owned(), project: project.map(|project| project.0) };
        self.segments.retain(|segment| segment.slug != slug || segment.filter.project != filter.project);
        self.segments.push(Segment { slug: slug.to_owned(), name: name.to_owned(), filter });
    }

    /// The project of that id.
    pub fn project(&self, id: ProjectId) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }

    /// The slugs by id.
    pub fn slugs(&self) -> BTreeMap<Uuid, String> {
        self.projects.iter().map(|project| (project.id.0, project.slug.to_string())).collect()
    }

    /// Checks a filter's text against these words, at a time.
    pub fn check(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<(filter::Expr, filter::Predicate), filter::Error> {
        self.check_of(None, text, now)
    }

    /// Checks the text of a filter that is asked about a project.
    pub fn check_of(
        &self,
        project: Option<Uuid>,
        text: &str,
        now: Timestamp,
    ) -> Result<(filter::Expr, filter::Predicate), filter::Error> {
        let expr = filter::parse(text)?;
        let predicate = self.checked_of(project, &expr, now)?;
        Ok((expr, predicate))
    }

    /// Checks a filter that is asked about a project.
    pub fn checked_of(
        &self,
        project: Option<Uuid>,
        expr: &filter::Expr,
        now: Timestamp,
    ) -> Result<filter::Predicate, filter::Error> {
        filter::check(expr, &self.scope(&Spoken { lexicon: self, of: project }, now))
    }

    /// The moment of the past that a text names, as of a time; `None` where that is the present.
    pub fn moment(&self, text: &str, now: Timestamp) -> Result<Option<Timestamp>, filter::Error> {
        filter::moment(text, &self.scope(&Spoken { lexicon: self, of: None }, now))
    }

    /// The first and the last day of the period that a text names, as of a time, up to its day.
    pub fn period(&self, text: &str, now: Timestamp) -> Result<(Date, Date), filter::Error> {
        filter::period(text, &self.scope(&Spoken { lexicon: self, of: None }, now))
    }

    fn scope<'a>(&self, names: &'a Spoken<'_>, now: Timestamp) -> filter::Scope<'a> {
        let (horizon, zone) = (self.horizon, self.zone.clone());
        filter::Scope { now, horizon, zone, names, account_wide: self.account_wide }
    }
}

impl filter::Names for Spoken<'_> {
    fn project(&self, slug: &str) -> Option<Uuid> {
        self.lexicon.projects.iter().find(|project| project.slug.as_str() == slug).map(|project| project.id.0)
    }

    fn projects(&self) -> Vec<String> {
        self.lexicon.projects.iter().map(|project| project.slug.to_string()).collect()
    }

    /// No project's key can change what the account calls something, nor what another project does: the account's
    /// segments go first, then those of the project that is asked about or whose segment this is, then the oldest.
    fn segment(&self, name: &str, inside: Option<&filter::Segment>) -> Option<filter::Segment> {
        let of = inside.map_or(self.of, |outer| outer.project);
        let named = |segment: &&Segment| segment.slug == name || segment.name == name;
        let rank = |segment: &&Segment| {
            let project = segment.filter.project;
            (project.is_some(), project != of, segment.slug != name)
        };
        let first = self.lexicon.segments.iter().filter(named).min_by_key(rank);
        first.map(|segment| segment.filter.clone())
    }

    fn segments(&self) -> Vec<String> {
        let names: BTreeSet<_> = self.lexicon.segments.iter().map(|segment| segment.name.clone()).collect();
        names.into_iter().collect()
    }
}
