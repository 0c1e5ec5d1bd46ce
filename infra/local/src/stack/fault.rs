//! Faults as they are written on the command line.

use std::{str::FromStr, time::Duration};

use crate::aws::{AwsFault, Effect};

/// A fault of one of the stack's emulators, from `NAME=EFFECT` or `NAME=EFFECT*TIMES`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Of the embedded AWS: an operation such as `KMS.Decrypt`, or a whole service.
    Aws {
        /// The operation or the service.
        name: String,
        /// What happens to its calls.
        fault: AwsFault,
    },
}

/// Why a text is no fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoFault {
    /// There is no equals sign.
    #[error("write NAME=EFFECT, such as KMS.Decrypt=throttle")]
    Shape,
    /// No emulator has calls of that name.
    #[error("nothing is called {0}; names begin with DynamoDB, KMS or SecretsManager")]
    Name(String),
    /// The effect is unknown.
    #[error(
        "{0} is no effect; there are 500 to 599, throttle, hang, disconnect, lose-answer, delay:MILLISECONDS and the name of an exception, each with *TIMES at will"
    )]
    Effect(String),
}

impl FromStr for Fault {
    type Err = NoFault;

    fn from_str(text: &str) -> Result<Self, NoFault> {
        let (name, effect) = text.split_once('=').ok_or(NoFault::Shape)?;
        let service = name.split('.').next().unwrap_or_default();
        if !["DynamoDB", "KMS", "SecretsManager"].contains(&service) {
            return Err(NoFault::Name(name.to_owned()));
        }
        let unknown = || NoFault::Effect(effect.to_owned());
        let (effect, times) = match effect.split_once('*') {
            Some((effect, times)) => (effect, Some(times.parse().map_err(|_| unknown())?)),
            None => (effect, None),
        };
        let effect = parse_effect(effect).ok_or_else(unknown)?;
        Ok(Self::Aws { name: name.to_owned(), fault: AwsFault { times, effect } })
    }
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
    let milliseconds = text.strip_prefix("delay:")?.parse().ok()?;
    Some(Effect::Delay(Duration::from_millis(milliseconds)))
}

fn parse_exception(text: &str) -> Option<Effect> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let named = plain && text.starts_with(|first: char| first.is_ascii_uppercase());
    named.then(|| Effect::Error { code: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aws(name: &str, times: Option<u32>, effect: Effect) -> Fault {
        Fault::Aws { name: name.to_owned(), fault: AwsFault { times, effect } }
    }

    #[test]
    fn a_fault_has_a_name_an_effect_and_perhaps_a_number() {
        let denied = Effect::Error { code: "AccessDeniedException".to_owned() };
        for (text, fault) in [
            ("KMS.Decrypt=throttle", aws("KMS.Decrypt", None, Effect::Throttle)),
            ("DynamoDB=503*2", aws("DynamoDB", Some(2), Effect::Status(503))),
            ("SecretsManager=delay:250", aws("SecretsManager", None, Effect::Delay(Duration::from_millis(250)))),
            ("KMS=AccessDeniedException*1", aws("KMS", Some(1), denied)),
        ] {
            assert_eq!(text.parse(), Ok(fault), "{text}");
        }
    }

    #[test]
    fn what_is_no_fault_is_explained() {
        for text in ["KMS", "=hang", "S3=hang", "KMS=", "KMS=200", "KMS=slow", "KMS=hang*x", "KMS=delay:x"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
