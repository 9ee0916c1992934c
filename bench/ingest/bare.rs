//! The bare loop: what this Postgres on this disk could do just now if nobody asked anything, merged anything or answered
//! anybody. One connection, one statement a table, each a set of columns unnested, planned once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls, Statement, Transaction, types::ToSql};
use uuid::Uuid;

use crate::{Failure, calls, load::Times};

/// Statements go by key on tables of any size, whether or not Postgres has looked at them yet.
const SESSION: &str = "
    set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_hashjoin = off;
    set enable_mergejoin = off";

/// A connection and an account of its own, beside the server's.
pub(crate) struct Bare {
    client: Client,
    account: Uuid,
    project: Uuid,
    /// The account that the server writes.
    served: Uuid,
    /// The customers, with their params as last written.
    customers: Vec<(Uuid, Value)>,
    turn: usize,
    statements: Statements,
}

struct Statements {
    clock: Statement,
    customers: Statement,
    relationships: Statement,
    activity: Statement,
    changes: Statement,
    update: Statement,
    ping: Statement,
    feed: Statement,
}

impl Statements {
    async fn prepare(client: &Client) -> Result<Statements, Failure> {
        let prepare = |sql| client.prepare(sql);
        Ok(Statements {
            clock: prepare(
                "update clock set version = version + 1, time = greatest(time, now()) where account_id = $1 returning version",
            ).await?,
            customers: prepare(
                "insert into customer (account_id, id, email) select $1, * from unnest($2::uuid[], $3::text[])",
            )
            .await?,
            relationships: prepare(
                "insert into relationship (account_id, project_id, customer_id, user_id, name, status, status_since,
                                           params, open_keys, first_seen, last_activity, last_day, began, last_change,
                                           version)
                 select $1, $2, u.id, u.user_id, u.name, u.status, now(), u.params, '{}', now(), now(), current_date, now(),
                        now(), $8
                 from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::jsonb[])
                      as u (id, user_id, name, status, params)",
            )
            .await?,
            activity: prepare(
                "insert into activity (account_id, project_id, customer_id, year, days)
                 select $1, $2, u.id, 2026, $4 from unnest($3::uuid[]) as u (id)",
            )
            .await?,
            changes: prepare(
                "insert into change (account_id, project_id, customer_id, at, version, seq, created, dated_by, received,
                                     source, source_id, fields, params, stale)
                 select $1, $2, u.customer_id, now(), $3, u.seq, false, 'receipt', now(), 'secret_key', $2, u.fields, u.params,
                        '{}'
                 from unnest($4::int[], $5::uuid[], $6::jsonb[], $7::jsonb[]) as u (seq, customer_id, fields, params)",
            )
            .await?,
            update: prepare(
                "update relationship r set status = 'paid', status_since = now(), first_paid = now(),
                        params = u.params, last_activity = now(), last_change = now(), version = $5
                 from unnest($3::uuid[], $4::jsonb[]) as u (customer_id, params)
                 where r.account_id = $1 and r.project_id = $2 and r.customer_id = u.customer_id",
            )
            .await?,
            ping: prepare(
                "update relationship r set last_activity = now(), version = $4
                 from unnest($3::uuid[]) as u (customer_id)
                 where r.account_id = $1 and r.project_id = $2 and r.customer_id = u.customer_id",
            )
            .await?,
            feed: prepare(
                "insert into feed (account_id, version, at, touched_projects, touched_customers, removed_projects,
                                   removed_customers)
                 values ($1, $2, now(), array_fill($3::uuid, array[cardinality($4::uuid[])]), $4, '{}', '{}')",
            )
            .await?,
        })
    }
}

