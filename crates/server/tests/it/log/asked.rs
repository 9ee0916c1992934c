//! Questions about what was played: what Postgres and the index answer of the past must be what `eval` and the reference say
//! of the documents, in filters by the thousand and in whole questions as of a moment.
//!
//! `ORACLE_CASES=1000000 cargo test -p server --test it log::asked` asks about so many pairs of a relationship and a filter,
//! each of Postgres and twice of the index; `ORACLE_SEED=…` begins with another sequence.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant as Clock};

use filter::{Binds, Document, Past, Predicate, Tense, eval, value::Instant};
use index::{
    Part, Question,
    reference::{self, Customer, World},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use server::{
    model::now,
    store::{
        Rows, Store, View,
        lexicon::{self, Lexicon},
        query::{self, Engine, Query, Relationship},
    },
};
use uuid::Uuid;

use super::{
    Play, STEPS, documents::Everybody, held::same, indexed::Indexed, number, questions::Asker, script,
};
use crate::{language, query_oracle};

/// Pairs of a relationship and a filter in a normal run.
const PAIRS: usize = 20_000;
/// A slow machine asks less in the normal run.
const PATIENCE: Duration = Duration::from_secs(40);
/// Filters in one statement, and statements about the present, as of a moment, and whole questions after each sequence.
const FILTERS: usize = 25;
const STATEMENTS: usize = 10;
const QUESTIONS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_is_answered_as_eval_says_and_as_it_was_told() {
    let (wanted, mut seed) = (number("ORACLE_CASES"), number("ORACLE_SEED").unwrap_or(1) as u64);
    let mut play = Play::open().await;
    play.asks = true;
    let begin = Clock::now();
    let met = |play: &Play| play.heard.get("pairs").copied().unwrap_or(0);
    while met(&play) < wanted.unwrap_or(PAIRS) && (wanted.is_some() || begin.elapsed() < PATIENCE) {
        let steps = script::steps(&mut StdRng::seed_from_u64(seed), STEPS);
        if let Err(fault) = play.run(&steps, seed).await {
            println!("ORACLE_SEED={seed}: {fault}\n\nSearching for a shorter sequence that fails ...");
            let fault = play.shorten(steps, fault, seed).await;
            panic!("ORACLE_SEED={seed}, made short:\n{fault}");
        }
        seed += 1;
    }
    println!("up to sequence {seed} in {:?}: {:?}", begin.elapsed(), play.heard);
    let (pairs, held) = (met(&play), play.heard["pairs that hold"]);
    assert!(held > pairs / 20 && held < pairs - pairs / 20, "{held} of {pairs} hold: they say little");
    assert!(play.heard["questions about somebody"] > play.heard["questions"] / 4, "{:?}", play.heard);
    // Each is asked of two indexes.
    assert!(play.heard["pairs in the index"] > pairs, "{:?}", play.heard);
    assert!(play.heard["questions of the index"] > play.heard["questions"], "{:?}", play.heard);
}

/// What is asked about, and of what.
pub(super) struct Asked<'a> {
    everybody: &'a Everybody,
    pub(super) customers: Vec<Customer<'a>>,
    pub(super) lexicon: &'a Lexicon,
    moments: &'a [Instant],
    pub(super) indexed: Indexed,
}

impl Play {
    /// Asks of everything that was played.
    pub(super) async fn ask(&mut self, rng: &mut StdRng) -> Result<(), String> {
        let view = View::account(self.server.account);
        let lexicon = &lexicon::load(&self.server.app.store, &view).await.unwrap();
        let everybody = &Everybody::read(&self.client, &lexicon.zone).await;
        let moments = &everybody.moments();
        let (customers, indexed) = (everybody.customers(), self.indexed().await?);
        let asked = Asked { everybody, customers, lexicon, moments, indexed };
        for n in 0..STATEMENTS {
            let moment = (n % 2 == 1).then(|| asked.asker(None).instant(rng));
            for (text, _) in self.filters(rng, &asked, moment).await? {
                self.finds(&asked, &view, &text, moment).await?;
            }
        }
        for _ in 0..QUESTIONS {
            self.question(rng, &asked, &view).await?;
        }
        self.copies(rng, &asked.asker(None)).await
    }

