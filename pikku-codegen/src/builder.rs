//! The builder: what a build script says.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Component, Path, PathBuf},
};

use pikku_core::{CONTRACT_VERSION, Registry};

use crate::{
    check, collect,
    emit::{File, router, rust_client, typescript},
    error::{Diagnostic, Error, Result},
    model::Model,
    write::{compact_json, is_current, left_over, remove_file, write_file},
};

/// Generates everything for one application.
///
/// In a build script, [`emit`](Self::emit) writes `router.rs` (for `pikku_core::include_generated!`), `client.rs` where
/// asked for (for `pikku_client::include_generated!`) and the model, `pikku.json`, into `OUT_DIR`; TypeScript goes where
/// [`typescript`](Self::typescript) says.
#[derive(Debug)]
#[must_use = "a builder does nothing until `emit` is called"]
pub struct Builder {
    source: Source,
    typescript: Option<PathBuf>,
    rust_client: Option<Target>,
    model: Option<PathBuf>,
    replaced: BTreeMap<String, String>,
    without_channels: bool,
}

#[derive(Debug)]
enum Source {
    Registry(Registry),
    Model(PathBuf),
}

/// Where a file goes.
#[derive(Debug)]
enum Target {
    OutDir,
    File(PathBuf),
}

impl Builder {
    /// Generates from what the macros registered: `Builder::new(TodoApp::registry())`.
    pub fn new(registry: Registry) -> Self {
        Self::from_source(Source::Registry(registry))
    }

    /// Generates from a model that another build wrote. There is no router then, since there are no functions.
    pub fn from_model(path: impl Into<PathBuf>) -> Self {
        Self::from_source(Source::Model(path.into()))
    }

    fn from_source(source: Source) -> Self {
        Self {
            source,
            typescript: None,
            rust_client: None,
            model: None,
            replaced: BTreeMap::new(),
            without_channels: false,
        }
    }

    /// Writes the TypeScript client into a folder, relative to the package.
    pub fn typescript(mut self, folder: impl Into<PathBuf>) -> Self {
        self.typescript = Some(folder.into());
        self
    }

    /// Writes the Rust client, `client.rs`, into `OUT_DIR`.
    pub fn rust_client(mut self) -> Self {
        self.rust_client = Some(Target::OutDir);
        self
    }

    /// Writes the Rust client to a file, relative to the package.
    pub fn rust_client_to(mut self, file: impl Into<PathBuf>) -> Self {
        self.rust_client = Some(Target::File(file.into()));
        self
    }

    /// Uses a type of your own in the Rust client, in place of the generated one: `.rust_type("Todo", "todo_types::Todo")`.
    pub fn rust_type(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.replaced.insert(name.into(), path.into());
        self
    }

    /// Leaves the channels out of the Rust client, for programs that build `pikku-client` without its feature `socket`.
    pub fn rust_client_without_channels(mut self) -> Self {
        self.without_channels = true;
        self
    }

    /// Writes the model to a file, relative to the package, for builds that have no functions.
    pub fn model(mut self, file: impl Into<PathBuf>) -> Self {
        self.model = Some(file.into());
        self
    }

    /// Writes everything that changed.
    ///
    /// In a build script, each mistake in the functions is one error of cargo's.
    ///
    /// # Errors
    /// When the functions contradict each other, or a file can't be written.
    pub fn emit(self) -> Result<()> {
        let result = self.generate().and_then(|generated| generated.write());
        if let Err(error) = &result
            && env::var_os("OUT_DIR").is_some()
        {
            for line in error.to_string().lines() {
                tell_cargo("error", line);
            }
        }
        result
    }

    /// Writes nothing, and says what would be generated from.
    ///
    /// # Errors
    /// When the functions contradict each other, or a model can't be read.
    pub fn inspect(self) -> Result<Inspection> {
        let mut warnings = Vec::new();
        let model = self.source.model(&mut warnings)?;
        Ok(Inspection { model, warnings })
    }

    /// Writes nothing, and fails where a file that was told by name is not what would be written.
    ///
    /// # Errors
    /// [`Error::Stale`], and whatever [`emit`](Self::emit) fails with.
    pub fn check(self) -> Result<()> {
        let generated = self.generate()?;
        let mut stale = generated.left_over()?;
        for (folder, file) in &generated.told {
            if !is_current(folder, file)? {
                stale.push(folder.join(&file.path));
            }
        }
        if stale.is_empty() { Ok(()) } else { Err(Error::Stale(stale)) }
    }

