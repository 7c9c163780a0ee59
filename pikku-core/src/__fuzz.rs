//! What the fuzz targets of `tests/fuzz` call: a claim about what comes from outside, which panics where it does not hold.

pub use crate::{
    auth::{fuzz_authorization, fuzz_cookie},
    channel::fuzz_frame,
    input::fuzz_merge,
    jwt::fuzz_token,
};
