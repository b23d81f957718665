//! How a request's body comes in: bounded in bytes, in time, and in what all bodies together may take.
//!
//! A body is charged to one budget as its bytes arrive, not by what it announces: announcing costs a client nothing. The charge is
//! part of the [`Bytes`] that come out, so it lasts as long as anybody holds them. Each plane has an intake of its own, so that
//! callers can't keep operators out. It parses nothing, and knows no plane's errors.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body::Body;
use http_body_util::BodyExt;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// How long a refused body is still taken.
const DRAIN_TIME: Duration = Duration::from_secs(2);
/// What the budget is counted in: a semaphore hands out 32-bit numbers of permits.
const UNIT: usize = 1 << 10;
/// A body's first buffer, in bytes, where the first piece isn't larger.
const FIRST: usize = 4 << 10;

/// Reads bodies within one budget.
#[derive(Clone)]
pub struct Intake {
    budget: Arc<Semaphore>,
    buffered: Gauge,
    stall: Duration,
    total: Duration,
}

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// It is larger than it may be.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// It broke off, or its framing is wrong.
    #[error("the body broke off")]
    Incomplete,
    /// No piece of it came for too long, or the whole took too long.
    #[error("the body came too slowly")]
    TooSlow,
    /// All bodies together would take more memory than they may.
    #[error("too many bodies are being held")]
    Full,
}

/// Memory set aside, given back on drop.
pub struct Charge {
    units: Option<OwnedSemaphorePermit>,
    buffered: Gauge,
}

/// A body's bytes with what they are charged.
struct Charged {
    bytes: Vec<u8>,
    _charge: Charge,
}

impl Intake {
    /// At most `budget` bytes over all bodies, which `buffered` shows; each may pause for `stall` and take `total`.
    pub fn new(budget: usize, stall: Duration, total: Duration, buffered: Gauge) -> Self {
        let units = (budget / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self { budget: Arc::new(Semaphore::new(units)), buffered, stall, total }
    }

    /// Reads a body of at most `limit` bytes. The answer's bytes hold their share of the budget until the last of them is dropped.
    pub async fn read<B>(&self, headers: &HeaderMap, mut body: B, limit: usize) -> Result<Bytes, IntakeError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let read = self.read_within(headers, &mut body, limit).await;
        if let Err(IntakeError::TooLarge { .. } | IntakeError::Full) = read {
            // A client that waits to be told to continue has sent nothing.
            if !headers.contains_key(EXPECT) {
                drop(timeout(DRAIN_TIME, drain(body, limit)).await);
            }
        }
        read
    }

    /// Sets aside what a body says it has, `limit` at most and where it says nothing: for readers with buffers of their own.
    pub fn reserve(&self, headers: &HeaderMap, limit: usize) -> Result<Charge, IntakeError> {
        let mut charge = self.nothing();
        charge.grow(&self.budget, announced(headers).unwrap_or(limit).min(limit))?;
        Ok(charge)
    }

    /// A charge for who holds nothing yet.
    pub fn nothing(&self) -> Charge {
        Charge { units: None, buffered: self.buffered.clone() }
    }

    /// How long a whole body may take.
    pub fn total(&self) -> Duration {
        self.total
    }

    async fn read_within<B>(&self, headers: &HeaderMap, body: &mut B, limit: usize) -> Result<Bytes, IntakeError>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let announced = announced(headers);
        if announced.is_some_and(|length| length > limit) {
            return Err(IntakeError::TooLarge { limit });
        }
        let (end, most) = (Instant::now() + self.total, announced.unwrap_or(limit));
        let (mut bytes, mut charge) = (Vec::new(), self.nothing());
        loop {
            let until = end.min(Instant::now() + self.stall);
            let frame = timeout_at(until, body.frame()).await.map_err(|_| IntakeError::TooSlow)?;
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(|_| IntakeError::Incomplete)?.into_data() else { continue };
            let length = bytes.len() + data.len();
            if length > limit {
                return Err(IntakeError::TooLarge { limit });
            }
            if length > bytes.capacity() {
                // Doubled, so that a body is copied a bounded number of times, and never beyond what it says it has.
                let capacity = (2 * bytes.capacity()).max(FIRST).min(most).max(length);
                charge.grow(&self.budget, capacity - bytes.capacity())?;
                bytes.reserve_exact(capacity - bytes.len());
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Bytes::from_owner(Charged { bytes, _charge: charge }))
    }
}

