//! Who wrote a change: one type from the wire to the row and back.

use uuid::Uuid;

use super::{ActId, ImportId, KeyId, MemberId};

/// Who made a call: it is written beside the change, and says how far the call is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// An app's backend, by its secret key.
    Secret(KeyId),
    /// A browser, by a publishable key: it may only add.
    Publishable(KeyId),
    /// A member, in the dashboard.
    Member(MemberId),
    /// A member, in the dashboard, to many customers at once.
    Act(ActId),
    /// A run of an import, or of another command. Those of before runs had ids have none.
    Import(Option<ImportId>),
    /// Another product's events, turned into calls.
    Connector(Connector),
}

/// A product whose events are turned into calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connector {
    /// Stripe's billing events.
    Stripe,
    /// Paddle's billing events.
    Paddle,
    /// Lemon Squeezy's billing events.
    LemonSqueezy,
    /// Calls in the words of Segment's specification.
    Segment,
}

impl Connector {
    const ALL: [(Connector, &str); 4] = [
        (Connector::Stripe, "stripe"),
        (Connector::Paddle, "paddle"),
        (Connector::LemonSqueezy, "lemon_squeezy"),
        (Connector::Segment, "segment"),
    ];

    fn name(self) -> &'static str {
        Connector::ALL.iter().find(|(connector, _)| *connector == self).map_or("", |(_, name)| name)
    }

    fn named(name: &str) -> Option<Connector> {
        Connector::ALL.iter().find(|(_, known)| *known == name).map(|(connector, _)| *connector)
    }
}

impl Source {
    /// Whether it may only add.
    pub fn is_publishable(self) -> bool {
        matches!(self, Source::Publishable(_))
    }

    /// Whether it tells of what was, rather than as it happens.
    pub fn is_import(self) -> bool {
        matches!(self, Source::Import(_))
    }

    /// The word for it: `secret_key`, `publishable_key`, `member`, `act`, `import` or `connector`.
    pub fn kind(self) -> &'static str {
        match self {
            Source::Secret(_) => "secret_key",
            Source::Publishable(_) => "publishable_key",
            Source::Member(_) => "member",
            Source::Act(_) => "act",
            Source::Import(_) => "import",
            Source::Connector(_) => "connector",
        }
    }

    /// The id of the key, the member, the act or the run.
    pub fn id(self) -> Option<Uuid> {
        match self {
            Source::Secret(key) | Source::Publishable(key) => Some(key.0),
            Source::Member(member) => Some(member.0),
            Source::Act(act) => Some(act.0),
            Source::Import(run) => run.map(|run| run.0),
            Source::Connector(_) => None,
        }
    }

    /// The name of the connector.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Source::Connector(connector) => Some(connector.name()),
            _ => None,
        }
    }

    /// What [`Source::kind`], [`Source::id`] and [`Source::name`] said; `None` when that is nobody.
    pub fn of(kind: &str, id: Option<Uuid>, name: Option<&str>) -> Option<Source> {
        match (kind, id) {
            ("secret_key", Some(id)) => Some(Source::Secret(KeyId(id))),
            ("publishable_key", Some(id)) => Some(Source::Publishable(KeyId(id))),
            ("member", Some(id)) => Some(Source::Member(MemberId(id))),
            ("act", Some(id)) => Some(Source::Act(ActId(id))),
            ("import", id) => Some(Source::Import(id.map(ImportId))),
            ("connector", None) => Connector::named(name?).map(Source::Connector),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back() {
        let id = Uuid::now_v7();
        let connectors = Connector::ALL.map(|(connector, _)| Source::Connector(connector));
        let others = [
            Source::Secret(KeyId(id)),
            Source::Publishable(KeyId(id)),
            Source::Member(MemberId(id)),
            Source::Act(ActId(id)),
            Source::Import(Some(ImportId(id))),
            Source::Import(None),
        ];
        for source in others.into_iter().chain(connectors) {
            assert_eq!(Source::of(source.kind(), source.id(), source.name()), Some(source));
        }
        assert_eq!(Source::of("secret_key", None, None), None);
        assert_eq!(Source::of("connector", None, Some("nobody")), None);
    }
}
