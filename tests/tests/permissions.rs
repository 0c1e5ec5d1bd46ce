//! Least privilege: what each function may do in AWS is what it does, and what both deployments give it.
//!
//! [`local::aws::permissions`] is the one table. That it lacks nothing is proven by the whole test suite: the embedded AWS
//! refuses what a function's role does not allow, in every world and for every real binary, and a world in which
//! anything was refused fails its test. That it has nothing to spare is proven here: a tour through the front door makes
//! every kind of call there is, and what was called is held against the table. And here both deployments are held
//! against it, statement by statement.

#[cfg(test)]
mod permissions {
    use local::{aws::permissions::Resource, event_source::EventSource, google::Decision};
    use serde_json::{Value, json};
    use tests::{
        answer::Answer,
        event::Event,
        security_event::{OF_ACCOUNTS, about, about_token, post, saying},
        world::{ANNA, Instance, TABLE, World, sub},
    };

    mod denied;
    mod deployments;
    mod tour;

    /// The bus of these tests.
    const BUS: &str = "connections";

    /// A world with a bus, which is told of every connection.
    async fn world() -> (World, EventSource) {
        let world = World::start().await;
        world.aws.event_bus().create(BUS);
        let told = local::functions::of_stream(world.environment("connection-events", &[("EVENT_BUS_NAME", BUS)]));
        let told = told.await.unwrap();
        let source = EventSource::start(world.aws.clone(), TABLE, told).unwrap();
        (world, source)
    }

    fn list(email: &str) -> Event {
        Event::get(&format!("/users/{}/messages", sub(email))).iam()
    }

    fn connection(event: fn(&str) -> Event, email: &str) -> Event {
        event(&format!("/users/{}/connection", sub(email))).iam()
    }

    /// Says that it is about the newest refresh token.
    fn about_newest_token(world: &World) -> Value {
        let tokens = world.issued_tokens();
        about_token(tokens.iter().rfind(|token| token.starts_with("1//")).unwrap())
    }

    /// A browser that connects an account at that instance, and is asked for consent.
    async fn connect_at(world: &World, instance: &std::sync::Arc<Instance>, email: &str, query: &str) -> Answer {
        let visitor = world.visitor().accepting("application/json").at(instance);
        let location = world.consent(&visitor.begin(query).await, &Decision::all(email));
        visitor.get(&location).await
    }
}
