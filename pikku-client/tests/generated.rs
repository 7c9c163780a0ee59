//! Generated clients: that they compile wherever they are put, that values travel through their types unchanged, and
//! that their methods ask for what the contract says.
//!
//! The clients are golden files that `pikku-codegen/tests/rust_client.rs` writes, as are the samples, which the types of
//! a functions crate were written to.

#![deny(warnings, missing_docs)]

mod support;

/// Everything that serde offers.
pub mod shop {
    include!("../../tests/golden/rust_client/shop.rs");
}

/// Odd names and types that hold themselves, in a module where nothing is in scope by itself.
#[no_implicit_prelude]
pub mod odd {
    ::core::include!("../../tests/golden/rust_client/odd.rs");
}

use pikku_client::{Error, Patch, Upload};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use shop::{Priority, RenameTodo, RenameTodoError, ShopClient, TodoKey, UpdateTodo, UploadPicture, WatchTodosError};
use support::{Reply, Server, json, problem};

const ID: &str = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

fn samples(text: &str, name: &str) -> Vec<Value> {
    let samples: Value = serde_json::from_str(text).expect("the file is JSON");
    samples[name].as_array().expect("there are samples of it").clone()
}

/// The value as the type writes it after having read it.
fn travel<T: Serialize + DeserializeOwned>(sample: &Value) -> Value {
    // Through text and not through a `Value`, as on the wire.
    let value: T = serde_json::from_str(&sample.to_string()).unwrap_or_else(|error| panic!("{error}: {sample:#}"));
    let text = serde_json::to_string(&value).expect("it is JSON");
    serde_json::from_str(&text).expect("it is JSON")
}

/// A value without the members that say nothing, which an input leaves out.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn what_a_server_writes_travels_through_the_types_unchanged() {
    let (shop, odd) = (
        include_str!("../../tests/golden/rust_client/shop.json"),
        include_str!("../../tests/golden/rust_client/odd.json"),
    );
    fn check<Output: Serialize + DeserializeOwned, Input: Serialize + DeserializeOwned>(text: &str, name: &str) {
        for sample in samples(text, name) {
            assert_eq!(travel::<Output>(&sample), sample, "{name}");
            assert_eq!(without_nulls(&travel::<Input>(&sample)), without_nulls(&sample), "the input of {name}");
        }
    }
    check::<shop::Everything, shop::EverythingInput>(shop, "Everything");
    check::<shop::Page, shop::Page>(shop, "Page");
    check::<shop::Priority, shop::Priority>(shop, "Priority");
    check::<shop::Todo, shop::TodoInput>(shop, "Todo");
    check::<odd::Odd, odd::OddInput>(odd, "Odd");
}

