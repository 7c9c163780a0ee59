//! What natively and in the browser is done differently: futures that cross threads, timers and chance.

use std::{future::Future, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::{
    Stream,
    future::{Either, select},
};

/// `Send` natively, nothing in the browser, where there is one thread and its handles can't leave it.
#[cfg(not(target_family = "wasm"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_family = "wasm"))]
impl<T: Send> MaybeSend for T {}

/// `Send` natively, nothing in the browser, where there is one thread and its handles can't leave it.
#[cfg(target_family = "wasm")]
pub trait MaybeSend {}
#[cfg(target_family = "wasm")]
impl<T> MaybeSend for T {}

/// `Sync` natively, nothing in the browser.
#[cfg(not(target_family = "wasm"))]
pub trait MaybeSync: Sync {}
#[cfg(not(target_family = "wasm"))]
impl<T: Sync> MaybeSync for T {}

/// `Sync` natively, nothing in the browser.
#[cfg(target_family = "wasm")]
pub trait MaybeSync {}
#[cfg(target_family = "wasm")]
impl<T> MaybeSync for T {}

#[cfg(not(target_family = "wasm"))]
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
#[cfg(target_family = "wasm")]
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;

#[cfg(not(target_family = "wasm"))]
pub(crate) type ByteStream = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;
#[cfg(target_family = "wasm")]
pub(crate) type ByteStream = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>>>>;

/// The hook that gets a fresh token.
#[cfg(not(target_family = "wasm"))]
pub(crate) type Hook<T> = dyn Fn() -> BoxFuture<T> + Send + Sync;
#[cfg(target_family = "wasm")]
pub(crate) type Hook<T> = dyn Fn() -> BoxFuture<T>;

/// A hook that is told something.
#[cfg(all(feature = "socket", not(target_family = "wasm")))]
pub(crate) type HookWith<A, T> = dyn Fn(A) -> BoxFuture<T> + Send + Sync;
#[cfg(all(feature = "socket", target_family = "wasm"))]
pub(crate) type HookWith<A, T> = dyn Fn(A) -> BoxFuture<T>;

/// Runs a task beside the caller.
#[cfg(all(feature = "socket", not(target_family = "wasm")))]
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// Runs a task beside the caller.
#[cfg(all(feature = "socket", target_family = "wasm"))]
pub(crate) fn spawn(task: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(task);
}

/// Waits.
#[cfg(not(target_family = "wasm"))]
pub(crate) async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Waits.
#[cfg(target_family = "wasm")]
pub(crate) async fn sleep(duration: Duration) {
    gloo_timers::future::sleep(duration).await;
}

/// A number from 0 to 1. It spreads retries in time and guards no secret.
pub(crate) fn chance() -> f64 {
    #[cfg(not(target_family = "wasm"))]
    return fastrand::f64();
    #[cfg(target_family = "wasm")]
    return js_sys::Math::random();
}

/// Whether a connection could not even be opened.
pub(crate) fn is_connect(error: &reqwest::Error) -> bool {
    #[cfg(not(target_family = "wasm"))]
    return error.is_connect();
    // The browser doesn't say why a request failed.
    #[cfg(target_family = "wasm")]
    return error.is_request();
}

/// The client that is used unless the caller brings one.
pub(crate) fn default_client() -> reqwest::Client {
    #[cfg(not(target_family = "wasm"))]
    let builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .user_agent(concat!("pikku-client/", env!("CARGO_PKG_VERSION")))
        // A redirect to another host would be given the API key.
        .redirect(reqwest::redirect::Policy::none());
    #[cfg(target_family = "wasm")]
    let builder = reqwest::Client::builder();
    builder.build().unwrap_or_default()
}

/// Runs a future for at most a duration; `None` when that is over.
pub(crate) async fn within<T>(limit: Option<Duration>, future: impl Future<Output = T>) -> Option<T> {
    let Some(limit) = limit else { return Some(future.await) };
    let (future, timer) = (std::pin::pin!(future), std::pin::pin!(sleep(limit)));
    match select(future, timer).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(((), _)) => None,
    }
}
