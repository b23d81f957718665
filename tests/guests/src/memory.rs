//! A guest's linear memory as bytes, whoever they belong to: for guests that look for what others left there.
//!
//! Off Wasm there is no such memory, and nothing to be found in it.

/// Bytes that memory grows by at a time.
#[cfg(target_arch = "wasm32")]
const STEP: usize = 16 * PAGE;

#[cfg(target_arch = "wasm32")]
const PAGE: usize = 64 << 10;

/// Grows the memory by a megabyte and gives that megabyte as it came; none once the host refuses.
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "what a fresh page holds is no value of Rust's")]
#[must_use]
pub fn grow() -> Option<&'static mut [u8]> {
    let before = core::arch::wasm32::memory_grow::<0>(STEP / PAGE);
    // SAFETY: these pages didn't exist before, so that nothing else refers to them.
    (before != usize::MAX).then(|| unsafe { std::slice::from_raw_parts_mut((before * PAGE) as *mut u8, STEP) })
}

/// All of the memory but its first kilobyte, as no slice may begin at null.
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "the memory is searched whole, not by what Rust knows to be in it")]
#[must_use]
pub fn whole() -> &'static [u8] {
    let end = core::arch::wasm32::memory_size::<0>() * PAGE;
    // SAFETY: all of a linear memory can be read, and nothing writes while a guest's only thread reads.
    unsafe { std::slice::from_raw_parts(1024 as *const u8, end - 1024) }
}

/// None.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn grow() -> Option<&'static mut [u8]> {
    None
}

/// None.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn whole() -> &'static [u8] {
    &[]
}
