//! A database that an earlier version has written is brought up to date, and loses nothing on the way.

use std::time::Duration;

use serde_json::{Value, json};
use server::{
    model::{Call, Source, body, json as reader, now, ready::READY},
    store::{self, AccountId, Store, View, customer, migrate, segment, write::Writer},
};

use crate::support::postgres::TestDb;

/// Migrations 1 and 2.
const BEFORE_LOG: &str = include_str!("upgrade/before_log.sql");

async fn before_log() -> TestDb {
    let db = TestDb::empty().await;
    db.client().await.batch_execute(BEFORE_LOG).await.unwrap();
    db
}

async fn account(store: &Store) -> AccountId {
    store::accounts(store).await.unwrap()[0]
}

/// The history of a customer, oldest first: date, `!` for what was inferred, `*` for a birth, and what each name became.
async fn history(db: &TestDb, email: &str) -> Vec<String> {
    let sql = "select to_char(h.at at time zone 'UTC', 'YYYY-MM-DD'), h.inferred, h.created, h.fields - 'email' || h.params
               from change h join customer c on c.id = h.customer_id join project p on p.id = h.project_id
               where c.email = $1 and p.slug = 'app' order by h.at, h.version, h.seq";
    let rows = db.client().await.query(sql, &[&email]).await.unwrap();
    rows.iter()
        .map(|row| {
            let (date, inferred, created): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
            let sides: Value = row.get(3);
            let each = sides.as_object().unwrap().iter().map(|(name, sides)| {
                let after = sides.get("after").map_or("-".to_owned(), Value::to_string);
                format!("{name}={}", if after.len() > 40 { "long" } else { &after })
            });
            // What was not dated is of the day on which the fixture was made.
            let day = if date.starts_with("2026-11") { "live" } else { &date };
            let marks = [if inferred { "!" } else { "" }, if created { "*" } else { "" }].concat();
            format!("{day}{marks} {}", each.collect::<Vec<_>>().join(" "))
        })
        .collect()
}

async fn holds(store: &Store) {
    for account in store::accounts(store).await.unwrap() {
        let report = store::log::check(store, account).await.unwrap();
        assert_eq!((report.differences, &report.listed), (0, &Vec::new()));
    }
}

