//! The commands, each a call or two of the generated client.

use chrono::{Local, NaiveDate, NaiveTime, SecondsFormat, Utc};
use clap::Subcommand;
use pikku_client::Patch;
use uuid::Uuid;

use crate::{
    api::{CreateTodo, DeleteTodo, ListTodos, LoginUser, TodoClient, UpdateTodo},
    failure::Failure,
    key, show, watch,
};

/// As many as the server gives at once.
const MOST: u32 = 1000;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in; a new name makes a new account
    Login { name: String },
    /// List your todos, the newest first
    List {
        /// Only those that are still to do
        #[arg(long, conflicts_with = "done")]
        open: bool,
        /// Only those that are done
        #[arg(long)]
        done: bool,
        /// Only those with this in the title
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// Add a todo
    Add {
        title: String,
        /// File it under this; may be given more than once
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        /// The day by the end of which it has to be done, as in 2030-01-31
        #[arg(long, value_name = "DAY", value_parser = parse_day)]
        due: Option<NaiveDate>,
    },
    /// Mark a todo as done
    Done {
        /// The id that `list` shows
        id: String,
    },
    /// Give a todo another title
    Rename {
        /// The id that `list` shows
        id: String,
        title: String,
    },
    /// Delete a todo
    Rm {
        /// The id that `list` shows
        id: String,
    },
    /// Show what happens to your todos as it happens, until ctrl-c
    Watch,
    /// Say who is signed in
    Whoami,
    /// Sign out, and forget the key
    Logout,
}

/// Runs a command and returns what there is to say.
pub(crate) async fn run(command: Command, server: &str) -> Result<String, Failure> {
    let api = TodoClient::new(server)?;
    match command {
        Command::Login { name } => {
            let (_, name) = sign_in(api, name).await?;
            Ok(format!("you are {name}\n"))
        }
        Command::List { open, done, search } => {
            let completed = (open || done).then_some(done);
            let filter = ListTodos { completed, search, limit: Some(MOST), offset: None };
            let page = signed_in(api).await?.list_todos(&filter).await?;
            Ok(show::page(&page))
        }
        Command::Add { title, tags, due } => {
            let new = CreateTodo { title, tags: Some(tags), due: due.map(end_of) };
            let todo = signed_in(api).await?.create_todo(&new).await?;
            Ok(show::todo(&todo))
        }
        Command::Done { id } => {
            let api = signed_in(api).await?;
            let todo_id = find(&api, &id).await?;
            let done = UpdateTodo { todo_id, title: Patch::Keep, completed: Patch::Set(true), due: Patch::Keep };
            let todo = api.update_todo(&done).await?;
            Ok(show::todo(&todo))
        }
        Command::Rename { id, title } => {
            let api = signed_in(api).await?;
            let todo_id = find(&api, &id).await?;
            let renamed = UpdateTodo { todo_id, title: Patch::Set(title), completed: Patch::Keep, due: Patch::Keep };
            let todo = api.update_todo(&renamed).await?;
            Ok(show::todo(&todo))
        }
        Command::Rm { id } => {
            let api = signed_in(api).await?;
            let todo_id = find(&api, &id).await?;
            api.delete_todo(&DeleteTodo { todo_id }).await?;
            Ok(format!("{} is gone\n", show::short(&todo_id)))
        }
        Command::Watch => watch::run(&signed_in(api).await?).await,
        Command::Whoami => Ok(format!("{}\n", signed_in(api).await?.get_me().await?.name)),
        Command::Logout => sign_out(api).await,
    }
}

async fn sign_in(api: TodoClient, name: String) -> Result<(TodoClient, String), Failure> {
    let user = api.login_user(&LoginUser { name }).await?;
    key::store(&user.api_key)?;
    Ok((api.with_api_key(&user.api_key), user.name))
}

async fn sign_out(api: TodoClient) -> Result<String, Failure> {
    let Some(key) = key::load()? else { return Ok("you were not signed in\n".to_owned()) };
    let done = api.with_api_key(key).logout_user().await.map_err(Failure::from);
    // A key that the server has forgotten before is as good as signed out.
    match done {
        Ok(()) | Err(Failure::SignedOut) => key::forget()?,
        Err(failure) => return Err(failure),
    }
    Ok("you are signed out\n".to_owned())
}

/// The client with the key that was kept; without one, it signs in as the user of the machine.
async fn signed_in(api: TodoClient) -> Result<TodoClient, Failure> {
    if let Some(key) = key::load()? {
        return Ok(api.with_api_key(key));
    }
    let name = key::variable("USER").or_else(|| key::variable("USERNAME")).ok_or(Failure::NoName)?;
    let (api, name) = sign_in(api, name).await?;
    eprintln!("signed in as {name}");
    Ok(api)
}

/// The todo whose id is this, or ends in it.
async fn find(api: &TodoClient, id: &str) -> Result<Uuid, Failure> {
    if let Ok(id) = id.parse() {
        return Ok(id);
    }
    let page = api.list_todos(&ListTodos { completed: None, search: None, limit: Some(MOST), offset: None }).await?;
    let ending = id.to_lowercase();
    let mut found = page.todos.iter().map(|todo| todo.todo_id).filter(|id| id.simple().to_string().ends_with(&ending));
    match (found.next(), found.next()) {
        (None, _) => Err(Failure::NoTodo(id.to_owned())),
        (Some(only), None) => Ok(only),
        (Some(first), Some(_)) => {
            Err(Failure::ManyTodos { id: id.to_owned(), count: found.count() + 2, example: first.to_string() })
        }
    }
}

fn parse_day(text: &str) -> Result<NaiveDate, &'static str> {
    text.parse().map_err(|_| "a day is written as in 2030-01-31")
}

/// The last second of a day, where the user is.
fn end_of(day: NaiveDate) -> String {
    let end = day.and_time(NaiveTime::MIN) + chrono::TimeDelta::seconds(24 * 60 * 60 - 1);
    // A second that summer time skips is taken as if it were in UTC: then the day is still right almost everywhere.
    let end = end.and_local_timezone(Local).latest().map_or_else(|| end.and_utc(), |end| end.with_timezone(&Utc));
    end.to_rfc3339_opts(SecondsFormat::Secs, true)
}
