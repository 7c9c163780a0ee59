//! The todo example on the command line: `cargo run -p todo-client -- add "buy milk"`.

mod commands;
mod failure;
mod key;
mod show;
mod watch;

/// The client that the build script made from the functions.
pub mod api {
    pikku_client::include_generated!();
}

use std::{
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

use clap::Parser;

/// Keeps your todos from the command line.
#[derive(Debug, Parser)]
#[command(name = "todo-client", version)]
struct Cli {
    /// Where the server is.
    #[arg(long, env = "TODO_URL", default_value = "http://127.0.0.1:4002", global = true)]
    server: String,
    #[command(subcommand)]
    command: commands::Command,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let said = match commands::run(cli.command, &cli.server).await {
        Ok(said) => said,
        Err(failure) => {
            eprintln!("error: {failure}");
            return ExitCode::FAILURE;
        }
    };
    match io::stdout().write_all(said.as_bytes()) {
        // Whoever reads along may have seen enough, as `head` has.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("error: can't write: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
