//! Why egress failed, and how that is found out below the client's own errors.

use super::client::ClientError;
use super::connect::ConnectError;
use super::meter::Meter;

/// Why a request failed on its way.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// No grant covers the target, or the address needs consent.
    #[error("denied")]
    Denied,
    /// The request isn't one we send: scheme, host, method, length of its URL, headers, or a body that isn't as long as it says.
    #[error("invalid request: {0}")]
    Invalid(&'static str),
    /// The sandbox has sent as many requests as it may.
    #[error("more than {limit} requests")]
    TooManyRequests {
        /// The cap.
        limit: u32,
    },
    /// The sandbox waits for as many answers as it may at one time.
    #[error("more than {limit} requests at one time")]
    TooManyAtOnce {
        /// The cap.
        limit: u32,
    },
    /// The sandbox has sent as many bytes as it may.
    #[error("more than {limit} bytes sent")]
    TooManyBytesOut {
        /// The cap, in bytes.
        limit: u64,
    },
    /// The sandbox has received as many bytes as it may.
    #[error("more than {limit} bytes received")]
    TooManyBytesIn {
        /// The cap, in bytes.
        limit: u64,
    },
    /// The name can't be resolved.
    #[error("name not resolved")]
    NotResolved,
    /// No name server answered in time.
    #[error("name not resolved in time")]
    NotResolvedInTime,
    /// Nobody listens there.
    #[error("connection refused")]
    Refused,
    /// The revision has as many connections open as it may.
    #[error("too many connections")]
    TooManyConnections,
    /// No connection in time, TLS included.
    #[error("connecting timed out")]
    NotConnectedInTime,
    /// No head or no further bytes in the guest's own time.
    #[error("timed out")]
    TimedOut,
    /// TLS failed: most often a certificate that isn't trusted.
    #[error("tls failed")]
    Tls,
    /// The upstream compressed its answer or gave a part of it, although it wasn't asked to; credentials couldn't be found in it.
    #[error("compressed or partial answer")]
    Unscrubbable,
    /// What came is no HTTP, or more interim answers than anybody sends.
    #[error("no http answer")]
    Garbled,
    /// The answer's head has too many headers, or is too long.
    #[error("the answer's head is too large")]
    HeadTooLarge,
    /// The upstream broke off.
    #[error("connection failed")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Finds our own reason below the client's error, and notes on `meter` what the operator can do about it.
pub(super) fn explain(meter: &Meter, error: ClientError) -> EgressError {
    let (is_connect, error): (_, Box<dyn std::error::Error + Send + Sync>) = match error {
        ClientError::Connect(error) => (true, error),
        ClientError::Http(error) => (false, error.into()),
    };
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<ConnectError>() {
            return not_connected(meter, cause).unwrap_or_else(|| EgressError::Connection(error));
        }
        // A body's own error (too many bytes, another length than it said) comes back through hyper.
        match cause.downcast_ref::<EgressError>() {
            Some(EgressError::TooManyBytesOut { limit }) => return EgressError::TooManyBytesOut { limit: *limit },
            Some(EgressError::Invalid(what)) => return EgressError::Invalid(what),
            _ => {}
        }
        if is_connect && cause.downcast_ref::<rustls::Error>().is_some() {
            return EgressError::Tls;
        }
        match cause.downcast_ref::<hyper::Error>() {
            Some(cause) if cause.is_parse_too_large() => return EgressError::HeadTooLarge,
            Some(cause) if cause.is_parse() => return EgressError::Garbled,
            _ => {}
        }
        let inner = cause.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
        source = match inner {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    EgressError::Connection(error)
}

/// What a failure to connect means; none where it's a broken connection like any other.
fn not_connected(meter: &Meter, cause: &ConnectError) -> Option<EgressError> {
    Some(match cause {
        ConnectError::Prohibited(target, address) => {
            // The address is the operator's to know, not the caller's.
            tracing::warn!(%target, %address, "egress denied: the name resolves to an address that needs consent");
            meter.note_denial(format!(
                "the adapter may not reach {target}: it has no public address; \
                 the operator can consent with --allow-private, or by granting the address itself"
            ));
            EgressError::Denied
        }
        ConnectError::Unknown(_) => EgressError::NotResolved,
        ConnectError::Unnamed(target, cause) => {
            tracing::warn!(%target, %cause, "a name can't be looked up");
            EgressError::NotResolved
        }
        ConnectError::NamedTooLate(_) => EgressError::NotResolvedInTime,
        ConnectError::Refused(_) => EgressError::Refused,
        ConnectError::TimedOut(_) => EgressError::NotConnectedInTime,
        ConnectError::TooMany(..) => EgressError::TooManyConnections,
        ConnectError::Failed(..) => return None,
    })
}

impl From<hyper::Error> for EgressError {
    fn from(error: hyper::Error) -> Self {
        match error {
            error if error.is_timeout() => Self::TimedOut,
            error if error.is_parse() => Self::Garbled,
            error => Self::Connection(error.into()),
        }
    }
}
