//! Of which project a question is, and of when.

/// Whose rows are asked, and as of when.
#[derive(Debug, clap::Args)]
pub struct Whose {
    /// Only customers of this project (account keys see all)
    #[arg(long, value_name = "SLUG")]
    pub project: Option<String>,

    /// Ask all test projects instead of all others
    #[arg(long, conflicts_with = "project")]
    pub test: bool,

    /// Ask what was so at a moment of the past: 2026-03-01 (the end of that day), '30 days ago'
    #[arg(long, value_name = "MOMENT")]
    pub as_of: Option<String>,
}

impl Whose {
    /// As parameters of an address.
    pub fn parameters(&self) -> [(&'static str, Option<String>); 3] {
        [
            ("project", self.project.clone()),
            ("test", self.test.then(|| "true".to_owned())),
            ("as_of", self.as_of.clone()),
        ]
    }
}
