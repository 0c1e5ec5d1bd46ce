//! Faults as they are written on the command line: `NAME=EFFECT`, with `xTIMES` for so many calls only.

use std::str::FromStr;

use crate::{
    aws::{AwsFault, Effect, FailedEntries},
    fault_text::{counted, duration, names},
    google::{self, Endpoint, Faults, InvalidFault},
};

const SERVICES: [&str; 4] = ["DynamoDB", "EventBridge", "KMS", "SecretsManager"];

/// A fault of one of the stack's emulators.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Of the embedded AWS: an operation such as `KMS.Decrypt`, or a whole service.
    Aws {
        /// The operation or the service.
        name: String,
        /// What happens to its calls.
        fault: AwsFault,
    },
    /// Of the emulated Google.
    Google {
        /// The endpoint.
        endpoint: Endpoint,
        /// What happens to its requests.
        fault: google::Fault,
    },
}

/// Why a text is no fault.
#[derive(Debug, thiserror::Error)]
pub enum NoFault {
    /// There is no equals sign.
    #[error("write NAME=EFFECT, such as KMS.Decrypt=throttle or token=503x2")]
    Shape,
    /// No emulator has calls of that name.
    #[error(
        "nothing is called {0}; there are DynamoDB, EventBridge, KMS and SecretsManager, each of their operations, such \
         as KMS.Decrypt, and Google's {endpoints}",
        endpoints = names(&Endpoint::NAMES)
    )]
    Name(String),
    /// The embedded AWS has no such effect.
    #[error(
        "AWS has no effect {0}; there are 500 to 599, throttle, hang, disconnect, lose-answer, delay:200ms, of \
         EventBridge fail-entries:0+2, and the name of an exception"
    )]
    Effect(String),
    /// The emulated Google has no such effect.
    #[error(transparent)]
    Google(InvalidFault),
}

impl From<InvalidFault> for NoFault {
    fn from(invalid: InvalidFault) -> Self {
        match invalid {
            InvalidFault::Endpoint(name) => Self::Name(name),
            other => Self::Google(other),
        }
    }
}

impl FromStr for Fault {
    type Err = NoFault;

    fn from_str(text: &str) -> Result<Self, NoFault> {
        let (name, effect) = text.split_once('=').ok_or(NoFault::Shape)?;
        if SERVICES.contains(&name.split('.').next().unwrap_or_default()) {
            return of_aws(name, effect);
        }
        let (endpoint, fault) = Faults::parse(text)?.into_iter().next().ok_or(NoFault::Shape)?;
        Ok(Self::Google { endpoint, fault })
    }
}

fn of_aws(name: &str, effect: &str) -> Result<Fault, NoFault> {
    let (effect, times) = counted(effect);
    let entries = if name == "EventBridge" || name == "EventBridge.PutEvents" { parse_entries(effect) } else { None };
    let effect = entries.or_else(|| parse_effect(effect)).ok_or_else(|| NoFault::Effect(effect.to_owned()))?;
    Ok(Fault::Aws { name: name.to_owned(), fault: AwsFault { times, effect } })
}

fn parse_effect(text: &str) -> Option<Effect> {
    let effect = match text {
        "throttle" => Effect::Throttle,
        "hang" => Effect::Hang,
        "disconnect" => Effect::Disconnect,
        "lose-answer" => Effect::LoseAnswer,
        _ => return parse_status(text).or_else(|| parse_delay(text)).or_else(|| parse_exception(text)),
    };
    Some(effect)
}

fn parse_status(text: &str) -> Option<Effect> {
    text.parse().ok().filter(|status| (500..600).contains(status)).map(Effect::Status)
}

fn parse_delay(text: &str) -> Option<Effect> {
    duration(text.strip_prefix("delay:")?).map(Effect::Delay)
}

/// Places of entries, counted from 0.
fn parse_entries(text: &str) -> Option<Effect> {
    let places = text.strip_prefix("fail-entries:")?.split('+');
    let indices = places.map(|place| place.parse().ok()).collect::<Option<_>>()?;
    Some(Effect::FailEntries(FailedEntries { indices, code: "InternalFailure".to_owned() }))
}

fn parse_exception(text: &str) -> Option<Effect> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let named = plain && text.starts_with(|first: char| first.is_ascii_uppercase());
    named.then(|| Effect::Error { code: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn aws(name: &str, times: Option<u32>, effect: Effect) -> Fault {
        Fault::Aws { name: name.to_owned(), fault: AwsFault { times, effect } }
    }

    #[test]
    fn a_fault_of_aws_has_a_name_an_effect_and_perhaps_a_number() {
        let failed = FailedEntries { indices: vec![0, 2], code: "InternalFailure".to_owned() };
        let denied = Effect::Error { code: "AccessDeniedException".to_owned() };
        for (text, fault) in [
            ("KMS.Decrypt=throttle", aws("KMS.Decrypt", None, Effect::Throttle)),
            ("DynamoDB=503x2", aws("DynamoDB", Some(2), Effect::Status(503))),
            ("SecretsManager=delay:250ms", aws("SecretsManager", None, Effect::Delay(Duration::from_millis(250)))),
            ("KMS=AccessDeniedExceptionx1", aws("KMS", Some(1), denied)),
            ("EventBridge.PutEvents=throttlex3", aws("EventBridge.PutEvents", Some(3), Effect::Throttle)),
            ("EventBridge=fail-entries:0+2x1", aws("EventBridge", Some(1), Effect::FailEntries(failed))),
        ] {
            assert_eq!(text.parse::<Fault>().unwrap(), fault, "{text}");
        }
    }

    #[test]
    fn a_fault_of_google_is_written_the_same_way() {
        let effect = google::Effect::Gmail(google::GmailError::UserRateLimitExceeded);
        let fault = Fault::Google { endpoint: Endpoint::List, fault: google::Fault { times: Some(3), effect } };
        assert_eq!("list=userRateLimitExceededx3".parse::<Fault>().unwrap(), fault);
    }

    #[test]
    fn what_is_no_fault_is_explained() {
        for (text, part) in [
            ("KMS", "write NAME=EFFECT"),
            ("=hang", "nothing is called"),
            ("S3=hang", "nothing is called S3"),
            ("kms=hang", "nothing is called kms"),
            ("KMS=", "AWS has no effect"),
            ("KMS=200", "AWS has no effect 200"),
            ("KMS=slow", "AWS has no effect slow"),
            ("KMS=hangxx", "AWS has no effect"),
            ("KMS=delay:1", "AWS has no effect"),
            ("KMS=fail-entries:0", "AWS has no effect"),
            ("EventBridge=fail-entries:0+", "AWS has no effect"),
            ("EventBridge.DescribeEventBus=fail-entries:0", "AWS has no effect"),
            ("DynamoDBStreams=hang", "nothing is called DynamoDBStreams"),
            ("token=slow", "there is no effect 'slow'"),
            ("list=invalid_grant", "only happen at the endpoint token"),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
