//! From registered functions to a router, typed clients and documents.
//!
//! It runs in a build script, over what the macros registered: the compiled truth, with the true schema of every type.
//! The passes are collect → check → emit → write, and each stops with all that it found before the next begins.
//!
//! ```no_run
//! # use serde::{Deserialize, Serialize};
//! # pub struct Services;
//! # #[derive(Clone, Serialize, Deserialize)] pub struct UserSession;
//! # pikku_core::registry!(TodoApp { services: Services, session: UserSession });
//! fn main() -> pikku_codegen::Result<()> {
//!     pikku_codegen::Builder::new(TodoApp::registry()).typescript("../web/pikku").emit()
//! }
//! ```

mod builder;
mod channels;
mod check;
mod collect;
mod emit;
mod error;
pub mod model;
pub mod schema;
mod write;

pub use builder::{Builder, Inspection};
pub use emit::{File, router, rust_client, typescript};
pub use error::{Diagnostic, Error, Result};
