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

/// The endpoints that Google's console writes into a client's file.
const AUTHORIZATION: &str = "https://accounts.google.com/o/oauth2/auth";
const TOKEN: &str = "https://oauth2.googleapis.com/token";

pub(super) async fn examine(setup: &Setup<'_>, client: &KnownClient) -> Vec<Finding> {
    let endpoints = endpoints(setup, client);
    let inputs = setup.inputs;
    let answers = join_all(endpoints.iter().map(|it| it.look(&inputs.http, &*inputs.clock))).await;
    let (mut findings, offsets): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
    findings.push(clock::examine(offsets.into_iter().flatten()));
    findings
}

fn endpoints(setup: &Setup<'_>, client: &KnownClient) -> Vec<Endpoint> {
    let (client, configuration) = (client.known(), &setup.configuration);
    let authorization = client.map_or(AUTHORIZATION, |it| it.auth_uri.as_str());
    let token = client.map_or(TOKEN, |it| it.token_uri.as_str());
    let mut endpoints = vec![
        Endpoint::new("authorization endpoint", authorization, Content::Any),
        Endpoint::new("token endpoint", token, Content::Any),
    ];
    if let Some(google) = &configuration.google {
        let gmail = format!("{}gmail/v1/users/me/profile", google.gmail);
        endpoints.extend([
            Endpoint::new("key set", google.jwks.as_str(), Content::KeySet),
            Endpoint::new("userinfo endpoint", google.userinfo.as_str(), Content::Any),
            Endpoint::new("Gmail API", &gmail, Content::Any),
        ]);
    }
    let risc = configuration.risc.as_ref();
    endpoints.extend(risc.map(|it| Endpoint::new("RISC configuration", it.as_str(), Content::RiscConfiguration)));
    endpoints
}
