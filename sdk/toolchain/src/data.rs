//! Fewer data segments. Go's linker leaves out every short run of zeros, which makes a hundred thousand segments of a program's data;
//! each costs its reader more than the zeros would.
//!
//! A module whose segments overlap, or whose code names them by number, is left as it is.

use wasmparser::{BinaryReader, Data, DataKind, DataSectionReader, Operator, Parser, Payload};

/// Zeros that are written out rather than begin another segment.
const GAP: u64 = 24;
const DATA_SECTION: u8 = 11;

/// Neighbouring bytes of memory 0.
struct Segment {
    offset: u64,
    bytes: Vec<u8>,
}

/// The module with neighbouring segments joined; as it was where there is nothing to join.
pub(crate) fn joined(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut out = module.get(..8).unwrap_or_default().to_vec();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        // Code that names segments by number would name others.
        if matches!(payload, Payload::DataCountSection { .. }) {
            return Ok(module.to_vec());
        }
        let Some((id, range)) = payload.as_section() else { continue };
        let contents = module.get(range).unwrap_or_default();
        match segments(contents).filter(|_| id == DATA_SECTION) {
            Some(segments) => section(&mut out, id, &written(&segments)),
            None => section(&mut out, id, contents),
        }
    }
    Ok(out)
}

/// The segments of a data section, joined; none where they are not all active ones of memory 0 that keep apart.
fn segments(contents: &[u8]) -> Option<Vec<Segment>> {
    let mut found = Vec::new();
    for data in DataSectionReader::new(BinaryReader::new(contents, 0)).ok()? {
        let data = data.ok()?;
        found.push((constant_offset(&data)?, data.data));
    }
    // The order matters only where one overwrites another.
    found.sort_by_key(|&(offset, _)| offset);
    let mut joined: Vec<Segment> = Vec::new();
    for (offset, bytes) in found {
        if let Some(last) = joined.last_mut() {
            let gap = offset.checked_sub(last.offset + last.bytes.len() as u64)?;
            if gap <= GAP {
                last.bytes.extend(std::iter::repeat_n(0, usize::try_from(gap).ok()?));
                last.bytes.extend_from_slice(bytes);
                continue;
            }
        }
        joined.push(Segment { offset, bytes: bytes.to_vec() });
    }
    Some(joined)
}

fn constant_offset(data: &Data<'_>) -> Option<u64> {
    let DataKind::Active { memory_index: 0, offset_expr } = &data.kind else { return None };
    let mut operators = offset_expr.get_operators_reader();
    match (operators.read().ok()?, operators.read().ok()?) {
        (Operator::I32Const { value }, Operator::End) => Some(u64::from(value.cast_unsigned())),
        _ => None,
    }
}

fn written(segments: &[Segment]) -> Vec<u8> {
    let mut out = Vec::new();
    unsigned(&mut out, segments.len() as u64);
    for segment in segments {
        // Active, memory 0: i32.const OFFSET, end.
        out.extend([0x00, 0x41]);
        signed(&mut out, i64::from((segment.offset as u32).cast_signed()));
        out.push(0x0B);
        unsigned(&mut out, segment.bytes.len() as u64);
        out.extend_from_slice(&segment.bytes);
    }
    out
}

fn section(out: &mut Vec<u8>, id: u8, contents: &[u8]) {
    out.push(id);
    unsigned(out, contents.len() as u64);
    out.extend_from_slice(contents);
}

/// LEB128, as Wasm has it.
fn unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn signed(out: &mut Vec<u8>, mut value: i64) {
    loop {
        let byte = (value & 0x7F) as u8;
        value >>= 7;
        if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]
mod tests {
    use super::*;

    /// A module of one memory and these segments.
    fn module(segments: &[(u32, &[u8])]) -> Vec<u8> {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        section(&mut module, 5, &[1, 0, 1]);
        let segments: Vec<Segment> =
            segments.iter().map(|&(offset, bytes)| Segment { offset: offset.into(), bytes: bytes.to_vec() }).collect();
        section(&mut module, DATA_SECTION, &written(&segments));
        // A custom section, which has to stay behind the data.
        section(&mut module, 0, b"\x04name");
        module
    }

    #[test]
    fn neighbours_are_joined_with_the_zeros_between_them() {
        assert_eq!(joined(&module(&[(8, b"ab"), (12, b"c"), (13, b"d")])).unwrap(), module(&[(8, b"ab\0\0cd")]));
    }

    #[test]
    fn what_lies_far_off_stays_a_segment_of_its_own() {
        for offset in [35, 0x8000, u32::MAX] {
            let apart = module(&[(8, b"ab"), (offset, b"c")]);
            assert_eq!(joined(&apart).unwrap(), apart, "{offset}");
        }
    }

    #[test]
    fn segments_in_any_order_are_joined_where_they_keep_apart() {
        assert_eq!(joined(&module(&[(8, b"c"), (0, b"ab")])).unwrap(), module(&[(0, b"ab\0\0\0\0\0\0c")]));
        let overlapping = module(&[(8, b"ab"), (9, b"c")]);
        assert_eq!(joined(&overlapping).unwrap(), overlapping);
    }

    #[test]
    fn code_that_names_segments_by_number_keeps_them() {
        let mut counted = b"\0asm\x01\0\0\0".to_vec();
        section(&mut counted, 5, &[1, 0, 1]);
        section(&mut counted, 12, &[2]);
        let segments = [Segment { offset: 0, bytes: vec![1] }, Segment { offset: 2, bytes: vec![2] }];
        section(&mut counted, DATA_SECTION, &written(&segments));
        assert_eq!(joined(&counted).unwrap(), counted);
    }
}
