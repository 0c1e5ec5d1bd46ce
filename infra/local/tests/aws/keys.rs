use aws_sdk_kms::{primitives::Blob, types::DataKeySpec};

use super::support::{data_key, kms, start};

#[tokio::test]
async fn a_data_key_is_unwrapped_with_its_context() {
    let aws = start(None).await;
    let (key, plaintext, wrapped) = data_key(&aws).await;
    let request = kms(&aws).decrypt().key_id(&key).ciphertext_blob(wrapped);
    let answer = request.encryption_context("user_id", "1").send().await.unwrap();
    assert_eq!(answer.plaintext.unwrap().into_inner(), plaintext);
    assert_eq!(plaintext.len(), 32);
}

#[tokio::test]
async fn a_data_key_of_another_context_is_refused() {
    let aws = start(None).await;
    let (key, _, wrapped) = data_key(&aws).await;
    for context in [Some("2"), None] {
        let mut request = kms(&aws).decrypt().key_id(&key).ciphertext_blob(wrapped.clone());
        if let Some(user) = context {
            request = request.encryption_context("user_id", user);
        }
        let error = request.send().await.unwrap_err().into_service_error();
        assert!(error.is_invalid_ciphertext_exception(), "{error:?}");
    }
}

#[tokio::test]
async fn a_changed_ciphertext_is_refused() {
    let aws = start(None).await;
    let (key, _, wrapped) = data_key(&aws).await;
    let mut changed = wrapped.into_inner();
    *changed.last_mut().unwrap() ^= 1;
    let request = kms(&aws).decrypt().key_id(&key).ciphertext_blob(Blob::new(changed));
    let error = request.encryption_context("user_id", "1").send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_ciphertext_exception(), "{error:?}");
}

#[tokio::test]
async fn a_data_key_of_another_key_is_refused() {
    let aws = start(None).await;
    let (_, _, wrapped) = data_key(&aws).await;
    let other = aws.kms().create_key().unwrap();
    let request = kms(&aws).decrypt().key_id(other).ciphertext_blob(wrapped);
    let error = request.encryption_context("user_id", "1").send().await.unwrap_err().into_service_error();
    assert!(error.is_incorrect_key_exception(), "{error:?}");
}

#[tokio::test]
async fn a_disabled_key_does_nothing_until_it_is_enabled() {
    let aws = start(None).await;
    let (key, _, wrapped) = data_key(&aws).await;
    let decrypt = || kms(&aws).decrypt().ciphertext_blob(wrapped.clone()).encryption_context("user_id", "1").send();
    aws.kms().disable(&key).unwrap();
    let error = decrypt().await.unwrap_err().into_service_error();
    assert!(error.is_disabled_exception(), "{error:?}");
    aws.kms().enable(&key).unwrap();
    decrypt().await.unwrap();
}

#[tokio::test]
async fn an_unknown_key_is_not_found() {
    let aws = start(None).await;
    let request = kms(&aws).generate_data_key().key_id("00000000-0000-4000-8000-000000000000");
    let error = request.key_spec(DataKeySpec::Aes256).send().await.unwrap_err().into_service_error();
    assert!(error.is_not_found_exception(), "{error:?}");
}

#[tokio::test]
async fn keys_are_made_and_described_over_the_wire() {
    let aws = start(None).await;
    let made = kms(&aws).create_key().send().await.unwrap().key_metadata.unwrap();
    let disabled = kms(&aws).disable_key().key_id(&made.key_id).send().await;
    disabled.unwrap();
    let described = kms(&aws).describe_key().key_id(made.arn.unwrap()).send().await.unwrap().key_metadata.unwrap();
    assert!(made.enabled);
    assert!(!described.enabled);
}
