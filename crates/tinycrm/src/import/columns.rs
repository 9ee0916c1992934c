//! The columns of a CSV file: settled once by its header, then applied to each line.

use serde_json::{Map, Value};

use super::{
    draft::Draft,
    rules::{Rules, Target, is_export},
    value::Type,
};
use crate::failure::Failure;

/// The columns of one CSV file.
#[derive(Debug)]
pub struct Columns {
    columns: Vec<(String, Target, Type)>,
    rules: Rules,
}

impl Columns {
    /// Settles what each column of the header is; refuses rules that name no column, and files that name nobody.
    pub fn plan(header: &[String], rules: Rules) -> Result<Columns, Failure> {
        let export = is_export(header.iter().map(String::as_str));
        let column = |name: &String| (name.clone(), rules.target(name, export), rules.kind(name));
        let columns: Vec<_> = header.iter().map(column).collect();
        let plan = Columns { columns, rules };
        plan.refuse_unknown_names(header)?;
        plan.refuse_twins()?;
        plan.refuse_nobody(header)?;
        Ok(plan)
    }

    /// Each column's name and what it is, in the file's order.
    pub fn targets(&self) -> impl Iterator<Item = (&str, &Target)> {
        self.columns.iter().map(|(name, target, _)| (name.as_str(), target))
    }

    /// The call that a line of cells makes.
    pub fn call(&self, cells: &[&str]) -> Result<Map<String, Value>, String> {
        if cells.len() != self.columns.len() {
            return Err(format!("it has {} of the header's {} columns", cells.len(), self.columns.len()));
        }
        let mut draft = Draft::default();
        let filled = self.columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
        for ((name, target, kind), cell) in filled {
            let wrong = |why| format!("column {name}: {why}");
            match target {
                Target::Nothing | Target::Derived => {}
                Target::Field(field) => draft.field(field, self.rules.field(field, Value::from(*cell))),
                Target::Param(keys) => draft.param(keys, kind.read(cell).map_err(wrong)?),
                Target::Rest => draft.params(object(cell).map_err(wrong)?),
            }
        }
        Ok(draft.finish(self.rules.only_missing))
    }

    fn refuse_unknown_names(&self, header: &[String]) -> Result<(), Failure> {
        let target = |name: &String| self.rules.names.values().any(|other| other == name);
        let unknown = |name: &&String| !header.contains(name);
        let maps = self.rules.names.keys().find(unknown).map(|name| ("map", name));
        let types =
            self.rules.types.keys().filter(unknown).find(|name| !target(name)).map(|name| ("type", name));
        match maps.or(types) {
            Some((flag, name)) => Err(Failure::usage(format!(
                "--{flag} names the column {name:?}, which the file does not have."
            ))
            .hint(format!("It has {}.", header.join(", ")))),
            None => Ok(()),
        }
    }

    fn refuse_twins(&self) -> Result<(), Failure> {
        for (position, (name, target, _)) in self.columns.iter().enumerate() {
            let twin = self.columns[..position].iter().find(|(_, other, _)| other == target);
            if let (Some((other, ..)), true) = (twin, !matches!(target, Target::Nothing | Target::Derived)) {
                return Err(Failure::usage(format!(
                    "The columns {other:?} and {name:?} both become {target}."
                ))
                .hint(format!(
                    "Leave one out with --map {:?}, or give it another name.",
                    format!("{name}=")
                )));
            }
        }
        Ok(())
    }

    fn refuse_nobody(&self, header: &[String]) -> Result<(), Failure> {
        let who = [Target::Field("email"), Target::Field("user_id")];
        if self.columns.iter().any(|(_, target, _)| who.contains(target)) {
            return Ok(());
        }
        let letters =
            |name: &str| name.to_lowercase().chars().filter(|c| c.is_alphabetic()).collect::<String>();
        let likely = header.iter().find(|name| letters(name).contains("mail"));
        let name = likely.map_or("E-Mail", String::as_str);
        Err(Failure::usage(format!(
            "No column says who: there is no email and no user_id among {}.",
            header.join(", ")
        ))
        .hint(format!("Name the column with --map {:?}.", format!("{name}=email"))))
    }
}

