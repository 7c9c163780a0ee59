//! What generated code names. It changes together with the contract version and is no one else's to use.

pub use std::{error::Error as StdError, fmt, time::Duration};

pub use reqwest::Method;
pub use serde;
pub use serde_json::Value;
pub use uuid::Uuid;

#[cfg(feature = "socket")]
pub use bytes::Bytes;

pub use crate::{
    ApiError, BaseUrlError, Error, Events, Http, NoError, Patch, RawResponse, RefreshHook, Request, Retry, Upload,
    contract::assert_contract,
};
#[cfg(feature = "socket")]
pub use crate::{Call, Connect, Socket, Subscription};

/// Everything that generated code uses without a path, so that it also compiles where there is no implicit prelude.
pub mod prelude {
    pub use std::{
        boxed::Box,
        clone::Clone,
        cmp::{Eq, PartialEq},
        collections::BTreeMap,
        convert::{AsRef, From, Into},
        default::Default,
        fmt::Debug,
        hash::Hash,
        marker::Copy,
        option::Option,
        result::Result::{self, Ok},
        string::String,
        vec::Vec,
    };

    pub use serde::{Deserialize, Serialize};
}
