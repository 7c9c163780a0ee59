//! Inputs: path, query and body, coerced, merged and validated.

use std::collections::BTreeMap;

use garde::Validate;
use pikku_core::{Upload, pikku_func};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Services, TestError};

/// A choice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Color {
    /// Red.
    Red,
    /// Dark blue.
    DarkBlue,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// How many.
    pub limit: Option<u16>,
    /// After how many.
    #[serde(default)]
    pub offset: u32,
}

/// Fields of every kind that text can become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Everything {
    /// In the path.
    pub item_id: u32,
    /// A string.
    pub text: Option<String>,
    /// A whole number.
    pub count: Option<i64>,
    /// Any number.
    pub ratio: Option<f64>,
    /// A boolean.
    pub flag: Option<bool>,
    /// An enum.
    pub color: Option<Color>,
    /// A list of strings.
    #[serde(default)]
    pub tags: Vec<String>,
    /// A list of numbers.
    #[serde(default)]
    pub numbers: Vec<u8>,
    /// Fields of another struct.
    #[serde(flatten)]
    pub page: Page,
}

/// Gives back what it read, from the path and the query.
#[pikku_func(http(get = "/items/{itemId}"), auth = false)]
pub async fn read_item(_services: &Services, data: Everything) -> Result<Everything, TestError> {
    Ok(data)
}

/// Gives back what it read, from the path, the query and the body.
#[pikku_func(http(post = "/items/{itemId}"), http(put = "/items/{itemId}"), auth = false)]
pub async fn write_item(_services: &Services, data: Everything) -> Result<Everything, TestError> {
    Ok(data)
}

/// Deletes nothing.
#[pikku_func(http(delete = "/items/{itemId}"), auth = false)]
pub async fn delete_item(_services: &Services, _data: Everything) -> Result<(), TestError> {
    Ok(())
}

/// A thing with constraints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct Constrained {
    /// A title.
    #[garde(length(chars, min = 1, max = 20))]
    pub long_title: String,
    /// A priority.
    #[garde(range(min = 0, max = 5))]
    pub priority: i32,
    /// A few tags, which are short.
    #[garde(length(max = 3), inner(length(chars, min = 1, max = 5)))]
    #[serde(default)]
    pub tags: Vec<String>,
    /// A code.
    #[garde(pattern("^[A-Z]{3}$"))]
    pub code: Option<String>,
    /// An address.
    #[garde(email)]
    #[serde(rename = "mail")]
    pub address: Option<String>,
    /// Parts, each with constraints of its own.
    #[garde(dive)]
    #[serde(default)]
    pub parts: Vec<Part>,
}

/// A part of a thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
pub struct Part {
    /// How many.
    #[garde(range(min = 1))]
    #[serde(rename = "n")]
    pub amount: u32,
}

/// Gives back what it read.
#[pikku_func(http(post = "/constrained", status = 201), auth = false)]
pub async fn constrained(services: &Services, data: Constrained) -> Result<Constrained, TestError> {
    services.note("constrained ran");
    Ok(data)
}

/// Reads a body of 64 bytes at the most.
#[pikku_func(http(post = "/small", body_limit = 64), auth = false)]
pub async fn small(_services: &Services, data: serde_json::Value) -> Result<serde_json::Value, TestError> {
    Ok(data)
}

/// Reads a list, which nothing can be merged with.
#[pikku_func(http(post = "/sum"), auth = false)]
pub async fn sum(_services: &Services, data: Vec<i32>) -> Result<i64, TestError> {
    Ok(data.into_iter().map(i64::from).sum())
}

/// A parameter whose name differs between two methods of one path.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Named {
    /// The name.
    pub name: String,
}

/// A parameter whose name differs between two methods of one path.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Titled {
    /// The title.
    pub title: String,
}

/// Gives back the name.
#[pikku_func(http(get = "/same/{name}"), auth = false)]
pub async fn same_get(_services: &Services, data: Named) -> Result<String, TestError> {
    Ok(data.name)
}

