//! The server: connections, their limits, and an end in good order.

mod connection;
mod head;
mod serve;
mod stall;
mod watchdog;

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};

use connection::Connection;
pub(crate) use connection::Peer;
pub use serve::Serve;
pub(crate) use stall::Watched;

use crate::channel::Stopping;

/// Serves an application, or a router of axum that it is a part of, with limits that `axum::serve` does not have.
///
/// A connection on which no complete request head arrives in time is closed, and so is one that does not take its answer;
/// heads over 32 KiB are refused, and at the end requests that are being answered are finished first.
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
    write_timeout: Duration,
    max_connections: usize,
    grace: Duration,
}

/// Enough for a hundred thousand who are connected to a channel, each of whom takes some kilobytes.
const MAX_CONNECTIONS: usize = 1 << 17;

/// How often it is said that the server is full.
const FULL_INTERVAL: Duration = Duration::from_secs(60);

impl Server {
    /// Takes an address.
    ///
    /// # Errors
    /// When the address can't be had, with the address and the kind that the system gave.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("can't listen on {address}: {error}"));
        TcpListener::bind(address).await.map(Self::on).map_err(named)
    }

    /// Takes over a listener.
    #[must_use]
    pub fn on(listener: TcpListener) -> Self {
        Self {
            listener,
            header_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            max_connections: MAX_CONNECTIONS,
            grace: Duration::from_secs(10),
        }
    }

    /// How long the head of a request may take to arrive; 10 s if this is not called.
    #[must_use]
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }

    /// How long a client may take nothing of what waits to be sent to it; 30 s if this is not called.
    ///
    /// Its connection ends then, and with it what was being answered, streams of events too. Whatever it takes gives it as
    /// long again, so that one on a slow line gets all of a large answer. A connection on which nothing waits to be sent is
    /// left alone. A channel has a bounded queue instead, [`Pikku::outbound`](crate::Pikku::outbound).
    ///
    /// What counts is what the system can't send. A client of HTTP/2 that reads, and only gives a single stream no window,
    /// is not found by it.
    #[must_use]
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// How many connections there may be at once, those of channels among them; 131,072 if this is not called.
    ///
    /// When there are as many, the next ones wait in the backlog of the system until one ends. The system has a limit of its
    /// own, on the files that a process may have open (`ulimit -n`), which is often lower: raise that as well to serve many,
    /// or stay below it here to keep some for what functions open.
    ///
    /// # Panics
    /// When it is 0, or more than a semaphore of tokio can count.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        assert!((1..=Semaphore::MAX_PERMITS).contains(&connections), "a server of {connections} connections");
        self.max_connections = connections;
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
    pub async fn serve(self, service: impl Serve) -> io::Result<()> {
        let signal = shutdown_signal()?;
        self.serve_until(service, signal).await;
        Ok(())
    }

    /// Serves until `shutdown` is ready.
    pub async fn serve_until(self, service: impl Serve, shutdown: impl Future<Output = ()>) {
        // Each connection holds a receiver, so the channel is closed once the last of them has ended.
        let (stop, stopping) = watch::channel(());
        let places = Arc::new(Semaphore::new(self.max_connections));
        let mut told_full: Option<Instant> = None;
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = async {
                if places.available_permits() == 0 && told_full.is_none_or(|told| told.elapsed() >= FULL_INTERVAL) {
                    told_full = Some(Instant::now());
                    tracing::warn!(max_connections = self.max_connections, "the server is full: new connections wait");
                }
                // Nothing closes the semaphore.
                let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
                self.listener.accept().await.map(|accepted| (accepted, place))
            };
            let accepted = tokio::select! {
                accepted = accepted => accepted,
                () = &mut shutdown => break,
            };
            match accepted {
                Ok(((stream, address), place)) => {
                    let peer = Peer { address, stopping: Stopping(stopping.clone()), _place: place };
                    let connection = Connection {
                        stream,
                        peer: Arc::new(peer),
                        header_timeout: self.header_timeout,
                        write_timeout: self.write_timeout,
                    };
                    tokio::spawn(connection.serve(service.clone(), stopping.clone()));
                }
                // The other end was gone before it was its turn.
                Err(error) if is_lost(&error) => tracing::debug!(%error, "a connection ended before it was accepted"),
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

/// Whether an error is of one connection, and not of the listener.
fn is_lost(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};

    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
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
