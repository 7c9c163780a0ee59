//! Who may call a function: what a permission answers, and permissions that many functions share.

mod scopes;
mod shared;

pub use scopes::{HasScopes, RequiredScope, has_scope, require_scope};
pub(crate) use shared::SharedPermission;
pub use shared::{AnyoneMarker, IntoPermission, PermissionAnswer, PermissionFn, SignedInMarker};

/// The answer of a permission: `Result<bool, E>`, or a plain `bool` where nothing can fail.
///
/// Its error has to fit into the function's, so that callers know every error that a call can end with.
#[diagnostic::on_unimplemented(
    message = "a permission answers with `Result<bool, {E}>` or `bool`, not `{Self}`",
    note = "help: write `async fn …(services: &Services, …, session: &Session) -> Result<bool, {E}>`; another error is taken where `{E}` has a variant with `#[from]` for it"
)]
pub trait Permitted<E> {
    /// Whether the caller may, in terms of the function's own error.
    ///
    /// # Errors
    /// What the permission failed with.
    fn permitted(self) -> Result<bool, E>;
}

impl<E> Permitted<E> for bool {
    fn permitted(self) -> Result<bool, E> {
        Ok(self)
    }
}

// What is wanted of another error is a conversion, and the note of the trait says that better than `Into` does.
#[diagnostic::do_not_recommend]
impl<E, P: Into<E>> Permitted<E> for Result<bool, P> {
    fn permitted(self) -> Result<bool, E> {
        self.map_err(Into::into)
    }
}
