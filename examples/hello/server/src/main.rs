//! Serves the smallest application: `cargo run -p hello-server`, and then <http://127.0.0.1:4001/hello/world>.

use std::net::SocketAddr;

use hello_functions::{HelloApp, Services};
use pikku_core::Pikku;

pikku_core::include_generated!();

fn app() -> Pikku<HelloApp> {
    Pikku::new(Services)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    generated::serve(app(), SocketAddr::from(([127, 0, 0, 1], 4001))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    mod client {
        pikku_client::include_generated!();
    }

    #[tokio::test]
    async fn the_generated_client_gets_a_greeting() {
        let server = pikku_core::Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
        let address = server.local_addr().expect("it is bound");
        tokio::spawn(server.serve_until(generated::router(app()), std::future::pending()));

        let api = client::HelloClient::new(format!("http://{address}")).expect("an address");
        let greeting = api.hello(&client::Hello { name: "you".to_owned() }).await.expect("a greeting");
        assert_eq!(greeting.message, "hello, you");
        assert!(api.hello(&client::Hello { name: "x".repeat(51) }).await.is_err());
    }
}
