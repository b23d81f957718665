//! Egress against real sockets: what arrives upstream, what comes back, and what is never dialled.

#![allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]

use std::net::SocketAddr;
use std::sync::Mutex;

use http::{Method, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::network::tls_trusting;
use super::request::MAX_URL_BYTES;
use super::*;

mod kept;
mod raw;

/// What an upstream saw of one request.
#[derive(Clone, Debug)]
struct Saw {
    version: http::Version,
    uri: String,
    headers: HeaderMap,
    connection: usize,
}

/// An upstream that notes each request and answers by its path.
struct Upstream {
    address: SocketAddr,
    saw: Arc<Mutex<Vec<Saw>>>,
}

impl Upstream {
    async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = Self { address: listener.local_addr().unwrap(), saw: Arc::default() };
        let saw = Arc::clone(&upstream.saw);
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (saw, tls) = (Arc::clone(&saw), tls.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request: Request<Incoming>| {
                        let (saw, (parts, body)) = (Arc::clone(&saw), request.into_parts());
                        async move {
                            body.collect().await?;
                            let (version, uri, headers) = (parts.version, parts.uri.to_string(), parts.headers);
                            saw.lock().unwrap().push(Saw { version, uri, headers: headers.clone(), connection });
                            Ok::<_, hyper::Error>(answer(parts.uri.path(), &headers))
                        }
                    });
                    let server = auto::Builder::new(TokioExecutor::new());
                    // A client that doesn't trust the certificate leaves in the handshake.
                    match tls {
                        None => drop(server.serve_connection(TokioIo::new(stream), service).await),
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                drop(server.serve_connection(TokioIo::new(stream), service).await);
                            }
                        }
                    }
                });
            }
        });
        upstream
    }

    async fn is_reached(&self) {
        tokio::net::TcpStream::connect(self.address).await.unwrap();
    }

    fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    fn saw(&self) -> Vec<Saw> {
        self.saw.lock().unwrap().clone()
    }
}

fn answer(path: &str, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let key = headers.get("x-api-key").cloned().unwrap_or(HeaderValue::from_static("none"));
    let response = match path {
        "/echo-key" => Response::builder()
            .header("x-echo", &key)
            .body(Full::from(format!("your key is {}", key.to_str().unwrap()))),
        "/redirect" => {
            Response::builder().status(302).header("location", "http://169.254.169.254/").body(Full::default())
        }
        "/compressed" => Response::builder().header(CONTENT_ENCODING, "gzip").body(Full::from("not really")),
        "/partial" => Response::builder().status(206).body(Full::from("part of a key")),
        "/long" => Response::builder().body(Full::from(vec![b'x'; 100_000])),
        _ => Response::builder().body(Full::from("fine")),
    };
    response.unwrap()
}

fn egress(grants: &[&str], key_for: Option<&str>) -> Egress {
    let credentials = key_for.map(|host| Credential {
        slot: "api-key".into(),
        host: host.parse().unwrap(),
        placement: Placement::Header("x-api-key".into()),
        secret: Secret::new("sk-very-secret").unwrap(),
    });
    let grants = grants.iter().map(|grant| grant.parse().unwrap()).collect();
    Egress::new(&Network::none(), grants, false, credentials.into_iter().collect())
}

fn get(url: &str) -> Request<OutgoingBody> {
    let body = http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync();
    Request::get(url).body(body).unwrap()
}

fn meter() -> Arc<Meter> {
    Meter::new(EgressLimits { requests: 8, bytes_out: 1000, bytes_in: 10_000 })
}

async fn send(egress: &Egress, request: Request<OutgoingBody>) -> Result<Response<IncomingBody>, EgressError> {
    egress.send(meter(), request, Patience::default()).await
}

