//! Configuration: environment variables, read once at start. One struct for each concern; every error names its
//! variable.

use std::{ops::RangeInclusive, str::FromStr, time::Duration};

use url::Url;

use crate::domain::{
    origin::{Origin, is_secure},
    scope::Scopes,
};

/// Where variables come from; in a function, the environment.
pub struct Variables<'a>(&'a (dyn Fn(&str) -> Option<String> + Sync));

impl<'a> Variables<'a> {
    /// Variables that a function looks up.
    pub fn new(lookup: &'a (dyn Fn(&str) -> Option<String> + Sync)) -> Self {
        Self(lookup)
    }

    /// A variable that has to be set.
    ///
    /// # Errors
    /// If it is not set, or empty.
    pub fn required(&self, name: &'static str) -> Result<String, BadVariable> {
        self.optional(name).ok_or(BadVariable { name, problem: "is not set" })
    }

    /// A variable that may be left out; empty counts as left out.
    pub fn optional(&self, name: &'static str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// A whole number, if there is one; the problem if it is none of those that are allowed.
    fn number<T: FromStr + PartialOrd>(
        &self,
        name: &'static str,
        allowed: RangeInclusive<T>,
        problem: &'static str,
    ) -> Result<Option<T>, BadVariable> {
        let Some(text) = self.optional(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| allowed.contains(number));
        number.map(Some).ok_or(BadVariable { name, problem })
    }

    /// An address without a path.
    fn origin(&self, name: &'static str, default: &str) -> Result<Url, BadVariable> {
        let url = self.url(name, default)?;
        let problem = "is not an https address without a path";
        if url.path() == "/" { Ok(url) } else { Err(BadVariable { name, problem }) }
    }

    fn url(&self, name: &'static str, default: &str) -> Result<Url, BadVariable> {
        let value = self.optional(name).unwrap_or_else(|| default.to_owned());
        let problem = "is not an https address";
        Url::parse(&value).ok().filter(is_secure).ok_or(BadVariable { name, problem })
    }
}

/// A variable that is missing or bad.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("environment variable {name} {problem}")]
pub struct BadVariable {
    /// The variable's name.
    pub name: &'static str,
    /// The rest of the sentence.
    pub problem: &'static str,
}

/// What identifies the deployment.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// `CLIENT_SECRET_ID`: the secret that holds `client_secret.json`.
    pub client_secret_id: String,
    /// `SCOPES`: what we ask for; all are required.
    pub scopes: Scopes,
    /// `PUBLIC_BASE_URL`: how browsers reach us; by default, the host that API Gateway answers for.
    pub public_origin: Option<Origin>,
}

impl Deployment {
    const SCOPES: &'static str = "openid email https://www.googleapis.com/auth/gmail.readonly";

    /// Reads the variables.
    ///
    /// # Errors
    /// If one is missing or bad.
    pub fn read(variables: &Variables<'_>) -> Result<Self, BadVariable> {
        let public_origin = variables.optional("PUBLIC_BASE_URL").map(|url| {
            let problem = "is not an origin such as https://mail.example.com, without a path";
            Origin::parse(&url).ok_or(BadVariable { name: "PUBLIC_BASE_URL", problem })
        });
        Ok(Self {
            client_secret_id: variables.required("CLIENT_SECRET_ID")?,
            scopes: Scopes::parse(&variables.optional("SCOPES").unwrap_or_else(|| Self::SCOPES.to_owned())),
            public_origin: public_origin.transpose()?,
        })
    }
}

/// What the functions that browsers call need.
#[derive(Clone, Debug)]
pub struct Browsers {
    /// `COOKIE_KEY_SECRET_ID`: the secret that the cookie keys are derived from.
    pub cookie_key_secret_id: String,
    /// `ALLOWED_RETURN_ORIGINS`: where a browser may return to besides this API.
    pub allowed_return_origins: Vec<Origin>,
    /// `SESSION_TTL_SECONDS`: how long a session lives.
    pub session_lifetime: Duration,
}

impl Browsers {
    const SESSION_LIFETIME: Duration = Duration::from_hours(8);
    /// Browsers keep no cookie longer than 400 days.
    const LONGEST_SESSION_SECONDS: u64 = 400 * 24 * 60 * 60;

    /// Reads the variables.
    ///
    /// # Errors
    /// If one is missing or bad.
    pub fn read(variables: &Variables<'_>) -> Result<Self, BadVariable> {
        Ok(Self {
            cookie_key_secret_id: variables.required("COOKIE_KEY_SECRET_ID")?,
            allowed_return_origins: origins(variables)?,
            session_lifetime: session_lifetime(variables)?,
        })
    }
}

