//! What tests and the local stack do to the emulated Google from behind.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    Account, EmulatedGoogle, Endpoint, Faults, PROJECT, RecordedRequest,
    gmail::{MailboxState, Mailboxes},
    grants::Grants,
    lock,
    risc::Stream,
};

/// A value that no [`EmulatedGoogle::snapshot`] ever was.
#[derive(Debug, thiserror::Error)]
#[error("this is not a snapshot of the emulated Google")]
pub struct InvalidSnapshot(#[from] serde_json::Error);

#[derive(Deserialize, Serialize)]
struct Snapshot<G> {
    grants: G,
    mailboxes: Mailboxes,
    key_turn: usize,
    #[serde(default)]
    stream: Option<Stream>,
}

impl EmulatedGoogle {
    /// The user removes the access of every application. No security event tells of it: see
    /// [`announce`](Self::announce).
    pub fn revoke(&self, sub: &str) {
        self.grants().end_all(sub);
    }

    /// Session control: the account's refresh tokens of today get `invalid_grant` with `invalid_rapt`.
    pub fn require_reauthentication(&self, sub: &str) {
        self.grants().require_reauthentication(sub);
    }

    /// Access tokens issued so far to an account's applications stop working.
    pub fn expire_access_tokens(&self, sub: &str) {
        self.grants().expire_access_tokens(sub);
    }

    /// A new key signs from now on; the one before it stays published for one more rotation.
    pub fn rotate_keys(&self) {
        self.0.keys.rotate();
    }

    /// The client gets a new secret; the old one no longer works.
    pub fn set_client_secret(&self, client_id: &str, secret: &str) {
        let mut clients = lock(&self.0.clients);
        if let Some(client) = clients.iter_mut().find(|client| client.client_id == client_id) {
            secret.clone_into(&mut client.client_secret);
        }
    }

    /// The `client_secret.json` of a client as Google's console gives it out, with this emulator's addresses; `None` if
    /// there is no such client.
    pub fn client_secret_file(&self, client_id: &str) -> Option<Value> {
        let client = self.client(client_id)?;
        let origin = &self.0.origin;
        Some(json!({ "web": {
            "client_id": client.client_id,
            "project_id": PROJECT,
            "auth_uri": format!("{origin}/o/oauth2/v2/auth"),
            "token_uri": format!("{origin}/token"),
            "auth_provider_x509_cert_url": format!("{origin}/oauth2/v1/certs"),
            "client_secret": client.client_secret,
            "redirect_uris": client.redirect_uris,
        } }))
    }

    /// A JWT with these claims, signed as Google signs its security events (RFC 8417).
    pub fn security_event(&self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "kid": self.0.keys.kid(), "typ": "secevent+jwt" });
        self.0.keys.sign(&header, claims)
    }

    /// The mailbox is filled afresh with that many messages.
    pub fn set_mailbox_size(&self, sub: &str, size: usize) {
        let now = self.0.clock.now();
        self.0.gmail.change(sub, |mailbox| *mailbox = MailboxState::new(size, now));
    }

    /// New messages arrive at the top of the mailbox.
    pub fn deliver(&self, sub: &str, count: usize) {
        self.0.gmail.change(sub, |mailbox| mailbox.deliver(count));
    }

    /// A message is deleted for good; no such message is no error.
    pub fn delete_message(&self, sub: &str, id: &str) {
        self.0.gmail.delete(sub, id);
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// How many requests an endpoint has had.
    pub fn calls(&self, endpoint: Endpoint) -> usize {
        self.0.records.count(endpoint)
    }

    /// The latest requests at an endpoint, in their order; at most 10,000 of all endpoints are kept.
    pub fn requests(&self, endpoint: Endpoint) -> Vec<RecordedRequest> {
        self.0.records.of(endpoint)
    }

    /// How many Gmail quota units were spent for an account in total.
    pub fn quota_units(&self, sub: &str) -> u64 {
        self.0.gmail.quota.total(sub)
    }

    /// From now on each user has so many Gmail quota units a minute, instead of 6,000.
    pub fn set_gmail_quota(&self, units_per_minute: u64) {
        self.0.gmail.quota.set_per_minute(units_per_minute);
    }

    /// From now on Gmail answers so many calls of a user at once, those in batches one by one.
    pub fn set_gmail_concurrency(&self, calls: usize) {
        self.0.gmail.set_concurrency(calls);
    }

    /// The most Gmail calls of one user that were under way at once since this was last asked.
    pub fn take_gmail_peak(&self) -> usize {
        self.0.gmail.take_peak()
    }

    /// How many Gmail calls there were, each of a batch by itself, and how many of them were refused because the user's quota
    /// was used up or too many came at once; an answer that a fault made is not among them.
    pub fn gmail_calls(&self) -> (usize, usize) {
        self.0.gmail.quota.counts()
    }

    /// The accounts.
    pub fn accounts(&self) -> &[Account] {
        &self.0.accounts
    }

    /// Tells when a request is over, and with it a [`snapshot`](Self::snapshot) may have changed.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changes.subscribe()
    }

    /// Grants, codes, tokens, mailboxes, the signing key's turn and the stream of security events, to be kept in a file.
    /// Tokens are in it in plain.
    pub fn snapshot(&self) -> Value {
        let grants = &*self.grants();
        let (mailboxes, key_turn, stream) = (self.0.gmail.mailboxes(), self.0.keys.turn(), self.0.risc.stream());
        let snapshot = Snapshot { grants, mailboxes, key_turn, stream };
        serde_json::to_value(snapshot).unwrap_or_default()
    }

    /// Takes up what a snapshot holds. Mailboxes of accounts that are not in it stay as they are.
    ///
    /// # Errors
    /// If the value is not a snapshot; nothing has changed then.
    pub fn restore(&self, snapshot: Value) -> Result<(), InvalidSnapshot> {
        let snapshot: Snapshot<Grants> = serde_json::from_value(snapshot)?;
        *self.grants() = snapshot.grants;
        self.0.gmail.restore(snapshot.mailboxes);
        self.0.keys.set_turn(snapshot.key_turn);
        self.0.risc.set_stream(snapshot.stream);
        Ok(())
    }
}