    /// Asks Postgres many filters at once of everybody, as they are or as they were.
    async fn filters(
        &mut self,
        rng: &mut StdRng,
        asked: &Asked<'_>,
        moment: Option<Instant>,
    ) -> Result<Vec<(String, Predicate)>, String> {
        let filters = asked.filters(rng, moment)?;
        let account: Uuid = self.server.account.to_string().parse().unwrap();
        let mut binds = Binds::starting_at(2);
        let (from, tense) = match moment {
            None => (language::FROM.to_owned(), Tense::Present),
            Some(moment) => {
                let past = filter::past("true", moment, &asked.lexicon.zone, &mut binds);
                let customer = "join customer c on c.account_id = r.account_id and c.id = r.customer_id";
                (format!("from {past} {customer} where true"), Tense::Past)
            }
        };
        let columns = filters.iter().map(|(_, predicate)| filter::sql(predicate, tense, &mut binds));
        let columns = columns.collect::<Vec<_>>().join(", ");
        let sql = format!("select r.customer_id, r.project_id, {columns} {from}");
        let rows = language::run(&self.client, account, &sql, &binds).await;
        let mut rows: BTreeMap<(Uuid, Uuid), _> =
            rows.iter().map(|row| ((row.get(0), row.get(1)), row)).collect();
        let (mut pairs, mut hold) = (0, 0);
        for customer in &asked.customers {
            let past = moment.map(|moment| past(customer, moment));
            let documents: Vec<Document<'_>> = match &past {
                Some(past) => past.iter().map(Past::document).collect(),
                None => customer.documents.clone(),
            };
            for (place, document) in documents.iter().enumerate() {
                let row = rows.remove(&(customer.id, document.project));
                let row = row.ok_or(format!("{moment:?}: Postgres knows nothing of {}", document.email))?;
                for (column, (text, predicate)) in filters.iter().enumerate() {
                    let (told, held) = (eval(predicate, &documents, place), row.get(column + 2));
                    let project = &asked.lexicon.slugs()[&document.project];
                    let of = format!("{} in {project}", document.email);
                    same(&format!("{text}\nof {of} as of {moment:?}"), told, held)
                        .map_err(|fault| format!("{fault}\n{}", asked.everybody.shown(customer.id)))?;
                    pairs += 1;
                    hold += usize::from(told);
                }
            }
        }
        same("rows that eval does not know", 0, rows.len())?;
        *self.heard.entry("pairs").or_default() += pairs;
        *self.heard.entry("pairs that hold").or_default() += hold;
        Ok(filters)
    }

    /// Asks one whole question as of a moment, and all of its pages.
    async fn question(&mut self, rng: &mut StdRng, asked: &Asked<'_>, view: &View) -> Result<(), String> {
        let asker = asked.asker(None);
        let mut moment = asker.instant(rng);
        let mut as_of = moment.to_string();
        let day = filter::calendar::day_of(moment, &asked.lexicon.zone);
        let end =
            Instant(filter::calendar::first_instant(day.tomorrow().unwrap(), &asked.lexicon.zone).0 - 1);
        if rng.random_bool(0.3) && end < asker.now.into() {
            (as_of, moment) = (day.to_string(), end);
        }
        let (filter, predicate) = match rng.random_bool(0.3) {
            true => (String::new(), Predicate::everything()),
            false => asked.one(rng, Some(moment))?,
        };
        let question = asker.question(rng);
        let rows = if rng.random_bool(0.5) { Rows::Test } else { Rows::Project("one".to_owned()) };
        let query = Query {
            filter,
            rows,
            question,
            as_of: Some(as_of),
            engine: Some(Engine::Sql),
            lift_own: rng.random_bool(0.3),
            ..Query::default()
        };
        let what = format!("{query:?}");
        let answer = query::run(&self.server.app.store, view, &query).await;
        let answer = answer.map_err(|error| format!("{what}\n{error}"))?;
        same("as_of", Some(moment.timestamp()), answer.as_of)?;
        let rows: BTreeSet<Uuid> = asked.lexicon.rows(&query.rows).unwrap().into_iter().collect();
        let (slugs, zone) = (asked.lexicon.slugs(), asked.lexicon.zone.clone());
        let customers = &asked.customers;
        let world = World { customers, projects: &slugs, rows: &rows, zone, moment: Some(moment) };
        let mut whole = Question { limit: usize::MAX, ..query.question.clone() };
        if query.lift_own {
            let (expr, predicate) = asked.lexicon.check(&query.filter, answer.now).unwrap();
            whole = whole.lifted(&expr, &predicate);
        }
        let expected = reference::answer(&world, &predicate, &whole);
        query_oracle::agree(&query, &answer, &expected).map_err(|fault| format!("{what}\n{fault}"))?;
        let store = &self.server.app.store;
        let pages = self.pages(store, view, query.clone(), answer, customers, moment).await;
        let pages = pages.map_err(|fault| format!("{what}\n{fault}"))?;
        same(&what, &expected.customers, &pages)?;
        let answers = self.answers(asked, view, &query, moment, &expected).await;
        answers.map_err(|fault| format!("{what}\n{fault}"))?;
        *self.heard.entry("questions").or_default() += 1;
        *self.heard.entry("questions about somebody").or_default() += usize::from(expected.count > 0);
        Ok(())
    }

    /// The customers of all pages, each as it was.
    pub(super) async fn pages(
        &self,
        store: &Store,
        view: &View,
        mut query: Query,
        answer: query::Answer,
        customers: &[Customer<'_>],
        moment: Instant,
    ) -> Result<Vec<Uuid>, String> {
        let mut page = answer.customers.unwrap();
        query.question.select = vec![Part::Customers];
        let mut ids = Vec::new();
        loop {
            for row in &page.rows {
                let customer = customers.iter().find(|customer| customer.id == row.id.0).unwrap();
                let past = past(customer, moment);
                for found in &row.relationships {
                    let then = past.iter().find(|past| past.document().project == found.project.0).unwrap();
                    same(&row.email, shown(&then.document()), held(found))?;
                }
                ids.push(row.id.0);
            }
            let Some(next) = page.next else { return Ok(ids) };
            query.cursor = Some(next);
            let next = query::run(store, view, &query).await;
            page = next.map_err(|error| format!("the next page: {error}"))?.customers.unwrap();
        }
    }
}

