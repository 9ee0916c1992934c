//! What comes next of an act: some of its list, with what is to be written to each. An undoing reads that in the log.

use std::collections::{BTreeMap, HashMap};

use filter::Status;
use tokio_postgres::{Row, types::Json};
use uuid::Uuid;

use super::Step;
use crate::{
    model::{
        ActId, Call, CustomerId, Email, Identify, Past, ProjectId, Seen, Sides, What, Who, back,
        change::{read_fields, read_params},
        held,
    },
    store::{AccountId, Error, Store},
};

/// Places of a step: so many calls hold nobody up.
const STEP: i64 = 500;

/// What is to be done next.
#[derive(Debug)]
pub enum Portion {
    /// Calls of a project.
    Write(ProjectId, Vec<Call>, Step),
    /// People who go.
    Erase(Vec<CustomerId>, Step),
}

/// What comes next of an act; `None` when all is done. Of one that has ended nothing comes ([`Error::Missing`]).
pub async fn next(store: &Store, account: AccountId, act: ActId) -> Result<Option<Portion>, Error> {
    let client = store.client().await?;
    let sql =
        "select done, what, total is null from act where account_id = $1 and id = $2 and ended_at is null";
    let row = client.query_opt(sql, &[&account.0, &act.0]).await?.ok_or(Error::Missing("act"))?;
    let (done, Json(what), unlisted): (i64, Json<What>, bool) = (row.get(0), row.try_get(1)?, row.get(2));
    if let (What::Undo { act: of }, true) = (&what, unlisted) {
        client.execute(LIST, &[&account.0, &act.0, &of.0]).await.map_err(Error::of_write)?;
    }
    let places = client.query(PLACES, &[&account.0, &act.0, &done, &STEP]).await?;
    let Some(project) = places.first().map(|row| row.get::<_, Option<Uuid>>(1)) else { return Ok(None) };
    let rows: Vec<&Row> = places.iter().take_while(|row| row.get::<_, Option<Uuid>>(1) == project).collect();
    let to = rows.last().map_or(done, |row| row.get(0));
    let step = Step { act, from: done, to, stayed: 0 };
    let known: Vec<(CustomerId, Email)> =
        rows.iter().filter_map(|row| Some((CustomerId(row.get(2)), email(row)?))).collect();
    let missing = |found: usize| to - done - i64::try_from(found).unwrap_or(i64::MAX);
    let Some(project) = project else {
        let people = known.iter().map(|(id, _)| *id).collect();
        return Ok(Some(Portion::Erase(people, Step { stayed: missing(known.len()), ..step })));
    };
    let sql = "select from project where account_id = $1 and id = $2 and archived";
    if client.query_opt(sql, &[&account.0, &project]).await?.is_some() {
        return Err(Error::Conflict("the project is archived: nothing is written to it".to_owned()));
    }
    let calls = match &what {
        What::Undo { act: of } => {
            let ids: Vec<Uuid> = known.iter().map(|(id, _)| id.0).collect();
            let written = client.query(WRITTEN, &[&account.0, &project, &ids, &of.0]).await?;
            undoing(&known, &written)
        }
        what => {
            let call = what.call().map_err(|refusal| Error::Conflict(refusal.in_a_line()))?;
            known.into_iter().map(|(id, email)| Some(to_customer(&call, email, Seen::known(id)))).collect()
        }
    };
    let calls: Vec<Call> = calls.into_iter().flatten().collect();
    let step = Step { stayed: missing(calls.len()).max(0), ..step };
    Ok(Some(Portion::Write(ProjectId(project), calls, step)))
}

/// Lists whom an undoing is about: whoever the other act wrote to.
const LIST: &str = "
    with listed as (
        insert into act_target (account_id, act_id, place, project_id, customer_id)
        select $1, $2, row_number() over (order by project_id, customer_id), project_id, customer_id
        from (select distinct project_id, customer_id from change
              where account_id = $1 and source = 'act' and source_id = $3) written
        returning customer_id)
    update act set total = (select count(*) from listed), people = (select count(distinct customer_id) from listed)
    where account_id = $1 and id = $2 and total is null";

/// The next places of a list, with the address of each; none where they are gone.
const PLACES: &str = "
    select t.place, t.project_id, t.customer_id, c.email from act_target t
    left join customer c on c.account_id = $1 and c.id = t.customer_id
    where t.account_id = $1 and t.act_id = $2 and t.place > $3 order by t.place limit $4";

/// What an act wrote to some customers of a project, the last first.
const WRITTEN: &str = "
    select customer_id, fields, params from change
    where account_id = $1 and project_id = $2 and customer_id = any($3) and source = 'act' and source_id = $4
    order by at desc, version desc, seq desc";

fn email(row: &Row) -> Option<Email> {
    Email::parse(&row.get::<_, Option<String>>(3)?).ok()
}

/// A call with whom it is about, and what must be so of them.
fn to_customer(call: &Identify, email: Email, seen: Seen) -> Call {
    let who = Who { email: Some(email), user_id: None };
    Call::Identify(Box::new(Identify { who, seen: Some(Box::new(seen)), ..call.clone() }))
}

/// For each thing that was written, the call that takes it back; `None` where it was too long for the log.
fn undoing(known: &[(CustomerId, Email)], written: &[Row]) -> Vec<Option<Call>> {
    let emails: HashMap<CustomerId, &Email> = known.iter().map(|(id, email)| (*id, email)).collect();
    let mut calls = Vec::new();
    for row in written {
        let id = CustomerId(row.get(0));
        let Some(email) = emails.get(&id) else { continue };
        let fields = read_fields(row.get(1)).into_iter().filter(|(name, _)| *name == "status");
        let fields = fields.map(|(_, sides)| status_back(&sides));
        let params = read_params(row.get(2)).into_iter().map(|(key, sides)| param_back(key, &sides));
        calls.extend(fields.chain(params).map(|back| {
            let Back { call, name, held } = back?;
            let seen = Seen { customer: id, held: BTreeMap::from([(name, held)]) };
            Some(to_customer(&call, (*email).clone(), seen))
        }));
    }
    calls
}

/// What takes one value back, and what it must still be.
struct Back {
    call: Identify,
    name: String,
    held: Option<String>,
}

fn status_back(sides: &Sides) -> Option<Back> {
    let before = sides.before.as_ref()?.as_str()?;
    let status = Status::ALL.into_iter().find(|status| status.as_str() == before)?;
    let held = held(sides);
    Some(Back { call: Identify { status: Some(status), ..nothing() }, name: "status".to_owned(), held })
}

fn param_back(key: String, sides: &Sides) -> Option<Back> {
    let (edit, name, held) = (back(sides)?, format!("params.{key}"), held(sides));
    Some(Back { call: Identify { edits: BTreeMap::from([(key, edit)]), ..nothing() }, name, held })
}

/// A call that says nothing yet.
fn nothing() -> Identify {
    Identify {
        who: Who::default(),
        name: None,
        status: None,
        edits: BTreeMap::new(),
        replace: false,
        at: None,
        past: Past::default(),
        live: false,
        seen: None,
    }
}