async fn text(response: Response<IncomingBody>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn empty_grants_deny_every_host_and_dial_none() {
    let upstream = Upstream::start(None).await;
    let meter = meter();
    let error =
        egress(&[], None).send(Arc::clone(&meter), get(&upstream.origin()), Patience::default()).await.err().unwrap();
    assert!(matches!(error, EgressError::Denied), "{error}");
    assert!(meter.denial().unwrap().contains(&upstream.origin()));
    assert!(upstream.saw().is_empty());
}

#[tokio::test]
async fn a_granted_host_gets_the_request_without_what_belongs_to_the_connection() {
    let upstream = Upstream::start(None).await;
    let origin = upstream.origin();
    let mut request = get(&format!("{origin}/v1?a=b"));
    for (name, value) in [
        ("host", "elsewhere.test"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("accept-encoding", "gzip"),
        ("x-own", "kept"),
    ] {
        request.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let response = send(&egress(&[&origin], None), request).await.unwrap();
    assert_eq!(text(response).await, "fine");
    let saw = upstream.saw().remove(0);
    assert_eq!(
        (saw.uri.as_str(), saw.headers["host"].to_str().unwrap()),
        ("/v1?a=b", upstream.address.to_string().as_str())
    );
    assert_eq!(
        (&saw.headers["accept-encoding"], &saw.headers["x-own"]),
        (&HeaderValue::from_static("identity"), &HeaderValue::from_static("kept"))
    );
    assert!(!saw.headers.contains_key("te") && !saw.headers.contains_key("upgrade"));
}

#[tokio::test]
async fn a_credential_reaches_its_host_and_comes_back_as_a_placeholder() {
    let upstream = Upstream::start(None).await;
    let origin = upstream.origin();
    let mut request = get(&format!("{origin}/echo-key"));
    request.headers_mut().insert("x-api-key", HeaderValue::from_static("from-the-guest"));
    let response = send(&egress(&[&origin], Some(&origin)), request).await.unwrap();
    assert_eq!(upstream.saw()[0].headers["x-api-key"], "sk-very-secret");
    assert_eq!(response.headers()["x-echo"], "[credential]");
    assert!(!response.headers().contains_key(CONTENT_LENGTH));
    assert_eq!(text(response).await, "your key is [credential]");
}

#[tokio::test]
async fn a_credential_for_one_host_is_never_sent_to_another_granted_one() {
    let (own, other) = (Upstream::start(None).await, Upstream::start(None).await);
    let egress = egress(&[&own.origin(), &other.origin()], Some(&own.origin()));
    send(&egress, get(&other.origin())).await.unwrap();
    assert!(!other.saw()[0].headers.contains_key("x-api-key"));
}

#[tokio::test]
async fn a_redirect_is_handed_back_and_not_followed() {
    let upstream = Upstream::start(None).await;
    let response =
        send(&egress(&[&upstream.origin()], None), get(&format!("{}/redirect", upstream.origin()))).await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn a_compressed_or_partial_answer_is_refused_where_it_could_hide_a_credential() {
    let upstream = Upstream::start(None).await;
    let origin = upstream.origin();
    let error = send(&egress(&[&origin], Some(&origin)), get(&format!("{origin}/compressed"))).await.err().unwrap();
    assert!(matches!(error, EgressError::Unscrubbable), "{error}");
    assert!(send(&egress(&[&origin], None), get(&format!("{origin}/compressed"))).await.is_ok());
    let mut ranged = get(&format!("{origin}/partial"));
    ranged.headers_mut().insert(RANGE, HeaderValue::from_static("bytes=0-12"));
    let error = send(&egress(&[&origin], Some(&origin)), ranged).await.err().unwrap();
    assert!(matches!(error, EgressError::Unscrubbable), "{error}");
    assert!(upstream.saw().iter().all(|saw| !saw.headers.contains_key(RANGE)));
}

#[tokio::test]
async fn limits_hold_over_all_requests_of_a_sandbox() {
    let upstream = Upstream::start(None).await;
    let origin = upstream.origin();
    let egress = egress(&[&origin], None);
    let meter = Meter::new(EgressLimits { requests: 2, bytes_out: 1000, bytes_in: 10_000 });
    let long = egress.send(Arc::clone(&meter), get(&format!("{origin}/long")), Patience::default()).await.unwrap();
    assert!(matches!(long.into_body().collect().await, Err(EgressError::TooManyBytesIn { limit: 10_000 })));
    assert!(egress.send(Arc::clone(&meter), get(&origin), Patience::default()).await.is_ok());
    let third = egress.send(Arc::clone(&meter), get(&origin), Patience::default()).await;
    assert!(matches!(third, Err(EgressError::TooManyRequests { limit: 2 })));
    assert!(meter.is_over());
}

#[tokio::test]
async fn nobody_listening_is_told_from_a_name_that_does_not_resolve() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused =
        send(&egress(&[&format!("http://{free}")], None), get(&format!("http://{free}/"))).await.err().unwrap();
    assert!(matches!(refused, EgressError::Refused), "{refused:?}");
    let unknown =
        send(&egress(&["http://no-such-host.invalid"], None), get("http://no-such-host.invalid/")).await.err().unwrap();
    assert!(matches!(unknown, EgressError::NotResolved), "{unknown:?}");
}

#[tokio::test]
async fn what_no_request_may_be_is_refused() {
    let egress = egress(&["http://127.0.0.1:1"], None);
    let mut trace = get("http://127.0.0.1:1/");
    *trace.method_mut() = Method::TRACE;
    let long = get(&format!("http://127.0.0.1:1/{}", "x".repeat(MAX_URL_BYTES)));
    for request in [trace, long, get("http://user:pass@127.0.0.1:1/"), get("ftp://127.0.0.1:1/")] {
        let uri = request.uri().to_string();
        let error = send(&egress, request).await.err().unwrap();
        assert!(matches!(error, EgressError::Invalid(_)), "{uri:.40}: {error:?}");
    }
}

/// A TLS upstream for `localhost` that offers HTTP/2, and the settings that trust it.
async fn tls_upstream() -> (Upstream, Network) {
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let certificate = signed.cert.der().clone();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signed.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut server = server.with_no_client_auth().with_single_cert(vec![certificate.clone()], key.into()).unwrap();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let network = Network { tls: tls_trusting(roots), ..Network::none() };
    (Upstream::start(Some(TlsAcceptor::from(Arc::new(server)))).await, network)
}

#[tokio::test]
async fn http_2_is_spoken_over_tls_and_its_connection_is_reused() {
    let (upstream, network) = tls_upstream().await;
    let origin = format!("https://localhost:{}", upstream.address.port());
    let egress = Egress::new(&network, vec![origin.parse().unwrap()], false, vec![]);
    for _ in 0..3 {
        assert_eq!(text(send(&egress, get(&origin)).await.unwrap()).await, "fine");
    }
    let saw = upstream.saw();
    assert!(
        saw.iter().all(|saw| saw.version == http::Version::HTTP_2 && saw.connection == saw_first(&upstream)),
        "{saw:?}"
    );
}

fn saw_first(upstream: &Upstream) -> usize {
    upstream.saw()[0].connection
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (upstream, _) = tls_upstream().await;
    let origin = format!("https://localhost:{}", upstream.address.port());
    let egress = Egress::new(&Network::none(), vec![origin.parse().unwrap()], false, vec![]);
    let error = send(&egress, get(&origin)).await.err().unwrap();
    assert!(matches!(error, EgressError::Tls), "{error:?}");
    assert!(upstream.saw().is_empty());
}
