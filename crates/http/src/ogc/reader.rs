//! Who reads: a signed-in person, in whatever way the program can say so.

use crate::caller::{Caller, secret_of};
use crate::door::Door;
use crate::ogc::answer::Fault;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A signed-in person; an API token may come as the password of HTTP Basic, the name is of no meaning.
#[derive(Debug, Clone)]
pub struct Reader(pub Caller);

impl FromRequestParts<Door> for Reader {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Fault> {
        let secret = basic(&parts.headers).map(|token| (token, true)).or_else(|| secret_of(&parts.headers));
        Ok(Self(Caller::with_secret(parts, door, secret).await?))
    }
}

/// The password of HTTP Basic.
fn basic(headers: &HeaderMap) -> Option<String> {
    let (scheme, code) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(code.trim()).ok()?).ok()?;
    let (_, password) = pair.split_once(':')?;
    (!password.is_empty()).then(|| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_token_is_read_as_the_password_of_basic() {
        let of = |value: &'static str| {
            basic(&HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]))
        };
        // "qgis:t:1", ":t", "qgis:", "qgis"
        assert_eq!(of("Basic cWdpczp0OjE="), Some("t:1".into()));
        assert_eq!(of("basic OnQ="), Some("t".into()));
        for none in ["Basic cWdpczo=", "Basic cWdpcw==", "Basic %%%", "Bearer OnQ=", "Basic"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
