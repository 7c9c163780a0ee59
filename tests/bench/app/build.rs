//! Generates the router.

fn main() -> pikku_codegen::Result<()> {
    pikku_codegen::Builder::new(contract_functions::ContractApp::registry()).emit()
}
