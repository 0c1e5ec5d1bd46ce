//! `list-messages`, by its front door: events in, answers out.

#[cfg(test)]
mod list_messages {
    use std::collections::BTreeMap;

    use local::google::Endpoint;
    use serde_json::Value;
    use tests::{
        answer::{Answer, problem},
        event::Event,
        http_client::http_client,
        world::{ANNA, Settings, World, sub},
    };

    mod access;
    mod access_tokens;
    mod ahead;
    mod bad_input;
    mod deadlines;
    mod ids;
    mod large;
    mod messages;
    mod navigation;
    mod outcomes;
    mod quota;
    mod shortening;
    mod stores;
    mod stub;

    /// A world in which Anna is connected.
    async fn connected() -> World {
        connected_with(Settings::default()).await
    }

    async fn connected_with(settings: Settings) -> World {
        let world = settings.start().await;
        world.connect(ANNA).await;
        world
    }

    /// A world in which Anna is connected and has that many messages.
    async fn mailbox_of(size: usize) -> World {
        connected_with(Settings { mailbox_size: size, ..Settings::default() }).await
    }

    /// What a backend sends.
    fn of(email: &str, query: &str) -> Event {
        Event::get(&format!("/users/{}/messages", sub(email))).query(query).iam()
    }

    /// A backend's question for Anna's messages.
    async fn list(world: &World, query: &str) -> Answer {
        world.instance.send(&of(ANNA, query)).await
    }

    /// The body of an answer that is a listing.
    #[track_caller]
    fn listing(answer: &Answer) -> Value {
        assert_eq!(answer.status(), 200, "{}", answer.body());
        answer.json().unwrap()
    }

    /// The identifiers of a listing's messages, in order.
    #[track_caller]
    fn ids(listing: &Value) -> Vec<String> {
        let messages = listing["messages"].as_array().expect("messages");
        messages.iter().map(|message| message["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Gmail's own answer to Anna's application, past the functions.
    async fn gmail(world: &World, path: &str) -> Value {
        let tokens = world.issued_tokens();
        let token = tokens.iter().find(|token| token.starts_with("ya29.")).unwrap();
        let url = format!("{}/gmail/v1/users/me/messages{path}", world.google.origin());
        let response = http_client().unwrap().get(url).bearer_auth(token).send().await.unwrap();
        assert_eq!(response.status(), 200);
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }

    /// Every entry that Gmail lists for a query, page after page.
    async fn gmail_lists(world: &World, query: &str) -> Vec<Value> {
        let (mut entries, mut token) = (Vec::new(), String::new());
        loop {
            let page = gmail(world, &format!("?maxResults=500&pageToken={token}&{query}")).await;
            entries.extend(page["messages"].as_array().into_iter().flatten().cloned());
            match page["nextPageToken"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => return entries,
            }
        }
    }

    /// The query parameters of the requests that Gmail's list had, in order.
    fn pages_asked(world: &World) -> Vec<Vec<(String, String)>> {
        let requests = world.google.requests(Endpoint::List);
        let query = |uri: &http::Uri| {
            url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
        };
        requests.iter().map(|request| query(&request.uri)).collect()
    }

    /// How often each message was asked for in batches.
    fn parts_asked(world: &World) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in world.google.requests(Endpoint::BatchPart) {
            let id = request.uri.path().rsplit('/').next().unwrap().to_owned();
            *counts.entry(id).or_default() += 1;
        }
        counts
    }
}
