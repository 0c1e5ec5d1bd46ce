//! The AWS SDK's HTTP: by the same client, and the same TLS, as all else.

use std::time::Duration;

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use reqwest::{Body, Client, Request};

use crate::{
    config::BadVariable,
    outbound::{self, NO_ROOTS, Unread, read_body},
};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The largest answer that is read, in bytes: a page of DynamoDB's has 1 MiB, to which JSON adds less than as much again.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// The HTTP client for the AWS SDK. The time-outs of a whole try are the SDK's to keep.
///
/// # Errors
/// If there are no usable root certificates.
pub fn client() -> Result<SharedHttpClient, BadVariable> {
    // AWS's services speak HTTP/1.1, and are not behind a proxy.
    let client = outbound::client(&[])?.connect_timeout(CONNECT_TIMEOUT).no_proxy().no_gzip();
    let connector = SharedHttpConnector::new(Connector(client.build().map_err(|_| NO_ROOTS)?));
    Ok(http_client_fn(move |_, _| connector.clone()))
}

#[derive(Debug)]
struct Connector(Client);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move { answer(&client, request).await })
    }
}

async fn answer(client: &Client, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    // What we send is JSON, made before it is sent.
    let request = request.map(|body| Body::from(body.bytes().map(Bytes::copy_from_slice).unwrap_or_default()));
    let request = Request::try_from(request).map_err(|error| ConnectorError::user(error.into()))?;
    let response = client.execute(request).await.map_err(no_answer)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = read_body(response, MAX_BODY).await.map_err(|unread| match unread {
        Unread::TooLarge => ConnectorError::other(unread.into(), None),
        Unread::Broken => ConnectorError::io(unread.into()),
    })?;
    let mut response = ::http::Response::new(SdkBody::from(body));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

/// Why there was no answer, in the SDK's terms, by which it tries again or not.
fn no_answer(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
