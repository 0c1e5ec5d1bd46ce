//! Our OAuth client, as Google's console hands it out in `client_secret.json`.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{origin::is_secure, secret::ClientSecret};

/// A confidential client of type «Web application».
#[derive(Clone, Debug)]
pub struct OAuthClient {
    /// The client's public name ([RFC 6749 §2.2](https://www.rfc-editor.org/rfc/rfc6749#section-2.2)).
    pub client_id: String,
    /// The client's password.
    pub client_secret: ClientSecret,
    /// Where Google may send browsers back to, character for character.
    pub redirect_uris: Vec<String>,
    /// The authorization endpoint.
    pub auth_uri: Url,
    /// The token endpoint.
    pub token_uri: Url,
}

impl OAuthClient {
    /// Reads the file, unchanged as it was downloaded.
    ///
    /// # Errors
    /// If it is anything but the file of a web client.
    pub fn parse(file: &str) -> Result<Self, NotAWebClient> {
        let file: Value = serde_json::from_str(file).map_err(|_| NotAWebClient::NotJson)?;
        if file.get("type").and_then(Value::as_str) == Some("service_account") {
            return Err(NotAWebClient::ServiceAccount);
        }
        if file.get("installed").is_some() {
            return Err(NotAWebClient::DesktopClient);
        }
        let web = file.get("web").cloned().ok_or(NotAWebClient::NoWebClient)?;
        Self::from_web(serde_json::from_value(web).map_err(|_| NotAWebClient::NoWebClient)?)
    }

    /// Whether it is the same client with the same password.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.client_id == other.client_id && self.client_secret.is_same_as(&other.client_secret)
    }

    fn from_web(web: Web) -> Result<Self, NotAWebClient> {
        if web.redirect_uris.is_empty() {
            return Err(NotAWebClient::NoRedirectUri);
        }
        Ok(Self {
            client_id: non_empty("client_id", web.client_id)?,
            client_secret: ClientSecret::new(non_empty("client_secret", web.client_secret)?),
            redirect_uris: web.redirect_uris,
            auth_uri: endpoint("auth_uri", &web.auth_uri)?,
            token_uri: endpoint("token_uri", &web.token_uri)?,
        })
    }
}

fn non_empty(field: &'static str, value: String) -> Result<String, NotAWebClient> {
    if value.is_empty() { Err(NotAWebClient::Field(field)) } else { Ok(value) }
}

fn endpoint(field: &'static str, value: &str) -> Result<Url, NotAWebClient> {
    Url::parse(value).ok().filter(is_secure).ok_or(NotAWebClient::Field(field))
}

#[derive(Deserialize)]
struct Web {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    auth_uri: String,
    #[serde(default)]
    token_uri: String,
}

/// Why a file is not a web client's `client_secret.json`, and what to do about it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotAWebClient {
    /// A client of type «Desktop app».
    #[error(
        "it is the file of a desktop client; create an OAuth client of type «Web application» and download its JSON"
    )]
    DesktopClient,
    /// A field is missing, empty, or no https address where one is needed.
    #[error(
        "its field web.{0} is missing or unusable; download the JSON of the OAuth client again and put it there unchanged"
    )]
    Field(&'static str),
    /// A web client that may send browsers nowhere.
    #[error(
        "the client has no redirect URI; add <PUBLIC_BASE_URL>/callback to its authorized redirect URIs and download the JSON again"
    )]
    NoRedirectUri,
    /// Not JSON at all.
    #[error("it is not JSON; put the downloaded client_secret.json there unchanged")]
    NotJson,
    /// JSON, but of nothing that Google's console hands out for a web client.
    #[error("it holds no «web» client; create an OAuth client of type «Web application» and download its JSON")]
    NoWebClient,
    /// A service account's key.
    #[error(
        "it is the key of a service account; create an OAuth client of type «Web application» and download its JSON"
    )]
    ServiceAccount,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(field: &str, value: &Value) -> String {
        let mut file = serde_json::json!({"web": {
            "client_id": "1.apps.googleusercontent.com", "client_secret": "GOCSPX-1", "project_id": "p",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token",
            "redirect_uris": ["https://mail.example.com/callback"]}});
        file["web"][field] = value.clone();
        file.to_string()
    }

    #[test]
    fn the_downloaded_file_is_read_unchanged() {
        let client = OAuthClient::parse(&web("javascript_origins", &Value::Null)).unwrap();
        assert_eq!(client.client_id, "1.apps.googleusercontent.com");
        assert_eq!(client.redirect_uris, ["https://mail.example.com/callback"]);
        assert!(!format!("{client:?}").contains("GOCSPX"));
    }

    #[test]
    fn every_wrong_file_is_told_by_name() {
        let rows = [
            ("not json".to_owned(), NotAWebClient::NotJson),
            ("[]".to_owned(), NotAWebClient::NoWebClient),
            ("{\"web\": 1}".to_owned(), NotAWebClient::NoWebClient),
            ("{\"installed\": {}}".to_owned(), NotAWebClient::DesktopClient),
            ("{\"type\": \"service_account\"}".to_owned(), NotAWebClient::ServiceAccount),
            (web("redirect_uris", &serde_json::json!([])), NotAWebClient::NoRedirectUri),
            (web("client_secret", &serde_json::json!("")), NotAWebClient::Field("client_secret")),
            (web("client_id", &serde_json::json!("")), NotAWebClient::Field("client_id")),
            (web("auth_uri", &serde_json::json!("http://example.com/auth")), NotAWebClient::Field("auth_uri")),
            (web("token_uri", &serde_json::json!("")), NotAWebClient::Field("token_uri")),
        ];
        for (file, error) in rows {
            assert_eq!(OAuthClient::parse(&file).unwrap_err(), error, "{file}");
        }
    }
}
