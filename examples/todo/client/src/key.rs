//! The API key, kept between calls.

use std::{
    env, fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// The key to sign in with: that of `TODO_API_KEY`, or the one that was kept.
pub(crate) fn load() -> Result<Option<String>, Failure> {
    match variable("TODO_API_KEY") {
        Some(key) => Ok(Some(key)),
        None => with_file(read),
    }
}

/// Keeps a key for the next calls.
pub(crate) fn store(key: &str) -> Result<(), Failure> {
    with_file(|path| write(path, key))
}

/// Forgets the key.
pub(crate) fn forget() -> Result<(), Failure> {
    with_file(|path| match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    })
}

/// An environment variable, unless it is empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn with_file<T>(action: impl FnOnce(&Path) -> io::Result<T>) -> Result<T, Failure> {
    let folder = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let folder = folder.or_else(|| Some(env::home_dir()?.join(".config"))).ok_or(Failure::NoConfigFolder)?;
    let path = folder.join("pikku-todo").join("key");
    action(&path).map_err(|source| Failure::Key { path, source })
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(key) => Ok(Some(key.trim().to_owned()).filter(|key| !key.is_empty())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, key: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // A new file in place of the old one: it is never half written, and never readable by others.
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&new)?.write_all(key.as_bytes())?;
    fs::rename(new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("pikku-todo").join("key");
        assert_eq!(read(&path).expect("nothing is no error"), None);
        for key in ["first", "second"] {
            write(&path, key).expect("the key is written");
            assert_eq!(read(&path).expect("the key is read").as_deref(), Some(key));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
        }
    }
}
