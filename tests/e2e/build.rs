//! Generates the router and every client that the tests drive it with.

fn main() -> pikku_codegen::Result<()> {
    pikku_codegen::Builder::new(test_functions::TestApp::registry())
        .typescript("../typescript/generated")
        .rust_client()
        .emit()
}
