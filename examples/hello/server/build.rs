//! Generates the router, and the client that the test drives it with.

fn main() -> pikku_codegen::Result<()> {
    pikku_codegen::Builder::new(hello_functions::HelloApp::registry()).rust_client().emit()
}
