//! Counts allocations: those of Rust through the global allocator, libcurl's through its own hooks.

use libc::{c_char, c_void, size_t};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The system's allocator, and while asked to a count of its calls that give memory.
pub struct Counting;

static ACTIVE: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicU64 = AtomicU64::new(0);

/// How often memory was asked for while `work` ran, on any thread.
pub fn count<T>(work: impl FnOnce() -> T) -> (u64, T) {
    COUNT.store(0, Ordering::Relaxed);
    ACTIVE.store(true, Ordering::Relaxed);
    let outcome = work();
    ACTIVE.store(false, Ordering::Relaxed);
    (COUNT.load(Ordering::Relaxed), outcome)
}

/// Makes libcurl allocate through the counter. To be called before its first handle.
pub fn count_libcurl() {
    // SAFETY: no handle exists and no other thread runs; the hooks are the C library's own functions but for counting.
    unsafe {
        curl_sys::curl_global_cleanup();
        curl_sys::curl_global_init_mem(
            curl_sys::CURL_GLOBAL_ALL,
            malloc,
            free,
            realloc,
            strdup,
            calloc,
        );
    }
}

fn note() {
    if ACTIVE.load(Ordering::Relaxed) {
        COUNT.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        System.alloc(layout)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note();
        System.alloc_zeroed(layout)
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        System.realloc(place, layout, size)
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        System.dealloc(place, layout);
    }
}

extern "C" fn malloc(size: size_t) -> *mut c_void {
    note();
    // SAFETY: any size may be asked for.
    unsafe { libc::malloc(size) }
}

extern "C" fn calloc(count: size_t, size: size_t) -> *mut c_void {
    note();
    // SAFETY: any size may be asked for.
    unsafe { libc::calloc(count, size) }
}

extern "C" fn realloc(place: *mut c_void, size: size_t) -> *mut c_void {
    note();
    // SAFETY: libcurl hands back what these hooks gave it.
    unsafe { libc::realloc(place, size) }
}

extern "C" fn strdup(text: *const c_char) -> *mut c_char {
    note();
    // SAFETY: libcurl hands over a string that ends in NUL.
    unsafe { libc::strdup(text) }
}

extern "C" fn free(place: *mut c_void) {
    // SAFETY: libcurl hands back what these hooks gave it.
    unsafe { libc::free(place) }
}
