//! Makes the router, and the client that the page imports, from the functions.

fn main() -> pikku_codegen::Result<()> {
    pikku_codegen::Builder::new(todo_functions::TodoApp::registry()).typescript("../web/pikku").emit()
}
