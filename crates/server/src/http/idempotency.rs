//! The header `Idempotency-Key`: a request that is sent twice happens once.

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, header, request::Parts},
};
use sha2::{Digest, Sha256};

use super::{App, Code, Problem};
use crate::{model::KeyId, store::write::Once};

/// The header.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest key, in characters.
const KEY_MAX: usize = 255;

/// What the caller says of repetition, if anything.
pub struct Idempotency {
    key: Option<String>,
    /// Hashes requests so that a stolen table says nothing of their content: made of the API key, which is not stored.
    secret: [u8; 32],
    path: String,
}

impl FromRequestParts<App> for Idempotency {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let key = parts.headers.get(HEADER).map(|value| match value.to_str() {
            Ok(key) if (1..=KEY_MAX).contains(&key.trim().len()) => Ok(key.trim().to_owned()),
            _ => Err(Problem::new(
                Code::InvalidRequest,
                format!("Idempotency-Key has 1 to {KEY_MAX} visible ASCII characters; a new UUID for each request does well."),
            )),
        });
        let credentials = parts.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
        let secret =
            Sha256::new().chain_update(b"idempotency\0").chain_update(credentials.unwrap_or_default());
        Ok(Idempotency {
            key: key.transpose()?,
            secret: secret.finalize().into(),
            path: parts.uri.path().to_owned(),
        })
    }
}

impl Idempotency {
    /// What makes this request happen once; `None` when the caller did not ask for it.
    pub fn once(self, scope: KeyId, body: &[u8]) -> Option<Once> {
        // What a caller makes keys of may be an address: its hash tells two keys apart as well.
        let key = Sha256::digest(self.key?).iter().map(|byte| format!("{byte:02x}")).collect();
        let request = Sha256::new().chain_update(self.path).chain_update(b"\0").chain_update(body).finalize();
        let request = Sha256::new().chain_update(self.secret).chain_update(request).finalize().into();
        Some(Once { scope, key, request })
    }
}
