//! HTTP: from a request to a function and back.
//!
//! A request finds its [`Route`], passes the middleware, and then goes the way that every call goes: session, input,
//! permissions, function. Generated code holds the table of the routes and the `match` that picks the function; what
//! happens is here.

mod body;
mod call;
mod content;
mod credentials;
mod handle;
mod lasting;
mod limits;
mod multipart;
mod respond;
mod route;
mod serve;
mod sse;
mod upload;

pub(crate) use body::opening_document;
pub use call::HttpCall;
pub(crate) use call::HttpContext;
pub use content::{Answer, Content};
pub(crate) use credentials::Layers;
pub use handle::{Http, Raw};
pub(crate) use respond::{refuse, refuse_message};
pub(crate) use route::Parameter;
pub use route::{Access, Dispatch, Route};
pub(crate) use serve::run;
pub use serve::{Application, Incoming, router};
pub use sse::EventStream;
pub(crate) use sse::event_response;
pub use upload::Upload;
pub(crate) use upload::with_probes;
