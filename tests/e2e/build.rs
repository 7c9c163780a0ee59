//! Generates the router and every client that the tests drive it with.

use pikku_codegen::Builder;

fn main() -> pikku_codegen::Result<()> {
    Builder::new(test_functions::TestApp::registry()).typescript("../typescript/generated").rust_client().emit()?;
    // A model of odd names and shapes that no Rust functions would have.
    Builder::from_model("../typescript/pikku.json").typescript("../typescript/fixture").emit()
}
