//! HTTP to others: what the clients for Google and AWS have in common, and whom they trust.

use std::{env, sync::OnceLock, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{Client, ClientBuilder, Response, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::config::BadVariable;

/// How long a connection may rest and be used again. Lambda freezes a function between two requests, and nobody sees what
/// becomes of its connections: NAT gateways forget one after 350 seconds without a word
/// ([idle timeout](https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html)).
pub const IDLE_LIMIT: Duration = Duration::from_secs(90);
/// The variables that name other root certificates than those compiled in, as OpenSSL has them.
const OTHER_ROOTS: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What is wrong if no certificate can be trusted.
pub const NO_ROOTS: BadVariable = BadVariable { name: "SSL_CERT_FILE", problem: "gives no usable root certificates" };

/// A client's settings, with the protocols that it speaks over TLS, the best first
/// ([ALPN](https://www.rfc-editor.org/rfc/rfc7301)); without any, HTTP/1.1. It follows no redirects: what it is asked for is where
/// it is, and a token must not travel on.
///
/// It trusts Mozilla's root certificates, which are compiled in, since reading the system's costs every cold start three
/// milliseconds; or those that `SSL_CERT_FILE` or `SSL_CERT_DIR` name.
///
/// # Errors
/// If those name no usable certificates.
pub fn client(protocols: &[&[u8]]) -> Result<ClientBuilder, BadVariable> {
    let mut tls = tls()?;
    tls.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Client::builder()
        .pool_idle_timeout(IDLE_LIMIT)
        .redirect(Policy::none())
        .tcp_nodelay(true)
        .tls_backend_preconfigured(tls))
}

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// It is larger than it may be.
    #[error("the answer is larger than it may be")]
    TooLarge,
    /// It broke off.
    #[error("the answer broke off")]
    Broken,
}

/// Reads a body of limited size, in bytes: whoever answers does not decide how much memory that takes.
///
/// # Errors
/// If it is larger, or the connection breaks.
pub async fn read_body(mut response: Response, limit: usize) -> Result<Bytes, Unread> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Unread::Broken)? {
        if body.len() + chunk.len() > limit {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The configuration of TLS, made once: ring, TLS 1.2 and 1.3, sessions that are resumed.
fn tls() -> Result<ClientConfig, BadVariable> {
    static CONFIG: OnceLock<Option<ClientConfig>> = OnceLock::new();
    CONFIG.get_or_init(|| with_roots(roots()?)).clone().ok_or(NO_ROOTS)
}

fn with_roots(roots: RootCertStore) -> Option<ClientConfig> {
    let config = ClientConfig::builder_with_provider(ring::default_provider().into());
    let config = config.with_safe_default_protocol_versions().ok()?;
    Some(config.with_root_certificates(roots).with_no_client_auth())
}

fn roots() -> Option<RootCertStore> {
    if OTHER_ROOTS.iter().all(|name| env::var_os(name).is_none_or(|value| value.is_empty())) {
        return Some(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
    }
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    (usable > 0).then_some(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roots_that_google_and_amazon_are_under_are_trusted() {
        // <https://pki.goog/repository/> and <https://www.amazontrust.com/repository/>
        for name in
            ["GTS Root R1", "GTS Root R4", "GlobalSign", "Amazon Root CA 1", "Amazon Root CA 4", "Starfield Services"]
        {
            let has = |subject: &[u8]| subject.windows(name.len()).any(|window| window == name.as_bytes());
            assert!(webpki_roots::TLS_SERVER_ROOTS.iter().any(|root| has(&root.subject)), "{name}");
        }
    }

    #[test]
    fn a_client_is_made_with_and_without_protocols_of_its_own() {
        assert!(client(&[]).unwrap().build().is_ok());
        assert!(client(&[b"h2"]).unwrap().build().is_ok());
    }
}
