//! Whether the deployed API answers as it has to. The requests are harmless: none is signed, none has a session.

mod answer;
mod authorize_url;
mod refusals;

use futures_util::join;
use reqwest::{Client, Method};
use shared::domain::origin::Origin;

use self::answer::Answer;
use super::{
    Setup,
    client_secret::KnownClient,
    finding::{Check, Finding},
};

pub(super) const CHECK: Check = Check("deployment");

pub(super) async fn examine(setup: &Setup<'_>, client: &KnownClient) -> Vec<Finding> {
    let Some(origin) = &setup.inputs.url else {
        return vec![CHECK.skipped("No deployed API is looked at.", "Give its base URL with --url.")];
    };
    let http = &setup.inputs.http;
    let get = |path| Answer::of(http, Method::GET, format!("{origin}{path}"), "");
    let plain = format!("{}/authorize-url", origin.as_str().replacen("https://", "http://", 1));
    let (begun, messages, of_user, users, event, callback, plain) = join!(
        get("/authorize-url"),
        get("/messages"),
        get("/users/doctor/messages"),
        get("/users"),
        Answer::of(http, Method::POST, format!("{origin}/security-events"), "doctor"),
        get("/callback"),
        without_tls(http, origin, plain),
    );
    let Ok(begun) = begun else {
        return vec![CHECK.problem(
            format!("{origin} cannot be reached."),
            "Check the address, its DNS record and its certificate, and the network of this machine.",
        )];
    };
    let mut findings = vec![
        authorize_url::examine(&begun, origin, client.known()),
        refusals::session(messages.as_ref()),
        refusals::unsigned("/users/doctor/messages", of_user.as_ref()),
        refusals::unsigned("/users", users.as_ref()),
        refusals::security_event(event.as_ref()),
        refusals::callback(callback.as_ref()),
    ];
    findings.extend(plain.and_then(|it| refusals::plain_http(&it)));
    findings
}

/// What answers without TLS at the host of an https address with the default port, if anything does.
async fn without_tls(http: &Client, origin: &Origin, url: String) -> Option<Answer> {
    let is_default = !origin.is_plain_http() && super::site::url(origin)?.port().is_none();
    if is_default { Answer::of(http, Method::GET, url, "").await.ok() } else { None }
}
