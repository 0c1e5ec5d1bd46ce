//! Google refuses our OAuth client: our configuration, never the user's fault.

use local::google::Endpoint;
use tests::world::{CLIENT_ID, CLIENT_SECRET_ID, World};

use super::{assert_connected, assert_nothing_stored, assert_problem, connect, fault, token_error};

const NEW: &str = "GOCSPX-the-new-client-secret";

fn rotate(world: &World) {
    world.google.set_client_secret(CLIENT_ID, NEW);
    let file = world.google.client_secret_file(CLIENT_ID).unwrap();
    world.aws.secrets().put(CLIENT_SECRET_ID, &file.to_string()).unwrap();
}

/// How often the secrets were read, whatever the operation.
fn readings(world: &World) -> u64 {
    world.aws.faults().calls("SecretsManager.BatchGetSecretValue")
}

#[tokio::test]
async fn a_refused_client_is_misconfigured_and_the_secret_was_read_afresh_once() {
    for error in ["invalid_client", "unauthorized_client", "redirect_uri_mismatch"] {
        let world = World::start().await;
        fault(&world, Endpoint::Token, 9, token_error(error));
        let before = readings(&world);
        assert_problem(&connect(&world, "").await, 500, "misconfigured");
        assert_eq!(readings(&world), before + 1, "{error}");
        assert_eq!(world.google.calls(Endpoint::Token), 1, "an unchanged secret is not tried again");
        assert_nothing_stored(&world);
    }
}

#[tokio::test]
async fn a_secret_that_changed_is_used_at_once_and_kept() {
    let world = World::start().await;
    rotate(&world);
    assert_connected(&connect(&world, "").await);
    assert_eq!(world.google.calls(Endpoint::Token), 2);
    assert_connected(&connect(&world, "prompt=consent").await);
    assert_eq!(world.google.calls(Endpoint::Token), 3);
}

#[tokio::test]
async fn a_changed_secret_that_is_refused_too_is_misconfigured() {
    let world = World::start().await;
    rotate(&world);
    world.google.set_client_secret(CLIENT_ID, "GOCSPX-yet-another-one");
    assert_problem(&connect(&world, "").await, 500, "misconfigured");
    assert_eq!(world.google.calls(Endpoint::Token), 2);
}

#[tokio::test]
async fn where_the_secret_cannot_be_read_afresh_the_service_is_unavailable() {
    let world = World::start().await;
    rotate(&world);
    super::break_aws(&world, "SecretsManager");
    assert_problem(&connect(&world, "").await, 503, "unavailable");
    world.aws.faults().clear("SecretsManager");
    assert_connected(&connect(&world, "prompt=consent").await);
}

#[tokio::test]
async fn a_misconfigured_page_offers_no_new_start() {
    let world = World::start().await;
    fault(&world, Endpoint::Token, 9, token_error("invalid_client"));
    let answer = world.callback(&world.consented("").await).await;
    assert_eq!((answer.status(), super::restart(&answer)), (500, None));
}
