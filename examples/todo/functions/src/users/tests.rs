//! The functions are plain functions, so the tests simply call them.

use super::*;
use crate::Config;

async fn open() -> Services {
    let config = Config { database_url: "sqlite::memory:".to_owned(), jwt_secret: None };
    Services::open(&config).await.expect("the services open")
}

async fn login(services: &Services, name: &str) -> SignedIn {
    let data = LoginUser { name: name.to_owned() };
    login_user(services, data, UserSessionService::new()).await.expect("the user signs in")
}

async fn session_of(services: &Services, api_key: &str) -> Option<UserSession> {
    find_session_for_api_key(services, api_key).await.expect("the key is looked up")
}

#[tokio::test]
async fn the_first_visit_makes_the_account_and_later_ones_find_it() {
    let services = open().await;
    let first = login(&services, "Zoë").await;
    let second = login(&services, "ZOË").await;
    assert_eq!((first.user_id, "Zoë"), (second.user_id, second.name.as_str()));
    assert_ne!(first.api_key, second.api_key, "each device has a key of its own");

    let session = session_of(&services, &first.api_key).await.expect("the first key still works");
    let me = get_me(&services, &session).await.expect("the user");
    assert_eq!(me, User { user_id: first.user_id, name: "Zoë".to_owned() });
}

#[tokio::test]
async fn signing_out_ends_one_device_only() {
    let services = open().await;
    let (phone, desk) = (login(&services, "ada").await, login(&services, "ada").await);
    let session = session_of(&services, &phone.api_key).await.expect("a session");
    logout_user(&services, &session, UserSessionService::new()).await.expect("the phone signs out");
    assert_eq!(session_of(&services, &phone.api_key).await, None);
    assert!(session_of(&services, &desk.api_key).await.is_some());
    assert_eq!(session_of(&services, "").await, None);
}

#[tokio::test]
async fn a_name_belongs_to_one_user() {
    let services = open().await;
    let (ada, bob) = (login(&services, "ada").await, login(&services, "bob").await);
    let rename = |name: &str| update_user(&services, UpdateUser { user_id: ada.user_id, name: name.to_owned() });
    assert_eq!(rename("Ada").await.expect("her own name").name, "Ada");
    let error = rename("BOB").await.expect_err("bob's name");
    assert!(matches!(&error, UserError::NameTaken { name } if name == "BOB"), "{error:?}");

    let session = session_of(&services, &ada.api_key).await.expect("a session");
    assert!(is_oneself(&services, &ada.user_id, &session).await.expect("ada is asked"));
    assert!(!is_oneself(&services, &bob.user_id, &session).await.expect("bob is asked"));
}

#[tokio::test]
async fn everything_is_still_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("todo.db");
    let config = Config { database_url: format!("sqlite:{}", file.display()), jwt_secret: None };
    let first = login(&Services::open(&config).await.expect("the services open"), "ada").await;
    let services = Services::open(&config).await.expect("the services open again");
    assert!(session_of(&services, &first.api_key).await.is_some());
    assert!(file.with_extension("secret").exists(), "the secret is beside the database");
    let key = first.api_key.as_bytes();
    for entry in std::fs::read_dir(folder.path()).expect("the folder") {
        let stored = std::fs::read(entry.expect("an entry").path()).expect("the file");
        assert!(!stored.windows(key.len()).any(|part| part == key), "the key itself is not stored");
    }
}

#[tokio::test]
async fn only_so_many_devices_are_kept() {
    let services = open().await;
    let ada = login(&services, "ada").await;
    for _ in 0..1000 {
        services.users.add_device(&ada.user_id).await.expect("a device");
    }
    assert_eq!(session_of(&services, &ada.api_key).await, None, "the oldest had to go");
}