impl Bare {
    /// Connects, and makes an account beside the one that is there.
    pub(crate) async fn open(database: &str) -> Result<Bare, Failure> {
        let (client, connection) = tokio_postgres::connect(database, NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(SESSION).await?;
        let served =
            client.query_one("select account_id from project where slug = 'bench'", &[]).await?.get(0);
        let (account, project) = (Uuid::now_v7(), Uuid::now_v7());
        client
            .execute("insert into account (id, name, created_at) values ($1, 'bare', now())", &[&account])
            .await?;
        client.execute("insert into clock (account_id, version) values ($1, 0)", &[&account]).await?;
        client
            .execute(
                "insert into project (account_id, id, slug, name, colour, test, created_at)
                 select $1, $2, 'bare', 'bare', colour, false, now() from project where account_id = $3",
                &[&account, &project, &served],
            )
            .await?;
        let statements = Statements::prepare(&client).await?;
        Ok(Bare { client, account, project, served, customers: Vec::new(), turn: 0, statements })
    }

    /// The version of the account that the server writes.
    pub(crate) async fn version(&self) -> Result<i64, Failure> {
        let sql = "select version from clock where account_id = $1";
        Ok(self.client.query_one(sql, &[&self.served]).await?.get(0))
    }

    /// How many rows the server's commits after a version had on average.
    pub(crate) async fn rows_a_commit(&self, after: i64) -> Result<usize, Failure> {
        let sql = "select coalesce(avg(cardinality(touched_customers)), 1)::float8 from feed
                   where account_id = $1 and version > $2";
        let mean: f64 = self.client.query_one(sql, &[&self.served, &after]).await?.get(0);
        Ok((mean.round() as usize).max(1))
    }

    /// New customers: `count` of them from `first` on.
    pub(crate) async fn import(
        &mut self,
        first: usize,
        count: usize,
        a_commit: usize,
    ) -> Result<Times, Failure> {
        let all: Vec<usize> = (first..first + count).collect();
        let begin = Instant::now();
        for numbers in all.chunks(a_commit) {
            let batch = Arrivals::of(numbers);
            let (account, project) = (self.account, self.project);
            let ((tx, own), version) = self.begin().await?;
            let days = [1_u8; 46].as_slice();
            let seqs: Vec<i32> = (0..).take(numbers.len()).collect();
            let statements: [(_, &[&(dyn ToSql + Sync)]); 4] = [
                (&own.customers, &[&account, &batch.ids, &batch.emails]),
                (
                    &own.relationships,
                    &[
                        &account,
                        &project,
                        &batch.ids,
                        &batch.user_ids,
                        &batch.names,
                        &batch.statuses,
                        &batch.params,
                        &version,
                    ],
                ),
                (&own.activity, &[&account, &project, &batch.ids, &days]),
                (
                    &own.changes,
                    &[&account, &project, &version, &seqs, &batch.ids, &batch.fields, &batch.sides],
                ),
            ];
            for (statement, parameters) in statements {
                tx.execute(statement, parameters).await?;
            }
            tx.execute(&own.feed, &[&account, &version, &project, &batch.ids]).await?;
            tx.commit().await?;
            self.customers.extend(batch.ids.into_iter().zip(batch.params));
        }
        Ok(Times::of(count, begin.elapsed()))
    }

    /// Changes known customers until the time is over or so many are changed.
    pub(crate) async fn identify(
        &mut self,
        a_commit: usize,
        time: Duration,
        most: Option<usize>,
    ) -> Result<Times, Failure> {
        let (mut count, begin) = (0, Instant::now());
        while begin.elapsed() < time && most.is_none_or(|most| count < most) {
            let (mut ids, mut params, mut fields, mut sides) = (vec![], vec![], vec![], vec![]);
            for turn in self.turn..self.turn + a_commit {
                let at = calls::scattered(turn, self.customers.len());
                let (id, known) = &mut self.customers[at];
                let mut changed = json!({});
                for (key, after) in calls::altered(turn).as_object().into_iter().flatten() {
                    changed[key] = json!({ "before": known[key], "after": after });
                    known[key] = after.clone();
                }
                ids.push(*id);
                params.push(known.clone());
                sides.push(changed);
                fields.push(match turn < self.customers.len() {
                    true => json!({ "status": { "before": calls::status(at), "after": "paid" } }),
                    false => json!({}),
                });
            }
            self.turn += a_commit;
            let seqs: Vec<i32> = (0..).take(ids.len()).collect();
            let (account, project) = (self.account, self.project);
            let ((tx, statements), version) = self.begin().await?;
            tx.execute(&statements.update, &[&account, &project, &ids, &params, &version]).await?;
            let entered: [&(dyn ToSql + Sync); 7] =
                [&account, &project, &version, &seqs, &ids, &fields, &sides];
            tx.execute(&statements.changes, &entered).await?;
            tx.execute(&statements.feed, &[&account, &version, &project, &ids]).await?;
            tx.commit().await?;
            count += a_commit;
        }
        Ok(Times::of(count, begin.elapsed()))
    }

    /// Marks that known customers were seen.
    pub(crate) async fn ping(&mut self, a_commit: usize, time: Duration) -> Result<Times, Failure> {
        let (mut count, begin) = (0, Instant::now());
        while begin.elapsed() < time {
            let turns = self.turn..self.turn + a_commit;
            let ids: Vec<Uuid> =
                turns.map(|turn| self.customers[calls::scattered(turn, self.customers.len())].0).collect();
            self.turn += a_commit;
            let (account, project) = (self.account, self.project);
            let ((tx, statements), version) = self.begin().await?;
            tx.execute(&statements.ping, &[&account, &project, &ids, &version]).await?;
            tx.execute(&statements.feed, &[&account, &version, &project, &ids]).await?;
            tx.commit().await?;
            count += a_commit;
        }
        Ok(Times::of(count, begin.elapsed()))
    }

    /// A transaction, what it may run, and the version that it makes.
    async fn begin(&mut self) -> Result<((Transaction<'_>, &Statements), i64), Failure> {
        let tx = self.client.transaction().await?;
        let version = tx.query_one(&self.statements.clock, &[&self.account]).await?.get(0);
        Ok(((tx, &self.statements), version))
    }
}

/// New customers as columns.
#[derive(Default)]
struct Arrivals {
    ids: Vec<Uuid>,
    emails: Vec<String>,
    user_ids: Vec<String>,
    names: Vec<String>,
    statuses: Vec<&'static str>,
    params: Vec<Value>,
    fields: Vec<Value>,
    sides: Vec<Value>,
}

impl Arrivals {
    fn of(numbers: &[usize]) -> Arrivals {
        let mut all = Arrivals::default();
        for &n in numbers {
            let (email, user_id, name) = (calls::email(n), format!("u_{n}"), format!("Customer {n}"));
            let params = calls::params(n);
            all.fields.push(json!({ "email": { "after": email }, "user_id": { "after": user_id },
                                    "name": { "after": name }, "status": { "after": calls::status(n) } }));
            let sides = params.as_object().into_iter().flatten();
            all.sides.push(sides.map(|(key, after)| (key.clone(), json!({ "after": after }))).collect());
            all.ids.push(Uuid::now_v7());
            all.emails.push(email);
            all.user_ids.push(user_id);
            all.names.push(name);
            all.statuses.push(calls::status(n));
            all.params.push(params);
        }
        all
    }
}
