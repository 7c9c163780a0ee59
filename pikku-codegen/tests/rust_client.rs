//! The Rust client of an application with every shape that serde types have, against a golden file.
//!
//! `UPDATE_GOLDEN=1 cargo test -p pikku-codegen --test rust_client` writes the files anew. That they compile, and that
//! values travel through their types unchanged, is tested in `pikku-client/tests/generated.rs`.

#[path = "rust_client/odd.rs"]
mod odd;
#[path = "rust_client/schemas.rs"]
mod schemas;
#[path = "rust_client/shop.rs"]
mod shop;

use std::{env, fs, path::Path};

use pikku_codegen::{
    model::Model,
    rust_client::{Options, RustClientError, render, render_with},
};
use serde_json::{Value, json};

/// Compares a text with a golden file, or writes the file if that is asked for.
fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/rust_client").join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    if let Some((line, (is, was))) = text.lines().zip(golden.lines()).enumerate().find(|(_, (is, was))| is != was) {
        panic!("{name}:{}: is `{is}` and was `{was}`; help: look at it, and set UPDATE_GOLDEN=1", line + 1);
    }
    assert_eq!(text.len(), golden.len(), "{name} has grown or shrunk; help: look at it, and set UPDATE_GOLDEN=1");
}

fn check_application(name: &str, model: &Model, samples: &Value) {
    check(&format!("{name}.rs"), &render(model).expect("the model has a client").text);
    check(&format!("{name}.json"), &format!("{samples:#}\n"));
}

#[test]
fn a_client_has_all_that_serde_offers() {
    check_application("shop", &shop::model(), &shop::samples());
}

#[test]
fn odd_names_and_types_that_hold_themselves_are_no_trouble() {
    check_application("odd", &odd::model(), &odd::samples());
}

#[test]
fn an_application_without_routes_has_a_client_too() {
    let model = Model { functions: vec![], channels: vec![], topics: vec![], ..shop::model() };
    let text = render(&model).expect("the model has a client").text;
    assert!(text.contains("pub struct ShopClient") && !text.contains("// Types"), "{text}");
}

#[test]
fn types_can_come_from_elsewhere() {
    let replace = [("Todo".to_owned(), "todo_types::Todo".to_owned())];
    let options = Options { replace: replace.into(), ..Options::default() };
    let text = render_with(&shop::model(), &options).expect("the model has a client").text;
    assert!(text.contains("Result<todo_types::Todo, runtime::Error<GetTodoError>>"), "{text}");
    assert!(!text.contains("pub struct Todo {"), "{text}");

    let options = Options { replace: [("Todo".to_owned(), "todo types".to_owned())].into(), ..Options::default() };
    let error = render_with(&shop::model(), &options).expect_err("it is no path");
    assert!(matches!(error, RustClientError::Replacement { .. }) && error.to_string().contains("; help: "), "{error}");
}

#[test]
fn channels_can_be_left_out() {
    let options = Options { without_channels: true, ..Options::default() };
    let text = render_with(&shop::model(), &options).expect("the model has a client").text;
    assert!(text.contains("pub struct ShopClient"), "{text}");
    for absent in ["Socket", "Connect<", "Subscription", "pub struct Subscribed"] {
        assert!(!text.contains(absent), "`{absent}` is in {text}");
    }
}

#[test]
fn a_file_within_json_is_refused() {
    let mut model = shop::model();
    let nested = json!({"type": "object", "properties": {
        "inner": {"type": "object", "properties": {"photo": {"type": "string", "format": "binary"}}},
    }});
    model.functions.retain(|function| function.name == "upload_picture");
    model.functions[0].input = Some(nested);
    let error = render(&model).expect_err("a file can't be nested").to_string();
    assert!(error.contains("UploadPictureInputInnerPhoto") && error.contains("; help: "), "{error}");
}
