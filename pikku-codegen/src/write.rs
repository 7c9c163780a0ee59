//! Files: written only when they change, so that nothing is built again for nothing.

use std::{fs, io, path::Path};

use crate::{
    emit::File,
    error::{Error, Result},
};

/// Writes `file` below `folder`. Says whether it had to.
pub(crate) fn write_file(folder: &Path, file: &File) -> Result<bool> {
    if is_current(folder, file)? {
        return Ok(false);
    }
    let path = folder.join(&file.path);
    let failed = |source| Error::File { path: path.clone(), source };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(&path, &file.text).map_err(failed)?;
    Ok(true)
}

/// Whether the file on disk is what was generated.
pub(crate) fn is_current(folder: &Path, file: &File) -> Result<bool> {
    let path = folder.join(&file.path);
    match fs::read(&path) {
        Ok(bytes) => Ok(bytes == file.text.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::File { path, source }),
    }
}
