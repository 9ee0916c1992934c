//! `tinycrm identify`: one call, as an app makes it.

use std::io::{IsTerminal, Read, stdin};

use serde_json::{Map, Value, json};
use server::model::json;

use crate::{
    client::Remote,
    failure::{Failure, sentence},
    output::Output,
};

/// Tell the server about a customer
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What is left out stays as it was. A VALUE is JSON when it reads as JSON (29, true, null, [1, 2],
\"007\"), else it is a string. Flags add to what a JSON call on stdin says.

Examples:
  tinycrm identify ada@example.com --name Ada --status paid --param plan=pro --param mrr=29
  tinycrm identify --user-id u_42 --increment logins=1 --add tags=vip
  echo '{\"email\": \"ada@example.com\", \"params\": {\"plan\": \"pro\"}}' | tinycrm identify -")]
pub struct Identify {
    /// The customer's e-mail address, or - to read the call as JSON from stdin
    #[arg(value_name = "E-MAIL")]
    email: Option<String>,

    /// The app's own id of the customer
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,

    /// Their name
    #[arg(long)]
    name: Option<String>,

    /// free, trial, paid or churned
    #[arg(long)]
    status: Option<String>,

    /// Set a param (may be repeated)
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = pair)]
    params: Vec<Pair>,

    /// Set a param if it is missing (may be repeated)
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    set_once: Vec<Pair>,

    /// Remove a param (may be repeated)
    #[arg(long, value_name = "KEY")]
    unset: Vec<String>,

    /// Add to a number (may be repeated)
    #[arg(long, value_name = "KEY=NUMBER", value_parser = pair)]
    increment: Vec<Pair>,

    /// Add a member to a set (may be repeated)
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    add: Vec<Pair>,

    /// Remove a member from a set (may be repeated)
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    remove: Vec<Pair>,

    /// Replace all params by those of this call
    #[arg(long)]
    replace: bool,

    /// When it happened, as 2026-03-01T09:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    timestamp: Option<String>,

    /// When the customer was first seen
    #[arg(long, value_name = "TIME")]
    first_seen: Option<String>,

    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    remote: Remote,
}

/// A key and its value.
type Pair = (String, Value);

impl Identify {
    /// Sends the call.
    pub fn run(self) -> Result<(), Failure> {
        let client = self.remote.client()?;
        let call = self.call()?;
        if call.is_empty() {
            return Err(Failure::usage("Nobody was named.").hint(
                "Give an e-mail address, --user-id, or a JSON call on stdin: see tinycrm identify --help.",
            ));
        }
        let named = ["email", "user_id"].iter().find_map(|field| call.get(*field)?.as_str());
        let who = named.unwrap_or("the customer").to_owned();
        let answer = client.call("/v1/identify", &Value::Object(call).to_string())?;
        self.output.show(&answer, || summary(&who, &answer))
    }

    /// The call: what stdin says, and the flags over it.
    fn call(&self) -> Result<Map<String, Value>, Failure> {
        let mut call = if self.reads_stdin() { read(stdin().lock())? } else { Map::new() };
        let email = self.email.clone().filter(|email| email != "-");
        let texts = [
            ("email", &email),
            ("user_id", &self.user_id),
            ("name", &self.name),
            ("status", &self.status),
            ("timestamp", &self.timestamp),
            ("first_seen", &self.first_seen),
        ];
        for (field, text) in texts {
            if let Some(text) = text {
                call.insert(field.to_owned(), json!(text));
            }
        }
        let objects = [
            (("params", "--param"), &self.params),
            (("set_once", "--set-once"), &self.set_once),
            (("increment", "--increment"), &self.increment),
            (("add", "--add"), &self.add),
            (("remove", "--remove"), &self.remove),
        ];
        for (names, pairs) in objects.into_iter().filter(|(_, pairs)| !pairs.is_empty()) {
            merge(&mut call, names, pairs)?;
        }
        if !self.unset.is_empty() {
            call.insert("unset".to_owned(), json!(self.unset));
        }
        if self.replace {
            call.insert("replace".to_owned(), json!(true));
        }
        Ok(call)
    }

    /// Stdin is read when asked for by -, or when nothing says who and stdin is a pipe or a file.
    fn reads_stdin(&self) -> bool {
        match &self.email {
            Some(email) => email == "-",
            None => self.user_id.is_none() && !stdin().is_terminal(),
        }
    }
}

