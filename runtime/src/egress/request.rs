//! The form in which a guest's request may leave: which target its URL means, which headers stay, how long its body is.
//!
//! A guest's URL is put back together as text and read once, by the same rules as a grant; what is dialled and what is written on
//! the request line come from that one reading, so nothing of it can be meant differently later. The same goes for the body: what
//! the guest says of its length is taken at its word and enforced, since a request that is shorter or longer than it says would
//! let the rest of the connection be read as another request. No grant is consulted here.

use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Uri};
use url::{Position, Url};

use super::EgressError;
use super::grant::Target;

/// Headers that describe a connection, not a message (RFC 9110 §7.6.1), or that would let a guest speak for another host.
pub(super) const CONNECTION_HEADERS: [HeaderName; 12] = [
    http::header::CONNECTION,
    http::header::EXPECT,
    http::header::HOST,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    http::header::PROXY_AUTHENTICATE,
    http::header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    http::header::TE,
    http::header::TRAILER,
    http::header::TRANSFER_ENCODING,
    http::header::UPGRADE,
];

pub(super) const MAX_URL_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 100;
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// What a guest's URL means. The same URL always means the same.
pub(super) struct Reading {
    /// As the guest gave it.
    given: Uri,
    pub(super) url: Url,
    pub(super) target: Target,
    /// The target as text.
    pub(super) origin: String,
    /// What is sent.
    pub(super) uri: Uri,
}

impl Reading {
    pub(super) fn of(uri: &Uri) -> Result<Self, EgressError> {
        let text = uri.to_string();
        if text.len() > MAX_URL_BYTES {
            return Err(EgressError::Invalid("url too long"));
        }
        let url = Url::parse(&text).map_err(|_| EgressError::Invalid("url"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::Invalid("user information in the url"));
        }
        let target = Target::of(&url).ok_or(EgressError::Invalid("scheme or host"))?;
        Ok(Self { given: uri.clone(), uri: self::uri(&target, &url)?, origin: target.to_string(), url, target })
    }

    /// Whether this is what that URL means. `Uri` takes hosts for equal whatever their case, and so does a target.
    pub(super) fn is_of(&self, uri: &Uri) -> bool {
        self.given == *uri
    }
}

/// Refuses methods that make a tunnel or an echo.
pub(super) fn check_method(method: &Method) -> Result<(), EgressError> {
    let method = method.as_str();
    if ["CONNECT", "TRACE", "TRACK"].iter().any(|refused| method.eq_ignore_ascii_case(refused)) {
        return Err(EgressError::Invalid("method"));
    }
    Ok(())
}

/// What is sent: the origin that was checked, and the path and query as they were read.
pub(super) fn uri(target: &Target, url: &Url) -> Result<Uri, EgressError> {
    let tail = &url[Position::BeforePath..Position::AfterQuery];
    format!("{target}{tail}").parse().map_err(|_| EgressError::Invalid("url"))
}

/// Takes away what belongs to the connection, and asks for an answer that can be read.
pub(super) fn clean(headers: &mut HeaderMap) -> Result<(), EgressError> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Err(EgressError::Invalid("too many or too long headers"));
    }
    for name in &CONNECTION_HEADERS {
        headers.remove(name);
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(())
}

