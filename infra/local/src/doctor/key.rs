//! Whether the KMS key wraps data keys, and keeps each to its owner.

use aws_sdk_kms::{Client, types::KeyMetadata};
use futures_util::join;
use shared::{
    aws::data_keys::KmsDataKeys,
    domain::data_key::{DataKeyError, DataKeys, NewDataKey},
};

use super::{
    Setup,
    aws_failure::Call,
    finding::{Check, Finding},
};

pub(super) const CHECK: Check = Check("key");

/// For whom the data key is made that is thrown away.
const OWNER: &str = "doctor";
/// For whom it must not open.
const SOMEBODY_ELSE: &str = "doctor-2";

const GENERATE: Call =
    Call { check: CHECK, action: "kms:GenerateDataKey", of: "The key that TOKEN_KMS_KEY_ID names", is_needed: true };
const DECRYPT: Call = Call { action: "kms:Decrypt", ..GENERATE };
const DESCRIBE: Call = Call { action: "kms:DescribeKey", is_needed: false, ..GENERATE };

pub(super) async fn examine(setup: &Setup<'_>) -> Vec<Finding> {
    let Some(key_id) = &setup.configuration.kms_key_id else {
        return vec![CHECK.skipped("TOKEN_KMS_KEY_ID is not set.", "Set TOKEN_KMS_KEY_ID.")];
    };
    let client = Client::new(&setup.inputs.aws);
    let data_keys = KmsDataKeys::new(&setup.inputs.aws, key_id.clone());
    let (described, mut findings) = join!(describe(&client, key_id), round_trip(&data_keys));
    findings.insert(0, described);
    findings
}

async fn describe(client: &Client, key_id: &str) -> Finding {
    match client.describe_key().key_id(key_id).send().await {
        Ok(answer) => {
            answer.key_metadata.as_ref().map_or_else(|| DESCRIBE.explain("the answer made no sense"), metadata)
        }
        Err(error) => DESCRIBE.failed(&error),
    }
}

fn metadata(key: &KeyMetadata) -> Finding {
    if !key.enabled() {
        let state = key.key_state().map_or("disabled", |it| it.as_str());
        return CHECK.problem(
            format!("The key is not enabled ({state}): no stored token opens."),
            "Enable the key, or cancel its deletion, in the KMS console.",
        );
    }
    let is_symmetric = key.key_spec().is_some_and(|it| it.as_str() == "SYMMETRIC_DEFAULT");
    if !is_symmetric || key.key_usage().is_none_or(|it| it.as_str() != "ENCRYPT_DECRYPT") {
        return CHECK.problem(
            "The key is not a symmetric one to encrypt and decrypt with.",
            "Make a key of the type “Symmetric” with the use “Encrypt and decrypt”, and name that one.",
        );
    }
    CHECK.ok("The key is enabled and symmetric.")
}

/// Wraps a data key and opens it again, for its owner and for somebody else.
async fn round_trip(data_keys: &dyn DataKeys) -> Vec<Finding> {
    let wrapped = match data_keys.generate(OWNER).await {
        Ok(NewDataKey { key, wrapped }) => (key, wrapped),
        Err(error) => return vec![failed(GENERATE, &error)],
    };
    let (key, wrapped) = wrapped;
    let (own, others) = join!(data_keys.unwrap(OWNER, &wrapped), data_keys.unwrap(SOMEBODY_ELSE, &wrapped));
    let own = match own {
        Ok(opened) if opened.reveal() == key.reveal() => CHECK.ok("A data key is wrapped and opens again."),
        Ok(_) => CHECK.problem("A wrapped data key opens as another.", "Check what answers in the place of KMS."),
        Err(error) => failed(DECRYPT, &error),
    };
    vec![own, bound(&others.map(drop))]
}

/// Whether the data key is bound to its owner by the encryption context.
fn bound(others: &Result<(), DataKeyError>) -> Finding {
    match others {
        Ok(()) => CHECK.problem(
            "A data key opens for another owner than its own: the encryption context is not looked at.",
            "Check what answers in the place of KMS: KMS itself always looks at it.",
        ),
        Err(DataKeyError::WrongOwner) => CHECK.ok("A data key does not open for another owner."),
        Err(DataKeyError::Unavailable(detail)) if detail.contains("AccessDenied") => {
            CHECK.ok("A data key does not open for another owner.")
        }
        Err(error) => failed(DECRYPT, error),
    }
}

fn failed(call: Call, error: &DataKeyError) -> Finding {
    match error {
        DataKeyError::Unavailable(detail) => call.explain(detail),
        DataKeyError::WrongOwner => {
            CHECK.problem("A wrapped data key does not open for its owner.", "Check what answers in the place of KMS.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn a_key_that_opens_for_anybody_is_a_problem() {
        assert_eq!(bound(&Ok(())).status, Status::Problem);
        assert_eq!(bound(&Err(DataKeyError::WrongOwner)).status, Status::Ok);
        let unavailable = |code: &str| bound(&Err(DataKeyError::Unavailable(format!("KMS: {code}")))).status;
        assert_eq!(unavailable("AccessDeniedException"), Status::Ok);
        assert_eq!(unavailable("DisabledException"), Status::Problem);
    }

    #[test]
    fn a_key_for_signatures_is_a_problem() {
        let key = |spec: &str, usage: &str| {
            let key = KeyMetadata::builder().key_id("1").enabled(true).key_spec(spec.into()).key_usage(usage.into());
            metadata(&key.build().unwrap()).status
        };
        assert_eq!(key("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), Status::Ok);
        assert_eq!(key("RSA_2048", "ENCRYPT_DECRYPT"), Status::Problem);
        assert_eq!(key("HMAC_256", "GENERATE_VERIFY_MAC"), Status::Problem);
    }
}
