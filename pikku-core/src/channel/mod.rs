//! Channels: one connection, many messages, each on its way to a function.
//!
//! A connection passes the middleware and the authentication of its upgrade ([`upgrade`]) and is then one task that reads,
//! calls and writes ([`connection`]) over its [`socket`]. A message is taken apart and a reply put together in [`frame`]; what waits to be sent
//! is in [`outbound`]. Functions hold a connection by its [`Channel`].

mod connection;
mod frame;
#[cfg(feature = "__fuzz")]
mod fuzz;
mod handle;
mod limits;
mod message;
pub(crate) mod outbound;
mod socket;
mod upgrade;

pub use frame::ReplyShape;
#[cfg(feature = "__fuzz")]
pub use fuzz::fuzz_frame;
pub(crate) use handle::Connection;
pub use handle::{Channel, ChannelState};
pub use message::{Binary, Handled, Message, Opened, Text, check_opening};
pub(crate) use outbound::Outbound;
pub use outbound::SlowConsumer;
pub(crate) use upgrade::{Stopping, credentials_from_protocols, new_id, upgrade};

use std::time::Duration;

use crate::{app::App, error::Problem, origin::Origins};

/// A channel, as its functions name it; `#[pikku_channel]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no channel",
    note = "help: put `#[pikku_channel(route = \"/path\")]` on `pub struct {Self};`"
)]
pub trait PikkuChannel: 'static {
    /// What clients call it.
    const NAME: &'static str;
    /// Tells it from others.
    #[doc(hidden)]
    const ID: fn() -> std::any::TypeId = std::any::TypeId::of::<Self>;
}

/// What generated code implements for each channel: the `match` from a message to its function.
pub trait ChannelDispatch<A: App>: Send + Sync + 'static {
    /// The key whose value picks the function.
    const ROUTING: &'static str;
    /// Whether nobody has to be signed in for any of it.
    const PUBLIC: bool;
    /// Whether there are messages that may come before anybody is signed in.
    const HAS_PUBLIC_ROUTES: bool;

    /// Whether the path and the query of an upgrade say what they have to.
    ///
    /// # Errors
    /// What the client is told instead of an upgrade.
    fn check_opening(opening: &[u8]) -> Result<(), Problem>;

    /// Runs when a connection opens.
    fn connect(opened: Opened<'_, A>) -> impl Future<Output = Handled> + Send;

    /// Runs when it has closed.
    fn disconnect(opened: Opened<'_, A>) -> impl Future<Output = Handled> + Send;

    /// Handles a text message.
    fn message(message: &Message<'_, A>) -> impl Future<Output = Handled> + Send;

    /// Handles a binary message.
    fn binary(message: &Message<'_, A>) -> impl Future<Output = Handled> + Send;
}

/// The limits of connections.
#[derive(Debug, Clone)]
pub(crate) struct ChannelConfig {
    /// The largest message in bytes.
    pub(crate) message_limit: usize,
    /// How much may wait to be sent, in bytes.
    pub(crate) outbound_limit: usize,
    pub(crate) slow_consumer: SlowConsumer,
    /// How many messages may wait while one is handled. What comes then waits in the network.
    pub(crate) pending: usize,
    /// How many messages a second are answered, over time.
    pub(crate) rate: u32,
    /// How often the other side is asked whether it is there.
    pub(crate) heartbeat: Duration,
    /// How long a connection may be open before somebody signs in.
    pub(crate) sign_in: Duration,
    pub(crate) origins: Origins,
}

impl Default for ChannelConfig {
    fn default() -> Self {
        Self {
            message_limit: 64 * 1024,
            outbound_limit: 1 << 20,
            slow_consumer: SlowConsumer::default(),
            pending: 32,
            rate: 5000,
            heartbeat: Duration::from_secs(25),
            sign_in: Duration::from_secs(10),
            origins: Origins::default(),
        }
    }
}
