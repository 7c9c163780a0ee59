//! The task of a socket: it opens a connection, speaks over it, and opens the next one when that is lost.

use std::{error::Error, future, panic::AssertUnwindSafe, sync::Arc, task::Poll, time::Duration};

use futures_util::FutureExt;
use reqwest::{Url, header::HeaderMap};
use tokio::sync::oneshot;

use super::{
    Socket,
    shared::{Next, Shared},
    state::{Closed, State},
    transport::{self, End, PROTOCOL, Reader, Target, Writer},
};
use crate::{
    error::Failure,
    http::Settings,
    platform::{self, HookWith, sleep, within},
    retry::Retry,
};

/// What a hook's failure is kept as.
pub(super) type Cause = Box<dyn Error + Send + Sync>;

/// Gets the token for a connection, told how the last one ended.
pub(super) type TokenHook = Arc<HookWith<Option<Closed>, Result<Option<String>, Cause>>>;

/// Signs a connection in.
pub(super) type SignInHook = Arc<HookWith<Socket, Result<(), Cause>>>;

/// Does whatever else is to be done on each connection.
pub(super) type OpenHook = Arc<HookWith<Socket, ()>>;

/// How long it may take until a connection is open.
const OPENING: Duration = Duration::from_secs(10);

/// How long the server is given to take what is on its way when the connection is closed.
const CLOSING: Duration = Duration::from_secs(2);

/// How many messages are taken in before others get their turn.
const AT_ONCE: u32 = 64;

/// What the task goes by.
pub(super) struct Plan {
    pub(super) http: Arc<Settings>,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) api_key: Option<String>,
    pub(super) token: Option<TokenHook>,
    pub(super) sign_in: Option<SignInHook>,
    pub(super) on_open: Vec<OpenHook>,
    pub(super) reconnect: Retry,
    pub(super) message_limit: usize,
    /// After how long a connection over which nothing comes is given up.
    pub(super) silence: Option<Duration>,
}

/// The task.
pub(super) struct Task {
    pub(super) shared: Arc<Shared>,
    pub(super) plan: Plan,
    /// Whoever waits for the first connection; without them, the first is tried again like any other.
    pub(super) first: Option<oneshot::Sender<Result<(), Failure>>>,
    /// How many connections in a row have not held.
    failed: u32,
    last: Option<Closed>,
    /// The token of the last connection.
    token: Option<Arc<str>>,
    /// Here and not in [`Task::run`], as a runtime may drop what it has not even begun.
    _ended: Ended,
}

/// Ends the socket with its task, also where that is dropped or panics: whoever waits is told.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.lost(Closed::lost("the task of the socket has ended"), None);
    }
}

impl Task {
    pub(super) fn new(shared: Arc<Shared>, plan: Plan, first: Option<oneshot::Sender<Result<(), Failure>>>) -> Self {
        let ended = Ended(Arc::clone(&shared));
        Self { shared, plan, first, failed: 0, last: None, token: None, _ended: ended }
    }

    pub(super) async fn run(mut self) {
        loop {
            self.shared.become_state(State::Connecting);
            let connected = tokio::select! {
                biased;
                _ = self.shared.closing() => return,
                connected = connect(&self.plan, self.last.as_ref(), &mut self.token) => connected,
            };
            let retry_in = match connected {
                Err(closed) => self.lost(closed),
                Ok((mut writer, mut reader)) => {
                    let Some(end) = self.serve(&mut writer, &mut reader).await else { return };
                    let retry_in = self.lost(end.closed);
                    if end.is_connected {
                        within(Some(CLOSING), writer.close(end.answer.map(|code| (code, "")))).await;
                        platform::spawn(async {
                            within(Some(CLOSING), transport::linger(writer, reader)).await;
                        });
                    }
                    retry_in
                }
            };
            let Some(retry_in) = retry_in else { return };
            tokio::select! {
                biased;
                _ = self.shared.closing() => return,
                () = sleep(retry_in) => {}
                () = transport::online() => {}
            }
        }
    }

    /// Says that a connection is lost, and after how long the next is to be tried, if at all.
    fn lost(&mut self, closed: Closed) -> Option<Duration> {
        let retry_in = self.retry_in(&closed);
        if let Some(first) = self.first.take_if(|_| retry_in.is_none()) {
            // Whoever waited for it may have had enough.
            let _ = first.send(Err(closed.clone().into()));
        }
        self.shared.lost(closed.clone(), retry_in);
        self.last = Some(closed);
        retry_in
    }

    fn retry_in(&mut self, closed: &Closed) -> Option<Duration> {
        if self.first.is_some() {
            // As with any call, a token that is refused is worth one more attempt where a fresh one can be had.
            let can_renew = self.plan.token.is_none() && self.plan.http.refresh.is_some();
            return (can_renew && closed.is_unauthorized() && self.last.is_none()).then_some(Duration::ZERO);
        }
        self.failed += 1;
        if closed.is_final() { None } else { self.plan.reconnect.wait(self.failed, None) }
    }

