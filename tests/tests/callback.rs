//! `GET /callback`, through the front door.

#[cfg(test)]
mod callback {
    use local::{
        aws::{AwsFault, Effect as AwsEffect},
        google::{Decision, Effect, Endpoint},
    };
    use tests::{
        answer::Answer,
        world::{ANNA, Visitor, World},
    };

    mod answers;
    mod authorization_response;
    mod client;
    mod exchange;
    mod identity;
    mod kept_connection;
    mod order;
    mod scopes;
    mod sealing;
    mod session;
    mod state;
    mod store_failures;
    mod stored_connection;

    const JSON: &str = "application/json";
    const SESSION: &str = "__Host-session";

    /// A browser of its own that asks for JSON.
    fn program(world: &World) -> Visitor {
        world.visitor().accepting(JSON)
    }

    /// A program begins with a query, the user decides, and it comes back.
    async fn attempt(world: &World, query: &str, decision: &Decision) -> Answer {
        let visitor = program(world);
        let location = world.consent(&visitor.begin(query).await, decision);
        visitor.get(&location).await
    }

    /// An attempt in which Anna allows everything.
    async fn connect(world: &World, query: &str) -> Answer {
        attempt(world, query, &Decision::all(ANNA)).await
    }

    #[track_caller]
    fn assert_connected(answer: &Answer) {
        assert_eq!(answer.status(), 200, "{}", answer.body());
        assert!(answer.cookie_value(SESSION).is_some_and(|value| !value.is_empty()));
    }

    #[track_caller]
    fn assert_problem(answer: &Answer, status: u16, code: &str) {
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
        assert_eq!((answer.status(), &answer.json().unwrap()["code"]), (status, &code.into()), "{}", answer.body());
        assert_eq!(answer.cookie_value(SESSION), None);
    }

    /// Asserts that no connection is stored.
    #[track_caller]
    fn assert_nothing_stored(world: &World) {
        let items = world.items();
        assert!(items.iter().all(|item| item.get("user_id").is_none()), "{items:?}");
    }

    fn fault(world: &World, endpoint: Endpoint, times: u32, effect: Effect) {
        world.google.faults().inject_times(endpoint, times, effect);
    }

    fn status(status: u16) -> Effect {
        Effect::Status { status, body: None, headers: Vec::new() }
    }

    fn body(text: &str) -> Effect {
        Effect::Status { status: 200, body: Some(text.to_owned()), headers: Vec::new() }
    }

    fn token_error(error: &str) -> Effect {
        Effect::TokenError { error: error.to_owned(), subtype: None }
    }

    /// Makes every call of an operation or service of AWS fail.
    fn break_aws(world: &World, name: &str) {
        world.aws.faults().fail(name, AwsFault::always(AwsEffect::Status(500)));
    }

    /// Where the button of a page leads.
    fn restart(answer: &Answer) -> Option<String> {
        let body = answer.body();
        let href = body.split_once("id=\"restart\" href=\"")?.1.split('"').next()?;
        Some(href.replace("&#38;", "&").replace("&amp;", "&"))
    }
}
