//! The little of URLs that a client needs: take one apart, encode what goes into one. Resolves nothing and
//! normalises nothing: what the adapter wrote is what is sent.

/// A URL taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) secure: bool,
    pub(super) authority: String,
    pub(super) path_with_query: String,
}

/// Takes an absolute http or https URL apart; the error says what is wrong with it.
pub(super) fn parse(url: &str) -> Result<Parts, &'static str> {
    let scheme_and_rest = url.split_once(':').and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("//")?)));
    let (scheme, rest) = scheme_and_rest.ok_or("it has no scheme")?;
    let secure = scheme.eq_ignore_ascii_case("https");
    if !secure && !scheme.eq_ignore_ascii_case("http") {
        return Err("its scheme is neither http nor https");
    }
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    let path_at = rest.bytes().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(path_at);
    if authority.is_empty() {
        return Err("it has no host");
    }
    // `https://granted.example@other.example` is made to be misread.
    if authority.contains('@') {
        return Err("it has a user name in it");
    }
    if !authority.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err("its host has characters that no host has");
    }
    if path.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("its path has control characters");
    }
    let mut path_with_query = encode_rest(path);
    if !path.starts_with('/') {
        path_with_query.insert(0, '/');
    }
    Ok(Parts { secure, authority: authority.to_owned(), path_with_query })
}

/// Adds one query parameter to a path that may have some.
pub(super) fn push_query(path_with_query: &mut String, name: &str, value: &str) {
    path_with_query.push(if path_with_query.contains('?') { '&' } else { '?' });
    path_with_query.push_str(&encode(name));
    path_with_query.push('=');
    path_with_query.push_str(&encode(value));
}

/// Percent-encodes all but RFC 3986's unreserved characters.
pub(super) fn encode(text: &str) -> String {
    encode_where(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

/// Encodes only what may not stand in a path or query at all, leaving what is encoded already.
fn encode_rest(text: &str) -> String {
    encode_where(text, |byte| {
        byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
    })
}

fn encode_where(text: &str, plain: impl Fn(u8) -> bool) -> String {
    // Nearly always there is nothing to encode.
    if text.bytes().all(&plain) {
        return text.to_owned();
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend(
                [byte >> 4, byte & 0xF]
                    .map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase()),
            );
        }
    }
    encoded
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_url_comes_apart() {
        for (url, secure, authority, path) in [
            ("https://a.example", true, "a.example", "/"),
            ("HTTP://a.example:8080/v1/x?y=1#z", false, "a.example:8080", "/v1/x?y=1"),
            ("https://a.example?y", true, "a.example", "/?y"),
            ("https://[::1]:9/a%20b c/é", true, "[::1]:9", "/a%20b%20c/%C3%A9"),
        ] {
            let parts = parse(url).unwrap();
            assert_eq!(
                (parts.secure, parts.authority.as_str(), parts.path_with_query.as_str()),
                (secure, authority, path)
            );
        }
    }

    #[test]
    fn urls_that_could_be_misread_are_refused() {
        for url in [
            "",
            "a.example/v1",
            "ftp://a.example",
            "https://",
            "https:///v1",
            "https://good.example@bad.example/",
            "https://a b/",
            "https://a\\b/",
            "https://a.example/\r\nx: y",
            "https://ä.example/",
        ] {
            assert!(parse(url).is_err(), "{url:?}");
        }
    }

    #[test]
    fn query_parameters_are_added_and_encoded() {
        let mut path = "/v1".to_owned();
        push_query(&mut path, "key", "a b&c=d");
        push_query(&mut path, "alt", "sse");
        assert_eq!(path, "/v1?key=a%20b%26c%3Dd&alt=sse");
    }

    #[test]
    fn a_models_name_stays_one_segment() {
        assert_eq!(crate::http::path_segment("gpt-4.1"), "gpt-4.1");
        assert_eq!(crate::http::path_segment("../admin?x=é"), "..%2Fadmin%3Fx%3D%C3%A9");
        assert_eq!(crate::http::path_segment(".."), "%252E%252E");
    }
}
