//! What generated code and macro output name, and nothing else should: it changes without notice.

pub use axum;
pub use garde;
pub use http;
pub use linkme;
pub use schemars;
pub use serde;
pub use serde_json;

pub use crate::{
    app::{App, Services},
    channel::{Binary, Channel, ChannelDispatch, Handled, Message, Opened, PikkuChannel, ReplyShape, check_opening},
    error::{Error, ErrorVariant, Fields, Payload, PikkuError, Problem, detail},
    event_hub::{EventHub, Topic},
    expansion::{AsInput, OptionalSession, Refused, Registered, RequiredSession, Taken, Unregistered},
    function::{FunctionResult, Input, Output, PikkuFunc, told},
    http::{Access, Answer, Application, Content, Dispatch, Incoming, Route, router},
    input::TextKind,
    middleware::{IntoLayer, Layer},
    permission::Permitted,
    pikku::Pikku,
    registry::{CHANNELS, ChannelBinding, ChannelEntry, FUNCTIONS, FunctionEntry, HttpEntry, On, TOPICS, TopicEntry},
    server::Server,
    validation::{Constrained, Unconstrained},
    wire::{FromWire, Wire},
};

/// Fails the build of generated code that was made for another version of the runtime.
pub const fn assert_contract<const GENERATED: u32>() {
    assert!(
        GENERATED == crate::registry::CONTRACT_VERSION,
        "the generated code and pikku-core are of different versions; help: give pikku-codegen and pikku-core the same version in Cargo.toml"
    );
}
