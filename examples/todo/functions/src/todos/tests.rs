//! The functions are plain functions, so the tests simply call them.

use chrono::TimeZone;
use serde_json::{Value, from_value, json};

use super::*;
use crate::Config;

async fn open() -> Services {
    let config = Config { database_url: "sqlite::memory:".to_owned(), jwt_secret: None };
    Services::open(&config).await.expect("the services open")
}

async fn sign_in(services: &Services, name: &str) -> UserSession {
    let user = services.users.find_or_create(name).await.expect("the user");
    let (device_id, _) = services.users.add_device(&user.user_id).await.expect("the device");
    UserSession { user_id: user.user_id, device_id }
}

async fn create(services: &Services, session: &UserSession, title: &str) -> Todo {
    let data = from_value(json!({ "title": title })).expect("the input");
    create_todo(services, data, session, EventHub::new()).await.expect("the todo is made")
}

/// Changes a todo as a request with this body would.
async fn update(services: &Services, todo: &Todo, mut body: Value) -> Result<Todo, TodoError> {
    body["todoId"] = json!(todo.todo_id);
    update_todo(services, from_value(body).expect("the input"), EventHub::new()).await
}

/// The titles on a page, and the total.
async fn list(services: &Services, session: &UserSession, query: Value) -> (Vec<String>, u32) {
    let page = list_todos(services, from_value(query).expect("the input"), session).await.expect("the page");
    (page.todos.into_iter().map(|todo| todo.title).collect(), page.total)
}

#[tokio::test]
async fn a_todo_is_kept_as_it_was_made() {
    let services = open().await;
    let session = sign_in(&services, "ada").await;
    let due = Utc.with_ymd_and_hms(2030, 1, 2, 3, 4, 5).single();
    let data = CreateTodo { title: "buy milk".to_owned(), tags: vec!["home".to_owned()], due };
    let made = create_todo(&services, data, &session, EventHub::new()).await.expect("the todo is made");
    assert_eq!((made.title.as_str(), made.completed, made.due), ("buy milk", false, due));
    assert_eq!((made.created_by, &made.tags[..]), (session.user_id, &["home".to_owned()][..]));

    let found = get_todo(&services, GetTodo { todo_id: made.todo_id }).await.expect("the todo is found");
    assert_eq!(found, made);
}

#[tokio::test]
async fn an_update_leaves_the_rest_as_it_is() {
    let services = open().await;
    let session = sign_in(&services, "ada").await;
    let todo = create(&services, &session, "buy milk").await;

    let todo = update(&services, &todo, json!({ "due": "2030-01-02T03:04:05Z" })).await.expect("it is due");
    assert_eq!(todo.title, "buy milk");
    let todo = update(&services, &todo, json!({ "title": "buy oat milk", "completed": true })).await.expect("done");
    assert_eq!((todo.title.as_str(), todo.completed, todo.due.is_some()), ("buy oat milk", true, true));
    let todo = update(&services, &todo, json!({ "due": null })).await.expect("no longer due");
    assert_eq!((todo.title.as_str(), todo.completed, todo.due), ("buy oat milk", true, None));
    assert_eq!(list(&services, &session, json!({ "search": "OAT" })).await.1, 1, "a new title is found");
}

#[tokio::test]
async fn a_list_is_filtered_and_paged() {
    let services = open().await;
    let (ada, bob) = (sign_in(&services, "ada").await, sign_in(&services, "bob").await);
    for title in ["Äpfel kaufen", "50% off", "call Bob"] {
        create(&services, &ada, title).await;
    }
    let last = create(&services, &ada, "sleep").await;
    update(&services, &last, json!({ "completed": true })).await.expect("done");
    create(&services, &bob, "Bob's own").await;

    for (query, titles, total) in [
        (json!({}), &["sleep", "call Bob", "50% off", "Äpfel kaufen"][..], 4),
        (json!({ "completed": true }), &["sleep"], 1),
        (json!({ "completed": false, "limit": 2 }), &["call Bob", "50% off"], 3),
        (json!({ "limit": 2, "offset": 3 }), &["Äpfel kaufen"], 4),
        (json!({ "offset": 9 }), &[], 4),
        (json!({ "search": "äPF" }), &["Äpfel kaufen"], 1),
        (json!({ "search": "%" }), &["50% off"], 1),
        (json!({ "search": "" }), &["sleep", "call Bob", "50% off", "Äpfel kaufen"], 4),
    ] {
        assert_eq!(
            list(&services, &ada, query.clone()).await,
            (titles.iter().map(ToString::to_string).collect(), total),
            "{query}"
        );
    }
}

#[tokio::test]
async fn only_the_creator_is_permitted() {
    let services = open().await;
    let (ada, bob) = (sign_in(&services, "ada").await, sign_in(&services, "bob").await);
    let todo = create(&services, &ada, "buy milk").await;
    assert!(is_todo_creator(&services, &todo.todo_id, &ada).await.expect("ada is asked"));
    assert!(!is_todo_creator(&services, &todo.todo_id, &bob).await.expect("bob is asked"));

    delete_todo(&services, DeleteTodo { todo_id: todo.todo_id }, &ada, EventHub::new())
        .await
        .expect("the todo is deleted");
    let error = is_todo_creator(&services, &todo.todo_id, &ada).await.expect_err("it is gone");
    assert!(matches!(error, TodoError::NotFound), "{error:?}");
    let error = delete_todo(&services, DeleteTodo { todo_id: todo.todo_id }, &ada, EventHub::new())
        .await
        .expect_err("it is gone");
    assert!(matches!(error, TodoError::NotFound), "{error:?}");
}

#[tokio::test]
async fn a_session_without_a_user_can_create_nothing() {
    let services = open().await;
    let session = UserSession { user_id: Uuid::new_v4(), device_id: Uuid::new_v4() };
    let data = from_value(json!({ "title": "buy milk" })).expect("the input");
    let error = create_todo(&services, data, &session, EventHub::new()).await.expect_err("nobody is there");
    assert!(matches!(error, TodoError::UnknownUser), "{error:?}");
}

#[test]
fn limits_are_checked() {
    for (title, tags, valid) in [
        ("a".repeat(200), vec!["b".repeat(30); 10], true),
        ("é".repeat(200), vec!["é".repeat(30); 10], true),
        ("a".repeat(201), vec![], false),
        (String::new(), vec![], false),
        ("a".to_owned(), vec!["b".to_owned(); 11], false),
        ("a".to_owned(), vec!["b".repeat(31)], false),
        ("a".to_owned(), vec![String::new()], false),
    ] {
        let todo = CreateTodo { title, tags, due: None };
        assert_eq!(todo.validate().is_ok(), valid, "{todo:?}");
    }
    for (limit, valid) in [(0, false), (1, true), (1000, true), (1001, false)] {
        let list = ListTodos { completed: None, search: None, limit, offset: 0 };
        assert_eq!(list.validate().is_ok(), valid, "{list:?}");
    }
}
