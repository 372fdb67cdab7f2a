//! What goes between a connection and the routes.

use std::convert::Infallible;

use axum::extract::Request;
use hyper_util::service::TowerToHyperService;

/// The routes as a connection calls them.
pub(super) type Routes = TowerToHyperService<axum::Router>;

/// A request as the routes take it.
pub(super) type Asked = Request<hyper::body::Incoming>;

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("hung up by order")]
pub(super) struct HangUp;

impl From<Infallible> for HangUp {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