fn origins(variables: &Variables<'_>) -> Result<Vec<Origin>, BadVariable> {
    let list = variables.optional("ALLOWED_RETURN_ORIGINS").unwrap_or_default();
    let problem = "is not a comma-separated list of origins such as https://app.example.com";
    let bad = BadVariable { name: "ALLOWED_RETURN_ORIGINS", problem };
    let texts = list.split(',').map(str::trim).filter(|text| !text.is_empty());
    texts.map(|text| Origin::parse(text).ok_or_else(|| bad.clone())).collect()
}

fn session_lifetime(variables: &Variables<'_>) -> Result<Duration, BadVariable> {
    let problem = "is not a number of seconds from 1 to 34560000";
    let seconds = variables.number("SESSION_TTL_SECONDS", 1..=Browsers::LONGEST_SESSION_SECONDS, problem)?;
    Ok(seconds.map_or(Browsers::SESSION_LIFETIME, Duration::from_secs))
}

/// Where connections are kept.
#[derive(Clone, Debug)]
pub struct Storage {
    /// `CONNECTIONS_TABLE`: the DynamoDB table.
    pub table: String,
    /// `TOKEN_KMS_KEY_ID`: the KMS key that wraps the data keys.
    pub kms_key_id: String,
}

impl Storage {
    /// Reads the variables.
    ///
    /// # Errors
    /// If one is missing.
    pub fn read(variables: &Variables<'_>) -> Result<Self, BadVariable> {
        Ok(Self {
            table: variables.required("CONNECTIONS_TABLE")?,
            kms_key_id: variables.required("TOKEN_KMS_KEY_ID")?,
        })
    }
}

/// What Gmail takes at once and in a minute.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GmailLimits {
    /// `GMAIL_QUOTA_UNITS_PER_MINUTE`: the units that each user has in a minute
    /// ([usage limits](https://developers.google.com/workspace/gmail/api/reference/quota)).
    pub units_per_minute: u64,
    /// `GMAIL_BATCHES_AT_ONCE`: how many batches of one listing are under way at once.
    pub batches_at_once: usize,
}

impl GmailLimits {
    /// For projects since May 2026; older ones have 15,000.
    const UNITS_PER_MINUTE: u64 = 6_000;
    /// A page has 500 messages: 20 batches of 25.
    const BATCHES_AT_ONCE: usize = 20;

    /// Reads the variables.
    ///
    /// # Errors
    /// If one is bad.
    pub fn read(variables: &Variables<'_>) -> Result<Self, BadVariable> {
        let (units, problem) = (100..=1_000_000, "is not a number from 100 to 1000000");
        let units = variables.number("GMAIL_QUOTA_UNITS_PER_MINUTE", units, problem)?;
        let (batches, problem) = (1..=Self::BATCHES_AT_ONCE, "is not a number from 1 to 20");
        let batches = variables.number("GMAIL_BATCHES_AT_ONCE", batches, problem)?;
        Ok(Self {
            units_per_minute: units.unwrap_or(Self::UNITS_PER_MINUTE),
            batches_at_once: batches.unwrap_or(Self::BATCHES_AT_ONCE),
        })
    }
}

/// Google's addresses that are not in the client secret file.
#[derive(Clone, Debug)]
pub struct GoogleEndpoints {
    /// `GMAIL_BASE_URL`: the Gmail API.
    pub gmail: Url,
    /// `GOOGLE_JWKS_URI`: the keys that ID tokens are signed with.
    pub jwks: Url,
    /// `GOOGLE_USERINFO_URI`: who an access token stands for.
    pub userinfo: Url,
    /// `GOOGLE_REVOKE_URI`: ends a grant.
    pub revocation: Url,
    /// `GOOGLE_RISC_CONFIGURATION_URI`: who sends security events, and the keys that they are signed with.
    pub risc_configuration: Url,
}

