//! Secrets that the app makes for itself.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::Path,
};

use uuid::Uuid;

/// As many bytes as HMAC-SHA256 has output; a shorter key would be the weakest part of a signature.
const SHORTEST: usize = 32;

/// A secret that nobody can guess: two random UUIDs hold 244 bits from the generator of the operating system.
pub(crate) fn random() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// The secret in the file at `path`, which is made if it isn't there yet, so that restarts sign nobody out.
///
/// # Errors
/// When the file can be neither read nor made, or holds no secret.
pub(crate) fn keep(path: &Path) -> io::Result<String> {
    let secret = match create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::read_to_string(path)?.trim().to_owned(),
        created => created?,
    };
    if secret.len() < SHORTEST {
        let message = format!("it holds no secret of {SHORTEST} characters or more\n  help: delete it and start again");
        return Err(io::Error::new(ErrorKind::InvalidData, message));
    }
    Ok(secret)
}

fn create(path: &Path) -> io::Result<String> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let secret = random();
    options.open(path)?.write_all(secret.as_bytes())?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("todo.secret");
        let made = keep(&path).expect("the secret is made");
        assert_eq!(made.len(), 64);
        assert_eq!(keep(&path).expect("the secret is read"), made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_without_a_secret_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("todo.secret");
        fs::write(&path, "").expect("the file is written");
        let error = keep(&path).expect_err("an empty secret");
        assert!(error.to_string().contains("help: delete it"), "{error}");
    }
}
