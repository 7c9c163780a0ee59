//! One connection, from its first byte to its last.

use std::{
    convert::Infallible,
    error::Error,
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::{Pin, pin},
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
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, watch},
};

use super::{
    head::{LARGEST_HEAD, check_head, speaks_http2},
    serve::Serve,
    stall::{Stall, Watched},
    watchdog::Watchdog,
};
use crate::{
    alarm::{Alarm, EndSignal},
    channel::Stopping,
    http::{Content, refuse},
};

/// The other end of a connection.
#[derive(Debug)]
pub struct Peer {
    pub(crate) address: SocketAddr,
    /// A channel outlives the connection that it was upgraded from, and has to be told of the end by itself.
    pub(crate) stopping: Stopping,
    /// Its place among the connections that there may be. A channel holds on to this for as long as it is open.
    pub(super) _place: OwnedSemaphorePermit,
}

pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) peer: Arc<Peer>,
    pub(super) header_timeout: Duration,
    pub(super) write_timeout: Duration,
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
                    Some(problem) => refuse(&problem, request.headers()).map(Content::from),
                    None => service.answer(request, &peer).await,
                })
            }
        });
        let (stream, stall) = Watched::new(self.stream);
        let io = TokioIo::new(stream);
        let watch = Watch { stopping, stall, write_timeout: self.write_timeout };
        let served = if is_http2 {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .max_header_list_size(LARGEST_HEAD)
                .keep_alive_interval(self.header_timeout)
                .keep_alive_timeout(self.header_timeout);
            let connection = pin!(builder.serve_connection(io, service));
            watch.over(connection, |connection| connection.graceful_shutdown()).await
        } else {
            let mut builder = http1::Builder::new();
            builder
                .timer(Watchdog::new())
                .header_read_timeout(self.header_timeout)
                // Head and content go out in one buffer: what is small is copied sooner than it is listed, and what is
                // large comes in pieces.
                .writev(false)
                .max_buf_size(2 * LARGEST_HEAD as usize);
            let connection = pin!(builder.serve_connection(io, service).with_upgrades());
            watch.over(connection, |connection| connection.graceful_shutdown()).await
        };
        if let Err(error) = served {
            tracing::debug!(peer = %address, %error, "a connection ended badly");
        }
    }
}

/// What a connection may be ended by from outside.
struct Watch {
    stopping: EndSignal,
    stall: Arc<Stall>,
    write_timeout: Duration,
}

impl Watch {
    /// Runs a connection to its end. It is told to `finish` when the server is to end, and is dropped when the other end
    /// does not take what it is sent.
    async fn over<C: Future<Output = hyper::Result<()>>>(
        mut self,
        mut connection: Pin<&mut C>,
        finish: impl FnOnce(Pin<&mut C>),
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let (mut alarm, mut finish) = (Alarm::default(), Some(finish));
        poll_fn(|cx| {
            if let Poll::Ready(served) = connection.as_mut().poll(cx) {
                return Poll::Ready(served.map_err(Into::into));
            }
            if let Some(finish) = finish.take_if(|_| self.stopping.poll(cx).is_ready()) {
                finish(connection.as_mut());
                if let Poll::Ready(served) = connection.as_mut().poll(cx) {
                    return Poll::Ready(served.map_err(Into::into));
                }
            }
            match self.stall.since().and_then(|since| since.checked_add(self.write_timeout)) {
                Some(deadline) => {
                    alarm.poll(deadline, cx).map(|()| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
                }
                None => Poll::Pending,
            }
        })
        .await
    }
}