impl Charge {
    fn grow(&mut self, budget: &Arc<Semaphore>, bytes: usize) -> Result<(), IntakeError> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).map_err(|_| IntakeError::Full)?;
        let more = Arc::clone(budget).try_acquire_many_owned(units).map_err(|_| IntakeError::Full)?;
        self.buffered.inc_by(bytes_of(&more));
        match &mut self.units {
            Some(held) => held.merge(more),
            None => self.units = Some(more),
        }
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.buffered.dec_by(self.units.as_ref().map_or(0, bytes_of));
    }
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn bytes_of(units: &OwnedSemaphorePermit) -> i64 {
    i64::try_from(units.num_permits() * UNIT).unwrap_or(i64::MAX)
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Takes some more of a body that is refused: a client that is still sending would see its connection reset, and never the answer.
async fn drain(mut body: impl Body<Data = Bytes> + Unpin, most: usize) {
    let mut drained = 0;
    while drained < most {
        let Some(Ok(frame)) = body.frame().await else { return };
        drained += frame.data_ref().map_or(0, Bytes::len);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]
mod tests {
    use super::*;
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::{Empty, Full, StreamBody};
    use std::convert::Infallible;

    const LONG: Duration = Duration::from_secs(60);
    const MIB: usize = 1 << 20;

    fn whole(length: usize) -> Full<Bytes> {
        Full::new(vec![b'x'; length].into())
    }

    /// Pieces with this long before each.
    fn paced(pieces: usize, pause: Duration) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        StreamBody::new(Box::pin(stream::unfold(pieces, move |left| async move {
            let left = left.checked_sub(1)?;
            tokio::time::sleep(pause).await;
            Some((Ok(Frame::data(Bytes::from_static(b"piece"))), left))
        })))
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_read_and_one_byte_more_is_not() {
        let intake = Intake::new(MIB, LONG, LONG, Gauge::default());
        let headers = HeaderMap::new();
        assert_eq!(intake.read(&headers, whole(1000), 1000).await.unwrap().len(), 1000);
        assert_eq!(intake.read(&headers, Empty::new(), 1000).await.unwrap().len(), 0);
        let error = intake.read(&headers, whole(1001), 1000).await.unwrap_err();
        assert_eq!(error, IntakeError::TooLarge { limit: 1000 });
    }

    #[tokio::test]
    async fn the_budget_is_held_for_as_long_as_any_part_of_the_body() {
        let intake = Intake::new(MIB, LONG, LONG, Gauge::default());
        let headers = HeaderMap::new();
        let body = intake.read(&headers, whole(MIB), MIB).await.unwrap();
        let part = body.slice(7..8);
        drop(body);
        assert_eq!(intake.read(&headers, whole(1), MIB).await.unwrap_err(), IntakeError::Full);
        assert!(intake.reserve(&headers, 1).is_err());
        drop(part);
        assert_eq!(intake.read(&headers, whole(MIB), MIB).await.unwrap().len(), MIB);
        drop(intake.reserve(&headers, MIB).unwrap());
        assert_eq!(intake.budget.available_permits(), MIB / UNIT);
    }

    #[tokio::test]
    async fn what_is_held_is_shown() {
        let intake = Intake::new(MIB, LONG, LONG, Gauge::default());
        let headers = HeaderMap::new();
        let body = intake.read(&headers, whole(100_000), MIB).await.unwrap();
        let reserved = intake.reserve(&headers, 10_000).unwrap();
        assert_eq!(intake.buffered.get(), ((98 + 10) * UNIT) as i64);
        drop((body, reserved));
        assert_eq!(intake.buffered.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn announcing_much_and_sending_little_takes_little_of_the_budget() {
        let intake = Intake::new(MIB, LONG, LONG, Gauge::default());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, MIB.into());
        let reading = intake.read(&headers, paced(2, LONG / 2), MIB);
        let mut reading = std::pin::pin!(reading);
        assert!(timeout(LONG / 2 + LONG / 4, reading.as_mut()).await.is_err());
        assert_eq!(intake.budget.available_permits(), (MIB - FIRST) / UNIT);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_are_bounded_and_so_is_the_whole() {
        let intake = Intake::new(MIB, LONG, 3 * LONG, Gauge::default());
        let headers = HeaderMap::new();
        assert_eq!(intake.read(&headers, paced(2, LONG / 2), MIB).await.unwrap(), "piecepiece");
        assert_eq!(intake.read(&headers, paced(1, 2 * LONG), MIB).await.unwrap_err(), IntakeError::TooSlow);
        assert_eq!(intake.read(&headers, paced(1000, LONG / 2), MIB).await.unwrap_err(), IntakeError::TooSlow);
        assert_eq!(intake.budget.available_permits(), MIB / UNIT);
    }

    #[tokio::test]
    async fn a_refused_body_is_drained_no_further_than_its_limit() {
        let intake = Intake::new(MIB, LONG, LONG, Gauge::default());
        let taken = std::cell::Cell::new(0);
        let endless = stream::repeat_with(|| {
            taken.set(taken.get() + 100);
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'x'; 100])))
        });
        assert!(intake.read(&HeaderMap::new(), StreamBody::new(endless), 1000).await.is_err());
        assert!(taken.get() < 2200, "{}", taken.get());
    }
}
