//! Serves the functions under test for clients in other languages: it prints its address, and ends with its standard
//! input. It listens at the address that is its first argument, or on any free port. With `--large-messages` its channels take and send what the tests of the protocol do, which is more than anybody
//! should be let.

use std::{
    env,
    io::{self, Read, Write},
};

use pikku_core::SlowConsumer;

const LARGEST_MESSAGE: usize = 32 << 20;

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut app = e2e::app().await;
    if env::args().any(|argument| argument == "--large-messages") {
        app = app.message_limit(LARGEST_MESSAGE).outbound(2 * LARGEST_MESSAGE, SlowConsumer::Disconnect);
    }
    let address = env::args().nth(1).and_then(|address| address.parse().ok());
    let server = match address {
        Some(address) => e2e::serve_at(app, address).await,
        None => e2e::serve(app).await,
    };
    writeln!(io::stdout(), "http://{}", server.address)?;
    // Whoever started this holds the other end, and lets go of it also when it is killed.
    tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
