//! Files that no encoder makes: foreign, cut off, overwritten, or false about their own lengths.

use bytes::Bytes;
use caisson_e2e::adapter;

use super::text;

const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

/// A number in the binary format.
fn number(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &number(content.len()), content].concat()
}

/// A component of these sections and the provider.
fn component(sections: &[u8]) -> Bytes {
    let good = text::component("");
    [HEADER, sections, &good[HEADER.len()..]].concat().into()
}

/// The head of an ELF file as wasmtime writes it for a component's machine code, and some code.
pub(super) fn machine_code() -> Bytes {
    const ELFOSABI_WASMTIME: u8 = 200;
    const COMPONENT: u32 = 2;
    let mut head = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, ELFOSABI_WASMTIME];
    head.resize(16, 0);
    // Relocatable, of no particular machine, version 1; entry and offsets zero.
    head.extend_from_slice(&[1, 0, 0, 0, 1, 0, 0, 0]);
    head.resize(48, 0);
    head.extend_from_slice(&COMPONENT.to_le_bytes());
    head.extend_from_slice(&64_u16.to_le_bytes());
    head.resize(58, 0);
    // The size of a section's header, of which there are none.
    head.extend_from_slice(&64_u16.to_le_bytes());
    head.resize(64, 0);
    // An endless loop in x86-64.
    head.extend_from_slice(&[0xeb, 0xfe]);
    head.into()
}

pub(super) fn behind_elf() -> Bytes {
    [&machine_code()[..64], &adapter("echo")].concat().into()
}

/// A component, then a zip file's end, which is where a reader of zip files begins.
pub(super) fn zip_behind() -> Bytes {
    let empty_zip = [b"PK\x05\x06", &[0; 18][..]].concat();
    [&adapter("echo")[..], &empty_zip].concat().into()
}

/// The adapter `echo`, cut off at so many parts of its length.
pub(super) fn cut(part: usize, of: usize) -> Bytes {
    let whole = adapter("echo");
    let length = if part == of { whole.len() - 1 } else { whole.len() * part / of };
    whole.slice(..length)
}

pub(super) fn overwritten() -> Bytes {
    let mut bytes = adapter("echo").to_vec();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xff);
    bytes.into()
}

pub(super) fn endless_number() -> Bytes {
    [HEADER, &[7], &[0xff; 4096]].concat().into()
}

pub(super) fn false_lengths() -> Bytes {
    [HEADER, &[7, 0xff, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat().into()
}

/// Just below the limit of an upload.
pub(super) fn custom_sections() -> Bytes {
    let one = section(0, &[&[1, b'x'][..], &vec![0; (1 << 20) - 2]].concat());
    // Without the provider: nothing else is wrong.
    [HEADER, &one.repeat(60)].concat().into()
}

/// Instance types inside each other, three bytes a level.
pub(super) fn nested_types() -> Bytes {
    component(&section(7, &[&[1][..], &[0x42, 1, 1].repeat(100_000), &[0x42, 0]].concat()))
}

/// Components inside each other, built from the innermost.
pub(super) fn nested_components() -> Bytes {
    let mut lengths = vec![HEADER.len()];
    for _ in 0..10_000 {
        let inner = lengths[lengths.len() - 1];
        lengths.push(HEADER.len() + 1 + number(inner).len() + inner);
    }
    lengths.pop();
    let mut bytes = HEADER.to_vec();
    for inner in lengths.into_iter().rev() {
        bytes.push(4);
        bytes.extend(number(inner));
        bytes.extend(HEADER);
    }
    bytes.into()
}

/// A module of one function, which has its locals in one run.
pub(super) fn many_locals() -> Bytes {
    let body = [&[1][..], &number(1_000_000_000), &[0x7f, 0x0b]].concat();
    let code = section(10, &[&[1][..], &number(body.len()), &body].concat());
    let module = [b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0", &code[..]].concat();
    component(&section(1, &module))
}

/// A module whose data all goes to the start of its memory.
pub(super) fn data_on_data() -> Bytes {
    let mebibyte = 1 << 20;
    // In memory 0, at the constant 0.
    let one = [&[0, 0x41, 0, 0x0b][..], &number(mebibyte), &vec![0xa5; mebibyte]].concat();
    let data = section(11, &[&[50][..], &one.repeat(50)].concat());
    let memory = section(5, &[1, 0, 16]);
    let module = [b"\0asm\x01\0\0\0", &memory[..], &data].concat();
    component(&section(1, &module))
}
