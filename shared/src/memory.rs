//! Memory that is given back is wiped: also that of libraries, through which every code, token and key passes as bytes that
//! no type of ours can own.

use std::{alloc::System, hint::black_box};

use zeroizing_alloc::ZeroAlloc;

/// How much of the stack is wiped; more than an invocation takes, also in a build that is not optimized.
const STACK_BYTES: usize = 512 * 1024;

/// The memory of a function, which each function's program declares as its own (`#[global_allocator]`).
pub type Wiping = ZeroAlloc<System>;

/// The system's memory, wiped when it is given back.
pub const WIPING: Wiping = ZeroAlloc(System);

/// Wipes what those who have returned left on the stack of this thread, below its caller: a key that was moved leaves a copy
/// there that no drop reaches.
#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "it is the stack that is wiped")]
pub(crate) fn wipe_stack() {
    black_box(&mut [0_u8; STACK_BYTES]);
}
