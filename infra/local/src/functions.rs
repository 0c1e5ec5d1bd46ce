//! The functions that the gateway stands before, built as their own binaries build them.

use std::sync::Arc;

use authorize_url::AuthorizeUrl;
use callback::Callback;
use connection::ConnectionFunction;
use list_messages::ListMessages;
use security_events::SecurityEvents;
use shared::{
    config::BadVariable,
    function::{Environment, Function},
};

/// Builds every function, each from an environment of its own.
///
/// # Errors
/// If a variable is missing or bad.
pub async fn connect(environment: impl Fn() -> Environment) -> Result<Vec<Arc<dyn Function>>, BadVariable> {
    Ok(vec![
        Arc::new(AuthorizeUrl::connect(environment()).await?),
        Arc::new(Callback::connect(environment()).await?),
        Arc::new(ListMessages::connect(environment()).await?),
        Arc::new(ConnectionFunction::connect(environment()).await?),
        Arc::new(SecurityEvents::connect(environment()).await?),
    ])
}
