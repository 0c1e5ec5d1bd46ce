//! `connection`, by its front door: events in, answers out.

#[cfg(test)]
mod connection {
    use std::{collections::BTreeMap, sync::Arc};

    use serde_json::{Value, json};
    use tests::{
        answer::{Answer, problem},
        event::Event,
        http_client::http_client,
        world::{ANNA, BASE_URL, CLIENT_ID, CLIENT_SECRET, Instance, Settings, Visitor, World, sub},
    };

    mod access;
    mod crashes;
    mod damage;
    mod disconnect;
    mod google_trouble;
    mod origin;
    mod races;
    mod reconsent;
    mod status;
    mod stores;
    mod users;
    mod users_input;
    mod warnings;

    const SESSION: &str = "__Host-session";

    /// A world in which Anna is connected.
    async fn connected() -> World {
        connected_with(Settings::default()).await
    }

    async fn connected_with(settings: Settings) -> World {
        let world = settings.start().await;
        world.connect(ANNA).await;
        world
    }

    /// The path of a backend's routes for an account.
    fn path(email: &str) -> String {
        format!("/users/{}/connection", sub(email))
    }

    /// What a backend sends to ask.
    fn asked(email: &str) -> Event {
        Event::get(&path(email)).iam()
    }

    /// What a backend sends to disconnect.
    fn ended(email: &str) -> Event {
        Event::delete(&path(email)).iam()
    }

    /// What a browser sends to disconnect, from a page of ours.
    fn ended_by(visitor: &Visitor) -> Event {
        Event::delete("/connection").cookies(visitor.jar().cookies()).header("origin", BASE_URL)
    }

    /// What a backend sends to list messages.
    fn messages(email: &str) -> Event {
        Event::get(&format!("/users/{}/messages", sub(email))).query("maxResults=1").iam()
    }

    /// What a backend sends to list the connections.
    fn users(query: &str) -> Event {
        Event::get("/users").query(query).iam()
    }

    /// The body of an answer that is a success.
    #[track_caller]
    fn told(answer: &Answer) -> Value {
        assert_eq!(answer.status(), 200, "{}", answer.body());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        answer.json().unwrap()
    }

    /// What is known of Anna's connection.
    async fn status(world: &World) -> Value {
        told(&world.instance.send(&asked(ANNA)).await)
    }

    /// The codes of the warnings of Anna's connection.
    async fn warnings(world: &World) -> Vec<String> {
        let status = status(world).await;
        let warnings = status["warnings"].as_array().expect("a list");
        warnings.iter().map(|warning| warning["code"].as_str().unwrap().to_owned()).collect()
    }

    #[track_caller]
    fn assert_disconnected(answer: &Answer, revoked_at_google: bool) {
        assert_eq!(told(answer), json!({ "revoked_at_google": revoked_at_google }));
    }

    /// Asserts that nothing of an account is stored.
    #[track_caller]
    fn assert_gone(world: &World, email: &str) {
        let of_user = |item: &Value| item.to_string().contains(&sub(email));
        let items: Vec<_> = world.items().into_iter().filter(of_user).collect();
        assert!(items.is_empty(), "{items:?}");
    }

    /// The `token#` items that lead to an account.
    fn index(world: &World, email: &str) -> Vec<Value> {
        let leads = |item: &Value| {
            item["pk"]["S"].as_str().unwrap().starts_with("token#") && item["user_id"]["S"] == sub(email)
        };
        world.items().into_iter().filter(leads).collect()
    }

    /// The refresh tokens that Google still takes.
    async fn living_refresh_tokens(world: &World) -> usize {
        let mut living = 0;
        for token in world.issued_tokens().iter().filter(|token| token.starts_with("1//")) {
            let form = BTreeMap::from([
                ("grant_type", "refresh_token"),
                ("client_id", CLIENT_ID),
                ("client_secret", CLIENT_SECRET),
                ("refresh_token", token),
            ]);
            let url = format!("{}/token", world.google.origin());
            let answer = http_client().unwrap().post(url).form(&form).send().await.unwrap();
            living += usize::from(answer.status() == 200);
        }
        living
    }

    /// Whether a backend that never worked with the connection before gets at messages by it.
    async fn gives_access(world: &World, email: &str) -> bool {
        world.another_instance().await.send(&messages(email)).await.status() == 200
    }

    /// Anna consents again, from another browser; Google gives a new refresh token. Gives that browser.
    async fn consent_again(world: &World) -> Visitor {
        let visitor = world.visitor();
        let location = world.consent(&visitor.begin("prompt=consent").await, &local::google::Decision::all(ANNA));
        let answer = visitor.get(&location).await;
        assert_eq!(answer.status(), 200, "{}", answer.body());
        visitor
    }

    /// How many calls of each kind were made since: GET, QUERY and writes of DynamoDB, KMS, Secrets Manager, Google.
    fn calls(world: &World) -> BTreeMap<&'static str, u64> {
        let operations = [
            "DynamoDB.GetItem",
            "DynamoDB.Query",
            "DynamoDB.Scan",
            "DynamoDB.UpdateItem",
            "DynamoDB.TransactWriteItems",
            "DynamoDB",
            "KMS",
            "SecretsManager",
        ];
        let mut calls: BTreeMap<_, _> = operations.map(|name| (name, world.aws.faults().calls(name))).into();
        calls.insert("Google", u64::try_from(world.google_calls()).unwrap());
        calls
    }

    /// The calls made by something, without those that were not made at all.
    async fn calls_of(world: &World, work: impl Future<Output = ()>) -> BTreeMap<&'static str, u64> {
        let before = calls(world);
        work.await;
        let after = calls(world);
        after.into_iter().map(|(name, count)| (name, count - before[name])).filter(|(_, count)| *count > 0).collect()
    }

    /// Every call to AWS that a disconnection at a cold instance makes, by its operation and its turn among those of that
    /// operation, in their order. Google is asked after the third.
    const STEPS: [(&str, usize); 4] =
        [("DynamoDB.GetItem", 1), ("DynamoDB.UpdateItem", 1), ("KMS.Decrypt", 1), ("DynamoDB.TransactWriteItems", 1)];

    /// Sends an event, and does something else while its `turn`th call of an operation waits.
    async fn interrupted(
        world: &World,
        (instance, event): (Arc<Instance>, Event),
        (operation, turn): (&str, usize),
        meanwhile: impl Future<Output = ()>,
    ) -> Answer {
        let mut gates: Vec<_> = (0..turn).map(|_| world.aws.faults().hold(operation)).collect();
        let mut last = gates.pop().unwrap();
        let stopped = async {
            for mut gate in gates {
                gate.reached().await;
                gate.release();
            }
            last.reached().await;
            meanwhile.await;
            last.release();
        };
        let mut sent = std::pin::pin!(instance.send(&event));
        tokio::select! {
            () = stopped => {}
            answer = &mut sent => panic!("no call {turn} of {operation}: {}", answer.body()),
        }
        sent.await
    }

    /// A cold instance, and what Anna's browser sends it to disconnect.
    async fn disconnection(world: &World) -> (Arc<Instance>, Event) {
        (world.another_instance().await, ended_by(&world.visitor))
    }
}