fn todo(title: &str) -> String {
    format!(r#"{{"todoId":"{ID}","title":"{title}","tags":[],"priority":"low","due":null}}"#)
}

async fn shop(script: impl Fn(usize, &support::Seen) -> Reply + Send + Sync + 'static) -> (Server, ShopClient) {
    let server = Server::new(script).await;
    let client = ShopClient::new(&server.url).expect("it is an address").with_api_key("key");
    (server, client)
}

#[tokio::test]
async fn a_method_asks_for_what_the_contract_says() {
    let (server, api) = shop(|_, seen| match seen.line.split(' ').next() {
        Some("DELETE") => json(204, ""),
        Some("PUT") => json(200, "[18446744073709551615,null]"),
        _ => json(200, &todo("new")),
    })
    .await;
    let todo_id = ID.parse().expect("it is an id");
    let input = RenameTodo { todo_id, title: "new".to_owned(), dry_run: Some(true) };
    let renamed = api.rename_todo(&input).await.expect("it is success");
    assert_eq!((renamed.title.as_str(), renamed.priority, renamed.due), ("new", Priority::Low, None));
    api.delete_todo(&TodoKey { todo_id: "a/b".to_owned() }).await.expect("it is success");
    let moved = api.r#move(&[Priority::VeryHigh]).await.expect("it is success");
    assert_eq!(moved, (u64::MAX, None));

    let seen = server.seen();
    assert_eq!(
        (seen[0].line.clone(), seen[0].body.as_str()),
        (format!("PATCH /todos/{ID}?dryRun=true"), r#"{"title":"new"}"#,)
    );
    assert_eq!(seen[0].header("x-api-key"), Some("key"));
    assert_eq!((seen[1].line.as_str(), seen[1].body.as_str()), ("DELETE /todos/a%2Fb", ""));
    assert_eq!((seen[2].line.as_str(), seen[2].body.as_str()), ("PUT /move", r#"["very_high"]"#));
}

#[tokio::test]
async fn a_change_keeps_clears_and_sets() {
    let (server, api) = shop(|_, _| json(204, "")).await;
    let todo_id = ID.parse().expect("it is an id");
    let keep = UpdateTodo { todo_id, title: Patch::Keep, due: Patch::Keep, tags: None, dry_run: None };
    let clear = UpdateTodo { title: "new".to_owned().into(), due: Patch::Clear, ..keep.clone() };
    api.update_todo(&keep).await.expect("it is success");
    api.update_todo(&clear).await.expect("it is success");
    let bodies: Vec<_> = server.seen().iter().map(|seen| seen.body.clone()).collect();
    assert_eq!(bodies, ["{}", r#"{"due":null,"title":"new"}"#]);
}

#[tokio::test]
async fn errors_are_those_of_the_function() {
    let (_server, api) = shop(|count, _| match count {
        0 => problem(404, "todo_not_found", ""),
        1 => problem(423, "locked", r#","data":{"until":"noon","lockedBy":null}"#),
        2 => problem(409, "quota", r#","data":{"used":3,"limit":2}"#),
        3 => problem(409, "tuple", r#","data":["a",1]"#),
        _ => problem(403, "forbidden", ""),
    })
    .await;
    let todo_id = ID.parse().expect("it is an id");
    let input = RenameTodo { todo_id, title: String::new(), dry_run: None };
    let call = async || api.rename_todo(&input).await;
    assert!(matches!(call().await, Err(Error::Api(RenameTodoError::NotFound))));
    let Err(Error::Api(RenameTodoError::Locked { until, locked_by })) = call().await else { panic!("it is locked") };
    assert_eq!((until.as_str(), locked_by), ("noon", None));
    let Err(error @ Error::Api(RenameTodoError::Quota(shop::Quota { used: 3, limit: 2 }))) = call().await else {
        panic!("the quota is used up")
    };
    assert_eq!((error.to_string().as_str(), error.status()), ("JSON is full", Some(409)));
    assert!(matches!(call().await, Err(Error::Api(RenameTodoError::Tuple(text, 1))) if text == "a"));
    assert!(matches!(call().await, Err(Error::Forbidden(_))));
}

#[tokio::test]
async fn files_streams_and_raw_answers_have_methods_too() {
    let (server, api) = shop(|_, seen| match seen.line.as_str() {
        "GET /watch" => {
            let frame = format!(
                "data: {}\n\nevent: error\ndata: {{\"status\":404,\"code\":\"todo_not_found\"}}\n\n",
                todo("x")
            );
            Reply::Stream(vec![frame.leak().as_bytes()])
        }
        "GET /export" => json(200, "all of it"),
        _ => json(204, ""),
    })
    .await;
    let picture = Upload::new("cat.png", "meow");
    let input = UploadPicture {
        todo_id: "7".to_owned(),
        picture,
        small_picture: None,
        details: vec![],
        caption: "a cat".to_owned(),
    };
    api.upload_picture(&input).await.expect("it is success");
    let seen = &server.seen()[0];
    assert_eq!(seen.line, "POST /todos/7/picture");
    assert!(seen.body.contains("filename=\"cat.png\"") && seen.body.contains("a cat"), "{}", seen.body);
    assert!(seen.body.contains("name=\"details\"\r\n\r\n[]\r\n"), "{}", seen.body);
    assert!(!seen.body.contains("smallPicture") && !seen.body.contains("todoId"), "{}", seen.body);

    let mut todos = api.watch_todos().await.expect("it begins");
    assert!(matches!(todos.next().await, Some(Ok(todo)) if todo.title == "x"));
    assert!(matches!(todos.next().await, Some(Err(Error::Api(WatchTodosError::NotFound)))));
    assert_eq!(api.export_todos().await.expect("it is success").bytes, "all of it");
}
