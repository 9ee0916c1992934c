//! The past as SQL: a relationship as it was at a moment, and what has changed, read from the log.
//!
//! The present row is the base. What changed after the moment is put back to what the log says of it, so a relationship
//! that has not changed since costs no look into the log.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::timeline::Asked;
use super::{Alias, OUTERMOST, Writer};
use crate::binds::{Bind, Binds};
use crate::calendar::first_instant;
use crate::field::Field;
use crate::path::Path;
use crate::predicate::{Changed, First, Moved, Node, Order, Side, Stretch, Test, When};
use crate::value::{Instant, Kind};

/// The latest change of a value stands alone among those of one microsecond.
const LATEST: &str = "DESC, ch.version DESC, ch.seq DESC";

/// The rules of zones go on for ever; nobody is seen after the year 2100, in seconds since 1970.
const END_OF_ZONES: i64 = 4_102_444_800;

/// Relationships of the account as they were at a moment, as an item of FROM whose alias is `r`: the columns of
/// `relationship` that a filter can ask for, and `moment`. Which ones, `whose` says of the table under the alias `b`. Binds
/// as for [`super::sql`].
pub fn past(whose: &str, moment: Instant, zone: &TimeZone, binds: &mut Binds) -> String {
    let mut writer = Writer { binds, zone, relationships: 0 };
    let moment = writer.instant(moment);
    writer.relationship_at(OUTERMOST, whose, &moment)
}

