//! The segments that every account begins with. They are its own from then on: whoever deletes one does not see it again.

/// A segment that is ready.
pub struct Ready {
    /// Its name in addresses and filters.
    pub slug: &'static str,
    /// Its name on pages.
    pub name: &'static str,
    /// The strict form of its filter.
    pub filter: &'static str,
}

/// All of them. Accounts from before got the same by migration 0019.
pub const READY: [Ready; 4] = [
    Ready {
        slug: "trial-ends-soon",
        name: "Trial ends in the next 7 days",
        filter: "status = \"trial\" and params.trial_ends in next 7 days",
    },
    Ready {
        slug: "paid-but-away",
        name: "Paid, not seen for 30 days",
        filter: "status = \"paid\" and last_activity < now - 30d",
    },
    Ready { slug: "new-this-week", name: "New this week", filter: "first_seen in this week" },
    Ready { slug: "won-back", name: "Won back", filter: "status = \"paid\" and was (status = \"churned\")" },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Slug;

    #[test]
    fn they_are_written_as_they_are_kept() {
        for Ready { slug, filter, .. } in READY {
            assert_eq!(filter::parse(filter).unwrap().to_string(), filter);
            slug.parse::<Slug>().unwrap();
        }
    }
}
