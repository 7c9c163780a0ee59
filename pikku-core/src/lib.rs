//! The runtime of **pikku**: an application is plain `async` functions, and everything else follows from them.
//!
//! `#[pikku_func]` registers a function with its route, its authentication and its permissions; a build script runs
//! `pikku-codegen` over what was registered, and gets a router and typed clients. This crate is what they run on.
//!
//! # Errors
//! A function fails with an error of its own that derives [`PikkuError`]; callers are told as much of it as the type says.

mod access_table;
mod alarm;
mod app;
mod auth;
mod channel;
mod client_address;
mod coverage;
mod error;
mod event_hub;
mod expansion;
mod function;
mod guard;
mod http;
mod input;
mod jwt;
mod middleware;
mod origin;
mod permission;
mod pikku;
mod rate_limit;
mod registry;
mod server;
mod session;
mod session_store;
mod sync;
pub mod testing;
mod validation;
mod wire;

#[cfg(feature = "__fuzz")]
#[doc(hidden)]
pub mod __fuzz;
#[doc(hidden)]
pub mod __private;

pub use access_table::{AccessRow, AccessTable};
pub use app::{App, Services, Session};
pub use auth::{
    ApiKeyAuth, ApiKeyJwt, ApiKeySource, Authentication, Authenticator, BearerAuth, BearerCallback, BearerJwt,
    BearerToken, CookieAuth, CookieMarker, FindSession, JwtCookie, SameSite, StoredCookie, UnreadCookie, auth_api_key,
    auth_api_key_jwt, auth_bearer, auth_cookie, days, hours, minutes, weeks,
};
pub use channel::{Binary, Channel, ChannelState, PikkuChannel, ReplyShape, SlowConsumer, Text};
pub use client_address::TrustedProxies;
pub use error::{Error, ErrorVariant, FieldError, PikkuError, Problem};
pub use event_hub::{EventHub, Topic, TopicStream};
pub use function::{FunctionResult, Input, Output, OutputKind, PikkuFunc};
pub use http::{Access, Application, EventStream, Http, HttpCall, Raw, Route, Upload};
pub use input::{Rejection, TextKind};
pub use jwt::{IntoKeys, JwtError, JwtService, Key, Verified, jwks};
pub use middleware::{AroundMarker, AuthenticateMarker, IntoLayer, Layer, Middleware, Next};
pub use origin::Origins;
pub use permission::{
    AnyoneMarker, HasScopes, IntoPermission, PermissionAnswer, PermissionFn, RequiredScope, SignedInMarker, has_scope,
    require_scope,
};
pub use pikku::Pikku;
pub use pikku_macros::{PikkuError, Topic, pikku_channel, pikku_channel_func, pikku_func};
pub use rate_limit::{Attempt, LimitMarker, Quota, RateLimit, rate_limit};
pub use registry::{
    CONTRACT_VERSION, ChannelBinding, ChannelEntry, Description, FunctionEntry, HttpEntry, On, Registry, Schemas,
    TopicEntry,
};
pub use server::{Serve, Server};
pub use session::{Identity, SessionChange, UserSessionService};
#[cfg(feature = "postgres")]
pub use session_store::PostgresSessionStore;
#[cfg(feature = "sqlite")]
pub use session_store::SqliteSessionStore;
pub use session_store::{MemorySessionStore, ParseSessionKeyError, SessionKey, SessionRecord, SessionStore, Sessions};
pub use wire::{FromWire, Wire};

/// Takes in the code that the build script generated, as the module `generated`.
///
/// It has `ROUTES`, `router(app)`, `application(app)` and `serve(app, address)`.
#[macro_export]
macro_rules! include_generated {
    () => {
        /// What the build script generated from the functions.
        pub mod generated {
            ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/router.rs"));
        }
    };
}
