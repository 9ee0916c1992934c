//! What filters mean: every row of `semantics.txt` through `eval`.

use filter::{Scope, check, eval, parse};

use crate::table;

#[test]
fn eval_agrees_with_the_table() {
    let table = table::read();
    let mut wrong = Vec::new();
    for row in &table.rows {
        let scope = Scope {
            now: row.now,
            horizon: None,
            zone: row.zone.clone(),
            names: &table.catalogue,
            account_wide: true,
        };
        let answer = parse(&row.filter).and_then(|expr| check(&expr, &scope));
        let documents: Vec<_> =
            table.customers[row.customer].iter().map(table::Relationship::document).collect();
        match answer {
            Err(error) => wrong.push(format!("semantics.txt:{}\n{}", row.line, error.caret(&row.filter))),
            Ok(predicate) if eval(&predicate, &documents, 0) != row.expected => {
                wrong
                    .push(format!("semantics.txt:{}: expected {} of {}", row.line, row.expected, row.filter));
            }
            Ok(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), table.rows.len(), wrong.join("\n"));
    assert!(table.rows.len() > 500, "the table was cut short: {} rows", table.rows.len());
}
