//! The runtime of pikku's generated Rust clients, native and in the browser (`wasm32-unknown-unknown`).
//!
//! A build script lets `pikku-codegen` write the client of an application into `OUT_DIR`; a module takes it in:
//!
//! ```ignore
//! pub mod api {
//!     pikku_client::include_generated!();
//! }
//!
//! let api = api::TodoClient::new("http://127.0.0.1:4002")?.with_api_key(key);
//! match api.rename_todo(&api::RenameTodo { todo_id, title }).await {
//!     Err(Error::Api(api::RenameTodoError::NotFound)) => println!("it is gone"),
//!     other => println!("{:?}", other?),
//! }
//! ```
//!
//! A channel is a method that connects to it. Its actions are methods of what comes back, and its topics streams:
//!
//! ```ignore
//! let events = api.events().connect().await?;
//! events.subscribe(&api::Subscribe { topic: "todo-created".to_owned() }).keep()?;
//! let mut created = events.on_todo_created();
//! while let Some(todo) = created.next().await {
//!     println!("{}", todo?.title);
//! }
//! ```
//!
//! What is generated is signatures and types. The behaviour is here: [`Http`] holds the address, the credentials and the
//! policies, [`Socket`] is a connection that comes back when it is lost, and [`Error`] tells a function's own errors from
//! everything else that a call can end in.

mod base_url;
mod contract;
mod credentials;
mod error;
mod events;
mod exchange;
mod http;
mod input;
mod patch;
mod platform;
mod problem;
mod raw;
mod request;
mod retry;
#[cfg(feature = "socket")]
mod socket;
mod sse;
mod upload;

#[doc(hidden)]
pub mod __private;

pub use base_url::BaseUrlError;
pub use credentials::RefreshHook;
pub use error::{ApiError, DecodeError, EncodeError, Error, NoError, TransportError};
pub use events::Events;
pub use http::Http;
pub use patch::Patch;
pub use problem::{FieldError, Problem};
pub use raw::RawResponse;
pub use request::Request;
pub use retry::Retry;
#[cfg(feature = "socket")]
pub use socket::{Call, Closed, Connect, Kept, Socket, State, Subscription, SubscriptionError};
pub use upload::{Upload, Uploads};

/// Takes the generated client in at this place; it fills a module of its own best.
///
/// ```ignore
/// pub mod api {
///     pikku_client::include_generated!();
/// }
/// ```
#[macro_export]
macro_rules! include_generated {
    () => {
        /// The generated client, whose items are public whether or not the module around it is.
        #[allow(unreachable_pub)]
        mod generated {
            ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/client.rs"));
        }
        #[allow(unreachable_pub, unused_imports)]
        pub use generated::*;
    };
}
