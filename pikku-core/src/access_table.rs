//! Who may call what, as a table.

use std::fmt;

use crate::{
    app::App,
    coverage::{Scope, is_below},
    permission::SharedPermission,
    registry::{ChannelEntry, FunctionEntry, On, Registry},
};

/// Who may call what: a row for each route, and one for each function on a channel. [`Pikku::access_table`] makes it.
///
/// Its `Display` is the table with aligned columns, as a server may print it when it starts.
///
/// ```text
/// GET     /todos             todos::list_todos    signed in
/// PATCH   /todos/{todo_id}   todos::rename_todo   signed in, is_todo_creator(todo_id)
/// WS      /events            Events               anyone
/// WS      /events auth       events::sign_in      anyone
/// WS      /events subscribe  events::subscribe    signed in, is_not_suspended && may_read(topic)
/// ```
///
/// [`Pikku::access_table`]: crate::Pikku::access_table
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessTable {
    rows: Vec<AccessRow>,
}

/// One row of the [`AccessTable`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessRow {
    /// The method in capitals; `WS` for a channel and what is on it.
    pub method: &'static str,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// When the function is called, on a channel.
    pub on: Option<On>,
    /// The path of the function in its crate, or of the channel that opens.
    pub function: String,
    /// Whether callers have to be signed in.
    pub auth: bool,
    /// What callers have to pass, all of it: the permissions that were added to the application, by their names, and the
    /// expression of the function.
    pub permissions: Vec<String>,
}

impl AccessTable {
    pub(crate) fn new<A: App>(registry: &Registry, shared: &[(Scope, SharedPermission<A>)]) -> Self {
        let mut ranked: Vec<_> = shared.iter().collect();
        ranked.sort_by_key(|(scope, _)| scope.rank());
        let names = |path: &str, tags: &[&[&str]]| -> Vec<String> {
            let covers = |scope: &Scope| match scope {
                Scope::Everything => true,
                Scope::Prefix(prefix) => is_below(prefix, path),
                Scope::Tag(tag) => tags.iter().any(|tags| tags.contains(tag)),
            };
            ranked
                .iter()
                .filter(|(scope, _)| covers(scope))
                .map(|(_, permission)| permission.name().to_owned())
                .collect()
        };
        let row = |function: &FunctionEntry, method, path, on, mut permissions: Vec<String>| {
            permissions.extend(function.permissions.map(str::to_owned));
            let function_path = short_path(registry, function.module, function.name);
            AccessRow { method, path, on, function: function_path, auth: function.auth, permissions }
        };
        let mut rows = Vec::new();
        for function in registry.functions() {
            for http in function.http {
                rows.push(row(function, http.method, http.path, None, names(http.path, &[function.tags])));
            }
        }
        rows.sort_by_key(|row| (row.path, row.method));
        for channel in registry.channels() {
            let mut calls: Vec<AccessRow> = bindings(registry, channel)
                .into_iter()
                .map(|(function, on)| {
                    // The end of a connection is nobody's call, so that only the function's own permissions count.
                    let shared = match on {
                        On::Disconnect => Vec::new(),
                        _ => names(channel.route, &[channel.tags, function.tags]),
                    };
                    row(function, "WS", channel.route, Some(on), shared)
                })
                .collect();
            calls.sort_by_key(|row| row.on.map(place));
            let may_sign_in_later = calls.iter().any(|row| !row.auth && answers_messages(row.on));
            rows.push(AccessRow {
                method: "WS",
                path: channel.route,
                on: None,
                function: short_path(registry, channel.module, channel.rust),
                auth: channel.auth && !may_sign_in_later,
                permissions: Vec::new(),
            });
            rows.append(&mut calls);
        }
        Self { rows }
    }

    /// The rows: those of HTTP in the order of their paths, and then each channel with what is on it.
    #[must_use]
    pub fn rows(&self) -> &[AccessRow] {
        &self.rows
    }
}

/// What is on a channel: functions, and when they are called.
fn bindings(registry: &Registry, channel: &ChannelEntry) -> Vec<(&'static FunctionEntry, On)> {
    let id = (channel.id)();
    let mut bindings = Vec::new();
    for function in registry.functions() {
        let here = function.channels.iter().filter(|binding| (binding.channel)() == id);
        bindings.extend(here.map(|binding| (*function, binding.on)));
    }
    bindings
}

/// The place of a function among those of its channel.
fn place(on: On) -> (u8, &'static str) {
    match on {
        On::Connect => (0, ""),
        On::Disconnect => (1, ""),
        On::Message => (2, ""),
        On::Binary => (3, ""),
        On::Action(action) => (4, action),
    }
}

fn answers_messages(on: Option<On>) -> bool {
    matches!(on, Some(On::Action(_) | On::Message | On::Binary))
}

/// The path of an item in the crate of the application, or the whole of it where it is in another one.
fn short_path(registry: &Registry, module: &str, name: &str) -> String {
    let path = format!("{module}::{name}");
    let in_crate = path.strip_prefix(registry.module()).and_then(|path| path.strip_prefix("::"));
    in_crate.map_or_else(|| path.clone(), str::to_owned)
}

impl AccessRow {
    /// Where it is called, with the action on a channel: `/events subscribe`.
    #[must_use]
    pub fn place(&self) -> String {
        let on = match self.on {
            None => return self.path.to_owned(),
            Some(On::Connect) => "on_connect",
            Some(On::Disconnect) => "on_disconnect",
            Some(On::Message) => "on_message",
            Some(On::Binary) => "on_binary",
            Some(On::Action(action)) => action,
        };
        format!("{} {on}", self.path)
    }

    /// Who may call it, in words: `signed in, is_admin || is_owner(todo_id)`.
    #[must_use]
    pub fn access(&self) -> String {
        let who = if self.auth { "signed in" } else { "anyone" };
        let joined: Vec<String> = match self.permissions.as_slice() {
            [] => return who.to_owned(),
            [only] => vec![only.clone()],
            // An expression with `||` would be torn apart by the `&&` around it.
            several => several
                .iter()
                .map(|text| if text.contains("||") { format!("({text})") } else { text.clone() })
                .collect(),
        };
        format!("{who}, {}", joined.join(" && "))
    }
}

impl<'t> IntoIterator for &'t AccessTable {
    type Item = &'t AccessRow;
    type IntoIter = std::slice::Iter<'t, AccessRow>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter()
    }
}

impl fmt::Display for AccessTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |of: &dyn Fn(&AccessRow) -> usize| self.rows.iter().map(of).max().unwrap_or(0);
        let places = width(&|row| row.place().chars().count());
        let functions = width(&|row| row.function.chars().count());
        for (index, row) in self.rows.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let (method, place, function, access) = (row.method, row.place(), &row.function, row.access());
            write!(f, "{method:<6}  {place:<places$}  {function:<functions$}  {access}")?;
        }
        Ok(())
    }
}
