//! The server: connections, their limits, and an end in good order.

use std::{future::Future, io, net::SocketAddr, pin::pin, time::Duration};

use axum::{Router, body::Body};
use http::{Request, StatusCode, Version, header};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tower::ServiceExt;

use crate::{channel::Stopping, error::Problem, http::refuse};

/// How large the headers of a request may be.
const LARGEST_HEAD: u32 = 32 * 1024;

/// What every HTTP/2 connection begins with.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// Serves an axum router, with limits that `axum::serve` does not have.
///
/// A connection on which no complete request head arrives in time is closed, heads over 32 KiB are refused, and at the end
/// requests that are being answered are finished first.
///
/// ```no_run
/// # async fn run(router: axum::Router) -> std::io::Result<()> {
/// pikku_core::Server::bind("127.0.0.1:4002".parse().expect("an address")).await?.serve(router).await
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    header_timeout: Duration,
    grace: Duration,
}

impl Server {
    /// Takes an address.
    ///
    /// # Errors
    /// When the address can't be had.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self::on(TcpListener::bind(address).await?))
    }

    /// Takes over a listener.
    #[must_use]
    pub fn on(listener: TcpListener) -> Self {
        Self { listener, header_timeout: Duration::from_secs(10), grace: Duration::from_secs(10) }
    }

    /// How long the head of a request may take to arrive; 10 s if this is not called.
    #[must_use]
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }

    /// How long requests that are being answered may take at the end; 10 s if this is not called.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The address that was taken, which tells the port where any was wanted.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the process is told to end, by ctrl-c or SIGTERM.
    ///
    /// # Errors
    /// When the signals can't be waited for.
    pub async fn serve(self, router: Router) -> io::Result<()> {
        let signal = shutdown_signal()?;
        self.serve_until(router, signal).await;
        Ok(())
    }

    /// Serves until `shutdown` is ready.
    pub async fn serve_until(self, router: Router, shutdown: impl Future<Output = ()>) {
        // Each connection holds a receiver, so the channel is closed once the last of them has ended.
        let (stop, stopping) = watch::channel(());
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut shutdown => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let connection = Connection { stream, peer, header_timeout: self.header_timeout };
                    tokio::spawn(connection.serve(router.clone(), stopping.clone()));
                }
                Err(error) => {
                    // Out of file descriptors, most often: others have to end before there is room for a new one.
                    tracing::warn!(%error, "a connection can't be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop((self.listener, stopping));
        // Where no connection is left there is nobody to tell.
        let _ = stop.send(());
        if tokio::time::timeout(self.grace, stop.closed()).await.is_err() {
            tracing::warn!(grace = ?self.grace, "some requests were not finished in time");
        }
    }
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    header_timeout: Duration,
}

impl Connection {
    async fn serve(self, router: Router, mut stopping: watch::Receiver<()>) {
        let peer = self.peer;
        // Answers are written whole, so waiting to fill a packet only delays them.
        if let Err(error) = self.stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "a connection has no TCP_NODELAY");
        }
        let is_http2 = tokio::select! {
            spoken = tokio::time::timeout(self.header_timeout, speaks_http2(&self.stream)) => match spoken {
                Ok(Ok(is_http2)) => is_http2,
                _ => {
                    tracing::debug!(%peer, "a connection stayed silent");
                    return;
                }
            },
            // Nothing was asked yet, so nothing has to be finished.
            _ = stopping.changed() => return,
        };
        // A channel outlives the connection that it was upgraded from, and has to be told by itself.
        let for_channels = Stopping(stopping.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let router = router.clone();
            let for_channels = for_channels.clone();
            async move {
                if let Some(problem) = check_head(&request) {
                    return Ok(refuse(&problem, request.headers()));
                }
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(axum::extract::ConnectInfo(peer));
                request.extensions_mut().insert(for_channels);
                router.oneshot(request).await
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
            tokio::select! {
                served = &mut connection => served,
                _ = stopping.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        } else {
            let mut builder = http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(self.header_timeout)
                .max_buf_size(2 * LARGEST_HEAD as usize);
            let mut connection = pin!(builder.serve_connection(io, service).with_upgrades());
            tokio::select! {
                served = &mut connection => served,
                _ = stopping.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        };
        if let Err(error) = served {
            tracing::debug!(%peer, %error, "a connection ended badly");
        }
    }
}

/// What is wrong with the head of a request that hyper lets through.
fn check_head<B>(request: &Request<B>) -> Option<Problem> {
    let headers = request.headers();
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if size > LARGEST_HEAD as usize {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        let detail = format!("the headers are larger than {LARGEST_HEAD} bytes");
        return Some(Problem::new(status, "headers_too_large").with_detail(detail));
    }
    let hosts = headers.get_all(header::HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Some(Problem::bad_request("a request has exactly one `Host`"));
    }
    None
}

/// Whether the client begins with the preface of HTTP/2. Nothing is taken from the stream.
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut start = [0; HTTP2_PREFACE.len()];
    let mut pause = Duration::from_millis(5);
    loop {
        let read = stream.peek(&mut start).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if start[..read] != HTTP2_PREFACE[..read] {
            return Ok(false);
        }
        if read == start.len() {
            return Ok(true);
        }
        // A peek is ready as soon as there is anything, so more of it is waited for without spinning.
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(Duration::from_secs(1));
    }
}

/// A future that is ready when the process is told to end.
fn shutdown_signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        let interrupt = tokio::signal::ctrl_c();
        #[cfg(unix)]
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = interrupt.await;
    })
}
