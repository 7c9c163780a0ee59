//! The session store in PostgreSQL, on the server that `tests/run services` starts.

use pikku_core::{PostgresSessionStore, testing};
use sqlx::postgres::PgPoolOptions;
use test_functions::UserSession;

async fn open() -> PostgresSessionStore {
    let url = std::env::var("POSTGRES_URL").expect("`POSTGRES_URL` is missing; help: run `tests/run services`");
    let pool = PgPoolOptions::new().connect(&url).await.expect("the server is there");
    PostgresSessionStore::open(pool).await.expect("it opens")
}

#[tokio::test]
#[ignore = "it needs a server: run `tests/run services`"]
async fn s3_sessions_in_postgres() {
    let session_of = |user: &str| UserSession { user_id: user.to_owned(), admin: true };
    // Nodes that start together make one table.
    let (store, other) = tokio::join!(open(), open());
    tokio::join!(testing::session_store(&store, session_of), testing::session_store(&other, session_of));
}
