//! Reads a response through an incremental parser, as many items at a time as have come. What an item is, is for `sse` and `ndjson`.

use crate::Result;
use crate::http::Response;

/// A parser that takes bytes in any pieces.
pub(crate) trait Incremental {
    /// What it makes of them.
    type Item;

    /// The items that the piece completes.
    fn push(&mut self, bytes: &[u8]) -> Result<Vec<Self::Item>>;

    /// What is left once there are no more bytes.
    fn finish(&mut self) -> Result<Option<Self::Item>>;
}

/// Waits until at least one item is complete and gives all that are; `None` once the stream is over, as it is after an error too.
pub(crate) fn next_batch<P: Incremental>(
    source: &mut Option<Response>,
    parser: &mut P,
) -> Result<Option<Vec<P::Item>>> {
    while let Some(response) = source {
        let batch = match response.chunk() {
            Ok(Some(chunk)) => parser.push(&chunk),
            Ok(None) => {
                *source = None;
                parser.finish().map(|last| last.into_iter().collect())
            }
            Err(error) => Err(error),
        };
        match batch {
            Ok(items) if items.is_empty() => {}
            Ok(items) => return Ok(Some(items)),
            Err(error) => {
                *source = None;
                return Err(error);
            }
        }
    }
    Ok(None)
}
