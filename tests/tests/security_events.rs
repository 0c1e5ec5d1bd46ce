//! `security-events`, by its front door: what Google posts in, what becomes of the connections, and what Google is told.

#[cfg(test)]
mod security_events {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use local::google::Decision;
    use serde_json::{Value, json};
    use shared::domain::time::Clock;
    use tests::{
        answer::{Answer, problem},
        event::Event,
        security_event::{MEDIA_TYPE, about, claims, fresh_jti, jwks, part, post, saying, uri},
        world::{ANNA, CLIENT_ID, Instance, Visitor, World, sub},
    };

    mod access;
    mod any_input;
    mod claims;
    mod conflicts;
    mod crashes;
    mod deliveries;
    mod documents;
    mod floods;
    mod late;
    mod logs;
    mod refusals;
    mod repeats;
    mod sets;
    mod signatures;
    mod stores;
    mod subjects;
    mod token_revoked;
    mod types;

    use sets::*;

    /// A world in which Anna is connected.
    async fn connected() -> World {
        let world = World::start().await;
        world.connect(ANNA).await;
        world
    }

    /// A browser of its own that has connected an account.
    async fn connect_apart(world: &World, email: &str) -> Visitor {
        let visitor = world.visitor();
        let location = world.consent(&visitor.begin("").await, &Decision::all(email));
        let answer = visitor.get(&location).await;
        assert_eq!(answer.status(), 200, "{}", answer.body());
        visitor
    }

    /// Google posts a token to an instance.
    async fn deliver_to(instance: &Instance, token: &str) -> Answer {
        instance.send(&post(token)).await
    }

    /// Google posts a token.
    async fn deliver(world: &World, token: &str) -> Answer {
        deliver_to(&world.instance, token).await
    }

    /// A backend's question for somebody's messages.
    async fn list(instance: &Instance, email: &str) -> Answer {
        instance.send(&Event::get(&format!("/users/{}/messages", sub(email))).iam()).await
    }

    #[track_caller]
    fn assert_taken(answer: &Answer) {
        assert_eq!((answer.status(), answer.body().as_str()), (202, ""), "{}", answer.body());
    }

    /// Asserts that a token is refused with that word; gives the description.
    #[track_caller]
    fn assert_refused(answer: &Answer, err: &str) -> String {
        assert_eq!(answer.status(), 400, "{}", answer.body());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("content-language"), Some("en"));
        let body = answer.json().unwrap();
        assert_eq!(body["err"], err, "{body}");
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        body["description"].as_str().unwrap().to_owned()
    }

    /// Asserts that Google is asked to send it again.
    #[track_caller]
    fn assert_put_off(answer: &Answer) {
        let body = answer.json().unwrap();
        assert_eq!((answer.status(), &body["code"]), (503, &"unavailable".into()), "{body}");
        assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()));
    }

    /// Asserts how Anna's stored connection stands.
    #[track_caller]
    fn assert_status(world: &World, status: &str, reason: Option<&str>) {
        let stored = (world.attribute(ANNA, "status").unwrap(), world.attribute(ANNA, "status_reason"));
        assert_eq!(stored, (status.to_owned(), reason.map(str::to_owned)));
    }

    /// Everything that is stored, without the memory of seen events.
    fn stored(world: &World) -> Vec<Value> {
        let mut items = world.items();
        items.retain(|item| !item["pk"]["S"].as_str().unwrap().starts_with("event#"));
        items.sort_by_key(|item| item["pk"]["S"].to_string());
        items
    }

    /// The seen events that are stored, by their `jti`.
    fn seen(world: &World) -> Vec<String> {
        let keys = world.items().into_iter().map(|item| item["pk"]["S"].as_str().unwrap().to_owned());
        keys.filter_map(|key| Some(key.strip_prefix("event#")?.to_owned())).collect()
    }
}
