//! The signs beside the numbers of a table; those that were used are explained under it.

use serde_json::Value;

use super::FEW;
use crate::table::Table;

/// The signs that a table has used, and what they mean.
#[derive(Debug, Default)]
pub struct Signs(Vec<(&'static str, String)>);

impl Signs {
    /// The sign, where it is so.
    pub fn mark(&mut self, sign: &'static str, meaning: &str, is_so: bool) -> &'static str {
        if !is_so {
            return "";
        }
        if self.0.iter().all(|(used, _)| *used != sign) {
            self.0.push((sign, meaning.to_owned()));
        }
        sign
    }

    /// The sign of a rate of few people; of nobody there is none.
    pub fn few(&mut self, rate: &Value) -> &'static str {
        self.mark("*", &format!("of fewer than {FEW}"), rate["small"] == true && rate["of"] != 0)
    }

    /// The table, and under it what its signs mean.
    pub fn under(self, table: &Table) -> String {
        let meanings = self.0.iter().map(|(sign, meaning)| format!("{sign} {meaning}"));
        let meanings = meanings.collect::<Vec<_>>().join("; ");
        [table.render(), meanings].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_signs_that_were_used_are_explained() {
        let mut table = Table::new(["week", "rate"]);
        let mut signs = Signs::default();
        for (week, rate) in [("1", json!({ "of": 29, "small": true })), ("2", json!({ "of": 30 }))] {
            table.row([week.to_owned(), format!("50%{}", signs.few(&rate))]);
        }
        assert_eq!(signs.few(&json!({ "of": 0, "small": true })), "", "nobody has no rate");
        assert_eq!(signs.mark("+", "not over", false), "");
        assert_eq!(signs.under(&table), "week  rate\n   1  50%*\n   2   50%\n* of fewer than 30");
        assert_eq!(Signs::default().under(&table), table.render());
    }
}
