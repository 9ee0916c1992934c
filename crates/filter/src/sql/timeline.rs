//! A relationship at many moments, for `was (…) in period`: the log is read once and carried forward, so that a hundred
//! thousand changes are a few sorts, and no moment looks for what came before it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Writer;
use crate::binds::Bind;
use crate::field::Field;
use crate::predicate::Node;

/// Each key is carried in columns of its own. Filters that ask for more keys look into the log at each moment.
const KEYS_MAX: usize = 16;

/// What a filter asks of a relationship that the log tells.
#[derive(Default)]
pub(super) struct Asked {
    keys: BTreeSet<String>,
    status: bool,
}

impl Asked {
    /// What a node asks of its own relationship; `None` if that is too much to be carried.
    pub(super) fn of(node: &Node) -> Option<Asked> {
        let mut asked = Asked::default();
        asked.add(node);
        (asked.keys.len() <= KEYS_MAX).then_some(asked)
    }

    fn add(&mut self, node: &Node) {
        match node {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| self.add(node)),
            Node::Not(node) => self.add(node),
            Node::Condition(condition) => condition.fields().for_each(|field| match field {
                Field::Params(path) => self.keys.extend(path.keys().first().cloned()),
                Field::Status | Field::StatusSince => self.status = true,
                _ => {}
            }),
            // These look for themselves.
            Node::Search(_)
            | Node::Elsewhere { .. }
            | Node::Was { .. }
            | Node::First { .. }
            | Node::Seen { .. } => {}
        }
    }
}

/// Something that is carried: `named` says of a change `e` whether it tells of it, `after` what it tells.
struct Carried {
    named: String,
    after: String,
}

impl Writer<'_> {
    /// [`Writer::relationship_at`] at each of some moments, with those params that are asked for.
    pub(super) fn timeline(&mut self, r: &str, whose: &str, moments: &str, asked: &Asked) -> String {
        let keys: Vec<String> = asked.keys.iter().map(|key| self.text(key)).collect();
        let mut carried: Vec<Carried> = keys
            .iter()
            .map(|key| Carried {
                named: format!("e.params ? {key}"),
                after: format!("COALESCE(e.params -> {key} -> 'after', e.params -> {key} -> 'after_large')"),
            })
            .collect();
        let status = asked.status.then_some(carried.len());
        carried.extend(asked.status.then(|| Carried {
            named: "e.fields ? 'status'".to_owned(),
            after: "e.fields -> 'status' -> 'after'".to_owned(),
        }));
        let named = self.binds.bind(Bind::Texts(asked.keys.iter().cloned().collect()));
        let told = format!("(ch.params ?| {named}::text[] OR {} AND ch.fields ? 'status')", asked.status);
        let events = format!(
            "SELECT ch.at, ch.version, ch.seq, ch.fields, ch.params, FALSE AS wanted FROM change ch \
             WHERE ch.account_id = b.account_id AND ch.customer_id = b.customer_id AND ch.project_id = b.project_id \
             AND {told} UNION ALL \
             SELECT m.at, 0, 0, '{{}}', '{{}}', TRUE FROM ({moments}) AS m (at)"
        );
        let carry = carry(&events, &carried, status);
        let params = keys.iter().enumerate().map(|(n, key)| {
            let value = format!("CASE WHEN t.last{n} > t.at THEN t.now{n} ELSE b.params -> {key} END");
            format!(" || CASE WHEN ({value}) IS NULL THEN '{{}}' ELSE jsonb_build_object({key}, {value}) END")
        });
        let params: String = params.collect();
        let [is, since] = match status {
            None => ["b.status", "b.status_since"].map(str::to_owned),
            Some(n) => {
                let then =
                    |was: &str, is: &str| format!("CASE WHEN t.last{n} > t.at THEN {was} ELSE {is} END");
                let since = format!("CASE WHEN t.now{n} IS NOT NULL THEN t.since END");
                [then(&format!("t.now{n} #>> '{{}}'"), "b.status"), then(&since, "b.status_since")]
            }
        };
        let days = self.days("a.project_id = b.project_id AND a.customer_id = b.customer_id");
        format!(
            "(SELECT b.account_id, b.project_id, b.customer_id, b.user_id, b.name, b.first_seen, b.imported, b.began, b.version, \
             t.at AS moment, b.last_activity <= t.at AS all_days, {is} AS status, {since} AS status_since, \
             CASE WHEN b.first_paid <= t.at THEN b.first_paid END AS first_paid, \
             CASE WHEN b.last_activity <= t.at THEN b.last_activity \
             ELSE (SELECT max(d.ended) FROM ({days}) AS d (ended) WHERE d.ended <= t.at) END AS last_activity, \
             '{{}}'::jsonb{params} AS params \
             FROM relationship b CROSS JOIN LATERAL ({carry}) AS t \
             WHERE b.account_id = $1 AND t.wanted AND b.first_seen <= t.at AND {whose} OFFSET 0) AS {r}"
        )
    }
}

/// The events, one for each moment: of everything carried what it is from then on (`now`), and when it changes last (`last`).
fn carry(events: &str, carried: &[Carried], status: Option<usize>) -> String {
    let [mut told, mut groups, mut now] = [String::new(), String::new(), String::new()];
    for (n, Carried { named, after }) in carried.iter().enumerate() {
        // Of several changes at one microsecond the last stands alone.
        let _ = write!(
            told,
            ", bool_or({named}) AS named{n}, \
             (array_agg({after} ORDER BY e.version DESC, e.seq DESC) FILTER (WHERE {named}))[1] AS after{n}"
        );
        let _ = write!(
            groups,
            ", count(*) FILTER (WHERE e.named{n}) OVER (ORDER BY e.at) AS group{n}, \
             max(e.at) FILTER (WHERE e.named{n}) OVER () AS last{n}"
        );
        let _ =
            write!(now, ", first_value(e.after{n}) OVER (PARTITION BY e.group{n} ORDER BY e.at) AS now{n}");
    }
    let told = format!("SELECT e.at, bool_or(e.wanted) AS wanted{told} FROM ({events}) AS e GROUP BY e.at");
    let groups = format!("SELECT e.*{groups} FROM ({told}) AS e");
    let now = format!("SELECT e.*{now} FROM ({groups}) AS e");
    let Some(n) = status else { return now };
    // The status is what it is since it last became another.
    format!(
        "SELECT e.*, max(e.at) FILTER (WHERE e.begins AND e.named{n}) OVER (ORDER BY e.at) AS since FROM (\
         SELECT e.*, e.now{n} IS DISTINCT FROM lag(e.now{n}) OVER (ORDER BY e.at) AS begins FROM ({now}) AS e) AS e"
    )
}
