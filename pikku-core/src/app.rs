//! What an application is made of: its services, its session and its name.

use serde::{Serialize, de::DeserializeOwned};

/// An application: the services its functions share and the session they may ask for.
///
/// [`registry!`](crate::registry) implements it; nobody writes it by hand.
pub trait App: Send + Sync + Sized + 'static {
    /// What every function gets as its first parameter.
    type Services: Services<App = Self>;
    /// Who is calling, once they have signed in.
    type Session: Session;
    /// The application's name, as its generated clients carry it.
    const NAME: &'static str;
    /// The package that the functions live in.
    const CRATE: &'static str;
    /// The path of the module that the application stands in.
    const MODULE: &'static str;
}

/// The services of an application, and through them the application itself.
///
/// It is how `#[pikku_func]` knows from `services: &Services` alone which application a function belongs to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the services type of an application",
    label = "the first parameter is the services, `services: &Services`",
    note = "help: name the type in `pikku_core::registry!(MyApp {{ services: {Self}, session: … }})` at the root of the crate"
)]
pub trait Services: Send + Sync + Sized + 'static {
    /// The application that these are the services of.
    type App: App<Services = Self>;
}

/// What a session has to be: cheap to clone, and plain data, since it may travel in a token.
///
/// Every type that fits is a session; there is nothing to implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a session",
    note = "help: derive `Clone`, `Serialize` and `Deserialize` for it"
)]
pub trait Session: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<S: Clone + Serialize + DeserializeOwned + Send + Sync + 'static> Session for S {}

/// Names an application and makes its registry, at the root of the crate its functions live in.
///
/// The struct that it declares is the application: `TodoApp::registry()` is what a build script hands to
/// `pikku_codegen::Builder`, and `Pikku::<TodoApp>` is the running server. Naming the registry also anchors the crate,
/// so that the linker keeps every registered function.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// pub struct Services;
///
/// #[derive(Clone, Serialize, Deserialize)]
/// pub struct UserSession {
///     pub user_id: u64,
/// }
///
/// pikku_core::registry!(
///     /// Things to do.
///     TodoApp { services: Services, session: UserSession }
/// );
/// # fn main() {
/// assert!(TodoApp::registry().functions().is_empty());
/// # }
/// ```
#[macro_export]
macro_rules! registry {
    ($(#[$meta:meta])* $app:ident { services: $services:ty, session: $session:ty $(,)? }) => {
        $(#[$meta])*
        #[doc = ""]
        #[doc = "A pikku application; its functions are those that name its services."]
        #[derive(Debug, Clone, Copy)]
        pub struct $app;

        impl $crate::App for $app {
            type Services = $services;
            type Session = $session;
            const NAME: &'static str = ::core::stringify!($app);
            const CRATE: &'static str = ::core::env!("CARGO_PKG_NAME");
            const MODULE: &'static str = ::core::module_path!();
        }

        impl $crate::Services for $services {
            type App = $app;
        }

        impl $app {
            /// Everything that was registered for this application, for codegen to read.
            #[must_use]
            pub fn registry() -> $crate::Registry {
                $crate::Registry::of::<Self>()
            }
        }
    };
}
