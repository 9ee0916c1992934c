//! What may be asked of the numbers of customers.

/// The numbers that are asked for, each under its own flag.
#[derive(Debug, clap::Args)]
pub struct Aggregates {
    /// The sum of a number (may be repeated)
    #[arg(long, value_name = "PATH")]
    sum: Vec<String>,

    /// The average of a number (may be repeated)
    #[arg(long, value_name = "PATH")]
    avg: Vec<String>,

    /// The least number or date (may be repeated)
    #[arg(long, value_name = "PATH")]
    min: Vec<String>,

    /// The greatest number or date (may be repeated)
    #[arg(long, value_name = "PATH")]
    max: Vec<String>,

    /// The median of a number (may be repeated)
    #[arg(long, value_name = "PATH")]
    median: Vec<String>,
}

impl Aggregates {
    /// All of them, as the API names them.
    pub fn all(&self) -> Vec<String> {
        let kinds = [
            ("sum", &self.sum),
            ("avg", &self.avg),
            ("min", &self.min),
            ("max", &self.max),
            ("median", &self.median),
        ];
        let each = |(kind, paths): (&str, &Vec<String>)| {
            paths.iter().map(|path| format!("{kind}({path})")).collect::<Vec<_>>()
        };
        kinds.into_iter().flat_map(each).collect()
    }
}
