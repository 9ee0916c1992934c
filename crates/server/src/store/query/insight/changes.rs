//! What changed: what has become of people is told from memory, who they are and who wrote it by Postgres.

use filter::{Field, value::Instant};
use index::insight::changes::{Answer, Changes, Kind, Mark};
use jiff::{Timestamp, civil::Date};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Ask, Insight, InsightError, Tell, Told, tell};
use crate::{
    model::Source,
    store::{
        Store, View,
        query::{self, CursorError, Error, Fallback, Key},
    },
};

/// How often it is told anew because what Postgres says of those who are listed was newer.
const ATTEMPTS: usize = 5;

/// What has become of people, as it is asked.
#[derive(Clone, Debug)]
pub struct ChangesAsk {
    /// Of which kinds, each once.
    pub kinds: Vec<Kind>,
    /// When, as the language writes it.
    pub period: String,
    /// The path of the number that goes up and down.
    pub value: Field,
    /// The path that says when a trial ends.
    pub trial_ends: Field,
    /// How many are listed.
    pub limit: usize,
}

/// What the index tells of it.
#[derive(Clone, Debug)]
pub struct Found {
    /// The first and the last day.
    pub days: (Date, Date),
    /// The projects by their ids.
    pub slugs: Vec<(Uuid, String)>,
    /// Counts, and who is listed.
    pub answer: Answer,
    /// The cursor of the next page; `None` on the last.
    pub next: Option<String>,
}

/// Who is listed, besides what has become of them.
#[derive(Clone, Debug)]
pub struct Person {
    /// The e-mail, normalised.
    pub email: String,
    /// The name given in that project.
    pub name: Option<String>,
    /// Who wrote it, where the log says so.
    pub source: Option<Source>,
}

impl ChangesAsk {
    /// What tells its pages from those of another.
    pub fn print(&self) -> String {
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.as_str()).collect();
        format!("changes {} in {} of {} and {}", kinds.join(","), self.period, self.value, self.trial_ends)
    }
}

impl Tell for ChangesAsk {
    type Answer = Found;

    fn tell(&self, told: &Told<'_>) -> Result<Option<Found>, Error> {
        let ChangesAsk { kinds, period, value, trial_ends, limit } = self.clone();
        let days = told.plan.lexicon.period(&period, told.plan.now);
        let days = days.map_err(|error| InsightError::Period("period", error))?;
        let after = told.plan.after.as_ref().map(|place| mark(&place.key, place.customer, place.project));
        let question = Changes { kinds, period: days, value, trial_ends, after: after.transpose()?, limit };
        let answer = told.snapshot.changes(&told.scope, &told.ground, &question)?;
        let slugs = told.ground.homes.iter().map(|home| (home.id, home.slug.clone())).collect();
        Ok(answer.map(|answer| Found { days, slugs, next: next(told, &answer), answer }))
    }

    fn asks_values(&self) -> bool {
        true
    }
}

/// The cursor for what comes after the last that is listed.
fn next(told: &Told<'_>, answer: &Answer) -> Option<String> {
    let mark = answer.changes.last().filter(|_| answer.more)?.mark;
    let rank = Kind::ALL.iter().position(|kind| *kind == mark.kind)?;
    let key = Key { rank: rank as i32, number: mark.at.0.to_string(), text: String::new() };
    Some(told.plan.cursor(key, mark.customer, Some(mark.project)))
}

/// Where a page ended, from what a cursor holds.
fn mark(key: &Key, customer: Uuid, project: Option<Uuid>) -> Result<Mark, CursorError> {
    let kind = usize::try_from(key.rank).ok().and_then(|place| Kind::ALL.get(place));
    let at = key.number.parse().ok().map(Instant);
    let mark =
        kind.zip(at).zip(project).map(|((kind, at), project)| Mark { at, kind: *kind, project, customer });
    mark.ok_or(CursorError::Invalid)
}

/// Tells what has become of people, and who they are. Both are of one version: where Postgres knows something newer of one of
/// them, the index is asked again.
pub async fn changes(
    store: &Store,
    view: &View,
    ask: &Ask,
    question: &ChangesAsk,
) -> Result<(Insight<Found>, Vec<Person>), Error> {
    let mut ask = Ask { told: question.print(), ..ask.clone() };
    for _ in 0..ATTEMPTS {
        let insight = tell(store, view, &ask, question).await?;
        match people(store, view, question, &insight).await? {
            Ok(people) => return Ok((insight, people)),
            Err(newer) => ask.min_version = newer,
        }
    }
    Err(Error::IndexNotReady(Fallback::Busy))
}

/// Who is listed, and what the log says of each change. It is looked up by key, by a text that is constant.
const PEOPLE: &str = "select e.place, c.email, r.name, r.version, by.source, by.source_id, by.source_name
    from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[]) with ordinality as e (project, customer, at, named, place)
    join relationship r on r.account_id = $1 and r.project_id = e.project and r.customer_id = e.customer
    join customer c on c.account_id = $1 and c.id = e.customer
    left join lateral (
        select ch.source, ch.source_id, ch.source_name from change ch
        where ch.account_id = $1 and ch.customer_id = e.customer and ch.project_id = e.project and ch.at = e.at
          and case e.named when 'created' then ch.created when 'status' then ch.fields ? 'status'
                           when 'value' then ch.params ? $6 else false end
        order by ch.version desc, ch.seq desc limit 1) by on true
    order by e.place";

/// Those who are listed, in their order; or the version that the database is at, where it is ahead of what was told.
async fn people(
    store: &Store,
    view: &View,
    question: &ChangesAsk,
    insight: &Insight<Found>,
) -> Result<Result<Vec<Person>, i64>, Error> {
    let marks: Vec<Mark> = insight.answer.answer.changes.iter().map(|change| change.mark).collect();
    if marks.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let projects: Vec<Uuid> = marks.iter().map(|mark| mark.project).collect();
    let customers: Vec<Uuid> = marks.iter().map(|mark| mark.customer).collect();
    let times: Vec<Timestamp> = marks.iter().map(|mark| mark.at.timestamp()).collect();
    let named: Vec<&str> = marks.iter().map(|mark| named(mark.kind)).collect();
    let key = question.value.path().map_or("", |path| path.keys()[0].as_str());
    let rows = {
        let client = store.client().await.map_err(Error::Store)?;
        let found = async {
            let statement = client.prepare_cached(PEOPLE).await?;
            client.query(&statement, &[&view.account.0, &projects, &customers, &times, &named, &key]).await
        };
        found.await.map_err(crate::store::Error::from)?
    };
    let is_newer = |row: &Row| row.get::<_, i64>(3) > insight.version;
    if rows.len() < marks.len() || rows.iter().any(is_newer) {
        return Ok(Err(query::version(store, view).await?));
    }
    Ok(Ok(rows.iter().map(person).collect()))
}

/// What a change of a kind has in the log.
fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::New => "created",
        Kind::Upgraded | Kind::Churned | Kind::Back => "status",
        Kind::ValueUp | Kind::ValueDown => "value",
        Kind::TrialEnds => "",
    }
}

fn person(row: &Row) -> Person {
    let kind: Option<&str> = row.get(4);
    let source = kind.and_then(|kind| Source::of(kind, row.get(5), row.get(6)));
    Person { email: row.get(1), name: row.get(2), source }
}
