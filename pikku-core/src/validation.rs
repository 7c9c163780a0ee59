//! Whether a type states constraints, found out where its name is known.
//!
//! `#[pikku_func]` writes `(&Constrained(input)).validate()`. Method lookup finds the inherent-like trait of types that
//! implement `garde::Validate` first, and that of all other types one reference later.

use garde::{Report, Validate};

/// Holds an input while the compiler looks for its constraints.
#[derive(Debug)]
pub struct Constrained<'i, T>(pub &'i T);

impl<T: Validate<Context: Default>> Constrained<'_, T> {
    /// Checks the constraints.
    ///
    /// # Errors
    /// Those that are broken.
    pub fn validate(&self) -> Result<(), Report> {
        self.0.validate()
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
