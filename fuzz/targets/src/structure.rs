//! An upload.

use caisson::fuzzing::check_structure;

/// The check ends, within bounds, and a refusal says why. The bytes are also read as what follows a component's header, and as a core
/// module inside of a component, since few random bytes begin with one.
pub fn structure(bytes: &[u8]) {
    check(bytes);
    if !bytes.starts_with(b"\0asm") {
        check(&[b"\0asm\x0d\0\x01\0", bytes].concat());
        let Ok(length) = u32::try_from(bytes.len() + 8) else { return };
        // The length in the form that takes five bytes whatever it is.
        let mut header = *b"\0asm\x0d\0\x01\0\x01\x80\x80\x80\x80\0\0asm\x01\0\0\0";
        for (place, byte) in header[9..14].iter_mut().enumerate() {
            *byte |= (length >> (7 * place)) as u8 & 0x7f;
        }
        check(&[&header, bytes].concat());
    }
}

fn check(bytes: &[u8]) {
    if let Err(error) = check_structure(bytes) {
        assert!(!error.to_string().is_empty(), "a refusal without a reason");
    }
}
