//! What happens to an account, and how applications are told: Security Event Tokens
//! ([RFC 8417](https://www.rfc-editor.org/rfc/rfc8417)), one for each application that may know.

mod delivery;
mod event;
mod postman;

use serde_json::{Map, Value, json};

pub(super) use self::{
    delivery::Deliveries,
    event::{EVENT_TYPES, VERIFICATION},
};
pub use self::{
    delivery::{Delivery, Outcome},
    event::{DisabledReason, SecurityEvent, TokenName},
};
use super::{EmulatedGoogle, ISSUER, lock};

/// What one application is told.
struct Notice {
    client_id: String,
    payload: Value,
}

impl EmulatedGoogle {
    /// Tells every application that has, or had, a grant of the account which says who the user is (`email` or
    /// `profile`); an application that revoked its grant by itself is not told. Nothing happens at Google: whether
    /// tokens still work is another matter. Call it in a Tokio runtime, or nothing is sent until the next is.
    pub fn announce(&self, event: &SecurityEvent) {
        self.announce_to(event, None);
    }

    /// Tells one application, or all.
    pub(super) fn announce_to(&self, event: &SecurityEvent, client_id: Option<&str>) {
        let event_type = event.event_type();
        if !self.0.risc.stream().is_some_and(|stream| stream.takes(event_type)) {
            return;
        }
        let notices = self.notices(event).into_iter();
        for Notice { client_id, payload } in notices.filter(|it| client_id.is_none_or(|only| only == it.client_id)) {
            let Ok(jti) = self.mint("", 1) else { continue };
            let events = Map::from_iter([(event_type.to_owned(), payload)]);
            let set = self.security_event(&json!({
                "iss": format!("{ISSUER}/"),
                "aud": client_id,
                "iat": self.0.clock.now().unix_seconds(),
                "jti": jti,
                "events": events,
            }));
            self.0.deliveries.add(Delivery::new(jti, event_type, client_id), set);
        }
        self.deliver_announced();
    }

    fn notices(&self, event: &SecurityEvent) -> Vec<Notice> {
        match event {
            SecurityEvent::Verification { state } => self.notice_of_verification(state).into_iter().collect(),
            SecurityEvent::TokenRevoked { sub, named_by } => self.notices_of_tokens(sub, *named_by),
            _ => self.notices_of_account(event),
        }
    }

    /// The project is told once, under the name of its first client.
    fn notice_of_verification(&self, state: &str) -> Option<Notice> {
        let clients = lock(&self.0.clients);
        let client_id = clients.first()?.client_id.clone();
        Some(Notice { client_id, payload: json!({ "state": state }) })
    }

    /// A notice for each refresh token that lives.
    fn notices_of_tokens(&self, sub: &str, named_by: TokenName) -> Vec<Notice> {
        let (grants, now) = (self.grants(), self.0.clock.now());
        let mut notices = Vec::new();
        for client_id in grants.audience(sub) {
            for token in grants.live_refresh_tokens(sub, &client_id, now) {
                let payload = json!({ "subject": named_by.subject(token) });
                notices.push(Notice { client_id: client_id.clone(), payload });
            }
        }
        notices
    }

    fn notices_of_account(&self, event: &SecurityEvent) -> Vec<Notice> {
        let Some(sub) = event.sub() else { return Vec::new() };
        let clients = self.grants().audience(sub).into_iter();
        clients.map(|client_id| Notice { client_id, payload: event.payload(sub) }).collect()
    }
}
