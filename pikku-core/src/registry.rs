//! What the macros registered: the compiled truth that codegen reads.

use std::any::TypeId;

use linkme::distributed_slice;
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};

use crate::{
    app::App,
    error::{ErrorVariant, PikkuError},
    function::{Input, Output, OutputKind, PikkuFunc, is_unit},
    http::with_probes,
    input::{self, Rejection},
};

/// Changes whenever generated code and runtime must be updated together.
pub const CONTRACT_VERSION: u32 = 1;

/// Every function of every crate that is linked in, in no order.
#[distributed_slice]
pub static FUNCTIONS: [FunctionEntry];

/// Some linkers fail on an empty slice, so there is always one entry; no application owns it.
#[distributed_slice(FUNCTIONS)]
#[expect(unsafe_code, reason = "linkme gathers the entries in a section of the binary")]
static SENTINEL: FunctionEntry = FunctionEntry {
    app: TypeId::of::<()>,
    name: "",
    module: "",
    file: "",
    line: 0,
    docs: "",
    auth: true,
    permissions: None,
    tags: &[],
    http: &[],
    channels: &[],
    describe: |_| unreachable!("the sentinel belongs to no application"),
    probe: |_| unreachable!("the sentinel belongs to no application"),
    goes_around: || unreachable!("the sentinel belongs to no application"),
};

/// Every channel of every crate that is linked in, in no order.
#[distributed_slice]
pub static CHANNELS: [ChannelEntry];

#[distributed_slice(CHANNELS)]
#[expect(unsafe_code, reason = "linkme gathers the entries in a section of the binary")]
static CHANNEL_SENTINEL: ChannelEntry = ChannelEntry {
    id: TypeId::of::<()>,
    name: "",
    rust: "",
    module: "",
    docs: "",
    file: "",
    line: 0,
    route: "",
    routing: "",
    auth: true,
    tags: &[],
};

/// Every typed topic of every crate that is linked in, in no order.
#[distributed_slice]
pub static TOPICS: [TopicEntry];

#[distributed_slice(TOPICS)]
#[expect(unsafe_code, reason = "linkme gathers the entries in a section of the binary")]
static TOPIC_SENTINEL: TopicEntry =
    TopicEntry { name: "", module: "", docs: "", schema: |_| unreachable!("the sentinel has no schema") };

/// One registered channel, as `#[pikku_channel]` wrote it down.
#[derive(Debug, Clone, Copy)]
pub struct ChannelEntry {
    /// The channel's type, by which functions name it.
    pub id: fn() -> TypeId,
    /// What clients call it.
    pub name: &'static str,
    /// The Rust name of its type.
    pub rust: &'static str,
    /// The module that it stands in.
    pub module: &'static str,
    /// Its doc comment.
    pub docs: &'static str,
    /// The source file.
    pub file: &'static str,
    /// The line of its name.
    pub line: u32,
    /// The path that it is opened at.
    pub route: &'static str,
    /// The key whose value picks the function.
    pub routing: &'static str,
    /// Whether callers have to sign in.
    pub auth: bool,
    /// What it is grouped under.
    pub tags: &'static [&'static str],
}

/// What a function does on a channel.
#[derive(Debug, Clone, Copy)]
pub struct ChannelBinding {
    /// The channel, by its type.
    pub channel: fn() -> TypeId,
    /// When the function is called.
    pub on: On,
}

/// When a function is called on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// When a connection opens.
    Connect,
    /// When it has closed.
    Disconnect,
    /// For messages without the routing key.
    Message,
    /// For binary messages.
    Binary,
    /// For messages whose routing key has this value.
    Action(&'static str),
}

/// One registered topic, as `#[derive(Topic)]` wrote it down.
#[derive(Debug, Clone, Copy)]
pub struct TopicEntry {
    /// Its name.
    pub name: &'static str,
    /// The module that its type stands in.
    pub module: &'static str,
    /// The doc comment of its type.
    pub docs: &'static str,
    /// Writes its type into the schemas.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// One registered function, as `#[pikku_func]` wrote it down.
#[derive(Debug, Clone, Copy)]
pub struct FunctionEntry {
    /// The application, by its type.
    pub app: fn() -> TypeId,
    /// The Rust name.
    pub name: &'static str,
    /// The module it stands in, as `module_path!()` says.
    pub module: &'static str,
    /// The source file, as `file!()` says.
    pub file: &'static str,
    /// The line of its name.
    pub line: u32,
    /// Its doc comment.
    pub docs: &'static str,
    /// Whether callers must be signed in.
    pub auth: bool,
    /// The permission expression, as it was written.
    pub permissions: Option<&'static str>,
    /// What it is grouped under.
    pub tags: &'static [&'static str],
    /// Its HTTP routes.
    pub http: &'static [HttpEntry],
    /// What it does on channels.
    pub channels: &'static [ChannelBinding],
    /// Writes its types into the schemas.
    pub describe: fn(&mut Schemas) -> Description,
    /// Parses and validates an input as the server does.
    pub probe: fn(&[u8]) -> Result<(), Rejection>,
    /// Whether it has middleware of its own that messages go around.
    pub goes_around: fn() -> bool,
}

impl FunctionEntry {
    /// Whether it is called by messages only, and by no request.
    pub(crate) fn is_on_channels_only(&self) -> bool {
        self.http.is_empty() && !self.channels.is_empty()
    }
}

