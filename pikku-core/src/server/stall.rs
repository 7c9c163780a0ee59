//! Whether the other end of a connection takes what it is sent.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Since when the other end takes nothing, if that is so.
///
/// It is looked at from outside of the connection: an error that only the next write came to would wait for hyper to write.
pub(crate) struct Stall {
    opened: Instant,
    /// In milliseconds from the opening, and one more, so that zero is for a connection that flows.
    since: AtomicU64,
}

impl Stall {
    /// Since when a write waits.
    pub(super) fn since(&self) -> Option<Instant> {
        let since = self.since.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.opened + Duration::from_millis(since))
    }

    fn note<T>(&self, written: Poll<T>) -> Poll<T> {
        let is_known = self.since.load(Ordering::Relaxed) != 0;
        if written.is_pending() != is_known {
            let since = if is_known { 0 } else { self.opened.elapsed().as_millis() as u64 + 1 };
            self.since.store(since, Ordering::Relaxed);
        }
        written
    }
}

/// A stream that tells of what it could not write.
pub(crate) struct Watched {
    stream: TcpStream,
    stall: Arc<Stall>,
}

impl Watched {
    pub(crate) fn new(stream: TcpStream) -> (Self, Arc<Stall>) {
        let stall = Arc::new(Stall { opened: Instant::now(), since: AtomicU64::new(0) });
        (Self { stream, stall: Arc::clone(&stall) }, stall)
    }

    /// The stream itself, for who looks after it in their own way.
    pub(crate) fn into_inner(self) -> TcpStream {
        self.stream
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.stall.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.stall.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;

    #[tokio::test]
    async fn z4_it_is_known_since_when_nothing_is_taken_and_whatever_is_taken_counts() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (mut client, (stream, _)) = (client.expect("a connection"), accepted.expect("a connection"));
        let (mut stream, stall) = Watched::new(stream);
        let bytes = [0; 64 << 10];
        let mut write = async || poll_fn(|cx| Poll::Ready(Pin::new(&mut stream).poll_write(cx, &bytes))).await;
        while write().await.is_ready() {
            assert_eq!(stall.since(), None);
        }
        let since = stall.since();
        assert!(since.is_some_and(|since| since.elapsed() < Duration::from_secs(1)));
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(write().await.is_pending());
        assert_eq!(stall.since(), since);
        let taking = async {
            let mut taken = vec![0; 64 << 10];
            while client.read(&mut taken).await.is_ok_and(|length| length > 0) {}
        };
        tokio::select! {
            written = poll_fn(|cx| Pin::new(&mut stream).poll_write(cx, &bytes)) => drop(written.expect("it is open")),
            () = taking => panic!("the connection has ended"),
        }
        assert_eq!(stall.since(), None);
    }
}
