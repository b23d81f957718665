//! Sending again: when it may help, how long to wait, when to give up. Off unless asked for, since OpenAI's
//! clients send again themselves and get the provider's `retry-after` from us.

use std::time::Duration;

use crate::Result;
use crate::api::{Context, Error};
use crate::{date, transport};

/// A provider that asks for a longer wait than this gets none: the client hears of it and may choose.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// How often and how patiently to send again.
///
/// Sent again are requests that found nobody to answer them, and answers with 408, 409, 429 or 5xx, unless
/// the provider's `x-should-retry` says otherwise. Waits grow twofold from `base` to `cap`, each drawn evenly
/// from nothing to that ("full jitter"), so that many clients don't return at once. A `retry-after-ms` or
/// `retry-after` of up to a minute is obeyed instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    times: u32,
    base: Duration,
    cap: Duration,
    within: Option<Duration>,
}

impl Default for Retry {
    /// Never sends again.
    fn default() -> Self {
        Self::times(0)
    }
}

impl Retry {
    /// Up to this many times more, after the first. Waits start at half a second and end at eight.
    #[must_use]
    pub fn times(times: u32) -> Self {
        Self { times, base: Duration::from_millis(500), cap: Duration::from_secs(8), within: None }
    }

    /// As often as the deployment's setting `max-retries` says (default 0), within the call's deadline.
    ///
    /// # Errors
    /// Where the setting is not a whole number.
    pub fn configured(context: &Context) -> Result<Self> {
        let times = match context.setting("max-retries") {
            None | Some("") => 0,
            Some(text) => text
                .trim()
                .parse()
                .map_err(|_| Error::internal(format!("setting max-retries is {text:?}, not a whole number")))?,
        };
        Ok(Self::times(times).within(Duration::from_millis(context.timeout_ms.into())))
    }

    /// The upper end of the first wait.
    #[must_use]
    pub fn base(self, base: Duration) -> Self {
        Self { base, ..self }
    }

    /// The upper end of any wait that the provider doesn't ask for.
    #[must_use]
    pub fn cap(self, cap: Duration) -> Self {
        Self { cap, ..self }
    }

    /// Gives up rather than wait past this long after the first attempt began.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Self { within: Some(time), ..self }
    }

    pub(crate) fn start(self) -> Attempts {
        let began = if self.times == 0 { Duration::ZERO } else { transport::elapsed() };
        Attempts { policy: self, made: 0, began }
    }
}

/// The attempts of one request.
pub(crate) struct Attempts {
    policy: Retry,
    made: u32,
    began: Duration,
}

impl Attempts {
    /// Whether there is none after this one, whatever came of it.
    pub(crate) fn are_over(&self) -> bool {
        self.made >= self.policy.times
    }

    /// How long to wait before the next attempt; `None` where there should be none.
    pub(crate) fn next_wait(&mut self, asked: Option<Duration>) -> Option<Duration> {
        if self.are_over() {
            return None;
        }
        let wait = match asked {
            Some(asked) if asked > LONGEST_ASKED => return None,
            Some(asked) => asked,
            None => self.backoff(transport::fraction()),
        };
        let spent = transport::elapsed().saturating_sub(self.began);
        if self.policy.within.is_some_and(|within| spent.saturating_add(wait) >= within) {
            return None;
        }
        self.made += 1;
        Some(wait)
    }

    fn backoff(&self, fraction: f64) -> Duration {
        let doubled = self.policy.base.saturating_mul(2_u32.saturating_pow(self.made));
        let ceiling = doubled.min(self.policy.cap);
        Duration::try_from_secs_f64(ceiling.as_secs_f64() * fraction).unwrap_or(ceiling)
    }
}

/// Whether an answer is one that another attempt may better.
pub(crate) fn may_help(status: u16, headers: &[(String, String)]) -> bool {
    if status < 400 {
        return false;
    }
    match header(headers, "x-should-retry") {
        Some("true") => true,
        Some("false") => false,
        _ => matches!(status, 408 | 409 | 429 | 500..=599),
    }
}

/// The wait that an answer asks for: `retry-after-ms`, else `retry-after` in seconds or as a date.
pub(crate) fn asked_wait(headers: &[(String, String)]) -> Option<Duration> {
    let number = |name: &str, unit: f64| {
        let value: f64 = header(headers, name)?.parse().ok()?;
        (value >= 0.0).then(|| Duration::try_from_secs_f64(value * unit).unwrap_or(Duration::MAX))
    };
    number("retry-after-ms", 0.001).or_else(|| number("retry-after", 1.0)).or_else(|| {
        let until = date::parse(header(headers, "retry-after")?)?;
        // By the provider's own clock where it tells: ours may differ.
        let now = header(headers, "date").and_then(date::parse).unwrap_or_else(transport::unix_seconds);
        Some(Duration::from_secs(until.saturating_sub(now)))
    })
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests;
