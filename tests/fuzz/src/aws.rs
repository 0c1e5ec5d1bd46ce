//! Whatever AWS answers: items, keys, secrets.

#![expect(clippy::unwrap_used, reason = "what is fixed is in order")]

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use aws_types::SdkConfig;
use shared::{
    aws::{
        connections::DynamoDbConnections, data_keys::KmsDataKeys, quota::DynamoDbSpending,
        secret_store::SecretsManager, seen_events::DynamoDbSeenEvents,
    },
    domain::{
        connection::{ConnectionStore, Lease, StatusWord},
        data_key::DataKeys,
        quota::SpendingStore,
        security_event::SeenEvents,
        user_id::UserId,
    },
    secrets::SecretStore,
};
use tokio::runtime::{Builder, Runtime};

use crate::{at_hand::NOW, fake_aws, genuine::USER_ID};

const STATUSES: [u16; 6] = [200, 200, 200, 400, 403, 500];

static AWS: LazyLock<Mutex<Aws>> = LazyLock::new(|| Mutex::new(Aws::new()));

struct Aws {
    runtime: Runtime,
    answer: Arc<Mutex<(u16, Vec<u8>)>>,
    config: SdkConfig,
    user_id: UserId,
}

/// The first byte chooses the call, the second the status, the rest is the body. What is read is about whom it was asked
/// about, and can be written again.
///
/// # Panics
/// If that does not hold.
pub fn hold(input: &[u8]) {
    let [call, status, body @ ..] = input else { return };
    let aws = AWS.lock().unwrap_or_else(PoisonError::into_inner);
    *aws.answer.lock().unwrap() = (STATUSES.iter().copied().cycle().nth((*status).into()).unwrap(), body.to_vec());
    aws.runtime.block_on(aws.call(*call));
}

impl Aws {
    fn new() -> Self {
        let answer = Arc::new(Mutex::new((200, Vec::new())));
        let given = answer.clone();
        Self {
            // The waits between the SDK's tries take no time.
            runtime: Builder::new_current_thread().enable_all().start_paused(true).build().unwrap(),
            answer,
            config: fake_aws::config(move |_, _| given.lock().unwrap().clone()),
            user_id: UserId::parse(USER_ID).unwrap(),
        }
    }

    async fn call(&self, call: u8) {
        let connections = || DynamoDbConnections::new(&self.config, "connections".to_owned());
        match call % 8 {
            0 | 1 => self.connection(&connections()).await,
            2 => {
                let _ = connections().page(StatusWord::Active, None, 10).await;
            }
            3 => {
                let _ = (connections().indexed(&[7; 32]).await, connections().kept("index_key").await);
            }
            4 => {
                let keys = KmsDataKeys::new(&self.config, "key".to_owned());
                let _ = (keys.generate(USER_ID).await, keys.unwrap(USER_ID, b"wrapped").await);
            }
            5 => {
                let secrets = SecretsManager::new(&self.config);
                if let Ok(values) = secrets.current(&["client", "cookie-key"]).await {
                    assert_eq!(values.len(), 2);
                }
                let _ = secrets.previous("cookie-key").await;
            }
            6 => {
                let _ = DynamoDbSpending::new(&self.config, "connections".to_owned()).find(&self.user_id, NOW).await;
            }
            _ => {
                let seen = DynamoDbSeenEvents::new(&self.config, "connections".to_owned());
                let _ = (seen.is_seen("jti", NOW).await, seen.remember("jti", NOW).await);
            }
        }
    }

    async fn connection(&self, connections: &DynamoDbConnections) {
        let Ok(Some(read)) = connections.find(&self.user_id).await else { return };
        assert_eq!(read.user_id, self.user_id);
        *self.answer.lock().unwrap() = (200, b"{}".to_vec());
        assert!(connections.put(&read, Some(&read)).await.is_ok());
        let lease = Lease { owner: "owner".to_owned(), expires_at: NOW };
        assert!(connections.lease(&read, &lease, NOW).await.is_ok());
    }
}