impl Writer<'_> {
    pub(super) fn was(&mut self, when: &When, node: &Node, r: Alias<'_>) -> String {
        let number = self.number();
        let (then, at) = (format!("r{number}"), format!("m{number}"));
        let whose = format!("b.project_id = {r}.project_id AND b.customer_id = {r}.customer_id");
        let table = match when {
            When::At(moment) => {
                let moment = self.instant(*moment);
                let moment = if r.past { format!("LEAST({moment}, {r}.moment)") } else { moment };
                self.relationship_at(&then, &whose, &moment)
            }
            When::Own { time, since, now } => {
                let counted = self.own(time, r);
                let moment = format!("t{number}.moment");
                let asked = if r.past { format!("{r}.moment") } else { self.instant(now.0) };
                let mut known = format!("{moment} <= {asked}");
                if *since > Instant(i64::MIN) {
                    known = format!("{known} AND {moment} >= {}", self.instant(*since));
                }
                let table = self.relationship_at(&then, &whose, &format!("{at}.moment"));
                let counted = format!("(SELECT {counted}) AS t{number} (moment)");
                format!(
                    "(SELECT {moment} FROM {counted} WHERE {known}) AS {at} (moment) CROSS JOIN LATERAL {table}"
                )
            }
            When::Within(within) => self.at_moments(number, *within, node, r),
        };
        let holds = self.node(node, Alias { name: &then, past: true });
        format!("EXISTS (SELECT 1 FROM {table} WHERE {holds})")
    }

    /// The relationship at those moments of a time at which a node may have become true, under the alias of that number.
    fn at_moments(&mut self, number: usize, within: Stretch, node: &Node, r: Alias<'_>) -> String {
        let (then, at) = (format!("r{number}"), format!("m{number}"));
        let whose = format!("b.project_id = {r}.project_id AND b.customer_id = {r}.customer_id");
        let moments = self.moments(within, asks_days(node), r);
        match Asked::of(node) {
            Some(asked) => self.timeline(&then, &whose, &moments, &asked),
            None => {
                let table = self.relationship_at(&then, &whose, &format!("{at}.moment"));
                format!("({moments}) AS {at} (moment) CROSS JOIN LATERAL {table}")
            }
        }
    }

    /// What is asked of the first time that something was true.
    pub(super) fn first(&mut self, first: &First, test: &Test, r: Alias<'_>) -> String {
        self.first_time(first, r, |writer, time| match test {
            Test::Own(order, other) => {
                let other = writer.own(other, r);
                format!("COALESCE({time} {} {other}, FALSE)", order.map_or("=", Order::as_str))
            }
            Test::During(range) => {
                format!("({time} IS NOT NULL AND {})", writer.within_instants(time, &range.instants))
            }
            _ => "FALSE".to_owned(), // no check lets it pass
        })
    }

    /// The first time that something was true, null if it never was; or what is made of it.
    pub(super) fn first_time(
        &mut self,
        first: &First,
        r: Alias<'_>,
        make: impl FnOnce(&mut Self, &str) -> String,
    ) -> String {
        let number = self.number();
        let then = format!("r{number}");
        let made = make(self, &format!("min({then}.moment)"));
        let table = self.at_moments(number, first.within, &first.node, r);
        let holds = self.node(&first.node, Alias { name: &then, past: true });
        format!("(SELECT {made} FROM {table} WHERE {holds})")
    }

    /// The moments of a time at which what was true of a customer may have become another: its begin, and whenever
    /// something happened.
    fn moments(&mut self, within: Stretch, days: bool, r: Alias<'_>) -> String {
        let mut moments = Vec::new();
        if within.from > Instant(i64::MIN) {
            moments.push(format!("SELECT {}", self.instant(within.from)));
        }
        let mut within = |time: &str| {
            let known = if r.past { format!(" AND {time} <= {r}.moment") } else { String::new() };
            format!("{}{known}", self.within(time, within))
        };
        let (changed, happened, ended) = (within("ch.at"), within("t.at"), within("t.ended"));
        moments.push(format!(
            "SELECT ch.at FROM change ch WHERE ch.account_id = $1 AND ch.customer_id = {r}.customer_id AND {changed}"
        ));
        moments.push(format!(
            "SELECT t.at FROM relationship o CROSS JOIN LATERAL \
             (VALUES (o.first_seen), (o.first_paid), (o.last_activity)) AS t (at) \
             WHERE o.account_id = $1 AND o.customer_id = {r}.customer_id AND {happened}"
        ));
        if days {
            let days = self.days(&format!("a.customer_id = {r}.customer_id"));
            moments.push(format!("SELECT t.ended FROM ({days}) AS t (ended) WHERE {ended}"));
        }
        moments.join(" UNION ")
    }

    /// The days on which relationships were seen, as their last instants.
    pub(super) fn days(&mut self, whose: &str) -> String {
        let day = "make_date(a.year, 1, 1) + n";
        let ended = self.end_of_day(day);
        format!(
            "SELECT {ended} FROM activity a CROSS JOIN generate_series(0, 365) AS n \
             WHERE a.account_id = $1 AND {whose} AND get_bit(a.days, n) = 1"
        )
    }

    /// The last instant of a civil day. Postgres knows when midnight is; where clocks jump over it or show it twice, the day
    /// begins as [`first_instant`] says.
    fn end_of_day(&mut self, day: &str) -> String {
        let zone = self.text(self.zone.iana_name().unwrap_or("UTC"));
        let plain = format!("(({day} + 1)::timestamp AT TIME ZONE {zone})");
        let odd = odd_days(self.zone);
        let begins = match odd.is_empty() {
            true => plain,
            false => {
                let (days, begins) = odd.into_iter().unzip();
                let (days, begins) =
                    (self.binds.bind(Bind::Days(days)), self.binds.bind(Bind::Instants(begins)));
                format!(
                    "COALESCE((SELECT odd.begins FROM unnest({days}::date[], {begins}::timestamptz[]) AS odd (day, begins) \
                     WHERE odd.day = {day} + 1), {plain})"
                )
            }
        };
        format!("{begins} - interval '1 microsecond'")
    }

    /// [`past`], at a moment that is SQL. OFFSET keeps Postgres from reading the log anew wherever a column is named.
    pub(super) fn relationship_at(&mut self, r: &str, whose: &str, moment: &str) -> String {
        let days = self.days("a.project_id = b.project_id AND a.customer_id = b.customer_id");
        let key = "ch.account_id = b.account_id AND ch.customer_id = b.customer_id AND ch.project_id = b.project_id";
        let status = "ch.fields ? 'status'";
        let after = "COALESCE(ch.params -> later.key -> 'after', ch.params -> later.key -> 'after_large')";
        format!(
            "(SELECT b.account_id, b.project_id, b.customer_id, b.user_id, b.name, b.first_seen, b.imported, b.began, b.version, \
             {moment} AS moment, b.last_activity <= {moment} AS all_days, \
             CASE WHEN s.later THEN s.status ELSE b.status END AS status, \
             CASE WHEN s.later THEN s.since ELSE b.status_since END AS status_since, \
             CASE WHEN b.first_paid <= {moment} THEN b.first_paid END AS first_paid, \
             CASE WHEN b.last_activity <= {moment} THEN b.last_activity \
             ELSE (SELECT max(t.ended) FROM ({days}) AS t (ended) WHERE t.ended <= {moment}) END AS last_activity, \
             CASE WHEN b.last_change <= {moment} THEN b.params ELSE (\
             SELECT (b.params - COALESCE(array_agg(was.key), '{{}}')) || \
             COALESCE(jsonb_object_agg(was.key, was.value) FILTER (WHERE was.value IS NOT NULL), '{{}}') \
             FROM (SELECT later.key, (SELECT {after} FROM change ch WHERE {key} AND ch.at <= {moment} \
             AND ch.params ? later.key ORDER BY ch.at {LATEST} LIMIT 1) AS value \
             FROM (SELECT DISTINCT e.key FROM change ch CROSS JOIN LATERAL jsonb_object_keys(ch.params) AS e (key) \
             WHERE {key} AND ch.at > {moment}) AS later) AS was) END AS params \
             FROM relationship b LEFT JOIN LATERAL (\
             WITH track AS (SELECT DISTINCT ON (ch.at) ch.at, ch.fields -> 'status' ->> 'after' AS status FROM change ch \
             WHERE {key} AND ch.at <= {moment} AND {status} ORDER BY ch.at, ch.version DESC, ch.seq DESC), \
             ended AS (SELECT (SELECT status FROM track ORDER BY at DESC LIMIT 1) AS status) \
             SELECT ended.status, (SELECT min(at) FROM track WHERE ended.status IS NOT NULL AND at > COALESCE((\
             SELECT max(at) FROM track WHERE status IS DISTINCT FROM ended.status), '-infinity')) AS since, \
             EXISTS (SELECT 1 FROM change ch WHERE {key} AND ch.at > {moment} AND {status}) AS later FROM ended\
             ) AS s ON b.last_change > {moment} WHERE b.account_id = $1 AND b.first_seen <= {moment} AND {whose} OFFSET 0) AS {r}"
        )
    }

    pub(super) fn seen(&mut self, least: u32, within: Stretch, r: Alias<'_>) -> String {
        let days = self.days(&format!("a.project_id = {r}.project_id AND a.customer_id = {r}.customer_id"));
        let ended = self.within("t.ended", within);
        let known = match r.past {
            true => format!(" AND ({r}.all_days OR t.ended <= {r}.moment)"),
            false => String::new(),
        };
        let least = self.binds.bind(Bind::Integer(i64::from(least)));
        format!("(SELECT count(*) >= {least}::bigint FROM ({days}) AS t (ended) WHERE {ended}{known})")
    }

    pub(super) fn changed(&mut self, field: &Field, changed: &Changed, r: Alias<'_>) -> String {
        let (named, value) = self.after(field);
        let known = log(r);
        let within = self.within("t.at", changed.within);
        let [from, to] = [(&changed.from, "t.before"), (&changed.to, "t.value")]
            .map(|(side, value)| side.as_ref().map_or("TRUE".to_owned(), |side| self.side(side, value)));
        format!(
            "EXISTS (SELECT 1 FROM (SELECT t.at, t.value, lag(t.value) OVER (ORDER BY t.at) AS before FROM (\
             SELECT DISTINCT ON (ch.at) ch.at, {value} AS value FROM change ch WHERE {known} AND {named} \
             ORDER BY ch.at, ch.version DESC, ch.seq DESC) AS t) AS t \
             WHERE {within} AND t.value IS DISTINCT FROM t.before AND (t.before IS NOT NULL OR t.at > {r}.began) \
             AND {from} AND {to})"
        )
    }

    fn side(&mut self, side: &Side, value: &str) -> String {
        let Side::Any(tests) = side else { return format!("{value} IS NULL") };
        let text = format!("{value} #>> '{{}}'");
        let any: Vec<String> = tests.iter().map(|test: &Test| self.json(value, &text, test)).collect();
        format!("({})", any.join(" OR "))
    }

    /// Which changes name a field, and what it was after one.
    fn after(&mut self, field: &Field) -> (String, String) {
        let (column, key, inside) = match field {
            Field::Params(path) => ("params", path.keys()[0].clone(), &path.keys()[1..]),
            field => ("fields", field.to_string(), &[][..]),
        };
        let key = self.text(&key);
        let after =
            format!("COALESCE(ch.{column} -> {key} -> 'after', ch.{column} -> {key} -> 'after_large')");
        (format!("ch.{column} ? {key}"), self.inside(after, inside).0)
    }

    pub(super) fn moved(&mut self, path: &Path, moved: Moved, r: Alias<'_>) -> String {
        let ends = [moved.before, moved.after].map(|moment| self.value_at(path, moment, r));
        let operator = match moved.direction {
            crate::expr::Direction::Increased => ">",
            crate::expr::Direction::Decreased => "<",
        };
        let [before, after] = ends;
        let is_number = |value: &str| format!("jsonb_typeof({value}) = '{}'", Kind::Number);
        format!(
            "(SELECT CASE WHEN {} AND {} THEN end_.after::numeric {operator} end_.before::numeric ELSE FALSE END \
             FROM (SELECT {before} AS before, {after} AS after) AS end_)",
            is_number("end_.before"),
            is_number("end_.after")
        )
    }

    /// What a path held at a moment; null where it was missing or the relationship had not begun.
    fn value_at(&mut self, path: &Path, moment: Instant, r: Alias<'_>) -> String {
        let field = Field::Params(path.clone());
        let (named, value) = self.after(&field);
        let (present, _) = self.inside(format!("{r}.params"), path.keys());
        let (known, moment) = (log(r), self.instant(moment));
        format!(
            "CASE WHEN {r}.first_seen > {moment} THEN NULL \
             WHEN EXISTS (SELECT 1 FROM change ch WHERE {known} AND {named} AND ch.at > {moment}) \
             THEN (SELECT {value} FROM change ch WHERE {known} AND {named} AND ch.at <= {moment} \
             ORDER BY ch.at {LATEST} LIMIT 1) ELSE {present} END"
        )
    }

    fn instant(&mut self, instant: Instant) -> String {
        format!("{}::timestamptz", self.binds.bind(Bind::Instant(instant)))
    }

    fn within(&mut self, time: &str, within: Stretch) -> String {
        let mut sides = Vec::new();
        if within.from > Instant(i64::MIN) {
            sides.push(format!("{time} >= {}", self.instant(within.from)));
        }
        if within.until < Instant(i64::MAX) {
            sides.push(format!("{time} <= {}", self.instant(within.until)));
        }
        if sides.is_empty() { "TRUE".to_owned() } else { format!("({})", sides.join(" AND ")) }
    }
}

