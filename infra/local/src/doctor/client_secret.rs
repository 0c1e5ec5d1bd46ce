//! Whether the client secret is the file of a web client that sends browsers back to this API.

mod redirect_uri;

use std::path::Path;

use shared::{
    domain::{oauth_client::OAuthClient, origin::Origin},
    secrets::SecretText,
};
use url::Url;

use super::{
    Setup,
    finding::{Check, Finding},
};

const CHECK: Check = Check("client-secret");

/// The client as far as it is known.
#[derive(Debug)]
pub(super) enum KnownClient {
    /// The file is a web client's.
    Known(Box<OAuthClient>),
    /// It is not, or it cannot be read, or there is none.
    Unknown(Finding),
}

impl KnownClient {
    /// Reads the file, or else takes the secret's text.
    pub(super) fn find(setup: &Setup<'_>, secret: Option<SecretText>) -> Self {
        let text = match (&setup.inputs.client_secret, secret) {
            (Some(file), _) => read(file),
            (None, Some(secret)) => Ok(secret),
            (None, None) => Err(CHECK.skipped(
                "There is no client secret to look at.",
                "Give --client-secret FILE, or set CLIENT_SECRET_ID.",
            )),
        };
        text.and_then(|text| parse(&text)).map_or_else(Self::Unknown, |client| Self::Known(Box::new(client)))
    }

    /// The client, if it is known.
    pub(super) fn known(&self) -> Option<&OAuthClient> {
        match self {
            Self::Known(client) => Some(client),
            Self::Unknown(_) => None,
        }
    }

    /// What there is to say of the file, and of the redirect URI of an API at that origin.
    pub(super) fn examine(&self, origin: Option<&Origin>) -> Vec<Finding> {
        let client = match self {
            Self::Known(client) => client,
            Self::Unknown(finding) => return vec![finding.clone()],
        };
        let mut findings = vec![CHECK.ok(format!("It is the file of the web client {}.", client.client_id))];
        findings.extend(endpoints(client));
        findings.extend(redirect_uri::examine(&client.redirect_uris, origin));
        findings
    }
}

fn read(file: &Path) -> Result<SecretText, Finding> {
    std::fs::read_to_string(file).map(SecretText::new).map_err(|reason| {
        CHECK
            .problem(format!("{} cannot be read: {reason}.", file.display()), "Name the downloaded client_secret.json.")
    })
}

fn parse(text: &str) -> Result<OAuthClient, Finding> {
    OAuthClient::parse(text).map_err(|what| {
        let what = what.to_string();
        let (detail, remedy) = what.split_once("; ").unwrap_or((&what, "download the client's JSON again"));
        CHECK.problem(format!("The client secret cannot be used: {detail}."), format!("To correct it, {remedy}."))
    })
}

fn endpoints(client: &OAuthClient) -> Vec<Finding> {
    let endpoints = [("authorization", &client.auth_uri), ("token", &client.token_uri)];
    let others = endpoints.into_iter().filter(|(_, url)| !is_googles(url));
    let warnings = others.map(|(name, url)| {
        CHECK.warning(
            format!("The {name} endpoint is {url}, which is not Google's."),
            "With the real Google, use the downloaded file unchanged: codes and tokens go to that address.",
        )
    });
    warnings.collect()
}

fn is_googles(url: &Url) -> bool {
    url.host_str().is_some_and(|host| host == "accounts.google.com" || host.ends_with(".googleapis.com"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::doctor::Status;

    fn file(token_uri: &str) -> String {
        json!({"web": {
            "client_id": "1.apps.googleusercontent.com", "client_secret": "GOCSPX-1", "token_uri": token_uri,
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "redirect_uris": ["https://mail.example.com/callback"]}})
        .to_string()
    }

    fn examine(text: &str) -> Vec<Finding> {
        let origin = Origin::parse("https://mail.example.com");
        let client = parse(text).map_or_else(KnownClient::Unknown, |it| KnownClient::Known(Box::new(it)));
        client.examine(origin.as_ref())
    }

    #[test]
    fn the_file_of_a_web_client_is_good() {
        let findings = examine(&file("https://oauth2.googleapis.com/token"));
        assert!(findings.iter().all(|it| it.status == Status::Ok), "{findings:?}");
        assert!(!format!("{findings:?}").contains("GOCSPX"));
    }

    #[test]
    fn the_file_of_something_else_is_told_with_what_to_do() {
        for (text, part) in [
            (r#"{"installed": {}}"#, "desktop client"),
            (r#"{"type": "service_account"}"#, "service account"),
            ("{}", "no «web» client"),
            ("secret", "not JSON"),
        ] {
            let [finding] = &examine(text)[..] else { panic!("one finding for {text}") };
            assert_eq!(finding.status, Status::Problem);
            assert!(finding.detail.contains(part), "{finding:?}");
            assert!(finding.remedy.as_ref().unwrap().starts_with("To correct it, "), "{finding:?}");
        }
    }

    #[test]
    fn endpoints_of_others_are_warned_of() {
        let findings = examine(&file("http://localhost:4001/token"));
        let warning = findings.iter().find(|it| it.status == Status::Warning).unwrap();
        assert!(warning.detail.contains("token endpoint") && warning.detail.contains("localhost:4001"), "{warning:?}");
    }
}