/// Gives back the title.
#[pikku_func(http(put = "/same/{title}"), auth = false)]
pub async fn same_put(_services: &Services, data: Titled) -> Result<String, TestError> {
    Ok(data.title)
}

/// A picture.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct SetPicture {
    /// What it shows.
    #[garde(length(chars, max = 20))]
    pub caption: String,
    /// How wide it is.
    #[garde(skip)]
    pub width: u32,
    /// The picture.
    #[garde(skip)]
    pub picture: Upload,
}

/// What was received.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Received {
    /// The caption, or the names of the files.
    pub text: String,
    /// How many bytes there were.
    pub bytes: usize,
    /// The sum of the bytes, so that nothing was changed on the way.
    pub sum: u32,
}

/// Reads a file while it arrives.
#[pikku_func(http(put = "/picture", body_limit = 200_000), auth = false)]
pub async fn set_picture(_services: &Services, data: SetPicture) -> Result<Received, TestError> {
    let SetPicture { caption, width, mut picture } = data;
    let name = picture.file_name().unwrap_or_default().to_owned();
    let (mut bytes, mut sum) = (0, 0);
    while let Some(chunk) = picture.chunk().await? {
        bytes += chunk.len();
        sum = chunk.iter().fold(sum, |sum: u32, byte| sum.wrapping_add(u32::from(*byte)));
    }
    Ok(Received { text: format!("{caption} {width} {name}"), bytes, sum })
}

/// Several files.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AddFiles {
    /// The files.
    pub files: Vec<Upload>,
    /// One more, perhaps.
    pub cover: Option<Upload>,
}

/// Reads several files.
#[pikku_func(http(post = "/files"), auth = false)]
pub async fn add_files(_services: &Services, data: AddFiles) -> Result<Received, TestError> {
    let mut received = Received { text: String::new(), bytes: 0, sum: 0 };
    for file in data.files.into_iter().chain(data.cover) {
        received.text.push_str(file.file_name().unwrap_or_default());
        let content = file.bytes().await?;
        received.bytes += content.len();
        received.sum += content.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    }
    Ok(received)
}

/// What there is to say of a file.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// What it is called.
    #[garde(length(chars, min = 1))]
    pub short_label: String,
    /// How large it is, in each direction.
    #[garde(skip)]
    pub sizes: Vec<u32>,
}

/// A file, and nested data beside it.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct DescribeFile {
    /// What there is to say of it.
    #[garde(dive)]
    pub about: About,
    /// The file.
    #[garde(skip)]
    pub file: Upload,
}

/// Reads a file that is described.
#[pikku_func(http(post = "/described"), auth = false)]
pub async fn describe_file(_services: &Services, data: DescribeFile) -> Result<Received, TestError> {
    let content = data.file.bytes().await?;
    let text = format!("{} {:?}", data.about.short_label, data.about.sizes);
    Ok(Received { text, bytes: content.len(), sum: content.iter().map(|byte| u32::from(*byte)).sum() })
}

/// A file of which as much is taken as there is.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TakeSome {
    /// The file.
    pub file: Upload,
}

/// Counts the bytes of a file, and takes no notice of why it ends.
#[pikku_func(http(post = "/careless", body_limit = 200_000), auth = false)]
pub async fn careless(_services: &Services, data: TakeSome) -> Result<usize, TestError> {
    let mut file = data.file;
    let mut bytes = 0;
    while let Ok(Some(chunk)) = file.chunk().await {
        bytes += chunk.len();
    }
    Ok(bytes)
}

/// An owner, whose names are the same in Rust and on the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
pub struct Owner {
    /// The name.
    #[garde(length(chars, min = 1))]
    pub user_name: String,
}

/// Owners, under a name that differs between Rust and the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct Owners {
    /// Whose list it is.
    #[garde(length(chars, min = 1))]
    pub user_name: String,
    /// The owners by any key.
    #[garde(dive)]
    pub by_key: BTreeMap<String, Owner>,
}

/// Gives back what it read.
#[pikku_func(http(post = "/owners"), auth = false)]
pub async fn owners(_services: &Services, data: Owners) -> Result<Owners, TestError> {
    Ok(data)
}
