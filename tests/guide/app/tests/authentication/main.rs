//! What `docs/authentication.md` shows and says, over real sockets.
//!
//! Each piece of code in the guide stands in these files, or in the functions that they serve, and `page` sees to that.

mod channels;
mod clients;
mod credentials;
mod page;
mod permissions;
mod plain;
mod refusals;
mod sessions;
mod tokens;

/// How a test ends.
type Outcome = Result<(), Box<dyn std::error::Error>>;