impl Asked<'_> {
    /// How many relationships there are.
    pub(super) fn pairs(&self) -> usize {
        self.customers.iter().map(|customer| customer.documents.len()).sum()
    }

    /// Asks of the present, or as of a moment.
    fn asker(&self, moment: Option<Instant>) -> Asker<'_> {
        Asker {
            moments: self.moments,
            now: moment.map_or_else(now, Instant::timestamp),
            horizon: self.lexicon.horizon,
            zone: self.lexicon.zone.clone(),
        }
    }

    fn filters(&self, rng: &mut StdRng, moment: Option<Instant>) -> Result<Vec<(String, Predicate)>, String> {
        (0..FILTERS).map(|_| self.one(rng, moment)).collect()
    }

    /// A filter that can be asked: nothing of before the horizon or of the future.
    fn one(&self, rng: &mut StdRng, moment: Option<Instant>) -> Result<(String, Predicate), String> {
        let asker = self.asker(moment);
        loop {
            let text = asker.filter(rng, 2);
            match self.lexicon.check(&text, asker.now) {
                Ok((_, predicate)) => return Ok((text, predicate)),
                Err(error) if is_unknown(&error.message) => {}
                Err(error) => return Err(error.caret(&text)),
            }
        }
    }
}

/// Whether a filter is refused because nobody knows what it asks.
fn is_unknown(message: &str) -> bool {
    ["history is kept since", "this lies in the future", "this period has", "before it begins", "ends before"]
        .iter()
        .any(|known| message.contains(known))
}

/// A customer as of a moment.
pub(super) fn past<'a>(customer: &'a Customer<'a>, moment: Instant) -> Vec<Past<'a>> {
    customer.documents.iter().filter_map(|document| document.at(moment)).collect()
}

fn shown(then: &Document<'_>) -> String {
    let times = (then.status_since, then.first_paid, then.first_seen, then.last_activity);
    format!("{:?} {times:?} {:?} {:?} {:?}", then.status, then.params, then.name, then.user_id)
}

fn held(then: &Relationship) -> String {
    let times = (then.status_since, then.first_paid, then.first_seen, then.last_activity);
    let (name, user_id) = (then.name.as_deref(), then.user_id.as_deref());
    format!("{:?} {times:?} {:?} {name:?} {user_id:?}", then.status, then.params)
}
