//! One look at a whole file: what it is, what becomes of its columns, what is wrong with it.

use std::{fs::File, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    export::Column,
    import::{
        column::{
            amend::Export,
            columns::{Columns, Who},
            key::Keys,
        },
        fault::Fault,
        file::{
            form::Form,
            header,
            reader::{Reader, Step},
        },
        look::{
            about::{About, Broken},
            note,
            plan::{Plan, Rules},
            rows::Rows,
            tallies::Tallies,
        },
        options::Options,
        rejects::Rejects,
        row::Raw,
    },
};

/// What is known of a file once it was looked at.
#[derive(Debug)]
pub struct Survey {
    form: Form,
    about: About,
    plan: Arc<Plan>,
    /// Whether it is an export of several projects.
    several: bool,
}

/// Looks at a whole file once. `name` is only a hint at what it may be.
pub fn survey(file: &File, name: &str, options: &Options) -> Result<Survey, Fault> {
    let form = Form::find(file, name, options)?;
    let mut reader = Reader::open(&form, file)?;
    let (mut rules, rejects) = rules(&form, file, &mut reader, options)?;
    let mut tallies = Tallies::new(&rules);
    let broken = loop {
        match reader.next()? {
            Step::Row(found) => tallies.see(&rules, &found),
            Step::End => break None,
            Step::Broken(line, detail) => break Some(Broken { line, detail }),
        }
    };
    tallies.settle(&mut rules, options)?;
    let delimiter = form.table().map(|table| table.delimiter);
    let about = About {
        format: form.format(),
        encoding: form.source().map(|source| source.encoding.name().to_owned()),
        compression: form.source().and_then(|source| source.compression).map(|of| of.as_str().to_owned()),
        delimiter: delimiter.map(|delimiter| delimiter.to_string()),
        sheet: form.sheet().map(|sheet| sheet.name.clone()),
        is_export: matches!(rules, Rules::Export(_)),
        records: tallies.rows,
        columns: tallies.columns(&rules),
        notes: [note::of_form(&form, options), tallies.notes(&rules, delimiter)].concat(),
        broken,
    };
    let several = tallies.several_projects(&rules).is_some();
    let plan = Plan { rules, conflicts: tallies.conflicts(), rejects };
    Ok(Survey { form, about, plan: Arc::new(plan), several })
}

/// What becomes of the rows, and how rejected ones are written. Of a table the header is read.
fn rules(
    form: &Form,
    file: &File,
    reader: &mut Reader,
    options: &Options,
) -> Result<(Rules, Rejects), Fault> {
    if matches!(form, Form::Objects { .. }) {
        return Ok((Rules::Objects(Keys::plan(options)?, Default::default()), Rejects::Objects));
    }
    let names = header::read(reader)?;
    header::refuse_past(names.iter().map(String::as_str))?;
    header::refuse_wrong_delimiter(&names, form, file)?;
    let delimiter = form.table().map_or(b',', |table| table.delimiter.0);
    let rejects = Rejects::Table { header: names.clone(), delimiter };
    if let Some(export) = Export::of(&names, options) {
        return Ok((Rules::Export(export?), rejects));
    }
    let columns = Columns::plan(names, options)?;
    if !columns.name_somebody() {
        return Err(header::names_nobody(&columns, form, file));
    }
    Ok((Rules::Table(columns), rejects))
}

impl Survey {
    /// What the file is.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// What the file is, and nothing else of it.
    pub fn into_about(self) -> About {
        self.about
    }

    /// Its rows after the first `from`, up to where it is broken.
    pub fn rows(&self, file: &File, from: u64) -> Result<Rows, Fault> {
        let mut reader = Reader::open(&self.form, file)?;
        if !matches!(self.form, Form::Objects { .. }) {
            header::read(&mut reader)?;
        }
        Ok(Rows::new(reader, Arc::clone(&self.plan), from))
    }

    /// Whether it is an export of several projects: an import takes the rows of one.
    pub fn is_of_several_projects(&self) -> bool {
        self.several
    }

    /// How its rejected rows are written.
    pub fn rejects(&self) -> &Rejects {
        &self.plan.rejects
    }

    /// What our own export prints in each column of the file; empty for any other file. A column that was added later is
    /// `None`: what is given for it to [`Survey::amend`] does not matter.
    pub fn printed(&self) -> &[Option<Column>] {
        match &self.plan.rules {
            Rules::Export(export) => &export.printed,
            _ => &[],
        }
    }

    /// The email and the `user_id` of a row of our own export.
    pub fn who(&self, cells: &[String]) -> (Option<String>, Option<String>) {
        match &self.plan.rules {
            Rules::Export(export) => {
                let Who { email, user_id, .. } = export.who(cells);
                (email, user_id)
            }
            _ => (None, None),
        }
    }

    /// The `user_id` in a row, whatever else is wrong with it.
    pub fn user_id(&self, raw: &Raw) -> Option<String> {
        self.plan.user_id(raw)
    }

    /// What a row of our own export changes, as the body of an identify call; `None` when nothing differs. `printed` is the
    /// present value of each column as the export prints it (see [`Survey::printed`]), and `params` are the present
    /// params; both are `None` for somebody new.
    pub fn amend(
        &self,
        cells: &[String],
        printed: Option<&[String]>,
        params: Option<&Map<String, Value>>,
    ) -> Result<Option<Map<String, Value>>, String> {
        match &self.plan.rules {
            Rules::Export(export) => export.amend(cells, printed, params),
            _ => Err("the file is no export of TinyCRM".to_owned()),
        }
    }
}
