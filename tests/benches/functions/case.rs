//! What is measured: the rows of the table.

use local::google::Decision;
use tests::{
    binaries::EMPTY_FUNCTION,
    event::Event,
    world::{ANNA, World},
};

use crate::limits::{BATCH, DYNAMODB, KMS, LIST, Limit, PART, SECRETS_MANAGER, TOKEN};

/// How many messages go into one batch.
const IN_A_BATCH: u64 = 25;

/// One row.
#[derive(Debug)]
pub(crate) struct Case {
    /// What it is called.
    pub(crate) name: &'static str,
    /// The function.
    pub(crate) function: &'static str,
    /// What it is asked.
    request: Ask,
    /// How many warm invocations there are to ten of the options'.
    pub(crate) pace: u32,
    /// What it waits for at least.
    pub(crate) limit: Limit,
}

#[derive(Debug)]
enum Ask {
    AuthorizationUrl,
    Callback,
    List(u32),
    Metadata(u32),
}

/// The rows; the first is what the others are set beside.
pub(crate) const CASES: [Case; 6] = [
    Case {
        name: "empty function",
        function: EMPTY_FUNCTION,
        request: Ask::AuthorizationUrl,
        pace: 50,
        limit: Limit::of(0, 0),
    },
    Case {
        name: "authorize-url",
        function: "authorize-url",
        request: Ask::AuthorizationUrl,
        pace: 50,
        limit: Limit::of(0, SECRETS_MANAGER),
    },
    Case {
        name: "callback",
        function: "callback",
        request: Ask::Callback,
        pace: 5,
        // The code; the row is read beside the new data key, which bears the user's name; the row is written.
        limit: Limit::of(TOKEN + KMS + DYNAMODB, SECRETS_MANAGER),
    },
    Case {
        name: "list 500",
        function: "list-messages",
        request: Ask::List(500),
        pace: 10,
        // A warm instance asks the table beside Gmail.
        limit: Limit::of(LIST, SECRETS_MANAGER + DYNAMODB + KMS),
    },
    Case {
        name: "list 5,000",
        function: "list-messages",
        request: Ask::List(5_000),
        pace: 3,
        limit: Limit::of(10 * LIST, SECRETS_MANAGER + DYNAMODB + KMS),
    },
    Case {
        name: "500 with metadata",
        function: "list-messages",
        request: Ask::Metadata(500),
        pace: 3,
        // All batches at once.
        limit: Limit::of(LIST + BATCH + IN_A_BATCH * PART, SECRETS_MANAGER + DYNAMODB + KMS),
    },
];

impl Case {
    /// How many warm invocations follow a cold one.
    pub(crate) fn warm(&self, warm: u32) -> u32 {
        (warm * self.pace).div_ceil(10)
    }

    /// An event for one invocation, of a browser with that session.
    pub(crate) async fn event(&self, world: &World, session: &str) -> Event {
        match self.request {
            Ask::AuthorizationUrl => Event::get("/authorize-url"),
            Ask::Callback => {
                // A browser of its own: it has one attempt under way.
                let visitor = world.visitor();
                let authorization_url = visitor.begin("prompt=consent").await;
                visitor.event(&world.consent(&authorization_url, &Decision::all(ANNA)))
            }
            Ask::List(count) => Event::get("/messages").query(&format!("maxResults={count}")).cookie(session),
            Ask::Metadata(count) => {
                let query = "format=metadata&metadataHeaders=From&metadataHeaders=Subject&metadataHeaders=Date";
                Event::get("/messages").query(&format!("{query}&maxResults={count}")).cookie(session)
            }
        }
    }
}
