//! Ids: UUIDv7s made here, so that they sort by age and need no round trip. One type a noun, so that they never mix.

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id: a UUIDv7.
            #[allow(clippy::new_without_default, reason = "an id is an act, not a neutral value")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A product of the account.
    ProjectId;
    /// A person, unique by e-mail in the account.
    CustomerId;
    /// Somebody who signs in.
    MemberId;
    /// An API key's row; the key itself is a [`Secret`](super::Secret).
    KeyId;
    /// A saved filter.
    SegmentId;
    /// What a member has noted of a person.
    NoteId;
    /// A browser in which a member is signed in.
    SessionId;
    /// A run of an import.
    ImportId;
    /// Something that a member did to many customers at once.
    ActId;
}
