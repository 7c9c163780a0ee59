//! One connection, from its first byte to its last.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use http::Request;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{net::TcpStream, sync::watch};

use super::{
    head::{LARGEST_HEAD, check_head, speaks_http2},
    serve::Serve,
    watchdog::Watchdog,
};
use crate::{alarm::EndSignal, channel::Stopping, http::refuse};

/// The other end of a connection.
#[derive(Debug)]
pub struct Peer {
    pub(crate) address: SocketAddr,
    /// A channel outlives the connection that it was upgraded from, and has to be told of the end by itself.
    pub(crate) stopping: Stopping,
}

pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) peer: Arc<Peer>,
    pub(super) header_timeout: Duration,
}

impl Connection {
    pub(super) async fn serve(self, service: impl Serve, stopping: watch::Receiver<()>) {
        let mut stopping = EndSignal::new(stopping);
        let address = self.peer.address;
        // Answers are written whole, so waiting to fill a packet only delays them.
        if let Err(error) = self.stream.set_nodelay(true) {
            tracing::debug!(peer = %address, %error, "a connection has no TCP_NODELAY");
        }
        let is_http2 = tokio::select! {
            spoken = tokio::time::timeout(self.header_timeout, speaks_http2(&self.stream)) => match spoken {
                Ok(Ok(is_http2)) => is_http2,
                _ => {
                    tracing::debug!(peer = %address, "a connection stayed silent");
                    return;
                }
            },
            // Nothing was asked yet, so nothing has to be finished.
            () = poll_fn(|cx| stopping.poll(cx)) => return,
        };
        let peer = self.peer;
        let service = service_fn(move |request: Request<Incoming>| {
            let (service, peer) = (service.clone(), Arc::clone(&peer));
            async move {
                Ok::<_, Infallible>(match check_head(&request) {
                    Some(problem) => refuse(&problem, request.headers()),
                    None => service.answer(request, &peer).await,
                })
            }
        });
        let io = TokioIo::new(self.stream);
        let served = if is_http2 {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .max_header_list_size(LARGEST_HEAD)
                .keep_alive_interval(self.header_timeout)
                .keep_alive_timeout(self.header_timeout);
            let mut connection = pin!(builder.serve_connection(io, service));
            match unless_stopped(connection.as_mut(), &mut stopping).await {
                Some(served) => served,
                None => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        } else {
            let mut builder = http1::Builder::new();
            builder
                .timer(Watchdog::new())
                .header_read_timeout(self.header_timeout)
                .max_buf_size(2 * LARGEST_HEAD as usize);
            let mut connection = pin!(builder.serve_connection(io, service).with_upgrades());
            match unless_stopped(connection.as_mut(), &mut stopping).await {
                Some(served) => served,
                None => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        };
        if let Err(error) = served {
            tracing::debug!(peer = %address, %error, "a connection ended badly");
        }
    }
}

/// What a connection comes to, or nothing if the server is to end before.
async fn unless_stopped<F: Future + Unpin>(mut served: F, stopping: &mut EndSignal) -> Option<F::Output> {
    poll_fn(move |cx| match pin!(&mut served).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => stopping.poll(cx).map(|()| None),
    })
    .await
}
