//! The upstream of these attacks: it tells requests apart as strictly as HTTP/1.1 has it, and does what their path says.
//!
//! | path | what it does |
//! |---|---|
//! | `/header`, `/body`, `/error`, `/redirect` | says the key that came with the request, there |
//! | `/pieces` | says it a byte at a time |
//! | `/away` | redirects to this upstream's address, which is another host than its name |
//! | `/endless` | answers without end |
//! | `/silent` | reads, and never answers |
//! | any other | answers "fine" |

use std::pin::Pin;

use crate::beside::{Beside, Wiretap};

/// A request as it came.
#[derive(Debug)]
pub(super) struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// What followed a chunked body's last chunk.
    pub trailers: String,
}

/// Serves one connection.
pub(super) fn serve(mut tap: Wiretap) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let mut unread = String::new();
        loop {
            if unread.contains("\r\n\r\n") && unread.contains(" /silent") {
                return read_all(tap).await;
            }
            let Some((request, rest)) = Request::first_of(&unread) else {
                match tap.read().await {
                    Some(bytes) => unread.push_str(&String::from_utf8_lossy(&bytes)),
                    None => return,
                }
                continue;
            };
            unread = rest.to_owned();
            if !answer(&mut tap, &request).await {
                return;
            }
        }
    })
}

/// Reads all that comes, and never answers.
pub(super) async fn read_all(mut tap: Wiretap) {
    while tap.read().await.is_some() {}
}

/// Whether the connection can go on.
async fn answer(tap: &mut Wiretap, request: &Request) -> bool {
    let key = request.header("authorization").unwrap_or_default().to_owned();
    let whole = |head: &str, body: &str| format!("HTTP/1.1 {head}content-length: {}\r\n\r\n{body}", body.len());
    let quoted = format!("the key was <{key}>");
    match request.path.as_str() {
        "/header" => tap.write(whole(&format!("200 OK\r\nx-key: {key}\r\nset-cookie: k={key}\r\n"), "fine")).await,
        "/body" => tap.write(whole("200 OK\r\n", &quoted)).await,
        "/error" => {
            tap.write(whole("401 Unauthorized\r\n", &format!("{{\"error\":{{\"message\":{quoted:?}}}}}"))).await
        }
        "/redirect" => tap.write(whole(&format!("302 Found\r\nlocation: /?key={key}\r\n"), "")).await,
        "/pieces" => {
            let mut there = tap.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            for byte in quoted.chars() {
                there = there && tap.write(format!("1\r\n{byte}\r\n")).await;
            }
            there && tap.write("0\r\n\r\n").await
        }
        "/away" => {
            let port = request.header("host").and_then(|host| host.rsplit(':').next()).unwrap_or_default();
            tap.write(whole(&format!("302 Found\r\nlocation: http://127.0.0.1:{port}/inside\r\n"), "")).await
        }
        "/endless" => {
            let mut there = tap.write("HTTP/1.1 200 OK\r\n\r\n").await;
            while there {
                there = tap.write([b'x'; 16 << 10]).await;
            }
            false
        }
        _ => tap.write(whole("200 OK\r\n", "fine")).await,
    }
}

/// All whole requests that came, on all connections.
pub(super) fn requests(beside: &Beside) -> Vec<Request> {
    let mut requests = Vec::new();
    for connection in beside.seen() {
        let mut unread = connection.as_str();
        while let Some((request, rest)) = Request::first_of(unread) {
            requests.push(request);
            unread = rest;
        }
    }
    requests
}

/// The upstream by its name, where [`Beside::origin`] is its address.
pub(super) fn by_name(beside: &Beside) -> String {
    beside.origin().replace("127.0.0.1", "localhost")
}

impl Request {
    /// Takes the first whole request off a text.
    fn first_of(text: &str) -> Option<(Self, &str)> {
        let (head, after) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.splitn(3, ' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut request = Self { method, path, headers, body: String::new(), trailers: String::new() };
        if request.header("transfer-encoding").is_some() {
            let rest = request.take_chunks(after)?;
            return Some((request, rest));
        }
        let length = request.header("content-length").map_or(Some(0), |length| length.parse().ok())?;
        let (body, rest) = after.split_at_checked(length)?;
        body.clone_into(&mut request.body);
        Some((request, rest))
    }

    fn take_chunks<'t>(&mut self, mut text: &'t str) -> Option<&'t str> {
        loop {
            let (size, rest) = text.split_once("\r\n")?;
            let size = usize::from_str_radix(size, 16).ok()?;
            if size == 0 {
                let end = if rest.starts_with("\r\n") { 0 } else { rest.find("\r\n\r\n")? + 2 };
                rest[..end].clone_into(&mut self.trailers);
                return Some(&rest[end + 2..]);
            }
            let (chunk, rest) = rest.split_at_checked(size)?;
            self.body.push_str(chunk);
            text = rest.strip_prefix("\r\n")?;
        }
    }

    /// The one header of this name; of several, none.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(given, _)| given == name);
        let first = found.next().map(|(_, value)| value.as_str());
        if found.next().is_some() { None } else { first }
    }
}
