//! Generates the routers: that of the contract app, and those of applications that are large in one way.

use std::{env, error::Error, fs, path::Path};

use contract_functions::ContractApp;
use pikku_codegen::{Builder, model::Action, router};

include!("src/names.rs");

fn main() -> Result<(), Box<dyn Error>> {
    Builder::new(ContractApp::registry()).emit()?;
    if env::var_os("CARGO_FEATURE_LARGE").is_none() {
        return Ok(());
    }
    let out = env::var_os("OUT_DIR").ok_or("there is no OUT_DIR")?;
    let write = |name: &str, text: &str| fs::write(Path::new(&out).join(name), text);

    let contract = Builder::new(ContractApp::registry()).inspect()?.model;
    for size in [1, 10, 100, 1000] {
        let mut model = contract.clone();
        model.channels.retain(|channel| channel.name == "echo");
        let channel = model.channels.first_mut().ok_or("there is no echo")?;
        let echo = channel.actions.first().cloned().ok_or("nothing is echoed")?;
        channel.actions = (0..size).map(|number| Action { action: action(number), ..echo.clone() }).collect();
        write(&format!("actions_{size}.rs"), &router::render(&model)?.text)?;
    }

    let routes = (0..10_000).map(|number| {
        format!(
            "    pikku::Route {{ access: pikku::Access::Public, ..pikku::Route::new(\"GET\", \"{}\", \"hello\") }},\n",
            route(number)
        )
    });
    write("routes.rs", &format!("static ALL_ROUTES: &[pikku::Route] = &[\n{}];\n", routes.collect::<String>()))?;
    println!("cargo::rerun-if-changed=src/names.rs");
    Ok(())
}