    /// Speaks over a connection to its end; `None` if the socket was closed.
    async fn serve(&mut self, writer: &mut Writer, reader: &mut Reader) -> Option<End> {
        let shared = Arc::clone(&self.shared);
        let work = async {
            let reading = read(&shared, reader, self.plan.silence);
            let writing = write(&shared, writer);
            let opening = open(&shared, &self.plan, &mut self.first, &mut self.failed);
            tokio::pin!(reading);
            tokio::select! {
                biased;
                end = &mut reading => end,
                // If the server has closed the connection, it has also said why.
                closed = writing => within(Some(CLOSING), reading).await.unwrap_or(End::gone(closed)),
                closed = opening => End::with(1000, closed),
            }
        };
        tokio::pin!(work);
        tokio::select! {
            biased;
            end = &mut work => Some(end),
            _ = shared.closing() => {
                within(Some(CLOSING), work).await;
                None
            }
        }
    }
}

/// Opens a connection.
async fn connect(plan: &Plan, last: Option<&Closed>, token: &mut Option<Arc<str>>) -> Result<(Writer, Reader), Closed> {
    *token = get_token(plan, last, token.as_ref()).await.map_err(|cause| Closed::new(0, cause.to_string()))?;
    let mut protocols = vec![PROTOCOL.to_owned()];
    // There is room for one credential, and a token says who it is for, where a key may be that of a program.
    if let Some(token) = &token {
        if !is_token(token) {
            return Err(Closed::new(0, crate::EncodeError::Credential.to_string()));
        }
        protocols.push(format!("bearer.{token}"));
    } else if let Some(key) = &plan.api_key {
        protocols.push(format!("apiKey.{key}"));
    }
    let (url, headers) = (plan.url.clone(), plan.headers.clone());
    let target = Target { url, protocols, headers, message_limit: plan.message_limit };
    let opened = within(Some(OPENING), transport::open(&target)).await;
    opened.unwrap_or_else(|| Err(Closed::lost("the connection did not open in time")))
}

/// The token for the next connection.
async fn get_token(plan: &Plan, last: Option<&Closed>, stale: Option<&Arc<str>>) -> Result<Option<Arc<str>>, Cause> {
    if let Some(token) = &plan.token {
        let token = guarded(async { token(last.cloned()).await }).await?;
        return Ok(token.map(Into::into));
    }
    let is_refused = last.is_some_and(Closed::is_unauthorized);
    if let Some(refresh) = plan.http.refresh.as_deref().filter(|_| is_refused) {
        plan.http.bearer.renew(stale, refresh).await?;
    }
    Ok(plan.http.bearer.get())
}

/// Whether a credential can stand in the list of protocols.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Signs in, lets messages out, and counts the connection as one that held once it has.
async fn open(
    shared: &Arc<Shared>,
    plan: &Plan,
    first: &mut Option<oneshot::Sender<Result<(), Failure>>>,
    failed: &mut u32,
) -> Closed {
    if plan.sign_in.is_some() || !plan.on_open.is_empty() {
        shared.become_state(State::SigningIn);
    }
    let socket = Socket::of_connection(shared);
    if let Some(sign_in) = &plan.sign_in
        && let Err(cause) = guarded(async { sign_in(socket.clone()).await }).await
    {
        return Closed::new(4401, cause.to_string());
    }
    for hook in &plan.on_open {
        let hooked = guarded(async {
            hook(socket.clone()).await;
            Ok(())
        });
        if let Err(cause) = hooked.await {
            return Closed::lost(cause);
        }
    }
    shared.open();
    if let Some(first) = first.take() {
        let _ = first.send(Ok(()));
    }
    sleep(plan.reconnect.longest_wait).await;
    *failed = 0;
    future::pending().await
}

/// Runs a hook, whose panic is a failure like any other.
async fn guarded<T>(hook: impl Future<Output = Result<T, Cause>>) -> Result<T, Cause> {
    AssertUnwindSafe(hook).catch_unwind().await.unwrap_or_else(|_| Err("a hook has panicked".into()))
}

/// Takes in what comes.
async fn read(shared: &Shared, reader: &mut Reader, silence: Option<Duration>) -> End {
    let mut count = 0_u32;
    loop {
        match within(silence, reader.next()).await {
            Some(Ok(message)) => shared.receive(message),
            Some(Err(end)) => return end,
            None => return End::gone(Closed::lost("the server has fallen silent")),
        }
        count = count.wrapping_add(1);
        if count.is_multiple_of(AT_ONCE) {
            pass().await;
        }
    }
}

/// Sends what waits, as much as there is at once.
async fn write(shared: &Shared, writer: &mut Writer) -> Closed {
    loop {
        let mut next = Some(shared.next().await);
        while let Some(todo) = next {
            let done = match todo {
                Next::Send(message) => writer.feed(message).await,
                Next::Close(closed) => {
                    writer.close(Some((closed.code, &closed.reason))).await;
                    // The server answers to that, or is cut off.
                    return future::pending().await;
                }
            };
            if let Err(closed) = done {
                return closed;
            }
            next = shared.try_next();
        }
        if let Err(closed) = writer.flush().await {
            return closed;
        }
    }
}

/// Lets others have their turn.
async fn pass() {
    let mut has_passed = false;
    future::poll_fn(|context| {
        if std::mem::replace(&mut has_passed, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs the task, beside the caller.
pub(super) fn spawn(task: Task) {
    platform::spawn(task.run());
}
