//! TLS: one configuration for every host that we speak to.

use std::{env, sync::OnceLock};

use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::config::BadVariable;

/// The variables that name other root certificates than those compiled in, as OpenSSL has them.
const OTHER_ROOTS: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What is wrong if no certificate can be trusted.
pub const NO_ROOTS: BadVariable = BadVariable { name: "SSL_CERT_FILE", problem: "gives no usable root certificates" };

/// The configuration, made once: ring, TLS 1.2 and 1.3, sessions that are resumed.
///
/// It trusts Mozilla's root certificates, which are compiled in, since reading the system's costs every cold start three
/// milliseconds; or those that `SSL_CERT_FILE` or `SSL_CERT_DIR` name.
///
/// # Errors
/// If those name no usable certificates.
pub fn config() -> Result<ClientConfig, BadVariable> {
    static CONFIG: OnceLock<Option<ClientConfig>> = OnceLock::new();
    CONFIG.get_or_init(|| with_roots(roots()?)).clone().ok_or(NO_ROOTS)
}

fn with_roots(roots: RootCertStore) -> Option<ClientConfig> {
    let config = ClientConfig::builder_with_provider(ring::default_provider().into());
    let config = config.with_safe_default_protocol_versions().ok()?;
    Some(config.with_root_certificates(roots).with_no_client_auth())
}

fn roots() -> Option<RootCertStore> {
    if OTHER_ROOTS.iter().all(|name| env::var_os(name).is_none()) {
        return Some(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
    }
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    (usable > 0).then_some(roots)
}
