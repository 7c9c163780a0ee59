//! Counts what a request, a message and a publish cost in instructions; see `run`.

mod cases;
mod check;
mod client;
mod counting;
#[cfg(feature = "large")]
mod large;

use std::{env, error::Error, process::ExitCode, time::Duration};

use contract_functions::{ContractApp, Services};
use pikku_core::{JwtService, Key, Pikku, Serve, Server, auth_bearer, auth_cookie};
use tokio::net::TcpListener;

use cases::{App, cases};
use client::Client;
use counting::Uncounted;

pikku_core::include_generated!();

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What tokens are signed with; it is that of the peers, and no secret.
const SECRET: &str = "bench-peers-hs256-secret-0123456789abcdef";

/// How often a case is asked before counting begins.
const WARMING: u64 = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match command(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn command(arguments: &[&str]) -> Result<()> {
    match *arguments {
        [] => check::run(false),
        ["--keep"] => check::run(true),
        #[cfg(feature = "large")]
        ["flat"] => large::count_all(),
        ["turn", server, case] => turn(server, case),
        ["subscribe", address, subscribers, other_topics] => {
            Ok(client::subscribe(address.parse()?, subscribers.parse()?, other_topics.parse()?)?)
        }
        _ => Err("usage: run [--keep | flat]".into()),
    }
}

/// Does what a case is, on one thread, for callgrind to watch.
fn turn(server: &str, case: &str) -> Result<()> {
    #[allow(unused_mut, reason = "without the large ones there are no more")]
    let mut cases = cases();
    #[cfg(feature = "large")]
    cases.extend(large::cases());
    let case = cases.into_iter().find(|known| known.name == case).ok_or("there is no such case")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let address = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        match server {
            "axum" => drop(tokio::spawn(async move { axum::serve(listener, axum_hand::router()).await })),
            _ => serve(listener, case.app)?,
        }
        Ok::<_, Box<dyn Error + Send + Sync>>(address)
    })?;
    let mut client = runtime.block_on(Client::connect(address, &case.exchange))?;
    runtime.block_on(client.turns(WARMING.min(case.turns)))?;
    let counted = Uncounted::new(client.turns(case.turns));
    Ok(counting::switch_on(|| runtime.block_on(counted))?)
}

/// Serves an application of pikku.
fn serve(listener: TcpListener, app: App) -> Result<()> {
    // Callgrind is slow, and heartbeats are no part of what is counted.
    let pikku = Pikku::<ContractApp>::new(Services::default())
        .heartbeat(Duration::from_secs(3600))
        .jwt(JwtService::with_keys([Key::hs256("contract", SECRET)])?)
        .middleware(auth_bearer().jwt())
        .middleware(auth_cookie("session").jwt());
    let server = Server::on(listener);
    match app {
        App::Contract => spawn(server, generated::application(pikku)),
        #[cfg(feature = "large")]
        App::Large(large) => large::serve(server, pikku, large),
    }
    Ok(())
}

fn spawn(server: Server, application: impl Serve) {
    tokio::spawn(server.serve_until(application, std::future::pending()));
}
