//! What is asked of the functions, so that each call that any of them makes is made once at least.

use std::time::Duration;

use local::google::{Decision, Effect, Endpoint, IdTokenFault};
use serde_json::json;
use tests::{
    event::Event,
    security_event::{about, about_token, post, saying},
    world::{ANNA, BASE_URL, World, sub},
};

use super::scene::without_batches;

/// The bus of the events.
pub(super) const BUS: &str = "connections";

/// Something that is asked of a function that has just started.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Journey {
    /// An authorization begins.
    Authorization,
    /// The same, where the secrets cannot be had in one call.
    SecretsOneByOne,
    /// Anna consents for the first time.
    FirstConsent,
    /// She consents once more, and Google gives a new refresh token.
    NewConsent,
    /// She consents once more, and Google gives none.
    KeptConnection,
    /// She consents, and there is no ID token.
    NoIdToken,
    /// A backend lists.
    Listing,
    /// Her browser lists.
    OwnListing,
    /// A backend lists, and the access token is over.
    Refresh,
    /// A backend lists, and Gmail rejects the access token.
    Rejected,
    /// A backend lists whole messages.
    Messages,
    /// A backend looks at the connection.
    Look,
    /// Her browser disconnects.
    Disconnection,
    /// A backend lists the connections.
    Users,
    /// Google says that her refresh token was revoked.
    TokenRevoked,
    /// Google says that her sessions are over.
    SessionsRevoked,
    /// The table's stream tells of a change.
    Change,
}

impl Journey {
    /// Every journey.
    pub(super) const ALL: [Self; 17] = [
        Self::Authorization,
        Self::SecretsOneByOne,
        Self::FirstConsent,
        Self::NewConsent,
        Self::KeptConnection,
        Self::NoIdToken,
        Self::Listing,
        Self::OwnListing,
        Self::Refresh,
        Self::Rejected,
        Self::Messages,
        Self::Look,
        Self::Disconnection,
        Self::Users,
        Self::TokenRevoked,
        Self::SessionsRevoked,
        Self::Change,
    ];

    /// The function that is asked.
    pub(super) fn function(self) -> &'static str {
        match self {
            Self::Authorization | Self::SecretsOneByOne => "authorize-url",
            Self::FirstConsent | Self::NewConsent | Self::KeptConnection | Self::NoIdToken => "callback",
            Self::Listing | Self::OwnListing | Self::Refresh | Self::Rejected | Self::Messages => "list-messages",
            Self::Look | Self::Disconnection | Self::Users => "connection",
            Self::TokenRevoked | Self::SessionsRevoked => "security-events",
            Self::Change => "connection-events",
        }
    }

    /// Whether what is asked for can be had once only, so that a person begins again instead.
    pub(super) fn is_used_up(self) -> bool {
        self.function() == "callback"
    }
}

impl Journey {
    /// Makes the world what the journey finds, and gives what is asked.
    pub(super) async fn prepare(self, world: &World) -> String {
        let is_connected = !matches!(
            self,
            Self::Authorization | Self::SecretsOneByOne | Self::FirstConsent | Self::NoIdToken | Self::Change
        );
        let session = if is_connected { Some(world.connect(ANNA).await) } else { None };
        let event = self.event(world, session.as_deref()).await;
        match self {
            Self::SecretsOneByOne => without_batches(world),
            Self::NoIdToken => {
                world.google.faults().inject_times(Endpoint::Token, 99, Effect::IdToken(IdTokenFault::Missing));
            }
            Self::Refresh => world.clock.advance(Duration::from_hours(1)),
            Self::Rejected => world.google.faults().inject_times(Endpoint::List, 1, unauthorized()),
            Self::Change => world.aws.event_bus().create(BUS),
            _ => {}
        }
        event
    }

    /// What is asked where a code was used up: the browser comes back from a further consent.
    pub(super) async fn again(self, world: &World) -> String {
        coming_back(world, "prompt=consent").await.json().to_string()
    }

    /// Asserts that the world is what it should be after the journey, whatever happened on the way.
    pub(super) fn assert_done(self, world: &World, told: &str) {
        let status = world.attribute(ANNA, "status");
        match self {
            Self::Authorization | Self::SecretsOneByOne | Self::Disconnection => assert_eq!(status, None, "{told}"),
            Self::TokenRevoked => assert_eq!(status.as_deref(), Some("revoked"), "{told}"),
            Self::Change => assert!(!world.aws.event_bus().events(BUS).is_empty(), "{told}"),
            _ => assert_eq!(status.as_deref(), Some("active"), "{told}"),
        }
        // Where the rejected token is taken after all, nobody asks for the lease that may have been left behind.
        if self != Self::Rejected {
            assert_eq!(world.attribute(ANNA, "lease_owner"), None, "{told}");
        }
    }

    async fn event(self, world: &World, session: Option<&str>) -> String {
        let event = match self {
            Self::Authorization | Self::SecretsOneByOne => Event::get("/authorize-url"),
            Self::FirstConsent | Self::NoIdToken | Self::KeptConnection => coming_back(world, "").await,
            Self::NewConsent => coming_back(world, "prompt=consent").await,
            Self::Listing | Self::Refresh | Self::Rejected => of_anna("messages").query("maxResults=3").iam(),
            Self::OwnListing => Event::get("/messages").query("maxResults=3").cookie(session.unwrap()),
            Self::Messages => of_anna("messages").query("maxResults=3&format=metadata").iam(),
            Self::Look => of_anna("connection").iam(),
            Self::Disconnection => Event::delete("/connection").cookie(session.unwrap()).header("origin", BASE_URL),
            Self::Users => Event::get("/users").query("status=active").iam(),
            Self::TokenRevoked => {
                let token = world.issued_tokens().into_iter().find(|token| token.starts_with("1//")).unwrap();
                post(&saying(world, "oauth", "token-revoked", &about_token(&token)))
            }
            Self::SessionsRevoked => post(&saying(world, "risc", "sessions-revoked", &about(ANNA))),
            Self::Change => return change(),
        };
        event.json().to_string()
    }
}

fn unauthorized() -> Effect {
    Effect::Status { status: 401, body: None, headers: Vec::new() }
}

fn of_anna(what: &str) -> Event {
    Event::get(&format!("/users/{}/{what}", sub(ANNA)))
}

/// What a browser sends that comes back from Google.
async fn coming_back(world: &World, query: &str) -> Event {
    let visitor = world.visitor().accepting("application/json");
    let location = world.consent(&visitor.begin(query).await, &Decision::all(ANNA));
    visitor.event(&location)
}

/// A record of the table's stream: a user has connected.
fn change() -> String {
    json!({"Records": [{"eventID": "e1", "eventName": "INSERT", "dynamodb": {"SequenceNumber": "1",
        "ApproximateCreationDateTime": 1_795_345_200, "StreamViewType": "NEW_AND_OLD_IMAGES",
        "NewImage": {"pk": {"S": "connection#1"}, "email": {"S": "a@example.com"}, "status": {"S": "active"},
            "refresh_token": {"B": "c2VhbGVk"}, "generation": {"N": "7"},
            "updated_at": {"S": "2026-11-22T10:00:00.000Z"}}}}]})
    .to_string()
}
