//! What somebody may see: a whole account, or one of its projects. Keys and members both turn into one.

use super::AccountId;
use crate::model::ProjectId;

/// What somebody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// The account.
    pub account: AccountId,
    /// The only project; `None` sees the whole account.
    pub project: Option<ProjectId>,
}

impl View {
    /// Sees every project: members and account keys.
    pub fn account(account: AccountId) -> View {
        View { account, project: None }
    }

    /// Sees one project and nothing of the others: a project's keys.
    pub fn project(account: AccountId, project: ProjectId) -> View {
        View { account, project: Some(project) }
    }
}

/// Which of the relationships that may be seen are asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rows {
    /// Those of all projects that are neither test projects nor archived. For a project's key: those of its project.
    #[default]
    Live,
    /// Those of all test projects that are not archived.
    Test,
    /// Those of the project with this slug, test or not, archived or not.
    Project(String),
}

impl Rows {
    /// The rows that a slug and the wish for test projects choose together; `None` where a project is named and all test
    /// projects are wished for as well.
    pub fn choose(project: Option<String>, test: bool) -> Option<Rows> {
        match (project, test) {
            (Some(_), true) => None,
            (Some(slug), false) => Some(Rows::Project(slug)),
            (None, true) => Some(Rows::Test),
            (None, false) => Some(Rows::Live),
        }
    }
}
