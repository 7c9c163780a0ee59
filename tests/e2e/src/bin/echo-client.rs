//! Lets Autobahn's `fuzzingserver`, whose address is the first argument, try the socket of the Rust client: it says back
//! what it is told in each case, and at the end has the report written.

use std::{env, error::Error};

use pikku_client::{Connect, Http, Retry, Socket};
use serde_json::json;

/// As large as the largest message of the suite.
const LARGEST_MESSAGE: usize = 16 << 20;

/// More than are ever on their way in one case, so that none is missed.
const MESSAGES: usize = 1000;

const AGENT: &str = "pikku-client";

// On one thread, nothing can come before there are subscriptions.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Http::new(&env::args().nth(1).ok_or("the address of the server is missing")?)?;
    // The server closes most connections as soon as they are open, so nobody waits for that.
    let connect = |route, data| {
        let connect: Connect = server.channel(route).opening(&data).with_reconnect(Retry::never());
        connect.with_message_limit(LARGEST_MESSAGE).with_buffer(MESSAGES).connect_lazy()
    };

    let counting = connect("/getCaseCount", json!({}))?;
    let count = counting.messages::<u32>().next().await.ok_or("there is no count of the cases")??;
    for case in 1..=count {
        echo(&connect("/runCase", json!({ "case": case, "agent": AGENT }))?).await?;
    }
    connect("/updateReports", json!({ "agent": AGENT }))?.closed().await;
    Ok(())
}

/// Says back what comes, until the server closes the connection.
async fn echo(socket: &Socket) -> Result<(), pikku_client::SubscriptionError> {
    let (mut texts, mut binary) = (socket.texts(), socket.binary());
    loop {
        // What can't be sent any more, because the server has closed the connection, needs no answer.
        let _ = tokio::select! {
            Some(text) = texts.next() => socket.send_text(text?).await,
            Some(bytes) = binary.next() => socket.send_binary(bytes?).await,
            else => return Ok(()),
        };
    }
}