fn object(cell: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(cell).map_err(|e| format!("it is not a JSON object: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(maps: &[(&str, &str)]) -> Rules {
        let names = maps.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Rules { names, ..Rules::default() }
    }

    fn header(names: &str) -> Vec<String> {
        names.split(',').map(str::to_owned).collect()
    }

    /// The header, the rules, one line, and the call.
    fn check(names: &str, rules: Rules, line: &str, expected: &str) {
        let columns = Columns::plan(&header(names), rules).unwrap();
        let call = columns.call(&line.split(',').collect::<Vec<_>>()).unwrap();
        assert_eq!(Value::Object(call).to_string(), expected, "{names} / {line}");
    }

    #[test]
    fn columns_named_like_fields_are_fields_and_the_others_params() {
        check(
            "email,name,status,plan,mrr",
            Rules::default(),
            "a@x.com,Ada,Paid,pro,19.90",
            r#"{"email":"a@x.com","name":"Ada","params":{"mrr":19.90,"plan":"pro"},"status":"paid"}"#,
        );
        check("Email,user_id", Rules::default(), ",42", r#"{"user_id":"42"}"#);
        check(
            "email,params.company.country,params.company.size,a.b,last_activity",
            Rules::default(),
            "a@x.com,DE,12,x,2026-01-01",
            r#"{"email":"a@x.com","params":{"a.b":"x","company":{"country":"DE","size":12}}}"#,
        );
    }

    #[test]
    fn the_rest_of_an_export_comes_back() {
        let columns = Columns::plan(&header("email,params.a.b,params"), Rules::default()).unwrap();
        let call = columns.call(&["a@x.com", "1", r#"{"a":{"c":[2]},"d":null}"#]).unwrap();
        assert_eq!(Value::Object(call)["params"].to_string(), r#"{"a":{"b":1,"c":[2]},"d":null}"#);
        assert!(columns.call(&["a@x.com", "1", "[2]"]).is_err());
    }

    #[test]
    fn rules_rename_type_and_translate() {
        check(
            "E-Mail,zip",
            rules(&[("E-Mail", "email")]),
            "a@x.com,7",
            r#"{"email":"a@x.com","params":{"zip":7}}"#,
        );
        let mut all = rules(&[("E-Mail", "email"), ("name", "params.name"), ("x", ""), ("Zip Code", "zip")]);
        all.types.insert("zip".to_owned(), Type::String);
        all.statuses.insert("Active".to_owned(), "paid".to_owned());
        all.only_missing = true;
        check(
            "E-Mail,name,x,Zip Code,status",
            all,
            "a@x.com,Acme,1,7,Active",
            r#"{"email":"a@x.com","set_once":{"name":"Acme","zip":"7"},"status":"paid"}"#,
        );
    }

    #[test]
    fn plans_that_cannot_be_meant_are_refused() {
        let refused =
            |names: &str, rules: Rules| Columns::plan(&header(names), rules).unwrap_err().to_string();
        insta::assert_snapshot!(refused("E-Mail,plan", Rules::default()), @r#"
        error: No column says who: there is no email and no user_id among E-Mail, plan.
        hint: Name the column with --map "E-Mail=email".
        "#);
        insta::assert_snapshot!(refused("email,plan", rules(&[("Plan", "plan")])), @r#"
        error: --map names the column "Plan", which the file does not have.
        hint: It has email, plan.
        "#);
        insta::assert_snapshot!(refused("email,Email", Rules::default()), @r#"
        error: The columns "email" and "Email" both become email.
        hint: Leave one out with --map "Email=", or give it another name.
        "#);
    }
}
