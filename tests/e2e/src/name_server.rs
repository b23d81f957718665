//! A name server on loopback that answers what a test wrote, over UDP and TCP on one port. It speaks as much DNS as that takes
//! (RFC 1035), knows no zones, and answers a name that it was told nothing of with "no such name".

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The longest answer that is sent over UDP; a longer one has to be asked for over TCP.
const MAX_DATAGRAM: usize = 1232;

/// A running name server. It ends when it's dropped.
pub struct NameServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

/// What is said of one name.
#[derive(Clone, Debug)]
pub enum Says {
    /// These addresses, not to be kept.
    Addresses(Vec<IpAddr>),
    /// Each time the next of these, and the last one for ever.
    InTurn(Vec<IpAddr>),
    /// Another name.
    Alias(&'static str),
    /// No answer at all.
    Nothing,
}

#[derive(Default)]
struct Shared {
    names: Mutex<HashMap<String, Says>>,
    asked: watch::Sender<usize>,
}

struct Query<'a> {
    id: &'a [u8],
    name: String,
    kind: u16,
    question: &'a [u8],
}

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;

impl NameServer {
    pub async fn start() -> Self {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            // Somebody else may have the port's TCP half.
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let (address, shared) = (udp.local_addr().unwrap(), Arc::new(Shared::default()));
        let mut serving = JoinSet::new();
        serving.spawn(serve_udp(udp, Arc::clone(&shared)));
        serving.spawn(serve_tcp(tcp, Arc::clone(&shared)));
        Self { address, shared, _serving: serving }
    }

    /// The line of `caisson.toml` that has names looked up here.
    pub fn config(&self) -> String {
        format!("dns-servers = [\"{}\"]", self.address)
    }

    /// Sets what is said of a name from now on.
    pub fn say(&self, name: &str, says: Says) {
        self.shared.names.lock().unwrap_or_else(PoisonError::into_inner).insert(name.into(), says);
    }

    /// The same for addresses, in text.
    pub fn addresses(&self, name: &str, addresses: &[&str]) {
        self.say(name, Says::Addresses(addresses.iter().map(|address| address.parse().unwrap()).collect()));
    }

    /// Waits until it was asked this many questions.
    pub async fn was_asked(&self, questions: usize) {
        crate::soon("a question", self.shared.asked.subscribe().wait_for(|asked| *asked >= questions)).await.unwrap();
    }
}

async fn serve_udp(socket: UdpSocket, shared: Arc<Shared>) {
    let mut datagram = [0; 4096];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut datagram).await else { continue };
        let Some(query) = Query::of(&datagram[..length]) else { continue };
        if let Some(answer) = shared.answer(&query) {
            let answer = if answer.len() > MAX_DATAGRAM { query.with(0x8380, 0, &[]) } else { answer };
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            while let Ok(length) = stream.read_u16().await {
                let mut message = vec![0; usize::from(length)];
                let read = stream.read_exact(&mut message).await;
                let answer = read.ok().and_then(|_| shared.answer(&Query::of(&message)?));
                let Some(answer) = answer else { return };
                let length = u16::try_from(answer.len()).expect("an answer of a message's size");
                let _ = stream.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await;
            }
        });
    }
}

impl Shared {
    /// The answer's bytes; none where there is to be none.
    fn answer(&self, query: &Query<'_>) -> Option<Vec<u8>> {
        self.asked.send_modify(|asked| *asked += 1);
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let records: Vec<Vec<u8>> = match names.get_mut(&query.name) {
            None => return Some(query.with(0x8183, 0, &[])),
            Some(Says::Nothing) => return None,
            Some(Says::Addresses(addresses)) => addresses.iter().filter_map(|address| query.record(*address)).collect(),
            Some(Says::InTurn(addresses)) => {
                let record = addresses.first().and_then(|address| query.record(*address));
                if record.is_some() && addresses.len() > 1 {
                    addresses.remove(0);
                }
                record.into_iter().collect()
            }
            Some(Says::Alias(other)) => vec![record(CNAME, &labels(other))],
        };
        Some(query.with(0x8180, records.len(), &records.concat()))
    }
}

impl<'a> Query<'a> {
    fn of(message: &'a [u8]) -> Option<Self> {
        let (mut name, mut at) = (Vec::new(), 12);
        loop {
            let length = usize::from(*message.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            name.push(std::str::from_utf8(message.get(at..at + length)?).ok()?.to_ascii_lowercase());
            at += length;
        }
        let kind = u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]);
        Some(Self { id: message.get(..2)?, name: name.join("."), kind, question: message.get(12..at + 4)? })
    }

    /// An answer with these flags and records.
    fn with(&self, flags: u16, count: usize, records: &[u8]) -> Vec<u8> {
        let count = u16::try_from(count).expect("records of one message").to_be_bytes();
        [self.id, &flags.to_be_bytes(), &[0, 1], &count, &[0; 4], self.question, records].concat()
    }

    /// The record of an address, if it's of the kind that was asked for.
    fn record(&self, address: IpAddr) -> Option<Vec<u8>> {
        match address {
            IpAddr::V4(address) if self.kind == A => Some(record(A, &address.octets())),
            IpAddr::V6(address) if self.kind == AAAA => Some(record(AAAA, &address.octets())),
            _ => None,
        }
    }
}

/// A record of the name in question, for zero seconds.
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short data").to_be_bytes();
    [&[0xc0, 12][..], &kind.to_be_bytes(), &[0, 1, 0, 0, 0, 0], &length, data].concat()
}

fn labels(name: &str) -> Vec<u8> {
    let mut labels: Vec<u8> =
        name.split('.').flat_map(|label| std::iter::once(label.len() as u8).chain(label.bytes())).collect();
    labels.push(0);
    labels
}
