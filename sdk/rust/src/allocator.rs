//! The memory allocator of an adapter on Wasm: small blocks from lists of free ones, one for each size, and the standard library's own
//! allocator for all else. A guest asks for hundreds of small blocks for each answer, and `malloc` took a quarter of its instructions.
//!
//! What is freed is used again for blocks of the same size, so a stream of any length takes what its longest moment takes. Small
//! memory is never joined to larger blocks, nor given back: an instance is thrown away with its call. Knows one thread only.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::{self, null_mut};

/// Sizes are rounded up to this, which is also the strictest alignment served.
const GRAIN: usize = 16;
/// The largest size that comes from a list.
const LARGEST: usize = 1024;
/// What is taken from the standard allocator at a time, to be cut into blocks.
const PIECE: usize = 4 * 1024;

/// Serves one thread.
#[derive(Debug)]
pub(crate) struct Allocator {
    /// For each size a list of free blocks; each holds the next one's address.
    free: [Cell<*mut u8>; LARGEST / GRAIN],
    /// What is not yet cut: where it begins, and how long it is.
    uncut: Cell<*mut u8>,
    left: Cell<usize>,
}

#[cfg(all(target_arch = "wasm32", not(target_feature = "atomics")))]
#[expect(unsafe_code, reason = "a static has to be shareable")]
// SAFETY: on Wasm without threads there is nobody to share it with.
unsafe impl Sync for Allocator {}

impl Allocator {
    /// One that has taken nothing yet.
    pub(crate) const fn new() -> Self {
        Self {
            free: [const { Cell::new(null_mut()) }; LARGEST / GRAIN],
            uncut: Cell::new(null_mut()),
            left: Cell::new(0),
        }
    }

    /// Which list serves it; none for what is large, or strictly aligned.
    fn list(layout: &Layout) -> Option<usize> {
        (layout.size() <= LARGEST && layout.align() <= GRAIN).then(|| layout.size().saturating_sub(1) / GRAIN)
    }

    #[expect(unsafe_code, reason = "memory is what this is about")]
    #[cold]
    fn take_piece(&self) -> bool {
        // SAFETY: the layout has a size, and its alignment is a power of two that the size is a multiple of.
        let piece = unsafe { System.alloc(Layout::from_size_align_unchecked(PIECE, GRAIN)) };
        if !piece.is_null() {
            self.uncut.set(piece);
            self.left.set(PIECE);
        }
        !piece.is_null()
    }
}

#[expect(unsafe_code, reason = "memory is what this is about")]
// SAFETY: a block on a list has the size of that list, belongs to nobody, and is on it once: it was cut from a piece that is never given
// back, and only `dealloc` puts it there, whose caller gives it up. Layouts say which list a block came from, since they are the same
// at its end as at its beginning.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((list, free)) = Self::list(&layout).and_then(|list| Some((list, self.free.get(list)?))) else {
            // SAFETY: the caller's promise is the same.
            return unsafe { System.alloc(layout) };
        };
        let block = free.get();
        if !block.is_null() {
            // SAFETY: a free block holds the address of the next, and is aligned for it.
            free.set(unsafe { block.cast::<*mut u8>().read() });
            return block;
        }
        let size = (list + 1) * GRAIN;
        if self.left.get() < size && !self.take_piece() {
            return null_mut();
        }
        let block = self.uncut.get();
        // SAFETY: as much is left of the piece, or the end of it is pointed to.
        self.uncut.set(unsafe { block.add(size) });
        self.left.set(self.left.get() - size);
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(free) = Self::list(&layout).and_then(|list| self.free.get(list)) else {
            // SAFETY: the same layout had it from there.
            return unsafe { System.dealloc(block, layout) };
        };
        // SAFETY: the block is given up, is at least as large as an address, and aligned for one.
        unsafe { block.cast::<*mut u8>().write(free.get()) };
        free.set(block);
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the new size, rounded up, is no overflow.
        let larger = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (Self::list(&layout), Self::list(&larger)) {
            // SAFETY: the same layout had it from there.
            (None, None) => unsafe { System.realloc(block, layout, size) },
            (from, to) if from == to => block,
            _ => {
                // SAFETY: the caller's promises hold for both, which do not overlap.
                unsafe {
                    let moved = self.alloc(larger);
                    if !moved.is_null() {
                        ptr::copy_nonoverlapping(block, moved, size.min(layout.size()));
                        self.dealloc(block, layout);
                    }
                    moved
                }
            }
        }
    }
}

