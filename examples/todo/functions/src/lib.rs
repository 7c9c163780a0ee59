//! A todo app, as the functions that it consists of.
//!
//! Nothing in here knows about HTTP. The functions are in [`todos`], [`users`] and [`events`]; what they share is in [`Services`].

pub mod events;
pub mod todos;
pub mod users;

mod secret;
mod services;

pub use self::{
    services::{Config, OpenError, Services},
    users::UserSession,
};

pikku_core::registry!(
    /// Things to do, to each user their own.
    TodoApp { services: Services, session: UserSession }
);