/// What the request says of its body's length: once, in digits, or not at all.
pub(super) fn length(headers: &HeaderMap) -> Result<Option<u64>, EgressError> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    match (digits.and_then(|digits| digits.parse().ok()), values.next()) {
        (Some(length), None) => Ok(Some(length)),
        _ => Err(EgressError::Invalid("content-length")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use std::collections::BTreeMap;

    use super::super::grant::Grant;
    use super::*;

    /// What leaves for a URL under a grant: the URI that is sent; none where nothing is.
    fn sent(grant: &str, url: &str) -> Option<String> {
        let reading = Reading::of(&url.parse().ok()?).ok()?;
        let granted = grant.parse::<Grant>().unwrap().covers(&reading.target);
        granted.then(|| reading.uri.to_string())
    }

    #[test]
    fn a_grant_admits_its_origin_in_every_spelling_and_sends_one() {
        for (spelling, expected) in [
            ("https://api.example.com/v1?a=b", "https://api.example.com/v1?a=b"),
            ("https://API.EXAMPLE.com:443/v1", "https://api.example.com/v1"),
            ("HTTPS://api.example.com./v1", "https://api.example.com/v1"),
            ("https://api.example.com:/v1", "https://api.example.com/v1"),
            ("https://api.example.com", "https://api.example.com/"),
            ("https://api.example.com?a", "https://api.example.com/?a"),
            // All of these are paths of the one host, whatever they look like.
            ("https://api.example.com//evil.test/", "https://api.example.com//evil.test/"),
            ("https://api.example.com/https://evil.test/", "https://api.example.com/https://evil.test/"),
            ("https://api.example.com/@evil.test/", "https://api.example.com/@evil.test/"),
            ("https://api.example.com/a/../../b", "https://api.example.com/b"),
            ("https://api.example.com/%0d%0aHost:%20evil.test", "https://api.example.com/%0d%0aHost:%20evil.test"),
        ] {
            assert_eq!(sent("https://api.example.com", spelling).as_deref(), Some(expected), "{spelling}");
        }
    }

    #[test]
    fn a_grant_admits_nothing_but_its_origin() {
        for other in [
            "http://api.example.com/",
            "https://api.example.com:80/",
            "https://api.example.com:0/",
            "https://api.example.com:65536/",
            "https://api.example.com:+443/",
            "https://api.example.com..//",
            "https://example.com/",
            "https://xapi.example.com/",
            "https://api.example.com.evil.test/",
            "https://api.example.com@evil.test/",
            "https://api.example.com:443@evil.test/",
            "https://user@api.example.com/",
            "https://user:secret@api.example.com/",
            "https://:@evil.test/",
            "https://evil.test/@api.example.com",
            "https://evil.test/https://api.example.com/",
            "https://evil.test?@api.example.com/",
            "https://evil.test\\@api.example.com/",
            "https://api.example.com\\@evil.test/",
            "https://%61pi.example.com/",
            "https://api.example.com%2eevil.test/",
            "https://api.example.com%00.evil.test/",
            "https://api.example.com%2f.evil.test/",
            "https://api.example.com%40evil.test/",
            "https://api.examp\u{43b}e.com/",
            "https://\u{430}pi.example.com/",
            "https://xn--pi-6kc.example.com/",
            "https://api-example.com/",
            "//api.example.com/",
            "api.example.com",
            "/v1",
            "ftp://api.example.com/",
            "ws://api.example.com/",
            "https:///api.example.com/",
        ] {
            assert_eq!(sent("https://api.example.com", other), None, "{other}");
        }
    }

    #[test]
    fn a_name_granted_by_its_suffix_is_no_way_around_it() {
        let grant = "https://*.example.com";
        assert_eq!(sent(grant, "https://a.b.EXAMPLE.com/").as_deref(), Some("https://a.b.example.com/"));
        for other in [
            "https://example.com/",
            "https://.example.com/",
            "https://a.example.com.evil.test/",
            "https://aexample.com/",
        ] {
            assert_eq!(sent(grant, other), None, "{other}");
        }
    }

    #[test]
    fn an_address_is_that_address_however_it_is_written() {
        for spelling in [
            "http://127.0.0.1:9/",
            "http://2130706433:9/",
            "http://0x7f.1:9/",
            "http://0177.0.0.1:9/",
            "http://127.1:9/",
            "http://0x7F000001:9/",
            "http://127.0.0.1.:9/",
        ] {
            assert_eq!(sent("http://127.0.0.1:9", spelling).as_deref(), Some("http://127.0.0.1:9/"), "{spelling}");
        }
    }

    #[test]
    fn an_embedding_of_an_address_is_another_address() {
        for other in [
            "http://[::ffff:127.0.0.1]:9/",
            "http://[::ffff:7f00:1]:9/",
            "http://[64:ff9b::7f00:1]:9/",
            "http://[2002:7f00:1::]:9/",
            "http://[::127.0.0.1]:9/",
            "http://[::1]:9/",
            "http://[::1%25lo]:9/",
            "http://[::1%lo]:9/",
            "http://256.0.0.1:9/",
            "http://4294967296:9/",
            "http://127.0.0.0.1:9/",
            "http://0.0.0.0:9/",
        ] {
            assert_eq!(sent("http://127.0.0.1:9", other), None, "{other}");
        }
    }

    #[test]
    fn methods_that_make_a_tunnel_or_an_echo_are_refused_in_any_case() {
        for method in ["CONNECT", "connect", "TRACE", "Trace", "TRACK"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert!(matches!(check_method(&method), Err(EgressError::Invalid("method"))), "{method}");
        }
    }

    #[test]
    fn what_belongs_to_the_connection_is_taken_away_and_what_it_nominates_is_not_lost() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "x-api-key, close"),
            ("connection", "upgrade"),
            ("x-api-key", "kept"),
            ("host", "evil.test"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("expect", "100-continue"),
            ("keep-alive", "timeout=1"),
            ("proxy-connection", "close"),
            ("proxy-authorization", "x"),
            ("http2-settings", "x"),
            ("accept-encoding", "gzip"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        clean(&mut headers).unwrap();
        let left: BTreeMap<_, _> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(left, BTreeMap::from([("x-api-key", "kept"), ("accept-encoding", "identity")]));
    }

    #[test]
    fn headers_are_few_and_short() {
        let many = (0..=MAX_HEADERS).map(|n| (HeaderName::try_from(format!("x-{n}")).unwrap(), "x".parse().unwrap()));
        assert!(clean(&mut many.collect()).is_err());
        let long = HeaderValue::try_from("x".repeat(MAX_HEADER_BYTES)).unwrap();
        assert!(clean(&mut HeaderMap::from_iter([(HeaderName::from_static("x"), long)])).is_err());
    }

    #[test]
    fn a_length_is_said_once_and_in_digits() {
        let of = |values: &[&str]| {
            let value = |value: &&str| (CONTENT_LENGTH, HeaderValue::from_str(value).unwrap());
            let mut headers = HeaderMap::new();
            headers.extend(values.iter().map(value));
            length(&headers)
        };
        assert!(matches!((of(&[]), of(&["0"]), of(&["12"])), (Ok(None), Ok(Some(0)), Ok(Some(12)))));
        for wrong in [&["+5"][..], &["-5"], &[" 5"], &["5 "], &["5,5"], &["0x5"], &[""], &["99999999999999999999"]] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
        let mut twice = HeaderMap::new();
        twice.append(CONTENT_LENGTH, HeaderValue::from_static("5"));
        twice.append(CONTENT_LENGTH, HeaderValue::from_static("5"));
        assert!(length(&twice).is_err());
    }

    #[test]
    fn a_header_can_hold_no_line_break() {
        for value in ["a\r\nx-injected: 1", "a\nb", "a\rb", "a\0b"] {
            assert!(HeaderValue::from_str(value).is_err(), "{value:?}");
        }
    }
}
