//! The address of a server, as people paste it: what is wrong with it is named before anything is sent or linked to it.

use axum::http::Uri;

/// Reads the address that people and apps use: scheme, host and port, without a slash at its end.
pub fn origin(text: &str) -> Result<String, String> {
    let (base, path) = split(text)?;
    if path.is_empty() {
        return Ok(base.to_owned());
    }
    Err(format!("it has the path {path}: write {base} alone, for TinyCRM cannot be served below a path"))
}

/// Reads an address to call; it may have a path where a proxy takes that off.
pub fn base(text: &str) -> Result<String, String> {
    let (base, path) = split(text)?;
    if path == "/v1" || path.starts_with("/v1/") {
        return Err(format!("it has the path {path}, which every call adds itself: write {base}"));
    }
    Ok(format!("{base}{path}"))
}

/// The scheme, host and port of an address, and its path without slashes at the end. What is wrong is told without the text
/// itself where that may hold a secret.
fn split(text: &str) -> Result<(&str, &str), String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if let Some(stray) = stray(text) {
        return Err(format!("it has {stray}"));
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        let near = text.starts_with("localhost") || text.starts_with("127.");
        let scheme = if near { "http://" } else { "https://" };
        return Err(format!("it has no scheme: it begins with {scheme}, as in {scheme}{}", example(near)));
    };
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err("it begins with neither http:// nor https://".to_owned());
    }
    if rest.contains(['?', '#']) {
        return Err("it has a ? or a #: write it up to the host and port".to_owned());
    }
    if rest.contains('@') {
        return Err("it has a user's name or password: leave them out, the API key says who calls".to_owned());
    }
    let path = rest.find('/').map_or(text.len(), |slash| scheme.len() + "://".len() + slash);
    let (base, path) = text.split_at(path);
    let uri = base.parse::<Uri>().ok();
    let named = uri.as_ref().and_then(Uri::authority).is_some_and(|authority| {
        let host = authority.host();
        !host.is_empty() && (authority.as_str() == host || authority.port_u16().is_some())
    });
    if named {
        return Ok((base, path.trim_end_matches('/')));
    }
    Err("it has no host, or a host or port that cannot be one".to_owned())
}

fn example(near: bool) -> &'static str {
    if near { "127.0.0.1:7878" } else { "crm.example.com" }
}

/// The first character of a text that no address and no header has, in words, and where it stands.
pub fn stray(text: &str) -> Option<String> {
    let (place, found) = text.chars().enumerate().find(|(_, c)| !c.is_ascii_graphic())?;
    let what = match found {
        '\r' => "a carriage return (is it from a file with Windows line ends?)".to_owned(),
        '\n' => "a line end".to_owned(),
        '\t' => "a tab".to_owned(),
        found if found.is_whitespace() => "a blank".to_owned(),
        found => format!("the character {found:?}"),
    };
    let length = text.chars().count();
    let at = match place {
        0 => "at its beginning".to_owned(),
        last if last + 1 == length => "at its end".to_owned(),
        place => format!("as character {}", place + 1),
    };
    Some(format!("{what} {at}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_or_its_fault_is_named() {
        for (text, expected) in [
            ("https://crm.example.com", Ok("https://crm.example.com")),
            ("https://crm.example.com/", Ok("https://crm.example.com")),
            ("HTTP://127.0.0.1:7878//", Ok("HTTP://127.0.0.1:7878")),
            ("http://[::1]:7878", Ok("http://[::1]:7878")),
            ("", Err("empty")),
            ("crm.example.com", Err("https://crm.example.com")),
            ("localhost:7878", Err("http://127.0.0.1:7878")),
            ("//crm.example.com", Err("no scheme")),
            ("https:/crm.example.com", Err("no scheme")),
            ("ftp://crm.example.com", Err("neither http")),
            ("https://", Err("no host")),
            ("https:///v1", Err("no host")),
            ("https://crm example.com", Err("a blank as character 12")),
            (" https://crm.example.com", Err("a blank at its beginning")),
            ("https://crm.example.com\r", Err("a carriage return")),
            ("https://crm.example.com\n", Err("a line end at its end")),
            ("https://crm.example.com\u{200b}", Err("'\\u{200b}' at its end")),
            ("https://crm.example.com:port", Err("no host")),
            ("https://crm.example.com/?a=b", Err("a ?")),
            ("https://crm.example.com#a", Err("a ?")),
            ("https://ada:secret@crm.example.com", Err("password")),
            ("https://crm.example.com/crm", Err("the path /crm")),
        ] {
            let found = origin(text);
            match expected {
                Ok(address) => assert_eq!(found.as_deref(), Ok(address), "{text:?}"),
                Err(part) => {
                    let error = found.expect_err(text);
                    assert!(error.contains(part), "{text:?}: {error}");
                    assert!(!error.contains("secret"), "{text:?}: {error}");
                }
            }
        }
    }

    #[test]
    fn an_address_to_call_may_have_the_path_of_a_proxy_but_not_that_of_the_api() {
        assert_eq!(base("https://example.com/crm/").as_deref(), Ok("https://example.com/crm"));
        for text in ["https://example.com/v1", "https://example.com/v1/identify"] {
            assert!(base(text).expect_err(text).ends_with("write https://example.com"));
        }
    }
}
