//! Serves the todo example: the API that was made from its functions, and the page that uses it.

mod page;
mod settings;

use std::{net::SocketAddr, process::ExitCode};

use pikku_core::{AccessTable, ApiKeySource, Pikku, Server, auth_api_key, auth_bearer};
use settings::Settings;
use todo_functions::{Services, TodoApp, users::find_session_for_api_key};

pikku_core::include_generated!();

/// Why the server could not start, or stopped.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Settings(#[from] settings::Error),
    #[error(transparent)]
    Open(#[from] todo_functions::OpenError),
    #[error("can't listen on {address}: {source}\n  help: choose another port, `PORT=4003`")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("the server stopped: {0}")]
    Serve(#[from] std::io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Error> {
    let settings = Settings::from_env()?;
    let services = Services::open(&settings.services).await?;
    let jwt = services.jwt.clone();
    let app = Pikku::<TodoApp>::new(services)
        .jwt(jwt)
        .middleware(auth_bearer().jwt())
        .middleware(auth_api_key(ApiKeySource::All, find_session_for_api_key));
    let access = app.access_table();
    let router = generated::router(app).merge(page::router());

    let address = settings.address;
    let server = Server::bind(address).await.map_err(|source| Error::Listen { address, source })?;
    greet(server.local_addr()?, &settings, &access);
    server.serve(router).await?;
    Ok(())
}

/// Says where to click, and what else there is.
#[expect(clippy::print_stdout, reason = "it is what the program has to say")]
fn greet(address: SocketAddr, settings: &Settings, access: &AccessTable) {
    println!("todo is on http://{address} and keeps its todos in {}\n", settings.services.database_url);
    for line in access.to_string().lines() {
        println!("  {line}");
    }
    println!();
}
