//! Segments: filters with a name, kept in their strict form.

use jiff::Timestamp;
use tokio_postgres::{Row, error::SqlState};

use super::{Error, Store, View, batch::Batch, lexicon, query};
use crate::model::{ProjectId, SegmentId, Slug};

/// A saved filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its id.
    pub id: SegmentId,
    /// Its name in URLs and filters.
    pub slug: Slug,
    /// Its name on pages.
    pub name: String,
    /// The strict form of the filter.
    pub filter: String,
    /// The project it speaks of; `None` is the whole account.
    pub project: Option<ProjectId>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a segment is to be.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its name in URLs and filters.
    pub slug: Slug,
    /// Its name on pages.
    pub name: String,
    /// The filter, as people type it.
    pub filter: String,
    /// The project it speaks of. A project's key makes segments of its project only.
    pub project: Option<ProjectId>,
}

const COLUMNS: &str = "id, slug, name, filter, project_id, created_at";

/// The segments that a view may use, by slug: for a project's key those of its project.
pub async fn list(store: &Store, view: &View) -> Result<Vec<Segment>, Error> {
    let client = store.client().await?;
    let sql = format!(
        "select {COLUMNS} from segment where account_id = $1 and ($2::uuid is null or project_id = $2) order by slug"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &[&view.account.0, &only(view)]).await?.iter().map(read).collect()
}

/// The segment of that slug.
pub async fn find(store: &Store, view: &View, slug: &Slug) -> Result<Segment, Error> {
    let all = list(store, view).await?;
    all.into_iter().find(|segment| segment.slug == *slug).ok_or(Error::Missing("segment"))
}

/// Saves a new segment.
pub async fn create(
    store: &Store,
    view: &View,
    draft: &Draft,
    now: Timestamp,
) -> Result<Segment, query::Error> {
    let filter = strict(store, view, draft, now).await?;
    let project = view.project.or(draft.project);
    let segment = Segment {
        id: SegmentId::new(),
        slug: draft.slug.clone(),
        name: draft.name.clone(),
        filter,
        project,
        created_at: now,
    };
    insert(store, view, &segment).await?;
    Ok(segment)
}

async fn insert(store: &Store, view: &View, segment: &Segment) -> Result<(), Error> {
    let client = store.changing(view.account).await?;
    let mut batch = Batch::begin(store, &client, view.account).await?;
    let sql = "insert into segment (account_id, id, slug, name, filter, project_id, created_at)
               values ($1, $2, $3, $4, $5, $6, $7)";
    let project = segment.project.map(|project| project.0);
    let made = batch
        .tx
        .execute(
            sql,
            &[
                &view.account.0,
                &segment.id.0,
                &segment.slug.as_str(),
                &segment.name,
                &segment.filter,
                &project,
                &segment.created_at,
            ],
        )
        .await;
    match made {
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
            Err(Error::Conflict(format!("There is a segment {} already.", segment.slug)))
        }
        Err(error) => Err(error.into()),
        Ok(_) => {
            batch.words = true;
            batch.commit().await.map(drop)
        }
    }
}

/// Changes the name and the filter of a segment; its slug and its project stay.
pub async fn update(
    store: &Store,
    view: &View,
    draft: &Draft,
    now: Timestamp,
) -> Result<Segment, query::Error> {
    let filter = strict(store, view, draft, now).await?;
    let client = store.changing(view.account).await?;
    let mut batch = Batch::begin(store, &client, view.account).await?;
    let sql = format!(
        "update segment set name = $3, filter = $4
         where account_id = $1 and slug = $2 and ($5::uuid is null or project_id = $5) returning {COLUMNS}"
    );
    let row = batch
        .tx
        .query_opt(&sql, &[&view.account.0, &draft.slug.as_str(), &draft.name, &filter, &only(view)])
        .await
        .map_err(Error::from)?;
    let segment = read(&row.ok_or(Error::Missing("segment"))?)?;
    batch.words = true;
    batch.commit().await?;
    Ok(segment)
}

/// Deletes a segment; filters that name it are errors from then on.
pub async fn delete(store: &Store, view: &View, slug: &Slug) -> Result<(), Error> {
    let client = store.changing(view.account).await?;
    let mut batch = Batch::begin(store, &client, view.account).await?;
    let sql =
        "delete from segment where account_id = $1 and slug = $2 and ($3::uuid is null or project_id = $3)";
    let count = batch.tx.execute(sql, &[&view.account.0, &slug.as_str(), &only(view)]).await?;
    if count == 0 {
        return Err(Error::Missing("segment"));
    }
    batch.words = true;
    batch.commit().await.map(drop)
}

/// Checks the draft's filter as if the segment were saved already, so that one that leads back to itself is refused.
async fn strict(store: &Store, view: &View, draft: &Draft, now: Timestamp) -> Result<String, query::Error> {
    let project = view.project.or(draft.project);
    let mut lexicon = lexicon::load(store, view).await?;
    lexicon.put_segment(draft.slug.as_str(), &draft.name, &draft.filter, project);
    let (expr, _) = lexicon.check(&draft.filter, now)?;
    Ok(expr.to_string())
}

fn only(view: &View) -> Option<uuid::Uuid> {
    view.project.map(|project| project.0)
}

fn read(row: &Row) -> Result<Segment, Error> {
    let slug: &str = row.get(1);
    Ok(Segment {
        id: SegmentId(row.get(0)),
        slug: slug.parse().map_err(|e: crate::model::SlugError| Error::Config(e.to_string()))?,
        name: row.get(2),
        filter: row.get(3),
        project: row.get::<_, Option<_>>(4).map(ProjectId),
        created_at: row.get(5),
    })
}
