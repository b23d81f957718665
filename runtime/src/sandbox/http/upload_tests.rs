use futures_util::FutureExt;
use http_body::Body as _;
use http_body_util::BodyExt;

use super::*;

fn writer(upload: &Upload) -> Writer {
    Writer(upload.buffer.clone())
}

fn finish(upload: Upload) {
    upload.buffer.end(End::Finished);
}

/// The next piece that the connection takes, if there is one by now.
fn piece(reader: &mut Reader) -> Option<Option<Result<Bytes, EgressError>>> {
    reader.frame().now_or_never().map(|frame| frame.map(|frame| frame.map(|frame| frame.into_data().unwrap())))
}

#[test]
fn what_is_written_before_it_is_sent_leaves_in_one_piece_of_a_known_length() {
    let (upload, mut reader) = upload(&Rooms::default(), None);
    let mut writer = writer(&upload);
    writer.write(Bytes::from_static(b"one, ")).unwrap();
    writer.write(Bytes::from_static(b"two")).unwrap();
    assert_eq!(reader.size_hint().exact(), None);
    finish(upload);
    assert_eq!(reader.size_hint().exact(), Some(8));
    assert_eq!(piece(&mut reader).unwrap().unwrap().unwrap(), "one, two");
    assert!(reader.is_end_stream());
    assert!(matches!(piece(&mut reader), Some(None)));
}

#[test]
fn whoever_writes_more_than_there_is_room_for_waits_until_the_connection_took_it() {
    let (upload, mut reader) = upload(&Rooms::default(), None);
    let mut writer = writer(&upload);
    assert_eq!(writer.check_write().unwrap(), LARGE_BYTES);
    writer.write(vec![b'x'; LARGE_BYTES].into()).unwrap();
    assert_eq!(writer.check_write().unwrap(), 0);
    assert!(matches!(writer.write(Bytes::from_static(b"x")), Err(StreamError::Trap(_))));
    assert!(writer.ready().now_or_never().is_none());
    assert_eq!(piece(&mut reader).unwrap().unwrap().unwrap().len(), LARGE_BYTES);
    assert!(writer.ready().now_or_never().is_some());
    assert_eq!(writer.check_write().unwrap(), LARGE_BYTES);
}

#[test]
fn a_connection_that_goes_away_ends_the_writing() {
    let (upload, reader) = upload(&Rooms::default(), None);
    let mut writer = writer(&upload);
    writer.write(vec![b'x'; LARGE_BYTES].into()).unwrap();
    drop(reader);
    assert!(writer.ready().now_or_never().is_some());
    assert!(matches!(writer.check_write(), Err(StreamError::Closed)));
    assert!(matches!(writer.write(Bytes::from_static(b"x")), Err(StreamError::Closed)));
}

#[test]
fn a_body_that_is_left_unfinished_fails_its_request() {
    let (upload, mut reader) = upload(&Rooms::default(), None);
    writer(&upload).write(Bytes::from_static(b"half")).unwrap();
    drop(upload);
    assert_eq!(piece(&mut reader).unwrap().unwrap().unwrap(), "half");
    assert!(matches!(piece(&mut reader), Some(Some(Err(_)))));
}

#[test]
fn more_than_the_request_says_is_refused() {
    let (upload, _reader) = upload(&Rooms::default(), Some(4));
    let mut writer = writer(&upload);
    writer.write(Bytes::from_static(b"four")).unwrap();
    assert!(matches!(writer.write(Bytes::from_static(b"!")), Err(StreamError::LastOperationFailed(_))));
}

#[test]
fn a_guest_with_many_bodies_has_little_room_in_the_further_ones() {
    let rooms = Rooms::default();
    let mut bodies: Vec<_> = (0..LARGE_BODIES).map(|_| upload(&rooms, None)).collect();
    let (further, _reader) = upload(&rooms, None);
    assert_eq!(writer(&bodies[0].0).check_write().unwrap(), LARGE_BYTES);
    assert_eq!(writer(&further).check_write().unwrap(), SMALL_BYTES);
    bodies.pop();
    let (next, _reader) = upload(&rooms, None);
    assert_eq!(writer(&next).check_write().unwrap(), LARGE_BYTES);
}
