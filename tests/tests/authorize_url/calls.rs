//! An open route that writes or calls is a bill that anyone can run up.

use tests::{event::Event, world::World};

#[tokio::test]
async fn a_warm_instance_makes_no_call_at_all() {
    let world = World::start().await;
    world.authorize("").await;
    let before = (world.aws_calls(), world.google_calls());
    for _ in 0..5 {
        world.visitor.begin("login_hint=a&return_to=%2Fmessages&state=x&prompt=consent").await;
        world.visitor.get("/authorize").await;
        world.authorize("prompt=bad").await;
    }
    assert_eq!((world.aws_calls(), world.google_calls()), before);
}

#[tokio::test]
async fn nothing_is_written_to_any_store_also_on_a_cold_instance() {
    let world = World::start().await;
    let visitor = world.visitor().at(&world.another_instance().await);
    visitor.begin("").await;
    assert_eq!(world.items(), Vec::<serde_json::Value>::new());
    assert_eq!(world.aws.faults().calls("DynamoDB") + world.aws.faults().calls("KMS"), 0);
}

#[tokio::test]
async fn it_needs_neither_the_table_nor_the_key() {
    use authorize_url::AuthorizeUrl;
    use shared::{domain::random::SystemRandomness, domain::time::SystemClock, function::Environment};
    let world = World::start().await;
    let mut variables = world.variables().clone();
    variables.retain(|name, _| !["CONNECTIONS_TABLE", "TOKEN_KMS_KEY_ID"].contains(&name.as_str()));
    let function = AuthorizeUrl::connect(Environment {
        lookup: Box::new(move |name| variables.get(name).cloned()),
        aws: local::aws::in_role_of("authorize-url", &world.aws.sdk_config()),
        clock: std::sync::Arc::new(SystemClock),
        random: std::sync::Arc::new(SystemRandomness::default()),
    })
    .await
    .unwrap();
    let deadline = shared::function::Deadline::after(tests::PATIENCE);
    let event = Event::get("/authorize-url").json().to_string();
    assert_eq!(shared::function::invoke(&function, &event, deadline).await.status_code, 200);
}
