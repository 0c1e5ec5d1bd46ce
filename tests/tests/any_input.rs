//! No input of any kind ends a function in a panic or in anything but a response.

#[cfg(test)]
mod any_input {
    use proptest::{collection::vec, option, prelude::*, test_runner::Config};
    use serde_json::{Value, json};
    use tests::world::{NAVIGATION, World};
    use tokio::runtime::Runtime;

    /// Texts that mean something to somebody, and any others.
    fn text() -> impl Strategy<Value = String> {
        let known = prop::sample::select(vec![
            "",
            "state",
            "code",
            "error",
            "access_denied",
            "prompt",
            "consent",
            "return_to",
            "login_hint",
            "/messages",
            "//x",
            "%",
            "%00",
            "%FF",
            "=",
            "&",
            ";",
            "\u{202e}",
            "\0",
            "שלום",
            "x-x-x-x-x-x-x-x-x",
        ]);
        prop_oneof![known.prop_map(str::to_owned), any::<String>(), "[ -~]{0,80}", "[a-z%=&;+]{0,300}"]
    }

    fn query() -> impl Strategy<Value = String> {
        let names = ["state", "code", "error", "prompt", "return_to", "login_hint", "q", "maxResults", "format"];
        let pair = (prop::sample::select(names.to_vec()), text()).prop_map(|(name, value)| format!("{name}={value}"));
        prop_oneof![text(), vec(pair, 0..5).prop_map(|pairs| pairs.join("&"))]
    }

    fn path() -> impl Strategy<Value = String> {
        let known = ["/authorize-url", "/authorize", "/callback", "/messages", "/users/1/messages", "/users//messages"];
        prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => text()]
    }

    fn headers() -> impl Strategy<Value = Value> {
        let names = ["accept", "Accept", "cookie", "accept-language", "origin", "content-type", "authorization"];
        let accept = prop::sample::select(vec![NAVIGATION, "application/json", "*/*", "q=;,"]).prop_map(str::to_owned);
        let header = (prop::sample::select(names.to_vec()), prop_oneof![accept, text()]);
        vec(header, 0..4).prop_map(|headers| {
            let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value)));
            Value::Object(headers.collect())
        })
    }

    fn cookies() -> impl Strategy<Value = Vec<String>> {
        let name = prop_oneof![
            Just("__Host-session".to_owned()),
            "__Host-pending-[A-Za-z0-9_-]{8}",
            "__Host-pending-.{0,9}",
            text(),
        ];
        vec((name, text()).prop_map(|(name, value)| format!("{name}={value}")), 0..6)
    }

    fn method() -> impl Strategy<Value = String> {
        prop_oneof![4 => Just("GET".to_owned()), 1 => "[A-Z]{0,7}", 1 => text()]
    }

    prop_compose! {
        fn event()(
            method in method(), path in path(), query in query(), headers in headers(), cookies in cookies(),
            body in option::of(text()), base64 in any::<bool>(), iam in any::<bool>(), host in text(),
        ) -> Value {
            json!({"version": "2.0", "rawPath": path, "rawQueryString": query, "headers": headers, "cookies": cookies,
                "body": body, "isBase64Encoded": base64,
                "requestContext": {"domainName": host, "http": {"method": method, "path": path},
                    "authorizer": iam.then(|| json!({"iam": {"userArn": "arn"}}))}})
        }
    }

    const FUNCTIONS: [&str; 3] = ["authorize-url", "callback", "list-messages"];

    /// A runtime with a world in it.
    fn world() -> (Runtime, World) {
        let runtime = Runtime::new().unwrap();
        let world = runtime.block_on(World::start());
        (runtime, world)
    }

    #[test]
    fn every_event_has_a_response() {
        let (runtime, world) = world();
        proptest!(Config::with_cases(400), |(event in event())| {
            for function in FUNCTIONS {
                // `send_raw` holds each answer to what every answer is held to.
                let answer = runtime.block_on(world.instance.send_raw(function, &event.to_string()));
                prop_assert!((200..600).contains(&answer.status()));
            }
        });
    }

    #[test]
    fn every_text_in_place_of_an_event_has_a_response() {
        let (runtime, world) = world();
        let event = tests::event::Event::get("/callback").query("state=x").cookie("a=b").json().to_string();
        proptest!(Config::with_cases(200), |(at in 0..event.len(), text in text(), rest in any::<bool>())| {
            let damaged = format!("{}{text}{}", &event[..at], if rest { &event[at..] } else { "" });
            for function in FUNCTIONS {
                let answer = runtime.block_on(world.instance.send_raw(function, &damaged));
                prop_assert!((200..600).contains(&answer.status()));
            }
        });
    }

    #[test]
    fn whatever_comes_with_a_valid_attempt_has_a_response_and_connects_nobody() {
        let (runtime, world) = world();
        let url = runtime.block_on(world.visitor.begin("return_to=%2Fdone"));
        let state = url.split("&state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        proptest!(Config::with_cases(150), |(query in query(), headers in headers())| {
            let visitor = world.visitor.duplicate();
            let mut event = visitor.event("/callback").json();
            event["rawQueryString"] = format!("state={state}&{query}").into();
            for (name, value) in headers.as_object().unwrap().iter().filter(|(name, _)| *name != "cookie") {
                event["headers"][name] = value.clone();
            }
            let answer = runtime.block_on(world.instance.send_raw("callback", &event.to_string()));
            prop_assert!(answer.cookie_value("__Host-session").is_none());
        });
        assert!(world.items().iter().all(|item| item.get("email").is_none()));
    }

    #[test]
    fn whatever_the_token_endpoint_answers_has_a_response_and_connects_nobody() {
        use local::google::{Effect, Endpoint};
        let (runtime, world) = world();
        let location = runtime.block_on(world.consented(""));
        proptest!(Config::with_cases(150), |(status in 200u16..600, body in text(), field in text())| {
            prop_assume!(![204, 205, 304].contains(&status));
            let json = json!({"access_token": body, "id_token": field, "scope": field, "error": body}).to_string();
            for body in [body, json] {
                let headers = vec![("retry-after".to_owned(), "9999".to_owned())];
                let effect = Effect::Status { status, body: Some(body), headers };
                world.google.faults().inject_times(Endpoint::Token, 1, effect);
                let answer = runtime.block_on(world.visitor.duplicate().get(&location));
                prop_assert!(answer.status() >= 400, "{answer:?}");
                world.google.faults().clear(Endpoint::Token);
            }
        });
        assert!(world.items().iter().all(|item| item.get("email").is_none()));
    }
}
