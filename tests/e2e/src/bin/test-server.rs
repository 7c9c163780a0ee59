//! Serves the functions under test for clients in other languages: it prints its address, and ends with its standard
//! input.

use std::io::{self, Read, Write};

#[tokio::main]
async fn main() -> io::Result<()> {
    let server = e2e::serve(e2e::app().await).await;
    writeln!(io::stdout(), "http://{}", server.address)?;
    // Whoever started this holds the other end, and lets go of it also when it is killed.
    tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
