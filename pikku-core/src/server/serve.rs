//! What can be served.

use std::{future::Future, sync::Arc};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::Request;
use hyper::body::Incoming;
use tower::ServiceExt;

use super::connection::Peer;
use crate::http::{Answer, Content};

/// What a [`Server`](super::Server) serves: an application by itself, or a router of axum that it is a part of.
///
/// An application by itself is the faster of the two: its requests find their function without a router around it.
pub trait Serve: Clone + Send + Sync + 'static {
    /// Answers one request.
    #[doc(hidden)]
    fn answer(&self, request: Request<Incoming>, peer: &Arc<Peer>) -> impl Future<Output = Answer> + Send;
}

impl Serve for Router {
    async fn answer(&self, request: Request<Incoming>, peer: &Arc<Peer>) -> Answer {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer.address));
        request.extensions_mut().insert(Arc::clone(peer));
        match self.clone().oneshot(request).await {
            Ok(response) => response.map(Content::from),
            Err(never) => match never {},
        }
    }
}
