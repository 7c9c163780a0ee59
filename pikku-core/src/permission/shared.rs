//! Permissions that are not one function's: those of the whole application, of a path, of a tag.

use std::{borrow::Cow, fmt, marker::PhantomData, sync::Arc};

use super::{HasScopes, RequiredScope};
use crate::{
    app::App,
    error::{PikkuError, Problem},
    middleware::BoxFuture,
    wire::Wire,
};

/// A permission that many functions share, by its name.
pub struct SharedPermission<A: App> {
    name: Cow<'static, str>,
    ask: Arc<dyn Ask<A>>,
}

impl<A: App> SharedPermission<A> {
    /// What a table of who may call what shows.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the caller may.
    ///
    /// # Errors
    /// 403 if not, and what the permission failed with.
    pub(crate) async fn check(&self, wire: &Wire<'_, A>) -> Result<(), Problem> {
        if self.ask.ask(wire).await? { Ok(()) } else { Err(Problem::forbidden()) }
    }
}

impl<A: App> Clone for SharedPermission<A> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), ask: Arc::clone(&self.ask) }
    }
}

impl<A: App> fmt::Debug for SharedPermission<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedPermission").field(&self.name).finish()
    }
}

/// A permission with its future on the heap, so that a list can hold any kind.
trait Ask<A: App>: Send + Sync {
    fn ask<'a>(&'a self, wire: &'a Wire<'_, A>) -> BoxFuture<'a, Result<bool, Problem>>;
}

/// What can be added with [`Pikku::permission`](crate::Pikku::permission): an async function of the services and the
/// session, or [`require_scope`](crate::require_scope).
///
/// It is the same function that a bare name in `permissions = …` stands for. One that takes `&Session` is for callers who
/// are signed in, and where it meets somebody who is not, that is a 401; one that takes `Option<&Session>` judges everybody.
///
/// The second parameter only keeps the kinds apart for the compiler, which infers it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no permission that many functions can share",
    label = "not a function of the services and the session",
    note = "help: write `async fn …(services: &Services, session: &Session) -> Result<bool, MyError>`, or take `Option<&Session>`; a permission that looks at the input belongs to its function, `permissions = is_owner(todo_id)`; `require_scope` wants a session that implements `pikku_core::HasScopes`"
)]
pub trait IntoPermission<A: App, Marker> {
    /// The permission.
    #[doc(hidden)]
    fn into_permission(self) -> SharedPermission<A>;
}

/// Marks a permission that takes `&Session` for [`IntoPermission`].
#[derive(Debug)]
pub enum SignedInMarker {}

/// Marks a permission that takes `Option<&Session>` for [`IntoPermission`].
#[derive(Debug)]
pub enum AnyoneMarker {}

/// What a permission returns, as its callers are told: `bool`, or a `Result` of it.
pub trait PermissionAnswer: Send {
    /// Whether the caller may. The log is told of the permission by its name.
    ///
    /// # Errors
    /// What the permission failed with.
    fn answer(self, name: &'static str) -> Result<bool, Problem>;
}

impl PermissionAnswer for bool {
    fn answer(self, _: &'static str) -> Result<bool, Problem> {
        Ok(self)
    }
}

impl<E: PikkuError> PermissionAnswer for Result<bool, E> {
    fn answer(self, name: &'static str) -> Result<bool, Problem> {
        self.map_err(|error| error.problem().caused_by(name, error))
    }
}

/// An async function from the services and a session to an answer.
pub trait PermissionFn<'a, Services, Session>: Send + Sync + 'static {
    /// What it answers with.
    type Answer: PermissionAnswer;
    /// The future that it returns.
    type Future: Future<Output = Self::Answer> + Send + 'a;

    /// Calls it.
    fn call(&self, services: &'a Services, session: Session) -> Self::Future;
}

impl<'a, Services, Session, F, R> PermissionFn<'a, Services, Session> for F
where
    Services: 'a,
    F: Fn(&'a Services, Session) -> R + Send + Sync + 'static,
    R: Future + Send + 'a,
    R::Output: PermissionAnswer,
{
    type Answer = R::Output;
    type Future = R;

    fn call(&self, services: &'a Services, session: Session) -> R {
        self(services, session)
    }
}

impl<A, F> IntoPermission<A, SignedInMarker> for F
where
    A: App,
    F: for<'a> PermissionFn<'a, A::Services, &'a A::Session>,
{
    fn into_permission(self) -> SharedPermission<A> {
        let name = short_name::<F>();
        SharedPermission {
            name: name.into(),
            ask: Arc::new(OfFunction { function: self, name, takes: PhantomData::<fn() -> SignedInMarker> }),
        }
    }
}

impl<A, F> IntoPermission<A, AnyoneMarker> for F
where
    A: App,
    F: for<'a> PermissionFn<'a, A::Services, Option<&'a A::Session>>,
{
    fn into_permission(self) -> SharedPermission<A> {
        let name = short_name::<F>();
        SharedPermission {
            name: name.into(),
            ask: Arc::new(OfFunction { function: self, name, takes: PhantomData::<fn() -> AnyoneMarker> }),
        }
    }
}

impl<A: App<Session: HasScopes>> IntoPermission<A, ()> for RequiredScope {
    fn into_permission(self) -> SharedPermission<A> {
        SharedPermission { name: self.to_string().into(), ask: Arc::new(self) }
    }
}

/// A function as a permission; `Marker` says how it takes the session.
struct OfFunction<F, Marker> {
    function: F,
    name: &'static str,
    takes: PhantomData<fn() -> Marker>,
}

impl<A, F> Ask<A> for OfFunction<F, SignedInMarker>
where
    A: App,
    F: for<'a> PermissionFn<'a, A::Services, &'a A::Session>,
{
    fn ask<'a>(&'a self, wire: &'a Wire<'_, A>) -> BoxFuture<'a, Result<bool, Problem>> {
        Box::pin(async move {
            let session = wire.required_session()?;
            self.function.call(wire.services(), session).await.answer(self.name)
        })
    }
}

impl<A, F> Ask<A> for OfFunction<F, AnyoneMarker>
where
    A: App,
    F: for<'a> PermissionFn<'a, A::Services, Option<&'a A::Session>>,
{
    fn ask<'a>(&'a self, wire: &'a Wire<'_, A>) -> BoxFuture<'a, Result<bool, Problem>> {
        Box::pin(async move { self.function.call(wire.services(), wire.session()).await.answer(self.name) })
    }
}

impl<A: App<Session: HasScopes>> Ask<A> for RequiredScope {
    fn ask<'a>(&'a self, wire: &'a Wire<'_, A>) -> BoxFuture<'a, Result<bool, Problem>> {
        Box::pin(async move { Ok(self.is_held_by(wire.required_session()?)) })
    }
}

/// `is_admin` of `todo_functions::users::is_admin`; of a closure, the function that it stands in.
fn short_name<F>() -> &'static str {
    let name = std::any::type_name::<F>().trim_end_matches("::{{closure}}");
    // The path of a generic function ends in types, whose own paths say nothing here.
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of<F>(_: &F) -> &'static str {
        short_name::<F>()
    }

    // Seen to fail with closures called `{{closure}}`.
    #[test]
    fn p3_a_permission_is_called_like_its_function() {
        assert_eq!(
            name_of(&p3_a_permission_is_called_like_its_function),
            "p3_a_permission_is_called_like_its_function"
        );
        assert_eq!(name_of(&|| ()), "p3_a_permission_is_called_like_its_function");
        assert_eq!(name_of(&std::mem::drop::<Vec<String>>), "drop");
    }
}
