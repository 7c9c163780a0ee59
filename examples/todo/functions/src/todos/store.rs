//! Todos in the database.

use chrono::{SubsecRound, Utc};
use sqlx::{Result, SqlitePool, types::Json};
use uuid::Uuid;

use super::{CreateTodo, ListTodos, Todo, TodoPage, UpdateTodo};

/// What there is to do.
#[derive(Debug, Clone)]
pub struct TodoStore {
    pool: SqlitePool,
}

impl TodoStore {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    /// One page of a user's todos, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, user_id: &Uuid, filter: &ListTodos) -> Result<TodoPage> {
        let search = filter.search.as_deref().map(str::to_lowercase);
        // Both in one transaction, so that the total is that of the moment the page was read.
        let mut transaction = self.pool.begin().await?;
        let total: u32 = sqlx::query_scalar(
            "SELECT count(*) FROM todos WHERE created_by = ?1
             AND (?2 IS NULL OR completed = ?2) AND (?3 IS NULL OR instr(title_folded, ?3) > 0)",
        )
        .bind(user_id)
        .bind(filter.completed)
        .bind(&search)
        .fetch_one(&mut *transaction)
        .await?;
        let todos = sqlx::query_as(
            "SELECT * FROM todos WHERE created_by = ?1
             AND (?2 IS NULL OR completed = ?2) AND (?3 IS NULL OR instr(title_folded, ?3) > 0)
             ORDER BY todo_id DESC LIMIT ?4 OFFSET ?5",
        )
        .bind(user_id)
        .bind(filter.completed)
        .bind(&search)
        .bind(filter.limit)
        .bind(filter.offset)
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(TodoPage { todos, total })
    }

    /// Adds a todo.
    ///
    /// # Errors
    /// A foreign key violation if there is no such user, and when the database fails.
    pub async fn create(&self, user_id: &Uuid, new: CreateTodo) -> Result<Todo> {
        let sql = "INSERT INTO todos (todo_id, title, title_folded, tags, due, created_by, created_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *";
        sqlx::query_as(sql)
            .bind(Uuid::now_v7())
            .bind(&new.title)
            .bind(new.title.to_lowercase())
            .bind(Json(&new.tags))
            .bind(new.due)
            .bind(user_id)
            // As fine as JavaScript's `Date`, so that clients lose nothing.
            .bind(Utc::now().trunc_subsecs(3))
            .fetch_one(&self.pool)
            .await
    }

    /// The todo of that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(&self, todo_id: &Uuid) -> Result<Option<Todo>> {
        sqlx::query_as("SELECT * FROM todos WHERE todo_id = ?").bind(todo_id).fetch_optional(&self.pool).await
    }

    /// Who made a todo; `None` if there is no such todo.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn creator(&self, todo_id: &Uuid) -> Result<Option<Uuid>> {
        let sql = "SELECT created_by FROM todos WHERE todo_id = ?";
        sqlx::query_scalar(sql).bind(todo_id).fetch_optional(&self.pool).await
    }

    /// Changes what is given; `None` if there is no such todo.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn update(&self, change: &UpdateTodo) -> Result<Option<Todo>> {
        let sql = "UPDATE todos SET
                   title = coalesce(?, title), title_folded = coalesce(?, title_folded),
                   completed = coalesce(?, completed), due = iif(?, ?, due)
                   WHERE todo_id = ? RETURNING *";
        sqlx::query_as(sql)
            .bind(&change.title)
            .bind(change.title.as_ref().map(|title| title.to_lowercase()))
            .bind(change.completed)
            .bind(change.due.is_some())
            .bind(change.due.flatten())
            .bind(change.todo_id)
            .fetch_optional(&self.pool)
            .await
    }

    /// Deletes a todo; `false` if there was none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(&self, todo_id: &Uuid) -> Result<bool> {
        let done = sqlx::query("DELETE FROM todos WHERE todo_id = ?").bind(todo_id).execute(&self.pool).await?;
        Ok(done.rows_affected() > 0)
    }
}
