//! The key file of a service account, and the tokens that it signs
//! ([service account keys](https://cloud.google.com/iam/docs/keys-create-delete)).

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{rand::SystemRandom, rsa::KeyPair, signature::RSA_PKCS1_SHA256};
use serde_json::{Value, json};
use shared::{domain::time::Timestamp, secrets::SecretText};

use super::printable;

/// Whom the tokens are for, wherever the API is reached.
const AUDIENCE: &str = "https://risc.googleapis.com/google.identity.risc.v1beta.RiscManagementService";
/// How long a token lives, in seconds: the longest that Google takes.
const LIFETIME: i64 = 3_600;

/// The private key of a service account.
pub struct ServiceAccountKey {
    email: String,
    id: String,
    pair: KeyPair,
}

impl fmt::Debug for ServiceAccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceAccountKey({}, [redacted])", self.email)
    }
}

/// A file that cannot be used as a service account's key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read.
    #[error("{} cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// The file is something else.
    #[error("{} is not the key of a service account: {what}", file.display())]
    NotAKey {
        /// The file.
        file: PathBuf,
        /// What it is instead, and what to do.
        what: NotAKey,
    },
}

/// Why a text is not a service account's key, and what to do about it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotAKey {
    /// Not JSON at all.
    #[error(
        "it is not JSON; in the Google Cloud console, create a JSON key of the service account and use it unchanged"
    )]
    NotJson,
    /// What the OAuth client is configured with.
    #[error(
        "it is the client_secret.json of an OAuth client; in the Google Cloud console, create a JSON key of a service \
         account of the same project"
    )]
    ClientSecret,
    /// Credentials of another kind.
    #[error(
        "its type is “{0}”, not “service_account”; in the Google Cloud console, create a JSON key of a service account"
    )]
    WrongType(String),
    /// A field is missing, empty, or no text.
    #[error("its field {0} is missing or empty; create a new JSON key of the service account and use it unchanged")]
    Field(&'static str),
    /// The private key is cut, or none.
    #[error(
        "its private_key is no RSA key in PKCS #8; create a new JSON key of the service account and use it unchanged"
    )]
    PrivateKey,
}

impl ServiceAccountKey {
    /// Reads a key file.
    ///
    /// # Errors
    /// If it cannot be read, or is anything else.
    pub fn read(file: &Path) -> Result<Self, KeyFileError> {
        let unreadable = |reason| KeyFileError::Unreadable { file: file.to_owned(), reason };
        let text = SecretText::new(std::fs::read_to_string(file).map_err(unreadable)?);
        Self::parse(&text).map_err(|what| KeyFileError::NotAKey { file: file.to_owned(), what })
    }

    /// Reads the text of a key file.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let file: Value = serde_json::from_str(text).map_err(|_| NotAKey::NotJson)?;
        if file.get("web").is_some() || file.get("installed").is_some() {
            return Err(NotAKey::ClientSecret);
        }
        let kind = field(&file, "type")?;
        if kind != "service_account" {
            return Err(NotAKey::WrongType(printable(kind)));
        }
        Ok(Self {
            email: field(&file, "client_email")?.to_owned(),
            id: field(&file, "private_key_id")?.to_owned(),
            pair: pair(field(&file, "private_key")?).ok_or(NotAKey::PrivateKey)?,
        })
    }

    /// The service account's address.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// A token that says who asks ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)), signed with RS256; none if it
    /// cannot be signed.
    pub(super) fn token(&self, now: Timestamp) -> Option<SecretText> {
        let iat = now.unix_seconds();
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": self.id});
        let claims = json!({"iss": self.email, "sub": self.email, "aud": AUDIENCE, "iat": iat, "exp": iat + LIFETIME});
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        Some(SecretText::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

fn field<'a>(file: &'a Value, name: &'static str) -> Result<&'a str, NotAKey> {
    file.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or(NotAKey::Field(name))
}

/// The key pair in a PEM text.
fn pair(pem: &str) -> Option<KeyPair> {
    let inside = pem.split("-----").nth(2)?;
    let text: String = inside.split_whitespace().collect();
    KeyPair::from_pkcs8(&STANDARD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = include_str!("../../keys/emulator-only-1.pem");

    fn file(field: &str, value: &Value) -> String {
        let mut file = json!({
            "type": "service_account", "project_id": "p", "private_key_id": "key-1", "private_key": PEM,
            "client_email": "risc@p.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token",
        });
        file[field] = value.clone();
        file.to_string()
    }

    #[test]
    fn the_downloaded_file_is_read_and_its_key_does_not_print() {
        let key = ServiceAccountKey::parse(&file("universe_domain", &json!("googleapis.com"))).unwrap();
        assert_eq!(key.email(), "risc@p.iam.gserviceaccount.com");
        assert_eq!(format!("{key:?}"), "ServiceAccountKey(risc@p.iam.gserviceaccount.com, [redacted])");
    }

    #[test]
    fn every_wrong_file_is_told_by_name() {
        let cut = PEM.replace("-----END", "x-----END");
        for (text, expected) in [
            ("not json".to_owned(), NotAKey::NotJson),
            (r#"{"web": {}}"#.to_owned(), NotAKey::ClientSecret),
            (r#"{"installed": {}}"#.to_owned(), NotAKey::ClientSecret),
            ("[]".to_owned(), NotAKey::Field("type")),
            (file("type", &json!("authorized_user")), NotAKey::WrongType("authorized_user".to_owned())),
            (file("client_email", &json!("")), NotAKey::Field("client_email")),
            (file("private_key_id", &Value::Null), NotAKey::Field("private_key_id")),
            (file("private_key", &json!(7)), NotAKey::Field("private_key")),
            (file("private_key", &json!("secret")), NotAKey::PrivateKey),
            (file("private_key", &json!(cut)), NotAKey::PrivateKey),
        ] {
            assert_eq!(ServiceAccountKey::parse(&text).unwrap_err(), expected, "{expected}");
        }
    }

    #[test]
    fn no_error_holds_anything_of_the_key() {
        let error = ServiceAccountKey::parse(&file("private_key", &json!("MIIEvSecret"))).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("MIIEv"));
    }
}
