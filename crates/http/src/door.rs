//! What every endpoint shares.

use crate::error::HttpError;
use crate::limit::{Doing, Limiter, Visitor};
use crate::live::Hub;
use crate::oidc::Oidc;
use crate::options::HttpOptions;
use app::App;
use axum::extract::FromRef;
use std::sync::Arc;

pub struct Inner {
    pub app: App,
    pub options: HttpOptions,
    pub limiter: Limiter,
    pub hub: Hub,
    pub oidc: Oidc,
}

/// The state of the router; cheap to clone.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

impl Door {
    #[must_use]
    pub fn new(app: App, options: HttpOptions) -> Self {
        let limiter = Limiter::new(options.limits);
        let hub = Hub::new(app.clone(), options.listeners_max);
        let oidc = Oidc::new(options.oidc.clone(), options.public_url.clone());
        Self(Arc::new(Inner { app, options, limiter, hub, oidc }))
    }

    /// # Errors
    /// 429 when this was done too often.
    pub fn limit(&self, doing: Doing, visitor: Visitor) -> Result<(), HttpError> {
        self.0.limiter.take(doing, visitor)
    }
}

impl std::ops::Deref for Door {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl FromRef<Door> for App {
    fn from_ref(door: &Door) -> Self {
        door.app.clone()
    }
}