fn read(mut input: impl Read) -> Result<Map<String, Value>, Failure> {
    let mut text = String::new();
    input.read_to_string(&mut text)?;
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    // Read as the server reads it: of a key that comes twice, no value may get lost on the way there.
    let call = json::raw(text.as_bytes()).and_then(json::read);
    let fault = match call {
        Ok(Value::Object(call)) => return Ok(call),
        Ok(_) => "A call is a JSON object.".to_owned(),
        Err(refusal) => sentence(&refusal.detail),
    };
    Err(Failure::new(format!("Stdin holds no call. {fault}"))
        .hint(r#"A call looks like {"email": "ada@example.com", "params": {"plan": "pro"}}."#))
}

/// Adds the pairs of a flag to an object of the call. Of a set there may be several members; of everything else a key has one value.
fn merge(call: &mut Map<String, Value>, (field, flag): (&str, &str), pairs: &[Pair]) -> Result<(), Failure> {
    let object = call.entry(field).or_insert_with(|| json!({})).as_object_mut().ok_or_else(|| {
        Failure::usage(format!("On stdin, {field} is not an object, so {flag} cannot add to it."))
            .hint("Give it on stdin or by flags.")
    })?;
    let mut given: Map<String, Value> = Map::new();
    for (key, value) in pairs {
        let value = match given.remove(key) {
            None => value.clone(),
            Some(before) if ["add", "remove"].contains(&field) => {
                [members(before), members(value.clone())].concat().into()
            }
            Some(_) => {
                return Err(Failure::usage(format!("{flag} names {key} twice."))
                    .hint("Leave one out: only one of the values could stay."));
            }
        };
        given.insert(key.clone(), value);
    }
    object.append(&mut given);
    Ok(())
}

/// The members that a value stands for in a set: those of an array, or itself.
fn members(value: Value) -> Vec<Value> {
    match value {
        Value::Array(members) => members,
        one => vec![one],
    }
}

/// Reads `key=value`.
fn pair(text: &str) -> Result<Pair, String> {
    let (key, value) = text.split_once('=').ok_or("it has no =, as in plan=pro")?;
    if key.is_empty() {
        return Err("it has no key before the =, as in plan=pro".to_owned());
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
    Ok((key.to_owned(), value))
}

fn summary(who: &str, answer: &Value) -> String {
    if answer["ignored"] == true {
        return format!("{who} is ignored: nothing was stored. `tinycrm ignore list` says why.");
    }
    let stale: Vec<&str> =
        answer["stale"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let verb = match (answer["created"].as_bool(), answer["changed"].as_bool()) {
        (Some(true), _) => "Created",
        (_, Some(false)) if !stale.is_empty() => "Nothing changed today for",
        (_, Some(false)) => "Nothing changed for",
        _ => "Updated",
    };
    let late = match stale.as_slice() {
        [] => String::new(),
        keys => {
            let keys = keys.join(", ");
            format!(
                " Something later is known of {keys}, and stays; what was before it is part of the history."
            )
        }
    };
    format!("{verb} {who} (version {}).{late}", answer["version"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_when_they_read_as_json() {
        let rows = [
            ("mrr=29", json!(29)),
            ("zip=007", json!("007")),
            (r#"zip="7""#, json!("7")),
            ("beta=false", json!(false)),
            ("referral=null", json!(null)),
            ("plan=pro", json!("pro")),
            ("note=a=b", json!("a=b")),
            ("empty=", json!("")),
            ("tags=[\"a\"]", json!(["a"])),
        ];
        for (text, value) in rows {
            let key = text.split('=').next().unwrap();
            assert_eq!(pair(text).unwrap(), (key.to_owned(), value), "{text}");
        }
        assert!(pair("plan").is_err() && pair("=5").is_err());
    }

    #[test]
    fn a_key_has_one_value_and_a_set_has_members() {
        let merged = |names, pairs: &[&str]| {
            let pairs: Vec<Pair> = pairs.iter().map(|text| pair(text).unwrap()).collect();
            let mut call = Map::new();
            merge(&mut call, names, &pairs).map(|()| call[names.0].clone())
        };
        let tags = merged(("add", "--add"), &["tags=a", "tags=[\"b\", 2]", "roles=x", "tags=c"]).unwrap();
        assert_eq!(tags, json!({ "tags": ["a", "b", 2, "c"], "roles": "x" }));
        assert!(merged(("params", "--param"), &["x=1", "y=1", "x=2"]).is_err());
    }
}