#[tokio::test]
async fn a_history_that_was_made_to_be_looked_at_can_be_replayed() {
    let db = before_log().await;
    let store = db.store();
    migrate::run(&store).await.unwrap();
    migrate::run(&store).await.unwrap();
    holds(&store).await;
    assert_eq!(
        history(&db, "ada@x.com").await,
        [
            r#"2026-01-05!* n=1 name="Ada" plan="free" status="free" user_id="u1""#,
            r#"2026-02-05 plan="pro" status="trial""#,
            r#"live n=2 status="paid""#,
            r#"live plan=- status="churned""#,
        ],
        "a birth without a status is told the one that the next change came from"
    );
    assert_eq!(
        history(&db, "bob@x.com").await,
        [
            r#"2026-03-01 status="trial""#,
            r#"2026-03-15! status="paid""#,
            r#"live* mrr=29.90 plan="pro" status="paid""#,
        ],
        "a payment of which only the date was kept is told"
    );
    let cyd = history(&db, "cyd@x.com").await;
    assert_eq!(cyd[..2], [r#"2026-05-01 s="zero""#, "2026-05-02 old=1 s=-"].map(str::to_owned), "{cyd:?}");
    let dan = history(&db, "dan@x.com").await;
    assert_eq!(
        dan[0], r#"live!* bio=- huge=- status="free""#,
        "what is known of long values is their digest"
    );
    let sources = "select distinct to_jsonb(source) from change order by 1";
    let rows = db.client().await.query(sources, &[]).await.unwrap();
    let words: Vec<Value> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(words, [json!("import"), json!("publishable_key"), json!("secret_key")]);
}

#[tokio::test]
async fn an_account_from_before_gets_the_segments_that_are_ready_unless_it_has_their_names() {
    let db = before_log().await;
    let own = "insert into segment (account_id, id, slug, name, filter, project_id, created_at)
               select id, gen_random_uuid(), 'mine', 'Won back', '', null, now() from account limit 1";
    db.client().await.batch_execute(own).await.unwrap();
    let store = db.store();
    migrate::run(&store).await.unwrap();
    let view = View::account(account(&store).await);
    let mut found: Vec<(String, String, String)> = segment::list(&store, &view)
        .await
        .unwrap()
        .into_iter()
        .map(|segment| (segment.slug.to_string(), segment.name, segment.filter))
        .collect();
    let ready = READY.iter().filter(|ready| ready.name != "Won back");
    let mut expected: Vec<_> =
        ready.map(|ready| (ready.slug.to_owned(), ready.name.to_owned(), ready.filter.to_owned())).collect();
    expected.push(("mine".to_owned(), "Won back".to_owned(), String::new()));
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_follows_from_the_log_is_in_the_row() {
    let db = before_log().await;
    let store = db.store();
    migrate::run(&store).await.unwrap();
    let sql = "select to_jsonb(r) from relationship r join customer c on c.id = r.customer_id
               join project p on p.id = r.project_id where c.email = $1 and p.slug = 'app'";
    let row =
        async |email: &str| -> Value { db.client().await.query_one(sql, &[&email]).await.unwrap().get(0) };
    let bob = row("bob@x.com").await;
    assert_eq!(bob["first_paid"], "2026-03-15T00:00:00+00:00");
    assert_eq!(
        bob["status_since"], "2026-03-15T00:00:00+00:00",
        "it has been paid without a break since then"
    );
    assert_eq!(bob["began"], bob["last_change"], "older data came later, and does not move the beginning");
    let ada = row("ada@x.com").await;
    assert_eq!(
        (&ada["began"], &ada["first_seen"]),
        (&json!("2026-01-05T10:00:00+00:00"), &json!("2025-12-24T12:00:00+00:00"))
    );
    assert_eq!(
        &ada["last_day"],
        &ada["last_activity"].as_str().unwrap()[..10],
        "the day on which it was seen last"
    );
    let zone = "select to_jsonb(c.zone) from clock c";
    assert_eq!(
        db.client().await.query_one(zone, &[]).await.unwrap().get::<_, Value>(0),
        json!("America/Los_Angeles")
    );
    let since = "select to_jsonb(p.activity_since is not null) from project p where slug = 'app'";
    assert_eq!(db.client().await.query_one(since, &[]).await.unwrap().get::<_, Value>(0), json!(true));
}

#[tokio::test]
async fn what_was_brought_up_to_date_is_written_to_and_read() {
    let db = before_log().await;
    let store = db.store();
    migrate::run(&store).await.unwrap();
    let account = account(&store).await;
    let project = store::project::find(&store, account, &"app".parse().unwrap()).await.unwrap();
    let writer = Writer::new(store.clone());
    let text = json!({ "email": "bob@x.com", "status": "churned", "timestamp": "2026-04-01" }).to_string();
    let terms = body::Terms { now: now(), publishable: false, live: true };
    let call: Call = body::identify(reader::raw(text.as_bytes()).unwrap(), terms).unwrap();
    writer.submit(account, project.id, Source::Import(None), vec![call], None).await.unwrap();
    assert_eq!(history(&db, "bob@x.com").await[2], r#"2026-04-01 status="churned""#);
    holds(&store).await;
    let view = View::account(account);
    let id = customer::find(&store, &view, "ada@x.com").await.unwrap();
    let first = customer::timeline(&store, &view, id, None, 3).await.unwrap().changes;
    let rest = customer::timeline(&store, &view, id, Some(first[2].place), 10).await.unwrap().changes;
    assert_eq!((first.len(), rest.len()), (3, 2), "two projects, page by page");
}

/// A large table takes several steps; whoever is stopped between two of them goes on from there.
#[tokio::test]
async fn an_upgrade_that_is_cut_off_goes_on() {
    let db = before_log().await;
    let client = db.client().await;
    client
        .batch_execute(
            "insert into customer select account_id, gen_random_uuid(), n || '@many.com'
                 from account join generate_series(1, 1300) n on true cross join lateral (select id as account_id) a;
             insert into relationship
                 select r.account_id, r.project_id, c.id, null, 'N', 'trial', r.status_since, null, '{\"n\": 1}', '{}',
                        r.first_seen, r.last_activity, 1
                 from customer c join (select * from relationship limit 1) r on true where c.email like '%@many.com';
             insert into change
                 select c.account_id, gen_random_uuid(), r.project_id, c.id, r.first_seen, 'import', null,
                        jsonb_build_object('email', jsonb_build_object('after', c.email)), '{\"n\": {\"after\": 1}}', '{}'
                 from customer c join relationship r on r.customer_id = c.id where c.email like '%@many.com'",
        )
        .await
        .unwrap();
    let store = db.store();
    let running = tokio::spawn({
        let store = store.clone();
        async move { migrate::run(&store).await }
    });
    loop {
        // The table is not there before the first step, nor after the last.
        let done = client.query("select done from upgrade where done > 0", &[]).await.unwrap_or_default();
        if !done.is_empty() || running.is_finished() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    running.abort();
    let _ = running.await;
    migrate::run(&db.store()).await.unwrap();
    holds(&db.store()).await;
    let births = "select count(*) from change where created";
    let relationships = "select count(*) from relationship";
    let count = async |sql: &str| client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!((count(births).await, count(relationships).await > 1300), (count(relationships).await, true));
}

/// Addresses get the form that they have now, unless somebody else has it.
#[tokio::test]
async fn addresses_are_brought_into_their_present_form() {
    let db = before_log().await;
    let client = db.client().await;
    client
        .batch_execute(
            "insert into customer select id, gen_random_uuid(), email from account, unnest(array[
                 'a@xn--mnchen-3ya.example', 'a@münchen.de', 'jose\u{301}@x.org', 'xn--a@x.org', 'b@xn--99999999999.de',
                 'c@münchen.example', 'c@xn--mnchen-3ya.example']) email;
             insert into member select gen_random_uuid(), id, 'm@xn--mnchen-3ya.example', null, 'viewer', now() from account",
        )
        .await
        .unwrap();
    migrate::run(&db.store()).await.unwrap();
    let sql = "select coalesce(string_agg(email, ' ' order by email collate \"C\"), '') from customer
               where email like '%xn--%' or email like '%ü%' or email like '%.org'";
    let emails: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(
        emails,
        "a@münchen.de a@münchen.example b@xn--99999999999.de c@münchen.example c@xn--mnchen-3ya.example josé@x.org xn--a@x.org"
    );
    let members = client.query("select from member where email = 'm@münchen.example'", &[]).await.unwrap();
    assert_eq!(members.len(), 1);
}
