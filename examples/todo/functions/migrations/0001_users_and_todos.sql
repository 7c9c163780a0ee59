CREATE TABLE users (
    user_id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- The name in lower case. SQLite's own NOCASE knows only the letters of ASCII.
    name_folded TEXT NOT NULL UNIQUE
) STRICT;

-- Where users are signed in, each place with an API key of its own.
CREATE TABLE devices (
    device_id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users ON DELETE CASCADE,
    key_digest BLOB NOT NULL UNIQUE
) STRICT;

CREATE INDEX devices_of_user ON devices (user_id, device_id);

CREATE TABLE todos (
    -- The ids are UUIDs of version 7, so their order is the order of creation.
    todo_id BLOB NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    title_folded TEXT NOT NULL,
    tags TEXT NOT NULL,
    completed INTEGER NOT NULL DEFAULT FALSE,
    due TEXT,
    created_by BLOB NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at TEXT NOT NULL
) STRICT;

CREATE INDEX todos_of_user ON todos (created_by, todo_id);
