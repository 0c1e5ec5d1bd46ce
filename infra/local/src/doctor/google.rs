//! Whether Google can be reached from here, and whether this machine's clock agrees with Google's.

mod clock;
mod endpoint;

use futures_util::future::join_all;

use self::endpoint::{Content, Endpoint};
use super::{
    Setup,
    client_secret::KnownClient,
    finding::{Check, Finding},
};

pub(super) const CHECK: Check = Check("google");

pub(super) async fn examine(setup: &Setup<'_>, client: &KnownClient) -> Vec<Finding> {
    let endpoints = endpoints(setup, client);
    let inputs = setup.inputs;
    let answers = join_all(endpoints.iter().map(|it| it.look(&inputs.http, &*inputs.clock))).await;
    let (mut findings, offsets): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
    if client.known().is_none() {
        let detail = "The authorization and token endpoints are in the client secret, which is not known.";
        findings.insert(0, CHECK.skipped(detail, "Give --client-secret FILE, or set CLIENT_SECRET_ID."));
    }
    findings.push(clock::examine(offsets.into_iter().flatten()));
    findings
}

fn endpoints(setup: &Setup<'_>, client: &KnownClient) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    if let Some(client) = client.known() {
        endpoints.extend([
            Endpoint::new("authorization endpoint", client.auth_uri.as_str(), Content::Any),
            Endpoint::new("token endpoint", client.token_uri.as_str(), Content::Any),
        ]);
    }
    if let Some(google) = &setup.configuration.google {
        let gmail = format!("{}gmail/v1/users/me/profile", google.gmail);
        endpoints.extend([
            Endpoint::new("key set", google.jwks.as_str(), Content::KeySet),
            Endpoint::new("userinfo endpoint", google.userinfo.as_str(), Content::Any),
            Endpoint::new("revocation endpoint", google.revocation.as_str(), Content::Any),
            Endpoint::new("Gmail API", &gmail, Content::Any),
            Endpoint::new("RISC configuration", google.risc_configuration.as_str(), Content::RiscConfiguration),
        ]);
    }
    endpoints
}
