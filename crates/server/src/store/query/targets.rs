//! Whom an act is about: those who were chosen, or all who match, in some projects; counted, and written down as a list.

use std::sync::Arc;

use filter::{Bind, Binds};
use uuid::Uuid;

use super::{Error, Plan, Query};
use crate::{
    model::{ActId, CustomerId, ProjectId},
    store::{
        AccountId, Rows, Store, View, lexicon,
        snapshot::Snapshot,
        statement::{Statement, unsigned},
    },
};

/// Whom an act is about.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// The projects that are looked at.
    pub rows: Rows,
    /// The filter that they match.
    pub filter: String,
    /// Of all who match, only these.
    pub chosen: Option<Vec<CustomerId>>,
    /// The projects in which it writes; empty: in all that are looked at.
    pub projects: Vec<ProjectId>,
}

/// How many an act is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// People who match, wherever it writes.
    pub matching: u64,
    /// Those of them to whom it writes.
    pub people: u64,
    /// Their relationships to which it writes, of each project.
    pub projects: Vec<(ProjectId, u64)>,
}

impl Reach {
    /// All relationships to which it writes.
    pub fn relationships(&self) -> u64 {
        self.projects.iter().map(|(_, count)| count).sum()
    }
}

/// How many an act would be about. Asked of Postgres, as it will be when it begins.
pub async fn reach(store: &Store, account: AccountId, targets: &Targets) -> Result<Reach, Error> {
    let view = View::account(account);
    let plan = targets.plan(store, &view).await?;
    let rows = Snapshot::open(store, &view).await?.ask(&targets.counts(&plan), true).await?;
    Ok(read(&rows))
}

/// What [`Targets::counts`] tells.
pub(in crate::store) fn read(rows: &[Vec<tokio_postgres::Row>]) -> Reach {
    let first = rows.first().and_then(|rows| rows.first());
    let projects = rows.get(1).into_iter().flatten().map(|row| (ProjectId(row.get(0)), unsigned(row, 1)));
    Reach {
        matching: first.map_or(0, |row| unsigned(row, 0)),
        people: first.map_or(0, |row| unsigned(row, 1)),
        projects: projects.collect(),
    }
}

impl Targets {
    /// The filter, checked.
    pub(in crate::store) async fn plan(&self, store: &Store, view: &View) -> Result<Plan, Error> {
        let lexicon = lexicon::load(store, view).await?;
        let query = Query { filter: self.filter.clone(), rows: self.rows.clone(), ..Query::default() };
        Plan::make(Arc::new(lexicon), view, &query)
    }

    /// How many people match and to how many it writes; then the relationships of each project.
    pub(in crate::store) fn counts(&self, plan: &Plan) -> [Statement; 2] {
        let people = Statement::make(|binds| {
            let (written, hits) = (self.written(binds), self.hits(plan, binds));
            format!(
                "select count(distinct r.customer_id), count(distinct r.customer_id) filter (where {written}) {hits}"
            )
        });
        let projects = Statement::make(|binds| {
            let (written, hits) = (self.written(binds), self.hits(plan, binds));
            format!("select r.project_id, count(*) {hits} and {written} group by 1 order by 1")
        });
        [people, projects]
    }

    /// Writes the list of an act: each relationship, or of an erasure each person.
    pub(in crate::store) fn list(&self, plan: &Plan, act: ActId, is_erasure: bool) -> Statement {
        Statement::make(|binds| {
            let (written, hits) = (self.written(binds), self.hits(plan, binds));
            let act = binds.bind(Bind::Uuid(act.0));
            let project = if is_erasure { "null::uuid" } else { "r.project_id" };
            format!(
                "insert into act_target (account_id, act_id, place, project_id, customer_id) \
                 select $1, {act}, row_number() over (order by project_id, customer_id), project_id, customer_id \
                 from (select distinct {project} as project_id, r.customer_id {hits} and {written}) target"
            )
        })
    }

    /// `from … where …`: the relationships that match.
    pub(super) fn hits(&self, plan: &Plan, binds: &mut Binds) -> String {
        let hits = plan.hits(binds);
        let Some(chosen) = &self.chosen else { return hits };
        let chosen: Vec<Uuid> = chosen.iter().map(|customer| customer.0).collect();
        format!("{hits} and r.customer_id = any({})", binds.bind(Bind::Uuids(chosen)))
    }

    /// That it writes to a relationship.
    fn written(&self, binds: &mut Binds) -> String {
        if self.projects.is_empty() {
            return "true".to_owned();
        }
        let projects: Vec<Uuid> = self.projects.iter().map(|project| project.0).collect();
        format!("r.project_id = any({})", binds.bind(Bind::Uuids(projects)))
    }
}
