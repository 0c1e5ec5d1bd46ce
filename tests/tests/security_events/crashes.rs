//! A function that dies after any of its calls: Google sends again, another instance takes it, and the end is right.

use local::{
    aws::When,
    google::{TokenName, When as GoogleWhen},
};

use super::*;

/// More calls than any delivery makes.
const MOST_CALLS: u64 = 15;

/// What Google says, and what has to be true in the end.
#[derive(Clone, Copy, Debug)]
enum Told {
    SessionsRevoked,
    TokensRevoked,
    TokenRevoked(TokenName),
    AccountDisabled,
}

const ALL: [Told; 5] = [
    Told::SessionsRevoked,
    Told::TokensRevoked,
    Told::TokenRevoked(TokenName::Prefix),
    Told::TokenRevoked(TokenName::Hash),
    Told::AccountDisabled,
];

impl Told {
    fn token(self, world: &World) -> String {
        match self {
            Self::SessionsRevoked => saying(world, "risc", "sessions-revoked", &about(ANNA)),
            Self::TokensRevoked => end(world),
            Self::TokenRevoked(name) => {
                let token = world.issued_tokens().into_iter().find(|token| token.starts_with("1//")).unwrap();
                let subject = token_revoked::named(name, &token);
                saying(world, "oauth", "token-revoked", &json!({ "subject": subject }))
            }
            Self::AccountDisabled => saying(world, "risc", "account-disabled", &about_because(ANNA, "hijacking")),
        }
    }

    fn reason(self) -> Option<&'static str> {
        match self {
            Self::SessionsRevoked => None,
            Self::TokensRevoked => Some("tokens_revoked"),
            Self::TokenRevoked(_) => Some("token_revoked"),
            Self::AccountDisabled => Some("account_disabled:hijacking"),
        }
    }

    fn ends_sessions(self) -> bool {
        matches!(self, Self::SessionsRevoked | Self::AccountDisabled)
    }

    async fn assert_done(self, world: &World, crash: &str) {
        let status = world.attribute(ANNA, "status").unwrap();
        let expected = if self.reason().is_some() { "revoked" } else { "active" };
        assert_eq!(
            (status.as_str(), world.attribute(ANNA, "status_reason").as_deref()),
            (expected, self.reason()),
            "{crash}"
        );
        let refused = world.visitor.get("/connection").await.status() == 401;
        assert_eq!(refused, self.ends_sessions(), "{crash}");
        assert_eq!(seen(world).len(), 1, "{crash}");
    }
}

/// Delivers to an instance that dies at the `nth` call of AWS; `false` if it does not make so many.
async fn crash_at(world: &World, token: &str, nth: u64, when: When) -> bool {
    let instance = world.another_instance().await;
    let mut crash = world.aws.faults().stop_at(nth, when);
    tokio::select! {
        () = crash.reached() => true,
        answer = deliver_to(&instance, token) => {
            assert_taken(&answer);
            false
        }
    }
}

#[tokio::test]
async fn a_delivery_that_breaks_off_at_any_call_is_made_good_by_the_next() {
    for told in ALL {
        for when in [When::Before, When::After] {
            let mut crashes = 0;
            for nth in 1..MOST_CALLS {
                let world = connected().await;
                let token = told.token(&world);
                if !crash_at(&world, &token, nth, when).await {
                    break;
                }
                crashes += 1;
                assert_taken(&deliver_to(&*world.another_instance().await, &token).await);
                told.assert_done(&world, &format!("{told:?} {when:?} {nth}")).await;
            }
            assert!((3..MOST_CALLS - 1).contains(&crashes), "{told:?} {when:?}: {crashes}");
        }
    }
}

#[tokio::test]
async fn a_delivery_that_breaks_off_at_any_question_to_google_is_made_good_by_the_next() {
    for when in [GoogleWhen::Before, GoogleWhen::After] {
        for nth in [1, 2] {
            let world = connected().await;
            let (token, instance) = (end(&world), world.another_instance().await);
            let mut stop = world.google.faults().stop_at(nth, when);
            tokio::select! {
                () = stop.reached() => {}
                answer = deliver_to(&instance, &token) => panic!("{}", answer.body()),
            }
            drop(stop);
            assert_status(&world, "active", None);
            assert_taken(&deliver_to(&*world.another_instance().await, &token).await);
            Told::TokensRevoked.assert_done(&world, &format!("{when:?} {nth}")).await;
        }
    }
}
