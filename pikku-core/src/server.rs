//! The server: connections, their limits, and an end in good order.

mod connection;
mod head;
mod serve;
mod stall;
mod watchdog;

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch};

use connection::Connection;
pub(crate) use connection::Peer;
pub use serve::Serve;

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
    grace: Duration,
}

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
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut shutdown => break,
            };
            match accepted {
                Ok((stream, address)) => {
                    let peer = Peer { address, stopping: Stopping(stopping.clone()) };
                    let connection = Connection {
                        stream,
                        peer: Arc::new(peer),
                        header_timeout: self.header_timeout,
                        write_timeout: self.write_timeout,
                    };
                    tokio::spawn(connection.serve(service.clone(), stopping.clone()));
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
