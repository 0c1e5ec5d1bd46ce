//! What goes wrong all the while, one thing after the other: whomever it strikes has to answer rightly all the same.

use std::time::Duration;

use local::{
    aws::{AwsFault, Effect as AwsEffect},
    google::{Effect, Endpoint, GmailError},
};
use tests::wire::Cut;
use tokio::time::sleep;

use crate::stage::Stage;

/// How long it takes from one thing to the next.
const BETWEEN: Duration = Duration::from_secs(5);
/// How many things happen in a short time at least.
const AT_LEAST: u32 = 24;
/// How long Google says nothing.
const SILENCE: Duration = Duration::from_secs(2);

/// Lets things go wrong; never ends.
pub(crate) async fn pass(stage: &Stage, length: Duration) {
    for number in 0_usize.. {
        sleep(BETWEEN.min(length / AT_LEAST)).await;
        // Every other time a token ends, for that is what there is most to do about.
        if number.is_multiple_of(2) {
            end_access_token(stage, number / 2).await;
        } else {
            strike(stage, number / 2).await;
        }
    }
}

/// An access token ends early, at Google or as it is stored, and all instances ask for that user from now on.
async fn end_access_token(stage: &Stage, number: usize) {
    let _alone = stage.traffic.write().await;
    let user = stage.next_popular();
    match number % 3 {
        0 => stage.lose_access_token(user),
        1 => stage.world.google.expire_access_tokens(&user.sub),
        _ => {
            stage.lose_access_token(user);
            stage.world.google.faults().inject_times(Endpoint::Token, 1, unavailable());
        }
    }
}

async fn strike(stage: &Stage, number: usize) {
    let google = |endpoint, effect| stage.world.google.faults().inject_times(endpoint, 1, effect);
    let aws = |name, effect| stage.world.aws.faults().fail(name, AwsFault::times(1, effect));
    match number % 12 {
        0 => google(Endpoint::List, unavailable()),
        1 => google(Endpoint::List, Effect::Disconnect),
        2 => google(Endpoint::List, Effect::Gmail(GmailError::RateLimitExceeded)),
        3 => google(Endpoint::List, Effect::LoseAnswer),
        4 => google(Endpoint::List, Effect::Hang(SILENCE)),
        5 => google(Endpoint::Batch, Effect::Gmail(GmailError::BackendError)),
        6 => google(Endpoint::BatchPart, Effect::Gmail(GmailError::TooManyRequests)),
        7 => aws("DynamoDB.GetItem", AwsEffect::Throttle),
        8 => aws("DynamoDB.UpdateItem", AwsEffect::Disconnect),
        9 => aws("KMS.Decrypt", AwsEffect::Status(500)),
        10 => {
            // Between two requests.
            let _alone = stage.traffic.write().await;
            stage.cut(Cut::Close).await;
        }
        _ => stage.cut(Cut::Reset).await,
    }
}

fn unavailable() -> Effect {
    Effect::Status { status: 503, body: None, headers: Vec::new() }
}