    fn generate(self) -> Result<Generated> {
        let mut generated = Generated::default();
        let model = self.source.model(&mut generated.warnings)?;
        match &self.source {
            Source::Registry(_) => {
                generated.out_dir.push(router::render(&model)?);
                // Nobody reads it there but programs, and printing it well takes as long as much of the rest.
                let text = compact_json(&model)?;
                generated.out_dir.push(File { path: "pikku.json".into(), text });
            }
            Source::Model(path) => tell_cargo("rerun-if-changed", &path.display().to_string()),
        }
        if let Some(folder) = self.typescript {
            let files = typescript::render(&model, way_back(&model, &folder).as_deref())
                .map_err(|error| Error::Emit(error.to_string()))?;
            generated.told.extend(files.into_iter().map(|file| (folder.clone(), file)));
            generated.typescript = Some(folder);
        }
        if let Some(target) = self.rust_client {
            let options = rust_client::Options { replace: self.replaced, without_channels: self.without_channels };
            let mut file =
                rust_client::render_with(&model, &options).map_err(|error| Error::Emit(error.to_string()))?;
            match target {
                Target::OutDir => generated.out_dir.push(file),
                Target::File(path) => {
                    file.path = path;
                    generated.told.push((PathBuf::new(), file));
                }
            }
        }
        if let Some(path) = self.model {
            generated.told.push((PathBuf::new(), model_file(path, &model)?));
        }
        Ok(generated)
    }
}

impl Source {
    /// The model, checked if it is made here.
    fn model(&self, warnings: &mut Vec<Diagnostic>) -> Result<Model> {
        match self {
            Self::Registry(registry) => check::check(registry, collect::collect(registry), warnings),
            Self::Model(path) => read_model(path),
        }
    }
}

/// What code would be generated from.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The whole application.
    pub model: Model,
    /// What should be looked at, and stops nothing.
    pub warnings: Vec<Diagnostic>,
}

/// What a build comes to.
#[derive(Debug, Default)]
struct Generated {
    /// Files for `OUT_DIR`.
    out_dir: Vec<File>,
    /// Files whose place was told.
    told: Vec<(PathBuf, File)>,
    /// The folder of the TypeScript client, in which files of functions that are gone must not stay.
    typescript: Option<PathBuf>,
    /// What should be looked at, and stops nothing.
    warnings: Vec<Diagnostic>,
}

impl Generated {
    fn write(self) -> Result<()> {
        for warning in &self.warnings {
            tell_cargo("warning", &warning.to_string());
        }
        if !self.out_dir.is_empty() {
            let out_dir = env::var_os("OUT_DIR").map(PathBuf::from).ok_or(Error::NotABuildScript("OUT_DIR"))?;
            for file in &self.out_dir {
                write_file(&out_dir, file)?;
            }
        }
        // The functions are a dependency of the build script, so cargo runs it again whenever they change.
        tell_cargo("rerun-if-changed", "build.rs");
        for (folder, file) in &self.told {
            // A file that was written just now is newer than this run, and would cause another one.
            if !write_file(folder, file)? {
                tell_cargo("rerun-if-changed", &folder.join(&file.path).display().to_string());
            }
        }
        self.left_over()?.iter().try_for_each(|path| remove_file(path))
    }

    /// The files that an earlier build generated and this one does not.
    fn left_over(&self) -> Result<Vec<PathBuf>> {
        let Some(folder) = &self.typescript else { return Ok(Vec::new()) };
        let told: Vec<PathBuf> = self.told.iter().map(|(folder, file)| folder.join(&file.path)).collect();
        left_over(folder, &told)
    }
}

/// The way from a folder back to the one that the functions' files are relative to, so that "go to definition" finds them.
fn way_back(model: &Model, folder: &Path) -> Option<String> {
    let file = &model.functions.iter().find(|function| Path::new(&function.file).is_relative())?.file;
    let here = env::current_dir().ok()?;
    let base = here.ancestors().find(|base| base.join(file).is_file())?;
    let mut target = PathBuf::new();
    for part in here.join(folder).components() {
        match part {
            Component::ParentDir => drop(target.pop()),
            Component::CurDir => {}
            part => target.push(part),
        }
    }
    let depth = target.strip_prefix(base).ok()?.components().count();
    Some(vec![".."; depth].join("/"))
}

/// Prints an instruction for cargo, in a build script.
#[allow(clippy::print_stdout, reason = "it is how a build script speaks with cargo")]
fn tell_cargo(key: &str, value: &str) {
    if env::var_os("OUT_DIR").is_some() {
        println!("cargo::{key}={value}");
    }
}

fn model_file(path: PathBuf, model: &Model) -> Result<File> {
    let mut text = serde_json::to_string_pretty(model).map_err(|error| Error::Emit(error.to_string()))?;
    text.push('\n');
    Ok(File { path, text })
}

fn read_model(path: &Path) -> Result<Model> {
    let bytes = fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    let model: Model =
        serde_json::from_slice(&bytes).map_err(|source| Error::Model { path: path.to_owned(), source })?;
    if model.contract != CONTRACT_VERSION {
        return Err(Error::Contract { found: model.contract, expected: CONTRACT_VERSION });
    }
    Ok(model)
}
