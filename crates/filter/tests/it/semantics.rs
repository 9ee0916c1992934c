//! What filters mean: every row of `semantics.txt`, and of `past.txt`, through `eval`.

use std::collections::BTreeSet;

use filter::{Document, Scope, check, eval, parse};

use crate::{chronicle, table};

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

#[test]
fn eval_agrees_with_the_table_of_the_past() {
    let chronicle = chronicle::read();
    let mut wrong = Vec::new();
    let mut rows = 0;
    for group in &chronicle.groups {
        let names = group.names();
        for row in &group.rows {
            rows += 1;
            let predicate = match parse(&row.filter).and_then(|expr| check(&expr, &chronicle.scope(row))) {
                Ok(predicate) => predicate,
                Err(error) => {
                    wrong.push(format!("past.txt:{}\n{}", row.line, error.caret(&row.filter)));
                    continue;
                }
            };
            let mut found = BTreeSet::new();
            for (number, person) in group.people.iter().enumerate() {
                let histories: Vec<_> = person.told.iter().map(|told| told.history(&row.zone)).collect();
                let documents: Vec<Document<'_>> = person
                    .told
                    .iter()
                    .zip(&histories)
                    .map(|(told, history)| told.document(history))
                    .collect();
                let holds = (0..documents.len()).filter(|at| eval(&predicate, &documents, *at));
                found.extend(holds.map(|place| names[&(number, place)].clone()));
            }
            if found != row.found {
                let found: Vec<_> = found.into_iter().collect();
                wrong.push(format!("past.txt:{}: finds {}: {}", row.line, found.join(" "), row.filter));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {rows} rows:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows > 300, "the table was cut short: {rows} rows");
}
