//! Whether a type states constraints, found out where its name is known.
//!
//! `#[pikku_func]` writes `(&Constrained(input)).validate()`. Method lookup finds the inherent-like trait of types that
//! implement `garde::Validate` first, and that of all other types one reference later.

use garde::{Report, Validate};

/// Holds an input while the compiler looks for its constraints.
#[derive(Debug)]
pub struct Constrained<'i, T>(pub &'i T);

impl<T: Validate> Constrained<'_, T> {
    /// Checks the constraints.
    ///
    /// # Errors
    /// Those that are broken.
    pub fn validate(&self) -> Result<(), Report>
    where
        T::Context: ValidationContext,
    {
        self.0.validate_with(&T::Context::make())
    }
}

/// What the constraints of an input are checked against: something that can be made of nothing.
#[diagnostic::on_unimplemented(
    message = "the constraints of this input need a `{Self}`, and nobody has one",
    note = "help: implement `Default` for `{Self}`, or check what needs it in the function"
)]
pub trait ValidationContext {
    /// Makes it.
    fn make() -> Self;
}

impl<C: Default> ValidationContext for C {
    fn make() -> Self {
        Self::default()
    }
}

/// What a type without constraints has in place of them.
pub trait Unconstrained {
    /// Has nothing to check.
    ///
    /// # Errors
    /// Never.
    fn validate(&self) -> Result<(), Report>;
}

impl<T> Unconstrained for Constrained<'_, T> {
    fn validate(&self) -> Result<(), Report> {
        Ok(())
    }
}