/// The changes of a relationship; of one of the past those that had been.
fn log(r: Alias<'_>) -> String {
    let key =
        format!("ch.account_id = $1 AND ch.customer_id = {r}.customer_id AND ch.project_id = {r}.project_id");
    if r.past { format!("{key} AND ch.at <= {r}.moment") } else { key }
}

/// Whether a node asks when somebody was seen, so that the end of a day may alter it.
fn asks_days(node: &Node) -> bool {
    node.firsts().any(|first| asks_days(&first.node))
        || match node {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().any(asks_days),
            Node::Not(node) | Node::Elsewhere { node, .. } | Node::Was { node, .. } => asks_days(node),
            Node::Seen { .. } => true,
            Node::Condition(condition) => condition.fields().any(|field| *field == Field::LastActivity),
            Node::First { .. } | Node::Search(_) => false,
        }
}

/// The days since 1970 that do not begin at a midnight that clocks show once, and when they do.
fn odd_days(zone: &TimeZone) -> Vec<(Date, Instant)> {
    let turns =
        zone.following(Timestamp::UNIX_EPOCH).take_while(|turn| turn.timestamp().as_second() < END_OF_ZONES);
    let near = turns.flat_map(|turn| {
        let day = zone.to_datetime(turn.timestamp()).date();
        [day.saturating_sub(1.day()), day, day.saturating_add(1.day())]
    });
    let is_odd = |day: &Date| zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).is_ambiguous();
    let mut odd: Vec<(Date, Instant)> =
        near.filter(is_odd).map(|day| (day, first_instant(day, zone))).collect();
    odd.dedup();
    odd
}
