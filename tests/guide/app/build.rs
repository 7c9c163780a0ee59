//! Generates the router and the Rust client of the guides' application.

fn main() -> pikku_codegen::Result<()> {
    pikku_codegen::Builder::new(guide_functions::TodoApp::registry()).rust_client().emit()
}
