//! Ready-made [`EventSource`]s: from an iterator, and from a provider's stream with one function per event.

use crate::api::{Error, Event};
use crate::http::Response;
use crate::{EventSource, Result, sse};

/// A source of these batches, for adapters that know their answer already, and for tests.
pub fn from_iter<I>(batches: I) -> Box<dyn EventSource>
where
    I: IntoIterator<Item = Result<Vec<Event>>>,
    I::IntoIter: 'static,
{
    Box::new(Batches(batches.into_iter()))
}

/// Decodes a response of server-sent events with `decode`, which may keep what it needs between two. Ends
/// with the response, or with the event `[DONE]`, which `decode` doesn't see.
pub fn decode_sse(
    response: Response,
    decode: impl FnMut(sse::Event) -> Result<Vec<Event>> + 'static,
) -> Box<dyn EventSource> {
    let mut stream = response.sse();
    Box::new(Decoded { next: move || stream.next_batch(), is_last: sse::Event::is_done, decode, end: None })
}

/// Decodes a response of JSON lines with `decode`, which may keep what it needs between two.
pub fn decode_ndjson(
    response: Response,
    decode: impl FnMut(String) -> Result<Vec<Event>> + 'static,
) -> Box<dyn EventSource> {
    let mut stream = response.ndjson();
    Box::new(Decoded { next: move || stream.next_batch(), is_last: |_: &String| false, decode, end: None })
}

struct Batches<I>(I);

impl<I: Iterator<Item = Result<Vec<Event>>>> EventSource for Batches<I> {
    fn next(&mut self) -> Result<Option<Vec<Event>>> {
        self.0.next().transpose()
    }
}

struct Decoded<Next, IsLast, Decode> {
    next: Next,
    is_last: IsLast,
    decode: Decode,
    /// Set once nothing more is read; holds the error to be told after the events before it.
    end: Option<Result<()>>,
}

impl<T, Next, IsLast, Decode> EventSource for Decoded<Next, IsLast, Decode>
where
    Next: FnMut() -> Result<Option<Vec<T>>>,
    IsLast: Fn(&T) -> bool,
    Decode: FnMut(T) -> Result<Vec<Event>>,
{
    fn next(&mut self) -> Result<Option<Vec<Event>>> {
        loop {
            if let Some(end) = &mut self.end {
                return std::mem::replace(end, Ok(())).map(|()| None);
            }
            let events = self.decode_batch();
            if !events.is_empty() {
                return Ok(Some(events));
            }
        }
    }
}

impl<T, Next, IsLast, Decode> Decoded<Next, IsLast, Decode>
where
    Next: FnMut() -> Result<Option<Vec<T>>>,
    IsLast: Fn(&T) -> bool,
    Decode: FnMut(T) -> Result<Vec<Event>>,
{
    /// What arrived together is handed on together, up to the first error.
    fn decode_batch(&mut self) -> Vec<Event> {
        let batch = match (self.next)() {
            Ok(Some(batch)) => batch,
            Ok(None) => return self.end(Ok(()), Vec::new()),
            Err(error) => return self.end(Err(error), Vec::new()),
        };
        let mut events = Vec::new();
        for item in batch {
            if (self.is_last)(&item) {
                return self.end(Ok(()), events);
            }
            match (self.decode)(item) {
                Ok(more) => events.extend(more),
                Err(error) => return self.end(Err(error), events),
            }
        }
        events
    }

    fn end(&mut self, how: Result<(), Error>, events: Vec<Event>) -> Vec<Event> {
        self.end = Some(how);
        events
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::api::ErrorKind;
    use crate::http::Request;
    use crate::testing::{Reply, Upstream, collect};

    fn response(reply: Reply) -> Response {
        Upstream::new().reply(reply).run(|| Request::get("https://a.example").send()).unwrap()
    }

    fn letters(data: &str) -> Result<Vec<Event>> {
        if data == "bad" {
            return Err(Error::upstream("bad event"));
        }
        Ok(data.chars().map(|letter| Event::text(0, letter)).collect())
    }

    #[test]
    fn what_arrives_together_is_handed_on_together() {
        let mut source = decode_sse(response(Reply::sse("data: ab\n\ndata: c\n\n")), |event| letters(&event.data));
        assert_eq!(source.next().unwrap().unwrap().len(), 3);
        assert_eq!(source.next().unwrap(), None);
        assert_eq!(source.next().unwrap(), None);
    }

    #[test]
    fn events_of_no_meaning_are_waited_over() {
        let reply = Reply::sse("data:\n\ndata:\n\ndata: a\n\n").split_at_every_byte();
        let mut source = decode_sse(response(reply), |event| letters(&event.data));
        assert_eq!(source.next().unwrap(), Some(vec![Event::text(0, "a")]));
    }

    #[test]
    fn done_ends_a_stream_that_goes_on() {
        let reply = Reply::sse("data: a\n\ndata: [DONE]\n\ndata: b\n\n").breaks_off();
        let source = decode_sse(response(reply), |event| letters(&event.data));
        assert_eq!(collect(source).unwrap(), [Event::text(0, "a")]);
    }

    #[test]
    fn events_before_an_error_come_first() {
        for reply in [Reply::ndjson("a\nbad\nb\n"), Reply::ndjson("a\n").breaks_off()] {
            let mut source = decode_ndjson(response(reply), |line| letters(&line));
            assert_eq!(source.next().unwrap(), Some(vec![Event::text(0, "a")]));
            assert_eq!(source.next().unwrap_err().kind, ErrorKind::Upstream);
            assert_eq!(source.next().unwrap(), None);
        }
    }

    #[test]
    fn batches_known_already_come_in_order() {
        let mut source = from_iter([Ok(letters("a").unwrap()), letters("bad")]);
        assert!(source.next().is_ok());
        assert!(source.next().is_err());
        assert_eq!(source.next(), Ok(None));
    }
}