/// One HTTP route of a function.
#[derive(Debug, Clone, Copy)]
pub struct HttpEntry {
    /// The method in capitals.
    pub method: &'static str,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// The declared status of a success.
    pub status: Option<u16>,
    /// The largest body in bytes, where it isn't the server's default.
    pub body_limit: Option<usize>,
    /// The deadline in seconds, where it isn't the server's default.
    pub timeout: Option<u64>,
}

/// The schemas of an application, one set for what it reads and one for what it writes.
///
/// The two differ: a field with a default may be left out of an input, yet is always there in an output.
#[derive(Debug)]
pub struct Schemas {
    /// How values are read.
    pub input: SchemaGenerator,
    /// How values are written.
    pub output: SchemaGenerator,
}

impl Schemas {
    /// Empty schemas, in JSON Schema draft 2020-12.
    #[must_use]
    pub fn new() -> Self {
        Self {
            input: SchemaSettings::draft2020_12().for_deserialize().into_generator(),
            output: SchemaSettings::draft2020_12().for_serialize().into_generator(),
        }
    }
}

impl Default for Schemas {
    fn default() -> Self {
        Self::new()
    }
}

/// The types of one function.
#[derive(Debug)]
pub struct Description {
    /// The schema of the input, if the function has one.
    pub input: Option<Schema>,
    /// What it answers with.
    pub output: OutputKind,
    /// The Rust name of its error type.
    pub error: &'static str,
    /// The errors that it can answer with.
    pub errors: Vec<ErrorVariant>,
    /// Whether it asks for something that is only there on a channel.
    pub requires_channel: bool,
    /// Whether it has middleware of its own.
    pub has_middleware: bool,
}

/// Describes `F`; what `#[pikku_func]` registers.
pub(crate) fn describe<F: PikkuFunc>(schemas: &mut Schemas) -> Description {
    Description {
        input: (!is_unit::<F::Input>()).then(|| <F::Input as Input>::schema(&mut schemas.input)),
        output: <F::Output as Output>::kind(&mut schemas.output),
        error: <F::Error as PikkuError>::NAME,
        errors: <F::Error as PikkuError>::variants(&mut schemas.output),
        requires_channel: F::REQUIRES_CHANNEL,
        has_middleware: F::HAS_MIDDLEWARE,
    }
}

/// Parses and validates an input of `F`; what `#[pikku_func]` registers.
///
/// # Errors
/// What the server would have answered.
pub(crate) fn probe<F: PikkuFunc>(json: &[u8]) -> Result<(), Rejection> {
    with_probes(|| input::parse::<F::Input>(json)).and_then(|input| input::validate::<F>(&input, &[]))
}

/// Whether `F` has middleware that messages go around; what `#[pikku_func]` registers.
pub(crate) fn goes_around<F: PikkuFunc>() -> bool {
    F::HAS_MIDDLEWARE && F::middleware().iter().any(|layer| !layer.is_for_messages())
}

/// What was registered for one application, in the order of the names.
#[derive(Debug, Clone)]
pub struct Registry {
    app: &'static str,
    krate: &'static str,
    module: &'static str,
    functions: Vec<&'static FunctionEntry>,
    channels: Vec<&'static ChannelEntry>,
    topics: Vec<&'static TopicEntry>,
}

impl Registry {
    /// The registry of `A`. [`registry!`](crate::registry) calls it as `MyApp::registry()`.
    #[must_use]
    pub fn of<A: App>() -> Self {
        let mut functions: Vec<_> = FUNCTIONS.iter().filter(|entry| (entry.app)() == TypeId::of::<A>()).collect();
        // The linker's order is no order.
        functions.sort_by_key(|entry| (entry.name, entry.module, entry.line));
        // A channel is the application's if one of its functions is on it.
        let mut channels: Vec<_> = CHANNELS
            .iter()
            .filter(|channel| {
                let id = (channel.id)();
                functions.iter().flat_map(|entry| entry.channels).any(|binding| (binding.channel)() == id)
            })
            .collect();
        channels.sort_by_key(|entry| (entry.name, entry.module, entry.line));
        let mut topics: Vec<_> = TOPICS.iter().filter(|topic| !topic.name.is_empty()).collect();
        topics.sort_by_key(|entry| (entry.name, entry.module));
        Self { app: A::NAME, krate: A::CRATE, module: A::MODULE, functions, channels, topics }
    }

    /// The application's name.
    #[must_use]
    pub fn app(&self) -> &'static str {
        self.app
    }

    /// The crate that the application stands in.
    #[must_use]
    pub fn crate_name(&self) -> &'static str {
        self.krate
    }

    /// The path of the module that the application stands in.
    #[must_use]
    pub fn module(&self) -> &'static str {
        self.module
    }

    /// The channels that the functions are on.
    #[must_use]
    pub fn channels(&self) -> &[&'static ChannelEntry] {
        &self.channels
    }

    /// The typed topics. They belong to no application, since any may publish to them.
    #[must_use]
    pub fn topics(&self) -> &[&'static TopicEntry] {
        &self.topics
    }

    /// The functions.
    #[must_use]
    pub fn functions(&self) -> &[&'static FunctionEntry] {
        &self.functions
    }
}