impl GoogleEndpoints {
    /// Reads the variables; each defaults to Google's own.
    ///
    /// # Errors
    /// If one is bad.
    pub fn read(variables: &Variables<'_>) -> Result<Self, BadVariable> {
        Ok(Self {
            gmail: variables.origin("GMAIL_BASE_URL", "https://gmail.googleapis.com")?,
            jwks: variables.url("GOOGLE_JWKS_URI", "https://www.googleapis.com/oauth2/v3/certs")?,
            revocation: variables.url("GOOGLE_REVOKE_URI", "https://oauth2.googleapis.com/revoke")?,
            risc_configuration: variables
                .url("GOOGLE_RISC_CONFIGURATION_URI", "https://accounts.google.com/.well-known/risc-configuration")?,
            userinfo: variables.url("GOOGLE_USERINFO_URI", "https://openidconnect.googleapis.com/v1/userinfo")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(name: &str, value: &str, read: impl Fn(&Variables<'_>) -> T) -> T {
        let required = ["CLIENT_SECRET_ID", "COOKIE_KEY_SECRET_ID", "CONNECTIONS_TABLE", "TOKEN_KMS_KEY_ID"];
        let lookup = |asked: &str| {
            if asked == name { Some(value.to_owned()) } else { required.contains(&asked).then(|| "x".to_owned()) }
        };
        read(&Variables::new(&lookup))
    }

    fn problem_of(name: &str, value: &str) -> Option<&'static str> {
        let problems = [
            with(name, value, Deployment::read).err(),
            with(name, value, Browsers::read).err(),
            with(name, value, Storage::read).err(),
            with(name, value, GoogleEndpoints::read).err(),
            with(name, value, GmailLimits::read).err(),
        ];
        problems.into_iter().flatten().map(|bad| bad.name).next()
    }

    #[test]
    fn every_bad_variable_is_named() {
        for (name, value) in [
            ("CLIENT_SECRET_ID", " "),
            ("COOKIE_KEY_SECRET_ID", ""),
            ("CONNECTIONS_TABLE", ""),
            ("TOKEN_KMS_KEY_ID", ""),
            ("PUBLIC_BASE_URL", "http://mail.example.com"),
            ("PUBLIC_BASE_URL", "https://mail.example.com/base"),
            ("ALLOWED_RETURN_ORIGINS", "https://a.example.com,*"),
            ("SESSION_TTL_SECONDS", "0"),
            ("SESSION_TTL_SECONDS", "8h"),
            ("SESSION_TTL_SECONDS", "34560001"),
            ("GMAIL_QUOTA_UNITS_PER_MINUTE", "99"),
            ("GMAIL_QUOTA_UNITS_PER_MINUTE", "1000001"),
            ("GMAIL_QUOTA_UNITS_PER_MINUTE", "6,000"),
            ("GMAIL_BATCHES_AT_ONCE", "0"),
            ("GMAIL_BATCHES_AT_ONCE", "21"),
            ("GMAIL_BASE_URL", "http://gmail.example.com"),
            ("GMAIL_BASE_URL", "https://proxy.example.com/gmail"),
            ("GOOGLE_JWKS_URI", "certs"),
            ("GOOGLE_USERINFO_URI", "file:///etc"),
            ("GOOGLE_REVOKE_URI", "http://oauth2.example.com/revoke"),
            ("GOOGLE_RISC_CONFIGURATION_URI", "risc"),
        ] {
            assert_eq!(problem_of(name, value), Some(name), "{name}={value}");
        }
    }

    #[test]
    fn what_is_left_out_has_the_documented_default() {
        let deployment = with("", "", Deployment::read).unwrap();
        let browsers = with("", "", Browsers::read).unwrap();
        assert_eq!(deployment.scopes.to_wire(), "openid email https://www.googleapis.com/auth/gmail.readonly");
        assert_eq!(deployment.public_origin, None);
        assert_eq!(browsers.session_lifetime.as_secs(), 28_800);
        assert!(browsers.allowed_return_origins.is_empty());
        let limits = with("", "", GmailLimits::read).unwrap();
        assert_eq!(limits, GmailLimits { units_per_minute: 6_000, batches_at_once: 20 });
    }

    #[test]
    fn a_session_lives_400_days_at_most() {
        let browsers = with("SESSION_TTL_SECONDS", "34560000", Browsers::read).unwrap();
        assert_eq!(browsers.session_lifetime, Duration::from_hours(400 * 24));
    }

    #[test]
    fn origins_are_a_list_with_commas() {
        let value = "https://a.example.com/, http://localhost:3000 ,";
        let origins = with("ALLOWED_RETURN_ORIGINS", value, Browsers::read).unwrap().allowed_return_origins;
        assert_eq!(
            origins.iter().map(Origin::as_str).collect::<Vec<_>>(),
            ["https://a.example.com", "http://localhost:3000"]
        );
    }
}
