//! Serves the contract app on `PORT`, with `WORKERS` threads.

use std::{env, error::Error, net::SocketAddr};

use contract_functions::{ContractApp, Services};
use pikku_core::{JwtService, Key, Pikku, auth_bearer};

pikku_core::include_generated!();

/// What those who compare frameworks sign their tokens with; it is no secret.
const SECRET: &str = "bench-peers-hs256-secret-0123456789abcdef";

fn main() -> Result<(), Box<dyn Error>> {
    let number = |name, otherwise| env::var(name).map_or(Ok(otherwise), |text| text.parse::<u16>());
    let address = SocketAddr::from(([127, 0, 0, 1], number("PORT", 3000)?));
    let workers = usize::from(number("WORKERS", 2)?.max(1));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    // A worker serves it, as it serves everything else.
    runtime.block_on(async move { tokio::spawn(serve(address)).await? })?;
    Ok(())
}

async fn serve(address: SocketAddr) -> std::io::Result<()> {
    let jwt = JwtService::new(async || vec![Key::hs256("contract", SECRET)]).await.map_err(std::io::Error::other)?;
    let app = Pikku::<ContractApp>::new(Services::default()).jwt(jwt).middleware(auth_bearer().jwt());
    generated::serve(app, address).await
}
