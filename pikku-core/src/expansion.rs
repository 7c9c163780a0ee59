//! What the expansion of `#[pikku_func]` names, so that each mistake in a function is told once.
//!
//! A function whose types don't fit has no proper `PikkuFunc`, and everything that asks for one would fail in its turn. So
//! nothing in the expansion asks for it outright: what it needs is looked up by a name that is found in two places, first
//! on types that fit and then, one trait later, on all others. The second is never run, since such a program has been
//! refused elsewhere.

use std::{any::TypeId, convert::Infallible, fmt, marker::PhantomData};

use crate::{
    app::Services,
    function::{Input, OutputKind, PikkuFunc},
    input::Rejection,
    registry::{self, Description, Schemas},
    wire::FromWire,
};

/// What a function registers of itself.
pub struct Registered<F>(PhantomData<F>);

impl<F: PikkuFunc> Registered<F> {
    /// The application, by its type.
    pub const APP: fn() -> TypeId = TypeId::of::<F::App>;
    /// Writes the types into the schemas.
    pub const DESCRIBE: fn(&mut Schemas) -> Description = registry::describe::<F>;
    /// Parses and validates an input.
    pub const PROBE: fn(&[u8]) -> Result<(), Rejection> = registry::probe::<F>;
    /// Whether there is middleware that messages go around.
    pub const GOES_AROUND: fn() -> bool = registry::goes_around::<F>;
}

/// What stands in the place of [`Registered`] where a function does not fit.
pub trait Unregistered {
    /// The application of nothing.
    const APP: fn() -> TypeId = TypeId::of::<Infallible>;
    /// Describes nothing.
    const DESCRIBE: fn(&mut Schemas) -> Description = |_| Description {
        input: None,
        output: OutputKind::None,
        error: "",
        errors: Vec::new(),
        requires_channel: false,
        has_middleware: false,
    };
    /// Takes anything.
    const PROBE: fn(&[u8]) -> Result<(), Rejection> = |_| Ok(());
    /// Has none.
    const GOES_AROUND: fn() -> bool = || false;
}

impl<F> Unregistered for Registered<F> {}

/// What a parameter by value says of itself, in an application with the services `S`.
pub struct Taken<'wire, T, S>(PhantomData<(&'wire (), T, S)>);

impl<'wire, S: Services, T: FromWire<'wire, S::App>> Taken<'wire, T, S> {
    /// Whether it can only be made for a caller who is signed in.
    pub const REQUIRES_SESSION: bool = T::REQUIRES_SESSION;
    /// Whether it is only there on a channel.
    pub const REQUIRES_CHANNEL: bool = T::REQUIRES_CHANNEL;
}

/// What stands in the place of [`Taken`] where a type can't be a parameter.
pub trait Refused {
    /// Requires nothing.
    const REQUIRES_SESSION: bool = false;
    /// Requires nothing.
    const REQUIRES_CHANNEL: bool = false;
}

impl<T, S> Refused for Taken<'_, T, S> {}

impl<T, S> fmt::Debug for Taken<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Taken")
    }
}

/// A type on its way to being an input; only what can be one gets there.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the input of a pikku function",
    note = "help: derive both `serde::Deserialize` and `schemars::JsonSchema` for it"
)]
pub trait AsInput: Sized {
    /// The type itself, known to be an input.
    type Input: Input;

    /// The input as it is handed to the function.
    fn take(input: Self::Input) -> Self;

    /// The input as permissions look at it.
    fn view(input: &Self::Input) -> &Self;
}

impl<T: Input> AsInput for T {
    type Input = T;

    fn take(input: T) -> T {
        input
    }

    fn view(input: &T) -> &T {
        input
    }
}

impl<F> fmt::Debug for Registered<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registered")
    }
}

/// The session on its way into a function or a permission that is never called without one.
///
/// It fits a parameter that asks for it, and one that would do without.
#[diagnostic::on_unimplemented(
    message = "the session of this application can't be taken as `{T}`",
    label = "here the session is `{Self}`",
    note = "help: take `session: {Self}`, or `session: Option<{Self}>`; a permission takes it last"
)]
pub trait RequiredSession<T> {
    /// The session, as the parameter wants it.
    fn pass(self) -> T;
}

impl<'s, S> RequiredSession<&'s S> for &'s S {
    fn pass(self) -> &'s S {
        self
    }
}

impl<'s, S> RequiredSession<Option<&'s S>> for &'s S {
    fn pass(self) -> Option<&'s S> {
        Some(self)
    }
}

/// The session on its way into a function or a permission that is called without one too.
#[diagnostic::on_unimplemented(
    message = "the session of this application can't be taken as `{T}` where nobody has to be signed in",
    label = "here the session is `{Self}`",
    note = "help: take `session: {Self}`, or take out `auth = false`; a permission takes the session last"
)]
pub trait OptionalSession<T> {
    /// The session, as the parameter wants it.
    fn pass(self) -> T;
}

impl<S> OptionalSession<Self> for Option<&S> {
    fn pass(self) -> Self {
        self
    }
}

// Were there one way only, the compiler would take it and then complain of the type.
impl<S> OptionalSession<()> for Option<&S> {
    fn pass(self) {}
}
