//! Any lines as bodies of calls about one person: what is read is merged into a row, and the log must tell that row.

use server::{
    http::Problem,
    model::{
        Call, Identify, Log, Past, Relationship,
        body::{self, Terms},
        change, json,
        merge::{Address, Context, PARAMS_MAX, merge},
    },
};

/// Plays the bytes: each line is a call, the first sign says of which kind of key.
pub(crate) fn play(bytes: &[u8]) {
    let mut row = Row::default();
    for line in bytes.split(|byte| *byte == b'\n').take(20) {
        let (publishable, live, line) = match line {
            [b'-', rest @ ..] => (true, true, rest),
            [b'+', rest @ ..] => (false, false, rest),
            _ => (false, true, line),
        };
        let terms = Terms { now: now(), publishable, live };
        match json::raw(line).and_then(|raw| body::item(raw, terms)) {
            Ok(Call::Identify(call)) => row.take(*call, publishable),
            Ok(Call::Ping(_)) => {}
            Err(refusal) => {
                assert!(!refusal.in_a_line().is_empty());
                assert!((400..500).contains(&Problem::from(refusal).code.status().as_u16()));
            }
        }
    }
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::constant(1_750_000_000, 0)
}

#[derive(Default)]
struct Row {
    row: Option<Relationship>,
    log: Log,
    calls: i64,
    size: Option<usize>,
}

impl Row {
    fn take(&mut self, mut call: Identify, publishable: bool) {
        self.calls += 1;
        let date = call.date(now() + jiff::SignedDuration::from_secs(self.calls));
        let created = self.row.is_none();
        if created {
            // What a first call tells of the time before it is the business of another function.
            call.past = Past::default();
        }
        let mut row = self.row.clone().unwrap_or_else(|| Relationship::new(date.0));
        let context = Context {
            log: &self.log,
            created,
            publishable,
            date,
            horizon: None,
            address: &Address::default(),
            alias: false,
            size: self.size,
        };
        let Ok(merged) = merge(&mut row, &call, context) else {
            assert_eq!(row, self.row.clone().unwrap_or_else(|| Relationship::new(date.0)), "it was refused");
            return;
        };
        assert!(json::text_len(&row.params) <= PARAMS_MAX);
        // Each entry with a comma, and no braces.
        let size = if row.params.is_empty() { 0 } else { json::text_len(&row.params) - 1 };
        assert!(merged.size.is_none_or(|counted| counted == size), "{:?} is not {size}", merged.size);
        self.size = merged.size;
        let stored = serde_json::to_string(&change::to_json(&merged.change.params)).unwrap();
        assert_eq!(change::read_params(serde_json::from_str(&stored).unwrap()), merged.change.params);
        self.log.enter(&merged.change);
        assert_eq!(self.log.differences(&row), Vec::<String>::new());
        self.row = Some(row);
    }
}
