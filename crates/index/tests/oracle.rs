//! The index against the reference evaluator, which asks `filter::eval`: random people, random sequences of batches with
//! rows put, replaced and removed, chunks merged in between, and after each step random filters and questions.
//!
//! `ORACLE_CASES=1000000 cargo test -p index --test oracle --release` runs the long form; a failure prints its seed, with
//! which `ORACLE_SEED=…` begins.

#[path = "../../filter/tests/it/generator/mod.rs"]
mod generator;
#[path = "oracle/model.rs"]
mod model;
#[path = "oracle/questions.rs"]
mod questions;
#[path = "../../filter/tests/it/table.rs"]
#[allow(dead_code, reason = "the file is shared with tests that use more of it")]
mod table;

use filter::Predicate;
use generator::Dice;
use index::Question;
use model::{Model, compare};

/// Questions of the normal run.
const CASES: u64 = 20_000;
/// Steps of one sequence, and questions after each step.
const STEPS: usize = 12;
const QUESTIONS: usize = 12;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_index_answers_as_the_reference_does_after_any_sequence() {
    let cases = number("ORACLE_CASES").unwrap_or(CASES);
    let mut seed = number("ORACLE_SEED").unwrap_or(1);
    let (mut asked, mut matched, mut lifted) = (0, 0, 0);
    while asked < cases {
        let mut dice = Dice::new(seed);
        let mut model = Model::new(&mut dice);
        for _ in 0..STEPS {
            model.step(&mut dice);
            for _ in 0..QUESTIONS {
                let (expr, predicate) = model.filter(&mut dice);
                let mut question = questions::question(&mut dice);
                if dice.chance(50) {
                    questions::ask_of(&mut question, &expr);
                    question = question.lifted(&expr, &predicate);
                }
                lifted += question.lifts.len();
                let what = format!("ORACLE_SEED={seed}: {expr}\n{question:?}");
                matched += u64::from(compare(&model, &predicate, &question, &what) > 0);
                asked += 1;
            }
        }
        model.check(&format!("ORACLE_SEED={seed}"));
        seed += 1;
    }
    println!("{asked} questions, {matched} of them about somebody; {lifted} facets were lifted");
    assert!(lifted as u64 > asked / 10, "{lifted} facets of {asked} questions were lifted: that says little");
    assert!(matched > asked / 4, "{matched} of {asked} questions are about anybody: they say little");
}

/// Thousands of rows with values all different, so that codes take two bytes and facets are ranges.
#[test]
fn many_values_are_told_apart() {
    let mut dice = Dice::new(7);
    let mut model = Model::new(&mut dice);
    model.crowd(&mut dice, 3_000);
    for _ in 0..number("ORACLE_CROWD").unwrap_or(60) {
        let (expr, predicate) = model.filter(&mut dice);
        let question = questions::question(&mut dice);
        compare(&model, &predicate, &question, &format!("{expr}\n{question:?}"));
        compare(&model, &Predicate::everything(), &question, &format!("everything\n{question:?}"));
    }
    let auto = Question { facets: "auto, email, domain".parse().unwrap(), ..questions::whole() };
    compare(&model, &Predicate::everything(), &auto, "every facet");
    model.check("a crowd");
}

/// The filters of the semantics table, each of every relationship of the table.
#[test]
fn the_index_agrees_with_the_table() {
    let table = table::read();
    assert!(table.rows.len() > 400);
    for row in &table.rows {
        let model = Model::of(&table.customers, &row.zone);
        let predicate = model.check_filter(&row.filter, row.now, &table.catalogue);
        compare(
            &model,
            &predicate,
            &questions::whole(),
            &format!("semantics.txt:{}: {}", row.line, row.filter),
        );
    }
}
