//! Data keys: each wrapped for its owner, in a context that says what for.

use serde_json::json;
use shared::domain::data_key::{DataKeyError, DataKeys};

use super::recorder::*;

#[tokio::test]
async fn a_data_key_is_made_and_unwrapped_in_exactly_this_context() {
    let aws = Aws::start().await;
    let context = json!({"purpose": "gmail-connect", "user_id": user().as_str()});
    let new = aws.data_keys().generate(user().as_str()).await.unwrap();
    let made = json!({"KeyId": aws.key, "KeySpec": "AES_256", "EncryptionContext": context});
    assert_eq!(aws.take_call(), ("GenerateDataKey".to_owned(), made));
    let key = aws.data_keys().unwrap(user().as_str(), &new.wrapped).await.unwrap();
    assert_eq!(key.reveal(), new.key.reveal());
    let (operation, mut request) = aws.take_call();
    assert!(request.as_object_mut().unwrap().remove("CiphertextBlob").is_some());
    assert_eq!((operation.as_str(), request), ("Decrypt", json!({"KeyId": aws.key, "EncryptionContext": context})));
}

#[tokio::test]
async fn a_key_of_another_owner_or_another_kms_key_or_damaged_does_not_unwrap() {
    let aws = Aws::start().await;
    let wrapped = aws.data_keys().generate(user().as_str()).await.unwrap().wrapped;
    let mut elsewhere = aws.clone();
    elsewhere.key = aws.embedded.kms().create_key().unwrap();
    let mut damaged = wrapped.clone();
    *damaged.last_mut().unwrap() ^= 1;
    for (aws, owner, wrapped) in [
        (&aws, "another", wrapped.as_slice()),
        (&aws, user().as_str(), damaged.as_slice()),
        (&aws, user().as_str(), b"garbage"),
        (&elsewhere, user().as_str(), wrapped.as_slice()),
    ] {
        let error = aws.data_keys().unwrap(owner, wrapped).await.unwrap_err();
        assert!(matches!(error, DataKeyError::WrongOwner), "{error}");
    }
}

#[tokio::test]
async fn a_disabled_key_is_unavailable_and_not_wrong() {
    let aws = Aws::start().await;
    let wrapped = aws.data_keys().generate("1").await.unwrap().wrapped;
    aws.embedded.kms().disable(&aws.key).unwrap();
    let error = aws.data_keys().unwrap("1", &wrapped).await.unwrap_err();
    assert!(matches!(error, DataKeyError::Unavailable(_)), "{error}");
    assert!(aws.data_keys().generate("1").await.is_err());
}