#[cfg(test)]
#[expect(unsafe_code, reason = "memory is what this is about")]
mod tests {
    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::array::<u8>(size).unwrap_or(Layout::new::<u8>())
    }

    /// A block whose every byte is `fill`.
    fn filled(allocator: &Allocator, size: usize, fill: u8) -> *mut u8 {
        // SAFETY: the block is as long as it was asked for.
        unsafe {
            let block = allocator.alloc(layout(size));
            assert!(!block.is_null());
            block.write_bytes(fill, size);
            block
        }
    }

    fn is_filled(block: *const u8, size: usize, fill: u8) -> bool {
        // SAFETY: whoever asks has a block of this size, and wrote all of it.
        unsafe { std::slice::from_raw_parts(block, size) }.iter().all(|&byte| byte == fill)
    }

    #[test]
    fn blocks_of_all_sizes_keep_apart_while_others_come_and_go() {
        let allocator = Allocator::new();
        let sizes = (1..LARGEST + 40).step_by(7);
        let kept: Vec<_> = sizes
            .zip((0..=u8::MAX).cycle())
            .map(|(size, fill)| {
                let given_back = filled(&allocator, size, !fill);
                let block = filled(&allocator, size, fill);
                // SAFETY: it came from there with this layout, and nobody looks at it any more.
                unsafe { allocator.dealloc(given_back, layout(size)) };
                (block, size, fill)
            })
            .collect();
        for (block, size, fill) in kept {
            assert!(is_filled(block, size, fill), "{size}");
        }
    }

    #[test]
    fn strict_alignments_are_kept() {
        let allocator = Allocator::new();
        for align in [1, 2, 4, 8, 16, 32, 256, 4096] {
            let _apart = filled(&allocator, 1, 0);
            for size in [align, 3 * align] {
                let Ok(layout) = Layout::from_size_align(size, align) else { continue };
                // SAFETY: the layout has a size.
                assert!(unsafe { allocator.alloc(layout) }.addr().is_multiple_of(align), "{layout:?}");
            }
        }
    }

    #[test]
    fn a_block_that_grows_and_shrinks_keeps_what_is_in_it() {
        let allocator = Allocator::new();
        let mut size = 5;
        let mut block = filled(&allocator, size, 7);
        for next in [6, 16, 17, 500, LARGEST, LARGEST + 1, 100_000, LARGEST, 33, 5] {
            // SAFETY: it came from there with this layout.
            block = unsafe { allocator.realloc(block, layout(size), next) };
            assert!(is_filled(block, size.min(next), 7), "{size} to {next}");
            // SAFETY: the block is as long as it was asked for.
            unsafe { block.write_bytes(7, next) };
            size = next;
        }
    }

    #[test]
    fn a_long_stream_takes_no_more_than_a_short_one() {
        let allocator = Allocator::new();
        let chunk = || {
            let blocks = [5, 40, 300, 40, 900].map(|size| (filled(&allocator, size, 0), size));
            for (block, size) in blocks {
                // SAFETY: it came from there with this layout, and nobody looks at it any more.
                unsafe { allocator.dealloc(block, layout(size)) };
            }
            (allocator.uncut.get(), allocator.left.get())
        };
        let first = chunk();
        assert!((0..10_000).all(|_| chunk() == first));
    }
}
