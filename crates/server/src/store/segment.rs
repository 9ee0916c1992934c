//! Segments: filters with a name, kept in their strict form.

use jiff::Timestamp;
use tokio_postgres::{Row, types::ToSql};

use super::{AccountId, Error, Store, View, batch::Batch, lexicon, query};
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
    /// That project's slug.
    pub project_slug: Option<String>,
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

const COLUMNS: &str = "id, slug, name, filter, project_id, created_at, (select p.slug from project p \
                       where p.account_id = segment.account_id and p.id = segment.project_id) as project_slug";

/// The segments that a view may use, by slug, of one slug the account's first and then the oldest: for a project's key those
/// of its project.
pub async fn list(store: &Store, view: &View) -> Result<Vec<Segment>, Error> {
    let client = store.client().await?;
    let sql = format!(
        "select {COLUMNS} from segment where account_id = $1 and ($2::uuid is null or project_id = $2)
         order by slug, project_id is not null, created_at, id"
    );
    let statement = client.prepare_cached(&sql).await?;
    client.query(&statement, &[&view.account.0, &only(view)]).await?.iter().map(read).collect()
}

/// The segment of that slug, as filters find it.
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
    let client = store.changing(view.account).await?;
    let batch = Batch::begin(store, &client, view.account).await?;
    let filter = strict(&batch, view, draft, now).await?;
    let project = view.project.or(draft.project);
    refuse_taken(&batch, draft, project, None).await?;
    let sql = format!(
        "insert into segment (account_id, id, slug, name, filter, project_id, created_at)
         values ($1, $2, $3, $4, $5, $6, $7) returning {COLUMNS}"
    );
    let row = batch
        .tx
        .query_one(
            &sql,
            &[
                &view.account.0,
                &SegmentId::new().0,
                &draft.slug.as_str(),
                &draft.name,
                &filter,
                &project.map(|project| project.0),
                &now,
            ],
        )
        .await
        .map_err(Error::from)?;
    let segment = read(&row)?;
    commit(batch).await?;
    Ok(segment)
}

/// Refuses a name or a slug that means another segment already, for somebody who sees both: the account sees all, a project
/// its own. Of other projects' nothing is told. Nobody else writes meanwhile: the batch has the account's turn.
async fn refuse_taken(
    batch: &Batch<'_>,
    draft: &Draft,
    project: Option<ProjectId>,
    except: Option<SegmentId>,
) -> Result<(), Error> {
    let sql = "select project_id from segment where account_id = $1
               and ($2::uuid is null or project_id is null or project_id = $2)
               and (slug in ($3, $4) or name in ($3, $4)) and id is distinct from $5 limit 1";
    let (project, except) = (project.map(|project| project.0), except.map(|id| id.0));
    let parameters: [&(dyn ToSql + Sync); 5] =
        [&batch.account.0, &project, &draft.slug.as_str(), &draft.name, &except];
    let Some(taken) = batch.tx.query_opt(sql, &parameters).await? else { return Ok(()) };
    let whose = match taken.get::<_, Option<uuid::Uuid>>(0) {
        of if of == project => "There is",
        None => "The whole account has",
        Some(_) => "A project has",
    };
    Err(Error::Conflict(format!("{whose} a segment with that name or slug already.")))
}

/// Changes the name and the filter of a segment of the view's project, or of the account's own; its slug and its project stay.
pub async fn update(
    store: &Store,
    view: &View,
    draft: &Draft,
    now: Timestamp,
) -> Result<Segment, query::Error> {
    let client = store.changing(view.account).await?;
    let batch = Batch::begin(store, &client, view.account).await?;
    let filter = strict(&batch, view, draft, now).await?;
    let sql =
        "select id from segment where account_id = $1 and slug = $2 and project_id is not distinct from $3";
    let found = batch.tx.query_opt(sql, &[&view.account.0, &draft.slug.as_str(), &only(view)]).await;
    let id = found.map_err(Error::from)?.ok_or(Error::Missing("segment"))?.get(0);
    alter(batch, draft, view.project, SegmentId(id), &filter).await
}

/// Changes the name and the filter of whichever segment of the account has that id, unless its filter is another by now than
/// whoever changes it has seen.
pub async fn update_by_id(
    store: &Store,
    account: AccountId,
    id: SegmentId,
    (draft, seen): (&Draft, &str),
    now: Timestamp,
) -> Result<Segment, query::Error> {
    let view = View::account(account);
    let client = store.changing(account).await?;
    let batch = Batch::begin(store, &client, account).await?;
    let filter = strict(&batch, &view, draft, now).await?;
    let sql = "select filter from segment where account_id = $1 and id = $2";
    let found = batch.tx.query_opt(sql, &[&account.0, &id.0]).await.map_err(Error::from)?;
    let present: String = found.ok_or(Error::Missing("segment"))?.get(0);
    if present != seen {
        let detail = format!("Somebody has changed this segment meanwhile: its filter is {present} now.");
        return Err(Error::Conflict(detail).into());
    }
    alter(batch, draft, draft.project, id, &filter).await
}

async fn alter(
    batch: Batch<'_>,
    draft: &Draft,
    project: Option<ProjectId>,
    id: SegmentId,
    filter: &str,
) -> Result<Segment, query::Error> {
    refuse_taken(&batch, draft, project, Some(id)).await?;
    let sql = format!(
        "update segment set name = $3, filter = $4 where account_id = $1 and id = $2 returning {COLUMNS}"
    );
    let row = batch.tx.query_one(&sql, &[&batch.account.0, &id.0, &draft.name, &filter]).await;
    let segment = read(&row.map_err(Error::from)?)?;
    commit(batch).await?;
    Ok(segment)
}

/// Deletes a segment of the view's project, or of the account's own; filters that name it are errors from then on.
pub async fn delete(store: &Store, view: &View, slug: &Slug) -> Result<(), Error> {
    let sql =
        "delete from segment where account_id = $1 and slug = $2 and project_id is not distinct from $3";
    take_away(store, view.account, sql, &[&view.account.0, &slug.as_str(), &only(view)]).await
}

/// Deletes whichever segment of the account has that id.
pub async fn delete_by_id(store: &Store, account: AccountId, id: SegmentId) -> Result<(), Error> {
    let sql = "delete from segment where account_id = $1 and id = $2";
    take_away(store, account, sql, &[&account.0, &id.0]).await
}

async fn take_away(
    store: &Store,
    account: AccountId,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<(), Error> {
    let client = store.changing(account).await?;
    let batch = Batch::begin(store, &client, account).await?;
    if batch.tx.execute(sql, parameters).await? == 0 {
        return Err(Error::Missing("segment"));
    }
    commit(batch).await
}

/// Commits what alters the words of the account.
async fn commit(mut batch: Batch<'_>) -> Result<(), Error> {
    batch.words = true;
    batch.commit().await.map(drop)
}

/// Checks the draft's filter as if the segment were saved already, so that one that leads back to itself is refused. The batch has
/// the account's turn: of two that name each other, the second to be saved sees the first.
async fn strict(
    batch: &Batch<'_>,
    view: &View,
    draft: &Draft,
    now: Timestamp,
) -> Result<String, query::Error> {
    let project = view.project.or(draft.project);
    let mut lexicon = lexicon::read(&*batch.tx, view.account, view.project).await?;
    lexicon.put_segment(draft.slug.as_str(), &draft.name, &draft.filter, project);
    let (expr, _) = lexicon.check_of(project.map(|project| project.0), &draft.filter, now)?;
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
        project_slug: row.get(6),
    })
}
