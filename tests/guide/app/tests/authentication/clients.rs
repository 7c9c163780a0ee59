//! The generated Rust client with its credentials.

use guide_app::{
    client::{Authenticate, LoginUser, LoginUserError, TodoClient},
    jwt, serve,
};
use guide_functions::{Services, TodoApp, accounts::find_session_for_api_key};
use pikku_client::Error;
use pikku_core::{ApiKeySource, Pikku, auth_api_key, auth_bearer};

use crate::Outcome;

async fn server() -> String {
    let jwt = jwt().await;
    let app = Pikku::<TodoApp>::new(Services::new(jwt.clone()))
        .jwt(jwt)
        .middleware(auth_bearer().jwt())
        .middleware(auth_api_key(ApiKeySource::Header, find_session_for_api_key));
    serve(app).await
}

fn ada() -> LoginUser {
    LoginUser { name: "ada".to_owned(), password: "a password of ada".to_owned() }
}

#[tokio::test]
async fn g3_the_rust_client_sends_an_api_key() -> Outcome {
    let (server_url, api_key) = (server().await, "key-of-ada");
    let api = TodoClient::new(server_url)?.with_api_key(api_key);
    let todos = api.list_todos().await?;
    let events = api.events().connect().await?;
    let live = events.list().await?;
    assert_eq!((todos.len(), live.len()), (2, 2));
    Ok(())
}

#[tokio::test]
async fn g4_the_rust_client_gets_a_fresh_token_when_the_one_it_has_is_refused() -> Outcome {
    let server_url = server().await;
    let login = TodoClient::new(&server_url)?;
    let api = TodoClient::new(&server_url)?
        .with_bearer("one that has expired")
        .with_refresh(async move || login.login_user(&ada()).await.map(|signed_in| Some(signed_in.token)));
    assert_eq!(api.get_me().await?.user_id, "ada");
    Ok(())
}

#[tokio::test]
async fn g4_the_rust_client_signs_each_connection_in() -> Outcome {
    let api = TodoClient::new(server().await)?;
    let token = api.login_user(&ada()).await?.token;
    let connect = api.events().with_sign_in(async move |events| events.auth(&Authenticate { token }).await);
    let events = connect.connect().await?;
    assert_eq!(events.list().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn x2_the_rust_client_tells_what_was_refused_and_why() -> Outcome {
    let api = TodoClient::new(server().await)?;
    let guess = LoginUser { name: "ada".to_owned(), password: "guessed".to_owned() };
    assert!(matches!(api.login_user(&guess).await, Err(Error::Api(LoginUserError::WrongPassword))));
    assert!(matches!(api.list_todos().await, Err(Error::Unauthorized(_))));
    Ok(())
}
