//! Makes the client from the functions.

fn main() -> pikku_codegen::Result<()> {
    pikku_codegen::Builder::new(todo_functions::TodoApp::registry()).rust_client().emit()
}
